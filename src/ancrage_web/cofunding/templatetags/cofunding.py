"""What the templates of co-funding plans share."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import template
from django.urls import reverse

from ancrage.language import format_money, format_number
from ancrage_web.design.words import get_site_language

register = template.Library()


@register.simple_tag(takes_context=True)
def address(context: dict[str, Any], name: str, **keys: Any) -> str:
    """Return the address of a page of the organisation that the person acts for."""
    return reverse(name, kwargs={"organisation": context["actor"].organisation.slug, **keys})


@register.filter(name="money")
def write_money(amount: Decimal | None) -> str:
    """Return an amount of euros to the cent, as the language of the page writes it; a dash for None."""
    return "—" if amount is None else format_money(Decimal(amount), get_site_language())


@register.filter(name="percent")
def write_percent(share: Decimal | float | None) -> str:
    """Return a share (0..1) in percent, with a decimal only where there is one; a dash for None."""
    if share is None:
        return "—"
    language = get_site_language()
    written = format_number(100 * float(share), 1, language)
    return written.removesuffix(",0").removesuffix(".0") + ("\u00a0%" if language == "fr" else "%")
