"""Engineering of a convention: days and euros added up, and what the ledger paid beside them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ancrage.conventions.engineering import CEILING, Work, check_work, compute_engineering
from ancrage.errors import InputError

WORKS = [
    Work(date(2025, 9, 30), "Cabinet A", Decimal("3.5"), Decimal(2800), "Suivi"),
    Work(date(2025, 10, 1), "Cabinet B", Decimal(2), Decimal(3000), "Suivi"),
    Work(date(2025, 10, 31), "Cabinet A", Decimal(1), Decimal(800), "Prospection"),
]


def test_days_are_added_by_provider_action_and_month() -> None:
    found = compute_engineering(WORKS, Decimal(66000), Decimal(7000))
    assert (found.total.days, found.total.amount, found.total.day_rate) == (
        Decimal("6.5"),
        Decimal(6600),
        Decimal("1015.38"),
    )
    assert [(name, effort.amount) for name, effort in found.by_provider] == [
        ("Cabinet A", Decimal(3600)),
        ("Cabinet B", Decimal(3000)),
    ]
    assert [(name, effort.days) for name, effort in found.by_action] == [
        ("Suivi", Decimal("5.5")),
        ("Prospection", Decimal(1)),
    ]
    assert [(month, effort.days) for month, effort in found.by_month] == [
        (date(2025, 9, 1), Decimal("3.5")),
        (date(2025, 10, 1), Decimal(3)),
    ]
    assert found.share == pytest.approx(0.1)
    assert found.gap == Decimal(400)
    assert "400,00" in found.said.fr


@pytest.mark.parametrize(("paid", "said"), [(Decimal(6600), "to the cent"), (Decimal(0), "not paid yet")])
def test_gap_with_the_ledger_is_said(paid: Decimal, said: str) -> None:
    assert said in compute_engineering(WORKS, None, paid).said.en


def test_share_is_unknown_without_a_contribution_and_stops_at_a_day() -> None:
    found = compute_engineering(WORKS, None, Decimal(0), date(2025, 9, 30))
    assert (found.share, found.total.days) == (None, Decimal("3.5"))
    assert compute_engineering([], Decimal(10), Decimal(0)).total.day_rate is None


def test_no_ceiling_is_invented() -> None:
    assert "No official ceiling" in CEILING.en


@pytest.mark.parametrize(("days", "amount"), [(Decimal(0), Decimal(1)), (Decimal(1), Decimal(-1))])
def test_impossible_work_is_refused(days: Decimal, amount: Decimal) -> None:
    with pytest.raises(InputError, match="above zero"):
        check_work(Work(date(2025, 1, 1), "A", days, amount))
