"""What the text of a convention says, today and at any day of its chain of amendments; pure on the values given."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from ancrage.conventions.check import check_convention
from ancrage.conventions.model import Finding
from ancrage.parameters import Parameters
from ancrage_web.conventions.facts import build_facts
from ancrage_web.conventions.models import Action, Basin, Committee, Convention
from ancrage_web.conventions.rules import ACTION_FIELDS, CONTRACTUAL, pack_value

# Rules that an amendment may not break: framework, duration, number of jobs, least contribution, agreement.
CHECKED = frozenset({"R5", "R6", "R7", "R8", "R10", "R14", "R16"})
BLOCKING = frozenset({"R5", "R6", "R8", "R16"})


class Superseding(Protocol):
    """An amendment, as far as the chain reads it."""

    @property
    def number(self) -> int:
        """1, 2, 3... in the convention."""

    @property
    def effective_on(self) -> date:
        """First day of what it says."""

    @property
    def changes(self) -> Mapping[str, Sequence[Any]]:
        """{field: [before, after]}, packed."""


@dataclass(frozen=True)
class Terms:
    """The convention, its basins and its actions with the values of an amendment, never saved."""

    convention: Convention
    basins: list[Basin]
    actions: list[Action]


def build_terms(convention: Convention, basins: Iterable[Basin], actions: Iterable[Action]) -> dict[str, Any]:
    """Return what the text says now, by field, as an amendment stores it.

    Returns
    -------
    Fields of `rules.CONTRACTUAL`, "basins" (list of {"name", "communes"}), and "action:ID:FIELD" for each action.
    """
    terms = {name: pack_value(getattr(convention, name)) for name in CONTRACTUAL}
    terms["basins"] = pack_basins(basins)
    for action in actions:
        for field in ACTION_FIELDS:
            terms[f"action:{action.pk}:{field}"] = pack_value(getattr(action, field))
    return terms


def pack_basins(basins: Iterable[Basin]) -> list[dict[str, Any]]:
    """Return basins as an amendment stores them, in the order of names."""
    return [
        {"name": basin.name, "communes": list(basin.communes)} for basin in sorted(basins, key=lambda basin: basin.name)
    ]


def compute_terms(current: Mapping[str, Any], amendments: Iterable[Superseding], on: date) -> dict[str, Any]:
    """Return what the convention said at a day, by field.

    A field starts from what it was before the first amendment of it; each amendment in effect at that day then
    supersedes it, in the order of their numbers: of two in effect, the later signed prevails.

    Parameters
    ----------
    current : what it says after every amendment (`build_terms`).
    """
    chain = sorted(amendments, key=lambda amendment: amendment.number)
    terms = dict(current)
    for amendment in reversed(chain):
        for field, (before, _) in amendment.changes.items():
            terms[field] = before
    for amendment in chain:
        if amendment.effective_on <= on:
            for field, (_, after) in amendment.changes.items():
                terms[field] = after
    return terms


def apply_changes(
    convention: Convention, basins: Iterable[Basin], actions: Iterable[Action], changes: Mapping[str, Any]
) -> Terms:
    """Return copies with new values (`changes`: values of the model, by field); what was given is left as it is."""
    changed = copy.copy(convention)
    rows = [copy.copy(action) for action in actions]
    by_key = {str(action.pk): action for action in rows}
    kept = list(basins)
    for name, value in changes.items():
        if name == "basins":
            kept = [Basin(convention=changed, name=row["name"], communes=row["communes"]) for row in value]
        elif name.startswith("action:"):
            _, key, field = name.split(":")
            setattr(by_key[key], field, value)
        else:
            setattr(changed, name, value)
    return Terms(changed, kept, rows)


def check_terms(terms: Terms, committees: Iterable[Committee], on: date, parameters: Parameters) -> tuple[Finding, ...]:
    """Return what the rules of the text say of it, in the order of `check_convention`.

    Raises
    ------
    InputError, ParameterError
        For facts that contradict each other, or a day outside the known periods.
    """
    facts = build_facts(terms.convention, actions=terms.actions, committees=committees, basins=terms.basins)
    return tuple(finding for finding in check_convention(facts, on, parameters) if finding.rule.id in CHECKED)


def list_refusals(before: Iterable[Finding], after: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the errors of duration and amount that an amendment brings; one that was there already is left."""
    known = {(finding.rule.id, finding.says.en) for finding in before if finding.level == "error"}
    return tuple(
        finding
        for finding in after
        if finding.level == "error" and finding.rule.id in BLOCKING and (finding.rule.id, finding.says.en) not in known
    )
