"""Why a site is open, or not: who uses it, what it brings, what would replace it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ancrage.errors import InputError
from ancrage.siting.evaluate import FLOOR_ROUNDING, compute_budget_limit, compute_floor_shares, evaluate
from ancrage.siting.problem import BoolArray, FloatArray, IntArray, SitingPlan, SitingProblem


@dataclass(frozen=True)
class SiteReason:
    """One site in a plan.

    Attributes
    ----------
    site : number of the site; is_open : whether the plan opens it.
    users : homes that use it, or would use it if it opened and nothing else changed.
    demand : (users,) desk-days per week that they ask there; next_site : (users,) where they would go if it closed, or
        go today if it is closed, -1 for nowhere.
    brought : value given by its users, net of the weighted cost of the place [unit].
    marginal : change of the plan's value that the site makes on its own: value lost if an open site closes, value
        gained if a closed one opens, nothing else changing [unit]. May be negative.
    cost : change of the plan's net cost that goes with it [EUR/year].
    fits : whether the plan with the site changed still respects places, budget, floors and imposed or excluded sites.
    swap : the site whose exchange with this one loses least among those that respect the constraints (a closed one
        that would take the place of an open site, an open one that a closed site would replace), -1 when there is none.
    swap_loss : value lost by that exchange [unit], negative where it would gain; NaN when there is none.
    """

    site: int
    is_open: bool
    users: IntArray
    demand: FloatArray
    next_site: IntArray
    brought: float
    marginal: float
    cost: float
    fits: bool
    swap: int
    swap_loss: float


def explain_site(problem: SitingProblem, plan: SitingPlan, s: int) -> SiteReason:
    """Return why site s is in the plan, or why it is not, every figure recomputed by `evaluate`.

    Raises
    ------
    InputError : if there is no site number s, or the plan is not one of this problem.
    """
    m = problem.site_code.size
    if not 0 <= s < m:
        raise InputError(
            f"Site number {s} is asked for, but there are {m} sites (0 to {max(m - 1, 0)}). Give one of them.",
            f"Le site numéro {s} est demandé, mais il y a {m} sites (0 à {max(m - 1, 0)}). Donnez l'un d'eux.",
        )
    if plan.open.size != m:
        raise InputError(
            f"The plan has {plan.open.size} sites where the problem has {m}. Give the plan of this problem.",
            f"Le plan a {plan.open.size} sites, le problème {m}. Donnez le plan de ce problème.",
        )
    is_open = bool(plan.open[s])
    other = plan.open.copy()
    other[s] = not is_open
    here, there = evaluate(problem, plan.open), evaluate(problem, other)
    opened, closed = (here, there) if is_open else (there, here)
    users = np.flatnonzero(opened.used == s)
    home = np.repeat(np.arange(problem.home_code.size), np.diff(problem.row))
    arcs = np.flatnonzero((problem.site == s) & (opened.used[home] == s))
    desks, load, share = int(opened.desks[s]), float(opened.load[s]), float(opened.served[s])
    price = float(problem.fixed_cost[s] + problem.desk_cost[s] * desks - problem.income[s] * share * load)
    swap, swap_loss = _choose_swap(problem, plan.open, s, here.value)
    return SiteReason(
        site=s,
        is_open=is_open,
        users=users,
        demand=problem.demand[arcs],
        next_site=closed.used[users],
        brought=share * float(problem.value[arcs].sum()) - problem.cost_weight * price,
        marginal=opened.value - closed.value,
        cost=opened.cost - closed.cost,
        fits=_is_allowed(problem, other),
        swap=swap,
        swap_loss=swap_loss,
    )


def _choose_swap(problem: SitingProblem, opened: BoolArray, s: int, value: float) -> tuple[int, float]:
    best, loss = -1, float("nan")
    for t in np.flatnonzero(opened != opened[s]):
        exchanged = opened.copy()
        exchanged[s], exchanged[t] = opened[t], opened[s]
        if not _is_allowed(problem, exchanged):
            continue
        lost = value - evaluate(problem, exchanged).value
        if best < 0 or lost < loss:
            best, loss = int(t), lost
    return best, loss


def _is_allowed(problem: SitingProblem, opened: BoolArray) -> bool:
    if np.any(problem.imposed & ~opened) or np.any(problem.excluded & opened):
        return False
    if problem.max_places is not None and opened.sum() > problem.max_places:
        return False
    evaluation = evaluate(problem, opened)
    if evaluation.cost > compute_budget_limit(problem.budget):
        return False
    if problem.floors is None:
        return True
    shares = compute_floor_shares(problem.floors, evaluation.used, evaluation.served)
    return bool(np.all(shares >= problem.floors.share - FLOOR_ROUNDING))
