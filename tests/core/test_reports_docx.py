"""The editable report read back as a word processor would: headings, tables, captions, pictures, language."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from report_samples import (
    FORMULA_NAME,
    LONG_NAME,
    MARKUP_NAME,
    build_bare_result,
    build_sample_diagnosis,
    build_sample_result,
    build_sample_shapes,
)

from ancrage.reports import Shapes, build_report
from ancrage.reports.docx import write_docx
from ancrage.reports.model import Report

DAY = date(2026, 3, 1)


@pytest.fixture(scope="module")
def report() -> Report:
    return build_report(build_sample_result(), build_sample_diagnosis(), build_sample_shapes(), "fr", on=DAY)


@pytest.fixture(scope="module")
def written(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("docx") / "report.docx"
    write_docx(report, path)
    return path


@pytest.fixture(scope="module")
def word(written: Path) -> Any:
    return docx.Document(str(written))


def list_texts(word: Any, style: str) -> list[str]:
    return [paragraph.text for paragraph in word.paragraphs if paragraph.style.name == style]


def find_table(word: Any, first: str) -> list[list[str]]:
    """Return the texts of the table whose first column has this title."""
    table = next(t for t in word.tables if t.rows[0].cells[0].text == first)
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_sections_are_headings_of_the_first_level(report: Report, word: Any) -> None:
    assert list_texts(word, "Heading 1") == [section.title for section in report.sections]
    assert "Ce qu'il reste à décider" in list_texts(word, "Heading 2")
    assert list_texts(word, "Title") == ["Un réseau de tiers-lieux"]


def test_document_says_its_title_language_date_and_page(report: Report, word: Any) -> None:
    properties = word.core_properties
    day = datetime(2026, 3, 1, tzinfo=UTC)
    assert properties.title == "Un réseau de tiers-lieux – CC des Vallées d'Œuvre"
    assert (properties.author, properties.language) == ("Ancrage 0.1.0", "fr-FR")
    assert (properties.created, properties.modified) == (day, day)
    assert {language.get(qn("w:val")) for language in word.styles.element.iter(qn("w:lang"))} == {"fr-FR"}
    page = word.sections[0]
    assert (round(page.page_width.cm, 1), round(page.page_height.cm, 1)) == (21.0, 29.7)
    assert [field.text.strip() for field in page.footer._element.iter(qn("w:instrText"))] == ["PAGE", "NUMPAGES"]


def test_fictional_territory_is_said_first(word: Any) -> None:
    assert word.paragraphs[0].text == "TERRITOIRE FICTIF"


def test_captions_are_numbered_fields_in_order(word: Any) -> None:
    captions = list_texts(word, "Caption")
    for label in ("Tableau", "Figure"):
        numbers = [int(found[1]) for text in captions if (found := re.match(rf"{label} (\d+) – ", text))]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= 5
    fields = [field.text.strip() for field in word.element.body.iter(qn("w:instrText"))]
    assert fields.count("SEQ Tableau \\* ARABIC") + fields.count("SEQ Figure \\* ARABIC") == len(captions)


def test_header_rows_are_repeated_and_rows_stay_whole(word: Any) -> None:
    for table in word.tables:
        marked = [row._tr.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None for row in table.rows]
        assert marked == [True] + [False] * (len(marked) - 1)
        assert all(row._tr.find(f"{qn('w:trPr')}/{qn('w:cantSplit')}") is not None for row in table.rows)


def test_tables_hold_the_rows_printed_in_the_pdf(report: Report, word: Any) -> None:
    places = find_table(word, "Commune")
    assert [row[0] for row in places[1:]] == [place.name for place in build_sample_result().places]
    printed = [t for t in report.list_tables() if t.printed_rows != 0]
    figures = sum(type(block).__name__ == "KeyFigures" for s in report.sections for block in s.blocks)
    assert len(word.tables) == len(printed) + figures


def test_groups_of_effects_are_rows_across_the_table(word: Any) -> None:
    table = next(t for t in word.tables if t.rows[0].cells[0].text == "Effet par an")
    across = [row for row in table.rows if len(row._tr.tc_lst) == 1]
    assert next(row.cells[0].text for row in across) == "Habitants qui se déplacent pour travailler"
    assert {row.cells[0].grid_span for row in across} == {len(table.columns)}


def test_key_figures_are_written_with_unit_and_interval(word: Any) -> None:
    rows = find_table(word, "Chiffre")
    assert rows[0] == ["Chiffre", "Valeur", "P10–P90"]
    assert rows[1] == ["CO₂ net évité", "21,4 t CO₂e/an", "9,9 – 33,5"]


def test_pictures_have_a_text_and_fit_the_page(report: Report, word: Any) -> None:
    told = [shape._inline.docPr.get("descr") for shape in word.inline_shapes]
    charts = [block for s in report.sections for block in s.blocks if type(block).__name__ == "Chart"]
    assert told == [report.cover.alt, *(chart.alt for chart in charts)]
    assert all(shape.width.cm <= 17.01 and shape.height.cm <= 21.01 for shape in word.inline_shapes)


def test_strange_names_are_shown_as_text(written: Path, word: Any) -> None:
    cells = {cell for table in word.tables for row in table.rows for cell in (c.text for c in row.cells)}
    assert LONG_NAME in cells
    joined = " ".join(cells)
    assert FORMULA_NAME in joined
    assert MARKUP_NAME in joined
    with zipfile.ZipFile(written) as archive:
        assert archive.testzip() is None
        assert not [name for name in archive.namelist() if "thumbnail" in name]


def test_characters_that_a_document_cannot_hold_are_marked(tmp_path: Path) -> None:
    result = replace(build_sample_result(), territory="Ville \U0001f3ed du\x07 Nord")
    write_docx(build_report(result, None, Shapes(), "fr"), tmp_path / "strange.docx")
    assert "Ville ? du? Nord" in list_texts(docx.Document(str(tmp_path / "strange.docx")), "Lead")


def test_notes_say_their_tone_in_words(word: Any) -> None:
    told = [p.text for p in word.paragraphs if p.text.startswith(("Attention\u00a0:", "À noter\u00a0:"))]
    assert any("87" in text for text in told)
    assert len(told) >= 3


def test_same_report_gives_the_same_bytes(report: Report, written: Path, tmp_path: Path) -> None:
    write_docx(report, tmp_path / "again.docx")
    assert (tmp_path / "again.docx").read_bytes() == written.read_bytes()


def test_bare_report_in_english_is_written(tmp_path: Path) -> None:
    report = build_report(build_bare_result(), None, Shapes(), "en")
    write_docx(report, tmp_path / "bare.docx")
    word = docx.Document(str(tmp_path / "bare.docx"))
    assert list_texts(word, "Heading 1")[0] == "In one page, for elected members"
    assert word.core_properties.language == "en-GB"
    assert list_texts(word, "Caption")[0] == "Table 1 – Key figures"
