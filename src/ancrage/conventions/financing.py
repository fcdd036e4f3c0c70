"""The financing plan handed in with an application for a grant: expenses on one side, resources on the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from ancrage.conventions.project import NATURE_NAMES, Answer, Expense, Grant
from ancrage.errors import InputError
from ancrage.language import Text

Part: TypeAlias = Literal["public", "private", "own", "missing"]

PART_NAMES: dict[Part, Text] = {
    "public": Text("Public aid", "Aides publiques"),
    "private": Text("Private money", "Financements privés"),
    "own": Text("Share of the project owner", "Autofinancement du maître d'ouvrage"),
    "missing": Text("Still to be found", "Reste à trouver"),
}
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Row:
    """One line of the plan.

    Attributes
    ----------
    amount : excluding tax [EUR]; share : of the cost of the project (0..1).
    answer : what the funder said, None for an expense and for what is missing.
    """

    name: str
    amount: Decimal
    share: Decimal
    answer: Answer | None = None


@dataclass(frozen=True)
class Group:
    """Lines of one nature of expense, or of one kind of resource, with their total [EUR] and its share (0..1)."""

    name: Text
    rows: tuple[Row, ...]
    amount: Decimal
    share: Decimal


@dataclass(frozen=True)
class FinancingPlan:
    """A financing plan, whose two sides are equal unless resources exceed the expenses.

    Attributes
    ----------
    cost : total of the expenses; resources_total : total of the other side, what is missing included [EUR].
    excess : resources above the cost, which must be taken away before the plan is handed in [EUR].
    own_share : own money over all public money, own included (0..1), None when there is none.
    """

    expenses: tuple[Group, ...]
    resources: tuple[Group, ...]
    cost: Decimal
    resources_total: Decimal
    excess: Decimal
    own_share: Decimal | None


def build_financing_plan(expenses: Sequence[Expense], grants: Sequence[Grant]) -> FinancingPlan:
    """Return the plan of a project in the usual shape: by nature on one side, by origin of the money on the other.

    What was refused is left out. What nobody brings yet is a line of its own, so that both sides are equal.

    Raises
    ------
    InputError
        If there is no expense, or their total is zero.
    """
    cost = sum((e.amount for e in expenses), _ZERO)
    if cost <= 0:
        raise InputError(
            "The project costs nothing: add an expense with an amount.",
            "Le projet ne coûte rien : ajoutez une dépense avec un montant.",
        )

    def build_group(name: Text, lines: Iterable[tuple[str, Decimal, Answer | None]]) -> Group | None:
        rows = tuple(Row(label, amount, amount / cost, answer) for label, amount, answer in lines)
        total = sum((row.amount for row in rows), _ZERO)
        return Group(name, rows, total, total / cost) if rows else None

    spent = [
        build_group(name, [(e.label, e.amount, None) for e in expenses if e.nature == nature])
        for nature, name in NATURE_NAMES.items()
    ]
    kept = [grant for grant in grants if grant.expected > 0]
    brought = [
        build_group(PART_NAMES[part], [(g.name, g.expected, g.answer) for g in kept if g.origin == part])
        for part in ("public", "private", "own")
    ]
    gap = cost - sum((g.expected for g in kept), _ZERO)
    if gap > 0:
        brought.append(build_group(PART_NAMES["missing"], [("", gap, None)]))
    own = sum((g.expected for g in kept if g.origin == "own"), _ZERO)
    public = own + sum((g.expected for g in kept if g.origin == "public"), _ZERO)
    return FinancingPlan(
        expenses=tuple(group for group in spent if group is not None),
        resources=tuple(group for group in brought if group is not None),
        cost=cost,
        resources_total=max(cost, cost - gap),
        excess=max(-gap, _ZERO),
        own_share=own / public if public else None,
    )
