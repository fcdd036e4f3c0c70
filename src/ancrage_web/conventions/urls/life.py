"""Addresses of the facts of a convention, its parties, its statuses and its amendments."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
