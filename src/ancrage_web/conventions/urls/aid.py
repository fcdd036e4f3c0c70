"""Addresses of beneficiaries and requests of aid, for those who manage them."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
