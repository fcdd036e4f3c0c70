"""The optimal plan of a siting problem, with its proof (docs/method/siting.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ancrage.errors import AncrageError, InputError
from ancrage.siting.evaluate import check_problem, compute_budget_limit, evaluate
from ancrage.siting.problem import BoolArray, SitingPlan, SitingProblem

if TYPE_CHECKING:
    from ancrage.siting._bound import Node
    from ancrage.siting._kernels import Data, Moves
    from ancrage.siting._search import Tree

ROOT_STEPS = 400
"""Subgradient steps at the root; more tighten the bound a little, each costs one pass over the arcs."""
NODE_STEPS = 4
"""Subgradient steps at every other node."""
CHUNK = 20_000_000
"""Arcs read between two looks at the clock (about 40 ms)."""


def solve(
    problem: SitingProblem,
    *,
    deadline: float | None = None,
    clock: Callable[[], float] | None = None,
    warm: BoolArray | None = None,
) -> SitingPlan:
    """Return the best plan and its proof.

    Opening nothing is a plan (value 0) when nothing is imposed. Plans whose values differ by less than 1e-10 of the
    sum of the homes' largest values are held equal; among those one move away, fewer places then lower site numbers
    are preferred. The result depends on the problem only, not on `warm`, when the status is "optimal" and the best
    value is reached by one plan.

    Parameters
    ----------
    deadline : seconds allowed, counted by `clock` from the call; past them the best plan so far is returned with
        status "feasible" and its gap. None goes to the proof.
    clock : returns seconds, such as time.perf_counter; without it no time is measured.
    warm : (m,) a plan to start from, if it respects the constraints.

    Raises
    ------
    InputError : for an inconsistent problem (see `check_problem`), or a deadline without a clock.
    AncrageError : if the deadline passed before any plan within the budget was found or excluded.
    """
    check_problem(problem)
    if deadline is not None and clock is None:
        raise InputError(
            f"A deadline of {deadline} s was given without a clock. Give clock=time.perf_counter as well.",
            f"Un délai de {deadline} s est donné sans horloge. Donnez aussi clock=time.perf_counter.",
        )
    from ancrage.siting._kernels import TOLERANCE, settle_ties
    from ancrage.siting._search import NODES, VALUE, compute_open_bound, run_search

    start = clock() if clock else 0.0
    data = build_data(problem)
    moves, node = build_moves(data), build_node(data)
    tree = build_tree(data)
    seed_plan(data, moves, tree, warm)
    seed_multipliers(data, moves, tree)
    tol = float(data.number[TOLERANCE])
    done = False
    while not done:
        done = run_search(data, moves, node, tree, CHUNK, np.iinfo(np.int64).max // 2)
        if deadline is not None and clock is not None and clock() - start >= deadline:
            break
    found = bool(np.isfinite(tree.score[VALUE]))
    bound = float(tree.score[VALUE]) if done else float(compute_open_bound(tree))
    if not found and not done:
        raise AncrageError(
            f"No plan within the budget was found in {deadline} s. Allow more time, or a larger budget.",
            f"Aucun plan dans le budget n'a été trouvé en {deadline} s. Donnez plus de temps, ou un budget plus grand.",
        )
    if found:
        settle_ties(data, moves, tree.best, float(tree.score[VALUE]))
    seconds = clock() - start if clock else 0.0
    nodes = int(tree.tally[NODES])
    if not found:
        return build_infeasible(problem, nodes, seconds)
    return build_plan(problem, tree.best, bound=bound, tolerance=tol, nodes=nodes, seconds=seconds)


def build_plan(
    problem: SitingProblem,
    opened: BoolArray,
    *,
    bound: float,
    tolerance: float,
    nodes: int,
    seconds: float = 0.0,
) -> SitingPlan:
    """Return the plan of a set of open sites, evaluated anew, with the bound and the gap that go with it."""
    evaluation = evaluate(problem, opened)
    if bound <= evaluation.value + tolerance:
        return SitingPlan(opened.copy(), evaluation, evaluation.value, 0.0, "optimal", nodes, seconds)
    gap = (bound - evaluation.value) / max(abs(evaluation.value), tolerance, 1e-300)
    return SitingPlan(opened.copy(), evaluation, bound, gap, "feasible", nodes, seconds)


def build_infeasible(problem: SitingProblem, nodes: int, seconds: float) -> SitingPlan:
    """Return the imposed sites as the plan of a problem that has none: shown to explain, with no proof to give."""
    evaluation = evaluate(problem, problem.imposed)
    return SitingPlan(problem.imposed.copy(), evaluation, evaluation.value, 0.0, "infeasible", nodes, seconds)


def build_data(problem: SitingProblem) -> Data:
    """Return the arrays of a problem for the compiled kernels."""
    from ancrage.siting._kernels import Data

    n, m = problem.home_code.size, problem.site_code.size
    site = np.ascontiguousarray(problem.site, dtype=np.int64)
    value = np.array(problem.value, dtype=np.float64)
    demand = np.array(problem.demand, dtype=np.float64)
    home = np.repeat(np.arange(n), np.diff(problem.row))
    col_arc = np.argsort(site, kind="stable")
    col = np.zeros(m + 1, dtype=np.int64)
    np.cumsum(np.bincount(site, minlength=m), out=col[1:])
    fixed = np.array(problem.fixed_cost, dtype=np.float64)
    desk_cost = np.array(problem.desk_cost, dtype=np.float64)
    limit = compute_budget_limit(problem.budget)
    places = m if problem.max_places is None else min(problem.max_places, m)
    data = Data(
        row=np.ascontiguousarray(problem.row, dtype=np.int64),
        site=site,
        value=value,
        demand=demand,
        col=col,
        col_arc=col_arc,
        col_home=home[col_arc],
        col_value=value[col_arc],
        col_demand=demand[col_arc],
        fixed=fixed,
        desk_cost=desk_cost,
        income=np.array(problem.income, dtype=np.float64),
        desks_min=problem.desks_min.astype(np.float64),
        desks_max=problem.desks_max.astype(np.float64),
        imposed=np.ascontiguousarray(problem.imposed, dtype=np.bool_),
        excluded=np.ascontiguousarray(problem.excluded, dtype=np.bool_),
        number=np.array([problem.desks_per_day, limit, 0.0, places, 0.0, problem.cost_weight]),
    )
    write_scales(data)
    return data


def write_scales(data: Data) -> None:
    """Write the tolerance on values and the pace of the budget's price, from the sizes of the problem's figures."""
    from ancrage.siting._kernels import BUDGET, COST_WEIGHT, PRICE_PACE, TOLERANCE

    best = np.zeros(data.row.size)
    np.maximum.at(best, np.repeat(np.arange(data.row.size - 1), np.diff(data.row)), np.abs(data.value))
    limit = float(data.number[BUDGET])
    cost = np.abs(data.fixed) + data.desk_cost * np.maximum(data.desks_min, 1)
    data.number[TOLERANCE] = 1e-10 * float(best.sum() + data.number[COST_WEIGHT] * cost.sum()) + 1e-300
    size = max(abs(limit), float(cost.mean()) if cost.size else 1.0, 1e-9)
    data.number[PRICE_PACE] = 0.03 * (data.row.size - 1) / size if np.isfinite(limit) else 0.0


def build_moves(data: Data) -> Moves:
    """Return the buffers of the interchange."""
    from ancrage.siting._kernels import Moves

    n, m = data.row.size - 1, data.fixed.size
    return Moves(
        first=np.zeros(n, dtype=np.int64),
        second=np.zeros(n, dtype=np.int64),
        new_first=np.zeros(n, dtype=np.int64),
        new_second=np.zeros(n, dtype=np.int64),
        head=np.zeros(m, dtype=np.int64),
        chain=np.zeros(n, dtype=np.int64),
        opened=np.zeros(m + 1, dtype=np.int64),
        load=np.zeros(m),
        worth=np.zeros(m),
        more_load=np.zeros(m),
        more_worth=np.zeros(m),
    )


def build_node(data: Data) -> Node:
    """Return the buffers of the bound."""
    from ancrage.siting._bound import Node

    n, m, k = data.row.size - 1, data.fixed.size, data.site.size
    return Node(
        start=np.zeros(m, dtype=np.int64),
        split=np.zeros(m, dtype=np.int64),
        stop=np.zeros(m, dtype=np.int64),
        home=np.zeros(k, dtype=np.int64),
        value=np.zeros(k),
        demand=np.zeros(k),
        last=np.zeros(n, dtype=np.int64),
        sure=np.zeros(n, dtype=np.int64),
        certain=np.zeros(n, dtype=np.bool_),
        alive=np.zeros(n, dtype=np.bool_),
        short=np.zeros(m, dtype=np.bool_),
        most=np.zeros(m),
        desks=np.zeros(m),
        floor=np.zeros(m),
        profit=np.zeros(m),
        tilt=np.zeros(m),
        days=np.zeros(m),
        pick=np.zeros(m, dtype=np.bool_),
        order=np.zeros(m + 1, dtype=np.int64),
        slope=np.zeros(n),
        direction=np.zeros(n),
        best_u=np.zeros(n),
        best_profit=np.zeros(m),
        best_pick=np.zeros(m, dtype=np.bool_),
    )


def build_tree(data: Data, reference: BoolArray | None = None) -> Tree:
    """Return a search at its root: imposed sites open, excluded ones closed, no plan yet.

    `reference` (r, m) are plans to be as far from as possible; without them the value is maximised.
    """
    from ancrage.siting._search import NODE_STEPS as NODE_STEPS_AT
    from ancrage.siting._search import ROOT_STEPS as ROOT_STEPS_AT
    from ancrage.siting._search import Tree

    n, m = data.row.size - 1, data.fixed.size
    state = np.zeros(m, dtype=np.int8)
    state[data.imposed] = 1
    state[data.excluded] = -1
    tally = np.zeros(7, dtype=np.int64)
    tally[ROOT_STEPS_AT] = ROOT_STEPS
    tally[NODE_STEPS_AT] = NODE_STEPS
    bound = np.full(m + 2, np.inf)
    return Tree(
        state=state,
        trail=np.zeros(m + 1, dtype=np.int64),
        mark=np.zeros(m + 2, dtype=np.int64),
        phase=np.zeros(m + 2, dtype=np.int64),
        branch=np.zeros(m + 2, dtype=np.int64),
        bound=bound,
        lam=np.zeros(m + 2),
        u=np.zeros((m + 2, n)),
        best=np.zeros(m, dtype=np.bool_),
        trial=np.zeros(m, dtype=np.bool_),
        reference=np.zeros((0, m), dtype=np.bool_) if reference is None else reference,
        tally=tally,
        score=np.array([-np.inf, -np.inf]),
    )


def seed_plan(data: Data, moves: Moves, tree: Tree, warm: BoolArray | None) -> None:
    """Give the search its first plans: greedy and interchange from the imposed sites, and from `warm`."""
    from ancrage.siting._kernels import PLACES, improve_plan
    from ancrage.siting._search import offer_plan

    m = data.fixed.size
    starts = [data.imposed]
    if warm is not None:
        kept = (np.asarray(warm, dtype=np.bool_) | data.imposed) & ~data.excluded
        if kept.sum() <= data.number[PLACES]:
            starts.append(kept)
    for start in starts:
        tree.trial[:] = start
        offer_plan(data, moves, tree, tree.trial)
        improve_plan(data, moves, tree.trial, 4 * m)
        offer_plan(data, moves, tree, tree.trial)


def seed_multipliers(data: Data, moves: Moves, tree: Tree) -> None:
    """Start the multipliers from the second best open site of each home, and the price from value per EUR."""
    from ancrage.siting._kernels import BUDGET, find_first_two
    from ancrage.siting._search import VALUE

    if data.site.size == 0:
        return
    find_first_two(data, tree.best, moves.first, moves.second)
    padded = np.append(data.value, 0.0)
    first, second = padded[moves.first], padded[moves.second]
    tree.u[0] = np.maximum(0.0, 0.5 * (np.maximum(first, 0.0) + np.maximum(second, 0.0)))
    limit = float(data.number[BUDGET])
    if np.isfinite(limit) and limit > 0 and np.isfinite(tree.score[VALUE]):
        tree.lam[0] = max(0.0, float(tree.score[VALUE])) / limit * 0.5


def warm_up() -> None:
    """Compile every kernel on a tiny problem, so that no user waits for it (called at install)."""
    from ancrage.siting.explore import list_alternatives
    from ancrage.siting.problem import SitingDraws
    from ancrage.siting.robustness import solve_draws

    problem = SitingProblem(
        home_code=np.array(["1", "2"]),
        site_code=np.array(["1", "2"]),
        row=np.array([0, 2, 4]),
        site=np.array([0, 1, 1, 0]),
        value=np.array([3.0, 1.0, 2.0, 1.0]),
        demand=np.ones(4),
        fixed_cost=np.ones(2),
        desk_cost=np.ones(2),
        income=np.zeros(2),
        desks_per_day=1.0,
        desks_min=np.ones(2, dtype=np.int64),
        desks_max=np.full(2, 9),
        imposed=np.zeros(2, dtype=np.bool_),
        excluded=np.zeros(2, dtype=np.bool_),
        budget=3.0,
        max_places=2,
        unit="",
    )
    best = solve(problem)
    list_alternatives(problem, best, 1, 1.0)
    draws = SitingDraws(
        problem.value[None],
        problem.demand[None],
        problem.fixed_cost[None],
        problem.desk_cost[None],
        problem.income[None],
        np.array([problem.desks_per_day]),
    )
    solve_draws(problem, draws, best)
