"""Tags and filters that every template has (a builtin of the template engine)."""
