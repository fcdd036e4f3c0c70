"""The application, as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class DesignConfig(AppConfig):
    """Declare the application."""

    name = "ancrage_web.design"
    label = "design"
