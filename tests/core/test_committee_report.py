"""The file of a committee: the same figures in the PDF, the text document and the workbook, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pypdf
import pytest
from committee_samples import build_snapshot

from ancrage.conventions.committee import Content, build_content
from ancrage.language import Language, format_money
from ancrage.reports.committee import build_committee_document
from ancrage.reports.docx import write_docx
from ancrage.reports.model import Document, Table
from ancrage.reports.pdf import write_pdf
from ancrage.reports.pictures import render_pictures
from ancrage.reports.workbook import write_xlsx

BEFORE, AFTER = date(2025, 12, 15), date(2026, 6, 30)


@pytest.fixture(scope="module")
def content() -> Content:
    return build_content(build_snapshot(AFTER))


@pytest.fixture(scope="module")
def former() -> Content:
    return build_content(build_snapshot(BEFORE))


@pytest.fixture(scope="module", params=["fr", "en"])
def files(
    request: pytest.FixtureRequest, content: Content, former: Content, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Language, Path]:
    """Return the language and the folder of the three files."""
    folder = tmp_path_factory.mktemp("committee")
    document = build_committee_document(content, former, request.param)
    pictures = render_pictures(document)
    write_pdf(document, folder / "file.pdf", pictures)
    write_docx(document, folder / "file.docx", pictures)
    write_xlsx(document, folder / "file.xlsx", pictures)
    return request.param, folder


def find_table(document: Document, name: str) -> Table:
    return next(table for table in document.list_tables() if table.id == name)


def build_final(**changes: Any) -> Document:
    snapshot = build_snapshot(AFTER)
    meeting = replace(snapshot.committee, kind="final", residual_note="Versé au fonds mutualisé.")
    return build_committee_document(build_content(replace(snapshot, committee=meeting, **changes)), None, "fr")


def squeeze(text: str) -> str:
    """Return a text without spaces, so that amounts are found whatever separates their digits."""
    return re.sub(r"\s", "", text)


def test_pdf_and_text_document_hold_every_amount_of_the_content(files: tuple[Language, Path], content: Content) -> None:
    language, folder = files
    pdf = squeeze("".join(page.extract_text() for page in pypdf.PdfReader(folder / "file.pdf").pages))
    word = docx.Document(str(folder / "file.docx"))
    cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
    text = squeeze("".join([*(line.text for line in word.paragraphs), *cells]))
    amounts = [*content["totals"].values(), *(a["balance"]["committed"] for a in content["actions"])]
    amounts += [entry["amount"] for entry in content["entries"]]
    for amount in amounts:
        written = squeeze(format_money(Decimal(amount), language)).strip("€")
        assert written in pdf, amount
        assert written in text, amount


def test_workbook_holds_numbers_as_numbers_on_a_sheet_for_each_table(
    files: tuple[Language, Path], content: Content, former: Content
) -> None:
    language, folder = files
    book = openpyxl.load_workbook(folder / "file.xlsx")
    document = build_committee_document(content, former, language)
    assert len(book.sheetnames) == 2 + len(document.list_tables())
    sheet = book["Actions"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=5)]
    kept = [row for row in rows if row[0] is not None][: len(content["actions"])]
    for row, action in zip(kept, content["actions"], strict=True):
        assert row[0] == action["name"]
        # Budget, planned, reserved, committed, paid, given back, left.
        stages = ("planned", "reserved", "committed", "paid", "given_back", "left")
        assert row[4:11] == [float(action["budget"]), *(float(action["balance"][s]) for s in stages)]
    assert not any(cell.data_type == "f" for each in book for line in each.iter_rows() for cell in line)
    book.close()


def test_pdf_is_tagged_in_its_language_and_numbers_its_pages(files: tuple[Language, Path]) -> None:
    language, folder = files
    reader = pypdf.PdfReader(folder / "file.pdf")
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == language
    assert root["/MarkInfo"]["/Marked"]
    last = len(reader.pages)
    assert f"{last}/{last}" in squeeze(reader.pages[-1].extract_text())


def test_first_committee_has_no_comparison_and_the_next_one_has(content: Content, former: Content) -> None:
    assert "since" not in {s.id for s in build_committee_document(content, None).sections}
    followed = build_committee_document(content, former)
    assert [s.id for s in followed.sections][:3] == ["summary", "since", "agenda"]
    rows = {row[0]: row for row in find_table(followed, "money_changes").rows}
    assert rows["Engagé"] == ("Engagé", 18000.0, 61500.5, 43500.5)


def test_sentence_of_the_first_page_says_owed_committed_paid_and_jobs(content: Content) -> None:
    lead: Any = build_committee_document(content, None, "en").sections[0].blocks[0]
    assert lead.text == (
        "Of €569,368.80 owed, €649,368.80 were brought, €61,500.50 committed and €16,500.00 paid; 4\xa0jobs are "
        "created or maintained, with proof."
    )


def test_follow_up_prints_the_first_entries_and_the_workbook_all_of_them(content: Content) -> None:
    entries = [dict(content["entries"][0], number=number) for number in range(1, 101)]
    table = find_table(build_committee_document({**content, "entries": entries}, None), "entries")
    assert (len(table.rows), table.printed_rows) == (100, 40)


def test_reversed_entry_has_a_minus_sign_and_names_what_it_reverses(content: Content) -> None:
    entries = [*content["entries"], {**content["entries"][-1], "number": 15, "reverses": 14}]
    table = find_table(build_committee_document({**content, "entries": entries}, None), "entries")
    assert table.rows[-1][2] == "Reversement (contre-passe n° 14)"
    assert table.rows[-1][6] == -1500.0


def test_final_balance_evaluates_the_jobs_then_justifies_every_euro() -> None:
    document = build_final()
    assert [section.title for section in document.sections][:5] == [
        "L'essentiel",
        "Effet sur l'emploi",
        "Actions et financeurs",
        "Justification des sommes",
        "Reliquat",
    ]
    entries = find_table(document, "entries")
    assert (len(entries.rows), entries.printed_rows) == (14, 14)
    assert all(row[7] for row in entries.rows)
    assert find_table(document, "job_lines").printed_rows is None
    contracts = {row[0]: row[1:] for row in find_table(document, "jobs_by_contract").rows}
    assert contracts == {"CDI": (3.0, 2.8, 1.0), "CDD de plus de 6 mois": (1.0, 1.0, 0.0)}
    assert find_table(document, "valuations").rows[-1] == ("Compté", format_money(Decimal("170810.64"), "fr"))


def test_final_balance_says_a_gap_that_nothing_justifies() -> None:
    snapshot = build_snapshot(AFTER)
    poor = replace(snapshot.totals, contributed=Decimal("300000.00"))
    ledger = next(section for section in build_final(totals=poor).sections if section.id == "ledger")
    notes = [block.text for block in ledger.blocks if type(block).__name__ == "Note"]
    # 569,368.80 owed, less 300,000 brought and 170,810.64 counted for the property.
    amount = format_money(Decimal("98558.16"), "fr")
    assert notes == [f"{amount} dus ne sont justifiés ni par de l'argent ni par une valorisation."]
    assert not [b for s in build_final().sections if s.id == "ledger" for b in s.blocks if type(b).__name__ == "Note"]


def test_convention_without_amount_actions_or_jobs_still_has_its_file(tmp_path: Path) -> None:
    snapshot = build_snapshot(BEFORE)
    bare = replace(
        snapshot,
        convention=replace(snapshot.convention, amount=None, jobs=None, jobs_target=None, signed_on=None),
        actions=(),
        funders=(),
        requests=(),
        entries=(),
        job_lines=(),
        engineering=(),
        engineering_share=None,
        deadlines=(),
        findings=(),
        owed=(),
    )
    document = build_committee_document(build_content(bare), None, "fr")
    write_pdf(document, tmp_path / "bare.pdf")
    assert len(pypdf.PdfReader(tmp_path / "bare.pdf").pages) >= 4
    write_xlsx(document, tmp_path / "bare.xlsx")


def test_same_content_gives_the_same_bytes(content: Content, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_pdf(build_committee_document(content, None, "fr"), tmp_path / f"{name}.pdf")
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
