"""Addresses read by programs: state of the instance, robots, site map."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
