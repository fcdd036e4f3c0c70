"""INSEE's passage table between commune codes, in its two published forms."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from ancrage.errors import InputError
from ancrage.opendata.importing import import_files
from ancrage.opendata.store import open_store

HEADINGS = ("NIVGEO", "CODGEO_INI", "LIBGEO_2025", "CODGEO_2003", "CODGEO_2024", "CODGEO_2025")


def write_passage(
    path: Path, rows: Sequence[Sequence[str]], headings: Sequence[str] = HEADINGS, sheet: str = "COM"
) -> Path:
    """Write a workbook as INSEE does: a sheet of notes, then titles, then the headings on the sixth row."""
    book = xlsxwriter.Workbook(str(path))
    book.add_worksheet("Documentation").write(0, 0, "Table de passage annuelle")
    page = book.add_worksheet(sheet)
    page.write(0, 0, "Codes communes")
    for number, row in enumerate((headings, *rows)):
        for column, value in enumerate(row):
            page.write(5 + number, column, value)
    book.close()
    return path


ROWS = (
    ("COM", "77001", "Achères", "77001", "77001", "77001"),
    ("COM", "77166", "Écrennes", "77166", "77433", "77433"),
    ("COM", "01015", "Arbignieu", "01015", "01015", "01015"),
)


def test_import_passage_keeps_the_codes_that_changed(tmp_path: Path) -> None:
    store = tmp_path / "store"
    (imported,) = import_files([write_passage(tmp_path / "table_passage_annuelle_2025.xlsx", ROWS)], store)
    assert (imported.table, imported.rows, imported.summary["rows_read"]) == ("passage", 1, 3)
    tables = open_store(store)
    assert tables.scan("passage").collect().to_dicts() == [{"code_old": "77166", "code_new": "77433"}]
    assert tables.sources["passage"].vintage == "2025"


def test_import_passage_reads_the_two_column_form_in_an_archive(tmp_path: Path) -> None:
    rows = [(row[1], row[5]) for row in ROWS]
    book = write_passage(
        tmp_path / "table_passage_geo2003_geo2022.xlsx", rows, ("CODGEO_INI", "CODGEO_2022"), "Table de passage"
    )
    archive = tmp_path / "table_passage_geo2003_geo2022.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.write(book, book.name)
    (imported,) = import_files([archive], tmp_path / "store")
    assert (imported.rows, imported.summary["vintage"]) == (1, 2022)


def test_import_passage_serves_the_flows_of_the_same_call(tmp_path: Path) -> None:
    base = tmp_path / "base-flux-mobilite-domicile-lieu-travail-2015.csv"
    base.write_text("CODGEO;LIBGEO;DCLT;L_DCLT;NBFLUX_C15_ACTOCC15P\n77166;Écrennes;77001;Achères;12.5\n")
    book = write_passage(tmp_path / "table_passage_annuelle_2025.xlsx", ROWS)
    store = tmp_path / "store"
    store.mkdir()
    pl.DataFrame({"code": ["77001", "77433"]}).write_parquet(store / "communes.parquet")
    import_files([base, book], store)
    flows = open_store(store).scan("flows_rp2015").collect()
    assert flows.select("origin_commune", "origin_2025", "workers").row(0) == ("77166", "77433", 12.5)


@pytest.mark.parametrize(
    ("rows", "headings", "words"),
    [
        (ROWS, ("A", "B", "C", "D", "E", "F"), "no sheet has the columns"),
        ((("COM", "7700X1", "?", "77001", "77001", "77001"),), HEADINGS, "not a pair of commune codes"),
        ((ROWS[1], ("COM", "77166", "?", "77166", "77002", "77002")), HEADINGS, "two successors"),
    ],
)
def test_import_passage_refuses_and_changes_nothing(
    tmp_path: Path, rows: Sequence[Sequence[str]], headings: Sequence[str], words: str
) -> None:
    book = write_passage(tmp_path / "table_passage_annuelle_2025.xlsx", rows, headings)
    with pytest.raises(InputError, match=words):
        import_files([book], tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_import_passage_refuses_a_broken_workbook(tmp_path: Path) -> None:
    book = tmp_path / "table_passage_annuelle_2025.xlsx"
    book.write_bytes(b"PK not a workbook")
    with pytest.raises(InputError, match="not a readable workbook"):
        import_files([book], tmp_path / "store")
