"""Floors, stops, edge cases and moves of the siting engine, against hand computation and every set of sites."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from siting_cases import build_problem, compute_scale, draw_floored, list_plans

from ancrage.errors import AncrageError, InputError
from ancrage.siting._arrays import build_data, build_moves, build_node, build_tree
from ancrage.siting._interchange import improve_plan
from ancrage.siting._kernels import compute_totals
from ancrage.siting._moves import apply_move, compute_pair, enter_site, leave_site, list_near, start_moves
from ancrage.siting._search import compute_open_bound, run_search
from ancrage.siting.evaluate import check_plan, compute_floor_shares, evaluate
from ancrage.siting.explore import compute_frontier
from ancrage.siting.problem import Floors, SearchState
from ancrage.siting.solve import seed_multipliers, seed_plan, solve


def build_floors(zone, weight, share) -> Floors:
    """Build floors from plain lists."""
    z = len(share)
    return Floors(
        np.array([f"z{j}" for j in range(z)]), np.array(zone), np.array(weight, float), np.array(share, float)
    )


def build_cover(rows, m, share=1.0):
    """Build a set covering: as few sites as possible so that a share of the homes has one."""
    arcs = [[(s, 0.0, 0.0) for s in row] for row in rows]
    return build_problem(
        arcs,
        m,
        fixed_cost=np.ones(m),
        cost_weight=1.0,
        floors=build_floors([0] * len(rows), [1] * len(rows), [share]),
    )


def test_solve_covers_everyone_with_the_fewest_sites():
    # The greedy choice (site 0, four homes) needs three sites; two are enough.
    problem = build_cover([[0, 1], [0, 1], [0, 2], [0, 2], [1], [2]], 3)
    plan = solve(problem)
    check_plan(problem, plan)
    assert (plan.status, plan.evaluation.value, np.flatnonzero(plan.open).tolist()) == ("optimal", -2.0, [1, 2])
    half = solve(build_cover([[0, 1], [0, 1], [0, 2], [0, 2], [1], [2]], 3, 0.5))
    assert half.evaluation.value == -1.0


def test_solve_covers_at_the_least_number_of_sites_whatever_the_lists():
    rng = np.random.default_rng(21)
    for _ in range(60):
        m = int(rng.integers(2, 9))
        rows = [rng.permutation(m)[: rng.integers(1, 4)].tolist() for _ in range(int(rng.integers(1, 12)))]
        problem = build_cover(rows, m, float(rng.choice([0.5, 0.8, 1.0])))
        plan = solve(problem)
        assert plan.status == "optimal"
        assert plan.evaluation.value == max(list_plans(problem).values())


def test_solve_says_infeasible_when_a_zone_cannot_reach_its_floor():
    rows = [[(0, 1.0, 1.0)], []]
    problem = build_problem(rows, 1, max_places=1, floors=build_floors([0, 0], [1, 3], [0.3]))
    assert solve(problem).status == "infeasible"
    assert solve(replace(problem, floors=build_floors([0, 0], [1, 3], [0.25]))).status == "optimal"


def test_solve_gives_up_value_to_meet_a_floor():
    rows = [[(0, 10.0, 1.0)], [(1, 1.0, 1.0)]]
    problem = build_problem(rows, 2, max_places=1)
    floored = replace(problem, floors=build_floors([-1, 0], [1, 1], [1.0]))
    assert (solve(problem).evaluation.value, solve(floored).evaluation.value) == (10.0, 1.0)


def test_solve_counts_the_users_of_a_full_place_in_part():
    # One desk for two: half of the zone is served.
    problem = build_problem(
        [[(0, 1.0, 2.0)], [(0, 1.0, 2.0)]],
        1,
        max_places=1,
        desks_max=np.array([1]),
        floors=build_floors([0, 0], [1, 1], [0.5]),
    )
    plan = solve(problem)
    assert plan.status == "optimal"
    assert compute_floor_shares(problem.floors, plan.evaluation.used, plan.evaluation.served).tolist() == [0.5]
    assert solve(replace(problem, floors=build_floors([0, 0], [1, 1], [0.51]))).status == "infeasible"


def test_solve_never_loses_when_a_floor_is_lowered():
    rng = np.random.default_rng(22)
    compared = 0
    for _ in range(150):
        problem = draw_floored(rng, 6)
        plan = solve(problem)
        if problem.floors is None or plan.status == "infeasible":
            continue
        lowered = replace(problem, floors=replace(problem.floors, share=problem.floors.share * 0.6))
        for other in (lowered, replace(problem, floors=None)):
            compared += 1
            assert solve(other).evaluation.value >= plan.evaluation.value - 1e-9 * compute_scale(problem)
    assert compared > 40


def test_bound_never_falls_below_the_best_plan_wherever_the_search_stops():
    rng = np.random.default_rng(23)
    stopped = 0
    for _ in range(400):
        problem = draw_floored(rng, 7)
        plans = list_plans(problem)
        if not plans:
            continue
        data = build_data(problem)
        moves, node, tree = build_moves(data), build_node(data), build_tree(data)
        seed_plan(data, moves, tree, None)
        seed_multipliers(data, tree)
        done = False
        while not done:
            done = run_search(data, moves, node, tree, 10**9, 1)
            best = max(plans.values())
            bound = max(float(compute_open_bound(tree)), float(tree.score[0]))
            stopped += not done
            assert bound >= best - 1e-9 * compute_scale(problem)
            assert tree.score[0] <= best + 1e-9 * compute_scale(problem)
    assert stopped > 100


def test_moves_change_a_plan_as_its_evaluation_says():
    rng = np.random.default_rng(24)
    compared = 0
    for _ in range(150):
        problem = draw_floored(rng)
        data = build_data(problem)
        moves = build_moves(data)
        m = problem.site_code.size
        opened = (rng.random(m) < 0.5) | problem.imposed
        here = evaluate(problem, opened)
        scale = 1e-9 * compute_scale(problem) * (1 + abs(here.cost))
        start_moves(data, moves, opened)
        for e in np.flatnonzero(~opened):
            value, cost = enter_site(data, moves, e)
            near = set(moves.near[: list_near(data, moves, e)].tolist())
            for r in np.flatnonzero(opened):
                both, price = compute_pair(data, moves, e, r)
                there = opened.copy()
                there[e], there[r] = True, False
                after = evaluate(problem, there)
                assert abs(here.value + both - after.value) <= scale
                assert abs(here.cost + price - after.cost) <= scale
                if r not in near:
                    assert abs(value + moves.drop_value[r] - both) <= scale
                    assert abs(cost + moves.drop_cost[r] - price) <= scale
                compared += 1
            leave_site(data, moves, e)
        if problem.floors is not None and not opened.all():
            e = int(np.flatnonzero(~opened)[0])
            apply_move(data, moves, opened, e, -1)
            load, worth = np.zeros(m), np.zeros(m)
            value, cost, short = compute_totals(data, opened, load, worth)
            assert (moves.total[0], moves.total[1]) == (value, cost)
            assert abs(moves.total[3] - short) <= 1e-12
    assert compared > 500


def test_improve_plan_leaves_no_better_plan_one_move_away():
    rng = np.random.default_rng(25)
    for _ in range(60):
        problem = draw_floored(rng)
        data = build_data(problem)
        opened = problem.imposed.copy()
        improve_plan(data, build_moves(data), opened, 100)
        plans = list_plans(problem)
        if tuple(opened.tolist()) not in plans:
            continue
        value = plans[tuple(opened.tolist())]
        m = problem.site_code.size
        for e in range(-1, m):
            for r in range(-1, m):
                other = opened.copy()
                if e >= 0 and not opened[e]:
                    other[e] = True
                if r >= 0 and opened[r]:
                    other[r] = False
                assert plans.get(tuple(other.tolist()), value) <= value + 1e-9 * compute_scale(problem)


def test_solve_reports_its_progress_and_stops_when_cancelled():
    problem = build_problem([[(0, 3.0, 1.0)], [(1, 2.0, 1.0)]], 2, max_places=1)
    seen: list[SearchState] = []
    plan = solve(problem, progress=seen.append, cancelled=lambda: True)
    assert (plan.status, plan.evaluation.value) == ("optimal", 3.0)
    assert (seen[-1].value, seen[-1].bound, seen[-1].gap) == (3.0, 3.0, 0.0)


def test_compute_frontier_stops_when_cancelled_and_says_how_far_it_is():
    problem = build_problem([[(0, 3.0, 1.0)], [(1, 2.0, 1.0)]], 2, fixed_cost=np.ones(2), budget=2.0)
    shares: list[float] = []
    points = compute_frontier(
        problem, [2.0, 1.0, 0.0], "budget", progress=shares.append, cancelled=lambda: len(shares) == 2
    )
    assert shares == [1 / 3, 2 / 3]
    assert [(p.limit, p.plan.evaluation.value) for p in points] == [(1.0, 3.0), (0.0, 0.0)]


@pytest.mark.parametrize(
    ("problem", "value", "places"),
    [
        (build_problem([[(0, 0.0, 0.0)], [(1, 0.0, 0.0)]], 2, max_places=2), 0.0, 0),
        (build_problem([[], []], 1, max_places=1), 0.0, 0),
        (build_problem([], 0, max_places=0), 0.0, 0),
        (build_problem([[]], 0, budget=0.0), 0.0, 0),
        (build_problem([[(0, 2.0, 1.0)]], 1, max_places=1), 2.0, 1),
        (build_problem([[(0, -2.0, 1.0)], [(1, 5.0, 1.0)]], 2, max_places=2, imposed=np.array([True, True])), 3.0, 2),
        (build_problem([[(0, 1e15, 1.0)], [(1, 1e-3, 1.0)]], 2, max_places=1), 1e15, 1),
    ],
    ids=["no demand", "nobody in reach", "nothing", "no site", "one site", "all imposed", "huge values"],
)
def test_solve_has_a_defined_answer_at_the_edges(problem, value, places):
    plan = solve(problem)
    check_plan(problem, plan)
    assert (plan.status, plan.evaluation.value, int(plan.open.sum())) == ("optimal", value, places)


@pytest.mark.parametrize(
    ("floors", "words"),
    [
        (build_floors([0], [1], [0.5]), "`zone` has shape"),
        (build_floors([0, 0], [1, np.nan], [0.5]), "home h1 weighs nan"),
        (build_floors([0, 1], [1, 1], [0.5]), "zone number 1"),
        (build_floors([0, 0], [1, 1], [1.5]), "zone z0 asks for a share of 1.5"),
    ],
)
def test_solve_refuses_floors_without_meaning(floors, words):
    problem = build_problem([[(0, 3.0, 1.0)], [(0, 2.0, 1.0)]], 1, max_places=1, floors=floors)
    with pytest.raises(InputError, match=words):
        solve(problem)


def test_solve_stopped_before_any_plan_says_what_to_do():
    rng = np.random.default_rng(3)
    m, n = 40, 120
    rows = [[(int(s), float(rng.uniform(-1, 1)), 0.0) for s in rng.permutation(m)[:3]] for _ in range(n)]
    problem = build_problem(rows, m, max_places=10, floors=build_floors([0] * n, [1] * n, [0.9]))
    with pytest.raises(AncrageError, match=r"was found in 0\.0 s") as caught:
        solve(problem, deadline=0.0, clock=lambda: 0.0)
    assert "planchers" in caught.value.text.fr
