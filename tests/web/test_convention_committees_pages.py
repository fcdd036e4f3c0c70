"""Pages of committees: what each reader sees, forms that keep what was typed, files handed over."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope
from pypdf import PdfReader

from ancrage.language import format_money
from ancrage_web.conventions import committee_files
from ancrage_web.conventions.enums import Outcome
from ancrage_web.conventions.models import Committee, CommitteeFile, Request
from ancrage_web.conventions.queries.money import read_balances
from ancrage_web.conventions.services import committees as services
from ancrage_web.conventions.services.committees import DecisionDraft
from ancrage_web.conventions.services.ledger import Draft, post_entries
from ancrage_web.conventions.services.requests import instruct_request
from ancrage_web.design.children import ChildFailedError
from web.conftest import World
from web.convention_samples import PDF, Sample, build_sample, open_to_partner

DAY = date(2026, 6, 30)


@pytest.fixture
def sample(world: World, settings: Any, tmp_path: Path) -> Sample:
    """Return the sample convention with money, and its request ready for the committee."""
    settings.MEDIA_ROOT = str(tmp_path)
    built = build_sample(world)
    on, document = date(2025, 9, 1), built.document
    with scope(organisation=world.organisation):
        post_entries(
            built.access,
            [
                Draft(on, "contribute", built.funder, Decimal("569368.80"), document),
                Draft(on, "plan", built.funder, Decimal("400000.00"), document, action=built.action),
            ],
        )
        shares = [(built.funder, Decimal("10000.00"))]
        instruct_request(built.access, built.request, shares=shares, on=date(2025, 10, 15), document=document)
    return built


def freeze(sample: Sample, day: date = DAY, *, kind: str = "follow_up") -> tuple[Committee, CommitteeFile]:
    with scope(organisation=sample.convention.organisation):
        committee = services.plan_committee(sample.access, day=day, kind=kind)
        return committee, services.freeze_committee(sample.access, committee, on=day)


def address(sample: Sample, name: str, **keys: Any) -> str:
    owner = {"organisation": sample.convention.organisation.slug, "convention": sample.convention.pk}
    return reverse(f"convention-{name}", kwargs={**owner, **keys})


def test_committee_page_shows_the_frozen_agenda_and_amounts(world: World, sample: Sample) -> None:
    committee, _ = freeze(sample)
    page = world.sign_in("reader").get(address(sample, "committee", committee=committee.pk)).content.decode()
    assert "n° 2 Quatre postes d&#x27;atelier" in page
    assert format_money(Decimal("10000.00"), "fr") in page
    assert "Chiffres figés au 30 juin 2026 (version 1)" in page
    assert "Figer une nouvelle version" not in page
    assert "Enregistrer les décisions" not in page
    english = world.sign_in("officer").get("/en" + address(sample, "committee", committee=committee.pk))
    assert "Freeze a new version" in english.content.decode()


def test_partner_of_the_state_reads_a_committee_and_gets_no_form(world: World, sample: Sample) -> None:
    committee, _ = freeze(sample)
    state = open_to_partner(world, sample.convention, "state")
    assert state.user is not None
    client = world.sign_in("anonymous")
    client.force_login(state.user, backend="django.contrib.auth.backends.ModelBackend")
    keys = {"organisation": state.actor.organisation.slug, "convention": sample.convention.pk}
    shown = client.get(reverse("convention-committee", kwargs={**keys, "committee": committee.pk}))
    assert shown.status_code == 200
    assert "Figer" not in re.sub(r"figés?", "", shown.content.decode())
    freezing = reverse("convention-committee-freeze", kwargs={**keys, "committee": committee.pk})
    assert client.post(freezing, {"on": "2026-06-30"}).status_code == 403


def test_planning_error_keeps_what_was_typed_and_is_said(world: World, sample: Sample) -> None:
    freeze(sample)
    data = {"day": "2026-06-30", "kind": "final", "agenda": "Point sur le tiers-lieu"}
    response = world.sign_in("officer").post(address(sample, "committee-new"), data)
    page = response.content.decode()
    assert response.status_code == 400
    assert "Un comité est déjà prévu le 30 juin 2026" in page
    assert "Point sur le tiers-lieu" in page


def test_minutes_page_records_the_decisions_typed(world: World, sample: Sample) -> None:
    committee, _ = freeze(sample)
    client = world.sign_in("officer")
    here = address(sample, "committee-minutes", committee=committee.pk)
    page = client.get(here).content.decode()
    assert f"Au plus {format_money(Decimal('10000.00'), 'fr')}, mis en réserve." in page
    data = {"outcome_2": "granted", "amount_2": "9 500,50", "conditions_2": "CDI", "minutes": "Accord unanime."}
    wrong = client.post(here, data)
    assert wrong.status_code == 400
    assert "Joignez le relevé signé" in wrong.content.decode()
    assert "Accord unanime." in wrong.content.decode()
    upload = SimpleUploadedFile("releve.pdf", PDF + b"% signed\n", content_type="application/pdf")
    done = client.post(here, {**data, "upload": upload})
    assert done.status_code == 302
    with scope(organisation=world.organisation):
        request = Request.objects.get(pk=sample.request.pk)
        assert (request.status, request.amount_granted) == ("granted", Decimal("9500.50"))
        assert read_balances(sample.convention).total.committed == Decimal("9500.50")
    shown = client.get(address(sample, "committee", committee=committee.pk)).content.decode()
    assert "Accord unanime." in shown
    assert format_money(Decimal("9500.50"), "fr") in shown
    again = client.post(here, {"minutes": "Encore", "upload": SimpleUploadedFile("b.pdf", PDF + b"%")})
    assert again.status_code == 400
    assert "il ne change plus" in again.content.decode()


def test_amount_above_the_reserve_is_refused_beside_the_form(world: World, sample: Sample) -> None:
    committee, _ = freeze(sample)
    data = {"outcome_2": "granted", "amount_2": "10000,01", "conditions_2": "", "minutes": "Accord."}
    upload = SimpleUploadedFile("releve.pdf", PDF + b"% signed\n", content_type="application/pdf")
    here = address(sample, "committee-minutes", committee=committee.pk)
    response = world.sign_in("officer").post(here, {**data, "upload": upload})
    assert response.status_code == 400
    assert "Demande n° 2 : " in response.content.decode()
    assert "Rien n&#x27;a été enregistré." in response.content.decode()


def test_final_balance_page_lists_what_is_missing(world: World, sample: Sample) -> None:
    with scope(organisation=world.organisation):
        committee = services.plan_committee(sample.access, day=DAY, kind="final")
    client = world.sign_in("officer")
    page = client.get(address(sample, "committee", committee=committee.pk)).content.decode()
    assert "Demandes non closes : 2." in page
    refused = client.post(address(sample, "committee-freeze", committee=committee.pk), {"on": "2026-06-30"})
    assert refused.status_code == 400
    assert "Demandes non closes : 2." in refused.content.decode()


def test_committee_without_a_file_has_no_minutes_page(world: World, sample: Sample) -> None:
    with scope(organisation=world.organisation):
        committee = services.plan_committee(sample.access, day=DAY)
    here = address(sample, "committee-minutes", committee=committee.pk)
    assert world.sign_in("officer").get(here).status_code == 404


def test_list_page_asks_as_much_for_three_committees_as_for_one(
    world: World, sample: Sample, django_assert_num_queries: Any
) -> None:
    client = world.sign_in("reader")
    client.get(address(sample, "committees"))
    for number, month in enumerate((1, 2, 3), start=1):
        freeze(sample, date(2026, month, 1))
        if number != 2:
            with django_assert_num_queries(7):
                page = client.get(address(sample, "committees")).content.decode()
            assert page.count("figé au") == number


def read_texts(path: Path, kind: str) -> str:
    """Return every text of a file, without spaces: amounts are the same whatever spaces separate their digits."""
    if kind == "pdf":
        text = "".join(page.extract_text() for page in PdfReader(path).pages)
    elif kind == "docx":
        word = docx.Document(str(path))
        cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
        text = "\n".join([*(line.text for line in word.paragraphs), *cells])
    return re.sub(r"\s", "", text)


def test_child_process_makes_six_files_with_the_frozen_figures(world: World, sample: Sample) -> None:
    committee, file = freeze(sample)
    assert committee_files.read_progress(file).percent == 0
    assert committee_files.make_files(file.pk) == "made"
    file.refresh_from_db()
    progress = committee_files.read_progress(file)
    assert (progress.status, progress.ready, progress.percent) == ("made", ("fr", "en"), 100)
    left = Decimal(file.content["totals"]["residual"])
    for language in ("fr", "en"):
        written = re.sub(r"\s", "", format_money(left, language)).strip("€")
        for kind in ("pdf", "docx"):
            texts = read_texts(committee_files.find_path(file, language, kind), kind)
            assert written in texts, (language, kind)
            assert "Menuiseried'Essai" in texts.replace("’", "'")
        book = openpyxl.load_workbook(committee_files.find_path(file, language, "xlsx"))
        cells = {cell.value for row in book.worksheets[1].iter_rows() for cell in row}
        values = {cell.value for sheet in book for row in sheet.iter_rows() for cell in row}
        assert {float(left), 569368.8, 10000, 12000} <= {v for v in values if isinstance(v, int | float)}
        assert cells
        book.close()
    client = world.sign_in("reader")
    keys = {"committee": committee.pk, "number": 1, "language": "en", "kind": "pdf"}
    given = client.get("/en" + address(sample, "committee-file", **keys))
    assert given["Content-Disposition"] == 'attachment; filename="fonderie-d-essai-2025-committee-2026-06-30-v1.pdf"'
    assert (given["Content-Type"], given["X-Content-Type-Options"]) == ("application/pdf", "nosniff")
    assert "no-store" in given["Cache-Control"]
    assert len(PdfReader(io.BytesIO(given.getvalue())).pages) > 3
    assert client.get(address(sample, "committee-file", **{**keys, "kind": "exe"})).status_code == 404
    # Nothing is left of the folders where they were made, and a second call makes nothing.
    folder = committee_files.find_path(file, "fr", "pdf").parent
    assert sorted(entry.name for entry in folder.parent.iterdir()) == ["en", "fr"]
    stamp = (folder / "committee.pdf").stat().st_mtime_ns
    assert committee_files.make_files(file.pk) == "made"
    assert (folder / "committee.pdf").stat().st_mtime_ns == stamp


def test_failed_files_leave_the_figures_and_can_be_asked_for_again(
    world: World, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    committee, file = freeze(sample)

    def fail(*_arguments: Any, **_options: Any) -> None:
        raise ChildFailedError

    monkeypatch.setattr(committee_files, "run_child", fail)
    assert committee_files.make_files(file.pk) == "failed"
    client = world.sign_in("officer")
    here = address(sample, "committee", committee=committee.pk)
    page = client.get(here).content.decode()
    assert "Les fichiers n’ont pas pu être préparés. Les chiffres figés sont intacts." in page
    answered = client.post(address(sample, "committee-remake", committee=committee.pk, number=1))
    assert answered.status_code == 302
    state = client.get(address(sample, "committee-progress", committee=committee.pk, number=1)).json()
    assert (state["status"], state["open"], state["percent"]) == ("waiting", True, 0)
    with scope(organisation=world.organisation):
        CommitteeFile.objects.update(asked_at=timezone.now() - timedelta(hours=1))
        file.refresh_from_db()
    # A worker that died never makes them: they can be asked for again.
    assert committee_files.read_progress(file).can_retry


def test_final_file_says_every_entry_and_what_becomes_of_the_money(world: World, sample: Sample) -> None:
    with scope(organisation=world.organisation):
        first, _ = freeze(sample, date(2026, 1, 31))
        services.record_minutes(
            sample.access,
            first,
            minutes="Refus.",
            decisions=[DecisionDraft(sample.request, Outcome.REFUSED)],
            document=SimpleUploadedFile("releve.pdf", PDF + b"% signed\n", content_type="application/pdf"),
        )
        final = services.plan_committee(sample.access, day=DAY, kind="final")
        services.change_committee(
            sample.access,
            final,
            version=1,
            day=DAY,
            kind="final",
            agenda="",
            notes={},
            residual_note="Versé au Trésor.",
        )
        file = services.freeze_committee(sample.access, final, on=DAY)
    assert committee_files.make_files(file.pk) == "made"
    text = read_texts(committee_files.find_path(file, "fr", "pdf"), "pdf")
    for words in ("Bilan final de la convention", "Justification des sommes", "Versé au Trésor.", "releve.pdf"):
        assert words.replace(" ", "") in text.replace("’", "'")
