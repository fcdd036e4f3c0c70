"""Export of a convention: everything is in it, it can be imported again, and nothing in it runs."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django_scopes import scope

from ancrage_web.audit.models import AuditLine
from ancrage_web.conventions.export import build_rows, choose_name
from ancrage_web.conventions.import_checks import check_reading
from ancrage_web.conventions.import_reading import read_workbook
from ancrage_web.conventions.import_template import write_template
from ancrage_web.conventions.models import Convention, Document, Remark, Request
from ancrage_web.conventions.services import exports, imports
from web.conftest import World
from web.convention_samples import PDF, Sample, build_document, build_sample, open_to_partner

DAY = date(2026, 3, 2)


def read_archive(access: Any, language: Any = "fr") -> dict[str, bytes]:
    with scope(organisation=access.organisation), exports.export_convention(access, language, DAY) as stream:
        archive = zipfile.ZipFile(stream)
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def sample(world: World) -> Sample:
    return build_sample(world)


def test_archive_holds_the_workbook_the_documents_and_a_note(sample: Sample) -> None:
    build_document(sample.convention, name="Preuve n° 2 : été.pdf", request=sample.request)
    files = read_archive(sample.access)
    assert set(files) == {
        "convention.xlsx",
        "documents/preuve.pdf",
        "documents/demande-2/Preuve-n-2-ete.pdf",
        "LISEZMOI.txt",
    }
    assert files["documents/preuve.pdf"] == PDF
    assert "Fonderie d'Essai 2025" in files["LISEZMOI.txt"].decode()
    book = openpyxl.load_workbook(io.BytesIO(files["convention.xlsx"]))
    assert book["Demandes"]["I3"].value == 12000
    assert book["Demandes"]["A3"].value == 2
    assert [cell.value for cell in book["Documents"]["A"][1:]] == [
        "documents/preuve.pdf",
        "documents/demande-2/Preuve-n-2-ete.pdf",
    ]
    with scope(organisation=sample.access.organisation):
        assert AuditLine.objects.get(action="convention.exported").after == {"files": 4}


def test_missing_file_is_told_instead_of_forgotten(sample: Sample) -> None:
    (settings.MEDIA_ROOT / sample.document.path).unlink()
    files = read_archive(sample.access, "en")
    assert "documents/preuve.pdf" not in files
    assert "- documents/preuve.pdf" in files["README.txt"].decode()


def test_text_that_looks_like_a_formula_stays_text_and_comes_back(sample: Sample) -> None:
    formula = '=HYPERLINK("http://a.example";"oui")'
    with scope(organisation=sample.access.organisation):
        Request.objects.filter(pk=sample.request.pk).update(title=formula, description="@SUM(A1)")
        Remark.objects.create(
            convention=sample.convention, author_organisation=sample.access.organisation, text="+33 1 23"
        )
    content = read_archive(sample.access)["convention.xlsx"]
    for sheet in openpyxl.load_workbook(io.BytesIO(content)):
        for line in sheet.iter_rows():
            for cell in line:
                assert cell.data_type != "f"
                assert not str(cell.value or "").startswith(("=", "+", "@"))
    plan = check_reading(read_workbook(content))
    assert plan.errors == []
    row = next(row.values for row in plan.rows["requests"] if row.values["number"] == 2)
    assert (row["title"], row["description"]) == (formula, "@SUM(A1)")


def test_addresses_of_beneficiaries_are_for_those_who_manage(world: World, sample: Sample) -> None:
    with scope(organisation=world.organisation):
        Request.objects.filter(pk=sample.request.pk).update(contact_email="gerant@menuiserie.example")
    assert b"gerant@menuiserie.example" in _join(read_archive(sample.access))
    state = open_to_partner(world, sample.convention, "state")
    assert b"gerant@menuiserie.example" not in _join(read_archive(state))


def _join(files: dict[str, bytes]) -> bytes:
    book = zipfile.ZipFile(io.BytesIO(files["convention.xlsx"]))
    return b"".join(book.read(name) for name in book.namelist())


def test_export_imported_again_gives_an_equal_convention(world: World) -> None:
    actor = world.get_actor("officer")
    with scope(organisation=world.organisation):
        first = imports.import_convention(actor, _keep(world, write_template("fr", example=True)))
    access = open_to_partner(world, first, "consultant")
    content = read_archive(access, "en")["convention.xlsx"]
    with scope(organisation=world.organisation):
        second = imports.import_convention(actor, _keep(world, content))
        before, after = (build_rows(convention, with_contacts=True) for convention in (first, second))
        assert Convention.objects.count() == 2
        assert Document.objects.filter(convention=second).count() == 1
    for rows in (before, after):
        for row in rows["ledger"]:
            row.pop("piece")
    assert after == before
    assert after["ledger"][-1]["amount"] == Decimal("6000.00")


def _keep(world: World, content: bytes) -> Any:
    return imports.keep_draft(world.get_actor("officer"), SimpleUploadedFile("import.xlsx", content))


def test_names_in_the_archive_are_safe_and_unique() -> None:
    taken: set[str] = set()
    names = [
        str(choose_name("documents", name, ".pdf", taken))
        for name in ("../../etc/passwd.pdf", "Été.pdf", "ete.PDF", "con.pdf", "\u202e.pdf", "a/b\\c:d.pdf")
    ]
    assert names == [
        "documents/etc-passwd.pdf",
        "documents/Ete.pdf",
        "documents/ete-2.pdf",
        "documents/con-1.pdf",
        "documents/document.pdf",
        "documents/a-b-c-d.pdf",
    ]


def test_pages_of_the_export_say_what_is_in_it(world: World, sample: Sample) -> None:
    client = world.sign_in("reader")
    where = {"organisation": world.organisation.slug, "convention": sample.convention.pk}
    page = client.get(reverse("convention-export", kwargs=where)).content.decode()
    assert "les pièces (1)" in page
    assert "n’y sont pas" in page
    sent = client.get(reverse("convention-export-file", kwargs=where))
    assert sent["Content-Disposition"] == 'attachment; filename="fonderie-dessai-2025.zip"'
    assert zipfile.is_zipfile(io.BytesIO(b"".join(sent.streaming_content)))  # type: ignore[attr-defined]
    sent.close()
