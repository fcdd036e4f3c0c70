"""The picture shown where a portrait is shared: name, three figures and the outline of the territory."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from ancrage.language import Language, Text
from ancrage_web.territories.statements import build_statements

WIDTH, HEIGHT = 1200, 630
_MARGIN = 64
# Frame of the outline, on the right.
_BOX = (690.0, 120.0, 446.0, 390.0)
_INK, _SOFT, _PAPER, _ACCENT, _FILL, _WARM = "#1b2529", "#4a585f", "#faf8f4", "#0f5459", "#a9d0c6", "#9c3f27"
_FONT = "Source Sans Pro"
# Characters of a line of the name, and lines it may take.
_LINE, _LINES = 26, 3


def write_card(
    portrait: Mapping[str, Any], content: Mapping[str, Any] | None, path: Path, language: Language, name: str
) -> None:
    """Draw the card and write it as PNG, 1200 x 630.

    Parameters
    ----------
    content : the stored map (territories/outlines.py), or None. name : of the instance.
    """
    from ancrage.reports.fonts import clean_text
    from ancrage.reports.pictures import render_png

    path.write_bytes(render_png(clean_text(build_card(portrait, content, language, name)), scale=1.0))


def build_card(portrait: Mapping[str, Any], content: Mapping[str, Any] | None, language: Language, name: str) -> str:
    """Return the card as SVG."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{_PAPER}"/>',
        f'<rect width="14" height="{HEIGHT}" fill="{_ACCENT}"/>',
        *_draw_outline(content),
    ]
    eyebrow = Text("Portrait of a territory", "Portrait de territoire")
    if portrait["fictional"]:
        eyebrow = Text("Fictional territory (demonstration)", "Territoire fictif (démonstration)")
    parts.append(_write(_MARGIN, 96, 26, eyebrow.render(language), _WARM, bold=True))
    y = 150.0
    for line in wrap_name(str(portrait["epci"]["name"])):
        parts.append(_write(_MARGIN, y, 50, line, _INK, bold=True))
        y += 56
    y = max(y + 20, 290.0)
    for statement in build_statements(portrait, language)[:3]:
        parts.append(
            f'<text x="{_MARGIN}" y="{y:g}" font-family="{_FONT}">'
            f'<tspan font-size="46" font-weight="600" fill="{_ACCENT}">{escape(statement.figure)}</tspan>'
            f'<tspan dx="14" font-size="27" fill="{_SOFT}">{escape(statement.unit.render(language))}</tspan></text>'
        )
        y += 72
    parts.append(_write(_MARGIN, HEIGHT - 52, 25, name, _SOFT))
    parts.append("</svg>")
    return "".join(parts)


def _write(x: float, y: float, size: int, text: str, colour: str, *, bold: bool = False) -> str:
    weight = 600 if bold else 400
    return (
        f'<text x="{x:g}" y="{y:g}" font-family="{_FONT}" font-size="{size}" font-weight="{weight}" '
        f'fill="{colour}">{escape(text)}</text>'
    )


def wrap_name(name: str) -> list[str]:
    """Return a name on a few lines; the last one ends with an ellipsis if the name is longer still."""
    lines: list[str] = []
    for word in name.split():
        if lines and len(lines[-1]) + 1 + len(word) <= _LINE:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    if len(lines) > _LINES:
        return [*lines[: _LINES - 1], f"{lines[_LINES - 1]}…"]
    return lines


def _draw_outline(content: Mapping[str, Any] | None) -> Iterable[str]:
    if content is None or content["bounds"] is None:
        return
    west, south, east, north = content["bounds"]
    # One degree of longitude is shorter than one of latitude: drawn as on the ground at this latitude.
    narrow = math.cos(math.radians((south + north) / 2))
    left, top, width, height = _BOX
    scale = min(width / max((east - west) * narrow, 1e-6), height / max(north - south, 1e-6))
    x0 = left + (width - (east - west) * narrow * scale) / 2
    y0 = top + (height - (north - south) * scale) / 2

    def place(point: Sequence[float]) -> str:
        return f"{x0 + (point[0] - west) * narrow * scale:.1f},{y0 + (north - point[1]) * scale:.1f}"

    for feature in content["communes"]["features"]:
        if not feature["properties"]["inside"]:
            continue
        geometry = feature["geometry"]
        if geometry["type"] == "Point":
            x, _, y = place(geometry["coordinates"]).partition(",")
            yield f'<circle cx="{x}" cy="{y}" r="7" fill="{_ACCENT}"/>'
            continue
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        path = "".join(f"M{'L'.join(place(point) for point in ring)}Z" for rings in polygons for ring in rings)
        yield f'<path d="{path}" fill="{_FILL}" stroke="{_PAPER}" stroke-width="1.5" fill-rule="evenodd"/>'
