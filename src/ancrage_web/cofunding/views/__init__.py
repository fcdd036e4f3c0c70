"""Pages of projects, programmes and past grants."""
