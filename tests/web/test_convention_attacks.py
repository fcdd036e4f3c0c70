"""What nobody should manage: changing what is over, dating ahead, writing over someone, reaching another convention."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from ancrage.errors import InputError
from ancrage_web.audit.models import AuditLine
from ancrage_web.conventions.forms_life_fields import AmountField, CountField, read_decimal
from ancrage_web.conventions.models import Beneficiary, CallLink, Convention, Document, Entry, Job, Remark, Request
from ancrage_web.conventions.services import (
    actions,
    amendments,
    committees,
    documents,
    engineering,
    jobs,
    life,
    parties,
    payments,
    public_requests,
    remarks,
    requests,
    residual,
)
from ancrage_web.conventions.services.ledger import Draft, post_entry
from web.conftest import World
from web.convention_samples import PDF, Sample, build_sample
from web.test_permissions import CASES

DAY = date(2026, 2, 2)


@pytest.fixture
def sample(world: World) -> Iterator[Sample]:
    built = build_sample(world)
    with scope(organisation=world.organisation):
        yield built


def build_other(world: World) -> Sample:
    """Return a second convention of the same organisation, with its own rows."""
    with scopes_disabled():
        # The sample makes a beneficiary of the same number.
        Beneficiary.objects.update(siren="123456782")
    return build_sample(world, name="Une autre convention")


def pay(s: Sample) -> Any:
    return payments.pay_request(s.access, s.request, amounts=[(s.funder, Decimal(1))], on=DAY, document=s.document)


def instruct(s: Sample) -> Any:
    return requests.instruct_request(s.access, s.request, shares=[(s.funder, Decimal(1))], on=DAY, document=s.document)


def post(s: Sample, on: date = DAY) -> Entry:
    return post_entry(s.access, Draft(on, "contribute", s.funder, Decimal("10.00"), s.document))


def work(s: Sample) -> Any:
    return engineering.save_work(
        s.access, provider="Cabinet", on=DAY, days=Decimal(1), amount=Decimal(1), label="Suivi"
    )


def candidate(s: Sample) -> Any:
    sheet = residual.Sheet("coaching", "Suivi", Decimal(1), 1.0, next(iter(residual.UNITS)), "Essai")
    return residual.add_candidates(s.access, [sheet])


CHANGES: dict[str, Callable[[Sample], Any]] = {
    "entry": post,
    "pay": pay,
    "instruct": instruct,
    "create": lambda s: requests.create_request(s.access, title="X"),
    "submit": lambda s: requests.submit_request(s.access, s.draft),
    "return": lambda s: requests.return_request(s.access, s.request, reason="Il manque un devis."),
    "withdraw": lambda s: requests.withdraw_request(s.access, s.request),
    "action": lambda s: actions.save_action(s.access, action=s.action, operator="X"),
    "new action": lambda s: actions.save_action(s.access, name="X", kind="other"),
    "move": lambda s: actions.move_action(s.access, s.action, up=False),
    "delete action": lambda s: actions.delete_action(s.access, s.engineering),
    "funder": lambda s: actions.save_funder(s.access, name="X", nature="public"),
    "delete funder": lambda s: actions.delete_funder(s.access, s.pooled),
    "party": lambda s: parties.save_party(s.access, kind="other", name="X"),
    "basin": lambda s: parties.save_basin(s.access, name="X", communes=["00001"]),
    "job": lambda s: jobs.save_job(s.access, label="Soudeur"),
    "engineering": work,
    "residual": candidate,
    "committee": lambda s: committees.plan_committee(s.access, day=date(2027, 6, 1)),
    "delete document": lambda s: documents.delete_document(s.access, s.document),
    "call": lambda s: public_requests.open_call(s.access),
    "link": lambda s: public_requests.renew_link(s.access, s.request),
    "draft": lambda s: public_requests.save_draft(s.draft, "projet", {"title": "X"}),
    "join": lambda s: public_requests.join_document(s.draft, SimpleUploadedFile("a.pdf", PDF)),
    "withdraw own": lambda s: public_requests.withdraw_own(s.request),
}
# A closed convention still takes these, an archived one does not.
KEPT: dict[str, Callable[[Sample], Any]] = {
    "notes": lambda s: life.save_facts(s.access, version=1, name="Autre nom"),
    "remark": lambda s: remarks.add_remark(s.access, text="Une question"),
    "document": lambda s: documents.add_document(s.access, SimpleUploadedFile("b.pdf", PDF + b"%"), kind="other"),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("state", ["closed", "archived"])
def test_what_is_over_changes_no_more(name: str, state: str, sample: Sample) -> None:
    over: dict[str, Any] = {"status": "closed"} if state == "closed" else {"archived_at": timezone.now()}
    Convention.objects.filter(pk=sample.convention.pk).update(**over)
    written = AuditLine.objects.count()
    with pytest.raises(InputError, match=r"is closed|is archived|has ended"):
        CHANGES[name](sample)
    assert AuditLine.objects.count() == written


@pytest.mark.parametrize("name", KEPT)
def test_closed_convention_still_takes_questions_and_answers(name: str, sample: Sample) -> None:
    Convention.objects.filter(pk=sample.convention.pk).update(status="closed")
    KEPT[name](sample)
    Convention.objects.filter(pk=sample.convention.pk).update(archived_at=timezone.now())
    with pytest.raises(InputError, match="is archived"):
        KEPT[name](sample)


def test_archived_convention_is_not_amended_nor_given_a_status(sample: Sample) -> None:
    Convention.objects.filter(pk=sample.convention.pk).update(archived_at=timezone.now())
    with pytest.raises(InputError, match="is archived"):
        life.change_status(sample.access, "closing")
    with pytest.raises(InputError, match="is archived"):
        amendments.amend_convention(
            sample.access, signed_on=DAY, effective_on=DAY, reason="Report", changes={"ends_on": "2028-12-31"}
        )


def test_presence_is_still_checked_once_a_convention_is_closed(sample: Sample) -> None:
    job = Job.objects.create(
        convention=sample.convention,
        label="Soudeur",
        contract="cdi",
        hired_on=date(2025, 9, 1),
        programmed_on=date(2025, 8, 1),
        committed_on=date(2025, 8, 2),
        proof=sample.document,
    )
    Convention.objects.filter(pk=sample.convention.pk).update(status="closed")
    assert jobs.check_presence(sample.access, job, months=6, present=True, on=date(2026, 4, 1)).present_6 is True
    with pytest.raises(InputError, match="is closed"):
        jobs.save_job(sample.access, job=job, label="Autre")


def test_firm_erases_its_data_when_all_is_over(sample: Sample) -> None:
    Convention.objects.filter(pk=sample.convention.pk).update(status="closed", archived_at=timezone.now())
    assert public_requests.erase_own(sample.draft) is True
    assert not Request.objects.filter(pk=sample.draft.pk).exists()


def test_call_closes_when_all_is_over(sample: Sample) -> None:
    public_requests.open_call(sample.access)
    Convention.objects.filter(pk=sample.convention.pk).update(status="closed")
    public_requests.close_call(sample.access)
    assert CallLink.objects.get(convention=sample.convention).closed_at is not None


def test_entry_counts_from_today_at_the_latest(sample: Sample) -> None:
    today = timezone.localdate()
    with pytest.raises(InputError, match="which is to come"):
        post(sample, today + timedelta(days=1))
    assert post(sample, today).on == today


def test_two_people_do_not_overwrite_an_action_nor_a_funder(sample: Sample) -> None:
    seen, funder_seen = actions.compute_state(sample.action), actions.compute_state(sample.funder)
    actions.save_action(sample.access, action=sample.action, seen=seen, operator="Le premier")
    with pytest.raises(InputError, match="Someone changed"):
        actions.save_action(sample.access, action=sample.action, seen=seen, operator="Le second")
    actions.save_funder(sample.access, funder=sample.funder, name="Premier", nature="private", seen=funder_seen)
    with pytest.raises(InputError, match="Someone changed"):
        actions.save_funder(sample.access, funder=sample.funder, name="Second", nature="private", seen=funder_seen)
    sample.action.refresh_from_db()
    sample.funder.refresh_from_db()
    assert (sample.action.operator, sample.funder.name) == ("Le premier", "Premier")


def test_stale_page_of_an_action_keeps_what_was_typed(sample: Sample, world: World) -> None:
    address = reverse("convention-action", args=[world.organisation.slug, sample.convention.pk, sample.action.pk])
    browser = world.sign_in("officer")
    seen = browser.get(address).context["form"].initial["seen"]
    actions.save_action(sample.access, action=sample.action, operator="Le premier")
    typed = {"kind": "other", "name": "Aide aux entreprises", "operator": "Le second", "seen": seen}
    answered = browser.post(address, typed)
    page = answered.content.decode()
    assert (answered.status_code, "pendant que vous écriviez" in page, "Le second" in page) == (400, True, True)
    sample.action.refresh_from_db()
    assert sample.action.operator == "Le premier"


@pytest.mark.parametrize(
    "text", ["1e3", "1E3", "NaN", "Infinity", "-Infinity", "1_000", "１２", "١٢", "1.2.3", "0x1", ""]
)
def test_odd_numbers_are_no_amounts(text: str) -> None:
    assert read_decimal(text) is None


@pytest.mark.parametrize("text", ["9" * 10_000, "١٢", "1e3", "-1", "12345678"])
def test_odd_counts_are_refused(text: str) -> None:
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError):
        CountField().to_python(text)
    with pytest.raises(ValidationError):
        AmountField().to_python(f"{text},123")


def test_remark_is_deleted_from_its_own_convention_only(sample: Sample, world: World) -> None:
    remark = remarks.add_remark(sample.access, text="Une question")
    other = build_other(world)
    with pytest.raises(InputError, match="another convention"):
        remarks.delete_remark(other.access, remark)
    assert Remark.objects.filter(pk=remark.pk).exists()


def test_link_of_another_convention_is_not_renewed(sample: Sample, world: World) -> None:
    other = build_other(world)
    with pytest.raises(InputError, match="not one of this convention"):
        public_requests.renew_link(other.access, sample.request)


# Routes of one convention that name something in it.
INNER = sorted(
    name
    for name in CASES
    if name.startswith("convention-") and name.partition(" ")[0] not in ("convention-import-draft",)
)


@pytest.mark.parametrize("route", INNER)
def test_rows_of_a_convention_are_not_reached_through_another(route: str, world: World) -> None:
    case = CASES[route]
    arguments = dict(case.build(world))
    if set(arguments) <= {"organisation", "convention"} or "convention" not in arguments:
        return
    data = dict(case.data(world))
    other = build_other(world)
    with scopes_disabled():
        written = AuditLine.objects.count()
    address = reverse(route.partition(" ")[0], kwargs={**arguments, "convention": other.convention.pk})
    answered = getattr(world.sign_in("administrator"), case.method)(address, data=data, headers=dict(case.headers))
    if answered.streaming:  # a file stays open until it is read
        list(answered.streaming_content)
    kinds = {type(value) for name, value in arguments.items() if name not in ("organisation", "convention")}
    # What is not an identifier (a part of a page, a format) exists in every convention.
    if UUID in kinds:
        assert answered.status_code == 404
        with scopes_disabled():
            assert AuditLine.objects.count() == written


@pytest.mark.parametrize("name", ["action", "funder", "document"])
def test_entry_takes_nothing_of_another_convention(name: str, sample: Sample, world: World) -> None:
    other = build_other(world)
    browser = world.sign_in("officer")
    fields = {
        "kind": "plan",
        "on": "2026-02-02",
        "action": sample.action.pk,
        f"part_{sample.funder.pk}": "10",
        "split": "amounts",
        "document": sample.document.pk,
    }
    if name == "funder":
        fields[f"part_{other.funder.pk}"] = fields.pop(f"part_{sample.funder.pk}")
    else:
        fields[name] = getattr(other, name).pk
    answered = browser.post(
        reverse("convention-entry-new", args=[world.organisation.slug, sample.convention.pk]), fields
    )
    assert answered.status_code == 400
    assert not Entry.objects.exists()


def test_document_is_sent_to_be_saved_and_never_shown(sample: Sample, world: World) -> None:
    Document.objects.filter(pk=sample.document.pk).update(name='a"\r\nSet-Cookie: x=1.pdf')
    answered = world.sign_in("officer").get(
        reverse("convention-document", args=[world.organisation.slug, sample.convention.pk, sample.document.pk])
    )
    answered.close()
    assert answered["Content-Disposition"].startswith("attachment")
    assert "\n" not in answered["Content-Disposition"]
    assert "Set-Cookie" not in answered.headers
    assert (answered["X-Content-Type-Options"], answered["Cache-Control"]) == ("nosniff", "private, no-store")


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.pdf", "a.png", "a.docx"])
def test_page_that_a_browser_runs_is_no_document(name: str, sample: Sample) -> None:
    upload = SimpleUploadedFile(name, b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    with pytest.raises(InputError):
        documents.add_document(sample.access, upload, kind="other")
    assert Document.objects.count() == 1
