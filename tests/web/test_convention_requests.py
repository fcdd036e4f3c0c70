"""The life of a request of aid, its money at every step, what is refused, its pages."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from ancrage.errors import InputError
from ancrage_web.accounts.actors import ForbiddenError
from ancrage_web.conventions.models import Beneficiary, DeclaredAid, Entry, Job, Request
from ancrage_web.conventions.queries import aid
from ancrage_web.conventions.queries.jobs import read_job_counts
from ancrage_web.conventions.queries.money import read_balances
from ancrage_web.conventions.services import requests as services
from ancrage_web.conventions.services.ledger import Draft, post_entries
from web.conftest import World
from web.convention_samples import PDF, Sample, build_sample, open_to_partner

ON = date(2025, 10, 1)


@pytest.fixture
def sample(world: World) -> Any:
    """Return the sample, with 30,000 EUR of the company and 10,000 EUR of the fund planned in the action."""
    built = build_sample(world)
    with scope(organisation=world.organisation):
        drafts = []
        for funder, amount in ((built.funder, Decimal(30_000)), (built.pooled, Decimal(10_000))):
            drafts.append(Draft(date(2025, 8, 1), "contribute", funder, amount, built.document))
            drafts.append(Draft(date(2025, 8, 1), "plan", funder, amount, built.document, action=built.action))
        post_entries(built.access, drafts)
        yield built


def instruct(sample: Sample) -> Request:
    """Set 9,000 + 3,000 EUR aside for the request."""
    shares = [(sample.funder, Decimal(9_000)), (sample.pooled, Decimal(3_000))]
    return services.instruct_request(sample.access, sample.request, shares=shares, on=ON, document=sample.document)


def grant(sample: Sample, amount: Decimal = Decimal(10_000), on: date = date(2025, 11, 5)) -> Request:
    """Grant an amount."""
    return services.decide_request(
        sample.access,
        sample.request,
        outcome="granted",
        amount=amount,
        conditions="Quatre CDI.",
        on=on,
        document=sample.document,
    )


def agree(sample: Sample) -> Request:
    """Bring the request to its agreement."""
    instruct(sample)
    grant(sample)
    return services.sign_agreement(sample.access, sample.request, on=date(2025, 11, 20), document=sample.document)


def read_money(sample: Sample) -> tuple[Decimal, ...]:
    """Return reserved, committed, paid and left of the action."""
    balance = read_balances(sample.convention).by_action[sample.action.pk]
    return balance.reserved, balance.committed, balance.paid, balance.left


def test_money_follows_the_request_to_its_end(sample: Sample) -> None:
    access, document = sample.access, sample.document
    assert read_money(sample) == (0, 0, 0, 40_000)
    instruct(sample)
    assert read_money(sample) == (12_000, 0, 0, 28_000)
    grant(sample)
    assert read_money(sample) == (0, 10_000, 0, 30_000)
    services.sign_agreement(access, sample.request, on=date(2025, 11, 20), document=document)
    amounts = [(sample.funder, Decimal(5_000)), (sample.pooled, Decimal(1_000))]
    services.pay_request(access, sample.request, amounts=amounts, on=date(2025, 12, 1), document=document)
    assert read_money(sample) == (0, 10_000, 6_000, 30_000)
    back = [(sample.funder, Decimal(500))]
    services.give_money_back(access, sample.request, amounts=back, on=date(2026, 1, 5), document=document)
    assert read_money(sample) == (0, 9_500, 5_500, 30_500)
    ended = services.end_request(access, sample.request, on=date(2026, 2, 1), document=document)
    assert read_money(sample) == (0, 5_500, 5_500, 34_500)
    assert (ended.status, ended.amount_granted, ended.ended_on) == ("ended", Decimal(10_000), date(2026, 2, 1))


def count_posts(sample: Sample, on: date) -> tuple[int, int]:
    """Return the posts programmed and committed at the end of a day."""
    counts = read_job_counts(sample.convention, on)
    return counts.programmed.posts, counts.committed.posts


def test_posts_enter_the_register_with_the_request_and_are_committed_with_the_grant(sample: Sample) -> None:
    access = sample.access
    services.return_request(access, sample.request, reason="Il manque le devis.")
    services.save_request(access, sample.request, jobs_created=3, jobs_maintained=2)
    services.submit_request(access, sample.request)
    assert count_posts(sample, ON) == (5, 0)
    # Sent back and corrected: the register follows, the posts go where the money is asked for.
    services.return_request(access, sample.request, reason="Trois postes, sur l'autre action.")
    services.save_request(access, sample.request, jobs_maintained=0, action=sample.engineering)
    services.submit_request(access, sample.request)
    assert set(Job.objects.values_list("action", flat=True)) == {sample.engineering.pk}
    services.return_request(access, sample.request, reason="Non, sur la première.")
    services.save_request(access, sample.request, action=sample.action)
    services.submit_request(access, sample.request)
    assert set(Job.objects.values_list("action", flat=True)) == {sample.action.pk}
    instruct(sample)
    grant(sample)
    assert count_posts(sample, date(2025, 11, 4)) == (3, 0)
    assert count_posts(sample, date(2025, 11, 5)) == (3, 3)
    # Given up before its agreement: what was true stays true, until that day.
    services.withdraw_request(access, sample.request, on=date(2025, 12, 1), document=sample.document)
    assert count_posts(sample, date(2025, 11, 30)) == (3, 3)
    assert count_posts(sample, date(2025, 12, 1)) == (0, 0)


def test_posts_of_a_refused_request_are_no_longer_programmed(sample: Sample) -> None:
    services.return_request(sample.access, sample.request, reason="Il manque le devis.")
    services.submit_request(sample.access, sample.request)
    instruct(sample)
    services.decide_request(
        sample.access,
        sample.request,
        outcome="refused",
        amount=None,
        conditions="Hors bassin.",
        on=date(2025, 11, 5),
        document=sample.document,
    )
    assert count_posts(sample, date(2025, 11, 4)) == (4, 0)
    assert count_posts(sample, date(2025, 11, 5)) == (0, 0)


def test_grant_is_shared_as_the_reservation_was(sample: Sample) -> None:
    instruct(sample)
    grant(sample, Decimal("10000.01"))
    held = {each.funder.name: each.committed for each in aid.read_holdings(sample.request)}
    assert held == {"Fonderie d'Essai": Decimal("7500.01"), "Fonds d'Essai": Decimal("2500.00")}


def test_refusal_and_withdrawal_free_the_money(sample: Sample) -> None:
    instruct(sample)
    with pytest.raises(InputError, match="no document"):
        services.withdraw_request(sample.access, sample.request, on=ON)
    assert read_money(sample)[0] == 12_000
    services.decide_request(
        sample.access,
        sample.request,
        outcome="refused",
        amount=None,
        conditions="Hors bassin.",
        on=date(2025, 11, 5),
        document=sample.document,
    )
    assert read_money(sample) == (0, 0, 0, 40_000)


def test_postponed_request_keeps_its_money(sample: Sample) -> None:
    instruct(sample)
    postponed = services.decide_request(
        sample.access,
        sample.request,
        outcome="postponed",
        amount=None,
        conditions="Devis attendu.",
        on=date(2025, 11, 5),
        document=sample.document,
    )
    assert (postponed.status, read_money(sample)[0]) == ("instructed", 12_000)


def test_reservation_stays_within_what_is_asked_and_free(sample: Sample) -> None:
    for shares in ([(sample.funder, Decimal(12_001))], [(sample.pooled, Decimal(10_500))], []):
        with pytest.raises(InputError):
            services.instruct_request(sample.access, sample.request, shares=shares, on=ON, document=sample.document)
    assert read_money(sample) == (0, 0, 0, 40_000)
    assert Request.objects.get(pk=sample.request.pk).status == "submitted"


def test_nothing_is_paid_before_the_agreement_nor_above_the_commitment(sample: Sample) -> None:
    instruct(sample)
    grant(sample)

    def pay(amount: int, on: date = date(2025, 12, 1)) -> None:
        services.pay_request(
            sample.access, sample.request, amounts=[(sample.funder, Decimal(amount))], on=on, document=sample.document
        )

    with pytest.raises(InputError, match="before the agreement"):
        pay(100)
    services.sign_agreement(sample.access, sample.request, on=date(2025, 11, 20), document=sample.document)
    with pytest.raises(InputError, match="is before the agreement"):
        pay(100, date(2025, 11, 19))
    with pytest.raises(InputError, match="more than"):
        pay(7_501)
    pay(7_500)
    assert read_money(sample)[2] == 7_500


def test_no_step_comes_before_the_one_it_follows(sample: Sample) -> None:
    access, request, document = sample.access, sample.request, sample.document
    submitted = Request.objects.get(pk=request.pk).submitted_on
    assert submitted is not None
    with pytest.raises(InputError, match="is before the submission"):
        services.withdraw_request(access, request, on=submitted - timedelta(days=1))
    instruct(sample)
    grant(sample)
    with pytest.raises(InputError, match="is before the decision"):
        services.withdraw_request(access, request, on=date(2025, 11, 4), document=document)
    services.sign_agreement(access, request, on=date(2025, 11, 20), document=document)
    amounts = [(sample.funder, Decimal(100))]
    services.pay_request(access, request, amounts=amounts, on=date(2025, 11, 20), document=document)
    before = read_money(sample)
    with pytest.raises(InputError, match="is before the agreement"):
        services.give_money_back(access, request, amounts=amounts, on=date(2025, 11, 19), document=document)
    with pytest.raises(InputError, match="is before the agreement"):
        services.end_request(access, request, on=date(2025, 11, 19), document=document)
    assert (read_money(sample), Request.objects.get(pk=request.pk).status) == (before, "agreed")


def test_second_decision_and_second_click_do_nothing(sample: Sample) -> None:
    seen = instruct(sample)
    grant(sample)
    with pytest.raises(InputError, match="does not become"):
        grant(sample)
    with pytest.raises(services.StaleError):
        services.sign_agreement(
            sample.access, sample.request, on=date(2025, 11, 20), document=sample.document, version=seen.version
        )
    agreed = services.sign_agreement(sample.access, sample.request, on=date(2025, 11, 20), document=sample.document)
    payment: dict[str, Any] = {
        "amounts": [(sample.funder, Decimal(1_000))],
        "on": date(2025, 12, 1),
        "document": sample.document,
        "version": agreed.version,
    }
    services.pay_request(sample.access, sample.request, **payment)
    with pytest.raises(services.StaleError):
        services.pay_request(sample.access, sample.request, **payment)
    assert Entry.objects.filter(kind="pay").count() == 1


def test_sheet_must_be_whole_before_it_is_submitted(sample: Sample) -> None:
    with pytest.raises(InputError, match="the title of the project, the beneficiary"):
        services.submit_request(sample.access, sample.draft)
    services.save_request(
        sample.access,
        sample.draft,
        title="Un local",
        beneficiary=sample.beneficiary,
        action=sample.action,
        amount_asked=Decimal(5_000),
    )
    assert services.submit_request(sample.access, sample.draft, on=ON).submitted_on == ON
    with pytest.raises(InputError, match="no longer changes"):
        services.save_request(sample.access, sample.draft, title="Un autre local")


def declare(sample: Sample, day: date, amount: int, beneficiary: Beneficiary | None = None) -> None:
    DeclaredAid.objects.create(
        beneficiary=beneficiary or sample.beneficiary, granted_on=day, amount=Decimal(amount), source="Région"
    )


def test_de_minimis_t15_shared_by_sister_companies(sample: Sample) -> None:
    sample.beneficiary.undertaking = "Groupe d'Essai"
    sample.beneficiary.save()
    sister = Beneficiary.objects.create(
        organisation=sample.convention.organisation, siren="111111118", name="Sœur", undertaking="GROUPE D'ESSAI"
    )
    declare(sample, date(2024, 2, 1), 120_000)
    declare(sample, date(2025, 6, 1), 100_000, sister)
    finding = aid.check_aid(sample.beneficiary, Decimal(90_000), date(2026, 11, 23))
    assert (finding.level, finding.value) == ("error", Decimal(80_000))
    assert aid.check_aid(sister, Decimal(200_000), date(2027, 2, 2)).level == "ok"


def test_ceiling_blocks_a_grant_unless_another_basis_is_written(sample: Sample) -> None:
    declare(sample, date(2025, 6, 1), 295_000)
    instruct(sample)
    with pytest.raises(InputError, match=r"De minimis \(R17\)"):
        grant(sample)
    services.save_request(sample.access, sample.request, de_minimis=False)
    with pytest.raises(InputError, match="on which basis"):
        grant(sample)
    services.save_request(sample.access, sample.request, other_basis="Régime exempté SA.111728")
    assert grant(sample).status == "granted"
    assert aid.read_window(sample.beneficiary, date(2025, 12, 1)).held == 295_000


def test_granted_aid_counts_from_its_decision(sample: Sample) -> None:
    instruct(sample)
    grant(sample)
    assert aid.read_window(sample.beneficiary, date(2025, 11, 4)).held == 0
    assert aid.read_window(sample.beneficiary, date(2025, 11, 5)).held == 10_000


@pytest.mark.parametrize("part", ["state", "company"])
def test_partners_who_only_read_decide_nothing(sample: Sample, world: World, part: Any) -> None:
    access = open_to_partner(world, sample.convention, part)
    with pytest.raises(ForbiddenError):
        services.return_request(access, sample.request, reason="Non")
    client = Client()
    assert access.user is not None
    client.force_login(access.user, backend="django.contrib.auth.backends.ModelBackend")
    keys = {
        "organisation": access.actor.organisation.slug,
        "convention": sample.convention.pk,
        "aid": sample.request.pk,
    }
    assert client.get(reverse("convention-request", kwargs=keys)).status_code == 200
    assert client.get(reverse("convention-request-step", kwargs={**keys, "step": "renvoyer"})).status_code == 403
    assert client.post(reverse("convention-request-remark", kwargs=keys), {"text": "Vu"}).status_code == 302


def address(sample: Sample, name: str, **keys: Any) -> str:
    """Return the address of a page of the convention."""
    organisation = sample.convention.organisation.slug
    return reverse(name, kwargs={"organisation": organisation, "convention": sample.convention.pk, **keys})


def test_pages_carry_a_request_from_instruction_to_payment(sample: Sample, world: World) -> None:
    client, aid_id = world.sign_in("officer"), sample.request.pk

    def post(step: str, data: dict[str, Any]) -> int:
        version = Request.objects.get(pk=aid_id).version
        where = address(sample, "convention-request-step", aid=aid_id, step=step)
        return client.post(where, {"version": version, **data}).status_code

    known = str(sample.document.pk)
    page = client.get(address(sample, "convention-request-step", aid=aid_id, step="instruire")).content.decode()
    assert "30\u202f000,00\u00a0€ au plus" in page
    assert "De minimis : ce que dit la règle avant la décision" in page
    assert post("instruire", {"share_0": "12000", "on": "2025-10-01", "document": known}) == 302
    assert post("decider", {"outcome": "granted", "on": "2025-11-05", "document": known}) == 400
    assert post("decider", {"outcome": "granted", "amount": "12 000", "on": "2025-11-05", "document": known}) == 302
    proof = SimpleUploadedFile("accord.pdf", PDF, content_type="application/pdf")
    assert post("signer", {"on": "2025-11-20", "upload": proof}) == 302
    assert post("payer", {"share_0": "4000", "on": "2999-01-01", "document": known}) == 400
    old = Request.objects.get(pk=aid_id).version
    payment = {"version": old, "share_0": "4000", "on": "2025-12-01", "document": known}
    where = address(sample, "convention-request-step", aid=aid_id, step="payer")
    assert [client.post(where, payment).status_code for _ in range(2)] == [302, 400]
    assert read_money(sample) == (0, 12_000, 4_000, 28_000)
    page = client.get(address(sample, "convention-request", aid=aid_id)).content.decode()
    assert "Aide payée" in page
    assert "accord.pdf" in page


def test_commune_outside_the_basins_is_told(sample: Sample, world: World) -> None:
    Request.objects.filter(pk=sample.request.pk).update(commune="99999")
    page = world.sign_in("reader").get(address(sample, "convention-request", aid=sample.request.pk)).content.decode()
    assert "La commune 99999 n’est dans aucun bassin d’emploi" in page


@pytest.mark.parametrize("count", [1, 3])
def test_list_takes_as_many_queries_whatever_its_length(
    count: int, sample: Sample, world: World, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        Request.objects.create(convention=sample.convention, number=10 + number, title="Essai")
    client = world.sign_in("reader")
    with django_assert_num_queries(12):
        page = client.get(address(sample, "convention-requests")).content.decode()
    assert "Quatre postes d&#x27;atelier" in page


def test_table_holds_the_money_of_each_request(sample: Sample, world: World) -> None:
    agree(sample)
    table = world.sign_in("reader").get(address(sample, "convention-requests-file")).content.decode()
    [line] = [each for each in table.splitlines() if each.startswith("2;")]
    assert line.split(";")[7:10] == ["12000", "10000", "0"]


def test_beneficiary_reads_the_decision_in_an_email(sample: Sample, django_capture_on_commit_callbacks: Any) -> None:
    Request.objects.filter(pk=sample.request.pk).update(contact_email="firm@example.org")
    instruct(sample)
    with django_capture_on_commit_callbacks(execute=True):
        grant(sample)
    [sent] = mail.outbox
    assert sent.to == ["firm@example.org"]
    assert sent.subject == "Décision sur votre demande d'aide n° 2"
    assert "10" not in sent.body.split("-- ")[0].replace("n° 2", "")
