"""The best set of sites on sparse benefits, at any size, with its proof (docs/method/siting.md).

Good plans (greedy, interchange, iterated local search) and the Lagrangian bound advance together, in rounds of counted
work; each tells the other what it found. Then sites are decided, the instance shrinks, and a branch and bound ends it.

What the benefits should hold: every entry that may count. Where a list of neighbours is cut (p-median), its first
entry left out must give 0 (the cost of that entry is the sentinel), and the list must go well beyond the second best
open site of a good plan: the multipliers live there, and the bound is that of the cut lists.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ancrage.errors import InputError
from ancrage.siting._benefit_bound import EPSILON, find_divisor
from ancrage.siting._benefit_plan import build_plan_state
from ancrage.siting._benefit_search import Search, build_root, compute_multipliers, seed_plan, solve_root, solve_tree
from ancrage.siting._benefits import Benefits, build_benefits
from ancrage.siting.options import check_clock
from ancrage.siting.problem import BoolArray, FloatArray, SearchState, SitingProblem

TIE = 1e-10
"""Plans whose values differ by less than this share of the sum of the homes' best benefits are held equal."""


@dataclass(frozen=True)
class BenefitSolution:
    """A set of sites and its proof.

    Attributes
    ----------
    open : (m,) open sites; value : what they give, fixed costs taken off [unit].
    bound : no set of sites can give more [unit], at most the rounding of sums apart.
    proven : whether no other set gives more, ties within 1e-10 of the sum of the homes' best benefits apart.
    nodes : nodes of the tree, 0 when the root was enough; seconds : by the clock given.
    u : (n,) multipliers of the best bound before any site was decided: with them anyone can compute that bound again.
    """

    open: BoolArray
    value: float
    bound: float
    proven: bool
    nodes: int
    seconds: float
    u: FloatArray


def solve_benefits(
    benefits: Benefits,
    *,
    deadline: float | None = None,
    clock: Callable[[], float] | None = None,
    warm: BoolArray | None = None,
    u: FloatArray | None = None,
    seed: int = 0,
    progress: Callable[[SearchState], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    gap: float = 0.0,
) -> BenefitSolution:
    """Return the best set of sites and its proof.

    When the search ends by itself (proof or gap), the result depends on the benefits, `warm`, `seed` and `gap` only:
    work is measured in counts, and what two threads do is exchanged at fixed counts.

    Parameters
    ----------
    deadline : seconds allowed, counted by `clock` from the call; past them the best plan so far is returned, with the
        bound reached. None goes to the proof, or to `gap`.
    clock : returns seconds, such as time.perf_counter; without it no time is measured.
    warm : (m,) a plan to start from; imposed sites are added, excluded ones and those beyond the places taken out.
    u : (n,) multipliers to start from, >= 0; any give a valid bound.
    seed : of the local search.
    progress : receives the state of the search a few times per second.
    cancelled : asked as often; True stops the search as a deadline does.
    gap : (bound - value) / |value| that is good enough.

    Raises
    ------
    InputError : for more imposed sites than places, values that are not finite, or a deadline without a clock.
    """
    check_benefits(benefits)
    check_clock(deadline, clock)
    margin, doubt, slack = compute_margin(benefits)
    search = Search(
        benefits=benefits,
        margin=margin,
        slack=slack,
        seed=seed,
        gap=gap,
        deadline=deadline,
        clock=clock,
        progress=progress,
        cancelled=cancelled,
        started=clock() if clock else 0.0,
        open=benefits.state > 0,
        decided=benefits.state.copy(),
    )
    plans = build_plan_state(benefits)
    seed_plan(search, plans, warm)
    with ThreadPoolExecutor(max_workers=1) as second:
        instance = build_root(search, plans, u)
        over, instance = solve_root(search, instance, plans, second)
        u = compute_multipliers(search, instance) if search.u is None else search.u
        if not over:
            solve_tree(search, instance, plans, second)
    proven = search.is_proven()
    bound = search.value + doubt if proven else max(search.bound, search.value) + slack
    return BenefitSolution(
        open=search.open,
        value=search.value,
        bound=bound,
        proven=proven,
        nodes=search.nodes,
        seconds=clock() - search.started if clock else 0.0,
        u=u,
    )


def check_benefits(benefits: Benefits) -> None:
    """Raise InputError for more imposed sites than places, or for values that are not finite."""
    imposed = int(np.sum(benefits.state > 0))
    if imposed > benefits.places:
        raise InputError(
            f"{imposed} sites are imposed, more than the {benefits.places} places allowed. "
            "Allow more places or impose fewer sites.",
            f"{imposed} sites sont imposés, plus que les {benefits.places} lieux permis. "
            "Permettez plus de lieux ou imposez moins de sites.",
        )
    for name, array in (("value", benefits.value), ("fixed", benefits.fixed)):
        if array.size and not (np.isfinite(np.min(array)) and np.isfinite(np.max(array))):
            at = int(np.flatnonzero(~np.isfinite(array))[0])
            raise InputError(
                f"Benefits: `{name}` is {array[at]} at place {at}; a finite number is needed. Correct it.",
                f"Bénéfices : `{name}` vaut {array[at]} à la place {at} ; il faut un nombre fini. Corrigez-le.",
            )


def compute_scale(benefits: Benefits) -> float:
    """Return the sum of the homes' best benefits and of the sizes of the fixed costs [unit]: plans are not larger."""
    filled = benefits.row[:-1] < benefits.row[1:]
    best = benefits.value[benefits.row[:-1][filled]].sum() if benefits.value.size else 0.0
    return float(best + np.abs(benefits.fixed).sum())


def compute_margin(benefits: Benefits) -> tuple[float, float, float]:
    """Return three small amounts [unit]: the margin of a better plan, the doubt of a proof, and the rounding of sums.

    A bound less than the margin above the best plan proves it: the best value is at most the doubt above. Sums of k
    floats are within k x epsilon of the sum of their sizes. Where all values are multiples of a step, no plan lies
    between the best and the next multiple (and sums of integers are exact); else ties are held equal (`TIE`).
    """
    scale = compute_scale(benefits)
    longest = int(np.diff(benefits.col).max(initial=0))
    slack = EPSILON * (benefits.row.size + benefits.fixed.size + longest + 8) * scale
    step = compute_step(benefits)
    margin = step * (1 - 1e-6) - 2 * slack
    if margin > TIE * scale:
        return margin, 0.0 if step.is_integer() else slack, slack
    margin = TIE * scale + 2 * slack + 1e-300
    return margin, margin + slack, slack


def compute_step(benefits: Benefits) -> float:
    """Return the largest step of which every value is a multiple, among integers and decimals; 0 for none [unit]."""
    for scale in (1.0, 10.0, 100.0, 1000.0):
        step = find_divisor(benefits.value, scale, find_divisor(benefits.fixed, scale, 0.0))
        if step > 0.0:
            return float(step) / scale
    return 0.0


def reduce_problem(problem: SitingProblem) -> Benefits | None:
    """Return the benefits of a siting problem where both are the same problem, else None.

    They are when people's nearest open site is also the one of largest value, never negative, and when costs do not
    depend on who comes: no budget, no floor, no site whose desks could run out, and desks that cost nothing or stay at
    their least number. Arcs beyond an imposed site are never used, nor those of excluded sites: they may be anything.

    value(open) = sum of the benefits - sum of cost_weight x (fixed_cost + desk_cost x desks_min), with
    benefit = value + cost_weight x income x demand of the first open arc (docs/method/siting.md, section 1).
    """
    if problem.budget is not None or problem.floors is not None:
        return None
    site, weight = problem.site, problem.cost_weight
    home = np.repeat(np.arange(problem.home_code.size), np.diff(problem.row))
    met = np.concatenate([[0], np.cumsum(problem.imposed[site])])
    behind = met[:-1] > met[problem.row[home]]
    kept = ~behind & ~problem.excluded[site]
    home, site, demand = home[kept], site[kept], problem.demand[kept]
    benefit = problem.value[kept] + weight * problem.income[site] * demand
    falls = (benefit[1:] <= benefit[:-1]) | (home[1:] != home[:-1])
    wanted = problem.desks_per_day * np.bincount(site, demand, problem.site_code.size)
    steady = (weight * problem.desk_cost == 0.0) | (wanted <= problem.desks_min)
    usable = ~problem.excluded
    if np.any(benefit < 0.0) or not np.all(falls) or np.any((wanted > problem.desks_max) & usable):
        return None
    if not np.all(steady | ~usable):
        return None
    m = problem.site_code.size
    return build_benefits(
        np.concatenate([[0], np.cumsum(np.bincount(home, minlength=problem.home_code.size))]),
        site,
        benefit,
        fixed=weight * (problem.fixed_cost + problem.desk_cost * problem.desks_min),
        state=problem.imposed.astype(np.int8) - problem.excluded.astype(np.int8),
        places=m if problem.max_places is None else problem.max_places,
    )
