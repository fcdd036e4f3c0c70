"""Addresses of the co-funding plans of an organisation: /organisations/SLUG/cofinancement/..."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
