"""Addresses of the pages."""

from __future__ import annotations

from django.urls import path

from ancrage_web.pages import residual_places, views

urlpatterns = [
    path("", views.show_home, name="home"),
    path("affichage/", views.change_theme, name="theme"),
    path("accessibilite/", views.show_accessibility, name="accessibility"),
    path("mentions-legales/", views.show_legal, name="legal"),
    path("donnees-personnelles/", views.show_privacy, name="privacy"),
    path(
        "organisations/<slug:organisation>/conventions/<uuid:convention>/reliquat/etude/",
        residual_places.choose_places,
        name="convention-residual-study",
    ),
    path("sources/", views.list_sources, name="sources"),
]
