"""Files of a portrait: made by a child process, kept, refused when too many are being made."""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.test import Client
from pypdf import PdfReader

from ancrage_web.territories import files, queries
from ancrage_web.territories.models import Epci, Store
from ancrage_web.territories.share_card import build_card, wrap_name

CODE = "000000001"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    """Keep the files of each test apart."""
    settings.FILES = tmp_path
    return tmp_path


def get_file(client: Client, kind: str, prefix: str = "") -> bytes:
    """Return a file of the demo portrait, which must be given."""
    response = client.get(f"{prefix}/territoires/{CODE}/fichiers/{kind}/")
    assert response.status_code == 200
    assert response["Content-Disposition"].startswith(f'attachment; filename="{CODE}-cc-des-vallees-d-ombreval')
    return response.getvalue() if response.streaming else response.content


def test_json_is_in_the_language_of_the_address(territories: Store, client: Client) -> None:
    french, english = json.loads(get_file(client, "json")), json.loads(get_file(client, "json", "/en"))
    assert (french["language"], english["language"]) == ("fr", "en")
    assert (french["typology"], english["typology"]) == (
        "résidentiel (dortoir) et industriel",
        "dormitory and industrial",
    )
    assert "origins" not in french
    assert len(french["communes"]) == 40


def test_workbook_holds_every_commune_and_is_made_once(territories: Store, client: Client, folder: Path) -> None:
    first = get_file(client, "xlsx")
    path = files.find_folder(territories) / CODE / "fr.xlsx"
    assert path.read_bytes() == first
    stamp = path.stat().st_mtime_ns
    assert get_file(client, "xlsx") == first
    assert path.stat().st_mtime_ns == stamp
    # Nothing is left of the folder where it was made.
    assert [entry.name for entry in path.parent.iterdir()] == ["fr.xlsx"]
    path_copy = folder / "copy.xlsx"
    path_copy.write_bytes(first)
    with ZipFile(path_copy) as archive:
        texts = archive.read("xl/sharedStrings.xml").decode()
    names = list(Epci.objects.get(code=CODE).communes.values_list("name", flat=True))
    assert all(name.replace("'", "&apos;") in texts or name in texts for name in names)


def test_pdf_names_the_territory_and_says_it_is_fictional(territories: Store, client: Client, folder: Path) -> None:
    path = folder / "portrait.pdf"
    path.write_bytes(get_file(client, "pdf", "/en"))
    text = "".join(page.extract_text() for page in PdfReader(path).pages)
    assert "CC des Vallées d'Ombreval" in text
    assert "ictional" in text


def test_geopackage_holds_communes_and_known_sites(territories: Store, client: Client, folder: Path) -> None:
    path = folder / "portrait.gpkg"
    path.write_bytes(get_file(client, "gpkg"))
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("SELECT count(*) FROM communes").fetchone() == (40,)
        sites = base.execute("SELECT kind, count(*) FROM sites GROUP BY kind").fetchall()
    known = Epci.objects.get(code=CODE).portrait["sites"]
    kinds = {site["kind"] for site in known}
    assert dict(sites) == {kind: sum(site["kind"] == kind for site in known) for kind in kinds}


def test_share_card_has_the_size_that_is_announced(territories: Store, client: Client) -> None:
    response = client.get(f"/territoires/{CODE}/partage.png")
    assert (response.status_code, response["Content-Type"]) == (200, "image/png")
    image = response.getvalue()
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", image[16:24]) == (1200, 630)
    assert "max-age=86400" in response["Cache-Control"]


def test_share_card_says_name_figures_and_that_it_is_fictional(territories: Store) -> None:
    epci = Epci.objects.get(code=CODE)
    drawn = queries.read_map(CODE)
    card = build_card(epci.portrait, drawn, "fr", "Ancrage & Cie")
    assert "Territoire fictif (démonstration)" in card
    assert "Ancrage &amp; Cie" in card
    assert card.count("<path") == 40
    assert card.count("<tspan") == 6
    assert "<path" not in build_card(epci.portrait, None, "en", "Ancrage")


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("CC des Deux Morin", ["CC des Deux Morin"]),
        ("CA Saint-Germain Boucles de Seine", ["CA Saint-Germain Boucles", "de Seine"]),
        ("a" * 20 + " " + "b" * 20 + " " + "c" * 20 + " d" * 20, ["a" * 20, "b" * 20, "c" * 20 + " d d d…"]),
    ],
)
def test_long_name_is_written_on_three_lines_at_most(name: str, lines: list[str]) -> None:
    assert wrap_name(name) == lines


@pytest.fixture
def full_slots(folder: Path) -> Iterator[None]:
    """Hold every slot, as two files being made would."""
    fcntl = pytest.importorskip("fcntl")
    held = folder / "portraits"
    held.mkdir()
    opened = [(held / f".slot-{number}").open("a+b") for number in range(files.SLOTS)]
    for file in opened:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
    yield
    for file in opened:
        file.close()


def test_too_many_files_at_once_are_asked_to_come_back(
    territories: Store, client: Client, full_slots: None, folder: Path
) -> None:
    response = client.get(f"/territoires/{CODE}/fichiers/pdf/")
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert "Plusieurs fichiers sont en cours de préparation" in response.content.decode()
    assert client.get(f"/territoires/{CODE}/partage.png").status_code == 503
    # What is kept or needs no child process is given all the same.
    assert client.get(f"/territoires/{CODE}/fichiers/json/").status_code == 200
    kept = files.find_folder(territories) / CODE / "fr.pdf"
    kept.write_bytes(b"kept")
    assert get_file(client, "pdf") == b"kept"


def test_failed_child_leaves_no_file_and_a_sentence(territories: Store, client: Client) -> None:
    Epci.objects.filter(code=CODE).update(portrait={**Epci.objects.get(code=CODE).portrait, "facts": [{}]})
    response = client.get(f"/territoires/{CODE}/fichiers/xlsx/")
    assert response.status_code == 500
    assert "Le fichier XLSX n&#x27;a pas pu être préparé" in response.content.decode()
    assert list((files.find_folder(territories) / CODE).iterdir()) == []


def test_failed_share_card_is_an_answer_without_a_page(territories: Store, client: Client) -> None:
    epci = Epci.objects.get(code=CODE)
    del epci.portrait["indicators"]
    epci.save()
    response = client.get(f"/territoires/{CODE}/partage.png")
    assert (response.status_code, response.content) == (500, b"")


def test_files_of_former_stores_are_removed(territories: Store, folder: Path) -> None:
    former = folder / "portraits" / "0123-0.0.9"
    kept = files.find_folder(territories)
    for place in (former, kept):
        place.mkdir(parents=True)
        (place / "fr.pdf").write_bytes(b"-")
    files.remove_former_files(territories)
    assert not former.exists()
    assert [entry.name for entry in kept.iterdir()] == ["fr.pdf"]
