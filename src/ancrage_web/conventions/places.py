"""Communes chosen in a form: found by name, added alone or by whole EPCI, taken out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.http import QueryDict

from ancrage_web.territories import queries as territories
from ancrage_web.territories.models import Commune


@dataclass(frozen=True)
class Place:
    """A chosen commune: code, name (the code where the data do not know it), and EPCI."""

    code: str
    name: str
    epci: str = ""


def list_places(codes: Sequence[str]) -> list[Place]:
    """Return communes by name; one query."""
    rows = Commune.objects.filter(code__in=codes).values_list("code", "name", "epci__name")
    known = {code: Place(code, name, epci or "") for code, name, epci in rows}
    return sorted((known.get(code, Place(code, code)) for code in codes), key=lambda place: (place.name, place.code))


def name_communes(codes: Iterable[str]) -> dict[str, str]:
    """Return the names of communes by code; one query."""
    return dict(Commune.objects.filter(code__in=set(codes)).values_list("code", "name"))


def read_places(given: QueryDict) -> list[str]:
    """Return the codes chosen in a posted form, after what its button adds or takes out.

    Buttons : `ajouter` (a commune), `epci` (all communes of one), `retirer` (a commune), `vider` (all).
    """
    if given.get("vider"):
        return []
    codes = [code.strip().upper() for code in given.getlist("commune") if code.strip()]
    if given.get("ajouter"):
        codes.append(given.get("ajouter", "").strip().upper())
    if given.get("epci"):
        codes += Commune.objects.filter(epci_id=given.get("epci")).order_by("name").values_list("code", flat=True)
    removed = given.get("retirer", "")
    return [code for code in dict.fromkeys(codes) if code != removed]


def search_places(text: str, chosen: Sequence[str]) -> list[territories.Found]:
    """Return the communes and EPCI whose name is nearest, without the communes chosen already."""
    text = text.strip()
    return [each for each in territories.search(text, 12) if each.code not in chosen] if text else []
