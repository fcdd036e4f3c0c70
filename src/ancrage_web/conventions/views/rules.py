"""What every rule says of a convention."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from ancrage.conventions.model import LEVEL_NAMES, Level
from ancrage.errors import AncrageError
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.queries.life import check_rules
from ancrage_web.conventions.rules import SIGNED
from ancrage_web.design.words import say

# Where what a rule reads is changed, by subject or rule; before the signature, and after it when that differs.
_PAGES: dict[str, tuple[str, str]] = {
    "R6": ("convention-facts", "convention-amendments"),
    "R7": ("convention-facts", "convention-amendments"),
    "R8": ("convention-facts", "convention-amendments"),
    "R10": ("convention-facts", "convention-amendments"),
    "R11": ("convention-actions", "convention-actions"),
    "R12": ("convention-actions", "convention-actions"),
    "R13": ("convention-actions", "convention-actions"),
    "basins": ("convention-parties", "convention-amendments"),
    "actions": ("convention-actions", "convention-amendments"),
    "R14": ("convention-facts", "convention-amendments"),
    "R15": ("convention-committees", "convention-committees"),
}
_FACTS = ("convention-facts", "convention-facts")


@require_safe
@convention_view("read")
def show_rules(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the findings, the worst first, with their computation and what to do."""
    problem, rows = "", []
    counts: dict[Level, int] = {"error": 0, "human": 0, "warning": 0, "ok": 0}
    try:
        for finding in check_rules(access.convention, timezone.localdate()):
            counts[finding.level] += 1
            rows.append({"finding": finding, "address": _find_page(access, finding.about or finding.rule.id)})
    except AncrageError as error:
        problem = say(error.text)
    return render(
        request,
        "conventions/convention_rules.html",
        {
            "access": access,
            "convention": access.convention,
            "rows": rows,
            "counts": [(level, LEVEL_NAMES[level], count) for level, count in counts.items() if count],
            "problem": problem,
        },
    )


def _find_page(access: Access, about: str) -> str:
    keys: tuple[Any, ...] = (access.actor.organisation.slug, access.convention.pk)
    try:
        return reverse(_PAGES.get(about, _FACTS)[access.convention.status in SIGNED], args=keys)
    except NoReverseMatch:
        return ""
