"""What the rules say of a convention as it is stored."""

from __future__ import annotations

from datetime import date

from ancrage.conventions.check import check_convention
from ancrage.conventions.model import Finding
from ancrage_web.conventions.facts import build_facts
from ancrage_web.conventions.models import Action, Basin, Committee, Convention
from ancrage_web.conventions.rules import get_parameters

_ORDER = {"error": 0, "human": 1, "warning": 2, "ok": 3}


def check_rules(convention: Convention, on: date) -> tuple[Finding, ...]:
    """Return every finding on a convention, the worst first; three queries.

    Raises
    ------
    InputError, ParameterError
        For facts that contradict each other, or a day outside the known periods.
    """
    facts = build_facts(
        convention,
        actions=Action.objects.filter(convention=convention),
        committees=Committee.objects.filter(convention=convention),
        basins=Basin.objects.filter(convention=convention),
    )
    return tuple(sorted(check_convention(facts, on, get_parameters()), key=lambda finding: _ORDER[finding.level]))
