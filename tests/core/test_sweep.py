"""The pure part of a sweep: which EPCI, under which budget, what a row says, and the ranking."""

from __future__ import annotations

import dataclasses
import math
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ancrage.errors import AncrageError, InputError, NoFlowsError, UnaffordableError
from ancrage.language import Text
from ancrage.opendata.load import load_territory
from ancrage.opendata.store import open_store
from ancrage.opendata.travel_points import read_points
from ancrage.parameters import load_parameters
from ancrage.siting.evaluate import evaluate
from ancrage.study.run import run_study
from ancrage.study.sweep import (
    DEFAULT_EUROS_PER_INHABITANT,
    ROW_SCHEMA,
    SweepRow,
    SweepSettings,
    SweepTask,
    build_failure,
    build_frame,
    build_row,
    build_study_settings,
    count_statuses,
    list_rows,
    list_tasks,
    rank_rows,
)
from ancrage.territory.tables import Tables
from ancrage.territory.travel_estimate import build_estimate

TASK = SweepTask("000000001", "CC des Vallées", 32_000, "00", "00")


def build_tables(*rows: tuple[str, str, str, str, int]) -> Tables:
    """Return a store of communes: code, EPCI, departement, region, inhabitants."""
    frame = pl.DataFrame(
        [(code, epci, f"CC {epci}", departement, region, people) for code, epci, departement, region, people in rows],
        schema=["code", "epci_code", "epci_name", "departement", "region", "population_2022"],
        orient="row",
    )
    return Tables({"communes": frame.lazy()})


TABLES = build_tables(
    ("1", "A", "77", "11", 900),
    ("2", "A", "02", "32", 100),
    ("3", "B", "02", "32", 600),
    ("4", "B", "77", "11", 400),
    ("5", "C", "75", "11", 10),
    ("6", "", "29", "53", 10),
)


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        ({"regions": ["11"]}, ["A", "C"]),
        ({"departements": ["02"]}, ["B"]),
        ({"codes": ["C"], "departements": ["02"]}, ["B", "C"]),
        ({"everything": True}, ["A", "B", "C"]),
    ],
)
def test_tasks_are_the_epci_whose_inhabitants_are_mostly_there(asked, codes):
    assert [task.code for task in list_tasks(TABLES, **asked)] == codes


def test_task_says_who_lives_there():
    assert list_tasks(TABLES, codes=["B"]) == (SweepTask("B", "CC B", 1000, "02", "32"),)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "No EPCI was asked for"),
        ({"regions": ["53"]}, "in region '53'. Known codes: 11, 32."),
        ({"departements": ["29"]}, "in departement '29'"),
        ({"codes": ["D"]}, "No EPCI has the code 'D'"),
    ],
)
def test_tasks_refuse_what_is_not_in_the_data(asked, words):
    with pytest.raises(InputError, match=words):
        list_tasks(TABLES, **asked)


def test_budget_of_an_epci_follows_its_inhabitants():
    assert build_study_settings(SweepSettings(euros_per_inhabitant=4.5), TASK).budget == 144_000
    assert build_study_settings(SweepSettings(budget=90_000), TASK).budget == 90_000
    by_places = build_study_settings(SweepSettings(places=3, draws=7, deadline=1), TASK)
    assert (by_places.budget, by_places.places, by_places.draws, by_places.alternatives) == (None, 3, 7, 0)


def test_budget_by_inhabitant_needs_inhabitants():
    with pytest.raises(InputError, match="no known inhabitant"):
        build_study_settings(SweepSettings(euros_per_inhabitant=5), dataclasses.replace(TASK, population=0))


@pytest.mark.parametrize("limits", [{}, {"euros_per_inhabitant": 5, "budget": 1000}])
def test_settings_want_one_budget_rule(limits):
    with pytest.raises(ValueError, match="euros per inhabitant"):
        SweepSettings(**limits)


@pytest.fixture(scope="module")
def planned(demo_store):
    """Return an EPCI with an existing place, planned with and without exploring, and its row."""
    tables = open_store(demo_store)

    provider, parameters = build_estimate(read_points(tables)), load_parameters()
    settings = build_study_settings(SweepSettings(euros_per_inhabitant=5, draws=20, deadline=60), TASK)
    territory = load_territory(tables, settings.epci, provider, 30.0)
    light = run_study(settings, territory, parameters, provider, deadline=60, clock=time.perf_counter, explore=False)
    return light, build_row(TASK, light, 1.5)


def test_a_study_without_exploring_has_the_plan_and_nothing_around_it(planned):
    result, _ = planned
    assert result.plan.status == "optimal"
    assert (result.frontier, result.alternatives, result.constraints) == ((), (), ())


def test_row_carries_the_plan_and_what_the_new_places_add(planned):
    result, row = planned
    new = [place for place in result.places if place.kind != "existing"]
    existing = {place.code for place in result.places} - {place.code for place in new}
    assert row.status == "proven"
    assert (row.new_places, row.existing_places) == (len(new), len(existing))
    assert row.communes == tuple(place.code for place in new)
    assert row.desks == sum(place.desks.value for place in new)
    before = [str(code) in existing for code in result.problem.site_code]
    expected = result.value.value - evaluate(result.problem, pl.Series(before).to_numpy()).value
    assert row.value_added == pytest.approx(expected)
    assert row.value_per_euro == pytest.approx(expected / result.cost.value)
    assert row.cost_low <= row.cost <= row.cost_high
    lines = {line.id: line for line in result.impact}
    assert (row.km, row.km_added) == (lines["commuter_km"].figure.value, lines["commuter_km"].added)
    assert row.co2_t == lines["co2_net"].figure.value
    assert (row.budget, row.seconds, row.fictional) == (160_000, 1.5, True)
    sources = dict(zip(row.source_tables, row.source_vintages, strict=True))
    assert {name: sources[name] for name in sources if name.startswith("flows")} == {
        f"flows_demo_{row.flows_vintage}_csp_mode": str(row.flows_vintage)
    }


def test_added_effects_follow_the_added_value(planned):
    _, row = planned
    assert 1000 * row.co2_t_added == pytest.approx(row.value_added)


def test_rows_come_back_from_their_table(planned):
    rows = (planned[1], build_failure(TASK, NoFlowsError("no", "non"), 0.1))
    frame = build_frame(rows)
    assert frame.schema == ROW_SCHEMA
    assert list_rows(frame) == rows


def test_a_table_with_other_columns_is_refused(planned):
    with pytest.raises(InputError, match="other columns"):
        list_rows(build_frame([planned[1]]).drop("gap"))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NoFlowsError("none", "aucun"), "no_flows"),
        (UnaffordableError("low", "bas"), "infeasible"),
        (AncrageError("broken", "cassé"), "error"),
        (Text("died", "mort"), "error"),
    ],
)
def test_failure_is_a_row_with_its_sentence(error, status):
    row = build_failure(TASK, error, 0.5, 1000.0)
    assert (row.status, row.value, row.communes, row.budget) == (status, None, (), 1000.0)
    assert row.reason == (error if isinstance(error, Text) else error.text)


def make_row(code: str, ratio: float | None, added: float = 1.0, status: str = "proven", places: int = 1) -> SweepRow:
    """Return the row of an EPCI, with the only figures that the ranking reads."""
    row = SweepRow(code, code, "00", "00", 1, "proven")
    return dataclasses.replace(row, status=status, value_per_euro=ratio, value_added=added, new_places=places)


def test_ranking_puts_those_that_pay_for_themselves_first_then_the_best_ratios():
    rows = [
        make_row("C", 0.1),
        make_row("B", 0.2, status="feasible"),
        make_row("A", 0.1),
        make_row("D", None, added=5.0),
        make_row("E", None, added=9.0),
        make_row("F", 0.9, places=0),
        make_row("G", -0.2, added=-3.0),
        make_row("H", 0.9, status="no_flows"),
    ]
    assert [row.code for row in rank_rows(rows)] == ["E", "D", "B", "A", "C"]


@given(st.lists(st.tuples(st.floats(-1, 1), st.booleans()), max_size=30))
def test_ranking_never_rises_and_loses_nothing_useful(values):
    rows = [make_row(f"{rank:03d}", ratio, added=ratio if done else -1) for rank, (ratio, done) in enumerate(values)]
    ranked = rank_rows(rows)
    ratios = [row.value_per_euro for row in ranked]
    assert ratios == sorted(ratios, reverse=True)
    assert len(ranked) == sum(done and ratio > 0 for ratio, done in values)
    assert not any(math.isnan(ratio) for ratio in ratios)


def test_every_status_is_counted():
    rows = [make_row("A", 1.0), make_row("B", 1.0), make_row("C", 1.0, status="error")]
    assert count_statuses(rows) == {"proven": 2, "feasible": 0, "infeasible": 0, "no_flows": 0, "error": 1}


def test_worked_example_of_the_method_is_what_the_code_computes():
    page = (Path(__file__).parents[2] / "docs" / "method" / "sweep.md").read_text(encoding="utf-8")
    example = page.partition("## Worked example")[2]
    budget = build_study_settings(
        SweepSettings(euros_per_inhabitant=DEFAULT_EUROS_PER_INHABITANT), dataclasses.replace(TASK, population=26_471)
    ).budget
    assert f"26,471 inhabitants at {DEFAULT_EUROS_PER_INHABITANT:g} EUR has {budget:,.0f} EUR" in example
    assert f"value_per_euro = {(18_000 - 2_000) / 128_000} kg/EUR" in example


@pytest.mark.realdata
def test_regions_of_the_real_table_share_out_every_epci(real_data):
    tables = open_store(real_data)
    everything = list_tasks(tables, everything=True)
    assert len(everything) == 1255
    assert len(list_tasks(tables, regions=["11"])) == 52
    assert sum(len(list_tasks(tables, regions=[code])) for code in {task.region for task in everything}) == 1255
