"""The words of the interface in the language of the request: French and English side by side, as in the library."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import lazy
from django.utils.translation import get_language

from ancrage.language import Language, Text


def get_site_language() -> Language:
    """Return the language of the page being made."""
    return "en" if (get_language() or "").startswith("en") else "fr"


def say(text: Text | Mapping[str, str]) -> str:
    """Return a text, or the stored form {"fr": ..., "en": ...} of one, in the language of the page."""
    language = get_site_language()
    return text.render(language) if isinstance(text, Text) else text[language]


def pack(text: Text) -> dict[str, str]:
    """Return the stored form of a text."""
    return {"fr": text.fr, "en": text.en}


say_later = lazy(say, str)
"""The text of a label made once (of a form field), in the language of each page that shows it."""
