"""The charts of a report, as Vega-Lite specifications drawn from figures and words alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ancrage.reports.chart_style import (
    ACCENT,
    ACCENT_SOFT,
    INK,
    LINE,
    MUTED,
    PALE,
    PAPER,
    WARM,
    build_spec,
)


class Bar(NamedTuple):
    """A horizontal bar: its name, its length, what is written at its end."""

    name: str
    value: float
    shown: str
    strong: bool = False


class Position(NamedTuple):
    """An indicator, the percentile (0..100) of the territory in its group, and its value as written."""

    name: str
    percentile: float
    shown: str


class FrontierMark(NamedTuple):
    """The best value for one limit; `shown` is written above the point; `chosen` is the limit of the study."""

    limit: float
    value: float
    shown: str
    chosen: bool


def draw_bars(bars: Sequence[Bar], *, title: str, maximum: float | None = None) -> dict[str, Any]:
    """Return horizontal bars in the order given; a strong one has the accent colour."""
    order = [bar.name for bar in bars]
    rows = [
        {"name": bar.name, "value": bar.value, "shown": bar.shown, "colour": ACCENT if bar.strong else ACCENT_SOFT}
        for bar in bars
    ]
    largest = maximum if maximum is not None else max((bar.value for bar in bars), default=1.0)
    y = {"field": "name", "type": "nominal", "sort": order, "axis": {"title": None, "ticks": False, "domain": False}}
    # The room at the right is for the figure written after the longest bar.
    scale = {"domain": [0, largest * 1.22 or 1.0], "nice": False}
    x = {"field": "value", "type": "quantitative", "scale": scale, "axis": None}
    return build_spec(
        {
            "title": {"text": title, "anchor": "start", "fontSize": 12, "fontWeight": "normal", "color": MUTED},
            "data": {"values": rows},
            "encoding": {"y": y, "x": x},
            "layer": [
                {
                    "mark": {"type": "bar", "height": {"band": 0.62}},
                    "encoding": {"color": {"field": "colour", "type": "nominal", "scale": None}},
                },
                {
                    "mark": {"type": "text", "align": "left", "dx": 6, "color": INK},
                    "encoding": {"text": {"field": "shown", "type": "nominal"}},
                },
            ],
        },
        height=44 + 24 * len(bars),
    )


def draw_positions(positions: Sequence[Position], *, low: str, middle: str, high: str) -> dict[str, Any]:
    """Return one strip per indicator: the group from its P10 to its P90, its median, and where the territory stands."""
    order = [position.name for position in positions]
    rows = [
        {
            "name": p.name,
            "percentile": p.percentile,
            "shown": p.shown,
            "from": 10,
            "to": 90,
            "middle": 50,
            "end": 103,
        }
        for p in positions
    ]
    # Room for the longest value, written at the right of the strips.
    right = 106 + 1.7 * max(len(position.shown) for position in positions)
    names = {"10": low, "50": middle, "90": high}
    labels = " : ".join(f"datum.value == {value} ? {_quote(name)}" for value, name in names.items()) + " : ''"
    y = {
        "field": "name",
        "type": "nominal",
        "sort": order,
        "axis": {"title": None, "ticks": False, "domain": False, "labelLimit": 330},
    }
    axis = {
        "title": None,
        "orient": "top",
        "values": [10, 50, 90],
        "labelExpr": labels,
        "grid": False,
        "ticks": False,
        "domain": False,
        "labelColor": MUTED,
        "labelFlush": False,
    }
    x = {"type": "quantitative", "scale": {"domain": [0, right], "nice": False}}
    return build_spec(
        {
            "data": {"values": rows},
            "encoding": {"y": y},
            "layer": [
                {
                    "mark": {"type": "bar", "height": 9, "color": LINE},
                    "encoding": {"x": {"field": "from", "axis": axis, **x}, "x2": {"field": "to"}},
                },
                {
                    "mark": {"type": "tick", "thickness": 2, "size": 15, "color": MUTED},
                    "encoding": {"x": {"field": "middle", **x}},
                },
                {
                    "mark": {
                        "type": "point",
                        "filled": True,
                        "size": 110,
                        "opacity": 1,
                        "color": ACCENT,
                        "stroke": PAPER,
                        "strokeWidth": 1,
                    },
                    "encoding": {"x": {"field": "percentile", **x}},
                },
                {
                    "mark": {"type": "text", "align": "left", "color": INK},
                    "encoding": {"x": {"field": "end", **x}, "text": {"field": "shown", "type": "nominal"}},
                },
            ],
        },
        height=40 + 24 * len(positions),
    )


def draw_frontier(
    marks: Sequence[FrontierMark], *, limit_title: str, value_title: str, chosen_label: str
) -> dict[str, Any]:
    """Return the best value for each limit: in steps, since a limit between two points buys the lower one."""
    rows = [{"limit": m.limit, "value": m.value, "shown": m.shown, "chosen": m.chosen} for m in marks]
    x: dict[str, Any] = {
        "field": "limit",
        "type": "quantitative",
        "axis": {"title": limit_title, "format": choose_format(m.limit for m in marks), "grid": False, "tickCount": 6},
        "scale": {"nice": True},
    }
    y: dict[str, Any] = {
        "field": "value",
        "type": "quantitative",
        "axis": {"title": value_title, "format": choose_format(m.value for m in marks), "tickCount": 5},
        "scale": {"zero": True},
    }
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "line", "interpolate": "step-after", "color": ACCENT_SOFT, "strokeWidth": 2.5},
            "encoding": {"x": x, "y": y},
        },
        {
            "transform": [{"filter": "!datum.chosen"}],
            "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1, "color": ACCENT},
            "encoding": {"x": x, "y": y},
        },
        {
            "transform": [{"filter": "datum.chosen"}],
            "mark": {"type": "rule", "color": WARM, "strokeDash": [4, 3]},
            "encoding": {"x": x},
        },
        {
            "transform": [{"filter": "datum.chosen"}],
            "mark": {"type": "point", "shape": "diamond", "filled": True, "size": 220, "opacity": 1, "color": WARM},
            "encoding": {"x": x, "y": y},
        },
        {
            "mark": {"type": "text", "dy": -14, "color": INK, "stroke": None},
            "encoding": {"x": x, "y": y, "text": {"field": "shown", "type": "nominal"}},
        },
    ]
    chosen = next((m for m in marks if m.chosen), None)
    if chosen is not None:
        # On the side with more room, so that it never leaves the frame.
        limits = [m.limit for m in marks]
        left = chosen.limit > (min(limits) + max(limits)) / 2
        layers.append(
            {
                "transform": [{"filter": "datum.chosen"}],
                "mark": {
                    "type": "text",
                    "align": "right" if left else "left",
                    "dx": -8 if left else 8,
                    "color": WARM,
                    "fontWeight": "bold",
                },
                "encoding": {"x": x, "y": {"value": {"expr": "height - 12"}}, "text": {"value": chosen_label}},
            }
        )
    return build_spec({"data": {"values": rows}, "layer": layers}, height=215)


def draw_histogram(
    values: NDArray[np.float64], *, title: str, low: float, high: float, low_label: str, high_label: str
) -> dict[str, Any]:
    """Return the spread of a result over the draws in about 30 classes, P10 and P90 marked."""
    counts, edges = np.histogram(values, bins=_count_classes(values))
    rows = [
        {"from": float(a), "to": float(b), "draws": int(n), "inside": bool(low <= (a + b) / 2 <= high)}
        for n, a, b in zip(counts, edges[:-1], edges[1:], strict=True)
    ]
    top = float(max(counts.tolist())) * 1.18
    x = {
        "type": "quantitative",
        "scale": {"nice": False, "zero": False},
        "axis": {"title": title, "format": choose_format(values.tolist()), "grid": False, "tickCount": 6},
    }
    y = {"type": "quantitative", "scale": {"domain": [0, top], "nice": False}, "axis": None}
    marks = [{"x": low, "label": low_label, "draws": top}, {"x": high, "label": high_label, "draws": top}]
    return build_spec(
        {
            "layer": [
                {
                    "data": {"values": rows},
                    "mark": {"type": "bar", "stroke": PAPER, "strokeWidth": 0.8},
                    "encoding": {
                        "x": {"field": "from", **x},
                        "x2": {"field": "to"},
                        "y": {"field": "draws", **y},
                        "y2": {"datum": 0},
                        "color": {"condition": {"test": "datum.inside", "value": ACCENT_SOFT}, "value": PALE},
                    },
                },
                {
                    "data": {"values": marks},
                    "mark": {"type": "rule", "color": ACCENT, "strokeDash": [4, 3]},
                    "encoding": {"x": {"field": "x", **x}},
                },
                {
                    "data": {"values": marks[:1]},
                    "mark": {"type": "text", "align": "right", "dx": -5, "dy": 7, "color": ACCENT},
                    "encoding": {
                        "x": {"field": "x", **x},
                        "y": {"field": "draws", **y},
                        "text": {"field": "label", "type": "nominal"},
                    },
                },
                {
                    "data": {"values": marks[1:]},
                    "mark": {"type": "text", "align": "left", "dx": 5, "dy": 7, "color": ACCENT},
                    "encoding": {
                        "x": {"field": "x", **x},
                        "y": {"field": "draws", **y},
                        "text": {"field": "label", "type": "nominal"},
                    },
                },
            ]
        },
        height=210,
    )


def choose_format(values: Iterable[float]) -> str:
    """Return the d3 format of an axis: thousands apart, and decimals only where values differ by less than about 10."""
    known = list(values)
    spread = max(known) - min(known) if known else 0.0
    if spread >= 10 or spread == 0:
        return ",.0f"
    return ",.1f" if spread >= 1 else f",.{1 - math.floor(math.log10(spread))}f"


def _count_classes(values: NDArray[np.float64]) -> int:
    if float(np.ptp(values)) == 0.0:
        return 1
    return int(min(30, max(5, round(len(values) ** 0.5))))


def _quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
