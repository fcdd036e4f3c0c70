"""Frontier, alternatives, prices of constraints, marginal losses and draws, against every set of sites."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from siting_cases import build_problem, compute_scale, draw_floored, list_plans

from ancrage.errors import InputError
from ancrage.siting.evaluate import check_plan, compute_budget_limit, evaluate
from ancrage.siting.explore import (
    compute_frontier,
    compute_marginal_losses,
    list_alternatives,
    price_constraints,
)
from ancrage.siting.problem import SitingDraws, SitingProblem
from ancrage.siting.robustness import build_drawn_problem, solve_draws
from ancrage.siting.solve import solve


def test_compute_frontier_gives_the_best_plan_of_each_limit_in_the_order_asked():
    rng = np.random.default_rng(1)
    for _ in range(60):
        problem = replace(draw_floored(rng, 6), budget=None, max_places=6)
        limits = [30.0, 0.0, 10.0, 10.0, -2.0]
        points = compute_frontier(problem, limits, "budget")
        assert [p.limit for p in points] == limits
        values = {}
        for point in points:
            plans = list_plans(replace(problem, budget=point.limit))
            assert (point.plan.status == "infeasible") == (not plans)
            if plans:
                assert abs(point.plan.evaluation.value - max(plans.values())) <= 1e-9 * compute_scale(problem)
                values[point.limit] = point.plan.evaluation.value
        rising = [values[limit] for limit in sorted(values)]
        assert all(b >= a - 1e-9 * compute_scale(problem) for a, b in itertools.pairwise(rising))


def test_compute_frontier_counts_places_and_says_when_imposed_sites_are_too_many():
    problem = build_problem(
        [[(0, 5.0, 1.0)], [(1, 3.0, 1.0)], [(2, 2.0, 1.0)]],
        3,
        budget=100.0,
        imposed=np.array([False, False, True]),
    )
    points = compute_frontier(problem, [0, 1, 2, 3], "places")
    assert [p.plan.status for p in points] == ["infeasible", "optimal", "optimal", "optimal"]
    assert [p.plan.evaluation.value for p in points[1:]] == [2.0, 7.0, 10.0]
    with pytest.raises(InputError, match=r"asks for 1\.5 places"):
        compute_frontier(problem, [1.5], "places")


def check_alternatives(problem: SitingProblem, epsilon: float) -> int:
    """Compare the alternatives of a problem with the farthest of all its plans, one by one; return how many."""
    best = solve(problem)
    if best.status == "infeasible":
        return 0
    value, scale = best.evaluation.value, compute_scale(problem)
    alternatives = list_alternatives(problem, best, 3, epsilon)
    floor = value - epsilon * abs(value)
    listed = [best.open]
    for j in range(3):
        far = {
            chosen: min(int(np.sum(np.array(chosen) != other)) for other in listed)
            for chosen, worth in list_plans(problem).items()
            if worth >= floor + 1e-9 * scale
        }
        farthest = max(far.values(), default=0)
        if j == len(alternatives):
            assert farthest == 0
            break
        plan = alternatives[j].plan
        check_plan(problem, plan)
        assert plan.evaluation.value >= floor - 1e-9 * scale
        assert min(int(np.sum(plan.open != other)) for other in listed) >= max(farthest, 1)
        assert alternatives[j].differs == int(np.sum(plan.open != best.open))
        assert 0 <= alternatives[j].loss <= epsilon + 1e-9 * scale / max(abs(value), 1e-9)
        listed.append(plan.open)
    return len(alternatives)


@pytest.mark.parametrize(("epsilon", "least"), [(0.0, 10), (0.05, 20), (0.3, 40)])
def test_list_alternatives_are_the_farthest_plans_within_epsilon(epsilon, least):
    rng = np.random.default_rng(2)
    found = sum(check_alternatives(draw_floored(rng, 6), epsilon) for _ in range(80))
    assert found >= least


def test_list_alternatives_are_fewer_when_fewer_exist():
    problem = build_problem([[(0, 5.0, 1.0)], [(1, 4.9, 1.0)]], 2, max_places=1)
    best = solve(problem)
    (only,) = list_alternatives(problem, best, 3, 0.05)
    assert only.plan.open.tolist() == [False, True]
    assert only.loss == pytest.approx(0.02)
    assert only.differs == 2
    assert (only.plan.status, only.plan.bound) == ("feasible", 5.0)
    assert list_alternatives(problem, best, 3, 0.01) == ()


def test_price_constraints_is_what_the_best_plan_gains_without_each_of_them():
    rng = np.random.default_rng(4)
    priced = 0
    for _ in range(80):
        problem = draw_floored(rng, 6)
        best = solve(problem)
        if best.status == "infeasible":
            continue
        prices = price_constraints(problem, best)
        floored = [] if problem.floors is None else np.flatnonzero(problem.floors.share > 0).tolist()
        constrained = np.flatnonzero(problem.imposed | problem.excluded).tolist()
        assert [p.site for p in prices] == constrained + [-1] * len(floored)
        assert [p.zone for p in prices] == [""] * len(constrained) + [f"z{z}" for z in floored]
        for price in prices:
            priced += 1
            if price.constraint == "floor":
                share = problem.floors.share.copy()
                share[int(price.zone[1:])] = 0.0
                other = replace(problem, floors=replace(problem.floors, share=share))
            else:
                without = getattr(problem, price.constraint).copy()
                assert without[price.site]
                without[price.site] = False
                other = replace(problem, **{price.constraint: without})
            plans = list_plans(other)
            gained = max(plans.values()) - best.evaluation.value
            assert abs(price.price - gained) <= 1e-9 * compute_scale(problem)
    assert priced > 50


def test_explorers_refuse_an_infeasible_plan():
    problem = build_problem([[(0, 3.0, 1.0)]], 1, fixed_cost=np.array([10.0]), budget=5.0, imposed=np.array([True]))
    plan = solve(problem)
    for explore in (list_alternatives, price_constraints):
        with pytest.raises(InputError, match="nothing to compare with"):
            explore(problem, plan)


def test_compute_marginal_losses_moves_people_to_their_next_open_site():
    problem = build_problem([[(0, 5.0, 1.0), (1, 2.0, 1.0)], [(1, 4.0, 1.0)], [(2, 1.0, 1.0)]], 3, max_places=3)
    losses = compute_marginal_losses(problem, np.array([True, True, False]))
    assert losses.tolist() == [3.0, 4.0, 0.0]


def draw_coefficients(problem: SitingProblem, count: int, rng: np.random.Generator) -> SitingDraws:
    """Draw coefficients around those of a problem."""

    def around(array: np.ndarray) -> np.ndarray:
        return array * rng.uniform(0.6, 1.4, (count, array.size))

    return SitingDraws(
        value=around(problem.value),
        demand=around(problem.demand),
        fixed_cost=around(problem.fixed_cost),
        desk_cost=around(problem.desk_cost),
        income=around(problem.income),
        desks_per_day=problem.desks_per_day * rng.uniform(0.8, 1.2, count),
    )


def test_solve_draws_finds_the_best_network_of_each_draw():
    rng = np.random.default_rng(6)
    for _ in range(80):
        problem = draw_floored(rng, 6)
        best = solve(problem)
        draws = draw_coefficients(problem, 5, rng)
        result = solve_draws(problem, draws, best)
        assert result.proven == 1.0
        over = 0
        for r in range(5):
            drawn = build_drawn_problem(problem, draws, r)
            kept = evaluate(drawn, best.open)
            scale = compute_scale(drawn)
            assert abs(result.plan_value[r] - kept.value) <= 1e-9 * scale
            assert abs(result.plan_cost[r] - kept.cost) <= 1e-9 * scale * (1 + abs(kept.cost))
            plans = list_plans(drawn)
            reached = max(plans.values()) if plans else kept.value
            assert abs(result.best_value[r] - reached) <= 1e-9 * scale
            assert result.regret[r] == max(0.0, result.best_value[r] - result.plan_value[r])
            over += kept.cost > compute_budget_limit(problem.budget)
        assert result.over_budget == over / 5


def test_solve_draws_shares_sites_between_the_networks_of_the_draws():
    problem = build_problem([[(0, 5.0, 1.0)], [(1, 4.0, 1.0)]], 2, max_places=1)
    best = solve(problem)
    ones, nulls = np.ones((4, 2)), np.zeros((4, 2))
    values = np.array([[5.0, 4.0], [5.0, 6.0], [5.0, 4.0], [5.0, 1.0]])
    result = solve_draws(problem, SitingDraws(values, ones, nulls, nulls, nulls, np.ones(4)), best)
    assert result.site_share.tolist() == [0.75, 0.25]
    assert result.best_value.tolist() == [5.0, 6.0, 5.0, 5.0]
    assert result.regret.tolist() == [0.0, 1.0, 0.0, 0.0]
    assert (result.over_budget, result.proven) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"value": np.ones((2, 3))}, "`value` has shape"),
        ({"income": np.full((1, 2), -1.0)}, "Draw 0: `income` holds -1.0"),
        ({"desks_per_day": np.zeros(1)}, "Draw 0: `desks_per_day` holds 0.0"),
    ],
)
def test_solve_draws_refuses_draws_that_do_not_fit(changes, words):
    problem = build_problem([[(0, 5.0, 1.0)], [(1, 4.0, 1.0)]], 2, max_places=1)
    draws = SitingDraws(*[np.ones((1, 2)) for _ in range(5)], np.ones(1))
    with pytest.raises(InputError, match=words):
        solve_draws(problem, replace(draws, **changes), solve(problem))
