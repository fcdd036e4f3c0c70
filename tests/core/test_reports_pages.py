"""A report as plain values for web pages: same figures as the other outputs, no markup, nothing that is not JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import shapely
from report_samples import (
    LONG_NAME,
    MARKUP_NAME,
    build_bare_result,
    build_sample_diagnosis,
    build_sample_result,
    build_sample_shapes,
)

from ancrage.parameters import LETTERS
from ancrage.reports import Shapes, build_report
from ancrage.reports.network_map import build_network_map, list_users, simplify_outlines
from ancrage.reports.page_pictures import build_page_svg
from ancrage.reports.pages import build_pages

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def report():
    return build_report(build_sample_result(), build_sample_diagnosis(), build_sample_shapes(), "fr")


@pytest.fixture(scope="module")
def pages(report):
    return build_pages(report)


def list_blocks(pages, kind):
    return [block for section in pages["sections"] for block in section["blocks"] if block["type"] == kind]


def find_table(pages, name):
    return next(block for block in list_blocks(pages, "table") if block["id"] == name)


def test_pages_are_plain_json_and_say_what_they_are(pages):
    assert json.loads(json.dumps(pages, allow_nan=False)) == pages
    assert (pages["language"], pages["territory"]) == ("fr", "CC des Vallées d'Œuvre")
    assert (pages["fictional"], pages["version"], pages["on"]) == (True, "0.1.0", None)


def test_pages_hold_every_section_block_table_row_and_chart_of_the_report(report, pages):
    assert [s["id"] for s in pages["sections"]] == [s.id for s in report.sections]
    assert [len(s["blocks"]) for s in pages["sections"]] == [len(s.blocks) for s in report.sections]
    rows = {table.id: len(table.rows) for table in report.list_tables()}
    assert {table["id"]: len(table["rows"]) for table in list_blocks(pages, "table")} == rows
    charts = {b["id"] for b in list_blocks(pages, "chart")}
    assert charts == {chart.id for chart in report.list_charts()}


def test_figures_are_written_in_french_with_their_interval(pages):
    value = next(figure for figure in pages["figures"] if figure["id"] == "value")
    assert value["written"] == "21,4"
    assert value["interval"] == "entre 9,9 et 33,5"
    assert (value["low_written"], value["high_written"]) == ("9,9", "33,5")
    assert (value["value"], value["low"]) == (pytest.approx(21.4337), pytest.approx(9.8765))
    assert value["sources"] == ["flows"]
    alone = next(figure for figure in pages["figures"] if figure["id"] == "impact.authority_net")
    assert (alone["interval"], alone["low"]) == ("", None)


def test_figures_carry_the_note_of_their_effect_but_not_on_the_first_page(pages):
    note = "Hypothèse\u00a0: une part est déplacée."
    assert next(f for f in pages["figures"] if f["id"] == "impact.shop_spending")["note"] == note
    assert {f["note"] for block in pages["sections"][0]["blocks"] for f in block.get("figures", ())} == {""}


def test_headline_names_known_figures_in_the_order_of_the_first_page(pages):
    known = {figure["id"] for figure in pages["figures"]}
    assert pages["headline"][:2] == ["value", "cost"]
    assert 4 <= len(pages["headline"]) <= 6
    assert set(pages["headline"]) <= known
    assert pages["answer"].startswith("Avec un budget de 120")


def test_table_cells_keep_text_value_and_interval(pages):
    places = find_table(pages, "places")
    keys = [column["key"] for column in places["columns"]]
    desks = places["rows"][0][keys.index("desks")]
    assert desks == {"text": "12", "value": 12}
    names = [row[keys.index("name")]["text"] for row in places["rows"]]
    assert LONG_NAME in names
    assumptions = find_table(pages, "assumptions")
    interval = [column["kind"] for column in assumptions["columns"]].index("interval")
    price = next(row for row in assumptions["rows"] if row[0]["text"] == "price_day")
    assert price[interval] == {"text": "12 – 25", "low": 12.0, "high": 25.0}


def test_groups_of_a_table_hold_all_its_rows_in_order(pages):
    impact = find_table(pages, "impact")
    assert [row for group in impact["groups"] for row in group["rows"]] == impact["rows"]
    assert impact["groups"][0]["title"] == "Habitants qui se déplacent pour travailler"
    assert impact["groups"][-1]["title"].startswith("Plafonds")
    assert find_table(pages, "places")["groups"] == []


def test_coefficients_and_sources_are_listed_with_their_letters(pages):
    price = next(c for c in pages["coefficients"] if c["name"] == "price_day")
    assert (price["written"], price["low_written"], price["high_written"]) == ("18", "12", "25")
    assert price["overridden"] is True
    assert {c["letter_name"].split("\u00a0")[0] for c in pages["coefficients"]} <= {
        t.fr.split(" ")[0] for t in LETTERS.values()
    }
    assert [source["table"] for source in pages["sources"]][:2] == ["flows", "communes"]
    assert pages["sources"][0]["producer"] == "Insee"


def test_frontier_can_be_redrawn_and_the_other_charts_are_pictures_only(pages):
    charts = {block["id"]: block for block in list_blocks(pages, "chart")}
    assert [row["limit"] for row in charts["frontier"]["vega"]["data"]["values"]][-1] == 240_000.0
    assert [name for name, chart in charts.items() if "vega" in chart] == ["frontier"]


def test_english_pages_are_in_english():
    report = build_report(build_sample_result(), None, build_sample_shapes(), "en")
    pages = build_pages(report)
    value = next(figure for figure in pages["figures"] if figure["id"] == "value")
    assert value["interval"] == "between 9.9 and 33.5"
    assert pages["answer"].startswith("With a budget of")


def test_bare_study_has_pages_too():
    pages = build_pages(build_report(build_bare_result(), None, Shapes(), "fr"))
    assert json.loads(json.dumps(pages, allow_nan=False)) == pages
    assert {figure["interval"] for figure in pages["figures"]} == {""}


def test_pictures_hold_drawing_elements_only_and_name_themselves(pages):
    for chart in list_blocks(pages, "chart"):
        drawing = ET.fromstring(chart["svg"])
        assert drawing.get("role") == "img"
        assert drawing.get("aria-label") == chart["alt"]
        attributes = {key for element in drawing.iter() for key in element.attrib}
        assert not attributes & {"style", "class", "href", "pointer-events", "aria-roledescription"}
        assert {element.tag.removeprefix(SVG) for element in drawing.iter()} <= {
            *("svg", "g", "path", "rect", "line", "text", "defs", "clipPath"),
        }
        names = [element.get("id") for element in drawing.iter() if element.get("id")]
        assert all(name.startswith(f"{chart['id']}-") for name in names)
        assert "<script" not in chart["svg"]


def test_picture_loses_what_could_act_on_a_page_and_keeps_its_text():
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="20"><script>x()</script>'
        '<g class="root" onclick="x()"><path fill="none" d=""/><path d="M0,0h1"/>'
        '<path d="M1.23456,7h2" fill="red" style="color:red"/><text opacity="1">A &lt;b&gt;</text></g></svg>'
    )
    assert build_page_svg(drawn, "p", 'a "b"') == (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 20" width="10" height="20" role="img" '
        "aria-label=\"a &quot;b&quot;\" font-family=\"'Source Sans 3', 'Source Sans Pro', sans-serif\">"
        '<g><path d="M1.2,7h2" fill="red" /><text>A &lt;b&gt;</text></g></svg>'
    )


def test_network_map_has_no_words_and_every_commune(pages):
    result, shapes = build_sample_result(), build_sample_shapes()
    found = build_network_map(result, shapes)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    features = found["communes"]["features"]
    assert [f["properties"]["code"] for f in features] == [c.code for c in result.communes]
    assert {f["geometry"]["type"] for f in features} == {"Polygon", "Point"}
    inside = [f["properties"]["code"] for f in features if f["properties"]["inside"]]
    assert tuple(inside) == result.inside_codes
    assert features[4]["properties"]["name"] == MARKUP_NAME
    assert found["bounds"] == [3.2, 48.74, 3.47, 48.86]
    assert [p["kind"] for p in found["places"]] == ["existing", "chosen", "chosen"]
    assert found["places"][0]["catchment"] == ["77001", "77004"]


def test_network_map_says_who_goes_where_for_each_limit_and_alternative():
    found = build_network_map(build_sample_result(), Shapes())
    assert found["frontier_by"] == "budget"
    assert found["frontier"][1]["used"] == {"77001": "77001", "77003": "77003"}
    assert found["alternatives"][0]["used"] == {"77001": "77001", "77002": "77002"}
    assert (found["alternatives"][1]["within"], found["alternatives"][1]["removed"]) == (False, ["77002", "77003"])


def test_people_use_the_nearest_open_place_where_they_would_come():
    problem = build_sample_result().problem
    # Home 0 lists its own place then the second, home 1 its own, home 2 the second, where nobody would come.
    two = replace(
        problem,
        row=np.array([0, 2, 3, 4]),
        site=np.array([0, 1, 1, 1]),
        value=np.array([5.0, 4.0, 3.0, 0.0]),
        demand=np.array([2.0, 1.5, 1.0, 0.0]),
    )
    assert list_users(two, ("77001", "77002")) == {"77001": "77001", "77002": "77002"}
    assert list_users(two, ("77002",)) == {"77001": "77002", "77002": "77002"}
    assert list_users(two, ()) == {}


def test_outlines_are_simplified_together_to_a_bounded_size():
    rng = np.random.default_rng(3)
    # Two neighbours with one long border in common.
    steps = np.linspace(0.0, 1.0, 6000)
    border = np.column_stack([0.5 + rng.normal(0, 0.002, steps.size), steps])
    left = shapely.Polygon([(0, 0), *border, (0, 1)])
    right = shapely.Polygon([(1, 0), *border, (1, 1)])
    found = [shapely.from_geojson(json.dumps(g)) for g in simplify_outlines([left, right])]
    assert sum(len(shapely.to_geojson(g)) for g in found) < 220_000
    assert shapely.area(shapely.union_all(found)) == pytest.approx(1.0, abs=1e-3)
    assert shapely.area(shapely.intersection(*found)) == pytest.approx(0.0, abs=1e-9)
    assert simplify_outlines([]) == []
