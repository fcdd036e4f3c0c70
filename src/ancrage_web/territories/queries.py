"""What pages, the API and other parts read of the territories; nothing here opens the store itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.urls import reverse

from ancrage.language import Language, Text, format_number
from ancrage_web.design.words import get_site_language, say
from ancrage_web.territories import content
from ancrage_web.territories import search as names
from ancrage_web.territories.models import Commune, Epci, EpciMap, Store
from ancrage_web.territories.words import NATURE_NAMES


@dataclass(frozen=True)
class Found:
    """A territory found by a search.

    Attributes
    ----------
    kind : "epci" or "commune"; detail : what tells it from others, in the language of the page.
    address : of its page.
    """

    kind: str
    code: str
    name: str
    detail: str
    address: str


def get_store() -> Store | None:
    """Return the store whose portraits are shown; None before the first load. One query."""
    return Store.objects.order_by("-id").first()


def mark_store(store: Store) -> tuple[object, ...]:
    """Return what tells a load from every other one, of the same data or not."""
    return store.pk, store.checksum, store.loaded_at


def list_epci() -> QuerySet[Epci]:
    """Return every EPCI, without the portraits: those of a list stay in the database."""
    return Epci.objects.defer("portrait")


def find_epci(code: str) -> Epci | None:
    """Return an EPCI with its portrait."""
    return Epci.objects.filter(code=code).first()


def find_commune(code: str) -> Commune | None:
    """Return a commune with its EPCI and the portrait of it."""
    return Commune.objects.select_related("epci").filter(code=code).first()


def list_communes(epci: Epci) -> list[Commune]:
    """Return the communes of an EPCI in the order of names."""
    return list(Commune.objects.filter(epci=epci).order_by("name", "code"))


def read_map(epci_code: str) -> dict[str, Any] | None:
    """Return what the maps of an EPCI draw (outlines.py: `build_map`), or None for an unknown code."""
    row = EpciMap.objects.filter(pk=epci_code).first()
    return None if row is None else content.unpack_map(bytes(row.content))


def list_commune_indicators(store: Store) -> list[dict[str, Any]]:
    """Return the definitions of the indicators that exist for communes, in display order."""
    return [
        indicator
        for indicator in store.catalogue["indicators"]
        # The population of a commune is a column of its own.
        if "commune" in indicator["levels"] and indicator["id"] != "population"
    ]


def build_commune_rows(store: Store, communes: Sequence[Commune]) -> list[dict[str, Any]]:
    """Return communes as rows, one key per indicator, None where nothing is published."""
    return content.build_commune_rows(
        [{"code": c.code, "name": c.name, "population": c.population, "values": c.values} for c in communes],
        [indicator["id"] for indicator in list_commune_indicators(store)],
    )


def build_portrait_json(store: Store, epci: Epci, language: Language) -> dict[str, Any]:
    """Return the documented JSON form of a portrait, the same as `ancrage diagnose --json` prints."""
    return content.build_json(epci.portrait, build_commune_rows(store, list_communes(epci)), language)


def search(text: str, limit: int = 10) -> list[Found]:
    """Return the EPCI and communes whose name or code is nearest to `text`, the best first."""
    store = get_store()
    if store is None:
        return []
    index = names.get_index(mark_store(store), _read_entries)
    departements = store.catalogue["departements"]
    return [_build_found(entry, departements) for entry in names.find_entries(index, text, limit)]


def _read_entries() -> list[names.Entry]:
    epci = [
        names.Entry("epci", code, name, slug, population, f"{nature} {count}", departement)
        for code, name, slug, population, nature, count, departement in Epci.objects.values_list(
            "code", "name", "slug", "population", "nature", "communes_count", "departement"
        ).iterator()
    ]
    called = {entry.code: entry.name for entry in epci}
    communes = [
        names.Entry("commune", code, name, slug, population, called.get(epci_code or "", ""), departement)
        for code, name, slug, population, epci_code, departement in Commune.objects.values_list(
            "code", "name", "slug", "population", "epci_id", "departement"
        ).iterator()
    ]
    return epci + communes


def _build_found(entry: names.Entry, departements: dict[str, str]) -> Found:
    place = departements.get(entry.departement, "")
    parts = [f"{place} ({entry.departement})" if place else entry.departement]
    language = get_site_language()
    people = format_number(entry.population, 0, language)
    if entry.kind == "epci":
        nature, _, count = entry.more.partition(" ")
        called = NATURE_NAMES.get(nature)
        parts = [say(called) if called else "EPCI", *parts]
        parts.append(say(Text(f"{count} communes", f"{count} communes")))
    else:
        parts = [say(Text("Commune", "Commune")), *parts, entry.more]
    parts.append(say(Text(f"{people} inhabitants", f"{people} habitants")))
    return Found(
        entry.kind,
        entry.code,
        entry.name,
        " · ".join(part for part in parts if part),
        reverse(entry.kind, kwargs={"code": entry.code, "slug": entry.slug}),
    )


def count_totals(rows: QuerySet[Epci]) -> dict[str, int]:
    """Return how many EPCI, communes and inhabitants a list holds, and how many of its EPCI have flows. One query."""
    found = rows.order_by().aggregate(
        epci=Count("code"),
        communes=Sum("communes_count"),
        population=Sum("population"),
        flows=Count("code", filter=Q(has_flows=True)),
    )
    return {name: value or 0 for name, value in found.items()}


def count_epci() -> int:
    """Return the number of EPCI. One query."""
    return Epci.objects.count()


def count_communes() -> int:
    """Return the number of communes. One query."""
    return Commune.objects.count()


def list_epci_slugs(start: int, end: int) -> list[tuple[str, str]]:
    """Return code and slug of a slice of the EPCI, in the order of codes. One query."""
    return list(Epci.objects.order_by("code").values_list("code", "slug")[start:end])


def list_commune_slugs(start: int, end: int) -> list[tuple[str, str]]:
    """Return code and slug of a slice of the communes, in the order of codes. One query."""
    return list(Commune.objects.order_by("code").values_list("code", "slug")[start:end])
