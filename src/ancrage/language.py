"""Texts in the two languages of the project, side by side so that neither can be forgotten."""

from __future__ import annotations

from dataclasses import dataclass
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
