"""Measurements: `python -m benchmarks` runs them all and writes build/bench/*.json and a table."""
