"""Requests that no page of the site makes: rows of others through one's own address, values that nothing can store."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django_scopes import scopes_disabled

from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.models import Membership
from ancrage_web.audit.models import AuditLine
from web.conftest import World
from web.test_permissions import CASES

# Names that the pages read in their query, and some that they do not.
NAMES = (
    *("q", "page", "page_size", "genre", "nom", "region", "departement", "nature", "flux", "tri", "communes"),
    *("territoire", "retirer", "archivees", "scenario", "point", "variante", "person", "action", "since", "until"),
    *("text", "epci", "archived", "limit", "next", "theme", "version", "name", "days", "updated_at", "mine", "base"),
    *("annee", "archives", "beneficiaire", "categorie", "comite", "demande", "dispositif", "entreprise", "exemple"),
    *("libelle", "mesure", "modele", "montant", "morceau", "on", "rayon", "solde", "statut", "type", "valides", "du"),
    *("au", "le", "suite", "clause"),
)
VALUES = {
    "null": "a\0b",
    "number": "9" * 30,
    "negative": "-1",
    "last day": "9999-12-31",
    "first day": "0001-01-01",
    "impossible day": "2026-13-45T00:00",
    "words": "a " * 3000,
    "letters": "\u0130é" * 2000,
    "markup": "<script>alert(1)</script>",
}


def read(answered: Any) -> str:
    """Return the text of an answer, read to its end: a file stays open until then."""
    content = b"".join(answered.streaming_content) if answered.streaming else answered.content
    return content.decode(errors="replace")


GETS = sorted(name for name, case in CASES.items() if case.method == "get")
POSTS = sorted(name for name, case in CASES.items() if case.method == "post")


@pytest.mark.parametrize("route", sorted(CASES))
def test_rows_of_another_organisation_are_not_reached_through_ones_own(route: str, world: World) -> None:
    case = CASES[route]
    arguments = dict(case.build(world))
    if "organisation" not in arguments or len(arguments) == 1:
        # Nothing of an organisation is named, or the organisation itself: the permissions tell.
        return
    with scopes_disabled():
        Membership.objects.filter(user=world.people["consultant"]).update(role=Role.ADMINISTRATOR)
        written = AuditLine.objects.count()
    address = reverse(route.partition(" ")[0], kwargs={**arguments, "organisation": world.other.slug})
    send = getattr(world.sign_in("consultant"), case.method)
    answered = send(address, data=dict(case.data(world)), headers=dict(case.headers))
    read(answered)
    # Pages of members and of invitations say that there is no such row, or go back to the list and say it there; this
    # organisation is the partner whose row its own page shows, and who may not close it.
    expected = (302, 400) if "/membres/" in address or "/invitations/" in address else (404,)
    assert answered.status_code in ((403,) if route.startswith("convention-partner-close") else expected)
    with scopes_disabled():
        assert AuditLine.objects.count() == written


@pytest.mark.parametrize("route", GETS)
def test_odd_query_never_breaks_a_page(route: str, world: World) -> None:
    case = CASES[route]
    address, browser = reverse(route, kwargs=dict(case.build(world))), world.sign_in("administrator")
    for kind, value in VALUES.items():
        answered = browser.get(address, dict.fromkeys(NAMES, value), headers=dict(case.headers))
        text = read(answered)
        assert answered.status_code < 500, kind
        if "html" in answered.get("Content-Type", ""):
            assert VALUES["markup"] not in text


@pytest.mark.parametrize("route", POSTS)
def test_odd_form_never_breaks_a_page(route: str, world: World) -> None:
    case = CASES[route]
    address = reverse(route.partition(" ")[0], kwargs=dict(case.build(world)))
    # One field after the other is odd, the others are as they should be; then all of them are.
    given: dict[str, Any] = dict(case.data(world))
    browser = world.sign_in("administrator")
    for kind, value in VALUES.items():
        for form in [*({**given, name: value} for name in given), dict.fromkeys([*given, *NAMES], value)]:
            answered = browser.post(address, form, headers=dict(case.headers))
            read(answered)
            assert answered.status_code < 500, (kind, form)
