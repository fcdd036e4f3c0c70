"""Around the best plan: frontier, alternatives, price of constraints, what each site adds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from ancrage.errors import InputError
from ancrage.siting._arrays import (
    ROOT_STEPS,
    build_data,
    build_moves,
    build_node,
    build_tree,
    restart_tree,
    write_scales,
)
from ancrage.siting.evaluate import check_limits, check_problem, compute_budget_limit, evaluate
from ancrage.siting.options import Search, Watch
from ancrage.siting.problem import (
    Alternative,
    BoolArray,
    ConstraintKind,
    ConstraintPrice,
    FloatArray,
    FrontierPoint,
    SitingPlan,
    SitingProblem,
)
from ancrage.siting.solve import (
    Engine,
    NoPlanError,
    build_infeasible,
    build_plan,
    compute_gap,
    reduce_large,
    run_engine,
    seed_multipliers,
    solve,
    solve_reduced,
)

NEXT_STEPS = 100
"""Subgradient steps at the root of a limit that starts from the prices of the limit below."""
ALTERNATIVE_WORK = 300_000_000
"""Arcs read at most to find one alternative (a few seconds); the farthest plan found until then is kept."""


def compute_frontier(
    problem: SitingProblem,
    limits: Sequence[float],
    by: Literal["budget", "places"],
    *,
    deadline: float | None = None,
    clock: Callable[[], float] | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    gap: float = 0.0,
) -> tuple[FrontierPoint, ...]:
    """Return the best plan for each limit, in the order given; the other constraints stay.

    Each limit starts from the plan and the prices of the one below, so that the value never falls when the limit
    grows, proof or not; nor does the bound, since what bounds a limit bounds the smaller ones. A limit that no plan
    respects gives an infeasible plan; one whose search ends before any plan is found or excluded is not returned.

    Parameters
    ----------
    limits : budgets [EUR/year] or numbers of places.
    deadline : seconds allowed for each limit, counted by `clock`.
    progress : called with the share done, 0..1, after each limit.
    cancelled : once true, the search under way stops and the limits left are not returned.
    gap : relative gap at which the search of a limit may stop, 0 for the proof.

    Raises
    ------
    InputError : for an inconsistent problem, or a number of places that is not a whole number >= 0.
    """
    from ancrage.siting._kernels import BUDGET, PLACES, TOLERANCE

    for limit in limits:
        if by == "places" and (limit < 0 or limit != int(limit)):
            raise InputError(
                f"The frontier asks for {limit} places; a whole number >= 0 is needed. Correct the limits.",
                f"La frontière demande {limit} lieux ; il faut un nombre entier positif ou nul. Corrigez les limites.",
            )
    search: Search = {"deadline": deadline, "clock": clock, "cancelled": cancelled, "gap": gap}
    Watch(search)
    plans: dict[float, SitingPlan] = {}
    warm: BoolArray | None = None
    rising = sorted({float(limit) for limit in limits})
    engine: Engine | None = None
    for limit in rising:
        if cancelled is not None and cancelled():
            break
        if by == "places" and limit < problem.imposed.sum():
            plans[limit] = build_infeasible(problem, 0, 0.0)
            continue
        limited = replace(problem, budget=limit) if by == "budget" else replace(problem, max_places=int(limit))
        (check_limits if plans else check_problem)(limited)
        benefits = reduce_large(limited)
        if benefits is not None:
            plan = solve_reduced(limited, benefits, warm, search)
        else:
            if engine is None:
                data = build_data(limited)
                engine = Engine(data, build_moves(data), build_node(data), build_tree(data))
                root = engine.tree.state.copy()
                steps = ROOT_STEPS
            else:
                if by == "budget":
                    engine.data.number[BUDGET] = compute_budget_limit(limit)
                else:
                    engine.data.number[PLACES] = min(limit, problem.site_code.size)
                write_scales(engine.data)
                restart_tree(engine.tree, root, engine.tree.u[0].copy(), float(engine.tree.lam[0]), steps)
            try:
                plan = run_engine(limited, engine, warm, Watch(search), priced=warm is not None)
            except NoPlanError:
                # Floors that a low limit hardly meets: nothing is known of this limit, the next ones have more room.
                continue
        if plan.status != "infeasible":
            warm = plan.open
            steps = NEXT_STEPS
        plans[limit] = plan
        if progress is not None:
            progress(len(plans) / len(rising))
    tolerance = 0.0 if engine is None else float(engine.data.number[TOLERANCE])
    higher = float("inf")
    for limit in sorted(plans, reverse=True):
        plan = plans[limit]
        if plan.status == "feasible" and plan.bound > higher:
            plan = replace(
                plan,
                bound=max(higher, plan.evaluation.value),
                gap=compute_gap(plan.evaluation.value, higher, tolerance),
            )
            plans[limit] = replace(plan, status="optimal") if plan.gap == 0.0 else plan
        if plan.status != "infeasible":
            higher = plans[limit].bound
    return tuple(FrontierPoint(float(limit), plans[float(limit)]) for limit in limits if float(limit) in plans)


def list_alternatives(
    problem: SitingProblem, best: SitingPlan, count: int = 3, epsilon: float = 0.02
) -> tuple[Alternative, ...]:
    """Return plans within `epsilon` of the best value, each as far as possible from the best and from those before.

    The distance of two plans is the number of sites open in one and not in the other; the one maximised is that to
    the nearest plan already listed, then the value. They obey the same constraints. Fewer are returned when no
    other plan is within epsilon, or when none was found within ALTERNATIVE_WORK.

    Raises
    ------
    InputError : for an inconsistent problem, a negative epsilon, or a best plan that is infeasible.
    """
    check_problem(problem)
    check_priced(best)
    if not epsilon >= 0:
        raise InputError(
            f"Alternatives are asked within {epsilon} of the best value; a share >= 0 is needed (0.02 for 2 %).",
            f"Des variantes sont demandées à {epsilon} de la meilleure valeur ; il faut une part >= 0 (0,02 pour 2 %).",
        )
    from ancrage.siting._kernels import TOLERANCE
    from ancrage.siting._search import run_search
    from ancrage.siting._tree import DISTANCE, FLOOR, NODES

    data = build_data(problem)
    moves, node = build_moves(data), build_node(data)
    value = best.evaluation.value
    listed: list[BoolArray] = [best.open]
    found: list[Alternative] = []
    for _ in range(count):
        tree = build_tree(data, np.array(listed, dtype=np.bool_))
        tree.best[:] = best.open
        tree.score[FLOOR] = value - epsilon * abs(value)
        seed_multipliers(data, tree)
        run_search(data, moves, node, tree, ALTERNATIVE_WORK, np.iinfo(np.int64).max // 2)
        if tree.tally[DISTANCE] == 0:
            break
        opened = tree.best.copy()
        listed.append(opened)
        plan = build_plan(
            problem,
            opened,
            bound=best.bound,
            tolerance=float(data.number[TOLERANCE]),
            nodes=int(tree.tally[NODES]),
        )
        loss = max(0.0, value - plan.evaluation.value) / abs(value) if value else 0.0
        found.append(Alternative(plan, loss, int(np.sum(opened != best.open))))
    return tuple(found)


def price_constraints(
    problem: SitingProblem,
    best: SitingPlan,
    *,
    deadline: float | None = None,
    clock: Callable[[], float] | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[ConstraintPrice, ...]:
    """Return what each imposed site, each excluded site and each floor costs: the problem is solved without it.

    Sites come first, by number, then the floors above 0, by zone.

    Parameters
    ----------
    deadline : seconds allowed for each constraint, counted by `clock`.
    progress : called with the share done, 0..1, after each constraint.
    cancelled : once true, the constraints left are not priced.

    Raises
    ------
    InputError : for an inconsistent problem, or a best plan that is infeasible.
    """
    check_problem(problem)
    check_priced(best)
    floors = problem.floors
    sites = np.flatnonzero(problem.imposed | problem.excluded)
    zones = np.zeros(0, dtype=np.int64) if floors is None else np.flatnonzero(floors.share > 0)
    relaxed: list[tuple[int, ConstraintKind, str, SitingProblem]] = []
    for s in sites:
        imposed, excluded = problem.imposed.copy(), problem.excluded.copy()
        kind: ConstraintKind = "imposed" if imposed[s] else "excluded"
        imposed[s] = excluded[s] = False
        relaxed.append((int(s), kind, "", replace(problem, imposed=imposed, excluded=excluded)))
    for zone in zones:
        assert floors is not None
        share = floors.share.copy()
        share[zone] = 0.0
        without = replace(problem, floors=replace(floors, share=share))
        relaxed.append((-1, "floor", str(floors.zone_code[zone]), without))
    prices: list[ConstraintPrice] = []
    for site, kind, zone_code, other in relaxed:
        if cancelled is not None and cancelled():
            break
        plan = solve(other, deadline=deadline, clock=clock, warm=best.open, cancelled=cancelled)
        price = max(0.0, plan.evaluation.value - best.evaluation.value)
        prices.append(ConstraintPrice(site, kind, price, plan, zone_code))
        if progress is not None:
            progress(len(prices) / len(relaxed))
    return tuple(prices)


def check_priced(best: SitingPlan) -> None:
    """Raise InputError if there is no feasible best plan to compare with."""
    if best.status == "infeasible":
        raise InputError(
            "No plan respects the constraints, so there is nothing to compare with. Raise the budget or impose "
            "fewer sites first.",
            "Aucun plan ne respecte les contraintes : il n'y a rien à comparer. Relevez d'abord le budget ou imposez "
            "moins de sites.",
        )


def compute_marginal_losses(problem: SitingProblem, open: BoolArray) -> FloatArray:  # noqa: A002
    """Return the value lost if a site is removed and nothing else changes, (m,) [unit], 0 for a closed site.

    Negative where a site costs more than it brings, or sends people to a place worse than their next one.
    """
    whole = evaluate(problem, open).value
    losses = np.zeros(problem.site_code.size)
    for s in np.flatnonzero(open):
        without = np.array(open, dtype=np.bool_)
        without[s] = False
        losses[s] = whole - evaluate(problem, without).value
    return losses
