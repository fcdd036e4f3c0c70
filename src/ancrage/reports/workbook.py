"""The report as a workbook: every table on its sheet, with units and sources; no cell is ever a formula."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ancrage.reports.model import Cell, Column, Document, KeyFigure, Table
from ancrage.reports.pictures import render_pictures, render_png
from ancrage.reports.writing import Pen, compute_decimals, compute_digits

# A spreadsheet reads a text that starts so as a formula when it is edited or exported.
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
_PICTURED = (
    *("network_map", "frontier", "site_share", "value_histogram"),
    *("ranking_map", "ranking_top", "ranking_spread"),
    *("portrait_map", "positions", "destinations"),
    *("committee_money", "committee_actions", "committee_jobs"),
)
_MOST_WIDE = 60


def write_xlsx(report: Document, path: Path, pictures: Mapping[str, str] | None = None) -> None:
    """Write the tables of the report, one sheet each, after a page of figures; the same report gives the same bytes.

    Parameters
    ----------
    pictures : SVG of each chart by identifier, when they are drawn already.
    """
    import xlsxwriter

    drawn = render_pictures(report, _PICTURED) if pictures is None else pictures
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        day = report.on
        created = datetime(2000, 1, 1) if day is None else datetime(day.year, day.month, day.day)  # noqa: DTZ001
        book.set_properties(
            {
                "title": f"{report.title} – {report.territory}",
                "author": f"Ancrage {report.version}",
                "created": created,
            }
        )
        sheets = _Sheets(book, report)
        sheets.write_figures()
        for table in report.list_tables():
            sheets.write_table(table)
        sheets.write_pictures(drawn)


class _Sheets:
    """Writes sheets in one workbook, with its formats and the names already taken."""

    def __init__(self, book: Any, report: Document) -> None:
        self._book = book
        self._report = report
        self._pen = Pen(report.language)
        self._names: set[str] = set()
        font = {"font_name": "Source Sans Pro", "font_size": 11, "valign": "top"}
        self._formats: dict[str, Any] = {}
        self._font = font
        self._title = book.add_format({**font, "bold": True, "font_size": 14, "font_color": "#0f5c63"})
        self._header = book.add_format(
            {**font, "bold": True, "text_wrap": True, "bottom": 2, "bottom_color": "#0f5c63"}
        )
        self._small = book.add_format({**font, "font_color": "#56666c", "italic": True})
        self._warning = book.add_format({**font, "bold": True, "font_color": "#a84a0c"})

    def write_figures(self) -> None:
        """Write the first sheet: what the workbook is, then every figure of the study."""
        report, pen = self._report, self._pen
        sheet = self._add_sheet(pen.say("Figures", "Chiffres"))
        self._write_text(sheet, 0, 0, f"{report.title} – {report.territory}", self._title)
        day = "" if report.on is None else f"{pen.day(report.on)} · "
        self._write_text(sheet, 1, 0, f"{day}Ancrage {report.version}", self._small)
        row = 2
        if report.fictional:
            self._write_text(sheet, row, 0, report.banner.render(report.language), self._warning)
            row += 1
        for warning in filter(None, (report.facts["travel"], *report.facts["warnings"])):
            self._write_text(sheet, row, 0, str(warning), self._warning)
            row += 1
        row += 1
        titles = (
            pen.say("Figure", "Chiffre"),
            pen.say("Value", "Valeur"),
            "P10",
            "P90",
            pen.say("Unit", "Unité"),
            pen.say("Formula", "Formule"),
            pen.say("Tables", "Tables"),
        )
        for column, title in enumerate(titles):
            self._write_text(sheet, row, column, title, self._header)
        for offset, figure in enumerate(report.figures, start=1):
            self._write_figure(sheet, row + offset, figure)
        sheet.set_column(0, 0, 46)
        sheet.set_column(1, 3, 14)
        sheet.set_column(4, 6, 22)

    def _write_figure(self, sheet: Any, row: int, figure: KeyFigure) -> None:
        self._write_text(sheet, row, 0, figure.label)
        digits = compute_digits(figure.value) if figure.decimals is None else figure.decimals
        for column, value in enumerate((figure.value, figure.low, figure.high), start=1):
            self._write_number(sheet, row, column, value, max(0, digits))
        self._write_text(sheet, row, 4, figure.unit)
        self._write_text(sheet, row, 5, figure.formula)
        self._write_text(sheet, row, 6, ", ".join(figure.sources))

    def write_table(self, table: Table) -> None:
        """Write one table: title, header, units, rows, then its note and its sources."""
        sheet = self._add_sheet(table.sheet)
        self._write_text(sheet, 0, 0, table.title, self._title)
        position = 0
        widths: list[int] = []
        for index, column in enumerate(table.columns):
            titles = self._list_titles(column)
            for part, title in enumerate(titles):
                self._write_text(sheet, 2, position + part, title, self._header)
                self._write_text(sheet, 3, position + part, column.unit, self._small)
                widths.append(max(10, min(_MOST_WIDE, len(title) + 2)))
            for row, cells in enumerate(table.rows, start=4):
                for part, cell in enumerate(_split_cell(cells[index], column)):
                    self._write_cell(sheet, row, position + part, cell, column)
                    shown = len(cell) + 2 if isinstance(cell, str) else 12
                    widths[position + part] = max(widths[position + part], min(_MOST_WIDE, shown))
            position += len(titles)
        for column_number, width in enumerate(widths):
            sheet.set_column(column_number, column_number, width)
        sheet.freeze_panes(4, 0)
        if table.rows:
            sheet.autofilter(3, 0, 3 + len(table.rows), max(0, position - 1))
        last = 5 + len(table.rows)
        for text in (table.note, table.sources):
            if text:
                self._write_text(sheet, last, 0, text, self._small)
                last += 1

    def write_pictures(self, pictures: Mapping[str, str]) -> None:
        """Write the map and the main charts on one sheet."""
        charts = [c for c in self._report.list_charts() if c.id in _PICTURED]
        if not charts:
            return
        sheet = self._add_sheet(self._pen.say("Map and charts", "Carte et graphiques"))
        row = 0
        for chart in charts:
            self._write_text(sheet, row, 0, chart.title, self._title)
            picture = render_png(pictures[chart.id], scale=1.5)
            options = {
                "image_data": io.BytesIO(picture),
                "x_scale": 0.8,
                "y_scale": 0.8,
                "description": chart.alt,
            }
            sheet.insert_image(row + 1, 0, f"{chart.id}.png", options)
            # Rows are 20 pixels high; the height of a PNG is in its header.
            row += 4 + int(int.from_bytes(picture[20:24], "big") * 0.8 / 20)
            self._write_text(sheet, row - 2, 0, chart.sources, self._small)

    def _list_titles(self, column: Column) -> tuple[str, ...]:
        if column.kind != "interval":
            return (column.title,)
        name = column.title.replace("P10–P90", "").strip()
        low, high = (
            ("P10", "P90") if "P10" in column.title else (self._pen.say("Low", "Bas"), self._pen.say("High", "Haut"))
        )
        return (f"{name} {low}".strip(), f"{name} {high}".strip()) if "P10" in column.title else (low, high)

    def _add_sheet(self, name: str) -> Any:
        clean = re.sub(r"[\[\]:*?/\\']", " ", name)[:28]
        chosen, rank = clean, 2
        while chosen.lower() in self._names:
            chosen, rank = f"{clean} {rank}", rank + 1
        self._names.add(chosen.lower())
        return self._book.add_worksheet(chosen)

    def _find_format(self, kind: str) -> Any:
        if kind not in self._formats:
            extra: dict[str, Any] = {}
            if kind == "quoted":
                extra = {"quote_prefix": True}
            elif kind != "text":
                extra = {"num_format": kind}
            self._formats[kind] = self._book.add_format({**self._font, **extra})
        return self._formats[kind]

    def _write_cell(self, sheet: Any, row: int, column: int, cell: str | float | None, kind: Column) -> None:
        if isinstance(cell, str):
            self._write_text(sheet, row, column, cell)
        elif cell is not None and kind.kind == "share":
            pattern = "0." + "0" * kind.decimals + "%" if isinstance(kind.decimals, int) and kind.decimals else "0%"
            sheet.write_number(row, column, cell, self._find_format(pattern))
        else:
            self._write_number(sheet, row, column, cell, _count_decimals(cell, kind))

    def _write_number(self, sheet: Any, row: int, column: int, value: float | None, decimals: int) -> None:
        if value is None or value != value:
            return
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        sheet.write_number(row, column, value, self._find_format(pattern))

    def _write_text(self, sheet: Any, row: int, column: int, text: str, style: Any = None) -> None:
        if not text:
            return
        if style is None:
            style = self._find_format("quoted" if text.startswith(_DANGEROUS) else "text")
        # A cell of a workbook holds at most 32,767 characters.
        sheet.write_string(row, column, text[:32_767], style)


def _count_decimals(cell: float | None, column: Column) -> int:
    if column.decimals == "exact":
        return compute_decimals(cell)
    return max(0, compute_digits(cell)) if column.decimals is None else column.decimals


def _split_cell(cell: Cell, column: Column) -> Iterable[str | float | None]:
    if column.kind == "interval":
        return cell if isinstance(cell, tuple) else (None, None)
    if isinstance(cell, tuple):
        raise TypeError(f"column '{column.key}' holds an interval")
    return (cell,)
