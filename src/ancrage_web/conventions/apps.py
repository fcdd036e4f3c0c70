"""The application, as Django knows it."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class ConventionsConfig(AppConfig):
    """Declare the application."""

    name = "ancrage_web.conventions"
    label = "conventions"

    def ready(self) -> None:
        """Connect what follows from events."""
        import_module("ancrage_web.conventions.receivers")
