"""Charts and maps as pictures: one rendering of each specification, used by every output."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from ancrage.reports.fonts import clean_text, find_font_folder, write_clean_json
from ancrage.reports.model import Document

_LOCALES = {"fr": "fr-FR", "en": "en-US"}


@cache
def _import_renderer() -> Any:
    # Loaded at the first chart only: commands that draw nothing start faster.
    import vl_convert

    vl_convert.register_font_directory(str(find_font_folder()))
    return vl_convert


def render_svg(spec: Mapping[str, Any], language: str) -> str:
    """Return a Vega-Lite specification drawn as SVG, numbers written as `language` wants; nothing is fetched."""
    drawn: str = _import_renderer().vegalite_to_svg(
        write_clean_json(spec), format_locale=_LOCALES[language], allowed_base_urls=[]
    )
    return clean_text(drawn)


def render_png(svg: str, *, scale: float = 2.0) -> bytes:
    """Return an SVG as PNG."""
    drawn: bytes = _import_renderer().svg_to_png(svg, scale=scale)
    return drawn


def render_pictures(report: Document, names: Collection[str] | None = None) -> dict[str, str]:
    """Return the charts of a report as SVG, by identifier: every one, or those named only."""
    wanted = [chart for chart in report.list_charts() if names is None or chart.id in names]
    return {chart.id: render_svg(chart.spec, report.language) for chart in wanted}
