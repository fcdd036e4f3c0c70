"""Outlines of the maps: communes of an EPCI, those that touch them, and the EPCI around.

Imports Shapely: only commands and child processes may import this module, never a page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ancrage.diagnosis.workspace import Workspace
from ancrage.reports.shapes import read_shapes
from ancrage_web.territories.layers import MAPPED

# 0.0001 degree is about 10 m: finer than a line of any map of an EPCI.
_DIGITS = 4
_DIGITS_AROUND = 3
_TOLERANCE_AROUND = 0.01
# Outlines of a national map hold about 13 points a commune; finer ones are thinned, borders kept common.
_MANY_POINTS = 40
_TOLERANCE = 0.001
# Far ends of flows do not stretch the map beyond this [degrees].
_REACH = 1.2
_HALF_SIDE = 0.03


@dataclass(frozen=True)
class Outlines:
    """Outlines of a store, ready to be drawn.

    Attributes
    ----------
    drawn : GeoJSON geometry by commune code; touching : communes that touch a commune, by code.
    around, around_boxes : simplified outlines of EPCI (GeoJSON) and their boxes (n, 4), in the order of `around_codes`.
    boxes : west, south, east, north by commune code.
    """

    drawn: Mapping[str, Any]
    boxes: Mapping[str, tuple[float, float, float, float]]
    touching: Mapping[str, Sequence[str]]
    around: Sequence[Any]
    around_codes: Sequence[str]
    around_boxes: NDArray[np.float64]


def read_outlines(workspace: Workspace) -> Outlines:
    """Read the outlines of communes and EPCI of a store; empty where it holds none."""
    communes = read_shapes(workspace, _list_codes(workspace, "communes", "code"))
    epci = read_shapes(workspace, _list_codes(workspace, "epci", "epci_code"), "epci_polygons", "epci_code")
    codes = list(communes.by_code)
    shapes = np.array([communes.by_code[code] for code in codes], dtype=object)
    touching: dict[str, list[str]] = {code: [] for code in codes}
    if len(shapes):
        if float(shapely.get_num_coordinates(shapes).mean()) > _MANY_POINTS:
            shapes = shapely.coverage_simplify(shapes, _TOLERANCE)
        first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
        for a, b in zip(first.tolist(), second.tolist(), strict=True):
            if a != b:
                touching[codes[a]].append(codes[b])
    around = np.array(list(epci.by_code.values()), dtype=object)
    thinned = shapely.coverage_simplify(around, _TOLERANCE_AROUND) if len(around) else around
    boxes = shapely.bounds(shapes).tolist() if len(shapes) else []
    return Outlines(
        drawn=dict(zip(codes, _draw(shapes, _DIGITS), strict=True)),
        boxes={code: tuple(box) for code, box in zip(codes, boxes, strict=True)},
        touching=touching,
        around=_draw(thinned, _DIGITS_AROUND),
        around_codes=list(epci.by_code),
        around_boxes=shapely.bounds(thinned) if len(thinned) else np.empty((0, 4)),
    )


def _list_codes(workspace: Workspace, table: str, column: str) -> list[str]:
    return [str(code) for code in workspace.scan(table).select(column).collect()[column].to_list()]


def _draw(shapes: NDArray[Any], digits: int) -> list[Any]:
    if not len(shapes):
        return []
    rounded = shapely.transform(shapes, lambda points: np.round(points, digits))
    return [json.loads(text) for text in shapely.to_geojson(rounded)]


def build_map(
    outlines: Outlines,
    places: Mapping[str, Mapping[str, Any]],
    communes: Sequence[Mapping[str, Any]],
    portrait: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what the maps of one EPCI draw, in longitude and latitude (WGS84).

    Parameters
    ----------
    places : code, name, lon, lat of every commune of the store; communes : those of the EPCI, with values.

    Returns
    -------
    bounds [west, south, east, north] of the EPCI; communes (GeoJSON: code, name, inside, and for the communes of the
    EPCI their mapped indicators), a point where the store has no outline; around (GeoJSON: outlines of the EPCI
    around, with their code); centre [lon, lat], weighted by population; destinations and origins (code, name,
    workers, lon, lat: communes of 200 workers or more, outside the EPCI); sites (kind, name, commune_name, lon, lat).
    """
    inside = [commune["code"] for commune in communes]
    own = set(inside)
    ring = sorted({other for code in inside for other in outlines.touching.get(code, ())} - own)
    features = [_build_feature(outlines, places[commune["code"]], commune["values"]) for commune in communes]
    features += [_build_feature(outlines, places[code], None) for code in ring if code in places]
    bounds = _compute_bounds(outlines, communes)
    destinations = _build_ends(portrait["destinations"], places)
    origins = _build_ends(portrait["origins"], places)
    return {
        "bounds": bounds,
        "communes": {"type": "FeatureCollection", "features": [f for f in features if f is not None]},
        "around": {"type": "FeatureCollection", "features": _list_around(outlines, bounds, [*destinations, *origins])},
        "centre": _compute_centre(communes),
        "destinations": destinations,
        "origins": origins,
        "sites": [site for site in portrait["sites"] if site["lon"] is not None and site["lat"] is not None],
    }


def _build_feature(
    outlines: Outlines, place: Mapping[str, Any], values: Mapping[str, float] | None
) -> dict[str, Any] | None:
    geometry = outlines.drawn.get(place["code"])
    if geometry is None:
        if place["lon"] is None or place["lat"] is None:
            return None
        geometry = {"type": "Point", "coordinates": [round(place["lon"], _DIGITS), round(place["lat"], _DIGITS)]}
    mapped = {} if values is None else {name: values[name] for name in MAPPED if name in values}
    return {
        "type": "Feature",
        "properties": {"code": place["code"], "name": place["name"], "inside": values is not None, **mapped},
        "geometry": geometry,
    }


def _compute_bounds(outlines: Outlines, communes: Sequence[Mapping[str, Any]]) -> list[float] | None:
    boxes = [outlines.boxes[c["code"]] for c in communes if c["code"] in outlines.boxes]
    boxes += [
        (c["lon"] - _HALF_SIDE, c["lat"] - _HALF_SIDE, c["lon"] + _HALF_SIDE, c["lat"] + _HALF_SIDE)
        for c in communes
        if c["code"] not in outlines.boxes and c["lon"] is not None and c["lat"] is not None
    ]
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    return [round(value, _DIGITS) for value in (min(west), min(south), max(east), max(north))]


def _compute_centre(communes: Sequence[Mapping[str, Any]]) -> list[float] | None:
    placed = [c for c in communes if c["lon"] is not None and c["lat"] is not None]
    weight = sum(max(c["population"], 1) for c in placed)
    if not placed:
        return None
    return [round(sum(c[axis] * max(c["population"], 1) for c in placed) / weight, _DIGITS) for axis in ("lon", "lat")]


def _build_ends(rows: Sequence[Mapping[str, Any]], places: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    ends = []
    for row in rows:
        place = places.get(row["code"])
        if row["inside"] is False and place is not None and place["lon"] is not None and place["lat"] is not None:
            ends.append(
                {
                    "code": row["code"],
                    "name": row["name"],
                    "workers": round(row["workers"]),
                    "lon": round(place["lon"], _DIGITS),
                    "lat": round(place["lat"], _DIGITS),
                }
            )
    return ends


def _list_around(
    outlines: Outlines, bounds: list[float] | None, ends: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    if bounds is None or not len(outlines.around_boxes):
        return []
    west, south, east, north = bounds
    lons = [west, east, *(min(max(end["lon"], west - _REACH), east + _REACH) for end in ends)]
    lats = [south, north, *(min(max(end["lat"], south - _REACH), north + _REACH) for end in ends)]
    box = outlines.around_boxes
    seen = (box[:, 0] <= max(lons)) & (box[:, 2] >= min(lons)) & (box[:, 1] <= max(lats)) & (box[:, 3] >= min(lats))
    return [
        {
            "type": "Feature",
            "properties": {"code": outlines.around_codes[i]},
            "geometry": outlines.around[i],
        }
        for i in np.flatnonzero(seen).tolist()
    ]
