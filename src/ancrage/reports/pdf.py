"""The report as a tagged PDF (PDF/UA-1), typeset by Typst from a template and data, never from pasted text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from ancrage.reports.fonts import clean_text, find_font_folder, write_clean_json
from ancrage.reports.model import (
    Block,
    Chart,
    Document,
    Heading,
    Items,
    KeyFigure,
    KeyFigures,
    Note,
    Paragraph,
    Section,
    Table,
)
from ancrage.reports.pictures import render_pictures
from ancrage.reports.writing import Pen


def write_pdf(report: Document, path: Path, pictures: Mapping[str, str] | None = None) -> None:
    """Write the report as PDF; the same report gives the same bytes.

    Parameters
    ----------
    pictures : SVG of each chart by identifier, when they are drawn already.
    """
    import typst

    drawn = render_pictures(report) if pictures is None else pictures
    data = clean_text(write_clean_json(_build_data(report, drawn)))
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(find_font_folder())])
    template = files("ancrage.reports").joinpath("templates", "report.typ").read_bytes()
    # A date of the report, never of the clock: the same study gives the same file.
    stamp = (
        datetime(2000, 1, 1, tzinfo=UTC)
        if report.on is None
        else datetime(report.on.year, report.on.month, report.on.day, tzinfo=UTC)
    )
    content = typst.compile(
        template,
        font_paths=fonts,
        format="pdf",
        sys_inputs={"report": data},
        pdf_standards=["ua-1"],
        timestamp=stamp,
    )
    path.write_bytes(content)


def _build_data(report: Document, pictures: Mapping[str, str]) -> dict[str, Any]:
    pen = Pen(report.language)
    return {
        "language": report.language,
        "territory": report.territory,
        "title": report.title,
        "subtitle": report.subtitle,
        "banner": report.banner.render(report.language) if report.fictional else None,
        "version": f"Ancrage {report.version}",
        "day": None if report.on is None else pen.day(report.on),
        "date": None if report.on is None else [report.on.year, report.on.month, report.on.day],
        "cover": _build_chart(report.cover, pictures),
        "sections": [
            {
                "title": section.title,
                "new_page": section.new_page,
                "blocks": _list_printed(section, pen, pictures),
            }
            for section in report.sections
        ],
        "words": {
            "page": pen.say("page", "page"),
            "by": pen.say("Report written by Ancrage", "Rapport établi avec Ancrage"),
            "warning": pen.say("Warning", "Attention"),
            "info": pen.say("Note", "À noter"),
            "workbook": pen.say("The whole table is in the workbook.", "Le tableau complet est dans le classeur."),
        },
    }


def _list_printed(section: Section, pen: Pen, pictures: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        _build_block(block, pen, pictures)
        for block in section.blocks
        if not (isinstance(block, Table) and block.printed_rows == 0)
    ]


def _build_block(block: Block, pen: Pen, pictures: Mapping[str, str]) -> dict[str, Any]:
    match block:
        case Paragraph():
            return {"kind": "paragraph", "text": block.text, "style": block.style}
        case Heading():
            return {"kind": "heading", "text": block.text}
        case Items():
            return {"kind": "items", "items": list(block.items)}
        case Note():
            return {"kind": "note", "text": block.text, "tone": block.tone}
        case KeyFigures():
            return {"kind": "figures", "figures": [_build_figure(f, pen) for f in block.figures]}
        case Chart():
            return {"kind": "chart", **_build_chart(block, pictures)}
        case Table():
            return {"kind": "table", **_build_table(block, pen)}


def _build_figure(figure: KeyFigure, pen: Pen) -> dict[str, str]:
    shown = pen.interval(figure.low, figure.high, figure.decimals)
    return {
        "label": figure.label,
        "value": pen.number(figure.value, figure.decimals),
        "unit": figure.unit,
        "interval": pen.say(f"P10–P90: {shown}", f"P10–P90 : {shown}") if shown else "",
        "note": figure.note,
    }


def _build_chart(chart: Chart, pictures: Mapping[str, str]) -> dict[str, Any]:
    return {
        "svg": pictures[chart.id],
        "alt": chart.alt,
        "title": chart.title,
        "sources": chart.sources,
        "width": chart.width,
        "fills": chart.fills,
    }


def _build_table(table: Table, pen: Pen) -> dict[str, Any]:
    columns = [(k, column) for k, column in enumerate(table.columns) if column.printed]
    rows = table.rows if table.printed_rows is None else table.rows[: table.printed_rows]
    return {
        "title": table.title,
        "widths": [column.width for _, column in columns],
        "align": ["left" if column.kind == "text" and not column.right else "right" for _, column in columns],
        "header": [[column.title, column.unit if column.kind != "share" else ""] for _, column in columns],
        "rows": [
            {
                "group": (table.groups or {}).get(number),
                "cells": [pen.cell(row[k], column) for k, column in columns],
            }
            for number, row in enumerate(rows)
        ],
        "cut": len(rows) < len(table.rows),
        "note": table.note,
        "sources": table.sources,
    }
