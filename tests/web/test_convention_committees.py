"""Committees: planning, frozen figures equal to those of the pages, decisions that become commitments."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.utils import timezone
from django_scopes import scope

from ancrage.conventions.committee import BALANCE_NAMES, build_content, compute_fingerprint
from ancrage.errors import AncrageError, InputError
from ancrage_web.accounts.actors import ForbiddenError
from ancrage_web.audit.models import AuditLine
from ancrage_web.conventions.enums import Outcome
from ancrage_web.conventions.models import (
    Committee,
    CommitteeFile,
    Convention,
    Decision,
    Document,
    EngineeringDays,
    Entry,
    Job,
    Request,
)
from ancrage_web.conventions.queries.committees import list_committees, read_snapshot
from ancrage_web.conventions.queries.engineering import read_engineering
from ancrage_web.conventions.queries.jobs import read_job_counts
from ancrage_web.conventions.queries.money import read_balances
from ancrage_web.conventions.services import committees as services
from ancrage_web.conventions.services.committees import DecisionDraft
from ancrage_web.conventions.services.ledger import Draft, post_entries
from ancrage_web.conventions.services.requests import instruct_request
from web.convention_samples import PDF, Sample, build_document, build_sample, open_to_partner

NOTES = "Le comité a examiné une demande."
DAY = date(2026, 6, 30)


@pytest.fixture
def sample(world: Any) -> Any:
    """Return the sample convention, its money brought and planned and its request ready for the committee."""
    built = build_sample(world)
    with scope(organisation=world.organisation):
        provide_money(built)
        instruct_request(
            built.access,
            built.request,
            shares=[(built.funder, Decimal("8000.00")), (built.pooled, Decimal("2000.00"))],
            on=date(2025, 10, 15),
            document=built.document,
        )
        yield built


def provide_money(sample: Sample) -> None:
    """Bring the money of two funders and give it to the actions."""
    on, document = date(2025, 9, 1), sample.document
    post_entries(
        sample.access,
        [
            Draft(on, "contribute", sample.funder, Decimal("569368.80"), document),
            Draft(on, "contribute", sample.pooled, Decimal("20000.00"), document),
            Draft(on, "plan", sample.funder, Decimal("380000.00"), document, action=sample.action),
            Draft(on, "plan", sample.pooled, Decimal("20000.00"), document, action=sample.action),
            Draft(on, "plan", sample.funder, Decimal("60000.00"), document, action=sample.engineering),
        ],
    )


def build_upload(name: str = "releve.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, PDF + b"% signed\n", content_type="application/pdf")


def decide(sample: Sample, committee: Committee, outcome: str, amount: str | None = None, **more: Any) -> Committee:
    draft = DecisionDraft(sample.request, outcome, None if amount is None else Decimal(amount), "Sous réserve.")
    values: dict[str, Any] = {"minutes": NOTES, "decisions": [draft], "document": build_upload(), **more}
    return services.record_minutes(sample.access, committee, **values)


def test_committee_is_planned_once_a_day_and_after_the_signature(sample: Sample) -> None:
    committee = services.plan_committee(sample.access, day=DAY, kind="follow_up")
    assert (committee.day, committee.kind, committee.held_at) == (DAY, "follow_up", None)
    with pytest.raises(InputError, match="planned on 30 June 2026 already"):
        services.plan_committee(sample.access, day=DAY, kind="final")
    with pytest.raises(InputError, match="before the signature"):
        services.plan_committee(sample.access, day=date(2025, 7, 9), kind="follow_up")
    services.plan_committee(sample.access, day=date(2028, 7, 1), kind="final")
    with pytest.raises(InputError, match="final committee is planned already"):
        services.plan_committee(sample.access, day=date(2028, 7, 2), kind="final")
    with pytest.raises(InputError, match="which is to come"):
        services.plan_committee(sample.access, day=date(2027, 6, 1), report_sent_on=date(2999, 1, 1))


def test_committee_changes_from_the_version_seen_and_keeps_its_day_once_frozen(sample: Sample) -> None:
    committee = services.plan_committee(sample.access, day=DAY)
    values: dict[str, Any] = {"day": date(2026, 7, 1), "kind": "follow_up", "agenda": "Point", "residual_note": ""}
    notes = {str(sample.action.pk): " En cours ", "00000000-0000-0000-0000-000000000000": "?", "": "x"}
    changed = services.change_committee(sample.access, committee, version=1, notes=notes, **values)
    assert (changed.day, changed.version, changed.notes) == (date(2026, 7, 1), 2, {str(sample.action.pk): "En cours"})
    with pytest.raises(InputError, match="Someone changed this committee"):
        services.change_committee(sample.access, committee, version=1, notes={}, **values)
    services.freeze_committee(sample.access, changed, on=DAY)
    with pytest.raises(InputError, match="its day and its kind change no more"):
        services.change_committee(sample.access, changed, version=2, notes={}, **{**values, "day": DAY})
    services.change_committee(sample.access, changed, version=2, notes={}, **{**values, "agenda": "Autre point"})
    with pytest.raises(InputError, match="the committee is kept"):
        services.cancel_committee(sample.access, changed)


def test_cancelled_committee_is_gone_and_the_trail_says_so(sample: Sample) -> None:
    committee = services.plan_committee(sample.access, day=DAY)
    services.cancel_committee(sample.access, committee)
    assert not Committee.objects.exists()
    line = AuditLine.objects.order_by("-sequence").first()
    assert line is not None
    assert (line.action, line.before["day"]) == ("committee.cancelled", "2026-06-30")
    with pytest.raises(InputError, match="was cancelled meanwhile"):
        services.freeze_committee(sample.access, committee, on=DAY)


def test_frozen_figures_are_those_of_the_pages_at_that_day(sample: Sample) -> None:
    Job.objects.create(
        convention=sample.convention, action=sample.action, label="Soudeur", contract="cdi", fte=Decimal("0.80"),
        programmed_on=date(2025, 9, 1), hired_on=date(2026, 1, 5), proof=sample.document, present_6=True,
    )  # fmt: skip
    EngineeringDays.objects.create(
        convention=sample.convention, provider="Cabinet Rebond", on=date(2026, 2, 1), days=Decimal("3.50"),
        amount=Decimal("2625.00"), label="Suivi",
    )  # fmt: skip
    committee = services.plan_committee(sample.access, day=DAY)
    file = services.freeze_committee(sample.access, committee, on=date(2025, 12, 31))
    content = file.content
    # What happened after the day of the figures is not in them.
    balances = read_balances(sample.convention, date(2025, 12, 31))
    assert {name: Decimal(amount) for name, amount in content["totals"].items()} == {
        name: getattr(balances.total, name) for name in BALANCE_NAMES
    }
    assert Decimal(content["totals"]["reserved"]) == Decimal("10000.00")
    for action in content["actions"]:
        balance = balances.get_action(
            next(a.pk for a in (sample.action, sample.engineering) if str(a.pk) == action["key"])
        )
        assert Decimal(action["balance"]["left"]) == balance.left
    assert {f["name"]: Decimal(f["balance"]["reserved"]) for f in content["funders"]} == {
        "Fonderie d'Essai": Decimal("8000.00"),
        "Fonds d'Essai": Decimal("2000.00"),
    }
    assert content["jobs"]["created"] == {"posts": 0, "fte": "0"}
    assert content["engineering"] == []
    assert len(content["entries"]) == Entry.objects.count() == content["last_number"] == 7
    later = services.freeze_committee(sample.access, committee, on=DAY).content
    counts = read_job_counts(sample.convention, DAY)
    assert later["jobs"]["created"] == {"posts": counts.created.posts, "fte": str(counts.created.fte)}
    assert later["jobs"]["created"]["posts"] == 1
    work = read_engineering(sample.convention, DAY)
    assert Decimal(later["engineering"][0]["days"]) == work.total.days == Decimal("3.50")
    assert float(Decimal(later["engineering_share"])) == work.share
    assert [r["number"] for r in later["requests"] if r["to_decide"]] == [2]
    assert later["requests"][0]["de_minimis"]["level"] == "ok"


def test_freezing_again_adds_a_version_and_leaves_the_former_as_it_was(sample: Sample) -> None:
    committee = services.plan_committee(sample.access, day=DAY)
    first = services.freeze_committee(sample.access, committee, on=date(2026, 1, 31))
    kept, mark = first.content, first.sha256
    post_entries(
        sample.access,
        [Draft(date(2026, 1, 15), "unplan", sample.funder, Decimal("5000.00"), sample.document, action=sample.action)],
    )
    second = services.freeze_committee(sample.access, committee, on=date(2026, 1, 31))
    assert [file.number for file in CommitteeFile.objects.all()] == [1, 2]
    first.refresh_from_db()
    assert (first.content, first.sha256) == (kept, mark)
    assert compute_fingerprint(first.content) == mark != second.sha256
    difference = Decimal(kept["totals"]["planned"]) - Decimal(second.content["totals"]["planned"])
    assert difference == Decimal("5000.00")


def test_database_refuses_to_change_a_frozen_file_and_lets_its_documents_be_made(sample: Sample) -> None:
    committee = services.plan_committee(sample.access, day=DAY)
    file = services.freeze_committee(sample.access, committee, on=DAY)
    rows = CommitteeFile.objects.filter(pk=file.pk)
    for change in ({"content": {}}, {"sha256": "0"}, {"frozen_on": date(2026, 1, 1)}, {"number": 2}):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            rows.update(**change)
    assert rows.update(status="made") == 1
    assert compute_fingerprint(rows.get().content) == file.sha256


def test_next_committee_names_the_former_file_and_lists_what_it_did_not_count(sample: Sample) -> None:
    first = services.plan_committee(sample.access, day=date(2026, 1, 31))
    file = services.freeze_committee(sample.access, first, on=date(2026, 1, 31))
    post_entries(
        sample.access,
        [Draft(date(2026, 1, 15), "unplan", sample.funder, Decimal("5000.00"), sample.document, action=sample.action)],
    )
    second = services.plan_committee(sample.access, day=DAY)
    content = services.freeze_committee(sample.access, second, on=DAY).content
    assert content["former"]["file"] == str(file.pk)
    # Dated before the former file and written after it.
    assert [(e["number"], e["kind"], e["amount"]) for e in content["entries"]] == [(8, "unplan", "5000.00")]


def test_figures_of_a_day_to_come_or_after_the_committee_are_refused(sample: Sample) -> None:
    committee = services.plan_committee(sample.access, day=DAY)
    with pytest.raises(InputError, match="give 30 June 2026 at the latest"):
        services.freeze_committee(sample.access, committee, on=date(2026, 7, 1))
    later = services.plan_committee(sample.access, day=date(2999, 1, 1))
    with pytest.raises(InputError, match="at the latest"):
        services.freeze_committee(sample.access, later, on=date(2999, 1, 1))


def test_granted_request_is_committed_by_the_minutes_and_the_rest_is_free_again(sample: Sample) -> None:
    committee = services.plan_committee(sample.access, day=DAY)
    services.freeze_committee(sample.access, committee, on=DAY)
    held = decide(sample, committee, Outcome.GRANTED, "9000.00")
    request = Request.objects.get(pk=sample.request.pk)
    assert (request.status, request.amount_granted, request.decided_on) == ("granted", Decimal("9000.00"), DAY)
    document = Document.objects.get(kind="minutes")
    assert held.minutes_document == document
    written = Entry.objects.filter(document=document).order_by("number")
    assert {entry.kind for entry in written} == {"commit", "release"}
    balance = read_balances(sample.convention).total
    assert (balance.reserved, balance.committed) == (Decimal("0.00"), Decimal("9000.00"))
    decision = Decision.objects.get()
    assert (decision.outcome, decision.amount, decision.conditions) == ("granted", Decimal("9000.00"), "Sous réserve.")
    for refused in (
        lambda: decide(sample, committee, Outcome.REFUSED),
        lambda: services.freeze_committee(sample.access, committee, on=DAY),
        lambda: services.cancel_committee(sample.access, committee),
    ):
        with pytest.raises(InputError, match="are recorded: it changes no more"):
            refused()


def test_refused_request_frees_its_money_and_a_postponed_one_keeps_it(sample: Sample) -> None:
    first = services.plan_committee(sample.access, day=date(2026, 1, 31))
    services.freeze_committee(sample.access, first, on=date(2026, 1, 31))
    decide(sample, first, Outcome.POSTPONED)
    assert read_balances(sample.convention).total.reserved == Decimal("10000.00")
    assert Request.objects.get(pk=sample.request.pk).status == "instructed"
    second = services.plan_committee(sample.access, day=DAY)
    services.freeze_committee(sample.access, second, on=DAY)
    decide(sample, second, Outcome.REFUSED)
    assert read_balances(sample.convention).total.reserved == Decimal(0)
    assert Request.objects.get(pk=sample.request.pk).status == "refused"


def test_one_request_that_fails_records_nothing_at_all(sample: Sample) -> None:
    other = Request.objects.create(
        convention=sample.convention, number=3, action=sample.action, beneficiary=sample.beneficiary,
        status="submitted", title="Deux postes", amount_asked=Decimal("6000.00"), submitted_on=date(2025, 9, 2),
    )  # fmt: skip
    instruct_request(
        sample.access,
        other,
        shares=[(sample.funder, Decimal("6000.00"))],
        on=date(2025, 10, 15),
        document=sample.document,
    )
    committee = services.plan_committee(sample.access, day=DAY)
    services.freeze_committee(sample.access, committee, on=DAY)
    before = Entry.objects.count()
    drafts = [
        DecisionDraft(sample.request, Outcome.GRANTED, Decimal("9000.00")),
        DecisionDraft(other, Outcome.GRANTED, Decimal("6000.01")),
    ]
    with pytest.raises(InputError, match=r"^Request 3: .*Nothing was recorded\.$") as refusal:
        services.record_minutes(sample.access, committee, minutes=NOTES, decisions=drafts, document=build_upload())
    assert refusal.value.text.fr.startswith("Demande n° 3 : ")
    assert Entry.objects.count() == before
    assert not Decision.objects.exists()
    assert not Document.objects.filter(kind="minutes").exists()
    assert {request.status for request in Request.objects.exclude(status="draft")} == {"instructed"}
    assert Committee.objects.get().held_at is None


def test_minutes_want_a_frozen_file_a_day_that_came_and_words(sample: Sample, world: Any) -> None:
    committee = services.plan_committee(sample.access, day=DAY)
    with pytest.raises(InputError, match="No file is frozen"):
        decide(sample, committee, Outcome.REFUSED)
    services.freeze_committee(sample.access, committee, on=DAY)
    with pytest.raises(InputError, match="The minutes are empty"):
        decide(sample, committee, Outcome.REFUSED, minutes="  ")
    later = services.plan_committee(sample.access, day=date(2999, 1, 1))
    with pytest.raises(InputError, match="record its minutes from that day on"):
        decide(sample, later, Outcome.REFUSED)
    with pytest.raises(InputError, match="give the amount granted"):
        decide(sample, committee, Outcome.GRANTED)
    foreign = build_document(Convention.objects.create(organisation=world.organisation, name="Autre"))
    with pytest.raises(InputError, match="belongs to another convention"):
        decide(sample, committee, Outcome.REFUSED, document=foreign)


def test_partner_of_the_state_reads_and_changes_nothing(sample: Sample, world: Any) -> None:
    committee = services.plan_committee(sample.access, day=DAY)
    state = open_to_partner(world, sample.convention, "state")
    for refused in (
        lambda: services.plan_committee(state, day=date(2026, 7, 1)),
        lambda: services.freeze_committee(state, committee, on=DAY),
        lambda: services.record_sending(state, committee, on=DAY),
        lambda: services.cancel_committee(state, committee),
        lambda: services.record_minutes(state, committee, minutes=NOTES, decisions=[], document=sample.document),
    ):
        with pytest.raises(ForbiddenError):
            refused()


def test_final_balance_waits_until_nothing_is_missing(sample: Sample) -> None:
    final = services.plan_committee(sample.access, day=DAY, kind="final")
    with pytest.raises(services.ObstaclesError) as refusal:
        services.freeze_committee(sample.access, final, on=DAY)
    said = [text.en.split(":")[0] for text in refusal.value.obstacles]
    assert said == [
        "Requests that are not closed",
        "Money is still reserved, or committed and not paid",
        "Money is left and nothing says what becomes of it",
    ]
    first = services.plan_committee(sample.access, day=date(2026, 1, 31))
    services.freeze_committee(sample.access, first, on=date(2026, 1, 31))
    decide(sample, first, Outcome.REFUSED)
    services.change_committee(
        sample.access, final, version=1, day=DAY, kind="final", agenda="", notes={}, residual_note="Versé au Trésor."
    )
    content = services.freeze_committee(sample.access, final, on=DAY).content
    assert content["committee"]["residual_note"] == "Versé au Trésor."
    # Every entry, not those since the former committee only.
    assert len(content["entries"]) == Entry.objects.count()


def test_sent_report_is_noted_even_after_the_minutes(sample: Sample) -> None:
    committee = services.plan_committee(sample.access, day=DAY)
    services.freeze_committee(sample.access, committee, on=DAY)
    decide(sample, committee, Outcome.REFUSED)
    assert services.record_sending(sample.access, committee, on=date(2026, 6, 15)).report_sent_on == date(2026, 6, 15)
    assert services.record_sending(sample.access, committee, on=None).report_sent_on is None


def test_trail_tells_counts_and_the_fingerprint_and_no_free_text(sample: Sample) -> None:
    committee = services.plan_committee(sample.access, day=DAY, agenda="Un point confidentiel")
    file = services.freeze_committee(sample.access, committee, on=DAY)
    decide(sample, committee, Outcome.REFUSED)
    lines = {line.action: line for line in AuditLine.objects.filter(object_type="committee")}
    assert lines["committee.frozen"].after == {"version": 1, "day": "2026-06-30", "key": file.sha256}
    held = {"day": "2026-06-30", "granted": 0, "refused": 1, "postponed": 0}
    assert lines["committee.held"].after == held
    assert not any(
        "confidentiel" in str((line.before, line.after)) or NOTES in str(line.after) for line in lines.values()
    )


def test_list_asks_as_much_for_three_committees_as_for_one(sample: Sample, django_assert_num_queries: Any) -> None:
    for number, day in enumerate((date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)), start=1):
        services.freeze_committee(sample.access, services.plan_committee(sample.access, day=day), on=day)
        if number != 2:
            with django_assert_num_queries(2):
                assert len([list(c.files.all()) for c in list_committees(sample.convention)]) == number


def test_content_is_read_back_from_the_database_as_it_was_built(sample: Sample) -> None:
    committee = services.plan_committee(sample.access, day=DAY)
    with transaction.atomic():
        built = build_content(read_snapshot(committee, DAY))
    file = services.freeze_committee(sample.access, committee, on=DAY)
    assert CommitteeFile.objects.get(pk=file.pk).content == built
    assert file.frozen_at <= timezone.now()


def test_refusals_have_both_languages(sample: Sample) -> None:
    committee = services.plan_committee(sample.access, day=DAY)
    with pytest.raises(AncrageError) as refusal:
        services.plan_committee(sample.access, day=committee.day)
    assert refusal.value.text.fr.startswith("Un comité est déjà prévu le 30 juin 2026")
