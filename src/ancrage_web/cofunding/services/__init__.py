"""Changes to projects, programmes and past grants."""
