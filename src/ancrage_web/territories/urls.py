"""Addresses of the territories: /territoires/... (French at the root, English under /en/)."""

from __future__ import annotations

from django.urls import path, register_converter

from ancrage_web.territories import views, views_files


class EpciCode:
    """A SIREN code."""

    regex = "[0-9A-Z]{9}"

    def to_python(self, value: str) -> str:
        """Return the code as it is stored."""
        return value

    def to_url(self, value: str) -> str:
        """Return the code as it is written in an address."""
        return value


class CommuneCode(EpciCode):
    """An INSEE code."""

    regex = "[0-9A-Z]{5}"


register_converter(EpciCode, "epci")
register_converter(CommuneCode, "commune")

urlpatterns = [
    path("", views.list_territories, name="territories"),
    path("liste.csv", views_files.export_list, name="territories-file"),
    path("recherche/", views.show_search, name="territory-search"),
    path("recherche/suggestions/", views.show_suggestions, name="territory-suggest"),
    path("communes/<commune:code>/", views.redirect_commune, name="commune-short"),
    path("communes/<commune:code>-<slug:slug>/", views.show_commune, name="commune"),
    path("<epci:code>/", views.redirect_epci, name="epci-short"),
    path("<epci:code>/carte.json", views_files.give_map, name="epci-map"),
    path("<epci:code>/partage.png", views_files.give_card, name="epci-card"),
    path("<epci:code>/fichiers/<slug:kind>/", views_files.give_file, name="epci-file"),
    path("<epci:code>-<slug:slug>/", views.show_epci, name="epci"),
]
