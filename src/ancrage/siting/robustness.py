"""How the best network moves when the uncertain coefficients do."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ancrage.errors import InputError
from ancrage.siting._arrays import build_data, build_moves, build_node, build_tree, restart_tree, write_scales
from ancrage.siting.evaluate import check_problem, evaluate
from ancrage.siting.problem import FloatArray, Robustness, SitingDraws, SitingPlan, SitingProblem
from ancrage.siting.solve import seed_multipliers

if TYPE_CHECKING:
    from ancrage.siting._kernels import Data

FIRST_STEPS = 400
"""Subgradient steps at the root of the first draw; the others start from its multipliers."""
NEXT_STEPS = 15
"""Subgradient steps at the root of the other draws."""
DRAW_WORK = 250_000
"""Arcs read at most for the proof of one draw (about 3 ms); past them the draw is not counted as proven."""
BLOCK = 125
"""Draws solved one after the other: blocks do not depend on each other, so the result does not depend on cores."""
POOL = 64
"""Networks kept in a block to start its next draws from."""


@dataclass(frozen=True)
class _Block:
    """What a block of draws gives: sums over its sites, and one row per draw."""

    share: FloatArray
    best_value: FloatArray
    plan_value: FloatArray
    plan_cost: FloatArray
    over: int
    proven: int


def solve_draws(
    problem: SitingProblem,
    draws: SitingDraws,
    best: SitingPlan,
    *,
    progress: Callable[[float], None] | None = None,
) -> Robustness:
    """Re-optimise the network under each draw, starting from the plan, and measure the plan kept as it is.

    Each draw starts from the best of the plan, of the networks met in the draws before it and of one built for it,
    improves it by interchange, then searches for a proof within `DRAW_WORK`. A draw in which no plan respects the
    constraints keeps the plan as its best network: its regret is 0 and its share goes to the plan's sites;
    `over_budget` counts it.

    Parameters
    ----------
    progress : called with the share of the draws done, 0..1, after each block.

    Raises
    ------
    InputError : for an inconsistent problem, or draws whose shapes or numbers do not fit it.
    """
    check_problem(problem)
    check_draws(problem, draws)
    count = draws.value.shape[0]
    blocks = [range(first, min(first + BLOCK, count)) for first in range(0, count, BLOCK)]
    # The kernels release the interpreter's lock.
    solved: list[_Block] = []
    with ThreadPoolExecutor() as threads:
        for block in threads.map(lambda block: _solve_block(problem, draws, best, block), blocks):
            solved.append(block)
            if progress is not None:
                progress(len(solved) / len(blocks))
    best_value = np.concatenate([block.best_value for block in solved])
    plan_value = np.concatenate([block.plan_value for block in solved])
    return Robustness(
        site_share=np.sum([block.share for block in solved], axis=0) / count,
        best_value=best_value,
        plan_value=plan_value,
        plan_cost=np.concatenate([block.plan_cost for block in solved]),
        regret=np.maximum(0.0, best_value - plan_value),
        over_budget=sum(block.over for block in solved) / count,
        proven=sum(block.proven for block in solved) / count,
    )


def _solve_block(problem: SitingProblem, draws: SitingDraws, best: SitingPlan, block: range) -> _Block:
    from ancrage.siting._interchange import add_sites
    from ancrage.siting._kernels import TOLERANCE, compute_excess, compute_totals
    from ancrage.siting._moves import start_moves
    from ancrage.siting._search import run_search, start_from_pool
    from ancrage.siting._tree import VALUE

    m = problem.site_code.size
    data = build_data(problem)
    moves, node, tree = build_moves(data), build_node(data), build_tree(data)
    root = tree.state.copy()
    tree.best[:] = best.open
    tree.score[VALUE] = max(0.0, evaluate(problem, best.open).value)
    seed_multipliers(data, tree)
    multipliers, price, scale = tree.u[0].copy(), float(tree.lam[0]), float(data.number[TOLERANCE])
    share = np.zeros(m)
    best_value, plan_value, plan_cost = (np.zeros(len(block)) for _ in range(3))
    over = proven = 0
    pool = np.zeros((POOL + 1, m), dtype=np.bool_)
    pool[0], pool[1] = best.open, data.imposed
    met = {pool[0].tobytes(), pool[1].tobytes()}
    size = 2
    for rank, r in enumerate(block):
        write_draw(data, draws, r)
        growth = float(data.number[TOLERANCE]) / scale if scale > 1e-290 else 1.0
        restart_tree(tree, root, multipliers * growth, price * growth, FIRST_STEPS if rank == 0 else NEXT_STEPS)
        plan_value[rank], plan_cost[rank], _ = compute_totals(data, best.open, moves.load, moves.worth)
        over += compute_excess(data, plan_cost[rank]) > 0
        tree.trial[:] = data.imposed
        start_moves(data, moves, tree.trial)
        add_sites(data, moves, tree.trial, by_cost=True)
        # The pool alone would keep to the networks near those already met.
        pool[size] = tree.trial
        start_from_pool(data, moves, tree, pool, size + 1)
        proven += run_search(data, moves, node, tree, DRAW_WORK, np.iinfo(np.int64).max // 2)
        multipliers, price, scale = tree.u[0].copy(), float(tree.lam[0]), float(data.number[TOLERANCE])
        if not np.isfinite(tree.score[VALUE]):
            best_value[rank] = plan_value[rank]
            share += best.open
            continue
        best_value[rank] = tree.score[VALUE]
        share += tree.best
        key = tree.best.tobytes()
        if key not in met and size < POOL:
            met.add(key)
            pool[size] = tree.best
            size += 1
    return _Block(share, best_value, plan_value, plan_cost, over, proven)


def write_draw(data: Data, draws: SitingDraws, r: int) -> None:
    """Put the coefficients of draw r in the arrays of the kernels."""
    from ancrage.siting._kernels import DESKS_PER_DAY

    data.value[:] = draws.value[r]
    data.demand[:] = draws.demand[r]
    data.col_value[:] = data.value[data.col_arc]
    data.col_demand[:] = data.demand[data.col_arc]
    data.fixed[:] = draws.fixed_cost[r]
    data.desk_cost[:] = draws.desk_cost[r]
    data.income[:] = draws.income[r]
    data.number[DESKS_PER_DAY] = draws.desks_per_day[r]
    write_scales(data)


def check_draws(problem: SitingProblem, draws: SitingDraws) -> None:
    """Raise InputError if draws do not fit the problem, or hold numbers that no problem may."""
    m, k = problem.site_code.size, problem.site.size
    count = draws.value.shape[0]
    shapes = {"value": (count, k), "demand": (count, k), "desks_per_day": (count,)}
    shapes |= dict.fromkeys(("fixed_cost", "desk_cost", "income"), (count, m))
    for name, shape in shapes.items():
        array = getattr(draws, name)
        if array.shape != shape or count == 0:
            raise InputError(
                f"Draws: `{name}` has shape {array.shape} where {shape} is expected, with at least one draw. "
                "Draw again from the same problem.",
                f"Tirages : `{name}` a la forme {array.shape} au lieu de {shape}, avec au moins un tirage. "
                "Refaites les tirages à partir du même problème.",
            )
        signed = name in ("value", "fixed_cost")
        wrong = ~np.isfinite(array) | ((array < 0) if not signed else False)
        wrong |= (array <= 0) if name == "desks_per_day" else False
        if np.any(wrong):
            r = int(np.argwhere(wrong)[0][0])
            value = array[tuple(np.argwhere(wrong)[0])]
            rule_en = "a finite number" if signed else "a finite number, not negative (above 0 for desks_per_day)"
            rule_fr = "un nombre fini" if signed else "un nombre fini, non négatif (positif : desks_per_day)"
            raise InputError(
                f"Draw {r}: `{name}` holds {value}; {rule_en} is needed. Check the intervals of the coefficients.",
                f"Tirage {r} : `{name}` contient {value} ; il faut {rule_fr}. Vérifiez les intervalles.",
            )


def build_drawn_problem(problem: SitingProblem, draws: SitingDraws, r: int) -> SitingProblem:
    """Return the problem of draw r, to be solved or evaluated on its own."""
    return replace(
        problem,
        value=draws.value[r],
        demand=draws.demand[r],
        fixed_cost=draws.fixed_cost[r],
        desk_cost=draws.desk_cost[r],
        income=draws.income[r],
        desks_per_day=float(draws.desks_per_day[r]),
    )
