"""Reading of conventions, inside the scope of their organisation, except where a docstring says so."""
