"""Addresses of the list, the summary, the calendar, partners and remarks."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
