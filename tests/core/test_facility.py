"""The siting engine alone: each objective against enumeration, points against matrices, cut lists against whole."""

from __future__ import annotations

import itertools
import math
import re
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from ancrage.errors import InputError
from ancrage.siting import _median
from ancrage.siting._neighbours import BOX_SITES, build_point_costs, choose_spread_sites
from ancrage.siting.facility import (
    solve_coverage,
    solve_coverage_points,
    solve_covering,
    solve_covering_points,
    solve_median,
    solve_median_points,
    solve_saving,
)
from ancrage.territory.geography import compute_great_circle_km


def list_sets(m, places, imposed=(), excluded=()):
    """Yield every set of at most `places` sites that holds the imposed ones and none of the excluded ones."""
    free = [s for s in range(m) if s not in excluded and s not in imposed]
    for size in range(places - len(imposed) + 1):
        for chosen in itertools.combinations(free, size):
            yield sorted((*imposed, *chosen))


@st.composite
def cases(draw):
    """Draw small costs with ties and unreachable pairs, weights with zeros, places, imposed and excluded sites."""
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    cost = st.one_of(st.integers(0, 9).map(float), st.just(math.inf))
    costs = np.array(draw(st.lists(st.lists(cost, min_size=m, max_size=m), min_size=n, max_size=n)))
    weight = np.array(draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)), dtype=np.float64)
    weight[draw(st.integers(0, n - 1))] += 1
    marks = draw(st.lists(st.sampled_from([0, 0, 0, 1, -1]), min_size=m, max_size=m))
    marks[draw(st.integers(0, m - 1))] = 0
    imposed, excluded = ([s for s in range(m) if marks[s] == mark] for mark in (1, -1))
    places = draw(st.integers(max(1, len(imposed)), m - len(excluded)))
    return costs, weight, places, imposed, excluded


def compute_median(costs, weight, chosen):
    """Return the cost of a set of sites, inf where somebody is left out."""
    if not chosen:
        return math.inf
    return sum(w * row[chosen].min() for row, w in zip(costs, weight, strict=True) if w > 0)


def compute_covered(costs, weight, chosen, limit):
    """Return the weight within the limit of a set of sites."""
    return sum(w for row, w in zip(costs, weight, strict=True) if chosen and row[chosen].min() <= limit)


@settings(max_examples=60, deadline=None)
@given(cases())
def test_median_is_the_best_of_all_sets(case):
    costs, weight, places, imposed, excluded = case
    best = min(compute_median(costs, weight, s) for s in list_sets(costs.shape[1], places, imposed, excluded))
    if best == math.inf:
        with pytest.raises(InputError, match=r"reaches no site|reached by every home"):
            solve_median(costs, places, weight=weight, imposed=imposed, excluded=excluded)
        return
    plan = solve_median(costs, places, weight=weight, imposed=imposed, excluded=excluded)
    assert (plan.value, plan.bound, plan.gap, plan.proven) == (best, best, 0.0, True)
    assert plan.given.sum() == best
    assert set(imposed) <= set(plan.sites) <= set(range(costs.shape[1])) - set(excluded)
    assert len(plan.sites) <= places
    served = np.flatnonzero(weight)
    assert (costs[served, plan.assigned[served]] == costs[served][:, plan.sites].min(axis=1)).all()


@settings(max_examples=40, deadline=None)
@given(cases(), st.integers(0, 9))
def test_coverage_is_the_best_of_all_sets(case, limit):
    costs, weight, places, imposed, excluded = case
    best = max(compute_covered(costs, weight, s, limit) for s in list_sets(costs.shape[1], places, imposed, excluded))
    plan = solve_coverage(costs, places, limit, weight=weight, imposed=imposed, excluded=excluded)
    assert (plan.value, plan.bound, plan.proven) == (best, best, True)
    assert compute_covered(costs, weight, list(plan.sites), limit) == best
    assert set(imposed) <= set(plan.sites)
    covered = plan.assigned >= 0
    assert (costs[covered, plan.assigned[covered]] <= limit).all()
    assert plan.given.sum() == best


@settings(max_examples=40, deadline=None)
@given(cases(), st.integers(0, 9), st.sampled_from([0.0, 0.5, 0.9, 1.0]))
def test_covering_has_the_fewest_sites(case, limit, share):
    costs, weight, _, imposed, excluded = case
    m = costs.shape[1]
    enough = [
        len(s)
        for s in list_sets(m, m - len(excluded), imposed, excluded)
        if compute_covered(costs, weight, s, limit) >= share * weight.sum() - 1e-9
    ]
    if not enough:
        with pytest.raises(InputError, match="all sites together cover"):
            solve_covering(costs, limit, share, weight=weight, imposed=imposed, excluded=excluded)
        return
    plan = solve_covering(costs, limit, share, weight=weight, imposed=imposed, excluded=excluded)
    assert (plan.value, plan.bound, plan.proven) == (min(enough), min(enough), True)
    assert len(plan.sites) == plan.value
    assert compute_covered(costs, weight, list(plan.sites), limit) >= share * weight.sum() - 1e-9


@settings(max_examples=40, deadline=None)
@given(cases(), st.lists(st.integers(-3, 9), min_size=6, max_size=6))
def test_saving_is_the_best_of_all_sets(case, fixed):
    benefits, _, places, imposed, excluded = case
    n, m = benefits.shape
    cost = np.array(fixed[:m], dtype=np.float64)
    home, site = np.nonzero(np.isfinite(benefits))
    value = benefits[home, site] - 2.0
    table = np.zeros((n, m))
    table[home, site] = value
    best = max(
        (np.maximum(table[:, s].max(axis=1), 0).sum() if s else 0.0) - cost[s].sum()
        for s in map(list, list_sets(m, places, imposed, excluded))
    )
    plan = solve_saving(
        home, site, value, homes=n, sites=m, places=places, fixed=cost, imposed=imposed, excluded=excluded
    )
    assert (plan.value, plan.bound, plan.proven) == (best, best, True)
    assert plan.given.sum() - cost[plan.sites].sum() == best
    assert set(imposed) <= set(plan.sites)


def test_saving_without_limit_of_places_weighs_fixed_costs():
    plan = solve_saving([0, 0, 1, 2], [0, 1, 1, 2], [5.0, 4.0, 4.0, 3.0], fixed=[0.5, 2.0, 3.5])
    assert (plan.sites.tolist(), plan.value, plan.assigned.tolist()) == ([0, 1], 6.5, [0, 1, -1])


POINTS = np.random.default_rng(5).integers(0, 200, (300, 2)).astype(np.float64)
WEIGHT = np.random.default_rng(6).integers(0, 9, 300).astype(np.float64)


def compute_matrix(metric):
    """Return the distances between POINTS by other code than the project's lists (scipy, or the haversine formula)."""
    if metric == "haversine":
        lon, lat = POINTS[:, 0] / 10, POINTS[:, 1] / 10
        return compute_great_circle_km(lon[:, None], lat[:, None], lon[None], lat[None])
    straight = cdist(POINTS, POINTS)
    return np.floor(straight) if metric == "floor" else straight


def place(metric):
    """Return POINTS, in degrees for haversine."""
    return POINTS / 10 if metric == "haversine" else POINTS


@pytest.mark.parametrize("metric", ["euclidean", "floor", "haversine"])
@pytest.mark.parametrize("places", [3, 20])
def test_cut_lists_give_the_plan_of_the_matrix(metric, places, monkeypatch):
    whole = solve_median(compute_matrix(metric), places, weight=WEIGHT)
    monkeypatch.setattr(_median, "COMPLETE", 0)
    monkeypatch.setattr(_median, "LARGEST_WHOLE", 0)
    monkeypatch.setattr(_median, "MOST", 2)
    monkeypatch.setattr(_median, "FEWEST", 1)
    cut = solve_median_points(place(metric), places, metric=metric, weight=WEIGHT)
    assert cut.entries < whole.entries
    assert whole.proven
    assert cut.proven
    assert cut.value == pytest.approx(whole.value, rel=1e-12)
    assert cut.bound == cut.value
    if metric == "floor":
        assert cut.value == whole.value


def test_cut_lists_of_a_matrix_give_the_plan_of_the_whole(monkeypatch):
    costs = compute_matrix("floor")
    whole = solve_median(costs, 60, weight=WEIGHT)
    monkeypatch.setattr(_median, "COMPLETE", 0)
    monkeypatch.setattr(_median, "LARGEST_WHOLE", 0)
    cut = solve_median(costs, 60, weight=WEIGHT)
    assert cut.entries < whole.entries / 2
    assert (cut.value, cut.proven) == (whole.value, True)


@pytest.mark.parametrize("metric", ["euclidean", "floor", "haversine"])
def test_coverage_of_points_is_that_of_the_matrix(metric):
    limit = {"euclidean": 25.0, "floor": 25.0, "haversine": 270.0}[metric]
    points, weight, costs = place(metric)[:100], WEIGHT[:100], compute_matrix(metric)[:100, :100]
    near = solve_coverage_points(points, 4, limit, metric=metric, weight=weight)
    assert near.proven
    assert near.value == solve_coverage(costs, 4, limit, weight=weight).value
    few = solve_covering_points(points, 2 * limit, 0.8, metric=metric, weight=weight)
    assert few.value == solve_covering(costs, 2 * limit, 0.8, weight=weight).value


@pytest.mark.parametrize("metric", ["euclidean", "floor", "haversine"])
def test_near_lists_hold_every_site_under_the_limit(metric):
    costs, table = build_point_costs(place(metric), place(metric), metric), compute_matrix(metric)
    limit = np.random.default_rng(1).uniform(0, table.max() / 2, 300)
    if metric == "floor":
        limit = np.ceil(limit)
    row, site, value = costs.list_near(limit, np.ones(300))
    assert 5 * BOX_SITES < 300
    for i in range(300):
        listed = site[row[i] : row[i + 1]]
        gained = value[row[i] : row[i + 1]]
        useful = listed[gained > 0]
        assert sorted(useful) == np.flatnonzero(table[i] < limit[i]).tolist()
        assert gained == pytest.approx(limit[i] - table[i, listed], abs=1e-9 * table.max())
        assert (np.diff(gained) <= 0).all()


def test_separate_sites_serve_the_homes():
    plan = solve_median_points(POINTS, 4, sites=POINTS[::7] + 1, metric="floor", weight=WEIGHT)
    matrix = solve_median(np.floor(cdist(POINTS, POINTS[::7] + 1)), 4, weight=WEIGHT)
    assert (plan.value, plan.sites.tolist()) == (matrix.value, matrix.sites.tolist())


def test_spread_sites_hold_the_imposed_and_no_excluded():
    costs = build_point_costs(POINTS, POINTS, "euclidean")
    allowed = np.arange(300) % 3 > 0
    found = choose_spread_sites(costs, WEIGHT, 20, np.array([1, 4]), allowed, 0)
    assert {1, 4} <= set(found)
    assert allowed[found].all()
    assert 10 <= found.size <= 22


def test_same_seed_gives_the_same_plan():
    first, again = (solve_median_points(POINTS, 12, metric="floor", seed=3) for _ in range(2))
    assert first.sites.tolist() == again.sites.tolist()
    assert first.assigned.tolist() == again.assigned.tolist()
    assert (first.value, first.nodes) == (again.value, again.nodes)


def test_points_at_one_place_are_served_for_nothing():
    plan = solve_median_points(np.ones((40, 2)), 3)
    assert (plan.value, plan.proven, len(plan.sites)) == (0.0, True, 1)


def test_search_stops_at_the_gap_asked_for_and_tells_costs():
    told = []
    plan = solve_median_points(POINTS, 15, metric="floor", gap=0.5, progress=told.append)
    assert plan.gap <= 0.5
    assert plan.bound <= plan.value
    best = solve_median_points(POINTS, 15, metric="floor").value
    assert all(state.bound <= best for state in told)


def test_cancelled_search_returns_a_plan_with_a_true_bound():
    best = solve_median_points(POINTS, 15, metric="floor")
    plan = solve_median_points(POINTS, 15, metric="floor", cancelled=lambda: True)
    assert plan.bound <= best.value <= plan.value
    assert plan.given.sum() == plan.value


def test_deadline_counts_by_the_clock_given():
    ticks = itertools.count()
    plan = solve_median_points(POINTS, 15, metric="floor", deadline=1.0, clock=lambda: float(next(ticks)))
    assert plan.seconds >= 1.0
    assert plan.bound <= plan.value
    assert solve_median([[1.0]], 1, clock=time.perf_counter).seconds < 60


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: solve_median([[1.0, math.nan]], 1), "from home 0 to site 1 is nan"),
        (lambda: solve_median([[1.0, -2.0]], 1), "from home 0 to site 1 is -2.0"),
        (lambda: solve_median([1.0, 2.0], 1), "shape \\(2,\\)"),
        (lambda: solve_median([[1.0, 2.0]], 0), "0 places are asked for"),
        (lambda: solve_median([[1.0, 2.0]], 3), "only 2 sites may open"),
        (lambda: solve_median([[1.0, 2.0]], 2, excluded=[0]), "only 1 sites may open"),
        (lambda: solve_median([[1.0, 2.0]], 1, imposed=[0, 1]), "2 sites are imposed"),
        (lambda: solve_median([[1.0, 2.0]], 1, imposed=[5]), "Site 5 is imposed"),
        (lambda: solve_median([[1.0, 2.0]], 1, imposed=[1], excluded=[1]), "both imposed and excluded"),
        (lambda: solve_median([[1.0, 2.0]], 1, excluded=[0, 1]), "All 2 sites are excluded"),
        (lambda: solve_median([[1.0, 2.0]], 1, weight=[1.0, 2.0]), "shape \\(2,\\) for 1 homes"),
        (lambda: solve_median([[1.0, 2.0]], 1, weight=[-1.0]), "weight of home 0 is -1.0"),
        (lambda: solve_median([[1.0, 2.0]], 1, weight=[0.0]), "Every weight is zero"),
        (lambda: solve_median([[math.inf, math.inf]], 1), "Home 0 .* reaches no site"),
        (lambda: solve_median([[0, math.inf], [math.inf, 0]], 1), "No choice of 1 sites"),
        (lambda: solve_median([[1.0, 2.0]], 1, deadline=1.0), "without a clock"),
        (lambda: solve_median_points([[1.0, 2.0]], 1, metric="manhattan"), "metric is 'manhattan'"),
        (lambda: solve_median_points([[1.0, 2.0, 3.0]], 1), "shape \\(1, 3\\)"),
        (lambda: solve_median_points([[1.0, 95.0]], 1, metric="haversine"), "Number 0 of the points"),
        (lambda: solve_coverage([[1.0]], 1, -1.0), "limit is -1"),
        (lambda: solve_covering([[1.0]], 1.0, 1.5), "share to cover is 1.5"),
        (lambda: solve_covering([[1.0], [9.0]], 1.0, 0.8), "cover 0.5 at most \\(1 homes"),
        (lambda: solve_saving([0, 0], [1, 1], [1.0, 2.0]), "Pairs 0 and 1 are both from home 0 to site 1"),
        (lambda: solve_saving([0], [3], [1.0], sites=2), "names site 3"),
        (lambda: solve_saving([0.5], [0], [1.0]), "type float64"),
        (lambda: solve_saving([0], [0], [math.nan]), "benefit of pair 0"),
        (lambda: solve_saving([0], [0], [1.0, 2.0]), "three lists of one length"),
        (lambda: solve_saving([0], [0], [1.0], fixed=[1.0, 2.0]), "fixed costs have shape \\(2,\\) for 1 sites"),
        (lambda: solve_saving([], [], []), "one pair at least"),
    ],
)
def test_refused_input_says_what_and_where(call, words):
    with pytest.raises(InputError, match=words) as refused:
        call()
    assert refused.value.text.fr
    assert refused.value.text.fr != refused.value.text.en


def test_lists_too_long_for_memory_are_refused(monkeypatch):
    monkeypatch.setattr("ancrage.siting._neighbours.LARGEST", 1000)
    with pytest.raises(InputError, match="pairs, over 1,000"):
        solve_coverage_points(POINTS, 3, 1000.0)


def test_code_of_the_guide_runs_and_says_what_the_page_says():
    page = (Path(__file__).resolve().parents[2] / "docs" / "guide" / "siting-alone.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    assert len([line for line in blocks[0].splitlines() if line]) <= 10
    for block in blocks:
        exec(block, {})
