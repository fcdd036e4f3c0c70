"""The coarse start of a p-median: it guides the search and never enters a bound."""

from __future__ import annotations

import numpy as np
import pytest

from ancrage.siting import _median_start
from ancrage.siting._median_start import build_coarse_map
from ancrage.siting._neighbours import build_point_costs
from ancrage.siting.facility import solve_median, solve_median_points


@pytest.fixture
def always_coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw even small maps coarser."""
    monkeypatch.setattr(_median_start, "FEWEST_HOMES", 60)
    monkeypatch.setattr(_median_start, "CELLS_BY_PLACE", 2)


@pytest.mark.parametrize("metric", ["euclidean", "floor", "haversine"])
def test_plan_is_that_of_the_whole_matrix(always_coarse, monkeypatch, metric):
    monkeypatch.setattr("ancrage.siting._median.COMPLETE", 100)
    rng = np.random.default_rng(4)
    for seed in range(3):
        points = rng.uniform(0, 40, (150, 2)) + (rng.random(150) < 0.1)[:, None] * 30
        weight = rng.integers(0, 20, 150).astype(np.float64)
        plan = solve_median_points(points, 8, metric=metric, weight=weight, seed=seed)
        costs = build_point_costs(points, points, metric).build_matrix()
        whole = solve_median(costs, 8, weight=weight)
        assert plan.proven
        assert plan.value == pytest.approx(whole.value, rel=1e-9)


def test_imposed_and_excluded_sites_are_kept(always_coarse, monkeypatch):
    monkeypatch.setattr("ancrage.siting._median.COMPLETE", 100)
    points = np.random.default_rng(5).uniform(0, 40, (120, 2))
    plan = solve_median_points(points, 6, imposed=[3, 4], excluded=[10, 11, 12])
    assert {3, 4} <= set(plan.sites.tolist())
    assert not {10, 11, 12} & set(plan.sites.tolist())
    costs = build_point_costs(points, points, "euclidean").build_matrix()
    assert plan.value == pytest.approx(solve_median(costs, 6, imposed=[3, 4], excluded=[10, 11, 12]).value)


def test_cells_keep_the_weight_and_one_allowed_site_each(always_coarse):
    rng = np.random.default_rng(6)
    points, weight = rng.uniform(0, 10, (300, 2)), rng.integers(0, 5, 300).astype(np.float64)
    costs = build_point_costs(points, points, "euclidean")
    state = np.where(rng.random(300) < 0.3, -1, 0).astype(np.int8)
    drawn = build_coarse_map(costs, weight, state, 4)
    assert drawn is not None
    assert drawn.weight.sum() == weight.sum()
    assert 100 <= drawn.costs.homes < 150
    assert np.all(state[drawn.sites] == 0)
    assert len(set(drawn.sites.tolist())) == drawn.sites.size
    flat = drawn.interpolate(np.full(drawn.costs.homes, 3.5), costs.home)
    assert flat == pytest.approx(np.full(300, 3.5))


def test_no_coarse_map_of_one_spot_or_few_homes():
    points = np.ones((6000, 2))
    assert (
        build_coarse_map(build_point_costs(points, points, "euclidean"), np.ones(6000), np.zeros(6000, np.int8), 3)
        is None
    )
    points = np.random.default_rng(7).uniform(0, 1, (100, 2))
    assert (
        build_coarse_map(build_point_costs(points, points, "euclidean"), np.ones(100), np.zeros(100, np.int8), 3)
        is None
    )
