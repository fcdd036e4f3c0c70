"""Co-funding plans of projects, and the catalogue of programmes that may pay for them."""
