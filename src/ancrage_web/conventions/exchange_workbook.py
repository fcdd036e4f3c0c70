"""Writing of the spreadsheets of a convention: the template, its example and the export share one form."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from ancrage.language import Language, Text
from ancrage_web.conventions.exchange_columns import Column, Sheet
from ancrage_web.conventions.exchange_sheets import HISTORY, READ_ME, SHEETS

# Rows that carry the lists of choices and the formats, beyond those that are filled.
_READY = 500
_YES_NO = {True: Text("yes", "oui"), False: Text("no", "non")}
_WIDTHS = {"long": 48, "text": 26, "choice": 26, "communes": 48, "any": 32}
# What makes a spreadsheet program compute a cell instead of showing it.
_ACTIVE = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Table:
    """A table for people only: its headers and its rows."""

    headers: tuple[Text, ...]
    rows: Sequence[Sequence[Any]]


def write_workbook(
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    language: Language,
    *,
    read_me: Sequence[Text],
    tables: Mapping[str, Table] | None = None,
) -> bytes:
    """Return an XLSX of every sheet, filled with `rows`.

    Parameters
    ----------
    rows : by key of a sheet, rows by key of a column; the sheet of the convention has one row.
    tables : by key of `HISTORY`, tables that an import leaves alone.
    """
    import xlsxwriter

    stream = io.BytesIO()
    # Text stays text: nothing is turned into a formula, a link or a number.
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "dd/mm/yyyy",
    }
    with xlsxwriter.Workbook(stream, options) as book:
        formats = {
            "head": book.add_format({"bold": True, "bg_color": "#DCE8EA", "border": 1, "text_wrap": True}),
            "needed": book.add_format({"bold": True, "bg_color": "#F3D9B8", "border": 1, "text_wrap": True}),
            "money": book.add_format({"num_format": "#,##0.00"}),
            "date": book.add_format({"num_format": "dd/mm/yyyy"}),
            "text": book.add_format({"num_format": "@"}),
            "wrap": book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"}),
            "soft": book.add_format({"font_color": "#52606B", "text_wrap": True, "valign": "top"}),
            "title": book.add_format({"bold": True, "font_size": 14}),
        }
        about = book.add_worksheet(READ_ME.render(language))
        _write_about(about, read_me, language, formats)
        lists = _Lists(language)
        for sheet in SHEETS:
            opened = book.add_worksheet(sheet.name.render(language))
            filled = rows.get(sheet.key, ())
            if sheet.upright:
                _write_upright(opened, sheet, filled[0] if filled else {}, language, formats, lists)
            else:
                _write_rows(opened, sheet, filled, language, formats, lists)
        for key, table in (tables or {}).items():
            _write_table(book.add_worksheet(HISTORY[key].render(language)), table, language, formats)
        _write_lists(book.add_worksheet(lists.name), lists)
    return stream.getvalue()


class _Lists:
    """Lists of choices, on a sheet of their own: a list inside a rule is limited to 255 characters."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.name = Text("Lists", "Listes").render(language)
        self.columns: list[list[str]] = []

    def add(self, column: Column) -> str:
        """Return where the choices of a column stand."""
        names = [name.render(self.language) for name in (column.choices or _YES_NO).values()]
        if names not in self.columns:
            self.columns.append(names)
        place = self.columns.index(names)
        letter = _name_column(place)
        return f"={self.name}!${letter}$1:${letter}${len(names)}"


def _write_lists(opened: Any, lists: _Lists) -> None:
    for place, names in enumerate(lists.columns):
        for row, name in enumerate(names):
            opened.write_string(row, place, name)
        opened.set_column(place, place, 36)


def _write_about(opened: Any, read_me: Sequence[Text], language: Language, formats: Mapping[str, Any]) -> None:
    opened.set_column(0, 0, 28)
    opened.set_column(1, 1, 100)
    line = 0
    for rank, text in enumerate(read_me):
        opened.write_string(line, 0, text.render(language), formats["title"] if rank == 0 else None)
        line += 1
    line += 1
    for sheet in SHEETS:
        opened.write_string(line, 0, sheet.name.render(language))
        opened.write_string(line, 1, sheet.about.render(language))
        line += 1


def _write_upright(
    opened: Any,
    sheet: Sheet,
    values: Mapping[str, Any],
    language: Language,
    formats: Mapping[str, Any],
    lists: _Lists,
) -> None:
    heads = (Text("Field", "Champ"), Text("Value", "Valeur"), Text("Note", "Note"))
    for place, head in enumerate(heads):
        opened.write_string(0, place, head.render(language), formats["head"])
    opened.set_column(0, 0, 42)
    opened.set_column(1, 1, 48)
    opened.set_column(2, 2, 60)
    opened.freeze_panes(1, 1)
    for row, column in enumerate(sheet.columns, start=1):
        opened.write_string(row, 0, column.header.render(language), formats["needed" if column.needed else "head"])
        _write_cell(opened, row, 1, column, values.get(column.key), language, formats)
        _add_rule(opened, row, row, 1, column, lists)
        opened.write_string(row, 2, describe(column, language), formats["soft"])


def _write_rows(
    opened: Any,
    sheet: Sheet,
    rows: Sequence[Mapping[str, Any]],
    language: Language,
    formats: Mapping[str, Any],
    lists: _Lists,
) -> None:
    opened.freeze_panes(1, 1)
    last = len(rows) + _READY
    for place, column in enumerate(sheet.columns):
        opened.write_string(0, place, column.header.render(language), formats["needed" if column.needed else "head"])
        opened.write_comment(0, place, describe(column, language), {"x_scale": 2})
        opened.set_column(place, place, _WIDTHS.get(column.format, 16), _choose_format(column, formats))
        _add_rule(opened, 1, last, place, column, lists)
    for row, values in enumerate(rows, start=1):
        for place, column in enumerate(sheet.columns):
            _write_cell(opened, row, place, column, values.get(column.key), language, formats)


def _write_table(opened: Any, table: Table, language: Language, formats: Mapping[str, Any]) -> None:
    for place, head in enumerate(table.headers):
        opened.write_string(0, place, head.render(language), formats["head"])
        opened.set_column(place, place, 26)
    opened.freeze_panes(1, 0)
    for row, values in enumerate(table.rows, start=1):
        for place, value in enumerate(values):
            if isinstance(value, Text):
                value = value.render(language)
            if isinstance(value, date):
                opened.write_datetime(row, place, value, formats["date"])
            elif isinstance(value, Decimal | int | float):
                opened.write_number(row, place, value)
            elif value not in (None, ""):
                opened.write_string(row, place, neutralise(str(value)), formats["wrap"])


def describe(column: Column, language: Language) -> str:
    """Return what a column waits for, in one sentence."""
    waits: dict[str, Text] = {
        "date": Text("date", "date"),
        "money": Text("amount, to the cent", "montant, au centime"),
        "decimal": Text("number", "nombre"),
        "whole": Text("whole number", "nombre entier"),
        "yes_no": Text("yes or no", "oui ou non"),
        "choice": Text("from the list", "à choisir dans la liste"),
        "siren": Text("nine digits", "neuf chiffres"),
        "siret": Text("9 or 14 digits", "9 ou 14 chiffres"),
        "any": Text("the value", "la valeur"),
    }
    parts = [Text("needed", "obligatoire")] if column.needed else [Text("optional", "facultatif")]
    parts += [waits[column.format]] if column.format in waits else []
    parts += [column.note] if column.note.en else []
    return "; ".join(part.en for part in parts) if language == "en" else " ; ".join(part.fr for part in parts)


def neutralise(text: str) -> str:
    """Return a text that no spreadsheet program computes: an apostrophe stands before what would start a formula.

    An import takes it off again (`restore`), so that an export comes back as it was.
    """
    return f"'{text}" if text.startswith((*_ACTIVE, "'")) else text


def restore(text: str) -> str:
    """Return a text without the apostrophe that `neutralise` put before it."""
    return text[1:] if text.startswith(tuple(f"'{mark}" for mark in (*_ACTIVE, "'"))) else text


def _name_column(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else _name_column(place // 26 - 1) + _name_column(place % 26)


def _choose_format(column: Column, formats: Mapping[str, Any]) -> Any:
    if column.format in ("money", "date"):
        return formats[column.format]
    return formats["text"] if column.format in ("text", "siren", "siret", "commune", "communes", "long") else None


def _add_rule(opened: Any, first: int, last: int, place: int, column: Column, lists: _Lists) -> None:
    if column.choices or column.format == "yes_no":
        opened.data_validation(first, place, last, place, {"validate": "list", "source": lists.add(column)})


def _write_cell(
    opened: Any, row: int, place: int, column: Column, value: Any, language: Language, formats: Mapping[str, Any]
) -> None:
    cell_format = _choose_format(column, formats)
    if value is None or value == "":
        opened.write_blank(row, place, None, cell_format)
    elif column.format == "any" and isinstance(value, bool):
        opened.write_string(row, place, _YES_NO[value].render(language))
    elif column.format == "any" and isinstance(value, Decimal | int):
        opened.write_number(row, place, value, formats["money"] if isinstance(value, Decimal) else None)
    elif column.format == "date" or isinstance(value, date):
        opened.write_datetime(row, place, value, formats["date"])
    elif column.format in ("money", "decimal", "whole"):
        opened.write_number(row, place, value, cell_format)
    elif column.format == "yes_no":
        opened.write_string(row, place, _YES_NO[value].render(language))
    elif column.choices:
        opened.write_string(row, place, column.choices[value].render(language))
    elif column.format == "communes":
        opened.write_string(row, place, " ".join(value), cell_format)
    else:
        opened.write_string(row, place, neutralise(str(value)), cell_format)
