"""How the best network moves when the uncertain coefficients do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ancrage.errors import InputError
from ancrage.siting.evaluate import check_problem, evaluate
from ancrage.siting.problem import FloatArray, Robustness, SitingDraws, SitingPlan, SitingProblem
from ancrage.siting.solve import (
    NODE_STEPS,
    build_data,
    build_moves,
    build_node,
    build_tree,
    seed_multipliers,
    write_scales,
)

if TYPE_CHECKING:
    from ancrage.siting._kernels import Data, Int8Array
    from ancrage.siting._search import Tree

FIRST_STEPS = 400
"""Subgradient steps at the root of the first draw; the others start from its multipliers."""
NEXT_STEPS = 40
"""Subgradient steps at the root of the other draws."""
DRAW_WORK = 4_000_000
"""Arcs read at most for the proof of one draw (about 10 ms); past them the draw is not counted as proven."""


def solve_draws(problem: SitingProblem, draws: SitingDraws, best: SitingPlan) -> Robustness:
    """Re-optimise the network under each draw, starting from the plan, and measure the plan kept as it is.

    A draw in which no plan respects the constraints keeps the plan as its best network: its regret is 0 and its
    share goes to the plan's sites; `over_budget` counts it.

    Raises
    ------
    InputError : for an inconsistent problem, or draws whose shapes or numbers do not fit it.
    """
    check_problem(problem)
    check_draws(problem, draws)
    from ancrage.siting._kernels import TOLERANCE, compute_excess, compute_totals, improve_plan
    from ancrage.siting._search import VALUE, offer_plan, run_search

    count, m = draws.value.shape[0], problem.site_code.size
    data = build_data(problem)
    moves, node, tree = build_moves(data), build_node(data), build_tree(data)
    root = tree.state.copy()
    tree.best[:] = best.open
    tree.score[VALUE] = max(0.0, evaluate(problem, best.open).value)
    seed_multipliers(data, moves, tree)
    multipliers, price, scale = tree.u[0].copy(), float(tree.lam[0]), float(data.number[TOLERANCE])
    share = np.zeros(m)
    best_value, plan_value, plan_cost, excess = (np.zeros(count) for _ in range(4))
    proven = 0
    for r in range(count):
        write_draw(data, draws, r)
        growth = float(data.number[TOLERANCE]) / scale if scale > 1e-290 else 1.0
        restart_tree(tree, root, multipliers * growth, price * growth, FIRST_STEPS if r == 0 else NEXT_STEPS)
        plan_value[r], plan_cost[r] = compute_totals(data, best.open, moves.load, moves.worth)
        excess[r] = compute_excess(data, plan_cost[r])
        for start in (best.open, data.imposed):
            tree.trial[:] = start
            offer_plan(data, moves, tree, tree.trial)
            improve_plan(data, moves, tree.trial, 4 * m)
            offer_plan(data, moves, tree, tree.trial)
            if np.isfinite(tree.score[VALUE]):
                break
        proven += run_search(data, moves, node, tree, DRAW_WORK, np.iinfo(np.int64).max // 2)
        multipliers, price, scale = tree.u[0].copy(), float(tree.lam[0]), float(data.number[TOLERANCE])
        if np.isfinite(tree.score[VALUE]):
            best_value[r] = tree.score[VALUE]
            share += tree.best
        else:
            best_value[r] = plan_value[r]
            share += best.open
    regret = np.maximum(0.0, best_value - plan_value)
    return Robustness(
        site_share=share / count,
        best_value=best_value,
        plan_value=plan_value,
        plan_cost=plan_cost,
        regret=regret,
        over_budget=float(np.mean(excess > 0)),
        proven=proven / count,
    )


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


def restart_tree(tree: Tree, root: Int8Array, u: FloatArray, price: float, steps: int) -> None:
    """Bring a search back to its root, with multipliers to start from."""
    from ancrage.siting._search import NODE_STEPS as NODE_STEPS_AT
    from ancrage.siting._search import ROOT_STEPS

    tree.state[:] = root
    tree.phase[0] = 0
    tree.bound[:] = np.inf
    tree.u[0] = u
    tree.lam[0] = price
    tree.tally[:] = 0
    tree.tally[ROOT_STEPS] = steps
    tree.tally[NODE_STEPS_AT] = NODE_STEPS
    tree.score[:] = -np.inf


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
