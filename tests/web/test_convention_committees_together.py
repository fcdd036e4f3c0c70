"""Two people who record the minutes of one committee at the same moment: one of them does, the other is told so."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django_scopes import scope

from ancrage.errors import InputError
from ancrage_web.conventions.enums import Outcome
from ancrage_web.conventions.models import Decision, Entry
from ancrage_web.conventions.services import committees as services
from ancrage_web.conventions.services.committees import DecisionDraft
from ancrage_web.conventions.services.ledger import Draft, post_entries
from ancrage_web.conventions.services.requests import instruct_request
from web.conftest import World
from web.convention_samples import build_sample

DAY = date(2026, 6, 30)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_minutes_recorded_twice_at_once_commit_once(world: World) -> None:
    sample = build_sample(world)
    on, document, amount = date(2025, 9, 1), sample.document, Decimal("12000.00")
    with scope(organisation=world.organisation):
        post_entries(
            sample.access,
            [
                Draft(on, "contribute", sample.funder, amount, document),
                Draft(on, "plan", sample.funder, amount, document, action=sample.action),
            ],
        )
        instruct_request(sample.access, sample.request, shares=[(sample.funder, amount)], on=DAY, document=document)
        committee = services.plan_committee(sample.access, day=DAY)
        services.freeze_committee(sample.access, committee, on=DAY)
    start, answers = threading.Barrier(2), list[Any]()

    def record() -> None:
        try:
            start.wait(10)
            with scope(organisation=world.organisation):
                drafts = [DecisionDraft(sample.request, Outcome.GRANTED, amount)]
                answers.append(
                    services.record_minutes(
                        sample.access, committee, minutes="Accord.", decisions=drafts, document=document
                    )
                )
        except InputError as error:
            answers.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=record) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    refused = [answer for answer in answers if isinstance(answer, InputError)]
    assert (len(answers), len(refused)) == (2, 1)
    assert "are recorded: it changes no more" in refused[0].text.en
    with scope(organisation=world.organisation):
        assert Decision.objects.count() == 1
        assert Entry.objects.filter(kind="commit").count() == 1
