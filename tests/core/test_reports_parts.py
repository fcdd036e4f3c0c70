"""The parts of a report: words and numbers, maps, charts, sections and JSON, without any file."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from report_samples import (
    STRANGE_NAME,
    build_bare_result,
    build_sample_diagnosis,
    build_sample_result,
    build_sample_shapes,
)

from ancrage.diagnosis.indicators import list_indicators
from ancrage.errors import InputError
from ancrage.opendata.store import open_store
from ancrage.parameters import load_parameters
from ancrage.reports import Shapes, build_report, read_shapes
from ancrage.reports.chart_style import CATCHMENT_FILLS
from ancrage.reports.charts import FrontierMark, draw_frontier, draw_histogram
from ancrage.reports.export_json import build_json
from ancrage.reports.fonts import clean_text, read_characters
from ancrage.reports.map_frame import Disc, build_frame, choose_labels
from ancrage.reports.maps import MapPlace, choose_fills
from ancrage.reports.model import Items, KeyFigures, Note, Paragraph, Table
from ancrage.reports.pictures import render_png, render_svg
from ancrage.reports.writing import Pen, list_unknown_unit_words, render_unit, space_french
from ancrage.territory.tables import Tables

FRENCH, ENGLISH = Pen("fr"), Pen("en")


@pytest.mark.parametrize(
    ("value", "fr", "en"),
    [
        (96342.0, "96\u202f300", "96,300"),
        (-48213.7, "\u221248\u202f200", "\u221248,200"),
        (0.18349, "0,183", "0.183"),
        (12.0, "12,0", "12.0"),
        (0.0, "0", "0"),
        (999.6, "1\u202f000", "1,000"),
        (None, "non publié", "not published"),
        (math.nan, "non publié", "not published"),
    ],
)
def test_number_keeps_three_significant_digits(value: float | None, fr: str, en: str) -> None:
    assert FRENCH.number(value, None) == fr
    assert ENGLISH.number(value, None) == en


@given(st.floats(min_value=-1e9, max_value=1e9))
def test_number_shown_is_within_half_a_percent(value: float) -> None:
    shown = float(ENGLISH.number(value, None).replace(",", "").replace("\u2212", "-"))
    assert shown == pytest.approx(value, rel=0.0051, abs=1e-12) or abs(value) < 1e-9


def test_interval_rounds_both_ends_alike() -> None:
    assert FRENCH.interval(8.23, 142.4) == "8 – 142"
    assert FRENCH.interval(0.65, 0.8, "exact") == "0,65 – 0,80"
    assert FRENCH.interval(None, 3.0) == ""


def test_share_takes_the_percent_sign_of_its_language() -> None:
    assert (FRENCH.share(0.284, 1), ENGLISH.share(0.284, 1)) == ("28,4\u202f%", "28.4%")


def test_count_agrees_with_its_number() -> None:
    nouns = (("desk", "desks"), ("poste", "postes"))
    assert [FRENCH.count(n, *nouns) for n in (0, 1, 2)] == ["0\u00a0poste", "1\u00a0poste", "2\u00a0postes"]
    assert [ENGLISH.count(n, *nouns) for n in (0, 1, 2)] == ["0\u00a0desks", "1\u00a0desk", "2\u00a0desks"]


def test_day_is_written_in_words() -> None:
    assert FRENCH.day(date(2026, 3, 1)) == "1er mars 2026"
    assert ENGLISH.day(date(2026, 8, 12)) == "12 August 2026"


def test_french_spaces_do_not_break() -> None:
    assert space_french("« Oui » : 5 % !") == "«\u00a0Oui\u202f»\u00a0: 5\u202f%\u202f!"


def test_every_unit_of_the_project_is_translated() -> None:
    units = {c.unit for c in load_parameters().list()} | {i.unit for i in list_indicators()}
    result = build_sample_result()
    units |= {line.figure.unit for line in result.impact} | {c.unit for c in result.controls}
    units |= {"EUR/desk/year", "kgCO2e/year", "desk-days/week", "people", "hours/year"}
    assert {unit: words for unit in units if (words := list_unknown_unit_words(unit))} == {}
    assert render_unit("EUR/desk/year", "fr") == "€/poste/an"
    assert render_unit("% per year", "fr") == "% par an"


def test_characters_without_a_glyph_are_replaced() -> None:
    assert clean_text(STRANGE_NAME) == "Ville ? du Nord?"
    assert clean_text("Œuvre – 12\u202f345 m² CO₂ ≤ 3") == "Œuvre – 12\u202f345 m² CO₂ ≤ 3"
    assert {ord(c) for c in "Aéœ€₂−–"} <= read_characters()


def test_frame_shows_every_point_and_keeps_angles() -> None:
    frame = build_frame([(3.0, 48.0), (3.5, 48.9)], width=600, max_height=400)
    for lon, lat in ((3.0, 48.0), (3.5, 48.9), (3.2, 48.5)):
        x, y = frame.project(lon, lat)
        assert 0 <= x <= frame.width
        assert 0 <= y <= frame.height
    x0, y0 = frame.project(3.2, 48.5)
    east, north = frame.project(3.21, 48.5)[0] - x0, y0 - frame.project(3.2, 48.51)[1]
    assert east / north == pytest.approx(math.cos(math.radians(48.5)), rel=1e-3)


def test_frame_of_one_point_is_drawn() -> None:
    frame = build_frame([(3.0, 48.0)], width=600, max_height=400)
    assert frame.project(3.0, 48.0) == pytest.approx((frame.width / 2, frame.height / 2))


def test_labels_avoid_one_another_and_the_edge() -> None:
    frame = build_frame([(3.0, 48.0), (3.5, 48.3)], width=600, max_height=400)
    discs = [Disc(560, 100, 10), Disc(300, 100, 10), Disc(345, 100, 10)]
    edge, left, _ = choose_labels(frame, discs, ["Bourg-la-Reine · 8", "Meaux · 8", "Doue · 8"], font_size=12)
    assert edge.align == "right"
    assert left.align != "left"


def test_catchments_have_different_colours_up_to_the_size_of_the_palette() -> None:
    places = [MapPlace(str(k), 3 + 0.1 * k, 48.0, 8, existing=False, label="") for k in range(len(CATCHMENT_FILLS) + 1)]
    fills = choose_fills(places)
    assert len(set(list(fills.values())[:-1])) == len(CATCHMENT_FILLS)
    assert fills[places[-1].code] == fills["0"]


def test_frontier_marks_the_limit_chosen() -> None:
    marks = [FrontierMark(1.0, 5.0, "1 lieu", chosen=False), FrontierMark(2.0, 6.5, "2 lieux", chosen=True)]
    spec = draw_frontier(marks, limit_title="x", value_title="y", chosen_label="limite")
    assert [row["chosen"] for row in spec["data"]["values"]] == [False, True]
    svg = render_svg(spec, "fr")
    assert "limite" in svg
    assert "Source Sans Pro" in svg
    assert render_png(svg).startswith(b"\x89PNG")


def test_histogram_counts_every_draw_once() -> None:
    values = np.random.default_rng(1).normal(10, 3, 500)
    spec = draw_histogram(values, title="v", low=6.0, high=14.0, low_label="P10", high_label="P90")
    assert sum(row["draws"] for row in spec["layer"][0]["data"]["values"]) == 500


def test_histogram_of_equal_values_is_drawn() -> None:
    spec = draw_histogram(np.full(10, 3.0), title="v", low=3.0, high=3.0, low_label="P10", high_label="P90")
    assert [row["draws"] for row in spec["layer"][0]["data"]["values"]] == [10]
    assert render_svg(spec, "en").startswith("<svg")


def test_numbers_of_a_chart_follow_the_language() -> None:
    marks = [FrontierMark(0.0, 0.0, "", chosen=False), FrontierMark(200_000.0, 5.5, "", chosen=False)]
    spec = draw_frontier(marks, limit_title="x", value_title="y", chosen_label="")
    assert "100,000" in render_svg(spec, "en")
    assert "100,000" not in render_svg(spec, "fr")


def test_summary_answers_in_one_sentence_with_six_figures() -> None:
    report = build_report(build_sample_result(), None, Shapes(), "en")
    lead, figures = report.sections[0].blocks[:2]
    assert getattr(lead, "text", "").replace("\u00a0", " ") == (
        "With a budget of 120,000 €/year, the best network has 3 places (1 already there) and 24 desks; net CO₂ "
        "avoided: 21.4 t CO₂e/year (P10–P90: 9.9 – 33.5)."
    )
    assert isinstance(figures, KeyFigures)
    assert [figure.id for figure in figures.figures] == [
        "value", "cost", "desks", "desk_days", "impact.commuter_km", "impact.commuter_hours"
    ]  # fmt: skip


def test_decisions_name_sure_and_unsure_places() -> None:
    report = build_report(build_sample_result(), None, Shapes(), "en")
    decisions = next(block for block in report.sections[0].blocks if isinstance(block, Items)).items
    assert decisions[0].startswith("Start with Saint-Rémy-en-Bouzemont")
    assert "Œuilly-l'Évêque" in decisions[1]
    assert "Le Moulin des Idées" in decisions[2]
    assert decisions[3].replace("\u00a0", " ").startswith("Weigh 1 other network that would lose 1.5% of the value")


def test_constraints_that_cost_nothing_take_one_sentence() -> None:
    result = build_sample_result()
    free = replace(result, constraints=(replace(result.constraints[0], price=0.0),))
    for study, rows, sentences in ((result, None, 0), (free, 0, 1)):
        report = build_report(study, None, Shapes(), "en")
        budget = next(section for section in report.sections if section.id == "budget")
        table = next(table for table in report.list_tables() if table.id == "constraints")
        told = [b for b in budget.blocks if isinstance(b, Paragraph) and "cost nothing: Belle-Vallée" in b.text]
        assert (table.printed_rows, len(told)) == (rows, sentences)


def test_regret_that_cannot_be_computed_is_left_out() -> None:
    result = build_sample_result()
    assert result.robustness is not None
    never = replace(result.robustness, regret_median=math.nan, regret_p90=math.nan, over_budget=1.0)
    for robustness, ids in (
        (result.robustness, ["regret_median", "over_budget", "proven"]),
        (never, ["over_budget", "proven"]),
    ):
        report = build_report(replace(result, robustness=robustness), None, Shapes(), "fr")
        section = next(section for section in report.sections if section.id == "robustness")
        figures = next(block for block in section.blocks if isinstance(block, KeyFigures)).figures
        assert [figure.id for figure in figures] == ids


def test_alternative_beyond_epsilon_is_marked() -> None:
    report = build_report(build_sample_result(), None, Shapes(), "en")
    table = next(table for table in report.list_tables() if table.id == "alternatives")
    assert [row[0] for row in table.rows] == ["Best", "Alternative 1", "Alternative 2*"]
    assert "Loses more than that" in table.note


def test_long_list_of_warnings_points_to_the_limits() -> None:
    result = build_sample_result()
    report = build_report(replace(result, warnings=result.warnings * 3), None, Shapes(), "fr")
    notes = [block.text for block in report.sections[0].blocks if isinstance(block, Note)]
    assert len(notes) == 3
    assert notes[-1].replace("\u00a0", " ") == "4 autres avertissements dans la partie sur les limites."
    limits = next(section for section in report.sections if section.id == "limits")
    assert sum(isinstance(block, Note) for block in limits.blocks) == 6


def test_ceilings_come_last_and_apart() -> None:
    report = build_report(build_sample_result(), None, Shapes(), "en")
    table = next(table for table in report.list_tables() if table.id == "impact")
    assert table.rows[-1][0] == "jobs_ceiling"
    assert table.groups is not None
    assert table.groups[len(table.rows) - 1] == "Ceilings: upper bounds, never forecasts"


def test_overrides_are_listed_apart_and_marked() -> None:
    report = build_report(build_sample_result(), None, Shapes(), "en")
    tables = {table.id: table for table in report.list_tables()}
    assert tables["overrides"].rows[0][0] == "price_day"
    assert tables["overrides"].rows[0][3:5] == (18.0, (12.0, 25.0))
    marked = [row[1] for row in tables["assumptions"].rows if "(changed)" in str(row[1])]
    assert len(marked) == 1
    assert {row[5] for row in tables["assumptions"].rows} == {"S", "D", "A"}


def test_bare_study_has_no_optional_table() -> None:
    report = build_report(build_bare_result(), None, Shapes(), "en")
    assert [table.id for table in report.list_tables()] == ["places", "communes", "impact", "assumptions", "sources"]


def test_every_row_has_one_cell_per_column() -> None:
    for result in (build_sample_result(), build_bare_result()):
        for table in build_report(result, build_sample_diagnosis(), Shapes(), "fr").list_tables():
            assert isinstance(table, Table)
            assert {len(row) for row in table.rows} <= {len(table.columns)}, table.id


def test_every_chart_has_words_and_can_be_drawn_alone() -> None:
    report = build_report(build_sample_result(), build_sample_diagnosis(), build_sample_shapes(), "fr")
    charts = report.list_charts()
    assert [chart.id for chart in charts] == [
        "small_map", "positions", "destinations", "indicator_map", "network_map", "frontier", "site_share",
        "value_histogram",
    ]  # fmt: skip
    for chart in charts:
        assert chart.alt
        assert chart.spec["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
        json.dumps(chart.spec, allow_nan=False)


def test_json_keys_are_the_same_in_both_languages() -> None:
    result, diagnosis = build_sample_result(), build_sample_diagnosis()
    french, english = (build_json(result, diagnosis, {"flows": "d"}, lang) for lang in ("fr", "en"))  # type: ignore[arg-type]
    assert french["format"] == "ancrage.report"
    assert french["inputs"] == {"flows": "d"}
    assert french["study"] == english["study"]
    assert french["tables"].keys() == english["tables"].keys()
    for key, table in french["tables"].items():
        assert [row.keys() for row in table["rows"]] == [row.keys() for row in english["tables"][key]["rows"]]
    assert french["facts"]["bound"] == pytest.approx(21.4337)
    json.dumps(french, allow_nan=False)


def test_json_of_a_value_that_is_not_finite_is_null() -> None:
    result = build_sample_result()
    places = (replace(result.places[0], loss=math.inf), *result.places[1:])
    content = build_json(replace(result, places=places), None)
    assert content["tables"]["places"]["rows"][0]["loss"] is None


def test_shapes_are_read_for_the_codes_asked_only() -> None:
    box = shapely.box(3, 48, 4, 49)
    frame = pl.DataFrame({"code": ["1", "2", "3"], "geometry": [shapely.to_wkb(box)] * 2 + [None]})
    shapes = read_shapes(Tables({"commune_polygons": frame.lazy()}), {"1", "3", "9"})
    assert list(shapes.by_code) == ["1"]
    assert shapes.by_code["1"].equals(box)


def test_shapes_are_empty_without_the_table() -> None:
    assert not read_shapes(Tables({}), {"1"})


def test_shapes_that_are_not_wkb_are_refused() -> None:
    frame = pl.DataFrame({"code": ["1"], "geometry": [b"not a shape"]})
    with pytest.raises(InputError, match="commune_polygons"):
        read_shapes(Tables({"commune_polygons": frame.lazy()}), {"1"})
    with pytest.raises(InputError, match="commune_polygons"):
        read_shapes(Tables({"commune_polygons": pl.DataFrame({"code": ["1"]}).lazy()}), {"1"})


@pytest.mark.realdata
def test_real_outlines_cover_the_communes_of_the_territory(real_data: Path) -> None:
    tables = open_store(real_data)
    rows = tables.scan("communes").filter(pl.col("epci_code") == "200072544").select("code", "area_km2").collect()
    shapes = read_shapes(tables, rows["code"].to_list())
    assert set(shapes.by_code) == set(rows["code"].to_list())
    assert all(shape.is_valid for shape in shapes.by_code.values())
    # 1 degree of latitude is about 111.2 km; the outlines are simplified.
    area = sum(s.area for s in shapes.by_code.values()) * 111.2**2 * math.cos(math.radians(48.85))
    assert area == pytest.approx(rows["area_km2"].sum(), rel=0.02)
