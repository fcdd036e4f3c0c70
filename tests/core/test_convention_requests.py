"""The life of a request of aid, the sharing of its amount and its place under the de minimis ceiling."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ancrage.conventions import aid, requests
from ancrage.errors import InputError
from ancrage.parameters import load_parameters

AIDS = (
    aid.Aid("Atelier", Decimal(120_000), date(2024, 2, 1)),
    aid.Aid("Atelier", Decimal(100_000), date(2025, 6, 1)),
    aid.Aid("Autre", Decimal(250_000), date(2025, 6, 1)),
)


def test_request_goes_from_draft_to_ended() -> None:
    path: list[requests.Status] = ["draft", "submitted", "instructed", "granted", "agreed", "ended"]
    money = [requests.check_transition(a, b, "manager").money for a, b in itertools.pairwise(path)]
    assert money == ["", "reserve", "commit", "", "decommit"]


def test_beneficiary_decides_nothing_of_the_money() -> None:
    assert {t.end for t in requests.TRANSITIONS if "beneficiary" in t.who} == {"submitted", "withdrawn"}
    assert all(not t.money for t in requests.TRANSITIONS if "beneficiary" in t.who)
    with pytest.raises(InputError) as refused:
        requests.check_transition("instructed", "granted", "beneficiary")
    assert refused.value.text.fr == "« accordée par le comité » relève de : gestionnaire de la convention."


def test_unknown_transition_names_the_possible_ones() -> None:
    with pytest.raises(InputError) as refused:
        requests.check_transition("granted", "ended", "manager")
    assert refused.value.text.fr == (
        "Une demande « accordée par le comité » ne devient pas « soldée ». Possible : "
        "convention d'aide signée, retirée."
    )


def test_closed_requests_have_no_way_on() -> None:
    for status in requests.CLOSED:
        assert requests.list_next(status, "manager") == ()


def test_amount_is_shared_in_proportion_to_the_cent() -> None:
    held = {"a": Decimal("100.00"), "b": Decimal("100.00"), "c": Decimal("100.00")}
    assert requests.allocate_amount(Decimal("100.00"), held) == {
        "a": Decimal("33.34"),
        "b": Decimal("33.33"),
        "c": Decimal("33.33"),
    }


@pytest.mark.parametrize("amount", [Decimal("-1"), Decimal("0.001"), Decimal("10.01")])
def test_amount_that_cannot_be_shared_is_refused(amount: Decimal) -> None:
    with pytest.raises(InputError):
        requests.allocate_amount(amount, {"a": Decimal("10.00")})


@given(st.lists(st.integers(0, 10_000_000), min_size=1, max_size=5), st.floats(0, 1))
def test_shares_add_up_and_stay_within_what_is_held(cents: list[int], part: float) -> None:
    held = {place: Decimal(each) / 100 for place, each in enumerate(cents)}
    amount = Decimal(int(sum(cents) * part)) / 100
    shares = requests.allocate_amount(amount, held)
    assert sum(shares.values()) == amount
    assert all(0 <= shares[place] <= held[place] for place in held)


def test_service_does_not_count_and_a_loan_counts_by_its_grant_equivalent() -> None:
    assert not requests.is_de_minimis("service", de_minimis=True)
    assert requests.is_de_minimis("loan", de_minimis=True)
    assert requests.compute_counted_amount("loan", Decimal(50_000), Decimal(4_200)) == Decimal(4_200)
    assert requests.compute_counted_amount("loan", Decimal(50_000), None) == Decimal(50_000)
    assert requests.compute_counted_amount("grant", Decimal(50_000), Decimal(1)) == Decimal(50_000)


def test_window_tells_what_leaves_and_when() -> None:
    window = aid.compute_window("Atelier", date(2026, 11, 23), AIDS, load_parameters())
    assert (window.start, window.held, window.room) == (date(2023, 11, 23), Decimal(220_000), Decimal(80_000))
    assert [each.leaves for each in window.counted] == [date(2027, 2, 2), date(2028, 6, 2)]
    later = aid.compute_window("Atelier", date(2027, 2, 2), AIDS, load_parameters())
    assert (later.held, later.room) == (Decimal(100_000), Decimal(200_000))


@given(st.dates(date(2024, 1, 1), date(2027, 12, 31)))
def test_aid_leaves_on_the_first_day_it_no_longer_counts(granted: date) -> None:
    parameters = load_parameters()
    given_aid = aid.Aid("Atelier", Decimal(1), granted)
    [counted] = aid.compute_window("Atelier", granted, [given_aid], parameters).counted
    last = counted.leaves - timedelta(days=1)
    # The regulation ends with 2030: what leaves after that is not known.
    if counted.leaves <= date(2030, 12, 31):
        assert aid.compute_window("Atelier", last, [given_aid], parameters).held == 1
        assert aid.compute_window("Atelier", counted.leaves, [given_aid], parameters).held == 0


def test_steps_tell_what_is_done_under_way_and_to_come() -> None:
    days = {"submitted": date(2026, 1, 5), "decided": date(2026, 2, 3), "agreed": None, "ended": None}
    steps = requests.list_steps("granted", **days)
    assert [step.state for step in steps] == ["done", "done", "done", "current", "coming", "coming"]
    assert [step.day for step in steps] == [date(2026, 1, 5), None, date(2026, 2, 3), None, None, None]
    refused = requests.list_steps("refused", **days)
    assert [(step.name.en, step.state) for step in refused][-1] == ("Decision of the committee", "done")
    withdrawn = requests.list_steps("withdrawn", **{**days, "ended": date(2026, 3, 1)})
    assert [step.name.en for step in withdrawn] == ["Submitted", "Decision of the committee"]


@pytest.mark.parametrize("status", requests.STATUS_NAMES)
def test_every_status_has_its_steps_and_what_comes_next(status: requests.Status) -> None:
    steps = requests.list_steps(status, submitted=None, decided=None, agreed=None, ended=None)
    states = [step.state for step in steps]
    assert states.count("current") == (status not in ("refused", "ended", "withdrawn"))
    assert requests.NEXT_FOR_BENEFICIARY[status].fr
