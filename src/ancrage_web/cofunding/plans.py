"""From stored rows to the rules of the library: the plan of a project, its cash, the business plan of its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from ancrage.conventions import project as rules
from ancrage.conventions.business import BusinessPlan, build_business_plan
from ancrage.errors import AncrageError, InputError
from ancrage.language import Text
from ancrage_web.cofunding.models import Expense, Programme, Project, Source

if TYPE_CHECKING:
    from ancrage.conventions.cofunding import Origin
    from ancrage.parameters import Parameters

# Assumptions of the business plan that a project may replace, in the order of the form.
ASSUMPTIONS = ("price_day", "weeks_per_year", "occupancy_y1", "occupancy_y2", "occupancy_y3")
MOST_YEARS = 15
SHARES = ("occupancy_y1", "occupancy_y2", "occupancy_y3")


@dataclass(frozen=True)
class Checked:
    """What the pages show of a project.

    Attributes
    ----------
    plan : None while the facts cannot be checked; then `problem` says why.
    flow : by quarter; lowest : the quarter with the lowest balance, None when nothing has to be advanced.
    unplaced : sources that are expected and whose payments are not all placed in time, with what is missing [EUR].
    """

    plan: rules.Plan | None
    problem: Text | None
    flow: tuple[rules.Quarter, ...] = ()
    lowest: rules.Quarter | None = None
    unplaced: tuple[tuple[str, Decimal], ...] = ()


@cache
def load_coefficients() -> Parameters:
    """Return the coefficients of the library, read once by process."""
    from ancrage.parameters import load_parameters

    return load_parameters()


def build_expenses(rows: Sequence[Expense]) -> tuple[rules.Expense, ...]:
    """Return the expenses of a project as the rules read them."""
    return tuple(rules.Expense(r.label, cast(rules.Nature, r.nature), r.quarter, r.amount) for r in rows)


def build_grants(rows: Sequence[Source]) -> tuple[rules.Grant, ...]:
    """Return the sources of a project as the rules read them."""
    return tuple(
        rules.Grant(
            r.name,
            cast("Origin", r.origin),
            r.asked,
            cast(rules.Answer, r.answer),
            r.obtained,
            r.rate_max,
            r.ceiling,
            r.investment_only,
            read_payments(r.payments),
            r.detr,
        )
        for r in rows
    )


def read_payments(stored: Sequence[Sequence[str]]) -> tuple[tuple[date, Decimal], ...]:
    """Return the payments of a source: first day of the quarter, share (0..1)."""
    return tuple((date.fromisoformat(day), Decimal(share)) for day, share in stored)


def check_plan(project: Project, expenses: Sequence[Expense], sources: Sequence[Source]) -> Checked:
    """Check the plan of a project; what cannot be checked is said, not raised."""
    spent, grants = build_expenses(expenses), build_grants(sources)
    try:
        plan = rules.check_project(spent, grants, load_coefficients(), lead_authority=project.lead_authority)
    except InputError as error:
        return Checked(None, error.text)
    flow = rules.compute_cash_flow(spent, grants)
    worst = min(flow, key=lambda quarter: quarter.balance, default=None)
    unplaced = tuple(
        (g.name, left)
        for g in grants
        if g.origin != "own" and (left := g.expected * (1 - sum((s for _, s in g.paid_on), Decimal(0)))) > 0
    )
    return Checked(plan, None, flow, worst if worst is not None and worst.balance < 0 else None, unplaced)


@dataclass(frozen=True)
class Assumption:
    """A coefficient of the business plan: its letter S, D or A, its default, and what this project puts instead."""

    name: str
    label: Text
    letter: str
    value: float
    default: float
    is_share: bool

    @property
    def changed(self) -> bool:
        """Whether this project replaces it."""
        return self.value != self.default


def list_assumptions(business: Mapping[str, Any]) -> tuple[Assumption, ...]:
    """Return the assumptions of the business plan of a place."""
    parameters = load_coefficients()
    given = business.get("coefficients", {})
    found = []
    for name in ASSUMPTIONS:
        coefficient = parameters.get(name)
        found.append(
            Assumption(
                name,
                coefficient.label,
                coefficient.letter,
                float(given.get(name, coefficient.value)),
                coefficient.value,
                name in SHARES,
            )
        )
    return tuple(found)


def build_business(business: Mapping[str, Any]) -> BusinessPlan | None:
    """Return the business plan of the place of a project, None where none is described.

    Raises
    ------
    InputError
        If an assumption is out of its bounds or an amount negative.
    """
    if not business.get("desks"):
        return None
    parameters = load_coefficients()
    try:
        given = {name: float(value) for name, value in business.get("coefficients", {}).items()}
        parameters = parameters.with_overrides(given) if given else parameters
    except AncrageError as error:
        raise InputError(error.text.en, error.text.fr) from error
    return build_business_plan(
        int(business["desks"]),
        Decimal(business.get("yearly_cost", "0")),
        parameters,
        subsidies=[Decimal(amount) for amount in business.get("subsidies", [])],
        other_income=Decimal(business.get("other_income", "0")),
        years=int(business.get("years", 5)),
    )


def build_source_of(programme: Programme) -> dict[str, Any]:
    """Return the fields of a source that asks a programme for money, its amount still to be given."""
    kind = "detr" if programme.detr else "other_private" if programme.origin == "private" else "other_public"
    return {
        "name": programme.name[:160],
        "kind": kind,
        "asked": Decimal(0),
        "answer": "planned",
        "obtained": Decimal(0),
        "rate_max": programme.rate_max,
        "ceiling": programme.ceiling,
        "investment_only": programme.investment_only,
        "payments": [],
        "programme": programme,
    }
