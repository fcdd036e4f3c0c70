"""The ledger: it balances at every step, never shows a debt, and undoes instead of deleting."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ancrage.conventions.ledger import (
    KIND_NAMES,
    MOVES,
    Balance,
    Entry,
    build_reversal,
    check_budget,
    check_entry,
    compute_accounts,
    compute_balance,
    group_balances,
    split_amount,
)
from ancrage.errors import InputError

DAY = date(2026, 1, 1)
FUNDERS = ("Company", "Region")
ACTIONS = ("Loans", "Third place")
REQUESTS = ("r1", "r2", "r3")


def build_entry(kind: Any, amount: Any, number: int = 0, **fields: Any) -> Entry:
    stages = MOVES[kind]
    defaults = {
        "funder": "Company",
        "action": "" if kind in ("contribute", "withdraw") else "Loans",
        "request": "r1" if {"reserved", "committed", "paid"} & set(stages) else "",
        "on": DAY + timedelta(days=number),
        "document": "minutes of the committee",
    }
    return Entry(id=f"e{number}", kind=kind, amount=Decimal(amount), **{**defaults, **fields})


def post(*entries: Entry) -> list[Entry]:
    ledger: list[Entry] = []
    for entry in entries:
        check_entry(ledger, entry)
        ledger.append(entry)
    return ledger


def build_life() -> list[Entry]:
    return post(
        build_entry("contribute", "100000", 1),
        build_entry("plan", "60000", 2),
        build_entry("reserve", "30000", 3),
        build_entry("commit", "25000", 4),
        build_entry("release", "5000", 5),
        build_entry("pay", "10000", 6),
        build_entry("give_back", "2000", 7),
        build_entry("decommit", "3000", 8),
    )


def test_balance_follows_the_life_of_an_aid() -> None:
    assert compute_balance(build_life()) == Balance(
        contributed=Decimal(100_000),
        planned=Decimal(60_000),
        reserved=Decimal(0),
        committed=Decimal(20_000),
        paid=Decimal(8_000),
        given_back=Decimal(2_000),
        left=Decimal(40_000),
        unplanned=Decimal(40_000),
    )
    assert compute_balance(build_life()).residual == Decimal(80_000)


def test_balance_at_a_date_counts_what_had_happened() -> None:
    balance = compute_balance(build_life(), on=DAY + timedelta(days=4))
    assert (balance.reserved, balance.committed, balance.paid) == (Decimal(5_000), Decimal(25_000), Decimal(0))


@pytest.mark.parametrize(
    ("kind", "amount"),
    [("pay", "12000.01"), ("withdraw", "40000.01"), ("plan", "40000.01"), ("reserve", "40000.01"), ("commit", "0.01")],
)
def test_money_that_is_not_there_is_refused_with_what_is(kind: str, amount: str) -> None:
    with pytest.raises(InputError) as refused:
        check_entry(build_life(), build_entry(kind, amount, 9))
    shown = {"pay": "12,000.00", "commit": "0.00"}.get(kind, "40,000.00")
    assert shown in refused.value.text.en
    assert refused.value.text.fr.startswith(KIND_NAMES[kind].fr)  # type: ignore[index]


def test_entry_of_the_past_cannot_take_what_was_used_since() -> None:
    # On day 2 the action held 60,000, but 30,000 were reserved the day after.
    ledger = post(
        build_entry("contribute", "60000", 1), build_entry("plan", "60000", 2), build_entry("reserve", "30000", 3)
    )
    check_entry(ledger, build_entry("unplan", "30000", 9, on=DAY + timedelta(days=2)))
    with pytest.raises(InputError):
        check_entry(ledger, build_entry("unplan", "30000.01", 9, on=DAY + timedelta(days=2)))


def test_payment_above_the_commitment_of_the_request_is_refused_although_another_has_room() -> None:
    ledger = post(
        build_entry("contribute", "100", 1),
        build_entry("plan", "100", 2),
        build_entry("reserve", "50", 3, request="r1"),
        build_entry("reserve", "50", 4, request="r2"),
        build_entry("commit", "50", 5, request="r1"),
        build_entry("commit", "50", 6, request="r2"),
    )
    with pytest.raises(InputError):
        check_entry(ledger, build_entry("pay", "51", 7, request="r1"))


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Decimal(0)},
        {"amount": Decimal("-1")},
        {"amount": Decimal("1.001")},
        {"document": " "},
        {"funder": ""},
        {"action": ""},
        {"request": "r1"},
    ],
)
def test_incomplete_entry_is_refused(change: dict[str, Any]) -> None:
    ledger = post(build_entry("contribute", "100", 1))
    fields = {"kind": "plan", "amount": "10", "number": 2} | change
    with pytest.raises(InputError):
        check_entry(ledger, build_entry(**fields))


def test_reversal_undoes_an_entry_once_and_in_full() -> None:
    ledger = build_life()
    paid = next(entry for entry in ledger if entry.kind == "pay")
    undone = build_reversal(paid, "u1", DAY + timedelta(days=9), "correction")
    with pytest.raises(InputError, match="cannot reverse"):
        check_entry(ledger, build_entry("pay", "1", 10, reverses=paid.id))
    # 2,000 of the 10,000 were given back: only 8,000 are still paid.
    with pytest.raises(InputError, match="only"):
        check_entry(ledger, undone)
    first = ledger[:6]
    check_entry(first, undone)
    assert compute_balance([*first, undone]).paid == 0
    with pytest.raises(InputError, match="already reversed"):
        check_entry([*first, undone], build_reversal(paid, "u2", DAY + timedelta(days=10), "again"))


def test_same_identifier_twice_is_refused() -> None:
    entry = build_entry("contribute", "1", 1)
    with pytest.raises(InputError, match="already"):
        check_entry([entry], entry)


def check_day_by_day(entries: list[Entry], entry: Entry) -> bool:
    """Say whether an entry fits, by the definition: every account computed again at the end of each day."""
    start, _ = entry.list_accounts()
    days = sorted({entry.on, *(known.on for known in entries if known.on > entry.on)})
    return start.stage == "funder" or all(
        compute_accounts([*entries, entry], day).get(start, Decimal(0)) >= 0 for day in days
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(MOVES)),
            st.integers(min_value=1, max_value=500),
            st.sampled_from(FUNDERS),
            st.sampled_from(ACTIONS),
            st.sampled_from(REQUESTS),
            st.integers(min_value=0, max_value=6),
        ),
        max_size=40,
    )
)
@settings(max_examples=150, deadline=None)
def test_running_balance_agrees_with_every_account_computed_again_each_day(drafts: list[Any]) -> None:
    entries: list[Entry] = []
    for number, (kind, cents, funder, action, request, day) in enumerate(drafts):
        entry = build_entry(
            kind,
            Decimal(cents) / 100,
            number,
            funder=funder,
            on=DAY + timedelta(days=day),
            action="" if kind in ("contribute", "withdraw") else action,
            request=request if {"reserved", "committed", "paid"} & set(MOVES[kind]) else "",
        )
        fits = check_day_by_day(entries, entry)
        if fits:
            check_entry(entries, entry)
            entries.append(entry)
        else:
            with pytest.raises(InputError):
                check_entry(entries, entry)


@given(
    st.integers(min_value=1, max_value=10**12),
    st.lists(st.integers(min_value=0, max_value=10_000), min_size=1, max_size=8).filter(any),
)
def test_split_adds_up_to_the_cent_and_is_off_by_less_than_one(cents: int, weights: list[int]) -> None:
    amount = Decimal(cents) / 100
    parts = split_amount(amount, [Decimal(weight) for weight in weights])
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - amount * weight / sum(weights)) < Decimal("0.01")


def test_split_gives_the_first_of_equal_remainders_the_cent() -> None:
    thirds = split_amount(Decimal("100.00"), [Decimal(1)] * 3)
    assert thirds == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]
    assert split_amount(Decimal("0.01"), [Decimal(50), Decimal(50)]) == [Decimal("0.01"), Decimal(0)]


@pytest.mark.parametrize("weights", [[], [0, 0], [-1, 2]])
def test_split_without_a_usable_share_is_refused(weights: list[int]) -> None:
    with pytest.raises(InputError, match="share nothing out"):
        split_amount(Decimal(1), [Decimal(weight) for weight in weights])


def test_groups_hold_the_balances_of_their_entries() -> None:
    life = build_life()
    groups = group_balances(life, lambda entry: entry.action)
    assert groups == {"Loans": compute_balance(life, action="Loans")}


class LedgerMachine(RuleBasedStateMachine):
    """Anything a person may try, in any order: what is refused changes nothing, what is taken keeps the books."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []
        self.number = 0

    @rule(
        kind=st.sampled_from(list(MOVES)),
        cents=st.integers(min_value=1, max_value=100_000),
        funder=st.sampled_from(FUNDERS),
        action=st.sampled_from(ACTIONS),
        request=st.sampled_from(REQUESTS),
        back=st.integers(min_value=0, max_value=5),
    )
    def enter(self, kind: Any, cents: int, funder: str, action: str, request: str, back: int) -> None:
        self.number += 1
        fields: dict[str, Any] = {"funder": funder, "on": DAY + timedelta(days=max(0, self.number - back))}
        if kind not in ("contribute", "withdraw"):
            fields["action"] = action
        if {"reserved", "committed", "paid"} & set(MOVES[kind]):
            fields["request"] = request
        self.try_entry(build_entry(kind, Decimal(cents) / 100, self.number, **fields))

    @precondition(lambda self: self.entries)
    @rule(data=st.data())
    def reverse(self, data: Any) -> None:
        self.number += 1
        chosen = data.draw(st.sampled_from(self.entries))
        self.try_entry(build_reversal(chosen, f"e{self.number}", DAY + timedelta(days=self.number), "correction"))

    def try_entry(self, entry: Entry) -> None:
        try:
            check_entry(self.entries, entry)
        except InputError:
            return
        self.entries.append(entry)

    @invariant()
    def books_balance_and_nothing_is_negative(self) -> None:
        days = sorted({entry.on for entry in self.entries})
        for day in days:
            accounts = compute_accounts(self.entries, day)
            assert sum(accounts.values()) == 0
            assert all(amount >= 0 for account, amount in accounts.items() if account.stage != "funder")

    @invariant()
    def sums_by_funder_and_by_action_agree(self) -> None:
        whole = compute_balance(self.entries)
        by_funder = [compute_balance(self.entries, funder=name) for name in FUNDERS]
        by_action = [compute_balance(self.entries, action=name) for name in ACTIONS]
        for field in ("planned", "reserved", "committed", "paid", "given_back", "left"):
            assert sum(getattr(part, field) for part in by_funder) == getattr(whole, field)
            assert sum(getattr(part, field) for part in by_action) == getattr(whole, field)
        assert sum(part.contributed for part in by_funder) == whole.contributed
        assert whole.contributed == whole.unplanned + whole.planned
        assert whole.left >= 0


LedgerMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestLedger = LedgerMachine.TestCase


def test_budget_under_what_is_reserved_and_committed_is_told() -> None:
    balance = Balance(planned=Decimal(100), reserved=Decimal(30), committed=Decimal(50), paid=Decimal(20))
    assert check_budget("Aides", Decimal(80), balance) is None
    told = check_budget("Aides", Decimal("79.99"), balance)
    assert told is not None
    assert told.en.startswith("Aides: the budget would be €79.99 while €80.00 are reserved or committed.")
