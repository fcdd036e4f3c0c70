"""The portrait of a territory as a document and as map layers, with outlines and without."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pyogrio
import pypdf
import pytest
from report_samples import build_sample_diagnosis, build_sample_shapes

from ancrage.diagnosis import FAMILIES, build_diagnosis
from ancrage.diagnosis.model import Diagnosis
from ancrage.opendata.store import open_store
from ancrage.reports.charts import Bar, draw_bars
from ancrage.reports.docx import write_docx
from ancrage.reports.model import Document, Heading, KeyFigures, Table
from ancrage.reports.pdf import write_pdf
from ancrage.reports.pictures import render_pictures, render_svg
from ancrage.reports.portrait import build_portrait, write_portrait_geopackage
from ancrage.reports.shapes import Shapes, read_shapes
from ancrage.reports.workbook import write_xlsx

CODE = "000000001"


@pytest.fixture(scope="module")
def real(demo_store: Path) -> tuple[Diagnosis, Shapes]:
    tables = open_store(demo_store)
    diagnosis = build_diagnosis(tables, CODE)
    return diagnosis, read_shapes(tables, diagnosis.communes["code"].to_list())


@pytest.fixture(scope="module")
def portrait(real: tuple[Diagnosis, Shapes]) -> Document:
    return build_portrait(*real, "fr", on=date(2026, 3, 1))


def find_table(document: Document, name: str) -> Table:
    return next(table for table in document.list_tables() if table.id == name)


def list_headings(document: Document, section: str) -> list[str]:
    blocks = next(s.blocks for s in document.sections if s.id == section)
    return [block.text for block in blocks if isinstance(block, Heading)]


def test_portrait_has_one_heading_and_one_table_for_each_family_with_a_value(portrait, real):
    known = {value.indicator.family for value in real[0].values if value.value is not None}
    assert list_headings(portrait, "indicators") == [text.fr for family, text in FAMILIES.items() if family in known]
    tables = [table.id for table in portrait.list_tables() if table.id.startswith("indicators_")]
    assert tables == [f"indicators_{family}" for family in FAMILIES if family in known]


def test_tables_of_families_hold_every_indicator_published_first(portrait, real):
    values = {value.indicator.id: value.value for value in real[0].values}
    told = {}
    for table in portrait.list_tables():
        if table.id.startswith("indicators_"):
            keys = [column.key for column in table.columns]
            shown = [row[keys.index("value")] for row in table.rows]
            assert table.printed_rows == sum(value is not None for value in shown)
            assert None not in shown[: table.printed_rows]
            told |= dict(zip((row[keys.index("id")] for row in table.rows), shown, strict=True))
    families = {t.id.removeprefix("indicators_") for t in portrait.list_tables()}
    wanted = {v.indicator.id for v in real[0].values if v.indicator.family in families}
    assert told == {key: value for key, value in values.items() if key in wanted}


def test_figures_are_those_of_the_diagnosis_with_their_sources(portrait, real):
    published = [value for value in real[0].values if value.value is not None]
    assert [(f.id, f.value, f.sources) for f in portrait.figures] == [
        (v.indicator.id, v.value, v.sources) for v in published
    ]
    main = next(block for block in portrait.sections[0].blocks if isinstance(block, KeyFigures))
    assert [figure.id for figure in main.figures][:3] == ["population", "employed_residents", "jobs"]
    assert len(main.figures) == 6


def test_cover_is_a_map_that_says_what_it_shows(portrait):
    assert portrait.cover.id == "portrait_map"
    assert portrait.cover.spec["title"]["text"] == portrait.cover.title
    assert portrait.cover.alt.startswith("Carte par commune")


def test_communes_table_holds_every_commune_and_prints_what_a_page_can_hold(portrait, real):
    table = find_table(portrait, "communes")
    assert [row[0] for row in table.rows] == real[0].communes["code"].to_list()
    assert 4 <= sum(column.printed for column in table.columns) <= 8
    assert len({column.key for column in table.columns}) == len(table.columns)


def test_what_is_missing_is_named_with_its_reason(portrait, real):
    absent = [value for value in real[0].values if value.value is None]
    section = next(s for s in portrait.sections if s.id == "limits")
    items = next(block.items for block in section.blocks if type(block).__name__ == "Items")
    assert len(items) == len(absent)
    label = absent[0].indicator.label.fr
    assert items[0].replace("\u00a0", " ").startswith(f"{label} : ")


def test_portrait_is_written_in_every_format(portrait, tmp_path):
    pictures = render_pictures(portrait)
    write_pdf(portrait, tmp_path / "p.pdf", pictures)
    write_xlsx(portrait, tmp_path / "p.xlsx", pictures)
    write_docx(portrait, tmp_path / "p.docx", pictures)
    reader = pypdf.PdfReader(tmp_path / "p.pdf")
    assert reader.metadata is not None
    assert reader.metadata.title == f"Portrait de territoire – {portrait.territory}"
    assert all("TERRITOIRE FICTIF" in page.extract_text() for page in reader.pages)
    sheets = openpyxl.load_workbook(tmp_path / "p.xlsx").sheetnames
    assert sheets[0] == "Chiffres"
    assert {"Emploi", "Services", "Communes", "Sources"} <= set(sheets)
    word: Any = docx.Document(str(tmp_path / "p.docx"))
    titles = [p.text for p in word.paragraphs if p.style.name == "Heading 1"]
    assert titles == [section.title for section in portrait.sections]


def test_workbook_draws_only_the_pictures_that_it_holds(portrait, tmp_path, monkeypatch):
    drawn: list[Any] = []
    from ancrage.reports import workbook

    monkeypatch.setattr(
        workbook,
        "render_pictures",
        lambda report, names: drawn.append(names) or render_pictures(report, names),
    )
    workbook.write_xlsx(portrait, tmp_path / "p.xlsx")
    assert drawn == [workbook._PICTURED]
    book = openpyxl.load_workbook(tmp_path / "p.xlsx")
    assert book.sheetnames[-1] == "Carte et graphiques"
    assert len(book["Carte et graphiques"]._images) == 2


def test_territory_without_outlines_has_charts_and_no_map(real, tmp_path):
    document = build_portrait(real[0], Shapes(), "en")
    assert document.cover.id == "cover_positions"
    assert "maps" not in [section.id for section in document.sections]
    write_pdf(document, tmp_path / "p.pdf")
    assert len(pypdf.PdfReader(tmp_path / "p.pdf").pages) >= 5


def test_territory_without_any_value_still_has_a_portrait(tmp_path):
    sample = build_sample_diagnosis()
    unknown = tuple(
        replace(v, value=None, status="not_published", percentile=None, rank=None, group_median=None)
        for v in sample.values
    )
    bare = replace(sample, values=unknown, destinations=sample.destinations.head(0), facts=(), sources=())
    document = build_portrait(bare, Shapes(), "fr")
    assert document.cover.id == "cover_communes"
    assert [section.id for section in document.sections] == ["summary", "communes", "limits"]
    assert document.figures == ()
    write_pdf(document, tmp_path / "p.pdf")
    write_xlsx(document, tmp_path / "p.xlsx")
    write_docx(document, tmp_path / "p.docx")
    assert (tmp_path / "p.pdf").stat().st_size > 5_000


def test_same_diagnosis_gives_the_same_bytes(real, tmp_path):
    for name in ("a", "b"):
        document = build_portrait(*real, "fr")
        write_pdf(document, tmp_path / f"{name}.pdf")
        write_portrait_geopackage(*real, tmp_path / f"{name}.gpkg", "fr")
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()


def test_geopackage_holds_communes_with_indicators_centres_and_their_meaning(real, tmp_path):
    diagnosis, shapes = real
    path = tmp_path / "portrait.gpkg"
    write_portrait_geopackage(diagnosis, shapes, path, "fr")
    layers = dict(pyogrio.list_layers(path))
    assert layers == {"communes": "MultiPolygon", "centres": "Point", "indicators": None}
    communes = pyogrio.read_dataframe(path, layer="communes")
    assert communes["code"].tolist() == diagnosis.communes["code"].to_list()
    assert communes["population"].tolist() == diagnosis.communes["population"].to_list()
    assert communes.crs.to_epsg() == 4326
    assert communes.geometry.is_valid.all()
    centres = pyogrio.read_dataframe(path, layer="centres")
    joined = communes.set_index("code").geometry.loc[centres["code"]]
    assert joined.contains(centres.geometry.set_axis(joined.index)).all()
    with closing(sqlite3.connect(path)) as base:
        told = dict(base.execute("SELECT id, label FROM indicators"))
        kind = base.execute("SELECT data_type FROM gpkg_contents WHERE table_name = 'indicators'").fetchone()
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert kind == ("attributes",)
    assert told == {value.indicator.id: value.indicator.label.fr for value in diagnosis.values}


def test_geopackage_keeps_communes_without_outline(tmp_path):
    diagnosis = build_sample_diagnosis()
    outlines = dict(list(build_sample_shapes().by_code.items())[:1])
    write_portrait_geopackage(diagnosis, Shapes(outlines), tmp_path / "p.gpkg", "en")
    communes = pyogrio.read_dataframe(tmp_path / "p.gpkg", layer="communes")
    assert communes["code"].tolist() == diagnosis.communes["code"].to_list()
    known = communes[~(communes.geometry.is_empty | communes.geometry.isna())]
    assert known["code"].tolist() == list(outlines)
    assert len(pyogrio.read_dataframe(tmp_path / "p.gpkg", layer="centres")) == 1


def test_control_characters_in_a_name_do_not_stop_the_renderer():
    names = {"a\x07b": "a?b", "a\x0cb": "a?b", "a\\u0007b": "a\\u0007b", "a\\bc": "a\\bc"}
    for name, shown in names.items():
        svg = render_svg(draw_bars([Bar(name, 1.0, "1")], title="t"), "fr")
        assert f">{shown}</text>" in svg
