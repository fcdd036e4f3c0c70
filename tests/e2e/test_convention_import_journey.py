"""An officer takes over a convention from a spreadsheet: corrects it, imports it, reads it, takes everything away."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from ancrage_web.conventions.import_template import write_template
from e2e.checks import check_accessibility, measure_overflow
from web.conftest import World

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.mark.parametrize("width", [1280, 390])
def test_officer_imports_a_convention_then_exports_it(
    open_context: Callable[..., Any], sign_in: Callable[[Page, str], None], world: World, watch: Any, width: int
) -> None:
    page = open_context(width=width).new_page()
    sign_in(page, "officer")
    page.goto(f"/organisations/{world.organisation.slug}/conventions/importer/")
    check_accessibility(page)
    assert measure_overflow(page) == 0
    with page.expect_download() as started:
        page.get_by_role("link", name="Télécharger un exemple rempli (XLSX)").click()
    example = Path(started.value.path()).read_bytes()
    assert example[:2] == b"PK"

    # A first file with two errors.
    book = openpyxl.load_workbook(BytesIO(write_template("fr", example=True)))
    book["Écritures"]["G5"] = 999999
    book["Parties"]["C2"] = "123456789"
    wrong = BytesIO()
    book.save(wrong)
    send(page, wrong.getvalue())
    expect(page.get_by_text("2 erreurs à corriger")).to_be_visible()
    expect(page.get_by_role("rowheader", name="Écritures!G5")).to_be_visible()
    expect(page.get_by_role("rowheader", name="Parties!C2")).to_be_visible()
    expect(page.get_by_role("button", name="Importer la convention")).to_have_count(0)
    check_accessibility(page)
    assert measure_overflow(page) == 0
    page.get_by_role("button", name="Abandonner cet import").click()

    send(page, example)
    expect(page.get_by_text("Le fichier est sans erreur")).to_be_visible()
    check_accessibility(page)
    assert measure_overflow(page) == 0
    page.get_by_role("button", name="Importer la convention").click()
    page.wait_for_url("**/conventions/*-*-*-*-*/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Tissages d'Exemple 2025")

    page.goto(page.url + "exporter/")
    check_accessibility(page)
    assert measure_overflow(page) == 0
    with page.expect_download() as started:
        page.get_by_role("link", name="Télécharger l’archive (ZIP)").click()
    with zipfile.ZipFile(started.value.path()) as archive:
        assert {"convention.xlsx", "LISEZMOI.txt"} <= set(archive.namelist())
    assert watch.errors == []
    assert watch.outside == []


def send(page: Page, content: bytes) -> None:
    page.get_by_label("Tableur (XLSX)").set_input_files(
        {"name": "convention.xlsx", "mimeType": XLSX, "buffer": content}
    )
    page.get_by_role("button", name="Vérifier le fichier").click()
