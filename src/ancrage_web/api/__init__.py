"""The REST interface: the same services as the pages."""
