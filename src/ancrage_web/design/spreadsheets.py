"""Tables of text (CSV) that a spreadsheet opens in the language of their reader."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from ancrage.language import Language

# At the start of a file: tells spreadsheets that its accents are UTF-8.
MARK = "\ufeff"
# A text that begins so is run as a formula by spreadsheets.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_rows(rows: Iterable[Iterable[str | float | None]], language: Language) -> str:
    """Return rows as CSV: semicolons and decimal commas in French; a text that would be a formula starts with a quote.

    A file is `MARK` and its rows; the rows of a long file are written by parts.
    """
    held = io.StringIO()
    writer = csv.writer(held, delimiter=";" if language == "fr" else ",", lineterminator="\r\n")
    writer.writerows([_write_cell(cell, language) for cell in row] for row in rows)
    return held.getvalue()


def _write_cell(cell: str | float | None, language: Language) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        # Codes stay texts, their first zero included.
        return f"'{cell}" if cell.startswith(_FORMULA) else cell
    written = repr(round(cell, 6)).removesuffix(".0")
    return written.replace(".", ",") if language == "fr" else written
