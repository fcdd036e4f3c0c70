"""The optimal plan of a siting problem, with its proof (docs/method/siting.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Unpack

import numpy as np

from ancrage.errors import AncrageError
from ancrage.siting._arrays import build_data, build_moves, build_node, build_tree
from ancrage.siting.evaluate import check_problem, compute_budget_limit, evaluate
from ancrage.siting.options import Search, Watch
from ancrage.siting.problem import BoolArray, Floors, SearchState, SitingPlan, SitingProblem

if TYPE_CHECKING:
    from ancrage.siting._benefits import Benefits
    from ancrage.siting._bound import Node
    from ancrage.siting._kernels import Data
    from ancrage.siting._moves import Moves
    from ancrage.siting._tree import Tree

CHUNK = 5_000_000
"""Arcs read between two looks at the clock (about 40 ms)."""

REDUCED_SIZE = 5_000
"""Arcs above which a problem that reduces to benefits is solved as such: below, both engines take milliseconds."""

KICK_WORK = 100_000
"""Kicks without success before the proof, times arcs of the problem."""


class NoPlanError(AncrageError):
    """A search was stopped before any plan that respects the constraints was found or excluded."""


def solve(problem: SitingProblem, *, warm: BoolArray | None = None, **search: Unpack[Search]) -> SitingPlan:
    """Return the best plan and its proof.

    Opening nothing is a plan (value 0) when nothing is imposed and no floor is set. Plans whose values differ by less
    than 1e-10 of the sum of the homes' largest values are held equal; among those one move away, fewer places then
    lower site numbers are preferred. The result depends on the problem only, not on `warm`, when the status is
    "optimal" and the best value is reached by one plan.

    Parameters
    ----------
    warm : (m,) a plan to start from, if it respects the constraints.
    search : deadline, clock, progress, cancelled, gap, as `options.Search` says. Past a deadline the best plan so far
        is returned with status "feasible" and its gap. `seed` only counts for large problems that reduce to benefits.

    Raises
    ------
    InputError : for an inconsistent problem (see `check_problem`), or a deadline without a clock.
    NoPlanError : if it had to stop before any plan that respects the constraints was found or excluded.
    """
    check_problem(problem)
    watch = Watch(search)
    benefits = reduce_large(problem)
    if benefits is not None:
        return solve_reduced(problem, benefits, warm, search)
    data = build_data(problem)
    return run_engine(problem, Engine(data, build_moves(data), build_node(data), build_tree(data)), warm, watch)


def reduce_large(problem: SitingProblem) -> Benefits | None:
    """Return the benefits of a checked problem that reduces to them and is large enough to gain by it, else None."""
    from ancrage.siting.benefits import reduce_problem

    return reduce_problem(count_places(problem)) if problem.site.size > REDUCED_SIZE else None


def count_places(problem: SitingProblem) -> SitingProblem:
    """Return the problem with its budget read as a number of places, where every site costs the same whoever comes.

    Elsewhere, and where the imposed sites alone exceed the budget, the problem is returned as it is.
    """
    usable = ~problem.excluded
    if problem.budget is None or np.any(problem.desk_cost[usable]) or np.any(problem.income[usable]):
        return problem
    prices = np.unique(problem.fixed_cost[usable])
    if prices.size != 1 or prices[0] <= 0:
        return problem
    places = max(0.0, compute_budget_limit(problem.budget)) // float(prices[0])
    if places < problem.imposed.sum():
        return problem
    most = problem.site_code.size if problem.max_places is None else problem.max_places
    return replace(problem, budget=None, max_places=int(min(places, most)))


def solve_reduced(problem: SitingProblem, benefits: Benefits, warm: BoolArray | None, search: Search) -> SitingPlan:
    """Solve a checked problem by the engine of benefits, to which it reduces; see `solve`."""
    from ancrage.siting._interchange import settle_ties
    from ancrage.siting._kernels import TOLERANCE
    from ancrage.siting.benefits import solve_benefits

    found = solve_benefits(benefits, warm=warm, **search)
    data = build_data(problem)
    opened = found.open.copy()
    if found.proven:
        settle_ties(data, build_moves(data), opened)
    return build_plan(
        problem,
        opened,
        bound=-np.inf if found.proven else found.bound,
        tolerance=float(data.number[TOLERANCE]),
        nodes=found.nodes,
        seconds=found.seconds,
    )


@dataclass(frozen=True)
class Engine:
    """The arrays of a problem and of its search, which several searches may use one after the other."""

    data: Data
    moves: Moves
    node: Node
    tree: Tree


def run_engine(
    problem: SitingProblem,
    engine: Engine,
    warm: BoolArray | None,
    watch: Watch,
    *,
    priced: bool = False,
) -> SitingPlan:
    """Solve a checked problem whose arrays are built, its tree at the root; see `solve`.

    Parameters
    ----------
    priced : the prices of the root are already good ones, to start from.
    """
    from ancrage.siting._kernels import TOLERANCE
    from ancrage.siting._search import compute_open_bound, round_root, run_search
    from ancrage.siting._tree import NODES, VALUE

    data, moves, node, tree = engine.data, engine.moves, engine.node, engine.tree
    progress, enough = watch.search.get("progress"), watch.search.get("gap", 0.0)
    seed_plan(data, moves, tree, warm)
    kick_plan(data, moves, tree, int(np.clip(KICK_WORK // (data.site.size + 1), 2, 60)))
    if not priced:
        seed_multipliers(data, tree)
    tol = float(data.number[TOLERANCE])
    done, first = False, True
    while not done:
        done = run_search(data, moves, node, tree, CHUNK, 1 if first else np.iinfo(np.int64).max // 2)
        if first and not done:
            round_root(data, moves, node, tree)
        first = False
        bound = float(tree.score[VALUE]) if done else float(compute_open_bound(tree))
        seconds = watch.read_seconds()
        state = build_state(float(tree.score[VALUE]), bound, tol, int(tree.tally[NODES]), seconds)
        if progress is not None:
            progress(state)
        # Without the bound of the root there would be no gap to show: it is waited for.
        if bound < np.inf and (watch.is_over(seconds) or state.gap <= enough):
            break
    found = bool(np.isfinite(tree.score[VALUE]))
    bound = float(tree.score[VALUE]) if done else float(compute_open_bound(tree))
    if not found and not done:
        after_en = "" if watch.deadline is None else f" in {watch.deadline} s"
        after_fr = "" if watch.deadline is None else f" en {watch.deadline} s"
        raise NoPlanError(
            f"No plan that respects the budget and the floors was found{after_en} before the search was stopped. "
            "Allow more time, a larger budget, or lower floors.",
            f"Aucun plan respectant le budget et les planchers n'a été trouvé{after_fr} avant l'arrêt de la recherche. "
            "Donnez plus de temps, un budget plus grand ou des planchers plus bas.",
        )
    if found:
        settle_best(data, moves, tree)
    seconds = watch.read_seconds()
    nodes = int(tree.tally[NODES])
    if not found:
        return build_infeasible(problem, nodes, seconds)
    return build_plan(problem, tree.best, bound=bound, tolerance=tol, nodes=nodes, seconds=seconds)


def build_state(value: float, bound: float, tolerance: float, nodes: int, seconds: float) -> SearchState:
    """Return the state of a search; its gap is infinite as long as there is no plan."""
    bound = max(bound, value)
    gap = compute_gap(value, bound, tolerance) if np.isfinite(value) else float("inf")
    return SearchState(value, bound, gap, nodes, seconds)


def compute_gap(value: float, bound: float, tolerance: float) -> float:
    """Return (bound - value) / |value|, 0 within the tolerance."""
    if bound <= value + tolerance:
        return 0.0
    return (bound - value) / max(abs(value), tolerance, 1e-300)


def settle_best(data: Data, moves: Moves, tree: Tree) -> None:
    """Settle the ties of the best plan, unless roundings take it out of its limits."""
    from ancrage.siting._interchange import settle_ties
    from ancrage.siting._kernels import compute_excess, compute_totals

    tree.trial[:] = tree.best
    settle_ties(data, moves, tree.trial)
    _, cost, short = compute_totals(data, tree.trial, moves.load, moves.worth)
    if compute_excess(data, cost) == 0.0 and short == 0.0:
        tree.best[:] = tree.trial


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
    gap = compute_gap(evaluation.value, bound, tolerance)
    if gap == 0.0:
        return SitingPlan(opened.copy(), evaluation, evaluation.value, 0.0, "optimal", nodes, seconds)
    return SitingPlan(opened.copy(), evaluation, bound, gap, "feasible", nodes, seconds)


def build_infeasible(problem: SitingProblem, nodes: int, seconds: float) -> SitingPlan:
    """Return the imposed sites as the plan of a problem that has none: shown to explain, with no proof to give."""
    evaluation = evaluate(problem, problem.imposed)
    return SitingPlan(problem.imposed.copy(), evaluation, evaluation.value, 0.0, "infeasible", nodes, seconds)


def seed_plan(data: Data, moves: Moves, tree: Tree, warm: BoolArray | None) -> None:
    """Give the search its first plans: from the imposed sites, best gain first then best gain per euro, and `warm`."""
    from ancrage.siting._interchange import add_sites, improve_plan
    from ancrage.siting._kernels import BUDGET, PLACES
    from ancrage.siting._moves import start_moves
    from ancrage.siting._tree import offer_plan

    m = data.fixed.size
    offer_plan(data, tree, data.imposed)
    if warm is not None:
        kept = (np.asarray(warm, dtype=np.bool_) | data.imposed) & ~data.excluded
        if kept.sum() <= data.number[PLACES]:
            tree.trial[:] = kept
            offer_plan(data, tree, tree.trial)
            improve_plan(data, moves, tree.trial, 4 * m)
            offer_plan(data, tree, tree.trial)
    costly = bool(np.isfinite(data.number[BUDGET]))
    for by_cost in (False, True) if costly else (False,):
        tree.trial[:] = data.imposed
        start_moves(data, moves, tree.trial)
        add_sites(data, moves, tree.trial, by_cost)
        offer_plan(data, tree, tree.trial)
        improve_plan(data, moves, tree.trial, 4 * m)
        offer_plan(data, tree, tree.trial)


def kick_plan(data: Data, moves: Moves, tree: Tree, kicks: int) -> None:
    """Improve the best plan by kicks: exchange a few sites at random (seeded), then interchange."""
    from ancrage.siting._interchange import improve_plan
    from ancrage.siting._tree import VALUE, offer_plan

    m = data.fixed.size
    rng = np.random.default_rng(1)
    free = ~data.imposed & ~data.excluded
    current = tree.best.copy()
    reached = float(tree.score[VALUE])
    if not np.isfinite(reached):
        return
    failed = 0
    while failed < kicks:
        trial = current.copy()
        opened, closed = np.flatnonzero(trial & free), np.flatnonzero(~trial & free)
        out = min(int(rng.integers(1, 4)), opened.size)
        into = min(int(rng.integers(0, 4)), closed.size)
        trial[rng.permutation(opened)[:out]] = False
        trial[rng.permutation(closed)[:into]] = True
        improve_plan(data, moves, trial, 4 * m)
        before = float(tree.score[VALUE])
        offer_plan(data, tree, trial)
        if float(tree.score[VALUE]) > before:
            current = tree.best.copy()
            failed = 0
        else:
            failed += 1


def seed_multipliers(data: Data, tree: Tree) -> None:
    """Start the price of the budget from value per EUR, the other prices from 0."""
    from ancrage.siting._kernels import BUDGET
    from ancrage.siting._tree import VALUE

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
        floors=Floors(np.array(["1"]), np.zeros(2, dtype=np.int64), np.ones(2), np.array([0.1])),
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
