"""The files of a report: same figures everywhere, nothing dangerous, nothing half-written."""

from __future__ import annotations

import json
import re
import sqlite3
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pyogrio
import pypdf
import pytest
from report_samples import (
    FORMULA_NAME,
    LONG_NAME,
    build_bare_result,
    build_sample_diagnosis,
    build_sample_result,
    build_sample_shapes,
)

from ancrage.errors import InputError
from ancrage.language import Language
from ancrage.reports import Shapes, build_report, folder, read_study_file, write_report
from ancrage.reports.geofiles import write_geojson, write_geopackage
from ancrage.reports.model import Report
from ancrage.reports.pdf import write_pdf
from ancrage.reports.writing import Pen
from ancrage.study.settings import StudySettings
from ancrage.territory.tables import Tables

DAY = date(2026, 3, 1)


@dataclass(frozen=True)
class Written:
    """A report on disk, and its text as a reader of the PDF gets it."""

    report: Report
    folder: Path
    text: str


def _read_text(path: Path) -> str:
    pages = pypdf.PdfReader(path).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def _flatten(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _write(tmp: Path, language: Language) -> Written:
    report = build_report(build_sample_result(), build_sample_diagnosis(), build_sample_shapes(), language, on=DAY)
    out = tmp / f"report-{language}"
    write_report(report, out)
    return Written(report, out, _read_text(out / "report.pdf"))


@pytest.fixture(scope="module")
def french(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return _write(tmp_path_factory.mktemp("fr"), "fr")


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return _write(tmp_path_factory.mktemp("en"), "en")


@pytest.fixture(scope="module")
def book(french: Written) -> Any:
    return openpyxl.load_workbook(french.folder / "report.xlsx")


def test_report_folder_holds_every_output_and_nothing_else(french: Written) -> None:
    names = sorted(path.name for path in french.folder.iterdir())
    outputs = ["report.docx", "report.json", "report.pdf", "report.xlsx"]
    assert names == ["network.geojson", "network.gpkg", *outputs, "study.toml"]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_pdf_is_tagged_titled_and_in_its_language(language: str, french: Written, english: Written) -> None:
    written = french if language == "fr" else english
    reader = pypdf.PdfReader(written.folder / "report.pdf")
    title = "Un réseau de tiers-lieux" if language == "fr" else "A network of third places"
    root = reader.trailer["/Root"]
    assert reader.metadata is not None
    assert reader.metadata.title == f"{title} – CC des Vallées d'Œuvre"
    assert root["/Lang"] == language
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712 - a PDF boolean
    assert b"pdfuaid" in root["/Metadata"].get_data()
    assert 8 <= len(reader.pages) <= 14


def test_pdf_embeds_one_font_family_only(french: Written) -> None:
    fonts = set()
    for page in pypdf.PdfReader(french.folder / "report.pdf").pages:
        fonts |= {str(font.get_object()["/BaseFont"]) for font in page["/Resources"]["/Font"].values()}
    assert fonts
    assert all("SourceSansPro" in font for font in fonts), fonts


def test_pdf_says_on_every_page_that_the_territory_is_fictional(french: Written, english: Written) -> None:
    for written, banner in ((french, "TERRITOIRE FICTIF"), (english, "FICTIONAL TERRITORY")):
        for page in pypdf.PdfReader(written.folder / "report.pdf").pages:
            assert banner in _flatten(page.extract_text())


def test_figures_are_the_same_in_pdf_workbook_and_json(french: Written, book: Any) -> None:
    content = json.loads((french.folder / "report.json").read_text(encoding="utf-8"))
    pen = Pen("fr")
    rows = [row[:5] for row in book.worksheets[0].iter_rows(values_only=True)]
    start = next(k for k, row in enumerate(rows) if row[0] == "Chiffre") + 1
    assert len(rows) - start == len(content["figures"]) == len(french.report.figures)
    for figure, row in zip(content["figures"], rows[start:], strict=True):
        assert (row[0], row[4]) == (figure["label"], figure["unit"])
        for shown, told in zip(row[1:4], (figure["value"], figure["low"], figure["high"]), strict=True):
            assert shown == (None if told is None else pytest.approx(told, rel=1e-14))
    for known in french.report.figures:
        assert _flatten(pen.number(known.value, known.decimals)) in french.text, known.id
    assert content["figures"][0]["value"] == pytest.approx(21.4337)
    assert content["figures"][0]["unit"] == "t CO₂e/an"


def test_tables_are_the_same_in_workbook_and_json(french: Written, book: Any) -> None:
    content = json.loads((french.folder / "report.json").read_text(encoding="utf-8"))
    for table in french.report.list_tables():
        sheet = book[table.sheet]
        rows = list(sheet.iter_rows(min_row=5, max_row=4 + len(table.rows), values_only=True))
        told = content["tables"][table.id]["rows"]
        assert len(rows) == len(told) == len(table.rows)
        for row, values in zip(rows, told, strict=True):
            flat: list[Any] = []
            for column in table.columns:
                cell = values[column.key]
                pair = cell or {"low": None, "high": None}
                flat += [pair["low"], pair["high"]] if column.kind == "interval" else [cell]
            for shown, cell in zip(row, flat, strict=True):
                if isinstance(cell, float):
                    assert shown == pytest.approx(cell, rel=1e-14), table.id
                else:
                    assert _clean(shown) == _clean(cell), table.id


def _clean(cell: Any) -> Any:
    # XML 1.0 cannot hold a control character: the workbook escapes it.
    return re.sub(r"_x000[0-9A-F]_|[\x00-\x1f]", "", cell) if isinstance(cell, str) else cell


def test_workbook_holds_no_formula_and_quotes_dangerous_texts(book: Any) -> None:
    dangerous = 0
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", f"{sheet.title}!{cell.coordinate}"
                if isinstance(cell.value, str) and cell.value.startswith(("=", "+", "-", "@")):
                    assert cell.quotePrefix, f"{sheet.title}!{cell.coordinate}: {cell.value}"
                    dangerous += 1
    assert dangerous >= 3


def test_workbook_gives_units_and_sources_of_places(book: Any) -> None:
    sheet = book["Lieux"]
    units = {cell.value: sheet.cell(4, cell.column).value for cell in sheet[3] if cell.value}
    assert units["Coût net"] == "€/an"
    assert units["Postes"] == "postes"
    assert units["Perte sans lui"] == "t CO₂e/an"
    assert "Insee" in " ".join(str(cell.value) for cell in sheet["A"])


def test_negative_figures_stay_negative(french: Written) -> None:
    assert "\u221248 200" in french.text
    assert "\u221277 100 – \u22124 800" in french.text


def test_strange_names_are_shown_as_text(french: Written) -> None:
    assert FORMULA_NAME in french.text
    assert '<script>alert("Ça")</script> #[Typst] $x$' in french.text
    assert LONG_NAME in french.text.replace("- ", "-")


def test_french_pdf_holds_no_fixed_label_in_english(french: Written, english: Written) -> None:
    def list_labels(report: Report) -> set[str]:
        found = {section.title for section in report.sections}
        for table in report.list_tables():
            found |= {table.title, table.note, *(column.title for column in table.columns)}
        found |= {chart.title for chart in report.list_charts()}
        found |= {figure.label for figure in report.figures}
        return found

    same = list_labels(french.report) & list_labels(english.report)
    assert same <= {
        "", "P10", "P90", "P10–P90", "SHA-256", "Sources", "Source", "Code", "Commune", "Communes", "Zone", "Note",
        "Table", "Tables", "Budget", "Halo", "Coefficient", "Licence", "Population", "Destinations", "Distance",
    }  # fmt: skip
    for word in ("Warning", "not published", "desks", "Source:", "page of"):
        assert word not in french.text


def test_report_without_anything_optional_is_written(tmp_path: Path) -> None:
    report = build_report(build_bare_result(), None, Shapes(), "fr")
    write_report(report, tmp_path / "bare")
    text = _read_text(tmp_path / "bare" / "report.pdf")
    assert "Le plan n'ouvre aucun lieu." in text
    assert "Aucune simulation n'a été faite" in text
    assert "\u22121 230 km/an" in text
    assert "TERRITOIRE FICTIF" not in text
    assert "Temps de trajet estimés" not in text
    communes = pyogrio.read_info(tmp_path / "bare" / "network.gpkg", layer="communes")
    assert (communes["geometry_type"], communes["features"]) == ("Point", 8)


def test_estimated_travel_times_are_said_beside_the_figures(french: Written, english: Written) -> None:
    assert french.text.count("Temps de trajet estimés.") >= 3
    assert english.text.count("Estimated travel times.") >= 3


def test_pdf_of_the_same_report_has_the_same_bytes(french: Written, tmp_path: Path) -> None:
    write_pdf(french.report, tmp_path / "again.pdf")
    assert (tmp_path / "again.pdf").read_bytes() == (french.folder / "report.pdf").read_bytes()


def test_geopackage_layers_read_back_in_longitude_and_latitude(french: Written) -> None:
    path = french.folder / "network.gpkg"
    layers = {str(name): str(kind) for name, kind in pyogrio.list_layers(path)}
    assert layers == {"places": "Point", "catchments": "MultiPolygon", "communes": "MultiPolygon"}
    for name in layers:
        assert pyogrio.read_info(path, layer=name)["crs"] == "EPSG:4326"
    places = pyogrio.read_dataframe(path, layer="places")
    assert places["code"].tolist() == ["77001", "77002", "77003"]
    assert places["desks"].tolist() == [12.0, 8.0, 4.0]
    assert places.geometry.iloc[0].x == pytest.approx(3.245)
    catchments = pyogrio.read_dataframe(path, layer="catchments")
    assert catchments["communes"].tolist() == [2, 2, 2]
    assert catchments.geometry.is_valid.all()
    assert catchments.geometry.iloc[0].area == pytest.approx(2 * 0.09 * 0.06)
    communes = pyogrio.read_dataframe(path, layer="communes")
    assert communes["name"].tolist()[3] == FORMULA_NAME
    assert communes["place_code"].isna().sum() == 2


def test_geopackage_passes_the_integrity_check_of_sqlite(french: Written) -> None:
    base = sqlite3.connect(french.folder / "network.gpkg")
    try:
        assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert base.execute("PRAGMA foreign_key_check").fetchall() == []
        assert base.execute("PRAGMA application_id").fetchone() == (0x47504B47,)
    finally:
        base.close()


def test_geojson_tells_places_from_catchments(french: Written, tmp_path: Path) -> None:
    content = json.loads((french.folder / "network.geojson").read_text(encoding="utf-8"))
    kinds = [(f["properties"]["layer"], f["geometry"]["type"]) for f in content["features"]]
    assert kinds == [("places", "Point")] * 3 + [("catchments", "MultiPolygon")] * 3
    write_geojson(french.report, tmp_path / "again.geojson")
    assert len(pyogrio.read_dataframe(tmp_path / "again.geojson")) == 6


def test_geopackage_replaces_an_older_file(french: Written, tmp_path: Path) -> None:
    path = tmp_path / "network.gpkg"
    path.write_bytes(b"old")
    write_geopackage(french.report, path)
    assert len(pyogrio.list_layers(path)) == 3


def test_study_file_of_a_report_gives_the_settings_back(french: Written) -> None:
    path = french.folder / "study.toml"
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    assert StudySettings.model_validate(data["study"]) == build_sample_result().settings
    read = read_study_file(path)
    assert read.settings == build_sample_result().settings
    assert read.inputs == {"communes": "b" * 64, "flows": "a" * 64}
    assert read.produced == {"ancrage": "0.1.0", "travel": "estimate m4-2026.1", "date": "2026-03-01"}


def test_report_is_replaced_whole(french: Written, tmp_path: Path) -> None:
    out = tmp_path / "report"
    write_report(french.report, out)
    before = (out / "report.json").read_bytes()
    changed = replace(french.report, territory="Autre territoire")
    write_report(changed, out)
    assert (out / "report.json").read_bytes() != before
    assert len(list(out.iterdir())) == len(folder.WRITERS)
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("killed")])
@pytest.mark.parametrize("name", list(folder.WRITERS))
def test_previous_report_stays_whole_when_a_writer_fails(
    name: str, error: Exception, french: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "report"
    out.mkdir()
    for written in folder.WRITERS:
        (out / written).write_text("previous", encoding="utf-8")

    def write_half(report: Report, path: Path, pictures: Mapping[str, str]) -> None:
        path.write_text("half", encoding="utf-8")
        if path.name == name:
            raise error

    monkeypatch.setattr(folder, "render_pictures", lambda report: {})
    monkeypatch.setattr(folder, "WRITERS", dict.fromkeys(folder.WRITERS, write_half))
    with pytest.raises(InputError if isinstance(error, OSError) else RuntimeError):
        write_report(french.report, out)
    assert {path.name: path.read_text(encoding="utf-8") for path in out.iterdir()} == dict.fromkeys(
        folder.WRITERS, "previous"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_report_is_replaced_where_folders_cannot_be_exchanged(
    french: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_name(report: Report, path: Path, pictures: Mapping[str, str]) -> None:
        path.write_text("new", encoding="utf-8")

    monkeypatch.setattr(folder, "render_pictures", lambda report: {})
    monkeypatch.setattr(folder, "WRITERS", {"report.pdf": write_name})
    monkeypatch.setattr(folder, "_exchange", lambda a, b: False)
    out = tmp_path / "report"
    out.mkdir()
    (out / "report.pdf").write_text("previous", encoding="utf-8")
    write_report(french.report, out)
    assert (out / "report.pdf").read_text(encoding="utf-8") == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_folder_with_files_of_others_is_refused_and_kept(french: Written, tmp_path: Path) -> None:
    (tmp_path / "notes.odt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"notes\.odt"):
        write_report(french.report, tmp_path)
    assert (tmp_path / "notes.odt").read_text(encoding="utf-8") == "mine"


def test_file_in_place_of_the_folder_is_refused(french: Written, tmp_path: Path) -> None:
    (tmp_path / "report").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="is a file"):
        write_report(french.report, tmp_path / "report")


def test_write_all_reads_outlines_where_the_store_has_them(tmp_path: Path) -> None:
    files = folder.write_all(
        tmp_path / "out",
        build_sample_result(),
        None,
        Tables({}),
        language="en",
        date=DAY,
        checksums={"flows": "c" * 64},
    )
    assert [path.name for path in files] == list(folder.WRITERS)
    assert read_study_file(tmp_path / "out" / "study.toml").inputs == {"flows": "c" * 64}
    assert pyogrio.read_info(tmp_path / "out" / "network.gpkg", layer="catchments")["geometry_type"] == "MultiPoint"
