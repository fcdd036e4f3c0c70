"""What the templates of the conventions share."""

from __future__ import annotations

from typing import Any

from django import template

from ancrage.language import Text
from ancrage_web.conventions.access import Access

register = template.Library()

# Pages of a convention, in the order of its second navigation: route, name.
TABS: tuple[tuple[str, Text], ...] = ()


@register.inclusion_tag("conventions/parts/convention_nav.html")
def convention_nav(access: Access, current: str) -> dict[str, Any]:
    """Write the navigation between the pages of a convention; `current` is the route of the page shown."""
    return {"access": access, "tabs": TABS, "current": current}
