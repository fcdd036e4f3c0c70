"""Pages of the conventions, one module per part."""
