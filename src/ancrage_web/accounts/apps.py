"""The application, as Django knows it."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Declare the application."""

    name = "ancrage_web.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Connect what follows from events."""
        import_module("ancrage_web.accounts.receivers")
