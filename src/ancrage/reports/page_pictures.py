"""Charts and maps as SVG for a web page: no style, script, class nor identifier that could meet those of the page."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

# The font of the pages, then that of the reports, whose metrics are the same.
FONTS = "'Source Sans 3', 'Source Sans Pro', sans-serif"
_SVG = "http://www.w3.org/2000/svg"
# What the renderer draws with, and nothing else: what is not listed never reaches a page.
_TAGS = frozenset(("svg", "g", "path", "rect", "line", "circle", "text", "tspan", "defs", "clipPath"))
_ATTRIBUTES = frozenset(
    (
        *("d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "dx", "dy", "width", "height", "transform", "id"),
        *("fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linejoin"),
        *("opacity", "clip-path", "text-anchor", "font-size", "font-weight", "font-style"),
    )
)
_LONG_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_GEOMETRY = ("d", "transform", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r")
# Values that a drawing has without saying so.
_DEFAULTS = {"opacity": "1", "fill-opacity": "1", "stroke-opacity": "1"}


def build_page_svg(svg: str, name: str, alt: str) -> str:
    """Return a picture of the renderer ready to be put in a page, named by `alt` for those who cannot see it.

    Parameters
    ----------
    svg : as `pictures.render_svg` gives it.
    name : identifier of the picture, put before the identifiers that it uses, so that two pictures can share a page.

    Notes
    -----
    Positions are rounded to a tenth of a pixel; the text stays text.
    """
    drawing = ET.fromstring(svg)  # noqa: S314 - drawn by the renderer of this package, never received
    _clean(drawing, name)
    width, height = drawing.get("width", "620"), drawing.get("height", "300")
    drawing.attrib.clear()
    for key, value in (
        ("viewBox", f"0 0 {width} {height}"),
        ("width", width),
        ("height", height),
        ("role", "img"),
        ("aria-label", alt),
        ("font-family", FONTS),
    ):
        drawing.set(key, value)
    ET.register_namespace("", _SVG)
    return ET.tostring(drawing, encoding="unicode")


def _clean(element: ET.Element, name: str) -> None:
    kept = {
        key: _clean_value(key, value, name)
        for key, value in element.attrib.items()
        if key in _ATTRIBUTES and _DEFAULTS.get(key) != value
    }
    element.attrib.clear()
    element.attrib.update(kept)
    for child in list(element):
        if not _is_drawn(child):
            element.remove(child)
            continue
        _clean(child, name)
        if child.tag == f"{{{_SVG}}}g" and not len(child):
            element.remove(child)


def _is_drawn(element: ET.Element) -> bool:
    if element.tag.removeprefix(f"{{{_SVG}}}") not in _TAGS or element.get("display") == "none":
        return False
    if element.tag == f"{{{_SVG}}}path":
        # Frames that the renderer writes around groups, without colour nor size.
        unpainted = element.get("fill") is None and element.get("stroke") is None
        return bool(element.get("d")) and not unpainted
    return True


def _clean_value(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key == "clip-path":
        return value.replace("url(#", f"url(#{name}-")
    if key in _GEOMETRY:
        return _LONG_NUMBER.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), value)
    return value
