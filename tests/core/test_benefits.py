"""Sparse benefits solved to the proof: against every set of sites, whatever the constraints and the sizes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from siting_cases import build_problem, compute_scale, draw_problem, list_plans

from ancrage.errors import InputError
from ancrage.siting._benefit_bound import Rows, build_dual, choose_sites, compute_profits, shorten_rows
from ancrage.siting._benefits import Benefits, build_benefits, compute_value
from ancrage.siting.benefits import compute_margin, compute_step, reduce_problem, solve_benefits
from ancrage.siting.problem import Floors


def build_dense(matrix, *, places, fixed=None, state=None) -> Benefits:
    """Build benefits from an (n, m) matrix; what is not positive is no entry."""
    n, m = matrix.shape
    return build_benefits(
        np.arange(n + 1) * m,
        np.tile(np.arange(m), n),
        matrix.ravel().astype(np.float64),
        fixed=np.zeros(m) if fixed is None else fixed,
        state=np.zeros(m, dtype=np.int8) if state is None else state,
        places=places,
    )


def draw_case(rng: np.random.Generator, most_homes: int = 9, most_sites: int = 7):
    """Draw a matrix, fixed costs of both signs, states and places: ties, empty rows, huge and tiny values."""
    n, m = int(rng.integers(0, most_homes + 1)), int(rng.integers(1, most_sites + 1))
    whole = rng.random() < 0.4
    size = rng.choice([1.0, 1.0, 1.0, 1e12, 1e-9])
    matrix = rng.integers(-2, 6, (n, m)) if whole else rng.uniform(-3, 10, (n, m))
    fixed = rng.integers(-3, 7, m) if whole else rng.uniform(-3, 6, m)
    state = rng.choice([0, 0, 0, 1, -1], m).astype(np.int8) * np.int8(rng.random() < 0.5)
    places = int(rng.integers(np.sum(state > 0), m + 1))
    matrix = matrix * (rng.random((n, m)) < 0.8) * (rng.random((n, 1)) < 0.9) * size
    return matrix, fixed * size * (rng.random() < 0.7), state, places


def list_values(matrix, fixed, state, places) -> dict[tuple[bool, ...], float]:
    """Return the value of every set of sites allowed."""
    values = {}
    for chosen in itertools.product([False, True], repeat=state.size):
        opened = np.array(chosen)
        if opened.sum() <= places and not np.any(opened & (state < 0)) and not np.any(~opened & (state > 0)):
            best = np.maximum(matrix[:, opened].max(axis=1, initial=0.0), 0.0)
            values[chosen] = float(best.sum() - fixed[opened].sum())
    return values


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=300, deadline=None)
def test_solution_is_the_best_of_all_sets(seed):
    matrix, fixed, state, places = draw_case(np.random.default_rng(seed))
    values = list_values(matrix, fixed, state, places)
    best = max(values.values())
    scale = np.abs(matrix).sum() + np.abs(fixed).sum()
    solution = solve_benefits(build_dense(matrix, places=places, fixed=fixed, state=state), seed=seed % 1000)
    assert solution.proven
    assert abs(solution.value - best) <= 1e-9 * scale
    assert abs(values[tuple(solution.open.tolist())] - solution.value) <= 1e-13 * scale
    assert best - 1e-13 * scale <= solution.bound <= best + 1e-9 * scale + 1e-290


@given(st.integers(0, 2**32 - 1), st.integers(0, 3))
@settings(max_examples=100, deadline=None)
def test_bound_and_value_hold_the_best_when_stopped_early(seed, looks):
    rng = np.random.default_rng(seed)
    matrix, fixed, state, places = draw_case(rng, 12, 8)
    best = max(list_values(matrix, fixed, state, places).values())
    slack = 1e-13 * (np.abs(matrix).sum() + np.abs(fixed).sum())
    benefits = build_dense(matrix, places=places, fixed=fixed, state=state)
    asked = itertools.count()
    ticks = itertools.count()
    stopped = solve_benefits(benefits, cancelled=lambda: next(asked) >= looks)
    late = solve_benefits(benefits, deadline=float(looks), clock=lambda: float(next(ticks)))
    for solution in (stopped, late):
        assert solution.value - slack <= best <= solution.bound + slack
        assert solution.value == compute_value(benefits, solution.open)


def draw_points(n: int, places: int, seed: int, weight: float = 1.0) -> tuple[Benefits, np.ndarray]:
    """Build a p-median of random points, and the matrix of its benefits."""
    points = np.random.default_rng(seed).uniform(size=(n, 2))
    distance = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) * weight
    matrix = distance.max(axis=1)[:, None] - distance
    return build_dense(matrix, places=places), matrix


def test_solution_is_the_same_at_every_run_even_with_two_threads():
    benefits, _ = draw_points(700, 5, 3)
    first, second = (solve_benefits(benefits, seed=4) for _ in range(2))
    assert first.proven
    assert first.open.tolist() == second.open.tolist()
    assert (first.value, first.bound, first.nodes) == (second.value, second.bound, second.nodes)
    assert first.u.tolist() == second.u.tolist()


def test_progress_rises_to_the_solution():
    benefits, _ = draw_points(150, 4, 8)
    states = []
    solution = solve_benefits(benefits, progress=states.append)
    assert solution.proven
    assert all(a.value <= b.value for a, b in itertools.pairwise(states))
    assert all(a.bound >= b.bound for a, b in itertools.pairwise(states))
    assert states[-1].value == solution.value
    assert states[-1].nodes == solution.nodes


def test_warm_plan_is_never_made_worse():
    benefits, _ = draw_points(120, 6, 2)
    best = solve_benefits(benefits)
    stopped = solve_benefits(benefits, warm=best.open, cancelled=lambda: True)
    assert stopped.value == best.value
    everything = solve_benefits(benefits, warm=np.ones(120, dtype=np.bool_))
    assert everything.proven
    assert everything.value == pytest.approx(best.value, rel=1e-12)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_order_of_homes_and_sites_does_not_change_the_value(seed):
    rng = np.random.default_rng(seed)
    matrix, fixed, state, places = draw_case(rng, 12, 9)
    homes, sites = rng.permutation(matrix.shape[0]), rng.permutation(state.size)
    first = solve_benefits(build_dense(matrix, places=places, fixed=fixed, state=state))
    other = solve_benefits(build_dense(matrix[homes][:, sites], places=places, fixed=fixed[sites], state=state[sites]))
    assert abs(first.value - other.value) <= 1e-9 * (np.abs(matrix).sum() + np.abs(fixed).sum())


def test_gap_asked_for_is_enough():
    benefits, _ = draw_points(150, 10, 1)
    exact, rough = solve_benefits(benefits), solve_benefits(benefits, gap=0.05)
    assert rough.value <= exact.value <= rough.bound
    assert (rough.bound - rough.value) / rough.value <= 0.05 + 1e-12
    assert rough.nodes == 0


def test_multipliers_give_a_bound():
    benefits, matrix = draw_points(90, 5, 6)
    solution = solve_benefits(benefits)
    rho = np.sort(np.maximum(0.0, matrix - solution.u[:, None]).sum(axis=0))[::-1]
    bound = solution.u.sum() + rho[:5].sum()
    assert solution.value - 1e-9 <= bound <= 1.05 * solution.value


def test_short_rows_give_the_same_profits():
    rng = np.random.default_rng(5)
    matrix = rng.uniform(0.1, 1.0, (40, 30))
    benefits = build_dense(matrix, places=3)
    rows = Rows(benefits.row, benefits.site, benefits.value)
    dual = build_dual(40, 30, 8)
    short = Rows(np.empty_like(rows.row), np.empty_like(rows.site), np.empty_like(rows.value))
    size = shorten_rows(rows, np.zeros(30, dtype=np.int8), np.full(40, 0.9), 0.8, short, dual.next)
    assert 0 < size < rows.site.size
    for u in (np.full(40, 0.95), rng.uniform(0.0, 1.0, 40), np.zeros(40)):
        dual.u[:] = u
        compute_profits(rows, short, benefits.fixed, dual)
        np.testing.assert_allclose(dual.rho, np.maximum(0.0, matrix - u[:, None]).sum(axis=0), rtol=1e-12)


@given(st.lists(st.integers(-3, 6), min_size=1, max_size=30), st.integers(0, 31))
def test_chosen_sites_are_the_largest_positive_ties_by_number(profits, places):
    dual = build_dual(0, len(profits), 8)
    dual.rho[:] = profits
    state = np.zeros(len(profits), dtype=np.int8)
    state[0] = -1
    total = choose_sites(dual, state, places)
    order = sorted(range(1, len(profits)), key=lambda s: (-profits[s], s))
    expected = [s for s in order if profits[s] > 0][:places]
    assert np.flatnonzero(dual.pick).tolist() == sorted(expected)
    assert total == sum(profits[s] for s in expected)


@pytest.mark.parametrize(
    ("values", "fixed", "step"),
    [([4.0, 6.0], [0.0, 10.0], 2.0), ([0.3, 1.2], [0.6, 0.0], 0.3), ([1.0, 2**0.5], [1.0, 1.0], 0.0)],
)
def test_step_is_what_every_value_is_a_multiple_of(values, fixed, step):
    benefits = build_dense(np.array([values]), places=1, fixed=np.array(fixed))
    assert compute_step(benefits) == pytest.approx(step)
    margin, doubt, slack = compute_margin(benefits)
    assert slack < 1e-13
    assert doubt == (0.0 if step == 2.0 else slack if step else margin + slack)
    assert margin == pytest.approx(step if step else 1e-10 * (2**0.5 + 2.0), rel=1e-4)


def test_equal_sites_do_not_multiply_the_work():
    matrix = np.kron(np.random.default_rng(0).integers(1, 9, (20, 6)), np.ones((1, 4)))
    solution = solve_benefits(build_dense(matrix, places=3))
    assert solution.proven
    assert solution.value == solution.bound
    assert solution.nodes < 200


def test_benefits_refused_say_why():
    matrix = np.ones((2, 3))
    with pytest.raises(InputError, match="2 sites are imposed, more than the 1 places"):
        solve_benefits(build_dense(matrix, places=1, state=np.array([1, 1, 0], dtype=np.int8)))
    with pytest.raises(InputError, match="`fixed` is nan at place 1"):
        solve_benefits(build_dense(matrix, places=1, fixed=np.array([0.0, np.nan, 0.0])))
    with pytest.raises(InputError, match="without a clock"):
        solve_benefits(build_dense(matrix, places=1), deadline=1.0)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None)
def test_reduced_problem_has_the_same_best_value(seed):
    rng = np.random.default_rng(seed)
    m = int(rng.integers(1, 7))
    rows = []
    for _ in range(int(rng.integers(0, 7))):
        sites = rng.permutation(m)[: rng.integers(0, m + 1)]
        values = np.sort(rng.integers(0, 9, sites.size))[::-1]
        rows.append([(s, v, d) for s, v, d in zip(sites, values, rng.integers(0, 3, sites.size), strict=True)])
    imposed = rng.random(m) < 0.2
    problem = build_problem(
        rows,
        m,
        fixed_cost=rng.integers(-2, 6, m).astype(np.float64),
        desk_cost=rng.integers(0, 2, m) * rng.uniform(0, 3, m),
        income=rng.choice([0.0, 0.5]) * np.ones(m),
        desks_min=rng.integers(0, 9, m),
        imposed=imposed,
        excluded=(rng.random(m) < 0.2) & ~imposed,
        max_places=int(rng.integers(imposed.sum(), m + 1)),
        cost_weight=float(rng.choice([0.0, 1.0, 0.3])),
    )
    benefits = reduce_problem(problem)
    if benefits is not None:
        plans = list_plans(problem)
        solution = solve_benefits(benefits)
        close = 1e-9 * compute_scale(problem)
        assert abs(solution.value - max(plans.values())) <= close
        assert abs(plans[tuple(solution.open.tolist())] - solution.value) <= close


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None)
def test_any_problem_reduced_keeps_the_value_of_every_plan(seed):
    problem = draw_problem(np.random.default_rng(seed), 5)
    benefits = reduce_problem(problem)
    if benefits is not None:
        for chosen, value in list_plans(problem).items():
            assert abs(compute_value(benefits, np.array(chosen)) - value) <= 1e-9 * compute_scale(problem)


ROWS = [[(0, 5.0, 2.0), (1, 3.0, 2.0)], [(1, 4.0, 1.0), (0, 4.0, 1.0)]]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"cost_weight": 1.0, "fixed_cost": np.array([2.0, 1.0])},
        {"cost_weight": 1.0, "desk_cost": np.ones(2), "desks_min": np.array([2, 2])},
        {"desks_max": np.array([2, 2])},
    ],
)
def test_problem_of_one_kind_is_reduced(changes):
    assert reduce_problem(build_problem(ROWS, 2, max_places=1, **changes)) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"budget": 10.0},
        {"floors": Floors(np.array(["z"]), np.zeros(2, dtype=np.int64), np.ones(2), np.array([0.5]))},
        {"cost_weight": 1.0, "desk_cost": np.ones(2), "desks_min": np.array([1, 2])},
        {"desks_max": np.array([1, 1])},
        {"value": np.array([3.0, 5.0, 4.0, 4.0])},
        {"value": np.array([5.0, -1.0, 4.0, 4.0])},
    ],
)
def test_problem_of_another_kind_is_not_reduced(changes):
    assert reduce_problem(build_problem(ROWS, 2, max_places=1, **changes)) is None


def test_arcs_that_nobody_can_use_may_be_anything():
    rows = [[(0, 5.0, 2.0), (1, -3.0, 2.0)], [(2, -9.0, 1.0), (1, 4.0, 1.0), (0, 1.0, 1.0)]]
    imposed, excluded = np.array([True, False, False]), np.array([False, False, True])
    benefits = reduce_problem(build_problem(rows, 3, max_places=2, imposed=imposed, excluded=excluded))
    assert benefits is not None
    assert benefits.value.tolist() == [5.0, 4.0, 1.0]
    assert solve_benefits(benefits).value == 9.0
