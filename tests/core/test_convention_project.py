"""Co-funding plan of a project: what each source may bring, what is missing, when the money comes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ancrage.conventions.project import Expense, Grant, check_project, compute_cash_flow, get_quarter
from ancrage.errors import InputError
from ancrage.parameters import load_parameters

PARAMETERS = load_parameters()
WORKS = Expense("Works", "works", date(2027, 1, 1), Decimal(300_000))
DESKS = Expense("Desks", "equipment", date(2027, 4, 1), Decimal(60_000))
STAFF = Expense("Facilitator", "staff", date(2027, 7, 1), Decimal(40_000))
PROJECT = (WORKS, DESKS, STAFF)


def build_grant(name: str, origin: Any, asked: int, **fields: Any) -> Grant:
    return Grant(name, origin, Decimal(asked), **fields)


def test_plan_covered_by_what_was_obtained_has_no_gap() -> None:
    grants = (
        build_grant("Convention", "private", 50_000, answer="obtained", obtained=Decimal(50_000)),
        build_grant("Region", "public", 200_000, answer="obtained", obtained=Decimal(180_000)),
        build_grant("EPCI", "own", 170_000),
    )
    plan = check_project(PROJECT, grants, PARAMETERS)
    assert (plan.cost, plan.expected, plan.gap, plan.certain_gap) == (400_000, 400_000, 0, 0)
    assert [finding.level for finding in plan.findings] == ["ok"]
    assert plan.limits == ()


def test_refused_grant_is_counted_nowhere() -> None:
    grants = (build_grant("Region", "public", 200_000, answer="refused"), build_grant("EPCI", "own", 100_000))
    plan = check_project(PROJECT, grants, PARAMETERS)
    assert (plan.expected, plan.gap) == (100_000, 300_000)
    assert dict(plan.legal) == {"Region": 0, "EPCI": 400_000}


def test_grant_only_asked_is_expected_and_not_certain() -> None:
    grants = (build_grant("Region", "public", 200_000, answer="asked"), build_grant("EPCI", "own", 100_000))
    plan = check_project(PROJECT, grants, PARAMETERS)
    assert (plan.gap, plan.certain_gap) == (100_000, 300_000)


def test_rate_and_ceiling_of_a_source_are_on_what_it_may_pay() -> None:
    # 360,000 of investment: 50 % is 180,000, under the ceiling of 200,000.
    grants = (
        build_grant("DSIL", "public", 200_000, investment_only=True, rate_max=Decimal("0.5"), ceiling=Decimal(200_000)),
        build_grant("EPCI", "own", 200_000),
    )
    (limit,) = check_project(PROJECT, grants, PARAMETERS).limits
    assert (limit.name, limit.allowed) == ("DSIL", 180_000)
    assert "€180,000.00" in limit.reason.en


def test_private_revitalisation_money_lowers_the_base_of_the_own_share() -> None:
    grants = (
        build_grant("Convention", "private", 50_000),
        build_grant("Region", "public", 350_000),
        build_grant("EPCI", "own", 0),
    )
    plan = check_project(PROJECT, grants, PARAMETERS)
    assert plan.findings[0].level == "error"
    assert dict(plan.legal) == {"Convention": 50_000, "Region": 280_000, "EPCI": 70_000}


def test_detr_is_cut_to_the_room_left_by_other_public_aid() -> None:
    grants = (
        build_grant("DETR", "public", 120_000, detr=True),
        build_grant("Region", "public", 140_000),
        build_grant("State", "public", 80_000),
        build_grant("EPCI", "own", 60_000),
    )
    plan = check_project(PROJECT, grants, PARAMETERS)
    assert [(f.rule.id, f.level) for f in plan.findings] == [("R18", "error"), ("R19", "error")]
    assert dict(plan.legal) == {"DETR": 100_000, "Region": 140_000, "State": 80_000, "EPCI": 80_000}


def test_detr_under_its_least_rate_is_left_out_of_the_legal_combination() -> None:
    grants = (build_grant("DETR", "public", 60_000, detr=True), build_grant("EPCI", "own", 340_000))
    assert dict(check_project(PROJECT, grants, PARAMETERS).legal) == {"DETR": 0, "EPCI": 400_000}


def test_public_money_after_an_obtained_detr_stays_under_its_limit() -> None:
    # 300,000 of investment: public aid of 240,000 at most with the DETR, whatever the running costs besides.
    grants = (
        build_grant(
            "DETR", "public", 90_000, detr=True, investment_only=True, answer="obtained", obtained=Decimal(90_000)
        ),
        build_grant("Region", "public", 200_000),
        build_grant("EPCI", "own", 110_000),
    )
    plan = check_project((WORKS, STAFF, Expense("Rent", "rent", date(2027, 1, 1), Decimal(60_000))), grants, PARAMETERS)
    assert [(f.rule.id, f.level) for f in plan.findings] == [("R18", "ok"), ("R19", "error")]
    assert dict(plan.legal) == {"DETR": 90_000, "Region": 150_000, "EPCI": 160_000}


def test_least_detr_is_kept_when_others_would_leave_public_money_unused() -> None:
    # Public money: 280,000 at most. Region and State leave 60,000, under the least DETR of 74,000 (20 % of 370,000).
    expenses = (*PROJECT[:1], Expense("Desks", "equipment", date(2027, 1, 1), Decimal(70_000)),
                Expense("Facilitator", "staff", date(2027, 1, 1), Decimal(30_000)))  # fmt: skip
    grants = (
        build_grant("DETR", "public", 120_000, detr=True, investment_only=True),
        build_grant("Region", "public", 140_000, answer="obtained", obtained=Decimal(140_000)),
        build_grant("State", "public", 80_000),
        build_grant("Convention", "private", 50_000),
        build_grant("EPCI", "own", 10_000),
    )
    legal = dict(check_project(expenses, grants, PARAMETERS).legal)
    assert legal == {"DETR": 74_000, "Region": 140_000, "State": 66_000, "Convention": 50_000, "EPCI": 70_000}


amounts = st.integers(min_value=0, max_value=500_000)


@given(amounts, amounts, amounts, amounts, st.sampled_from(["Region", "DETR", ""]), st.booleans())
def test_legal_combination_covers_the_cost_and_breaks_no_rule(
    private: int, region: int, detr: int, own: int, obtained: str, investment_only: bool
) -> None:
    def answer(name: str, amount: int) -> dict[str, Any]:
        return {"answer": "obtained", "obtained": Decimal(amount)} if name == obtained else {}

    grants = (
        build_grant("Convention", "private", private),
        build_grant("Region", "public", region, **answer("Region", region)),
        build_grant("DETR", "public", detr, detr=True, investment_only=investment_only, **answer("DETR", detr)),
        build_grant("EPCI", "own", own),
    )
    expenses = (WORKS, DESKS, STAFF)
    legal = dict(check_project(expenses, grants, PARAMETERS).legal) if private <= 400_000 else None
    if legal is None:
        with pytest.raises(InputError):
            check_project(expenses, grants, PARAMETERS)
        return
    assert sum(legal.values()) == 400_000
    again = tuple(
        build_grant(g.name, g.origin, int(legal[g.name]), detr=g.detr, investment_only=g.investment_only)
        for g in grants
        if legal[g.name] == int(legal[g.name])
    )
    checked = check_project(expenses, again, PARAMETERS)
    if len(again) == len(grants):
        assert "error" not in {finding.level for finding in checked.findings}


def test_cash_flow_shows_what_is_advanced_until_grants_are_paid() -> None:
    grants = (
        build_grant("EPCI", "own", 200_000),
        build_grant(
            "Region",
            "public",
            200_000,
            paid_on=((date(2027, 5, 3), Decimal("0.3")), (date(2028, 2, 1), Decimal("0.7"))),
        ),
    )
    flow = compute_cash_flow(PROJECT, grants)
    assert [(q.start, q.spent, q.received, q.balance) for q in flow] == [
        (date(2027, 1, 1), 300_000, 150_000, -150_000),
        (date(2027, 4, 1), 60_000, 90_000, -120_000),
        (date(2027, 7, 1), 40_000, 20_000, -140_000),
        (date(2027, 10, 1), 0, 0, -140_000),
        (date(2028, 1, 1), 0, 140_000, 0),
    ]


def test_cash_flow_of_nothing_is_empty() -> None:
    assert compute_cash_flow((), ()) == ()


def test_own_money_is_shared_to_the_cent() -> None:
    thirds = tuple(Expense(str(n), "works", date(2027, 3 * n - 2, 1), Decimal("33.33")) for n in (1, 2, 3))
    flow = compute_cash_flow(thirds, (build_grant("EPCI", "own", 100),))
    assert sum(q.received for q in flow) == 100


@pytest.mark.parametrize(
    ("day", "quarter"), [(date(2027, 3, 31), date(2027, 1, 1)), (date(2027, 12, 1), date(2027, 10, 1))]
)
def test_quarter_starts_in_january_april_july_and_october(day: date, quarter: date) -> None:
    assert get_quarter(day) == quarter


@pytest.mark.parametrize(
    ("expenses", "grants"),
    [
        ((), (build_grant("EPCI", "own", 1),)),
        ((Expense("Works", "works", date(2027, 1, 1), Decimal(-1)),), ()),
        (PROJECT, (build_grant("A", "own", -1),)),
        (PROJECT, (build_grant("A", "own", 1), build_grant("A", "public", 1))),
        (PROJECT, (build_grant("A", "public", 1, answer="obtained", obtained=Decimal(2)),)),
        (PROJECT, (build_grant("A", "public", 1, paid_on=((date(2027, 1, 1), Decimal("1.01")),)),)),
    ],
)
def test_silly_plan_is_refused(expenses: Any, grants: Any) -> None:
    with pytest.raises(InputError):
        check_project(expenses, grants, PARAMETERS)
