"""Addresses of actions, funders, the ledger and the documents."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
