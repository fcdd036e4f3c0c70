"""Texts in the two languages of the project, side by side so that neither can be forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")
DEFAULT_LANGUAGE: Language = "fr"


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence or a label in English and in French."""

    en: str
    fr: str

    def render(self, language: Language) -> str:
        """Return the text in `language`."""
        return self.fr if language == "fr" else self.en


def format_number(value: float | None, decimals: int, language: Language) -> str:
    """Return `value` written for a reader: 1 234,5 in French (narrow no-break space), 1,234.5 in English.

    A missing value is an en dash; a value that rounds to zero never shows a minus sign; a true minus sign
    (U+2212) is used for negative values.
    """
    if value is None or value != value:
        return "–"
    if value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else "−∞"
    written = f"{abs(value):,.{decimals}f}"
    sign = "−" if value < 0 and any(c in "123456789" for c in written) else ""
    if language == "fr":
        written = written.replace(",", "\u202f").replace(".", ",")
    return sign + written


# fmt: off
_MONTHS: dict[Language, tuple[str, ...]] = {
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin",
        "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}
# fmt: on


def format_date(day: date, language: Language) -> str:
    """Return a date in words: "1er juillet 2026", "1 July 2026"."""
    number = "1er" if day.day == 1 and language == "fr" else str(day.day)
    return f"{number} {_MONTHS[language][day.month - 1]} {day.year}"


def format_money(amount: Decimal, language: Language) -> str:
    """Return an amount of euros to the cent: "1 234,50 €" (no-break spaces), "€1,234.50"."""
    written = f"{abs(amount):,.2f}"
    sign = "−" if amount < 0 else ""
    if language == "fr":
        return f"{sign}{written.replace(',', chr(0x202F)).replace('.', ',')}\u00a0€"
    return f"{sign}€{written}"
