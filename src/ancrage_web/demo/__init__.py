"""The demonstration: a fictional territory, organisations, people and studies, made by the real services."""
