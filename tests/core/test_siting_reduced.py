"""Problems handed over to the engine of benefits: the same answers as the search that handles everything."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ancrage.siting import solve as solving
from ancrage.siting.evaluate import check_plan
from ancrage.siting.explore import compute_frontier
from ancrage.siting.facility import solve_saving
from ancrage.siting.problem import SitingProblem
from ancrage.siting.solve import count_places, reduce_large, solve


def draw_savings(rng: np.random.Generator, n: int, places: int) -> SitingProblem:
    """Return savings that fall along each row, at no cost and without limits of size."""
    reach = rng.integers(0, n + 1, n)
    value = [np.sort(rng.integers(0, 40, k))[::-1].astype(np.float64) for k in reach]
    site = [rng.permutation(n)[:k] for k in reach]
    codes = np.array([str(i) for i in range(n)])
    k = int(reach.sum())
    return SitingProblem(
        home_code=codes,
        site_code=codes,
        row=np.concatenate([[0], np.cumsum(reach)]),
        site=np.concatenate(site) if k else np.zeros(0, dtype=np.int64),
        value=np.concatenate(value) if k else np.zeros(0),
        demand=np.zeros(k),
        fixed_cost=np.zeros(n),
        desk_cost=np.zeros(n),
        income=np.zeros(n),
        desks_per_day=1.0,
        desks_min=np.zeros(n, dtype=np.int64),
        desks_max=np.ones(n, dtype=np.int64),
        imposed=np.zeros(n, dtype=np.bool_),
        excluded=rng.random(n) < 0.1,
        budget=None,
        max_places=places,
        unit="km",
    )


@pytest.fixture
def always_reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand over problems of any size."""
    monkeypatch.setattr(solving, "REDUCED_SIZE", -1)


def test_reduced_problem_has_the_same_best_value(always_reduced, monkeypatch):
    rng = np.random.default_rng(5)
    for _ in range(60):
        problem = draw_savings(rng, int(rng.integers(1, 12)), int(rng.integers(0, 5)))
        assert reduce_large(problem) is not None
        reduced = solve(problem)
        check_plan(problem, reduced)
        with monkeypatch.context() as apart:
            apart.setattr(solving, "REDUCED_SIZE", 10**9)
            whole = solve(problem)
        assert (reduced.status, reduced.evaluation.value) == (whole.status, whole.evaluation.value)


def test_budget_of_equal_costs_is_a_number_of_places(always_reduced):
    rng = np.random.default_rng(6)
    problem = draw_savings(rng, 10, 3)
    paid = replace(problem, max_places=None, budget=3 * 7.7, fixed_cost=np.full(10, 7.7))
    assert count_places(paid).max_places == 3
    assert count_places(paid).budget is None
    plan = solve(paid)
    check_plan(paid, plan)
    assert plan.evaluation.value == solve(problem).evaluation.value
    assert count_places(replace(paid, budget=3 * 7.7 - 0.01)).max_places == 2
    assert count_places(replace(paid, budget=-1.0)).max_places == 0


def test_budget_stays_where_costs_differ_or_follow_the_users():
    rng = np.random.default_rng(7)
    paid = replace(draw_savings(rng, 10, 3), budget=20.0, fixed_cost=np.full(10, 7.7))
    others = (
        replace(paid, fixed_cost=np.arange(10.0)),
        replace(paid, desk_cost=np.ones(10)),
        replace(paid, income=np.ones(10)),
        replace(paid, fixed_cost=np.zeros(10)),
        replace(paid, budget=10.0, excluded=np.zeros(10, dtype=np.bool_), imposed=np.arange(10) < 2),
    )
    for other in others:
        assert count_places(other) is other


def test_frontier_of_a_reduced_problem_rises_and_stops_at_the_gap(always_reduced):
    problem = replace(draw_savings(np.random.default_rng(8), 40, 1), excluded=np.zeros(40, dtype=np.bool_))
    points = compute_frontier(problem, range(1, 9), "places", gap=0.05)
    values = [point.plan.evaluation.value for point in points]
    assert values == sorted(values)
    for point in points:
        check_plan(replace(problem, max_places=int(point.limit)), point.plan)
        assert point.plan.gap <= 0.05
        assert point.plan.bound >= solve(replace(problem, max_places=int(point.limit))).evaluation.value


def test_search_stops_at_the_gap_asked():
    problem = draw_savings(np.random.default_rng(9), 14, 4)
    problem = replace(problem, demand=np.ones(problem.site.size), desk_cost=np.ones(14), budget=9.0, max_places=None)
    best = solve(problem)
    near = solve(problem, gap=0.2)
    assert best.status == "optimal"
    assert near.gap <= 0.2
    assert near.bound >= best.evaluation.value
    assert near.nodes <= best.nodes


def test_example_of_the_method_page_is_proven_by_its_multipliers():
    benefit = np.array([[10, 6, 0], [8, 9, 0], [0, 7, 9], [0, 0, 6]], dtype=np.float64)
    home, site = np.nonzero(benefit)
    plan = solve_saving(home, site, benefit[home, site], places=2)
    assert (plan.sites.tolist(), plan.value, plan.bound, plan.proven) == ([0, 2], 33.0, 33.0, True)
    multipliers = np.array([6.0, 8.0, 7.0, 0.0])
    rho = np.maximum(0, np.where(benefit > 0, benefit - multipliers[:, None], 0)).sum(axis=0)
    assert rho.tolist() == [4.0, 1.0, 8.0]
    assert multipliers.sum() + np.sort(rho)[-2:].sum() == 33.0


def test_deadline_already_past_still_gives_a_bound():
    problem = draw_savings(np.random.default_rng(10), 30, 4)
    problem = replace(problem, demand=np.ones(problem.site.size), desk_cost=np.ones(30), budget=12.0, max_places=None)
    ticks = iter(range(0, 10**9, 1000))
    plan = solve(problem, deadline=0.0, clock=lambda: float(next(ticks)))
    assert np.isfinite([plan.bound, plan.gap]).all()
    assert plan.bound >= plan.evaluation.value
