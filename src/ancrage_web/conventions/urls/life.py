"""Addresses of the facts of a convention, its parties, its statuses and its amendments."""

from __future__ import annotations

from django.urls import URLPattern, path

from ancrage_web.conventions.views import amendments, life, parties, rules, status

_ONE = "<uuid:convention>/"

urlpatterns: list[URLPattern] = [
    path("nouvelle/", life.create_convention, name="convention-new"),
    path("simuler/", life.simulate, name="conventions-simulate"),
    path(_ONE + "donnees/", life.change_facts, name="convention-facts"),
    path(_ONE + "parties/", parties.show_parties, name="convention-parties"),
    path(_ONE + "parties/nouvelle/", parties.save_party, name="convention-party-new"),
    path(_ONE + "parties/<int:party>/", parties.save_party, name="convention-party"),
    path(_ONE + "parties/<int:party>/retirer/", parties.remove_party, name="convention-party-remove"),
    path(_ONE + "bassins/nouveau/", parties.save_basin, name="convention-basin-new"),
    path(_ONE + "bassins/<int:basin>/", parties.save_basin, name="convention-basin"),
    path(_ONE + "bassins/<int:basin>/retirer/", parties.remove_basin, name="convention-basin-remove"),
    path(_ONE + "statut/", status.change_status, name="convention-status"),
    path(_ONE + "avenants/", amendments.show_amendments, name="convention-amendments"),
    path(_ONE + "avenants/nouveau/", amendments.create_amendment, name="convention-amendment-new"),
    path(_ONE + "regles/", rules.show_rules, name="convention-rules"),
]
