"""A large convention for tests and measures: rows written at once, consistent with the ledger."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django_scopes import scope

from ancrage.conventions import ledger
from ancrage_web.conventions.models import Account, Beneficiary, Entry, Job, Request
from ancrage_web.conventions.queries.money import build_key
from ancrage_web.demo.conventions import compute_siren
from web.convention_samples import Sample, build_sample

if TYPE_CHECKING:
    from web.conftest import World

START = date(2025, 8, 1)


def build_large_convention(world: World, requests: int = 500, entries: int = 5000) -> Sample:
    """Add to the sample requests with their entries: contribution, budget, then reservation, commitment, payments."""
    sample = build_sample(world)
    organisation = world.organisation
    with scope(organisation=organisation):
        firms = Beneficiary.objects.bulk_create(
            Beneficiary(organisation=organisation, siren=compute_siren(n), name=f"Entreprise {n}", commune="00001")
            for n in range(1, min(requests, 900) + 1)
        )
        made = Request.objects.bulk_create(
            Request(
                convention=sample.convention,
                number=number + 3,
                action=sample.action,
                beneficiary=firms[number % len(firms)],
                status="agreed",
                title=f"Projet {number}",
                amount_asked=Decimal("100.00"),
                amount_granted=Decimal("100.00"),
                jobs_created=2,
                submitted_on=START,
                decided_on=START,
                agreed_on=START,
            )
            for number in range(requests)
        )
        Job.objects.bulk_create(
            Job(
                convention=sample.convention,
                request=request,
                action=sample.action,
                label=f"Poste {rank}",
                contract="cdi",
                programmed_on=START,
                committed_on=START,
                hired_on=START if rank else None,
                proof=sample.document if rank else None,
            )
            for request in made
            for rank in range(2)
        )
        moves: list[tuple[ledger.Kind, Request | None, Decimal]] = [
            ("contribute", None, Decimal("500000.00")),
            ("plan", None, Decimal("400000.00")),
            *(("reserve", request, Decimal("100.00")) for request in made),
            *(("commit", request, Decimal("100.00")) for request in made),
        ]
        paid = 0
        while len(moves) < entries:
            moves.append(("pay", made[paid % requests], Decimal("1.00")))
            paid += 1
        accounts: dict[ledger.Account, Decimal] = {}
        written = []
        for number, (kind, request, amount) in enumerate(moves, start=1):
            entry = Entry(
                convention=sample.convention,
                number=number,
                on=START + timedelta(days=number // 50),
                kind=kind,
                funder=sample.funder,
                action=None if kind == "contribute" else sample.action,
                request=request,
                amount=amount,
                document=sample.document,
                label="Écriture d'essai",
            )
            written.append(entry)
            line = ledger.Entry(
                str(number),
                entry.on,
                kind,
                str(sample.funder.pk),
                amount,
                "-",
                "" if entry.action is None else str(sample.action.pk),
                "" if request is None else str(request.pk),
            )
            start, end = line.list_accounts()
            accounts[start] = accounts.get(start, Decimal(0)) - amount
            accounts[end] = accounts.get(end, Decimal(0)) + amount
        Entry.objects.bulk_create(written, batch_size=500)
        Account.objects.bulk_create(
            Account(
                convention=sample.convention,
                key=build_key(account),
                stage=account.stage,
                funder_id=account.funder,
                action_id=account.action or None,
                request_id=account.request or None,
                amount=amount,
            )
            for account, amount in accounts.items()
        )
    return sample
