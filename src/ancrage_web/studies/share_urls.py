"""Addresses of a shared study, for someone without an account: /partage/TOKEN/..."""

from __future__ import annotations

from django.urls import URLPattern, path

from ancrage_web.studies.views import shared

_SCENARIO = "<str:token>/<uuid:scenario>/"

urlpatterns: list[URLPattern] = [
    path("<str:token>/", shared.show_study, name="shared"),
    path(_SCENARIO, shared.show_summary, name="shared-result"),
    path(_SCENARIO + "detail/", shared.show_detail, name="shared-detail"),
    path(_SCENARIO + "carte.json", shared.send_map, name="shared-map"),
    path(_SCENARIO + "fichiers/<str:name>", shared.send_file, name="shared-file"),
]
