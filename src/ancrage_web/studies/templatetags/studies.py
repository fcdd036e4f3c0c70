"""Addresses of the pages of an organisation, written short in templates."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

register = template.Library()


@register.simple_tag(takes_context=True)
def address(context: dict[str, Any], name: str, **keys: Any) -> str:
    """Return the address of a page of the organisation that the person acts for.

    Usage: `{% address "study" study=study.id %}`.
    """
    return reverse(name, kwargs={"organisation": context["actor"].organisation.slug, **keys})


@register.filter
def get(mapping: dict[str, Any], key: str) -> Any:
    """Return the value of a key, or nothing."""
    return mapping.get(key, "")
