"""Addresses of jobs, engineering, what is left, the map."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
