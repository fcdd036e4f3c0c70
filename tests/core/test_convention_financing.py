"""The financing plan handed in with an application: its groups, its totals, what is missing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ancrage.conventions.financing import build_financing_plan
from ancrage.conventions.project import Expense, Grant
from ancrage.errors import InputError

START = date(2027, 1, 1)
PROJECT = (
    Expense("Works", "works", START, Decimal(300_000)),
    Expense("Desks", "equipment", START, Decimal(60_000)),
    Expense("Kitchen", "works", START, Decimal(40_000)),
)


def build_grant(name: str, origin: Any, asked: int, answer: Any = "asked", obtained: int = 0) -> Grant:
    return Grant(name, origin, Decimal(asked), answer, Decimal(obtained))


def test_two_sides_are_equal_with_what_is_missing_as_a_line() -> None:
    grants = (
        build_grant("Convention", "private", 50_000, "obtained", 50_000),
        build_grant("DETR", "public", 100_000),
        build_grant("Region", "public", 80_000, "refused"),
        build_grant("EPCI", "own", 100_000, "planned"),
    )
    plan = build_financing_plan(PROJECT, grants)
    assert [(g.name.en, g.amount, [row.name for row in g.rows]) for g in plan.expenses] == [
        ("works", 340_000, ["Works", "Kitchen"]),
        ("equipment", 60_000, ["Desks"]),
    ]
    assert [(g.name.en, g.amount, g.share, [row.answer for row in g.rows]) for g in plan.resources] == [
        ("Public aid", 100_000, Decimal("0.25"), ["asked"]),
        ("Private money", 50_000, Decimal("0.125"), ["obtained"]),
        ("Share of the project owner", 100_000, Decimal("0.25"), ["planned"]),
        ("Still to be found", 150_000, Decimal("0.375"), [None]),
    ]
    assert (plan.cost, plan.resources_total, plan.excess, plan.own_share) == (400_000, 400_000, 0, Decimal("0.5"))


def test_too_much_money_is_told_and_not_hidden() -> None:
    plan = build_financing_plan(PROJECT, (build_grant("Region", "public", 420_000),))
    assert (plan.resources_total, plan.excess, plan.own_share) == (420_000, 20_000, 0)


def test_amount_granted_counts_rather_than_the_amount_asked() -> None:
    plan = build_financing_plan(PROJECT, (build_grant("Company", "private", 400_000, "obtained", 300_000),))
    assert [(g.amount, g.name.fr) for g in plan.resources] == [
        (300_000, "Financements privés"),
        (100_000, "Reste à trouver"),
    ]
    assert plan.own_share is None


def test_project_that_costs_nothing_has_no_plan() -> None:
    with pytest.raises(InputError):
        build_financing_plan((), (build_grant("EPCI", "own", 1),))
