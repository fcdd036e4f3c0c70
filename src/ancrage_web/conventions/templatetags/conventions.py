"""What the templates of the conventions share."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import template

from ancrage.language import Text, format_money
from ancrage_web.conventions.access import Access
from ancrage_web.design.words import get_site_language

register = template.Library()

# Pages of a convention, in the order of its second navigation: route, name.
TABS: tuple[tuple[str, Text], ...] = ()


@register.inclusion_tag("conventions/parts/convention_nav.html")
def convention_nav(access: Access, current: str) -> dict[str, Any]:
    """Write the navigation between the pages of a convention; `current` is the route of the page shown."""
    return {"access": access, "tabs": TABS, "current": current}


@register.filter(name="money")
def write_money(amount: Decimal | None) -> str:
    """Return an amount of euros to the cent, as the language of the page writes it; a dash for None."""
    return "—" if amount is None else format_money(Decimal(amount), get_site_language())
