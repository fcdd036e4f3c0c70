"""Floors by sub-territory: who counts, what they cost, what is refused, by hand and against every network."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError
from siting_cases import build_problem as build_case

from ancrage.cli.plan import read_floor
from ancrage.errors import InputError, UnaffordableError
from ancrage.opendata.load import load_territory
from ancrage.opendata.store import open_store
from ancrage.opendata.travel_points import read_points
from ancrage.parameters import load_parameters
from ancrage.reports import Shapes, build_report
from ancrage.reports.network_map import list_users
from ancrage.reports.study_file import StudyFile, read_study_file, validate_settings, write_study_file
from ancrage.siting.evaluate import compute_floor_shares, evaluate
from ancrage.siting.problem import Floors, SitingDraws
from ancrage.siting.robustness import build_drawn_problem, solve_draws
from ancrage.siting.solve import solve
from ancrage.study.floors import (
    add_witnesses,
    build_floors,
    build_floors_refusal,
    compute_eligible,
    leave_unused_arcs,
)
from ancrage.study.inputs import build_inputs, read_central
from ancrage.study.run import choose_parameters, run_study
from ancrage.study.settings import Floor, StudySettings
from ancrage.territory.travel_estimate import build_estimate

CODE = "000000001"


@pytest.fixture(scope="module")
def area(demo_store):
    tables = open_store(demo_store)
    provider = build_estimate(read_points(tables))
    return load_territory(tables, [CODE], provider, 30.0), provider


def run(area, **asked):
    territory, provider = area
    settings = StudySettings(**{"epci": (CODE,), "draws": 0, "alternatives": 0, **asked})
    return run_study(settings, territory, load_parameters(), provider)


def prepare(area, **asked):
    territory, provider = area
    settings = StudySettings(**{"epci": (CODE,), "places": 3, "draws": 0, **asked})
    parameters = choose_parameters(settings, load_parameters())
    inputs = build_inputs(settings, territory, parameters, provider)
    return settings, inputs, read_central(parameters)


@pytest.fixture(scope="module")
def free(area):
    return run(area, places=3)


@pytest.fixture(scope="module")
def weights(area):
    _, inputs, central = prepare(area)
    return dict(zip(inputs.home_codes.tolist(), compute_eligible(inputs, central).tolist(), strict=True))


@pytest.fixture(scope="module")
def forgotten(free, weights):
    """Return the communes of the study area that the best network serves least, by decreasing weight."""
    missed = [c.code for c in free.communes if c.zone == "inside" and not c.place and weights[c.code] > 0]
    return sorted(missed, key=lambda code: -weights[code])[:4]


@pytest.fixture(scope="module")
def floored(area, forgotten):
    return run(area, places=3, alternatives=2, floors=(Floor(name="Oubliées", communes=forgotten, share=0.6),))


def compute_share(result, places, zone, weights):
    """Return the share of a zone within reach of open places, capacity apart, home by home."""
    used = list_users(result.problem, places)
    return sum(weights[code] for code in zone if code in used) / sum(weights[code] for code in zone)


def test_eligible_workers_are_those_that_the_result_counts(free, weights):
    assert sum(weights[code] for code in free.inside_codes) == pytest.approx(free.eligible_workers)


def test_floor_serves_its_zone_and_its_price_is_what_the_objective_loses(free, floored, forgotten, weights):
    row = floored.constraints[-1]
    assert (row.constraint, row.name, row.code, row.asked) == ("floor", "Oubliées", "", 0.6)
    assert row.served >= 0.6
    assert row.price == pytest.approx(free.value.value - floored.value.value)
    assert row.price > 0
    assert floored.plan.status == "optimal"
    places = tuple(place.code for place in floored.places)
    assert compute_share(floored, places, forgotten, weights) >= row.served - 1e-9


def test_report_says_what_each_floor_asks_serves_and_costs(floored):
    report = build_report(floored, None, Shapes(), "fr")
    table = next(table for table in report.list_tables() if table.id == "constraints")
    shown = [column.key for column in table.columns if column.printed]
    assert shown == ["name", "constraint", "asked", "served", "price"]
    row, result = table.rows[-1], floored.constraints[-1]
    assert row[1:5] == ("Oubliées", "plancher", 0.6, result.served)
    assert row[5] == pytest.approx(result.price / 1000)
    assert "plancher" in table.columns[1].title


def test_frontier_and_alternatives_meet_the_floor(floored, forgotten, weights):
    assert floored.frontier
    assert floored.alternatives
    for row in (*floored.frontier, *floored.alternatives):
        assert compute_share(floored, row.places, forgotten, weights) >= 0.6 - 1e-9


def test_limits_that_cannot_meet_the_floor_are_left_out_of_the_frontier(free, floored):
    assert floored.frontier[0].limit > free.frontier[0].limit or len(floored.frontier) == len(free.frontier)
    assert [row.value for row in floored.frontier] == sorted(row.value for row in floored.frontier)


def test_floored_plan_is_the_best_of_every_network_of_three_places(area, forgotten):
    floor = Floor(name="z", communes=forgotten, share=0.6)
    result = run(area, places=3, keep_existing=False, floors=(floor,))
    problem = result.problem
    best = -np.inf
    for count in (1, 2, 3):
        for chosen in itertools.combinations(range(len(problem.site_code)), count):
            is_open = np.zeros(len(problem.site_code), dtype=np.bool_)
            is_open[list(chosen)] = True
            found = evaluate(problem, is_open)
            if compute_floor_shares(problem.floors, found.used, found.served)[0] >= 0.6 - 1e-9:
                best = max(best, found.value)
    assert result.value.value == pytest.approx(best)


def test_floor_that_the_best_network_meets_costs_nothing(area, free):
    served = next(c.code for c in free.communes if c.place and c.zone == "inside")
    result = run(area, places=3, floors=(Floor(name="Servie", communes=(served,), share=0.3),))
    assert result.value.value == pytest.approx(free.value.value)
    assert result.constraints[-1].price == 0.0
    assert {p.code for p in result.places} == {p.code for p in free.places}


def test_floor_takes_names_of_communes_and_codes_of_epci(area, free):
    territory, _ = area
    names = dict(zip(territory.communes.code.tolist(), territory.communes.name.tolist(), strict=True))
    some = free.inside_codes[:3]
    by_name = (Floor(name="a", communes=[names[c].upper() for c in some], share=0.1),)
    settings, inputs, central = prepare(area, floors=by_name)
    found = build_floors(settings, territory, inputs, central)
    assert set(inputs.home_codes[found.zone == 0]) == set(some)
    settings, inputs, central = prepare(area, floors=(Floor(name="b", communes=(CODE,), share=0.1),))
    found = build_floors(settings, territory, inputs, central)
    assert set(inputs.home_codes[found.zone == 0]) == set(free.inside_codes)
    assert (found.weight[found.zone < 0] == 0).all()


def test_commune_in_two_floors_is_refused(area, free):
    code = free.inside_codes[0]
    floors = (Floor(name="Nord", communes=(code,), share=0.1), Floor(name="Sud", communes=(code,), share=0.1))
    with pytest.raises(InputError, match="is in two floors, 'Nord' and 'Sud'"):
        run(area, places=3, floors=floors)


def test_floor_on_an_unknown_commune_is_refused(area):
    with pytest.raises(InputError, match="'Paris' is not a commune of"):
        run(area, places=3, floors=(Floor(name="Nord", communes=("Paris",), share=0.1),))


def test_floor_where_nobody_could_use_a_place_is_refused(area, free):
    floors = (Floor(name="Vide", communes=free.inside_codes[:2], share=0.1),)
    # No commute is ten hours longer than the way to a place.
    with pytest.raises(InputError, match="there is nobody to serve"):
        run(area, places=3, floors=floors, parameters={"min_time_saved": 600.0})


def test_floor_out_of_reach_says_what_can_be_served_at_most(area, forgotten, free):
    floors = (Floor(name="Tout", communes=free.inside_codes, share=1.0),)
    with pytest.raises(UnaffordableError) as refused:
        run(area, places=2, floors=floors)
    assert "'Tout' asks for 100% and" in refused.value.text.en
    assert "« Tout » demande 100,0 % et" in refused.value.text.fr
    most = float(refused.value.text.en.split("100% and ")[1].split("%")[0]) / 100
    met = run(area, places=2, floors=(Floor(name="Tout", communes=free.inside_codes, share=most),))
    assert met.constraints[-1].served >= most
    with pytest.raises(UnaffordableError):
        run(area, places=2, floors=(Floor(name="Tout", communes=free.inside_codes, share=most + 0.002),))


def test_kept_places_over_the_budget_are_told_before_the_floors(area, free):
    floors = (Floor(name="Nord", communes=free.inside_codes[:2], share=1.0),)
    with pytest.raises(UnaffordableError, match="kept places alone cost"):
        run(area, budget=1000.0, keep=free.inside_codes[:2], floors=floors)


# Three homes with a site at each door; home 0 also reaches site 1 in the draws only (nobody comes at the centre).
ROWS = [[(0, 5.0, 1.0), (1, 0.0, 0.0)], [(1, 9.0, 1.0)], [(2, 7.0, 1.0)]]


def build_floored(share=1.0, places=2):
    floors = Floors(np.array(["A"]), np.array([0, -1, -1]), np.array([10.0, 0.0, 0.0]), np.array([share]))
    return build_case(ROWS, 3, max_places=places, floors=floors)


def test_place_where_nobody_would_come_meets_no_floor():
    whole = build_floored()
    assert np.flatnonzero(solve(whole).open).tolist() == [1, 2]
    assert np.flatnonzero(solve(leave_unused_arcs(whole)).open).tolist() == [0, 1]
    free = replace(whole, floors=None)
    assert solve(leave_unused_arcs(free)).evaluation.value == solve(free).evaluation.value == 16.0


def test_draws_meet_floors_within_the_central_reach():
    whole = build_floored()
    best = solve(leave_unused_arcs(whole))
    # In the draw, home 0 goes as far as site 1, and site 0 brings less than site 2.
    draws = SitingDraws(
        value=np.array([[1.0, 0.9, 9.0, 7.0]]),
        demand=np.array([[1.0, 1.0, 1.0, 1.0]]),
        fixed_cost=whole.fixed_cost[None],
        desk_cost=whole.desk_cost[None],
        income=whole.income[None],
        desks_per_day=np.array([whole.desks_per_day]),
    )
    problem, widened = add_witnesses(whole, draws)
    found = solve_draws(problem, widened, best)
    assert found.site_share.tolist() == [1.0, 1.0, 0.0]
    assert found.best_value.tolist() == found.plan_value.tolist() == [10.0]
    assert found.proven == 1.0
    without = solve_draws(replace(whole, floors=None), draws, best)
    assert without.site_share.tolist() == [0.0, 1.0, 1.0]
    assert without.best_value.tolist() == [16.9]


def test_witnesses_change_no_value_cost_nor_load():
    rng = np.random.default_rng(5)
    for _ in range(40):
        n, m = int(rng.integers(2, 6)), int(rng.integers(2, 5))
        rows = [
            [
                (int(s), float(rng.normal(3, 3)), float(rng.integers(0, 2)))
                for s in rng.permutation(m)[: rng.integers(1, m + 1)]
            ]
            for _ in range(n)
        ]
        weight = rng.integers(1, 9, n).astype(float)
        zone = rng.integers(-1, 2, n)
        floors = Floors(np.array(["A", "B"]), zone, weight, np.array([0.5, 0.5]))
        whole = build_case(rows, m, max_places=m, floors=floors)
        k = whole.site.size
        draws = SitingDraws(
            rng.normal(3, 3, (1, k)),
            rng.uniform(0, 2, (1, k)),
            whole.fixed_cost[None],
            whole.desk_cost[None],
            whole.income[None],
            np.array([whole.desks_per_day]),
        )
        problem, widened = add_witnesses(whole, draws)
        drawn, plain = build_drawn_problem(problem, widened, 0), build_drawn_problem(whole, draws, 0)
        central = leave_unused_arcs(whole)
        for chosen in itertools.product((False, True), repeat=m):
            is_open = np.array(chosen)
            a, b = evaluate(drawn, is_open), evaluate(plain, is_open)
            assert (a.value, a.cost) == (pytest.approx(b.value), pytest.approx(b.cost))
            assert a.load == pytest.approx(b.load)
            # The geography of the centre, the capacity of the draw.
            reached = compute_floor_shares(floors, evaluate(central, is_open).used, b.served)
            assert compute_floor_shares(problem.floors, a.used, a.served) == pytest.approx(reached)


def test_floors_met_alone_but_not_together_say_how_far_both_can_go():
    floors = Floors(np.array(["A", "B"]), np.array([0, 1, -1]), np.array([4.0, 4.0, 0.0]), np.array([1.0, 1.0]))
    problem = build_case(ROWS, 3, max_places=1, floors=floors)
    refusal = build_floors_refusal(leave_unused_arcs(problem), None, None)
    assert "each of 'A', 'B' can be met alone, but not together" in refusal.text.en
    assert "jusqu'à 0,0 % de ce qui est demandé" in refusal.text.fr


@pytest.mark.parametrize(
    ("floor", "words"),
    [
        ({"name": "A", "communes": ["1"], "share": 1.5}, "must be at most 1"),
        ({"name": "A", "communes": [], "share": 0.5}, "floors.1.communes' is empty"),
        ({"name": "", "communes": ["1"], "share": 0.5}, "floors.1.name' is empty"),
        ({"name": "A", "communes": ["1"]}, "floors.1.share' is missing"),
        ({"name": "A", "communes": ["1"], "share": 0.5, "least": 1}, "Known: name, communes, share"),
    ],
)
def test_impossible_floors_are_refused_by_field(floor, words):
    with pytest.raises(InputError) as refused:
        validate_settings({"epci": ["1"], "places": 2, "floors": [floor]})
    assert words in refused.value.text.en


def test_two_floors_of_the_same_name_are_refused():
    floor = {"name": "A", "communes": ["1"], "share": 0.5}
    with pytest.raises(InputError) as refused:
        validate_settings({"epci": ["1"], "places": 2, "floors": [floor, {**floor, "name": "a"}]})
    assert "two floors have the same name" in refused.value.text.en
    assert "deux planchers ont le même nom" in refused.value.text.fr
    with pytest.raises(ValidationError):
        StudySettings(epci=("1",), places=2, floors=(floor, floor))


def test_study_file_keeps_floors_and_names_the_line_of_a_wrong_one(tmp_path):
    settings = StudySettings(
        epci=("1",),
        places=2,
        parameters={"price_day": 18.0},
        floors=(
            Floor(name='Nord "haut"', communes=("77385", "Œuilly"), share=0.5),
            Floor(name="Sud", communes=("77386",), share=0.25),
        ),
    )
    path = tmp_path / "study.toml"
    write_study_file(StudyFile(settings, {"ancrage": "0"}, {"flows": "1"}), path)
    assert read_study_file(path) == StudyFile(settings, {"ancrage": "0"}, {"flows": "1"})
    path.write_text(path.read_text().replace("share = 0.25", "share = 25"))
    line = next(k for k, text in enumerate(path.read_text().splitlines(), start=1) if text == "share = 25")
    with pytest.raises(InputError, match=rf"'floors.2.share' \(line {line}\): 25 must be at most 1"):
        read_study_file(path)


def test_floor_of_the_command_line_is_read():
    assert read_floor("Nord=0,5:77385, Œuilly l'Évêque") == {
        "name": "Nord",
        "share": 0.5,
        "communes": ["77385", "Œuilly l'Évêque"],
    }


@pytest.mark.parametrize("text", ["Nord", "Nord=0.5", "Nord=half:77385", "=0.5:77385", "Nord=0.5:", "Nord=nan:77385"])
def test_floor_of_another_form_is_refused(text):
    with pytest.raises(InputError, match="write NAME=share:commune,commune"):
        read_floor(text)
