"""Adapter: reads official files and the territory store, and hands tables to the domain."""
