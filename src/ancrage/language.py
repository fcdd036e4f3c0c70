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
