"""The communes of a study, as the pages of the portraits know them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ancrage.language import Text
from ancrage_web.design.words import say
from ancrage_web.studies.forms_communes import CommuneRow
from ancrage_web.territories.content import unpack_map
from ancrage_web.territories.models import Commune, Epci, EpciMap


def list_epci(codes: Sequence[str]) -> list[Epci]:
    """Return the EPCI of a study that the portraits know, without their content, in the order of the codes; 1 query."""
    found = {epci.code: epci for epci in Epci.objects.filter(code__in=codes).defer("portrait")}
    return [found[code] for code in codes if code in found]


def name_epci(codes: Sequence[str], known: Mapping[str, str]) -> str:
    """Return "first, second" for the EPCI of a study; a code that no portrait knows is written as it is."""
    return ", ".join(known.get(code, code) for code in codes)


def list_names(codes: Sequence[str]) -> dict[str, str]:
    """Return the name of each known EPCI by code; one query."""
    return dict(Epci.objects.filter(code__in=set(codes)).values_list("code", "name"))


def list_communes(codes: Sequence[str]) -> list[CommuneRow]:
    """Return the communes of the EPCI of a study, free, with the places already there; two queries."""
    existing: dict[str, list[str]] = {}
    for drawn in _list_maps(codes):
        for site in drawn["sites"]:
            if site["kind"] == "third_place":
                existing.setdefault(site["commune"], []).append(site["name"] or site["commune_name"])
    return [
        CommuneRow(code, name, str(epci), population, tuple(existing.get(code, ())))
        for code, name, epci, population in Commune.objects.filter(epci__in=codes)
        .order_by("epci__name", "name")
        .values_list("code", "name", "epci_id", "population")
    ]


def build_area_map(codes: Sequence[str]) -> dict[str, Any]:
    """Return what the map of the builder draws; one query.

    Returns
    -------
    bounds [west, south, east, north] or None; communes : GeoJSON of those of the study (code, name); places : those
    already there (name, lon, lat).
    """
    features: list[Any] = []
    places: list[dict[str, Any]] = []
    boxes: list[list[float]] = []
    for drawn in _list_maps(codes):
        features += [feature for feature in drawn["communes"]["features"] if feature["properties"]["inside"]]
        places += [
            {"name": site["name"] or site["commune_name"], "lon": site["lon"], "lat": site["lat"]}
            for site in drawn["sites"]
            if site["kind"] == "third_place"
        ]
        boxes += [drawn["bounds"]] if drawn["bounds"] else []
    bounds = None
    if boxes:
        west, south, east, north = zip(*boxes, strict=True)
        bounds = [min(west), min(south), max(east), max(north)]
    communes = [
        {
            "type": "Feature",
            "properties": {"code": feature["properties"]["code"], "name": feature["properties"]["name"]},
            "geometry": feature["geometry"],
        }
        for feature in features
    ]
    return {"bounds": bounds, "communes": {"type": "FeatureCollection", "features": communes}, "places": places}


def _list_maps(codes: Sequence[str]) -> list[dict[str, Any]]:
    return [
        unpack_map(bytes(packed))
        for packed in EpciMap.objects.filter(pk__in=codes).order_by("pk").values_list("content", flat=True)
    ]


def propose_name(found: Sequence[Epci]) -> str:
    """Return the name that a new study is given until the person changes it; nothing without a territory."""
    if not found:
        return ""
    listed = ", ".join(epci.name for epci in found)
    return say(Text(f"Third places – {listed}", f"Tiers-lieux – {listed}"))[:160]
