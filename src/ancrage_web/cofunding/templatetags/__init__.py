"""Words of the templates of co-funding."""
