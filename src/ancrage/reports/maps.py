"""The maps of a report, as Vega-Lite specifications drawn from outlines and points."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import shapely

from ancrage.reports.chart_style import (
    ACCENT,
    CATCHMENT_FILLS,
    INK,
    LINE,
    MUTED,
    PALE,
    PAPER,
    SEQUENCE,
    WARM,
    WIDTH,
    build_spec,
)
from ancrage.reports.map_frame import Disc, Frame, build_frame, choose_labels
from ancrage.reports.shapes import Shapes

_LABEL_SIZE = 12.5
_LEGEND_ROW = 19
# What an indicator map writes where nothing is published.
_NO_VALUE_FILL = "#f7f7f5"


class MapCommune(NamedTuple):
    """A commune of the map: outside ones are drawn lighter; `place` is the commune whose place it uses, or ""."""

    code: str
    lon: float
    lat: float
    inside: bool
    place: str


class MapPlace(NamedTuple):
    """A place: `existing` ones have another mark; `label` is written beside it."""

    code: str
    lon: float
    lat: float
    desks: float
    existing: bool
    label: str


class NetworkWords(NamedTuple):
    """The words of the legend of a network map."""

    new: str
    existing: str
    catchment: str
    halo: str
    unserved: str


def draw_network_map(
    communes: Sequence[MapCommune],
    places: Sequence[MapPlace],
    shapes: Shapes,
    words: NetworkWords,
    *,
    width: int = WIDTH,
    max_height: int = 560,
    labels: bool = True,
) -> dict[str, Any]:
    """Return the map of a network: communes filled by the place they use, places sized by their desks, legend below.

    Without outlines, communes are points.
    """
    fills = choose_fills(places)
    drawn = [c for c in communes if c.inside or c.place]
    frame = build_frame(_list_corners(drawn, places, shapes), width=width, max_height=max_height)
    rows = [
        (c, fills.get(c.place, PAPER) if c.inside else _lighten(fills[c.place]) if c.place in fills else PALE)
        for c in communes
    ]
    layers = _build_ground(rows, shapes, frame)
    layers += _build_places(places, frame, labels=labels)
    entries: list[tuple[dict[str, Any], str]] = [
        ({"shape": "circle", "fill": ACCENT, "stroke": PAPER, "size": 110}, words.new),
        ({"shape": "square", "fill": WARM, "stroke": PAPER, "size": 110}, words.existing),
        ({"shape": "square", "fill": CATCHMENT_FILLS[0], "stroke": MUTED, "size": 130}, words.catchment),
        ({"shape": "square", "fill": PALE, "stroke": LINE, "size": 130}, words.halo),
    ]
    if not any(p.existing for p in places):
        del entries[1]
    if any(c.inside and not c.place for c in communes):
        entries.append(({"shape": "square", "fill": PAPER, "stroke": MUTED, "size": 130}, words.unserved))
    return _finish_map(layers, frame, entries)


def choose_fills(places: Sequence[MapPlace]) -> dict[str, str]:
    """Give each place a colour so that those of the same colour are as far apart as possible."""
    given: dict[str, str] = {}
    where = {p.code: (p.lon * math.cos(math.radians(p.lat)), p.lat) for p in places}
    for code, point in where.items():

        def compute_room(fill: str, point: tuple[float, float] = point) -> tuple[float, int]:
            same = [math.dist(point, where[other]) for other, used in given.items() if used == fill]
            return min(same, default=math.inf), -CATCHMENT_FILLS.index(fill)

        given[code] = max(CATCHMENT_FILLS, key=compute_room)
    return given


def draw_indicator_map(
    communes: Sequence[MapCommune],
    values: Mapping[str, float | None],
    shapes: Shapes,
    *,
    breaks: Sequence[float],
    class_labels: Sequence[str],
    missing_label: str,
    width: int = WIDTH,
    max_height: int = 430,
) -> dict[str, Any]:
    """Return the map of one indicator in the communes of the study area.

    Parameters
    ----------
    breaks : inner limits of the classes, increasing; class_labels : one more than the limits.
    """
    inside = [c for c in communes if c.inside]
    frame = build_frame(_list_corners(inside, (), shapes), width=width, max_height=max_height)
    colours = _choose_sequence(len(class_labels))
    rows = []
    for commune in inside:
        value = values.get(commune.code)
        known = value is not None and not math.isnan(value)
        rows.append(
            (commune, colours[sum(value >= b for b in breaks)] if known and value is not None else _NO_VALUE_FILL)
        )
    entries: list[tuple[dict[str, Any], str]] = [
        ({"shape": "square", "fill": colour, "stroke": MUTED, "size": 130}, label)
        for colour, label in zip(colours, class_labels, strict=True)
    ]
    if any(fill == _NO_VALUE_FILL for _, fill in rows):
        entries.append(({"shape": "square", "fill": _NO_VALUE_FILL, "stroke": MUTED, "size": 130}, missing_label))
    return _finish_map(_build_ground(rows, shapes, frame), frame, entries)


def _choose_sequence(count: int) -> tuple[str, ...]:
    if count == 1:
        return (SEQUENCE[2],)
    return tuple(SEQUENCE[round(k * (len(SEQUENCE) - 1) / (count - 1))] for k in range(count))


def _list_corners(
    communes: Sequence[MapCommune], places: Sequence[MapPlace], shapes: Shapes
) -> list[tuple[float, float]]:
    corners = [(p.lon, p.lat) for p in places]
    for commune in communes:
        outline = shapes.by_code.get(commune.code)
        if outline is None:
            corners.append((commune.lon, commune.lat))
        else:
            x0, y0, x1, y1 = outline.bounds
            corners += [(x0, y0), (x1, y1)]
    return corners or [(2.3, 46.6)]


def _lighten(colour: str) -> str:
    parts = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - (255 - part) * 0.45):02x}" for part in parts)


def _build_ground(rows: Sequence[tuple[MapCommune, str]], shapes: Shapes, frame: Frame) -> list[dict[str, Any]]:
    # The halo first, so that the study area's border is drawn over it.
    ordered = sorted(rows, key=lambda row: row[0].inside)
    features = [
        {
            "type": "Feature",
            "properties": {"code": commune.code, "fill": fill, "line": MUTED if commune.inside else LINE},
            "geometry": build_geojson(shapes.by_code[commune.code]),
        }
        for commune, fill in ordered
        if commune.code in shapes.by_code
    ]
    points = [
        {**_at(frame, commune.lon, commune.lat), "fill": fill, "line": MUTED if commune.inside else LINE}
        for commune, fill in ordered
        if commune.code not in shapes.by_code
    ]
    layers: list[dict[str, Any]] = []
    if features:
        layers.append(
            {
                "data": {"values": features},
                "projection": frame.projection,
                "mark": {"type": "geoshape", "strokeWidth": 0.5, "clip": True},
                "encoding": {
                    "fill": {"field": "properties.fill", "type": "nominal", "scale": None},
                    "stroke": {"field": "properties.line", "type": "nominal", "scale": None},
                },
            }
        )
    if points:
        layers.append(
            {
                "data": {"values": points},
                "mark": {
                    "type": "point",
                    "shape": "circle",
                    "size": 70,
                    "strokeWidth": 0.8,
                    "opacity": 1,
                    "clip": True,
                },
                "encoding": {
                    **_PIXELS,
                    "fill": {"field": "fill", "type": "nominal", "scale": None},
                    "stroke": {"field": "line", "type": "nominal", "scale": None},
                },
            }
        )
    return layers


_PIXELS = {
    "x": {"field": "x", "type": "quantitative", "scale": None, "axis": None},
    "y": {"field": "y", "type": "quantitative", "scale": None, "axis": None},
}


def _at(frame: Frame, lon: float, lat: float) -> dict[str, Any]:
    x, y = frame.project(lon, lat)
    return {"x": round(x, 1), "y": round(y, 1)}


def _build_places(places: Sequence[MapPlace], frame: Frame, *, labels: bool) -> list[dict[str, Any]]:
    if not places:
        return []
    largest = max(1.0, max(p.desks for p in places))
    discs, rows = [], []
    for place in places:
        radius = 5 + 11 * math.sqrt(max(place.desks, 0.0) / largest)
        x, y = frame.project(place.lon, place.lat)
        discs.append(Disc(x, y, radius))
        rows.append(
            {
                "x": round(x, 1),
                "y": round(y, 1),
                "size": round(math.pi * radius**2),
                "shape": "square" if place.existing else "circle",
                "fill": WARM if place.existing else ACCENT,
            }
        )
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": rows},
            "mark": {"type": "point", "opacity": 0.92, "stroke": PAPER, "strokeWidth": 1.5},
            "encoding": {
                **_PIXELS,
                "size": {"field": "size", "type": "quantitative", "scale": None},
                "shape": {"field": "shape", "type": "nominal", "scale": None},
                "fill": {"field": "fill", "type": "nominal", "scale": None},
            },
        }
    ]
    if labels:
        placed = choose_labels(frame, discs, [p.label for p in places], font_size=_LABEL_SIZE)
        for align in ("left", "right", "center"):
            texts = [{"x": q.x, "y": q.y, "text": q.text} for q in placed if q.align == align]
            if texts:
                mark = {
                    "type": "text",
                    "align": align,
                    "baseline": "middle",
                    "fontSize": _LABEL_SIZE,
                    "fontWeight": 600,
                }
                halo = {"stroke": PAPER, "strokeWidth": 3.5, "strokeJoin": "round", "opacity": 0.9}
                encoding = {**_PIXELS, "text": {"field": "text", "type": "nominal"}}
                # The same text twice: first its white halo, so that it reads over borders and fills.
                layers.append({"data": {"values": texts}, "mark": {**mark, **halo}, "encoding": encoding})
                layers.append({"data": {"values": texts}, "mark": {**mark, "color": INK}, "encoding": encoding})
    return layers


def _finish_map(
    layers: list[dict[str, Any]], frame: Frame, entries: Sequence[tuple[dict[str, Any], str]]
) -> dict[str, Any]:
    columns = 2
    lines = math.ceil(len(entries) / columns)
    marks = []
    for rank, (symbol, text) in enumerate(entries):
        column, line = rank % columns, rank // columns
        marks.append(
            {
                "x": 8 + column * frame.width / columns,
                "y": frame.height + 16 + line * _LEGEND_ROW,
                "text": text,
                **symbol,
            }
        )
    legend: list[dict[str, Any]] = [
        {
            "data": {"values": marks},
            "mark": {"type": "point", "opacity": 1, "strokeWidth": 0.8},
            "encoding": {
                **_PIXELS,
                "size": {"field": "size", "type": "quantitative", "scale": None},
                "shape": {"field": "shape", "type": "nominal", "scale": None},
                "fill": {"field": "fill", "type": "nominal", "scale": None},
                "stroke": {"field": "stroke", "type": "nominal", "scale": None},
            },
        },
        {
            "data": {"values": marks},
            "mark": {"type": "text", "align": "left", "baseline": "middle", "dx": 12, "fontSize": 12, "color": INK},
            "encoding": {**_PIXELS, "text": {"field": "text", "type": "nominal"}},
        },
    ]
    body = {"layer": layers + legend, "resolve": {"scale": {"x": "shared", "y": "shared"}}}
    spec = build_spec(body, width=frame.width, height=frame.height)
    # Room for the legend, which is drawn below the frame.
    spec["padding"] = {"left": 4, "right": 4, "top": 4, "bottom": 8 + lines * _LEGEND_ROW}
    spec["autosize"] = {"type": "none"}
    return spec


def build_geojson(geometry: Any) -> dict[str, Any]:
    """Return a geometry as GeoJSON, rings turned as d3 wants them (clockwise outside), 1e-4 degree (about 10 m)."""
    turned = shapely.orient_polygons(geometry, exterior_cw=True)
    shape: dict[str, Any] = json.loads(shapely.to_geojson(turned))
    if "coordinates" in shape:
        shape["coordinates"] = _round_coordinates(shape["coordinates"])
    return shape


def _round_coordinates(coordinates: Any) -> Any:
    if isinstance(coordinates, list):
        return [_round_coordinates(item) for item in coordinates]
    return round(coordinates, 4)
