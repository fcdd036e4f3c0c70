"""Colours, fonts and frame shared by every chart and map, on paper and on screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FONT = "Source Sans Pro"
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"

INK = "#1d2a2e"
MUTED = "#56666c"
LINE = "#d5dcde"
PALE = "#eef2f2"
PAPER = "#ffffff"
ACCENT = "#0f5c63"
ACCENT_SOFT = "#9cc5c8"
WARM = "#a84a0c"

# Soft fills told apart by people with any colour vision (hue and lightness both vary); a catchment is also named.
CATCHMENT_FILLS = ("#a9d3d0", "#f2cfa2", "#b9c8ea", "#d9e3a0", "#e8b9bd", "#cdbfe0", "#efe39a", "#b4c7b0")
# One hue, light to dark, for an indicator.
SEQUENCE = ("#e6f1f0", "#b9dad9", "#82bbbc", "#468f94", "#0f5c63")

WIDTH = 620
FONT_SIZE = 12


def build_spec(body: Mapping[str, Any], *, width: int = WIDTH, height: int) -> dict[str, Any]:
    """Return a complete Vega-Lite specification around `body`; size in pixels."""
    return {
        "$schema": SCHEMA,
        "width": width,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "padding": 4,
        "background": PAPER,
        **body,
        "config": {
            "font": FONT,
            "view": {"stroke": None},
            "axis": {
                "labelFont": FONT,
                "titleFont": FONT,
                "labelFontSize": FONT_SIZE,
                "titleFontSize": FONT_SIZE,
                "titleFontWeight": "normal",
                "labelColor": INK,
                "titleColor": MUTED,
                "gridColor": LINE,
                "domainColor": LINE,
                "tickColor": LINE,
                "labelLimit": 260,
            },
            "text": {"font": FONT, "fontSize": FONT_SIZE, "color": INK},
        },
    }
