"""Addresses of organisations: /organisations/... (those of one organisation start with its slug)."""

from __future__ import annotations

from django.urls import path

from ancrage_web.accounts import views

urlpatterns = [path("", views.list_organisations, name="organisations")]
