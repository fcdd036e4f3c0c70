"""Anything a person may try with the ledger on a database, in any order: the books hold at every step."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django_scopes import scope
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from ancrage.conventions import ledger
from ancrage.errors import InputError
from ancrage_web.conventions.models import Entry
from ancrage_web.conventions.queries import money
from ancrage_web.conventions.services.ledger import Draft, check_ledger, post_entry, reverse_entry
from web.conftest import World
from web.convention_samples import build_sample

DAY = date(2025, 9, 1)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the pure machine and the other tests cover PostgreSQL")
def test_books_hold_whatever_is_tried(world: World) -> None:
    sample = build_sample(world)

    class Machine(RuleBasedStateMachine):
        """Each run is undone at its end, so that the next one starts from an empty ledger."""

        def __init__(self) -> None:
            super().__init__()
            self.point = transaction.savepoint()
            self.scope = scope(organisation=sample.convention.organisation)
            self.scope.__enter__()
            self.entries: list[Entry] = []

        def teardown(self) -> None:
            self.scope.__exit__(None, None, None)
            transaction.savepoint_rollback(self.point)

        @rule(
            kind=st.sampled_from([*ledger.MOVES, "contribute", "plan"]),
            cents=st.integers(min_value=1, max_value=100_000),
            funder=st.sampled_from([sample.funder, sample.pooled]),
            action=st.sampled_from([sample.action, sample.engineering]),
            request=st.sampled_from([sample.request, sample.draft]),
            day=st.integers(min_value=0, max_value=20),
        )
        def enter(self, kind: Any, cents: int, funder: Any, action: Any, request: Any, day: int) -> None:
            with_request = bool({"reserved", "committed", "paid"} & set(ledger.MOVES[kind]))
            draft = Draft(
                on=DAY + timedelta(days=day),
                kind=kind,
                funder=funder,
                amount=Decimal(cents) / 100,
                document=sample.document,
                action=None if kind in ("contribute", "withdraw") else action,
                request=request if with_request else None,
            )
            self.attempt(lambda: post_entry(sample.access, draft))

        @precondition(lambda self: self.entries)
        @rule(data=st.data(), day=st.integers(min_value=0, max_value=20))
        def reverse(self, data: Any, day: int) -> None:
            chosen = data.draw(st.sampled_from(self.entries))
            on = DAY + timedelta(days=day)
            self.attempt(lambda: reverse_entry(sample.access, chosen, on=on, document=sample.document))

        def attempt(self, write: Any) -> None:
            try:
                self.entries.append(write())
            except InputError:
                assert Entry.objects.count() == len(self.entries)

        @invariant()
        def accounts_are_what_the_entries_make(self) -> None:
            checked = check_ledger(sample.convention)
            assert (checked.entries, checked.problems) == (len(self.entries), ())

        @invariant()
        def sums_agree_and_nothing_is_negative(self) -> None:
            for day in (None, DAY + timedelta(days=10)):
                accounts = ledger.compute_accounts(money.read_sums(sample.convention, day))
                assert sum(accounts.values()) == 0
                assert all(held >= 0 for account, held in accounts.items() if account.stage != "funder")
                balances = money.read_balances(sample.convention, day)
                total = balances.total
                for field in ("planned", "reserved", "committed", "paid", "given_back", "left"):
                    whole = getattr(total, field)
                    assert sum(getattr(part, field) for part in balances.by_funder.values()) == whole
                    assert sum(getattr(part, field) for part in balances.by_action.values()) == whole
                assert sum(part.contributed for part in balances.by_funder.values()) == total.contributed
                assert total.contributed == total.unplanned + total.planned
                assert total.left >= 0

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
