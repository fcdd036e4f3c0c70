"""Amendments: the chain, what it said at any day, and the rules that stop one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django_scopes import scope
from hypothesis import given, settings
from hypothesis import strategies as st

from ancrage.errors import InputError
from ancrage_web.accounts.actors import ForbiddenError
from ancrage_web.audit.models import AuditLine
from ancrage_web.conventions.models import Action, Amendment, Basin, Convention
from ancrage_web.conventions.services.amendments import amend_convention, preview_amendment
from ancrage_web.conventions.services.ledger import Draft, post_entries
from ancrage_web.conventions.services.requests import instruct_request
from ancrage_web.conventions.terms import build_terms, compute_terms
from web.conftest import World
from web.convention_samples import Sample, build_sample, open_to_partner

START = date(2025, 7, 10)


@pytest.fixture
def sample(world: World) -> Iterator[Sample]:
    with scope(organisation=world.organisation):
        yield build_sample(world)


def amend(sample: Sample, **changes: Any) -> Amendment:
    return amend_convention(
        sample.access, signed_on=date(2026, 3, 2), effective_on=date(2026, 4, 1), reason="Retard", changes=changes
    )


def read_now(sample: Sample) -> dict[str, Any]:
    convention = Convention.objects.get(pk=sample.convention.pk)
    return build_terms(
        convention, Basin.objects.filter(convention=convention), Action.objects.filter(convention=convention)
    )


def test_amendment_supersedes_without_erasing(sample: Sample) -> None:
    budget = f"action:{sample.action.pk}:budget"
    deadline = f"action:{sample.action.pk}:deadline"
    made = amend(
        sample,
        amount="600000.00",
        basins=[{"name": "Bassin d'Essai", "communes": ["00001", "00002"]}, {"name": "Sud", "communes": ["00003"]}],
        **{budget: "410000.00", deadline: date(2028, 3, 31)},
    )
    assert made.number == 1
    assert made.changes["amount"] == ["569368.80", "600000.00"]
    assert made.changes[budget] == ["400000.00", "410000.00"]
    saved = Convention.objects.get()
    assert (saved.amount, saved.version) == (Decimal("600000.00"), 2)
    assert Action.objects.get(pk=sample.action.pk).deadline == date(2028, 3, 31)
    assert list(Basin.objects.values_list("name", flat=True)) == ["Bassin d'Essai", "Sud"]
    before = compute_terms(read_now(sample), Amendment.objects.all(), date(2026, 3, 31))
    after = compute_terms(read_now(sample), Amendment.objects.all(), date(2026, 4, 1))
    assert (before["amount"], before[deadline]) == ("569368.80", "2028-01-31")
    assert before["basins"] == [{"name": "Bassin d'Essai", "communes": ["00001"]}]
    assert after == read_now(sample)
    assert [(line.action, line.after["number"]) for line in AuditLine.objects.all()] == [("amendment.recorded", 1)]


def test_amendment_recorded_by_error_is_undone_by_another(sample: Sample) -> None:
    first = read_now(sample)
    amend(sample, jobs_target=150)
    amend(sample, jobs_target=None)
    assert read_now(sample) == first
    assert list(Amendment.objects.values_list("number", flat=True)) == [1, 2]


def test_longer_than_three_years_needs_special_circumstances(sample: Sample) -> None:
    with pytest.raises(InputError, match=r"A rule refuses this amendment\. 37 months: over the 36 allowed\."):
        amend(sample, ends_on=date(2028, 8, 9))
    assert Convention.objects.get().ends_on == date(2028, 7, 9)
    made = amend(sample, ends_on=date(2028, 8, 9), special_circumstances=True)
    assert made.changes["special_circumstances"] == [False, True]


def test_thirty_six_months_to_the_day_are_allowed(sample: Sample) -> None:
    assert preview_amendment(sample.convention, {"ends_on": date(2028, 7, 10)}, START).refused == ()
    (refusal,) = preview_amendment(sample.convention, {"ends_on": date(2028, 7, 11)}, START).refused
    assert (refusal.rule.id, refusal.value) == ("R6", 37)


def test_budget_under_the_commitments_is_told_and_recorded_all_the_same(sample: Sample) -> None:
    on, budget = date(2025, 9, 1), f"action:{sample.action.pk}:budget"
    post_entries(
        sample.access,
        [
            Draft(on, "contribute", sample.funder, Decimal(9000), sample.document),
            Draft(on, "plan", sample.funder, Decimal(9000), sample.document, action=sample.action),
        ],
    )
    shares = [(sample.funder, Decimal(9000))]
    instruct_request(sample.access, sample.request, shares=shares, on=date(2025, 10, 15), document=sample.document)
    assert preview_amendment(sample.convention, {budget: "9000"}, START).shortfalls == ()
    (told,) = preview_amendment(sample.convention, {budget: "8999.99"}, START).shortfalls
    assert "while €9,000.00 are reserved or committed" in told.en
    assert amend(sample, **{budget: "8999.99"}).changes[budget] == ["400000.00", "8999.99"]


def test_less_than_the_floor_needs_incapacity_and_opinion(sample: Sample) -> None:
    with pytest.raises(InputError, match="below the floor"):
        amend(sample, amount="341621.28")
    with pytest.raises(InputError, match="below the floor"):
        amend(sample, amount="341621.28", unable=True)
    amend(sample, amount="341621.28", unable=True, opinion="CODEFI")
    assert Convention.objects.get().amount == Decimal("341621.28")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"signed_on": date(2025, 7, 9)}, "signed before the convention was signed"),
        ({"effective_on": date(2025, 7, 9)}, "in effect before the convention was signed"),
        ({"signed_on": date(2100, 1, 1)}, "still to come"),
        ({"reason": " "}, "The reason has 0 characters"),
        ({"changes": {}}, "those in force"),
        ({"changes": {"dismissed": 180}}, "those in force"),
        ({"changes": {"employees": 3}}, "'employees' is no term"),
        ({"changes": {"action:7:budget": "3"}}, "is no term"),
        ({"changes": {"amount": "beaucoup"}}, "'beaucoup' cannot be kept"),
        ({"changes": {"basins": []}}, "at least one basin"),
        ({"version": 7}, "Someone changed this convention"),
    ],
)
def test_amendment_that_cannot_be_is_refused(sample: Sample, changed: dict[str, Any], told: str) -> None:
    given_values: dict[str, Any] = {
        "signed_on": date(2026, 3, 2), "effective_on": date(2026, 4, 1), "reason": "Retard",
        "changes": {"jobs_target": 150}, **changed,
    }  # fmt: skip
    with pytest.raises(InputError, match=told):
        amend_convention(sample.access, **given_values)
    assert not Amendment.objects.exists()


@pytest.mark.parametrize("status", ["negotiated", "closed"])
def test_only_a_signed_open_convention_is_amended(sample: Sample, status: str) -> None:
    Convention.objects.update(status=status)
    with pytest.raises(InputError, match="an amendment changes a signed one"):
        amend(sample, jobs_target=150)


@pytest.mark.parametrize("part", ["state", "company"])
def test_state_and_company_record_no_amendment(world: World, sample: Sample, part: Any) -> None:
    access = open_to_partner(world, sample.convention, part)
    with pytest.raises(ForbiddenError):
        amend_convention(access, signed_on=START, effective_on=START, reason="-", changes={"jobs_target": 1})


@dataclass(frozen=True)
class Step:
    number: int
    effective_on: date
    changes: dict[str, list[Any]]


@settings(max_examples=200, deadline=None)
@given(
    first=st.fixed_dictionaries({"a": st.integers(0, 3), "b": st.integers(0, 3), "c": st.integers(0, 3)}),
    steps=st.lists(
        st.tuples(
            st.integers(0, 30), st.dictionaries(st.sampled_from("abc"), st.integers(0, 3), min_size=1, max_size=3)
        ),
        max_size=6,
    ),
    day=st.integers(-1, 31),
)
def test_terms_of_any_day_equal_the_replay(
    first: dict[str, int], steps: list[tuple[int, dict[str, int]]], day: int
) -> None:
    current, chain = dict(first), []
    for number, (effect, given_values) in enumerate(steps, start=1):
        changes = {name: [current[name], value] for name, value in given_values.items()}
        chain.append(Step(number, START + timedelta(days=effect), changes))
        current.update(given_values)
    replay = dict(first)
    for effect, given_values in steps:
        if effect <= day:
            replay.update(given_values)
    assert compute_terms(current, chain, START + timedelta(days=day)) == replay
    assert compute_terms(current, reversed(chain), date.max) == current
