"""Ancrage: from home-work flows to a sited, sized, costed and evaluated network of third places."""

__version__ = "0.1.0"
