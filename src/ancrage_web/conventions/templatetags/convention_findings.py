"""How findings of the rules are written."""

from __future__ import annotations

from django import template

from ancrage.conventions.model import LEVEL_NAMES, Level, Line
from ancrage.language import Text
from ancrage_web.conventions.writing import write_amount

register = template.Library()

# A sign beside the word, so that the colour never speaks alone.
_SIGNS: dict[str, str] = {"ok": "✓", "warning": "!", "error": "✕", "human": "?"}
_BADGES: dict[str, str] = {"ok": "badge-good", "warning": "badge-warn", "error": "badge-bad", "human": "badge-info"}


@register.filter
def level_sign(level: str) -> str:
    """Return the sign of a level."""
    return _SIGNS[level]


@register.filter
def level_badge(level: str) -> str:
    """Return the class of the badge of a level."""
    return _BADGES[level]


@register.filter
def level_name(level: Level) -> Text:
    """Return the name of a level."""
    return LEVEL_NAMES[level]


@register.filter
def line_value(line: Line) -> str:
    """Return the value of a line of a computation, with its unit."""
    return write_amount(line.value, line.unit)
