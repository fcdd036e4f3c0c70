"""The words of the interface: texts said when a schema is made, and the language a program asks for."""

from __future__ import annotations

from django.utils.translation.trans_real import parse_accept_lang_header

from ancrage.language import DEFAULT_LANGUAGE, Language, Text
from ancrage_web.design.words import say_later


def describe(en: str, fr: str) -> str:
    """Return a text that is put in the language of the moment when it is read (as gettext_lazy does)."""
    return say_later(Text(en, fr))


def choose_language(header: str) -> Language:
    """Return the language asked by an Accept-Language header; French without one."""
    for code, _ in parse_accept_lang_header(header.lower()[:500]):
        if code.split("-")[0] in ("fr", "en"):
            return "fr" if code.startswith("fr") else "en"
    return DEFAULT_LANGUAGE
