"""What the money left could pay, and the business plan of the place it opens."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ancrage.conventions.business import build_business_plan
from ancrage.conventions.ledger import Balance
from ancrage.conventions.residual import Candidate, propose_uses
from ancrage.errors import InputError
from ancrage.language import Text
from ancrage.parameters import load_parameters

PARAMETERS = load_parameters()
ENDS = date(2028, 6, 30)


def build_candidate(key: str, cost: int, value: float, **fields: Any) -> Candidate:
    return Candidate(key, key.title(), Decimal(cost), value, "kgCO2e/year", **fields)


def hold(left: int, unplanned: int = 0) -> Balance:
    return Balance(left=Decimal(left), unplanned=Decimal(unplanned))


def test_largest_value_per_euro_is_paid_first_and_what_does_not_fit_is_passed_over() -> None:
    candidates = [
        build_candidate("doue", 60_000, 6_000),
        build_candidate("jouy", 50_000, 10_000),
        build_candidate("coaching", 30_000, 900),
    ]
    found = propose_uses(hold(70_000, 20_000), candidates, ENDS)
    assert [(c.candidate.key, c.paid, c.left) for c in found.choices] == [
        ("jouy", True, 40_000),
        ("doue", False, 40_000),
        ("coaching", True, 10_000),
    ]
    assert (found.residual, found.spent, found.left) == (90_000, 80_000, 10_000)
    assert len(found.options) == 4
    assert "40,000.00" in found.choices[1].reason.en


def test_candidate_outside_the_basin_or_too_late_is_not_paid() -> None:
    outside = Text("Outside the basins of the convention.", "Hors des bassins de la convention.")
    candidates = [
        build_candidate("far", 10, 1_000, refused=outside),
        build_candidate("late", 10, 900, ready_by=date(2028, 7, 1)),
        build_candidate("ready", 10, 1, ready_by=ENDS),
    ]
    found = propose_uses(hold(10), candidates, ENDS)
    assert [(c.candidate.key, c.paid) for c in found.choices] == [("far", False), ("late", False), ("ready", True)]
    assert found.choices[0].reason is outside
    assert found.options == ()


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 1000)), max_size=8), st.integers(0, 3000))
def test_proposal_never_spends_more_than_what_is_left(rows: list[tuple[int, int]], left: int) -> None:
    candidates = [build_candidate(str(n), cost, value) for n, (cost, value) in enumerate(rows)]
    found = propose_uses(hold(left), candidates, None)
    assert found.spent == sum(c.candidate.cost for c in found.choices if c.paid)
    assert found.left == left - found.spent >= 0
    assert all(c.candidate.cost > found.left for c in found.choices if not c.paid)


def test_values_in_two_units_are_not_compared() -> None:
    other = Candidate("x", "X", Decimal(1), 1.0, "km/year")
    with pytest.raises(InputError, match="one unit"):
        propose_uses(hold(1), [other, build_candidate("a", 1, 1)], None)


def test_plan_fills_up_over_three_years_then_stays() -> None:
    # 10 desks x 5 days x 46 weeks x 15 EUR = 34,500 EUR when every desk-day is sold.
    plan = build_business_plan(10, Decimal(18_000), PARAMETERS, subsidies=(Decimal(12_000), Decimal(4_200)), years=4)
    assert [(y.occupancy, y.income, y.subsidy, y.result, y.total) for y in plan.years] == [
        (0.20, Decimal("6900.00"), 12_000, 900, 900),
        (0.40, Decimal("13800.00"), 4_200, 0, 900),
        (0.55, Decimal("18975.00"), 0, 975, 1_875),
        (0.55, Decimal("18975.00"), 0, 975, 2_850),
    ]
    assert (plan.break_even, plan.balanced) == (3, 1)


def test_plan_that_never_pays_says_so() -> None:
    plan = build_business_plan(10, Decimal(50_000), PARAMETERS)
    assert (plan.break_even, plan.balanced) == (None, None)
    assert plan.years[-1].total < 0


@pytest.mark.parametrize(
    "fields", [{"desks": 0}, {"years": 0}, {"yearly_cost": Decimal(-1)}, {"subsidies": (Decimal(-1),)}]
)
def test_silly_plan_is_refused(fields: dict[str, Any]) -> None:
    facts = {"desks": 1, "yearly_cost": Decimal(1)} | fields
    with pytest.raises(InputError):
        build_business_plan(parameters=PARAMETERS, **facts)
