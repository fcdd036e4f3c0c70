"""The application, as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class ConventionsConfig(AppConfig):
    """Declare the application."""

    name = "ancrage_web.conventions"
    label = "conventions"
