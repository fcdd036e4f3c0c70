"""Addresses of the log of an organisation: /organisations/<organisation>/journal/."""

from __future__ import annotations

from django.urls import path

from ancrage_web.accounts import trail_views

urlpatterns = [
    path("", trail_views.show_trail, name="trail"),
    path("controle/", trail_views.show_check, name="trail_check"),
    path("journal.csv", trail_views.download_csv, name="trail_csv"),
    path("journal.jsonl", trail_views.download_json_lines, name="trail_json_lines"),
]
