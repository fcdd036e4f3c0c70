"""Words and numbers in the language of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.core.paginator import Page
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ancrage.language import Text, format_number
from ancrage_web.design import words

register = template.Library()


@register.simple_tag(name="say")
def say_pair(fr: str, en: str, **values: Any) -> str | SafeString:
    """Return one of two sentences; `{name}` in them is replaced by the value of that name, escaped.

    Usage: `{% say "Bonjour {name}" "Hello {name}" name=user.name %}`, or `... as title`.
    """
    text = words.say(Text(en, fr))
    return format_html(text, **values) if values else text


@register.filter(name="said")
def say_text(text: Text | Mapping[str, str] | None) -> str:
    """Return a stored or built text in the language of the page; nothing for None."""
    return "" if text is None else words.say(text)


@register.filter(name="number")
def write_number(value: float | None, decimals: int = 0) -> str:
    """Return a number as the language of the page writes it; an en dash for None."""
    return format_number(None if value is None else float(value), decimals, words.get_site_language())


@register.filter(name="nearby_pages")
def list_nearby_pages(page: Page[Any]) -> list[int | str]:
    """Return the numbers of the pages to offer around one: first, last, neighbours, and an ellipsis between."""
    return list(page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1))
