"""What the pages open to all read of the territories that are loaded."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import Coalesce
from django.utils.formats import date_format

from ancrage.language import format_number
from ancrage_web.design.words import get_site_language
from ancrage_web.territories import queries
from ancrage_web.territories.content import unpack_map
from ancrage_web.territories.models import Commune, Epci, EpciMap, Store
from ancrage_web.territories.picture import build_picture
from ancrage_web.territories.statements import find_leaving

# The home page names this many EPCI; where there are more, in several regions, one chooses a region first.
_NAMED = 6


def describe_home(store: Store) -> dict[str, Any]:
    """Return what is loaded: totals written for a reader, the featured territory, a few EPCI or all the regions.

    Five queries.
    """
    totals = Epci.objects.aggregate(count=Count("code"), people=Coalesce(Sum("population"), 0))
    described: dict[str, Any] = {
        "store": store,
        "count": totals["count"],
        "epci_written": _write(totals["count"]),
        "communes_written": _write(Commune.objects.count()),
        "people_written": _write(totals["people"]),
        "featured": _describe_featured(),
    }
    present = set(Epci.objects.order_by().values_list("region", flat=True).distinct())
    if totals["count"] <= _NAMED or len(present) == 1:
        described["examples"] = [
            {"epci": epci, "people": _write(epci.population), "communes": _write(epci.communes_count)}
            for epci in Epci.objects.defer("portrait").order_by("-has_flows", "-population", "code")[:_NAMED]
        ]
        return described
    names = sorted(store.catalogue["regions"].items(), key=lambda region: str(region[1]))
    described["regions"] = [{"code": code, "name": name} for code, name in names if code in present]
    return described


def _describe_featured() -> dict[str, Any] | None:
    """Return the most populated communauté de communes whose trips to work are known: its drawing and its sentence."""
    row = EpciMap.objects.filter(epci__nature="CC", epci__has_flows=True).order_by("-epci__population", "epci_id")
    found = row.select_related("epci").first()
    picture = None if found is None else build_picture(unpack_map(bytes(found.content)))
    if found is None or picture is None:
        return None
    leaving = find_leaving(found.epci.portrait, get_site_language())
    if leaving is None:
        return None
    epci = {"code": found.epci.code, "slug": found.epci.slug, "name": found.epci.name}
    ends = ", ".join(line.name for line in reversed(picture.lines))
    return {"epci": epci, "picture": picture, "leaving": leaving, "ends": ends}


def describe_sources() -> dict[str, Any]:
    """Return the loaded store and the sources of its tables; one query."""
    store = queries.get_store()
    if store is None:
        return {"store": None}
    return {
        "store": store,
        "loaded_on": date_format(store.loaded_at, "j F Y"),
        "sources": store.catalogue["sources"],
    }


def _write(value: int) -> str:
    return format_number(value, 0, get_site_language())
