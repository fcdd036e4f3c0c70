"""Statuses, who may change them, and the deadlines that follow from the dates."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest

from ancrage.conventions.life import (
    ROLE_NAMES,
    STATUS_NAMES,
    TRANSITIONS,
    Milestones,
    check_transition,
    list_deadlines,
    list_next,
)
from ancrage.errors import InputError
from ancrage.parameters import load_parameters

PARAMETERS = load_parameters()
WHOLE = Milestones(
    notified=date(2026, 1, 20),
    decided=date(2026, 3, 31),
    owed_since=date(2026, 5, 12),
    option=date(2026, 6, 20),
    signed=date(2026, 7, 10),
    started=date(2026, 7, 10),
    ends=date(2028, 7, 10),
)


def test_convention_goes_from_preparation_to_its_end() -> None:
    path = ["in_preparation", "notified", "negotiated", "signed", "running", "closing", "closed"]
    milestones = replace(WHOLE, final_committee=date(2028, 6, 1))
    for start, end in pairwise(path):
        assert check_transition(start, end, "state" if end == "closed" else "epci", milestones).end == end  # type: ignore[arg-type]


def test_every_status_can_be_reached_and_all_but_the_end_can_be_left() -> None:
    assert {t.end for t in TRANSITIONS} | {"in_preparation"} == set(STATUS_NAMES)
    assert {t.start for t in TRANSITIONS} == set(STATUS_NAMES) - {"closed"}
    assert {role for t in TRANSITIONS for role in t.roles} == set(ROLE_NAMES) - {"company"}


def test_company_changes_nothing() -> None:
    assert [list_next(status, "company") for status in STATUS_NAMES] == [()] * len(STATUS_NAMES)


def test_default_is_noted_by_the_state_only() -> None:
    with pytest.raises(InputError, match="State"):
        check_transition("negotiated", "in_default", "epci", WHOLE)
    assert check_transition("negotiated", "in_default", "state", WHOLE).end == "in_default"


def test_transition_that_does_not_exist_says_which_do() -> None:
    with pytest.raises(InputError) as refused:
        check_transition("signed", "closed", "epci", WHOLE)
    assert refused.value.text.en == "From 'signed' a convention does not become 'closed'. Possible: running."
    assert refused.value.text.fr == "De « signée », une convention ne devient pas « close ». Possible : en cours."


def test_signature_needs_its_day() -> None:
    with pytest.raises(InputError, match="day of the signature"):
        check_transition("negotiated", "signed", "epci", Milestones())


def test_deadlines_follow_from_the_dates_in_order() -> None:
    found = list_deadlines(WHOLE, PARAMETERS)
    assert [(d.key, d.day, d.done) for d in found] == [
        ("prefect", date(2026, 5, 31), date(2026, 5, 12)),
        ("option", date(2026, 6, 12), date(2026, 6, 20)),
        ("signature", date(2026, 7, 20), date(2026, 7, 10)),
        ("committee", date(2027, 7, 10), None),
        ("end", date(2028, 7, 10), None),
    ]
    assert [d.key for d in found if d.is_late(date(2027, 7, 11))] == ["option", "committee"]
    assert [d.key for d in found if d.is_late(date(2027, 7, 10))] == ["option"]


def test_committees_count_from_the_one_before() -> None:
    milestones = replace(WHOLE, committees=(date(2027, 9, 1),))
    committees = [d for d in list_deadlines(milestones, PARAMETERS) if d.key == "committee"]
    assert [(d.day, d.done) for d in committees] == [(date(2027, 7, 10), date(2027, 9, 1))]
    longer = replace(milestones, ends=date(2029, 7, 10))
    committees = [d for d in list_deadlines(longer, PARAMETERS) if d.key == "committee"]
    assert [(d.day, d.done) for d in committees][1:] == [(date(2028, 9, 1), None)]


def test_end_of_the_time_to_object_is_never_late() -> None:
    found = list_deadlines(Milestones(agreement_requested=date(2026, 1, 31)), PARAMETERS)
    assert [(d.key, d.day) for d in found] == [("opposition", date(2026, 3, 31))]
    assert not found[0].is_late(date(2030, 1, 1))


def test_rcc_counts_the_signature_from_the_validation() -> None:
    found = list_deadlines(Milestones(decided=date(2026, 3, 31), notified=date(2026, 1, 1), rcc=True), PARAMETERS)
    assert {d.key: d.day for d in found}["signature"] == date(2026, 9, 30)
