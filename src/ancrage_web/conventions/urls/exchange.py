"""Addresses of imports and exports."""

from __future__ import annotations

from django.urls import URLPattern, path

from ancrage_web.conventions.views import exchange

urlpatterns: list[URLPattern] = [
    path("importer/", exchange.ask_import, name="convention-import"),
    path("importer/modele.xlsx", exchange.send_template, name="convention-import-template"),
    path("importer/<uuid:draft>/", exchange.check_import, name="convention-import-draft"),
    path("<uuid:convention>/exporter/", exchange.show_export, name="convention-export"),
    path("<uuid:convention>/exporter/convention.zip", exchange.send_export, name="convention-export-file"),
]
