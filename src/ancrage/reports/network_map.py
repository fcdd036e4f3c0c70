"""A network as map data without words: communes, places, and who would go where for every other network of a study."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from ancrage.reports.shapes import Shapes
from ancrage.siting.evaluate import evaluate
from ancrage.siting.problem import SitingProblem
from ancrage.study.results import CommuneResult, PlaceResult, StudyResult

# The outlines leave room for the rest under 300 kB, which a slow connection loads in a few seconds.
_MOST_OUTLINE_BYTES = 200_000
_DECIMALS = 5
# First tolerance tried where outlines are too long [degree, square root of an area]: about 50 m.
_FIRST_TOLERANCE = 0.0005


def build_network_map(result: StudyResult, shapes: Shapes) -> dict[str, Any]:
    """Return the map of a study as plain JSON values, the same in every language.

    Parameters
    ----------
    shapes : outlines of the communes; a commune without one is a point.

    Returns
    -------
    bounds [west, south, east, north] of the study area; communes (GeoJSON, RFC 7946, positions to 1e-5 degree, borders
    simplified together where needed); places; frontier_by and frontier: the best network for each limit; alternatives.
    `used` says which place each commune goes to: the nearest open one, where somebody would use it.
    """
    problem = result.problem
    return {
        "bounds": _compute_bounds(result, shapes),
        "communes": _build_communes(result, shapes),
        "places": [_build_place(place) for place in result.places],
        "frontier_by": result.frontier_by,
        "frontier": [
            {
                "limit": row.limit,
                "value": row.value,
                "cost": row.cost,
                "desks": row.desks,
                "gap": row.gap,
                "places": list(row.places),
                "used": list_users(problem, row.places),
            }
            for row in result.frontier
        ],
        "alternatives": [
            {
                "value": row.value,
                "loss": row.loss,
                "cost": row.cost,
                "desks": row.desks,
                "places": list(row.places),
                "added": list(row.added),
                "removed": list(row.removed),
                "within": row.within,
                "used": list_users(problem, row.places),
            }
            for row in result.alternatives
        ],
    }


def list_users(problem: SitingProblem, places: Sequence[str]) -> dict[str, str]:
    """Return the place that each commune uses when these are open, by the rule of the nearest place.

    Communes without a place within reach, or where nobody would come, are left out.
    """
    used = evaluate(problem, np.isin(problem.site_code, list(places))).used
    home = np.repeat(np.arange(problem.home_code.size), np.diff(problem.row))
    coming = np.flatnonzero((problem.site == used[home]) & (problem.demand > 0))
    return {str(problem.home_code[home[arc]]): str(problem.site_code[problem.site[arc]]) for arc in coming}


def _build_place(place: PlaceResult) -> dict[str, Any]:
    return {
        "code": place.code,
        "name": place.name,
        "lon": round(place.lon, _DECIMALS),
        "lat": round(place.lat, _DECIMALS),
        "kind": place.kind,
        "label": place.label,
        "desks": float(place.desks.value),
        "desks_low": place.desks.low,
        "desks_high": place.desks.high,
        "users": float(place.users.value),
        "cost": float(place.cost.value),
        "site_share": place.site_share,
        "catchment": list(place.catchment),
    }


def _compute_bounds(result: StudyResult, shapes: Shapes) -> list[float]:
    corners = [(p.lon, p.lat, p.lon, p.lat) for p in result.places]
    for commune in result.communes:
        if commune.zone == "inside":
            outline = shapes.by_code.get(commune.code)
            point = (commune.lon, commune.lat, commune.lon, commune.lat)
            corners.append(point if outline is None else outline.bounds)
    boxes = np.array(corners)
    found = (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))
    return [round(float(side), _DECIMALS) for side in found]


def _build_communes(result: StudyResult, shapes: Shapes) -> dict[str, Any]:
    known = [c for c in result.communes if c.code in shapes.by_code]
    outlines = simplify_outlines([shapes.by_code[c.code] for c in known])
    drawn = {c.code: outline for c, outline in zip(known, outlines, strict=True)}
    features = [_build_feature(c, drawn.get(c.code)) for c in result.communes]
    return {"type": "FeatureCollection", "features": features}


def _build_feature(commune: CommuneResult, outline: dict[str, Any] | None) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [round(commune.lon, _DECIMALS), round(commune.lat, _DECIMALS)]}
    return {
        "type": "Feature",
        "properties": {
            "code": commune.code,
            "name": commune.name,
            "inside": commune.zone == "inside",
            "place": commune.place,
            "workers": round(commune.workers, 1),
            "desk_days": round(commune.desk_days, 2),
            "minutes": None if commune.minutes is None else round(commune.minutes, 1),
        },
        "geometry": outline or point,
    }


def simplify_outlines(outlines: Sequence[Any]) -> list[dict[str, Any]]:
    """Return outlines as GeoJSON, their common borders simplified together until they hold in about 200 kB."""
    if not outlines:
        return []
    polygons = np.array([_keep_polygons(outline) for outline in outlines])
    found = [_build_geometry(outline) for outline in polygons]
    tolerance = _FIRST_TOLERANCE
    # Doubling ends: past the size of the communes, only triangles are left.
    while _count_bytes(found) > _MOST_OUTLINE_BYTES and tolerance < 1.0:
        found = [_build_geometry(outline) for outline in shapely.coverage_simplify(polygons, tolerance)]
        tolerance *= 2
    return found


def _keep_polygons(outline: Any) -> Any:
    """Return the polygons of an outline, without the lines and points that a repair may leave beside them."""
    return shapely.MultiPolygon([p for p in shapely.get_parts(outline) if p.geom_type == "Polygon"])


def _count_bytes(geometries: Sequence[dict[str, Any]]) -> int:
    return sum(len(json.dumps(geometry, separators=(",", ":"))) for geometry in geometries)


def _build_geometry(outline: Any) -> dict[str, Any]:
    # RFC 7946 wants outer rings counterclockwise.
    content: dict[str, Any] = json.loads(shapely.to_geojson(shapely.orient_polygons(outline)))
    if content["type"] == "MultiPolygon" and len(content["coordinates"]) == 1:
        content = {"type": "Polygon", "coordinates": content["coordinates"][0]}
    return {"type": content["type"], "coordinates": _round(content["coordinates"])}


def _round(coordinates: Any) -> Any:
    if isinstance(coordinates, list):
        return [_round(item) for item in coordinates]
    return round(coordinates, _DECIMALS)
