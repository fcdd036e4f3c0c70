"""Two people who change one convention at the same moment: money is never granted, paid, imported nor closed twice."""

from __future__ import annotations

import time
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.utils import timezone
from django_scopes import scope

from ancrage.conventions.committee import BALANCE_NAMES
from ancrage.errors import InputError
from ancrage_web.conventions.models import Committee, CommitteeFile, Convention, Entry, Request
from ancrage_web.conventions.services import committees, imports, ledger, life, payments, request_money, requests
from ancrage_web.conventions.services.ledger import Draft, check_ledger
from web.conftest import World
from web.convention_samples import Sample, build_sample
from web.test_convention_import import keep
from web.test_simultaneous_writes import run_together

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]
AMOUNT, ON = Decimal("10000.00"), date(2025, 9, 1)


@pytest.fixture(autouse=True)
def _slow_trail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make services wait before they write the trail, so that two of them meet half-way."""
    for module in (committees, imports, ledger, life, request_money, requests):
        if hasattr(module, "record"):
            real = module.record

            def write(*args: Any, real: Any = real, **kwargs: Any) -> Any:
                time.sleep(0.15)
                return real(*args, **kwargs)

            monkeypatch.setattr(module, "record", write)


def instruct(world: World) -> Sample:
    """Return the sample with its request ready for the committee, its money set aside."""
    sample = build_sample(world)
    document = sample.document
    with scope(organisation=world.organisation):
        ledger.post_entries(
            sample.access,
            [
                Draft(ON, "contribute", sample.funder, AMOUNT, document),
                Draft(ON, "plan", sample.funder, AMOUNT, document, action=sample.action),
            ],
        )
        shares = [(sample.funder, AMOUNT)]
        requests.instruct_request(
            sample.access, sample.request, shares=shares, on=date(2025, 10, 15), document=document
        )
    return sample


def decide(sample: Sample, amount: Decimal) -> Request:
    return requests.decide_request(
        sample.access, sample.request, outcome="granted", amount=amount, conditions="", on=date(2025, 11, 3),
        document=sample.document,
    )  # fmt: skip


def count_refusals(answers: list[Any]) -> int:
    assert all(isinstance(answer, InputError) or not isinstance(answer, Exception) for answer in answers), answers
    return sum(isinstance(answer, InputError) for answer in answers)


def test_two_decisions_at_once_grant_one_amount(world: World) -> None:
    sample = instruct(world)
    answers = run_together(
        (world.organisation, lambda: decide(sample, Decimal("9000.00"))),
        (world.organisation, lambda: decide(sample, Decimal("8000.00"))),
    )
    assert count_refusals(answers) == 1
    with scope(organisation=world.organisation):
        granted = Request.objects.get(pk=sample.request.pk).amount_granted
        assert list(Entry.objects.filter(kind="commit").values_list("amount", flat=True)) == [granted]
        check_ledger(sample.convention)


def test_two_payments_at_once_never_pass_the_commitment(world: World) -> None:
    sample = instruct(world)
    with scope(organisation=world.organisation):
        decide(sample, AMOUNT)
        requests.sign_agreement(sample.access, sample.request, on=date(2025, 11, 20), document=sample.document)

    def pay() -> Request:
        amounts = [(sample.funder, Decimal("6000.00"))]
        return payments.pay_request(
            sample.access, sample.request, amounts=amounts, on=date(2025, 12, 1), document=sample.document
        )

    assert count_refusals(run_together((world.organisation, pay), (world.organisation, pay))) == 1
    with scope(organisation=world.organisation):
        paid = Entry.objects.filter(kind="pay").aggregate(sum=Sum("amount"))["sum"]
        assert paid == Decimal("6000.00")
        check_ledger(sample.convention)


def test_import_confirmed_twice_at_once_makes_one_convention(world: World) -> None:
    draft, actor = keep(world), world.get_actor("officer")
    answers = run_together(*[(world.organisation, lambda: imports.import_convention(actor, draft))] * 2)
    assert count_refusals(answers) == 1
    with scope(organisation=world.organisation):
        assert Convention.objects.count() == 1


def test_frozen_figures_are_those_of_whole_postings(world: World) -> None:
    sample = instruct(world)
    day = date(2026, 6, 30)
    with scope(organisation=world.organisation):
        committee = committees.plan_committee(sample.access, day=day)
    pair = [
        Draft(ON, "contribute", sample.funder, AMOUNT, sample.document),
        Draft(ON, "plan", sample.funder, AMOUNT, sample.document, action=sample.engineering),
    ]
    _, file = run_together(
        (world.organisation, lambda: ledger.post_entries(sample.access, pair)),
        (world.organisation, lambda: committees.freeze_committee(sample.access, committee, on=day)),
    )
    totals = file.content["totals"]
    assert totals["contributed"] == totals["planned"]
    with scope(organisation=world.organisation):
        counted = Entry.objects.filter(kind="contribute", number__lte=file.content["last_number"])
        assert Decimal(totals["contributed"]) == counted.aggregate(sum=Sum("amount"))["sum"]


def test_convention_closes_or_takes_an_entry_never_both(world: World) -> None:
    sample = build_sample(world, status="closing")
    with scope(organisation=world.organisation):
        Request.objects.update(status="withdrawn")
        final = Committee.objects.create(
            convention=sample.convention, kind="final", day=date(2028, 7, 1), held_at=timezone.now()
        )
        content: dict[str, Any] = {"totals": dict.fromkeys(BALANCE_NAMES, "0.00"), "actions": [], "funders": []}
        CommitteeFile.objects.create(
            committee=final, number=1, frozen_on=final.day, content=content, sha256="-", asked_at=timezone.now(),
            folder="-",
        )  # fmt: skip
    draft = Draft(ON, "contribute", sample.funder, AMOUNT, sample.document)
    answers = run_together(
        (world.organisation, lambda: ledger.post_entry(sample.access, draft)),
        (world.organisation, lambda: life.change_status(sample.access, "closed")),
    )
    assert count_refusals(answers) == 1
    with scope(organisation=world.organisation):
        closed = Convention.objects.get().status == "closed"
        assert closed == (not Entry.objects.exists())
