"""A light drawing of a territory and of where its residents go to work, made of what its map holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 560, 460
_MARGIN_X, _MARGIN_Y = 40, 34
# Lines drawn: the most travelled ones.
_MOST_ENDS = 6
# A far end does not shrink the territory: the frame reaches this part of its size beyond it.
_REACH = 0.9
_WIDEST, _THINNEST = 9.0, 1.5
_BEND = 0.16
# A name is written beyond its end, seen from the territory; widths of letters are those of the font, about.
_ABOVE, _BELOW, _LETTER, _LINE_HEIGHT = -11, 21, 8, 18


@dataclass(frozen=True)
class Line:
    """A way to work: its curve, its width, its end, and the commune there.

    Attributes
    ----------
    label : what is written at (label_x, label_y), its middle; empty where a heavier name is already.
    """

    path: str
    width: float
    x: float
    y: float
    name: str
    label: str
    label_x: float
    label_y: float


@dataclass(frozen=True)
class Picture:
    """What the drawing holds, in units of a view of WIDTH by HEIGHT.

    Attributes
    ----------
    communes : path of each commune of the territory; around : those of its neighbours.
    lines : ways to work out of the territory, the most travelled last so that it is drawn above.
    """

    communes: Sequence[str]
    around: Sequence[str]
    lines: Sequence[Line]
    width: int = WIDTH
    height: int = HEIGHT


def build_picture(content: Mapping[str, Any]) -> Picture | None:
    """Return the drawing of a stored map (territories/outlines.py); None without outlines or without trips.

    Ends outside the frame are left out: no line leads to where nothing is.
    """
    ends = content["destinations"]
    areas = [feature for feature in content["communes"]["features"] if feature["geometry"]["type"] != "Point"]
    if content["bounds"] is None or content["centre"] is None or not ends or not areas:
        return None
    west, south, east, north = content["bounds"]
    far_x, far_y = (east - west) * _REACH, (north - south) * _REACH
    near = [
        end
        for end in ends
        if west - far_x <= end["lon"] <= east + far_x and south - far_y <= end["lat"] <= north + far_y
    ][:_MOST_ENDS]
    if not near:
        return None
    lons = [west, east, *(end["lon"] for end in near)]
    lats = [south, north, *(end["lat"] for end in near)]
    place = _build_projection(min(lons), min(lats), max(lons), max(lats))
    start = place(content["centre"])
    return Picture(
        communes=[_draw(each["geometry"], place) for each in areas if each["properties"]["inside"]],
        around=[_draw(each["geometry"], place) for each in areas if not each["properties"]["inside"]],
        lines=_build_lines(near, start, place),
    )


_Place = Callable[[Sequence[float]], tuple[float, float]]


def _build_projection(west: float, south: float, east: float, north: float) -> _Place:
    # One degree of longitude is shorter than one of latitude: drawn as on the ground at this latitude.
    narrow = math.cos(math.radians((south + north) / 2))
    wide, high = max((east - west) * narrow, 1e-6), max(north - south, 1e-6)
    scale = min((WIDTH - 2 * _MARGIN_X) / wide, (HEIGHT - 2 * _MARGIN_Y) / high)
    x0, y0 = (WIDTH - wide * scale) / 2, (HEIGHT - high * scale) / 2

    def place(point: Sequence[float]) -> tuple[float, float]:
        return x0 + (point[0] - west) * narrow * scale, y0 + (north - point[1]) * scale

    return place


def _draw(geometry: Mapping[str, Any], place: _Place) -> str:
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return "".join(_draw_ring(ring, place) for rings in polygons for ring in rings)


def _draw_ring(ring: Sequence[Sequence[float]], place: _Place) -> str:
    # Half a unit is finer than a line: points that fall together are written once.
    points = dict.fromkeys(f"{round(x * 2) / 2:g} {round(y * 2) / 2:g}" for x, y in map(place, ring))
    return f"M{'L'.join(points)}Z"


def _build_lines(ends: Sequence[Mapping[str, Any]], start: tuple[float, float], place: _Place) -> list[Line]:
    x1, y1 = start
    most = max(end["workers"] for end in ends)
    written: list[tuple[float, float, float]] = []
    lines = []
    for end in ends:
        x2, y2 = place((end["lon"], end["lat"]))
        bend_x, bend_y = (x1 + x2) / 2 - (y2 - y1) * _BEND, (y1 + y2) / 2 + (x2 - x1) * _BEND
        half = len(end["name"]) * _LETTER / 2
        label_x = min(max(x2, half), WIDTH - half)
        label_y = y2 + (_ABOVE if y2 < y1 else _BELOW)
        free = all(abs(label_x - x) > half + wide or abs(label_y - y) > _LINE_HEIGHT for x, y, wide in written)
        if free:
            written.append((label_x, label_y, half))
        lines.append(
            Line(
                path=f"M{x1:.1f} {y1:.1f}Q{bend_x:.1f} {bend_y:.1f} {x2:.1f} {y2:.1f}",
                width=round(max(_THINNEST, _WIDEST * end["workers"] / most), 1),
                x=round(x2, 1),
                y=round(y2, 1),
                name=end["name"],
                label=end["name"] if free else "",
                label_x=round(label_x, 1),
                label_y=round(label_y, 1),
            )
        )
    return lines[::-1]
