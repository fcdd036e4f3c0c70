"""The application, as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class CofundingConfig(AppConfig):
    """Declare the application."""

    name = "ancrage_web.cofunding"
    label = "cofunding"
