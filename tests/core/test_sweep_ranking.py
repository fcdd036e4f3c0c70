"""The ranking of a sweep: its figures are those of the rows, in both languages, whatever was planned."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest

from ancrage.figures import Source
from ancrage.language import Text
from ancrage.opendata.store import open_store
from ancrage.reports.pictures import render_pictures
from ancrage.reports.ranking import build_ranking
from ancrage.study.sweep import SweepRow, SweepSettings
from ancrage.territory.tables import Tables

SETTINGS = SweepSettings(euros_per_inhabitant=5)
FLOWS = Source("flows", Text("Flows", "Flux"), producer="INSEE", vintage="2014", licence="Licence Ouverte 2.0")
PLAN = SweepRow(
    "A", "CC A", "77", "11", 20_000, "proven", value=30_000.0, unit="kgCO2e/year", bound=30_000.0, gap=0.0,
    value_added=20_000.0, value_per_euro=0.2, cost=100_000.0, budget=100_000.0, new_places=2, existing_places=1,
    desks=40, km_added=500_000.0, communes=("1", "2"), commune_names=("Un", "Deux"), coverage=0.98,
    flows_vintage=2014, source_tables=("flows",), source_vintages=("2014",), travel="estimate 1",
)  # fmt: skip
OTHER = dataclasses.replace(
    PLAN, code="B", name="CC B", value_added=10_000.0, value_per_euro=0.1, status="feasible", gap=0.03, coverage=0.5
)
ABSENT = SweepRow("C", "CC C", "75", "11", 9_000, "no_flows", "No flows for CC C.", "Aucun flux pour CC C.")
COMMUNES = pl.DataFrame(
    {"epci_code": ["A", "A", "B", "C"], "lon": [2.0, 2.2, 2.4, 2.8], "lat": [48.0, 48.2, 48.4, 48.0]}
)
TABLES = Tables({"communes": COMMUNES.lazy()}, {"flows": FLOWS})


def list_texts(blocks) -> str:
    """Return every word of the blocks that are not tables."""
    return " ".join(
        [getattr(b, "text", "") for b in blocks] + [item for b in blocks for item in getattr(b, "items", ())]
    )


def test_table_ranks_by_value_of_a_thousand_euros_and_shows_tonnes():
    document = build_ranking([OTHER, PLAN, ABSENT], SETTINGS, TABLES, "en")
    table = next(t for t in document.list_tables() if t.id == "ranking")
    keys = [column.key for column in table.columns]
    rows = [dict(zip(keys, row, strict=True)) for row in table.rows]
    assert [(r["rank"], r["code"], r["value_per_1000_eur"], r["value_added"]) for r in rows] == [
        (1, "A", 200.0, 20.0),
        (2, "B", 100.0, 10.0),
    ]
    assert (rows[0]["status"], rows[1]["status"], rows[1]["gap"]) == ("proven", "not proven", 0.03)
    assert rows[0]["communes"] == "Un (1), Deux (2)"
    assert table.sources == "Sources: INSEE (2014). Ancrage's computation."


def test_figures_are_the_sums_over_the_planned_epci():
    document = build_ranking([OTHER, PLAN, ABSENT], SETTINGS, TABLES, "en")
    found = {figure.id: figure.value for figure in document.figures}
    assert found == {
        "planned": 2.0,
        "ratio": pytest.approx(150.0),
        "cost": 200_000.0,
        "value": pytest.approx(30.0),
        "km": 1_000_000.0,
        "desks": 80.0,
    }


def test_what_is_not_planned_is_listed_with_its_reason_and_partial_flows_are_told():
    document = build_ranking([PLAN, OTHER, ABSENT], SETTINGS, TABLES, "fr")
    table = next(t for t in document.list_tables() if t.id == "unplanned")
    assert table.rows == (("C", "CC C", "75", 9_000, "sans flux", "Aucun flux pour CC C."),)
    summary = list_texts(document.sections[0].blocks)
    assert "2 EPCI planifiés sur 3, dont 1 avec la preuve" in summary.replace("\u00a0", " ")
    assert "moins de 90\u202f% des actifs occupés" in summary
    asked = list_texts(next(s for s in document.sections if s.id == "method").blocks)
    assert "5 € par habitant et par an" in asked.replace("\u202f", " ")
    assert "hypothèse" in asked


def test_ranking_without_any_plan_still_says_why():
    document = build_ranking([ABSENT], SETTINGS, TABLES, "en")
    assert [section.id for section in document.sections] == ["summary", "unplanned", "method"]
    assert [figure.id for figure in document.figures] == ["planned", "cost", "value", "km", "desks"]
    assert set(render_pictures(document)) == {"cover_map", "ranking_map"}


def test_epci_overseas_are_left_out_of_the_map_and_said_to_be():
    far = dataclasses.replace(OTHER, code="C", departement="974")
    chart = next(c for c in build_ranking([PLAN, far], SETTINGS, TABLES, "en").list_charts() if c.id == "ranking_map")
    assert "1 overseas EPCI is not drawn" in chart.sources.replace("\u00a0", " ")
    assert "Map of 1 EPCI" in chart.alt


def test_map_has_one_outline_by_epci_of_the_store(demo_store):
    tables = open_store(demo_store)
    codes = tables.scan("epci").select("epci_code").collect()["epci_code"].to_list()
    rows = [
        dataclasses.replace(PLAN, code=code, name=code, departement="00", value_per_euro=0.01 * rank)
        for rank, code in enumerate(codes, start=1)
    ]
    document = build_ranking(rows, SETTINGS, tables, "en")
    chart = next(c for c in document.list_charts() if c.id == "ranking_map")
    features = [f for layer in chart.spec["layer"] for f in layer["data"]["values"] if f.get("type") == "Feature"]
    assert sorted(f["properties"]["code"] for f in features) == sorted(codes)
    assert len({f["properties"]["fill"] for f in features}) == 5
