"""The main job on the fictional territory: invariants of a plan and sentences for silly inputs."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from pydantic import ValidationError

from ancrage.errors import AncrageError, InputError, MissingDataError
from ancrage.opendata.load import load_territory
from ancrage.opendata.store import open_store
from ancrage.opendata.travel_points import read_points
from ancrage.parameters import load_parameters
from ancrage.siting.evaluate import evaluate
from ancrage.study.inputs import build_inputs, build_problem, compute_effects, compute_use, read_central
from ancrage.study.network import compute_network
from ancrage.study.run import choose_parameters, run_study
from ancrage.study.settings import StudySettings
from ancrage.territory.travel_estimate import build_estimate

CODE = "000000001"


@pytest.fixture(scope="module")
def area(demo_store):
    tables = open_store(demo_store)
    provider = build_estimate(read_points(tables))
    return load_territory(tables, [CODE], provider, 30.0), provider


PLANS = {}


def run(area, **asked):
    territory, provider = area
    settings = StudySettings(**{"epci": (CODE,), "draws": 0, **asked})
    return run_study(settings, territory, load_parameters(), provider)


def share(area, **asked):
    """Search a plan once for the tests that only read it: a budget's frontier takes seconds."""
    key = repr(sorted(asked.items()))
    if key not in PLANS:
        PLANS[key] = run(area, **asked)
    return PLANS[key]


def prepare(area, **asked):
    territory, provider = area
    settings = StudySettings(**{"epci": (CODE,), "draws": 0, **asked})
    parameters = choose_parameters(settings, load_parameters())
    inputs = build_inputs(settings, territory, parameters, provider)
    central = read_central(parameters)
    use = compute_use(inputs, central)
    yearly = compute_effects(inputs, use, central, slice(None))
    return build_problem(settings, inputs, central, use, yearly), inputs, use, central


def read_line(result, key):
    return next(line for line in result.impact if line.id == key)


def test_plan_is_proven_and_within_its_budget(area):
    result = share(area, budget=150_000.0)
    assert result.plan.status == "optimal"
    assert 0 < result.cost.value <= 150_000.0
    assert result.value.value == pytest.approx(1000 * read_line(result, "co2_net").figure.value)


def test_value_never_falls_when_the_budget_grows(area):
    values = [share(area, budget=float(budget), alternatives=0).value.value for budget in (60e3, 120e3, 180e3, 400e3)]
    assert values == sorted(values)
    frontier = share(area, budget=120e3, alternatives=0).frontier
    assert [row.value for row in frontier] == sorted(row.value for row in frontier)
    assert next(row.value for row in frontier if row.limit == 120e3) == pytest.approx(values[1])


def test_frontier_is_never_below_the_plan_even_without_time(area):
    ticks = itertools.count()
    territory, provider = area
    settings = StudySettings(epci=(CODE,), budget=400e3, draws=0, alternatives=0)
    result = run_study(
        settings, territory, load_parameters(), provider, deadline=1000.0, clock=lambda: next(ticks) * 130.0
    )
    own = next(row for row in result.frontier if row.limit == 400e3)
    assert own.value == pytest.approx(result.value.value)
    assert all(row.value >= own.value - 1e-9 for row in result.frontier if row.limit >= 400e3)
    assert all(row.bound >= row.value - 1e-9 for row in result.frontier)


def test_best_plan_agrees_with_every_network_of_up_to_three_places(area):
    problem, *_ = prepare(area, places=3, keep_existing=False)
    sites = len(problem.site_code)
    best = 0.0
    for count in (1, 2, 3):
        for chosen in itertools.combinations(range(sites), count):
            is_open = np.zeros(sites, dtype=np.bool_)
            is_open[list(chosen)] = True
            best = max(best, evaluate(problem, is_open).value)
    result = run(area, places=3, keep_existing=False, alternatives=0)
    assert result.value.value == pytest.approx(best)


def test_totals_are_the_sum_of_their_parts(area):
    result = share(area, budget=150_000.0)
    assert result.desks.value == sum(place.desks.value for place in result.places)
    assert result.desk_days.value == pytest.approx(sum(place.desk_days.value for place in result.places))
    assert result.desk_days.value == pytest.approx(sum(commune.desk_days for commune in result.communes))
    assert result.cost.value == pytest.approx(sum(place.cost.value for place in result.places))
    for line in result.impact:
        if line.inside is not None and line.halo is not None:
            assert line.figure.value == pytest.approx(line.inside + line.halo)
    net, parts = read_line(result, "co2_net"), ("co2_gross", "co2_rebound", "co2_building")
    assert net.figure.value == pytest.approx(sum(read_line(result, part).figure.value for part in parts))
    assert read_line(result, "authority_net").figure.value == pytest.approx(result.cost.value)


def test_no_demand_is_served_twice(area):
    result = share(area, budget=300_000.0)
    served = list(itertools.chain.from_iterable(place.catchment for place in result.places))
    assert len(served) == len(set(served))
    assert set(served) == {commune.code for commune in result.communes if commune.place}


def test_people_go_to_the_nearest_open_place(area):
    problem, inputs, use, central = prepare(area, budget=300_000.0)
    result = share(area, budget=300_000.0)
    network = compute_network(inputs, use, central, result.plan.open)
    for home, arc in zip(network.home, network.arcs, strict=True):
        row = slice(problem.row[home], problem.row[home + 1])
        reachable = inputs.reach.minutes[row][result.plan.open[problem.site[row]]]
        assert inputs.reach.minutes[arc] == reachable.min()


def test_network_over_draws_agrees_with_the_siting_engine(area):
    problem, inputs, use, central = prepare(area, places=3, parameters={"desks_max": 8.0})
    result = run(area, places=3, parameters={"desks_max": 8.0}, alternatives=0)
    network = compute_network(inputs, use, central, result.plan.open)
    checked = evaluate(problem, result.plan.open)
    assert network.desks[0] == pytest.approx(checked.desks)
    assert network.net_cost.sum() == pytest.approx(checked.cost)
    assert network.effects.co2_net.sum() == pytest.approx(checked.value)
    assert (network.served[0][result.plan.open] < 1).any()


def test_net_social_value_counts_the_cost_of_the_places(area):
    result = run(area, budget=300_000.0, objective="value", alternatives=0)
    problem, *_ = prepare(area, budget=300_000.0, objective="value")
    gross = dataclasses.replace(problem, cost_weight=0.0)
    assert result.value.value == pytest.approx(evaluate(gross, result.plan.open).value - result.cost.value)


def test_existing_place_is_kept_outside_the_budget_unless_dropped(area):
    kept = share(area, budget=150_000.0)
    existing = [place for place in kept.places if place.kind == "existing"]
    assert [place.cost.value for place in existing] == [0.0]
    assert existing[0].label
    dropped = run(area, budget=150_000.0, keep_existing=False)
    assert not [place for place in dropped.places if place.kind == "existing"]


def test_kept_and_excluded_communes_are_obeyed_and_priced(area):
    free = share(area, budget=150_000.0)
    chosen = next(place.code for place in free.places if place.kind == "chosen")
    closed = next(code for code in free.inside_codes if code not in {place.code for place in free.places})
    result = run(area, budget=150_000.0, keep=(closed,), exclude=(chosen,))
    codes = {place.code for place in result.places}
    assert closed in codes
    assert chosen not in codes
    prices = {(row.code, row.constraint): row.price for row in result.constraints}
    assert prices[(closed, "imposed")] >= 0
    assert prices[(chosen, "excluded")] >= 0
    assert result.value.value <= free.value.value + 1e-6


def test_alternatives_are_different_and_within_epsilon(area):
    result = run(area, budget=300_000.0, epsilon=0.05)
    assert len(result.alternatives) == 3
    networks = {row.places for row in result.alternatives} | {tuple(place.code for place in result.places)}
    assert len(networks) == 4
    for row in result.alternatives:
        assert 0 <= row.loss <= 0.05
        assert row.cost <= 300_000.0
        assert row.added or row.removed


def test_simulations_are_the_same_for_the_same_seed_and_bracket_the_network(area):
    first, second = (run(area, budget=150_000.0, draws=60, seed=3) for _ in range(2))
    assert first.robustness is not None
    assert second.robustness is not None
    assert first.robustness.values.tolist() == second.robustness.values.tolist()
    assert first.robustness.site_share == second.robustness.site_share
    assert (first.robustness.best >= first.robustness.values - 1e-6)[first.robustness.values <= 1e12].any()
    for line in first.impact:
        if line.figure.low is not None:
            assert line.figure.low <= line.figure.high
    other = run(area, budget=150_000.0, draws=60, seed=4)
    assert other.robustness is not None
    assert other.robustness.values.tolist() != first.robustness.values.tolist()


def test_a_plan_that_makes_people_drive_more_says_so(area):
    result = run(area, places=2, parameters={"office_day_share": 0.0}, objective="km", alternatives=0)
    assert read_line(result, "commuter_km").figure.value < 0
    assert read_line(result, "co2_net").figure.value < 0
    assert any("drive more" in warning.en for warning in result.warnings)


def test_overrides_are_listed_with_their_default(area):
    result = run(area, budget=150_000.0, parameters={"price_day": 20.0}, alternatives=0)
    assert [(row.name, row.default, row.value) for row in result.overrides] == [("price_day", 15.0, 20.0)]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"budget": 1000.0}, "pays for no place sized to its demand"),
        ({"budget": 150e3, "keep": ("00001",), "exclude": ("00001",)}, "both kept and excluded"),
        ({"budget": 150e3, "keep": ("77777",)}, "is not a commune of"),
        ({"places": 1, "keep": ("00002", "00003")}, "more than the 1 allowed"),
        ({"budget": 30e3, "keep": ("00002", "00003", "00004")}, "kept places alone cost"),
        ({"budget": 150e3, "parameters": {"no_such_name": 1.0}}, "no_such_name"),
    ],
)
def test_silly_inputs_get_one_clear_sentence(area, asked, words):
    with pytest.raises(AncrageError) as raised:
        run(area, **asked)
    assert words in raised.value.text.en
    assert raised.value.text.fr != raised.value.text.en


def test_a_budget_for_a_smaller_place_says_its_size(area):
    with pytest.raises(InputError) as raised:
        run(area, budget=36_000.0, parameters={"share_telework_days_in_tl": 0.9, "desks_max": 60.0})
    size = int(raised.value.text.en.rpartition("desks_max to ")[2].rstrip("."))
    capped = {"share_telework_days_in_tl": 0.9, "desks_max": float(size)}
    result = run(area, budget=36_000.0, parameters=capped, alternatives=0)
    assert [place.desks.value for place in result.places if place.kind == "chosen"] == [size]


def test_excluding_every_commune_is_refused(area):
    territory, _ = area
    codes = tuple(str(code) for code in territory.communes.code[territory.inside])
    with pytest.raises(InputError, match="Every commune"):
        run(area, budget=150e3, exclude=codes)


def test_a_territory_without_flows_is_refused(area):
    territory, provider = area
    empty = np.zeros(0, dtype=np.int64)
    flows = dataclasses.replace(
        territory.flows,
        home=empty,
        work=empty,
        occupation=empty.astype(np.int8),
        mode=empty.astype(np.int8),
        workers=empty.astype(np.float64),
    )
    with pytest.raises(MissingDataError, match="No home-work flow"):
        run((dataclasses.replace(territory, flows=flows), provider), budget=150e3)


class Blocked:
    """The estimate, but some communes lie off the roads."""

    def __init__(self, provider, codes):
        self.provider, self.codes = provider, codes
        self.name, self.version, self.label = "blocked", "1", provider.label

    def compute_pairs(self, points, origins, destinations):
        found = self.provider.compute_pairs(points, origins, destinations)
        off = np.isin(points.code, self.codes)
        nothing = np.where(off[origins] | off[destinations], np.nan, 0.0)
        return dataclasses.replace(found, minutes=found.minutes + nothing, km=found.km + nothing)


def test_communes_off_the_roads_are_told(area):
    territory, provider = area
    codes = territory.communes.code[territory.inside]
    result = run((territory, Blocked(provider, codes[:1])), budget=150e3, alternatives=0)
    name = str(territory.communes.name[territory.inside][0])
    assert any(name in warning.en and "to no other site" in warning.en for warning in result.warnings)
    assert not next(commune for commune in result.communes if commune.code == codes[0]).place
    with pytest.raises(MissingDataError, match="link no commune"):
        run((territory, Blocked(provider, codes)), budget=150e3)


@pytest.mark.parametrize(
    "asked", [{}, {"budget": -5.0}, {"budget": float("nan")}, {"places": 0}, {"budget": 1e5, "x": 1}]
)
def test_settings_refuse_what_cannot_be_meant(asked):
    with pytest.raises(ValidationError):
        StudySettings(epci=(CODE,), **asked)
