"""Frozen contents of committees, what is missing for a final balance, and what changed between two of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from committee_samples import FIRMS, PLACE, build_snapshot
from hypothesis import given
from hypothesis import strategies as st

from ancrage.conventions.committee import (
    BALANCE_DEFINITIONS,
    BALANCE_NAMES,
    build_content,
    compute_fingerprint,
    find_deadline_state,
    is_current,
    list_obstacles,
    list_to_decide,
)
from ancrage.conventions.committee_comparison import compare_contents
from ancrage.conventions.jobs import DEFINITIONS, JobCounts
from ancrage.conventions.ledger import Balance
from ancrage.conventions.life import Deadline
from ancrage.errors import InputError
from ancrage.language import Text

BEFORE, AFTER = date(2025, 12, 15), date(2026, 6, 30)
DAYS = st.dates(date(2025, 9, 1), date(2026, 12, 31))


def test_content_is_plain_and_says_the_same_after_a_journey_through_json() -> None:
    content = build_content(build_snapshot(AFTER))
    again = json.loads(json.dumps(content, allow_nan=False))
    assert again == content
    assert compute_fingerprint(again) == compute_fingerprint(content)
    assert content["form"] == 1
    assert content["on"] == "2026-06-30"
    assert content["totals"]["committed"] == "61500.50"


def test_content_holds_its_words_and_their_definitions() -> None:
    words = build_content(build_snapshot(AFTER))["words"]
    assert words["job_definitions"]["created"]["fr"] == DEFINITIONS["created"].fr
    assert words["balance_definitions"]["committed"]["en"] == BALANCE_DEFINITIONS["committed"].en
    assert set(words["balance"]) == set(BALANCE_NAMES) == set(BALANCE_DEFINITIONS)


def test_fingerprint_changes_with_a_cent() -> None:
    snapshot = build_snapshot(AFTER)
    other = replace(snapshot, totals=replace(snapshot.totals, paid=snapshot.totals.paid + Decimal("0.01")))
    assert compute_fingerprint(build_content(snapshot)) != compute_fingerprint(build_content(other))


def test_rules_in_order_are_left_out_and_the_others_kept() -> None:
    levels = {finding["level"] for finding in build_content(build_snapshot(AFTER))["findings"]}
    assert levels
    assert "ok" not in levels


def test_agenda_lists_the_requests_to_decide_with_their_de_minimis() -> None:
    content = build_content(build_snapshot(AFTER))
    assert [request["number"] for request in list_to_decide(content)] == [3]
    finding = list_to_decide(content)[0]["de_minimis"]
    # 290,000 held and 12,000 asked: above 300,000.
    assert (finding["rule"], finding["level"], Decimal(finding["value"])) == ("R17", "error", 10_000)


@pytest.mark.parametrize(
    ("day", "done", "state"),
    [
        (date(2026, 6, 30), None, "coming"),
        (date(2026, 6, 29), None, "late"),
        (date(2026, 6, 29), date(2026, 6, 29), "done"),
        (date(2026, 6, 29), date(2026, 6, 30), "done_late"),
        # Done after the day of the figures: it was not done yet.
        (date(2026, 6, 29), date(2026, 7, 1), "late"),
        (date(2026, 7, 2), date(2026, 7, 1), "coming"),
    ],
)
def test_deadline_stands_where_it_stood_on_that_day(day: date, done: date | None, state: str) -> None:
    deadline = Deadline("x", Text("x", "x"), day, None, done)
    assert find_deadline_state(deadline, AFTER) == state


def test_deadline_done_after_the_day_has_no_day_in_the_content() -> None:
    deadline = Deadline("x", Text("x", "x"), AFTER, None, AFTER + timedelta(days=1))
    content = build_content(build_snapshot(AFTER, deadlines=(deadline,)))
    assert content["deadlines"][0]["done"] is None


def test_finished_convention_has_no_obstacle() -> None:
    snapshot = build_snapshot(AFTER)
    paid = Balance(contributed=Decimal(100), planned=Decimal(100), committed=Decimal(100), paid=Decimal(100))
    over = replace(
        snapshot,
        totals=paid,
        jobs=JobCounts(),
        requests=tuple(replace(request, status="ended") for request in snapshot.requests),
    )
    assert list_obstacles(over) == ()


def test_each_obstacle_is_said_in_its_own_sentence() -> None:
    said = [text.en.split(":")[0] for text in list_obstacles(build_snapshot(AFTER))]
    assert said == [
        "Requests that are not closed",
        "Money is still reserved, or committed and not paid",
        "Checks of presence at 6, 12 or 24 months that are due and not recorded",
        "Posts that have started without a document that proves it",
        "Money is left and nothing says what becomes of it",
    ]


def test_engineering_paid_without_days_is_an_obstacle_and_a_note_on_the_residual_removes_one() -> None:
    snapshot = build_snapshot(AFTER, engineering=())
    paid = tuple(
        replace(action, balance=replace(action.balance, paid=Decimal(5))) if action.kind == "engineering" else action
        for action in snapshot.actions
    )
    meeting = replace(snapshot.committee, residual_note="Versé au Trésor.")
    said = " ".join(text.en for text in list_obstacles(replace(snapshot, actions=paid, committee=meeting)))
    assert "no person-day" in said
    assert "nothing says what becomes of it" not in said


def test_content_is_current_until_an_amount_of_the_ledger_moves() -> None:
    snapshot = build_snapshot(AFTER)
    content = json.loads(json.dumps(build_content(snapshot)))
    actions = {action.key: action.balance for action in snapshot.actions}
    funders = {funder.key: funder.balance for funder in snapshot.funders}
    assert is_current(content, snapshot.totals, actions, funders)
    # A part without money may be absent from either side.
    assert is_current(content, snapshot.totals, {**actions, "new": Balance()}, funders)
    key, cent = next(iter(actions)), Decimal("0.01")
    moved = {**actions, key: replace(actions[key], paid=actions[key].paid + cent)}
    assert not is_current(content, snapshot.totals, moved, funders)
    assert not is_current(content, replace(snapshot.totals, planned=snapshot.totals.planned + cent), actions, funders)
    assert not is_current(content, snapshot.totals, {**actions, "new": Balance(planned=cent)}, funders)


def test_comparison_tells_what_happened_between_two_committees() -> None:
    found = compare_contents(build_content(build_snapshot(BEFORE)), build_content(build_snapshot(AFTER)))
    totals = {change.key: change.difference for change in found.totals}
    assert (totals["committed"], totals["paid"]) == (Decimal("43500.50"), Decimal("16500.00"))
    assert totals["given_back"] == Decimal("1500.00")
    by_action = {change.key: change for change in found.actions}
    assert by_action[PLACE].committed.difference == Decimal("45000.50")
    assert by_action[FIRMS].left.difference == Decimal("-10500.00")
    assert [(r.number, r.amount) for r in found.submitted] == [(2, Decimal("45000.50")), (3, Decimal("12000.00"))]
    assert [(r.number, r.amount) for r in found.granted] == [(2, Decimal("45000.50"))]
    assert [(r.number, r.amount) for r in found.paid] == [(1, Decimal("16500.00"))]
    assert (found.refused, found.withdrawn, found.ended) == ((), (), ())
    assert [line.label["en"] for line in found.missed] == ["End of works"]
    assert found.met == ()
    jobs = {change.key: (change.before, change.after) for change in found.jobs}
    assert jobs["programmed"] == (6, 8)
    assert jobs["present_6"] == (0, 2)


def test_deadline_met_since_is_told_once() -> None:
    late = Deadline("committee", Text("c", "c"), BEFORE - timedelta(days=30), None, None)
    met = replace(late, done=BEFORE + timedelta(days=1))
    first = build_content(build_snapshot(BEFORE, deadlines=(late,)))
    second = build_content(build_snapshot(AFTER, deadlines=(met,)))
    assert [line.done for line in compare_contents(first, second).met] == ["2025-12-16"]
    assert compare_contents(second, second).met == ()
    # It was late before already: nothing was missed between the two.
    still = build_content(build_snapshot(AFTER, deadlines=(late,)))
    assert compare_contents(first, still).missed == ()


def test_action_that_came_or_went_is_said_to_be_so() -> None:
    full = build_snapshot(AFTER)
    without = build_content(replace(full, actions=full.actions[1:]))
    came = compare_contents(without, build_content(full)).actions
    assert [(a.key, a.is_new) for a in came if a.is_new] == [(FIRMS, True)]
    assert came[0].planned.before == 0
    gone = compare_contents(build_content(full), without).actions
    assert [(a.key, a.planned.after) for a in gone if a.is_gone] == [(FIRMS, Decimal(0))]


def test_content_of_another_form_is_refused() -> None:
    content = build_content(build_snapshot(AFTER))
    with pytest.raises(InputError, match="has the form 7") as refusal:
        compare_contents({**content, "form": 7}, content)
    assert "format 7" in refusal.value.text.fr


@given(first=DAYS, second=DAYS)
def test_differences_of_actions_add_up_to_those_of_the_convention(first: date, second: date) -> None:
    found = compare_contents(build_content(build_snapshot(first)), build_content(build_snapshot(second)))
    totals = {change.key: change.difference for change in found.totals}
    for name in ("planned", "committed", "paid", "left"):
        assert sum((getattr(a, name).difference for a in found.actions), Decimal(0)) == totals[name]


@given(day=DAYS)
def test_comparison_with_itself_finds_nothing(day: date) -> None:
    content = build_content(build_snapshot(day))
    found = compare_contents(content, content)
    assert not any(change.difference for change in (*found.totals, *found.jobs, found.engineering_days))
    lists = (found.submitted, found.granted, found.refused, found.withdrawn, found.paid, found.ended)
    assert not any((*lists, found.met, found.missed))
