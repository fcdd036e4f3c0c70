"""Permissions of the API for people (a session opens nothing there: only a token does), and of the tokens' pages.

What each token opens is in test_api_tokens_rights.py.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from ancrage_web.territories.models import Commune, Epci, Store
from web.api_samples import make_token
from web.permission_cases import ADMINISTRATORS, PUBLIC, Case, answer

if TYPE_CHECKING:
    from web.conftest import World

NOBODY = dict.fromkeys(PUBLIC, 401)
NOWHERE = dict.fromkeys(PUBLIC, 404)
_ID = str(uuid.UUID(int=1))


def build_epci(world: World) -> dict[str, str]:
    """Store an EPCI without any figure."""
    portrait = {"indicators": [], "destinations": [], "facts": [], "warnings": [], "sources": [], "fictional": True}
    words = {"fr": "Dortoir", "en": "Dormitory"}
    store = Store.objects.create(folder="demo", checksum="0" * 64, version="0", fictional=True, catalogue={})
    epci = Epci.objects.create(
        code="000000009",
        name="CC d'Essai",
        slug="cc-d-essai",
        store=store,
        typology=words,
        portrait={**portrait, "typology_reason": words, "group": {"label": words, "size": 1}},
    )
    Commune.objects.create(code="99001", name="Essai", slug="essai", epci=epci, departement="99", store=store)
    return {"code": epci.code}


def build_commune(world: World) -> dict[str, str]:
    """Store a commune."""
    build_epci(world)
    return {"code": "99001"}


def build_token(world: World) -> dict[str, str]:
    """Create a token of the first organisation."""
    return {"organisation": world.organisation.slug, "token_id": str(make_token(world.organisation)[0].pk)}


def get_organisation(world: World) -> dict[str, str]:
    """Return the address of the first organisation."""
    return {"organisation": world.organisation.slug}


def give(**parts: str) -> Any:
    """Return a builder of the same parts of an address for every world."""
    return lambda _world: parts


_FORM = {"name": "Observatoire", "scopes": ["studies:read"], "days": "30"}

ROUTES = {
    "tokens": Case(ADMINISTRATORS, build=get_organisation),
    "token-new": Case(ADMINISTRATORS, build=get_organisation),
    "token-new post": Case(ADMINISTRATORS, build=get_organisation, method="post", data=lambda _world: _FORM),
    "token-revoke": Case(ADMINISTRATORS, build=build_token),
    "token-revoke post": Case(answer(ADMINISTRATORS, 302), build=build_token, method="post"),
    "api-reference": Case(PUBLIC),
    "api-schema": Case(PUBLIC),
    "api-territories": Case(PUBLIC),
    "api-territory": Case(PUBLIC, build=build_epci),
    "api-territory-indicators": Case(PUBLIC, build=build_epci),
    "api-territory-communes": Case(PUBLIC, build=build_epci),
    "api-commune": Case(PUBLIC, build=build_commune),
    "api-search": Case(PUBLIC, data=lambda _world: {"q": "essai"}),
    "api-indicators": Case(PUBLIC),
    "api-sources": Case(PUBLIC),
    "api-unknown": Case(NOWHERE, build=give(rest="nothing/here")),
    "api-studies": Case(NOBODY),
    "api-studies post": Case(NOBODY, method="post"),
    "api-study": Case(NOBODY, build=give(study=_ID)),
    "api-study patch": Case(NOBODY, build=give(study=_ID), method="patch"),
    "api-study-archive": Case(NOBODY, build=give(study=_ID), method="post"),
    "api-study-restore": Case(NOBODY, build=give(study=_ID), method="post"),
    "api-scenarios": Case(NOBODY, build=give(study=_ID)),
    "api-scenarios post": Case(NOBODY, build=give(study=_ID), method="post"),
    "api-scenario": Case(NOBODY, build=give(study=_ID, scenario=_ID)),
    "api-scenario put": Case(NOBODY, build=give(study=_ID, scenario=_ID), method="put"),
    "api-scenario delete": Case(NOBODY, build=give(study=_ID, scenario=_ID), method="delete"),
    "api-runs": Case(NOBODY, build=give(study=_ID, scenario=_ID)),
    "api-runs post": Case(NOBODY, build=give(study=_ID, scenario=_ID), method="post"),
    "api-comments": Case(NOBODY, build=give(study=_ID)),
    "api-comments post": Case(NOBODY, build=give(study=_ID), method="post"),
    "api-results": Case(NOBODY, build=give(study=_ID)),
    "api-run": Case(NOBODY, build=give(run=_ID)),
    "api-run-cancel": Case(NOBODY, build=give(run=_ID), method="post"),
    "api-result": Case(NOBODY, build=give(result=_ID)),
    "api-places": Case(NOBODY, build=give(result=_ID)),
    "api-tables": Case(NOBODY, build=give(result=_ID)),
    "api-result-file": Case(NOBODY, build=give(result=_ID, language="fr", name="report.pdf")),
}
