"""The map layers of a report: places, catchments and communes, in longitude and latitude."""

from __future__ import annotations

import shapely

from ancrage.reports.context import Context
from ancrage.reports.model import Layer
from ancrage.reports.sections.network import describe_kind


def build_layers(context: Context) -> tuple[Layer, ...]:
    """Return the layers places, catchments and communes.

    Without outlines, a catchment is the set of the chefs-lieux of its communes, and a commune a point.
    """
    return _build_places(context), _build_catchments(context), _build_communes(context)


def _build_places(context: Context) -> Layer:
    factor, _ = context.objective_scale
    places = context.result.places
    return Layer(
        "places",
        "Point",
        (
            ("code", "text"),
            ("name", "text"),
            ("kind", "text"),
            ("description", "text"),
            ("desks", "real"),
            ("desks_p10", "real"),
            ("desks_p90", "real"),
            ("users", "real"),
            ("desk_days_per_week", "real"),
            ("served", "real"),
            ("net_cost_eur_per_year", "real"),
            ("loss", "real"),
            ("site_share", "real"),
        ),
        tuple(
            (
                p.code,
                p.name,
                p.kind,
                describe_kind(context, p),
                p.desks.value,
                p.desks.low,
                p.desks.high,
                p.users.value,
                p.desk_days.value,
                p.served,
                p.cost.value,
                p.loss * factor,
                p.site_share,
            )
            for p in places
        ),
        tuple(shapely.Point(p.lon, p.lat) for p in places),
    )


def _build_catchments(context: Context) -> Layer:
    served = {c.code: c for c in context.result.communes}
    rows, geometry = [], []
    for place in context.result.places:
        codes = place.catchment or (place.code,)
        parts = [context.shapes.by_code[code] for code in codes if code in context.shapes.by_code]
        points = [shapely.Point(served[code].lon, served[code].lat) for code in codes if code in served]
        if context.shapes:
            union = shapely.union_all(parts)
            polygons = [part for part in shapely.get_parts(union) if part.geom_type == "Polygon"]
            geometry.append(shapely.MultiPolygon(polygons))
        else:
            geometry.append(shapely.MultiPoint(points or [shapely.Point(place.lon, place.lat)]))
        days = sum(served[code].desk_days for code in codes if code in served)
        workers = sum(served[code].workers for code in codes if code in served)
        rows.append((place.code, place.name, len(place.catchment), workers, days))
    return Layer(
        "catchments",
        "MultiPolygon" if context.shapes else "MultiPoint",
        (
            ("place_code", "text"),
            ("place_name", "text"),
            ("communes", "integer"),
            ("workers", "real"),
            ("desk_days_per_week", "real"),
        ),
        tuple(rows),
        tuple(geometry),
    )


def _build_communes(context: Context) -> Layer:
    communes = context.result.communes
    geometry = []
    for commune in communes:
        outline = context.shapes.by_code.get(commune.code)
        if not context.shapes:
            geometry.append(shapely.Point(commune.lon, commune.lat))
        elif outline is None:
            geometry.append(shapely.MultiPolygon())
        else:
            polygons = [part for part in shapely.get_parts(outline) if part.geom_type == "Polygon"]
            geometry.append(shapely.MultiPolygon(polygons))
    return Layer(
        "communes",
        "MultiPolygon" if context.shapes else "Point",
        (
            ("code", "text"),
            ("name", "text"),
            ("zone", "text"),
            ("workers", "real"),
            ("place_code", "text"),
            ("place_name", "text"),
            ("minutes", "real"),
            ("km", "real"),
            ("desk_days_per_week", "real"),
        ),
        tuple(
            (
                c.code,
                c.name,
                c.zone,
                c.workers,
                c.place or None,
                context.name(c.place) if c.place else None,
                c.minutes,
                c.km,
                c.desk_days,
            )
            for c in communes
        ),
        tuple(geometry),
    )
