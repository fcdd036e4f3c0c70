"""p-median on lists of near sites, cut where that loses nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ancrage.siting._benefits import Benefits, Int8Array, build_benefits
from ancrage.siting._facility_input import check_reach, check_served
from ancrage.siting._median_start import build_coarse_map
from ancrage.siting._neighbours import REACH_SLACK, Costs, MatrixCosts, PointCosts, choose_spread_sites, is_whole
from ancrage.siting.benefits import BenefitSolution, solve_benefits
from ancrage.siting.options import Watch, compute_gap
from ancrage.siting.problem import BoolArray, FloatArray, IntArray, SearchState

COMPLETE = 200_000
"""Pairs home x site up to which a p-median reads every pair; beyond, lists are cut and lengthened where they must."""
LARGEST_WHOLE = 40_000_000
"""Pairs up to which every pair is read too where cut lists would hold half of them."""
PAIRS = 12_000_000
"""Pairs aimed at in the first lists cut."""
COARSE_GAP, COARSE_SHARE, BEYOND, FIRST_GAP = 1e-3, 0.35, 1.15, 0.05
"""The coarse problem stops at this gap or at this share of the time; how far lists go beyond what it tells, and the gap
at which they are first checked."""
FEWEST, MOST = 3, 8
"""Lists from points end at the distance of the third to eighth nearest of sites spread as the weight is."""


@dataclass(frozen=True)
class MedianResult:
    """Sites of least total cost, as `FacilityPlan` describes them; opened is (m,), entries the longest lists read.

    price : (n,) cost at which each home stops paying for a nearer site, by the multipliers of the bound.
    """

    opened: BoolArray
    assigned: IntArray
    paid: FloatArray
    value: float
    bound: float
    proven: bool
    entries: int
    nodes: int
    price: FloatArray


def solve_on_lists(costs: Costs, weight: FloatArray, state: Int8Array, places: int, watch: Watch) -> MedianResult:
    """Solve on lists cut at a limit by home; lengthen those where the plan goes beyond, until none is.

    Whatever the limits, sum of weight x min(limit, cost) is at most the true cost of a plan, so its minimum is a
    bound; where no home goes beyond its limit the two are equal.

    Parameters
    ----------
    weight : (n,) >= 0; state : (m,) 1 imposed, 0 free, -1 excluded.

    Raises
    ------
    InputError : if a home of positive weight cannot be served.
    """
    wanted = watch.search.get("gap", 0.0)
    if isinstance(costs, PointCosts) and _is_better_whole(costs, places):
        costs = MatrixCosts(costs.build_matrix())
    whole = costs.whole and is_whole(weight)
    start = _solve_coarse(costs, weight, state, places, watch) if isinstance(costs, PointCosts) else None
    limit = start.limit if start else _choose_limits(costs, weight, state, places, watch.search.get("seed", 0))
    # Where every site costs each home the same nothing gains, and the solver opens none: the first site will do.
    best = np.arange(costs.sites) == np.flatnonzero(state >= 0)[0]
    warm = start.opened if start else None
    u = weight * np.maximum(0.0, start.limit - start.price) if start else None
    assigned, paid = np.zeros(0, dtype=np.int64), np.zeros(0)
    least, lower, entries, nodes = math.inf, -math.inf, 0, 0
    while True:
        benefits = _build_median(costs, limit, weight, state, places)
        base = math.fsum(weight * limit)
        # Lists that end early are checked on a first plan before the time is spent on them.
        aim = wanted if entries or start is None else max(wanted, FIRST_GAP)
        found = _solve_relaxation(benefits, base, lower, aim, watch, warm, u)
        entries, nodes = max(entries, benefits.value.size), nodes + found.nodes
        lower = max(lower, _round_bound(base - found.bound, base, whole))
        opened = found.open if found.open.any() else best
        nearest, cost = costs.find_nearest(np.flatnonzero(opened))
        cost = np.where(weight > 0, cost, 0.0)
        total = math.fsum(weight * cost)
        # A first plan that leaves a home out stands too: it is refused below, with its reason.
        if total < least or not assigned.size:
            least, best, assigned, paid = total, opened, nearest, weight * cost
            warm = best
        beyond = cost > limit * (1.0 + REACH_SLACK)
        exact = found.proven and not beyond.any()
        if exact or lower >= least or not math.isfinite(total):
            break
        if (not beyond.any() and aim == wanted) or watch.is_over() or compute_gap(least, lower) <= wanted:
            break
        longer = np.where(beyond, 2.0 * cost, limit)
        u = found.u + weight * (longer - limit)
        limit = longer
    check_served(paid, weight, places, proven=found.proven)
    price = limit - np.divide(found.u, weight, out=np.zeros_like(limit), where=weight > 0)
    return MedianResult(best, assigned, paid, least, lower, exact or lower >= least, entries, nodes, price)


@dataclass(frozen=True)
class _Start:
    """Where the lists of the homes end, the costs at which they stop paying, (n,), and a plan, (m,)."""

    limit: FloatArray
    price: FloatArray
    opened: BoolArray


def _solve_coarse(costs: PointCosts, weight: FloatArray, state: Int8Array, places: int, watch: Watch) -> _Start | None:
    """Return where to start from, by the same problem drawn coarser, or None where it would not help."""
    drawn = build_coarse_map(costs, weight, state, places)
    if drawn is None:
        return None
    options = watch.list_options()
    options["gap"] = max(COARSE_GAP, options.get("gap", 0.0))
    options.pop("progress", None)
    left = options.get("deadline")
    if left is not None:
        options["deadline"] = COARSE_SHARE * left
    found = solve_on_lists(drawn.costs, drawn.weight, np.zeros(drawn.sites.size, dtype=np.int8), places, Watch(options))
    opened = drawn.spread(found.opened, costs.sites)
    price = drawn.interpolate(found.price, costs.home)
    opened_at = np.flatnonzero(opened)
    _, cost = costs.find_nearest(opened_at)
    # Without its second open site in its list, the loss of the first looks smaller than it is; far islands apart, whose
    # lists would hold everything.
    second = costs.find_distance(opened_at, min(2, opened_at.size))
    reach = np.maximum(price, cost)
    limit = np.maximum(BEYOND * reach, np.minimum(second, 2.0 * reach)) + (1.0 if costs.whole else 0.0)
    return _Start(np.ceil(limit) if costs.whole else limit, price, opened)


def _is_better_whole(costs: Costs, places: int) -> bool:
    """Return whether to read every pair: there are few, or cut lists would hold half of them."""
    pairs = costs.homes * costs.sites
    return pairs <= COMPLETE or (places <= 2 * FEWEST and pairs <= LARGEST_WHOLE)


def _choose_limits(costs: Costs, weight: FloatArray, state: Int8Array, places: int, seed: int) -> FloatArray:
    """Return the cost at which the list of each home ends, (n,): every pair where there are few."""
    allowed = state >= 0
    if isinstance(costs, PointCosts):
        spread = choose_spread_sites(costs, weight, places, np.flatnonzero(state > 0), allowed, seed)
        rank = round(PAIRS * places / (costs.homes * costs.sites))
        limit = costs.find_distance(spread, min(max(rank, FEWEST), MOST, spread.size))
        # One more: the limit itself is out of the list, and whole distances have ties.
        return limit + 1.0 if costs.whole else limit
    assert isinstance(costs, MatrixCosts)
    table = costs.costs[:, allowed]
    check_reach(table, weight)
    farthest = np.where(np.isfinite(table), table, 0.0).max(axis=1)
    if not np.isfinite(table[weight > 0]).all():
        # Leaving a home out must cost more than all that the others could save by it.
        nearest = table.min(axis=1)
        most = math.fsum((weight * (farthest - np.where(weight > 0, nearest, 0.0)))[weight > 0]) + 1.0
        return farthest + np.where(weight > 0, np.ceil(most / np.where(weight > 0, weight, 1.0)), 0.0)
    rank = 12 * table.shape[1] // places + 40
    if _is_better_whole(costs, places) or 2 * rank > table.shape[1]:
        return farthest
    return np.partition(table, rank, axis=1)[:, rank]


def _build_median(costs: Costs, limit: FloatArray, weight: FloatArray, state: Int8Array, places: int) -> Benefits:
    row, site, value = costs.list_near(limit, weight)
    return build_benefits(row, site, value, fixed=np.zeros(costs.sites), state=state, places=places)


def _solve_relaxation(
    benefits: Benefits,
    base: float,
    lower: float,
    wanted: float,
    watch: Watch,
    warm: BoolArray | None,
    u: FloatArray | None,
) -> BenefitSolution:
    """Solve the benefits of a p-median, telling costs instead of benefits, until its gap in cost is the one wanted."""
    options = watch.list_options()
    tell, ask = options.get("progress"), options.get("cancelled")
    near = False

    def turn(state: SearchState) -> None:
        nonlocal near
        value, bound = base - state.value, max(lower, base - state.bound)
        gap = compute_gap(value, bound) if math.isfinite(value) else math.inf
        near = gap <= wanted
        if tell is not None:
            tell(SearchState(value, bound, gap, state.nodes, watch.read_seconds()))

    options["gap"] = 0.0
    if tell is not None or wanted > 0:
        options["progress"] = turn
        options["cancelled"] = lambda: near or (ask is not None and ask())
    return solve_benefits(benefits, warm=warm, u=u, **options)


def _round_bound(bound: float, base: float, whole: bool) -> float:
    """Return a lower bound rounded up where every plan costs a whole number, less what rounding may have added."""
    return float(math.ceil(bound - 1e-6 - 1e-12 * base)) if whole else bound
