"""Permissions of the pages of the territories: all of them are public."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ancrage_web.territories.models import Commune, Epci, EpciMap, Store
from web.permission_cases import PUBLIC, Case, answer

if TYPE_CHECKING:
    from web.conftest import World

_EPCI, _COMMUNE = "999999999", "99999"


def _build_territory(_world: World, **arguments: Any) -> Mapping[str, Any]:
    """Create an EPCI of one commune, about which nothing is published."""
    store = Store.objects.create(
        folder="store",
        checksum="0" * 64,
        version="0",
        fictional=True,
        catalogue={"families": [], "indicators": [], "sources": [], "departements": {}, "regions": {}},
    )
    words = {"fr": "-", "en": "-"}
    portrait: dict[str, Any] = {
        "form": 1,
        "epci": {"code": _EPCI, "name": "CC d'Essai"},
        "fictional": True,
        "typology": words,
        "typology_reason": words,
        "group": {"label": words, "size": 1},
        **{key: [] for key in ("indicators", "destinations", "facts", "warnings", "sources", "origins", "sites")},
    }
    epci = Epci.objects.create(code=_EPCI, name="CC d'Essai", slug="cc-d-essai", store=store, portrait=portrait)
    # An empty object, compressed.
    from ancrage_web.territories.content import pack_map

    EpciMap.objects.create(epci=epci, content=pack_map({"bounds": None}))
    Commune.objects.create(code=_COMMUNE, name="Essai", slug="essai", epci=epci, departement="99", store=store)
    return arguments


def _build(**arguments: Any) -> Callable[[World], Mapping[str, Any]]:
    return partial(_build_territory, **arguments)


ROUTES = {
    "territories": Case(PUBLIC, build=_build()),
    "territories-file": Case(PUBLIC, build=_build()),
    "territory-search": Case(PUBLIC),
    "territory-suggest": Case(PUBLIC),
    "epci": Case(PUBLIC, build=_build(code=_EPCI, slug="cc-d-essai")),
    "epci-short": Case(answer(PUBLIC, 301), build=_build(code=_EPCI)),
    "epci-map": Case(PUBLIC, build=_build(code=_EPCI)),
    "epci-card": Case(answer(PUBLIC, 404), build=lambda _world: {"code": _EPCI}),
    "epci-file": Case(PUBLIC, build=_build(code=_EPCI, kind="json")),
    "commune": Case(PUBLIC, build=_build(code=_COMMUNE, slug="essai")),
    "commune-short": Case(answer(PUBLIC, 301), build=_build(code=_COMMUNE)),
}
