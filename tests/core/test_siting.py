"""The siting engine against every set of sites, against an independent MIP, and against its own promises."""

from __future__ import annotations

from dataclasses import replace

import highspy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from siting_cases import build_problem, compute_scale, draw_floored, list_plans

from ancrage.errors import AncrageError, InputError
from ancrage.siting.evaluate import check_plan, check_problem, evaluate
from ancrage.siting.problem import SitingProblem
from ancrage.siting.solve import solve


def test_evaluate_sends_people_to_the_nearest_open_site_and_counts_whole_desks():
    problem = build_problem(
        [[(0, 5.0, 3.0), (1, 9.0, 2.0)], [(1, 4.0, 5.0)], []],
        2,
        fixed_cost=np.array([100.0, 200.0]),
        desk_cost=np.array([10.0, 20.0]),
        income=np.array([1.0, 2.0]),
        budget=1e6,
    )
    both = evaluate(problem, np.array([True, True]))
    assert both.used.tolist() == [0, 1, -1]
    assert both.desks.tolist() == [2, 3]
    assert both.load.tolist() == [3.0, 5.0]
    assert both.value == 9.0
    assert both.cost == (100 + 10 * 2 - 3) + (200 + 20 * 3 - 2 * 5)
    far = evaluate(problem, np.array([False, True]))
    assert far.used.tolist() == [1, 1, -1]
    assert (far.value, far.cost) == (13.0, 200 + 20 * 4 - 2 * 7)


def test_evaluate_serves_everyone_in_the_same_proportion_when_desks_run_out():
    problem = build_problem(
        [[(0, 10.0, 6.0)], [(0, -2.0, 2.0)]],
        1,
        desk_cost=np.array([10.0]),
        income=np.array([1.0]),
        desks_max=np.array([1]),
        budget=0.0,
    )
    evaluation = evaluate(problem, np.array([True]))
    assert evaluation.served.tolist() == [0.25]
    assert evaluation.desks.tolist() == [1]
    assert evaluation.value == 0.25 * 10 - 0.25 * 2
    assert evaluation.cost == 10.0 - 0.25 * 8


def test_evaluate_opens_no_desk_for_the_rounding_of_a_sum():
    problem = build_problem([[(0, 1.0, 0.1)], [(0, 1.0, 0.2)]], 1, desks_per_day=10.0, max_places=1)
    assert evaluate(problem, np.array([True])).desks.tolist() == [3]


def test_evaluate_takes_weighted_costs_from_the_value():
    problem = build_problem([[(0, 10.0, 1.0)]], 1, fixed_cost=np.array([4.0]), max_places=1, cost_weight=0.5)
    assert evaluate(problem, np.array([True])).value == 8.0


@pytest.mark.parametrize("seed", range(4))
def test_solve_finds_the_best_of_all_plans(seed):
    rng = np.random.default_rng(seed)
    statuses = set()
    for _ in range(500):
        problem = draw_floored(rng)
        plans = list_plans(problem)
        plan = solve(problem)
        check_plan(problem, plan)
        statuses.add(plan.status)
        if not plans:
            assert plan.status == "infeasible", problem
            assert np.array_equal(plan.open, problem.imposed)
            continue
        assert plan.status == "optimal"
        assert plan.gap == 0.0
        assert abs(plan.evaluation.value - max(plans.values())) <= 1e-9 * compute_scale(problem), problem
    assert statuses == {"optimal", "infeasible"}


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_solve_agrees_with_all_plans_whatever_the_problem(seed):
    problem = draw_floored(np.random.default_rng(seed), 6)
    plans = list_plans(problem)
    plan = solve(problem)
    assert (plan.status == "infeasible") == (not plans)
    if plans:
        assert abs(plan.evaluation.value - max(plans.values())) <= 1e-9 * compute_scale(problem)


def test_solve_never_loses_when_a_constraint_is_relaxed():
    rng = np.random.default_rng(11)
    compared = 0
    for _ in range(150):
        problem = draw_floored(rng)
        plan = solve(problem)
        if plan.status == "infeasible":
            continue
        wider = [replace(problem, imposed=np.zeros_like(problem.imposed))]
        wider.append(replace(problem, excluded=np.zeros_like(problem.excluded)))
        if problem.budget is not None:
            wider.append(replace(problem, budget=problem.budget + 5))
        if problem.max_places is not None:
            wider.append(replace(problem, max_places=problem.max_places + 1))
        for other in wider:
            relaxed = solve(other)
            compared += 1
            assert relaxed.evaluation.value >= plan.evaluation.value - 1e-9 * compute_scale(problem)
    assert compared > 200


def shuffle_problem(problem: SitingProblem, rng: np.random.Generator) -> SitingProblem:
    """Return the same problem with homes and sites in another order."""
    n, m = problem.home_code.size, problem.site_code.size
    homes, sites = rng.permutation(n), rng.permutation(m)
    place = np.argsort(sites)
    arcs = [np.arange(problem.row[i], problem.row[i + 1]) for i in homes]
    order = np.concatenate([np.zeros(0, dtype=np.int64), *arcs])
    by_site = ("site_code", "fixed_cost", "desk_cost", "income", "desks_min", "desks_max", "imposed", "excluded")
    return replace(
        problem,
        home_code=problem.home_code[homes],
        row=np.cumsum([0, *map(len, arcs)]),
        site=place[problem.site[order]],
        value=problem.value[order],
        demand=problem.demand[order],
        floors=problem.floors
        and replace(problem.floors, zone=problem.floors.zone[homes], weight=problem.floors.weight[homes]),
        **{name: getattr(problem, name)[sites] for name in by_site},
    )


def test_solve_gives_the_same_value_whatever_the_order_of_homes_and_sites():
    rng = np.random.default_rng(12)
    for _ in range(200):
        problem = draw_floored(rng)
        plan, other = solve(problem), solve(shuffle_problem(problem, rng))
        assert plan.status == other.status
        if plan.status == "optimal":
            assert abs(plan.evaluation.value - other.evaluation.value) <= 1e-9 * compute_scale(problem)


def test_solve_prefers_fewer_places_then_lower_numbers_among_equal_plans():
    rows = [[(0, 3.0, 1.0), (1, 3.0, 1.0), (2, 3.0, 1.0)], [(2, 0.0, 1.0), (3, 0.0, 1.0)]]
    plan = solve(build_problem(rows, 4, max_places=3))
    assert np.flatnonzero(plan.open).tolist() == [0]


def test_solve_opens_nothing_when_nothing_is_affordable_or_worth_it():
    poor = build_problem([[(0, 3.0, 1.0)]], 1, fixed_cost=np.array([10.0]), budget=5.0)
    harmful = build_problem([[(0, -3.0, 1.0)]], 1, max_places=1)
    for problem in (poor, harmful):
        plan = solve(problem)
        assert (plan.status, plan.evaluation.value, int(plan.open.sum())) == ("optimal", 0.0, 0)


def test_solve_says_infeasible_when_imposed_sites_break_the_budget():
    problem = build_problem([[(0, 3.0, 1.0)]], 1, fixed_cost=np.array([10.0]), budget=5.0, imposed=np.array([True]))
    plan = solve(problem)
    assert (plan.status, plan.evaluation.cost) == ("infeasible", 10.0)
    check_plan(problem, plan)


def test_solve_lets_a_place_that_earns_pay_for_another_under_a_null_budget():
    problem = build_problem(
        [[(0, 1.0, 10.0)], [(1, 50.0, 1.0)]],
        2,
        fixed_cost=np.array([1.0, 8.0]),
        income=np.array([1.0, 0.0]),
        budget=0.0,
    )
    plan = solve(problem)
    assert plan.open.tolist() == [True, True]
    assert (plan.evaluation.value, plan.evaluation.cost) == (51.0, -1.0)


def test_solve_stops_at_the_deadline_with_an_honest_gap():
    rng = np.random.default_rng(3)
    m, n = 60, 200
    rows = [
        [(int(s), float(v), float(d)) for s, v, d in zip(*drawn, strict=True)]
        for drawn in ((rng.permutation(m)[:30], rng.uniform(0, 10, 30), rng.uniform(1, 5, 30)) for _ in range(n))
    ]
    problem = build_problem(
        rows, m, fixed_cost=rng.uniform(5, 9, m), desk_cost=np.full(m, 3.0), desks_max=np.full(m, 5), budget=150.0
    )
    ticks = iter(range(1000))
    plan = solve(problem, deadline=1.0, clock=lambda: float(next(ticks)))
    assert plan.status == "feasible"
    assert plan.bound > plan.evaluation.value
    assert plan.gap == (plan.bound - plan.evaluation.value) / plan.evaluation.value
    assert plan.seconds == 2.0
    check_plan(problem, plan)


def test_solve_refuses_a_deadline_without_a_clock():
    with pytest.raises(InputError, match="without a clock"):
        solve(build_problem([[(0, 1.0, 1.0)]], 1, max_places=1), deadline=1.0)


def test_solve_starts_from_a_given_plan_and_ignores_one_that_breaks_the_limits():
    rng = np.random.default_rng(13)
    for _ in range(60):
        problem = draw_floored(rng)
        warm = rng.random(problem.site_code.size) < 0.5
        cold, warmed = solve(problem), solve(problem, warm=warm)
        assert cold.status == warmed.status
        assert abs(cold.evaluation.value - warmed.evaluation.value) <= 1e-9 * compute_scale(problem)


def solve_with_mip(problem: SitingProblem) -> float:
    """Return the best value by an integer programme written apart: nearest open site, integer desks, one budget."""
    model = highspy.Highs()
    model.silent()
    k, m = problem.site.size, problem.site_code.size
    opens = [model.addVariable(lb=float(problem.imposed[s]), ub=float(not problem.excluded[s])) for s in range(m)]
    uses = [model.addVariable(lb=0.0, ub=1.0, obj=-float(problem.value[a])) for a in range(k)]
    desks = [model.addVariable(lb=0.0, ub=1e4) for _ in range(m)]
    integer = [v.index for v in (*opens, *desks)]
    model.changeColsIntegrality(
        len(integer), np.array(integer, dtype=np.int32), [highspy.HighsVarType.kInteger] * len(integer)
    )
    cost = sum(float(problem.fixed_cost[s]) * opens[s] + float(problem.desk_cost[s]) * desks[s] for s in range(m))
    for i in range(problem.home_code.size):
        arcs = list(range(problem.row[i], problem.row[i + 1]))
        if arcs:
            model.addConstr(sum(uses[a] for a in arcs) <= 1)
        for place, a in enumerate(arcs):
            model.addConstr(uses[a] <= opens[problem.site[a]])
            model.addConstr(sum(uses[b] for b in arcs[: place + 1]) >= opens[problem.site[a]])
    for s in range(m):
        arcs = np.flatnonzero(problem.site == s)
        load = sum((float(problem.demand[a]) * uses[a] for a in arcs), 0.0 * opens[s])
        model.addConstr(load * problem.desks_per_day <= desks[s])
        model.addConstr(desks[s] >= float(problem.desks_min[s]) * opens[s])
        cost = cost - float(problem.income[s]) * load
    if problem.budget is not None:
        model.addConstr(cost <= problem.budget)
    if problem.max_places is not None:
        model.addConstr(sum(opens) <= problem.max_places)
    model.setOptionValue("mip_rel_gap", 0.0)
    model.run()
    assert model.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return -float(model.getObjectiveValue())


@pytest.mark.parametrize("seed", range(6))
def test_solve_agrees_with_an_independent_integer_programme(seed):
    rng = np.random.default_rng(seed)
    m, n = 10, 25
    place, home = rng.random((m, 2)), rng.random((n, 2))
    away = np.hypot(*(home[:, None] - place[None]).transpose(2, 0, 1))
    rows = []
    for i in range(n):
        near = [s for s in np.argsort(away[i]) if away[i, s] < 0.5]
        rows.append([(int(s), 20 * (0.4 - away[i, s]) + rng.uniform(0, 3), rng.uniform(1, 4)) for s in near])
    problem = build_problem(
        rows,
        m,
        fixed_cost=rng.uniform(5, 15, m),
        desk_cost=np.full(m, 4.0),
        income=np.full(m, rng.choice([0.2, 3.0])),
        desks_min=np.full(m, 2),
        budget=40.0 if seed % 3 else None,
        max_places=4 if seed % 3 != 1 else None,
        imposed=np.arange(m) == 3,
        excluded=np.arange(m) == 5,
    )
    assert solve(problem).evaluation.value == pytest.approx(solve_with_mip(problem), rel=1e-6)


def build_valid() -> SitingProblem:
    """Return a small consistent problem."""
    return build_problem([[(0, 3.0, 1.0), (1, 2.0, 1.0)], [(1, 4.0, 1.0)]], 2, budget=10.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"value": np.ones(2)}, "`value` has shape"),
        ({"row": np.array([0, 3])}, "`row` has shape"),
        ({"home_code": np.array(["a", "a"])}, "holds a more than once"),
        ({"value": np.array([1.0, np.nan, 1.0])}, "`value` is nan from home h0 to site s1"),
        ({"demand": np.array([1.0, 1.0, -1.0])}, "`demand` is -1.0 from home h1 to site s1"),
        ({"desk_cost": np.array([1.0, -2.0])}, "`desk_cost` is -2.0 at site s1"),
        ({"income": np.array([np.inf, 0.0])}, "`income` is inf at site s0"),
        ({"desks_min": np.array([5, 5]), "desks_max": np.array([9, 4])}, "desks_max .4. is below desks_min"),
        ({"desks_per_day": 0.0}, "desks_per_day is 0.0"),
        ({"cost_weight": -1.0}, "cost_weight is -1.0"),
        ({"row": np.array([0, 4, 3])}, "must rise"),
        ({"row": np.array([1, 2, 3])}, "must rise"),
        ({"site": np.array([0, 2, 1])}, "names site number 2"),
        ({"site": np.array([0, 0, 1])}, "home h0 lists site s0 more than once"),
        ({"imposed": np.array([True, False]), "excluded": np.array([True, False])}, "both imposed and excluded"),
        ({"budget": None}, "Neither a budget nor"),
        ({"budget": np.nan}, "The budget is nan"),
        ({"max_places": -1}, "number of places is -1"),
        ({"max_places": 1, "imposed": np.array([True, True])}, "2 sites are imposed, more than the 1"),
    ],
)
def test_check_problem_names_what_is_wrong(changes, words):
    check_problem(build_valid())
    with pytest.raises(InputError, match=words) as caught:
        check_problem(replace(build_valid(), **changes))
    assert caught.value.text.fr != caught.value.text.en


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bound": 6.9}, "bound is 6.9"),
        ({"open": np.array([True, False])}, "used is"),
    ],
)
def test_check_plan_refuses_a_false_plan(changes, words):
    problem = build_valid()
    plan = solve(problem)
    assert plan.evaluation.value == 7.0
    with pytest.raises(InputError, match=words):
        check_plan(problem, replace(plan, **changes))


def test_check_plan_refuses_false_figures_and_broken_constraints():
    problem = build_valid()
    plan = solve(problem)
    evaluation = plan.evaluation
    for wrong in (
        replace(evaluation, value=7.1),
        replace(evaluation, cost=1.0),
        replace(evaluation, desks=evaluation.desks + 2),
        replace(evaluation, used=evaluation.used[::-1] - 1),
    ):
        with pytest.raises(InputError, match="does not hold"):
            check_plan(problem, replace(plan, evaluation=wrong))
    for broken in (
        replace(problem, excluded=plan.open),
        replace(problem, max_places=int(plan.open.sum()) - 1),
        replace(problem, budget=-1.0),
        replace(problem, imposed=~plan.open | plan.open, excluded=plan.open),
    ):
        with pytest.raises(AncrageError, match="does not hold"):
            check_plan(broken, plan)
