"""Commands of the territories."""
