"""The ledger on a database: numbered, checked, balanced, never changed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django_scopes import scope

from ancrage.conventions import ledger
from ancrage.errors import InputError
from ancrage_web.accounts.actors import ForbiddenError
from ancrage_web.audit.models import AuditLine
from ancrage_web.conventions.models import Account, Convention, Entry
from ancrage_web.conventions.queries import money
from ancrage_web.conventions.services import ledger as service
from ancrage_web.conventions.services.ledger import Draft, post_entries, post_entry, reverse_entry
from web.conftest import World
from web.convention_samples import Sample, build_convention, build_document, build_sample, open_to_partner

DAY = date(2025, 10, 1)


@pytest.fixture
def sample(world: World) -> Sample:
    return build_sample(world)


def draft(sample: Sample, kind: ledger.Kind, amount: str, day: int = 1, **fields: Any) -> Draft:
    stages = set(ledger.MOVES[kind])
    return Draft(
        **{
            "on": date(2025, 10, day),
            "kind": kind,
            "funder": sample.funder,
            "amount": Decimal(amount),
            "document": sample.document,
            "action": None if kind in ("contribute", "withdraw") else sample.action,
            "request": sample.request if stages & {"reserved", "committed", "paid"} else None,
            **fields,
        }
    )


def post_life(sample: Sample) -> list[Entry]:
    return post_entries(
        sample.access,
        [
            draft(sample, "contribute", "100000.00", 1),
            draft(sample, "plan", "60000.10", 2),
            draft(sample, "reserve", "12000.00", 3),
            draft(sample, "commit", "10000.00", 4),
            draft(sample, "release", "2000.00", 4),
            draft(sample, "pay", "4000.00", 5),
        ],
    )


def test_entries_are_numbered_and_balances_follow(sample: Sample) -> None:
    entries = post_life(sample)
    with scope(organisation=sample.convention.organisation):
        assert [entry.number for entry in entries] == [1, 2, 3, 4, 5, 6]
        balances = money.read_balances(sample.convention)
        assert balances.total == ledger.Balance(
            contributed=Decimal("100000.00"),
            planned=Decimal("60000.10"),
            reserved=Decimal(0),
            committed=Decimal("10000.00"),
            paid=Decimal("4000.00"),
            left=Decimal("50000.10"),
            unplanned=Decimal("39999.90"),
        )
        assert balances.by_action[sample.action.pk].left == Decimal("50000.10")
        assert balances.by_funder[sample.funder.pk] == balances.total
        assert balances.by_request[sample.request.pk].committed == Decimal("10000.00")
        assert balances.get_action(sample.engineering) == ledger.Balance()
        past = money.read_balances(sample.convention, date(2025, 10, 3), by_request=False)
        assert (past.total.reserved, past.total.paid, past.by_request) == (Decimal("12000.00"), Decimal(0), {})
    assert service.check_ledger(sample.convention) == service.LedgerCheck(6)


def test_service_refuses_with_names_what_is_not_there(sample: Sample) -> None:
    post_life(sample)
    with pytest.raises(InputError) as refused:
        post_entry(sample.access, draft(sample, "pay", "6000.01", 6))
    assert refused.value.text.fr == (
        "Paiement de 6\u202f000,01\u00a0€ : seulement 6\u202f000,00\u00a0€ engagé et non payé (Aide aux entreprises / "
        "n° 2 / Fonderie d'Essai) au 6 octobre 2025. Réduisez le montant, ou enregistrez d'abord ce qui manque."
    )
    # What was used since is looked at too.
    with pytest.raises(InputError, match="on 3 October 2025"):
        post_entry(sample.access, draft(sample, "unplan", "50000.00", 2))
    with scope(organisation=sample.convention.organisation):
        assert Entry.objects.count() == 6


def test_entries_of_one_call_are_all_written_or_none(sample: Sample) -> None:
    with pytest.raises(InputError):
        post_entries(sample.access, [draft(sample, "contribute", "10.00"), draft(sample, "plan", "10.01")])
    with scope(organisation=sample.convention.organisation):
        assert (Entry.objects.count(), Account.objects.count()) == (0, 0)
    post_entries(sample.access, [draft(sample, "contribute", "10.00"), draft(sample, "plan", "10.00")])
    with scope(organisation=sample.convention.organisation):
        line = AuditLine.objects.get(action="entries.posted")
        assert line.after == {"first": 1, "last": 2, "entries": 2}


def test_cents_add_up_exactly_whatever_the_database_counts_in(sample: Sample) -> None:
    post_entry(sample.access, draft(sample, "contribute", "0.30"))
    for amount in ("0.10", "0.20"):
        post_entry(sample.access, draft(sample, "plan", amount))
    with pytest.raises(InputError):
        post_entry(sample.access, draft(sample, "plan", "0.01"))
    assert service.check_ledger(sample.convention).problems == ()


def test_entry_is_reversed_once_and_never_changed(sample: Sample) -> None:
    entries = post_life(sample)
    undone = reverse_entry(sample.access, entries[-1], on=date(2025, 10, 9), document=sample.document)
    assert (undone.number, undone.reverses_id, undone.amount) == (7, entries[-1].pk, Decimal("4000.00"))
    with scope(organisation=sample.convention.organisation):
        assert money.read_balances(sample.convention).total.paid == Decimal(0)
    for entry, sentence in ((entries[-1], "already reversed"), (undone, "itself a reversal")):
        with pytest.raises(InputError, match=sentence):
            reverse_entry(sample.access, entry, on=date(2025, 10, 9), document=sample.document)
    with pytest.raises(InputError, match="counts from 2025-10-04"):
        reverse_entry(sample.access, entries[3], on=date(2025, 10, 3), document=sample.document)
    with pytest.raises(InputError, match="only"):
        reverse_entry(sample.access, entries[0], on=date(2025, 10, 9), document=sample.document)
    assert service.check_ledger(sample.convention) == service.LedgerCheck(7)


def test_what_belongs_to_another_convention_is_refused(sample: Sample, world: World) -> None:
    other = build_document(build_convention(world, name="Autre"))
    with pytest.raises(InputError, match="another convention"):
        post_entry(sample.access, draft(sample, "contribute", "1.00", document=other))


def test_closed_convention_takes_no_entry(sample: Sample) -> None:
    with scope(organisation=sample.convention.organisation):
        Convention.objects.filter(pk=sample.convention.pk).update(status="closed")
    with pytest.raises(InputError, match="is closed"):
        post_entry(sample.access, draft(sample, "contribute", "1.00"))


@pytest.mark.parametrize("part", ["state", "company"])
def test_state_and_company_do_not_write(sample: Sample, world: World, part: Any) -> None:
    with pytest.raises(ForbiddenError):
        post_entry(open_to_partner(world, sample.convention, part), draft(sample, "contribute", "1.00"))


def test_consultant_writes_in_the_trail_of_the_owner(sample: Sample, world: World) -> None:
    access = open_to_partner(world, sample.convention, "consultant")
    entry = post_entry(access, draft(sample, "contribute", "1.00"))
    with scope(organisation=sample.convention.organisation):
        line = AuditLine.objects.get(action="entry.posted")
    assert (line.object_id, line.actor_id, line.after["amount"]) == (str(entry.pk), access.actor.user.pk, "1.00")  # type: ignore[union-attr]


def test_constraint_of_the_database_says_the_same_sentence(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    post_entry(sample.access, draft(sample, "contribute", "10.00"))
    with pytest.raises(InputError) as refused:
        post_entry(sample.access, draft(sample, "plan", "10.01"))
    # Whatever slips through the check is stopped by the account.
    monkeypatch.setattr(ledger, "check_account", lambda *_args: None)
    with pytest.raises(InputError) as stopped:
        post_entry(sample.access, draft(sample, "plan", "10.01"))
    assert stopped.value.text == refused.value.text
    assert service.check_ledger(sample.convention) == service.LedgerCheck(1)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE conventions_entry SET amount = amount + 1",
        "UPDATE conventions_entry SET label = label",
        "DELETE FROM conventions_entry WHERE number = 6",
        "DELETE FROM conventions_entry",
    ],
)
def test_database_refuses_to_change_or_delete_an_entry(sample: Sample, statement: str) -> None:
    post_life(sample)
    with pytest.raises(DatabaseError, match="never changed nor deleted"), transaction.atomic():
        connection.cursor().execute(statement)
    assert service.check_ledger(sample.convention) == service.LedgerCheck(6)


def test_database_refuses_to_replace_or_truncate_the_entries(sample: Sample) -> None:
    post_life(sample)
    statement = "TRUNCATE conventions_entry"
    if connection.vendor == "sqlite":
        statement = "INSERT OR REPLACE INTO conventions_entry SELECT * FROM conventions_entry"
    connection.check_constraints()
    with pytest.raises(DatabaseError, match="never changed nor deleted"), transaction.atomic():
        connection.cursor().execute(statement)


def test_command_says_which_ledger_does_not_agree(sample: Sample, capsys: Any) -> None:
    post_life(sample)
    call_command("check_ledgers")
    assert "6 écritures" in capsys.readouterr().out
    with scope(organisation=sample.convention.organisation):
        Account.objects.filter(stage="source").update(amount=F("amount") + 1)
    with pytest.raises(SystemExit) as stopped:
        call_command("check_ledgers")
    assert stopped.value.code == 1
    told = capsys.readouterr().err
    assert "contient 40000.90, ses écritures font 39999.90" in told
