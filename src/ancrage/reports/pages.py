"""A report as plain values for the pages of a site: numbers already written, pictures already drawn, no HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from ancrage.parameters.model import LETTERS
from ancrage.reports.model import (
    Block,
    Cell,
    Chart,
    Column,
    Document,
    Heading,
    Items,
    KeyFigure,
    KeyFigures,
    Note,
    Paragraph,
    Report,
    Section,
    Table,
)
from ancrage.reports.network_map import build_network_map
from ancrage.reports.page_pictures import build_page_svg
from ancrage.reports.pictures import render_pictures
from ancrage.reports.writing import MISSING, Pen, compute_decimals, compute_digits

__all__ = ["build_document_pages", "build_network_map", "build_pages"]

# Charts that a page may redraw so that their points can be chosen.
_REDRAWN = ("frontier",)


def build_pages(report: Report, pictures: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return a study report as plain JSON values, in the language of the report.

    Parameters
    ----------
    pictures : SVG of each chart by identifier, when they are drawn already.

    Returns
    -------
    What `build_document_pages` gives, and: answer (one sentence to remember), headline (identifiers of the key figures
    of the first page, in order), sources, coefficients (as used, with letter and interval).
    """
    pages = build_document_pages(report, pictures)
    summary = next(section for section in report.sections if section.id == "summary")
    shown = next(block.figures for block in summary.blocks if isinstance(block, KeyFigures))
    answer = next(block.text for block in summary.blocks if isinstance(block, Paragraph))
    pages["answer"] = answer
    pages["headline"] = [figure.id for figure in shown]
    pages["sources"] = _list_sources(report)
    pages["coefficients"] = _list_coefficients(report)
    return pages


def build_document_pages(document: Document, pictures: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return any document as plain JSON values: heading, figures, sections and facts; tables hold every row.

    The map of the cover is left out: a page has no cover.
    """
    pen = Pen(document.language)
    drawn = render_pictures(document) if pictures is None else pictures
    return {
        "language": document.language,
        "territory": document.territory,
        "title": document.title,
        "subtitle": document.subtitle,
        "fictional": document.fictional,
        "version": document.version,
        "on": None if document.on is None else document.on.isoformat(),
        "figures": [_build_figure(figure, pen) for figure in document.figures],
        "sections": [_build_section(section, pen, drawn) for section in document.sections],
        "facts": _clean(dict(document.facts)),
    }


def _build_section(section: Section, pen: Pen, pictures: Mapping[str, str]) -> dict[str, Any]:
    blocks = [_build_block(block, pen, pictures) for block in section.blocks]
    return {"id": section.id, "title": section.title, "blocks": blocks}


def _build_block(block: Block, pen: Pen, pictures: Mapping[str, str]) -> dict[str, Any]:
    match block:
        case Paragraph():
            return {"type": "paragraph", "style": block.style, "text": block.text}
        case Items():
            return {"type": "items", "items": list(block.items)}
        case Heading():
            return {"type": "heading", "text": block.text}
        case Note():
            return {"type": "note", "tone": block.tone, "text": block.text}
        case KeyFigures():
            return {"type": "figures", "figures": [_build_figure(figure, pen) for figure in block.figures]}
        case Table():
            return {"type": "table", **_build_table(block, pen)}
        case Chart():
            return {"type": "chart", **_build_chart(block, pictures)}


def _build_figure(figure: KeyFigure, pen: Pen) -> dict[str, Any]:
    low, high, decimals = figure.low, figure.high, figure.decimals
    digits = None if low is None or high is None else compute_digits(low, high)
    low_written = "" if digits is None else pen.number(low, decimals, digits)
    high_written = "" if digits is None else pen.number(high, decimals, digits)
    between = pen.say(f"between {low_written} and {high_written}", f"entre {low_written} et {high_written}")
    return {
        "id": figure.id,
        "label": figure.label,
        "written": pen.number(figure.value, decimals),
        "unit": figure.unit,
        "low_written": low_written,
        "high_written": high_written,
        "interval": "" if digits is None else between,
        "value": _clean(figure.value),
        "low": _clean(low),
        "high": _clean(high),
        "note": figure.note,
        "formula": figure.formula,
        "sources": list(figure.sources),
        "assumptions": list(figure.assumptions),
    }


def _build_table(table: Table, pen: Pen) -> dict[str, Any]:
    rows = [[_build_cell(cell, c, pen) for cell, c in zip(row, table.columns, strict=True)] for row in table.rows]
    starts = sorted(table.groups or {})
    groups = [
        {"title": (table.groups or {})[start], "rows": rows[start:end]} for start, end in pairwise([*starts, len(rows)])
    ]
    return {
        "id": table.id,
        "title": table.title,
        "columns": [
            {
                "key": column.key,
                "title": column.title,
                "kind": column.kind,
                "unit": "" if column.kind == "share" else column.unit,
                "right": column.right or column.kind != "text",
                "printed": column.printed,
            }
            for column in table.columns
        ],
        "rows": rows,
        "groups": groups,
        "printed_rows": table.printed_rows,
        "note": table.note,
        "sources": table.sources,
    }


def _build_cell(cell: Cell, column: Column, pen: Pen) -> dict[str, Any]:
    written: dict[str, Any] = {"text": pen.cell(cell, column)}
    if isinstance(cell, tuple):
        written |= {"low": _clean(cell[0]), "high": _clean(cell[1])}
    elif isinstance(cell, int | float):
        written["value"] = _clean(cell)
    return written


def _build_chart(chart: Chart, pictures: Mapping[str, str]) -> dict[str, Any]:
    built: dict[str, Any] = {
        "id": chart.id,
        "title": chart.title,
        "alt": chart.alt,
        "sources": chart.sources,
        "width": chart.width,
        "svg": build_page_svg(pictures[chart.id], chart.id, chart.alt),
    }
    if chart.id in _REDRAWN:
        built["vega"] = _clean(dict(chart.spec))
    return built


def _list_sources(report: Report) -> list[dict[str, str]]:
    pen = Pen(report.language)
    return [
        {
            "table": source.table,
            "title": pen.text(source.title),
            "producer": source.producer,
            "vintage": source.vintage,
            "licence": source.licence,
            "url": source.url,
        }
        for source in report.cited
    ]


def _list_coefficients(report: Report) -> list[dict[str, Any]]:
    pen = Pen(report.language)
    listed = []
    for c in report.coefficients:
        digits = None if c.low is None or c.high is None else compute_decimals(c.low, c.high)
        listed.append(
            {
                "name": c.name,
                "label": pen.text(c.label),
                "written": pen.number(c.value, "exact"),
                "unit": pen.unit(c.unit),
                "letter": c.letter,
                "letter_name": pen.text(LETTERS[c.letter]),
                "source": c.render_source(report.language) or pen.text(MISSING),
                "note": c.render_note(report.language),
                "low": c.low,
                "high": c.high,
                "low_written": "" if digits is None else pen.number(c.low, "exact", digits),
                "high_written": "" if digits is None else pen.number(c.high, "exact", digits),
                "value": c.value,
                "overridden": c.overridden,
            }
        )
    return listed


def _clean(value: Any) -> Any:
    """Return a value that JSON can hold: what is not a finite number is None, tuples are lists, keys are texts."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
