"""The siting engine alone, for any field: from costs, points or benefits to a plan and its proof.

p-median: the least total cost of reaching the nearest of p sites. Coverage: the most weight within a limit of p sites.
Set covering: the fewest sites that cover a share of the weight. Saving: the most benefit, less the cost of open sites.
Homes (clients) and sites are numbered from 0. Guide: docs/guide/siting-alone.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Unpack, get_args

import numpy as np
from numpy.typing import ArrayLike

from ancrage.siting._benefit_bound import Rows, shorten_rows
from ancrage.siting._benefits import Benefits, Int8Array, build_benefits
from ancrage.siting._facility_input import (
    build_state,
    check_attainable,
    check_costs,
    check_fixed,
    check_limit,
    check_places,
    check_points,
    check_savings,
    check_share,
    check_weight,
)
from ancrage.siting._median import solve_on_lists
from ancrage.siting._neighbours import Costs, MatrixCosts, Metric, PointCosts, build_point_costs
from ancrage.siting.benefits import solve_benefits
from ancrage.siting.cover import solve_cover
from ancrage.siting.cover import solve_covering as solve_least_cover
from ancrage.siting.options import Search, Watch, compute_gap
from ancrage.siting.problem import BoolArray, FloatArray, IntArray

Objective = Literal["p-median", "coverage", "set-cover", "saving"]


@dataclass(frozen=True)
class FacilityPlan:
    """Open sites and the proof of what they are worth.

    Attributes
    ----------
    objective : "p-median" and "set-cover" are minimised, "coverage" and "saving" maximised.
    sites : (k,) numbers of the open sites, sorted.
    assigned : (n,) site used by each home: the nearest (the one that gives most, for a saving), -1 for none.
    given : (n,) weighted cost of each home (p-median), weight covered (coverage, set-cover) or benefit (saving).
    value : of the plan, recomputed from the data without the solver [unit].
    bound : no plan can be better: at most the value when minimised, at least the value when maximised.
    gap : |value - bound| / |value|. proven : True when no plan is better (bound = value).
    entries : pairs home x site read; nodes, seconds : work done; unit : of value and bound.
    """

    objective: Objective
    sites: IntArray
    assigned: IntArray
    given: FloatArray
    value: float
    bound: float
    gap: float
    proven: bool
    entries: int
    nodes: int
    seconds: float
    unit: str


def solve_median(
    costs: ArrayLike,
    places: int,
    *,
    weight: ArrayLike | None = None,
    imposed: Iterable[int] = (),
    excluded: Iterable[int] = (),
    **search: Unpack[Search],
) -> FacilityPlan:
    """Return the at most `places` sites of least total cost: sum of weight x cost to the nearest open site.

    Parameters
    ----------
    costs : (n, m) from home to site, >= 0. inf: the home cannot use the site. A plan must serve every home of positive
        weight.
    weight : (n,) >= 0, 1 each by default.
    imposed, excluded : numbers of sites that must be open, or closed.

    Raises
    ------
    InputError : for inconsistent data, a home that reaches no site, or places too few to serve every home.
    """
    return _solve_median(MatrixCosts(check_costs(costs)), places, weight, imposed, excluded, "cost", search)


def solve_median_points(
    points: ArrayLike,
    places: int,
    *,
    sites: ArrayLike | None = None,
    metric: Metric = "euclidean",
    weight: ArrayLike | None = None,
    imposed: Iterable[int] = (),
    excluded: Iterable[int] = (),
    **search: Unpack[Search],
) -> FacilityPlan:
    """Return the at most `places` sites of least total weight x distance, without the n x m matrix.

    Parameters
    ----------
    points : (n, 2) homes; sites : (m, 2) candidate sites, the homes themselves by default.
    metric : "euclidean" on x, y; "floor", the same rounded down (as in the literature); "haversine" [km] on longitude
        and latitude in degrees.

    The other parameters and errors are those of `solve_median`.
    """
    costs = _build_point_costs(points, sites, metric)
    unit = "km" if metric == "haversine" else "distance"
    return _solve_median(costs, places, weight, imposed, excluded, unit, search)


def solve_coverage(
    costs: ArrayLike,
    places: int,
    limit: float,
    *,
    weight: ArrayLike | None = None,
    imposed: Iterable[int] = (),
    excluded: Iterable[int] = (),
    **search: Unpack[Search],
) -> FacilityPlan:
    """Return the at most `places` sites that have the most weight within `limit` (maximal coverage, MCLP).

    Parameters
    ----------
    costs : (n, m) as in `solve_median`; limit : largest cost at which a home is covered, itself included.
    """
    return _solve_coverage(MatrixCosts(check_costs(costs)), places, limit, weight, imposed, excluded, search)


def solve_coverage_points(
    points: ArrayLike,
    places: int,
    limit: float,
    *,
    sites: ArrayLike | None = None,
    metric: Metric = "euclidean",
    weight: ArrayLike | None = None,
    imposed: Iterable[int] = (),
    excluded: Iterable[int] = (),
    **search: Unpack[Search],
) -> FacilityPlan:
    """Return the at most `places` sites that have the most weight within `limit`, from points.

    The parameters are those of `solve_median_points` and `solve_coverage`.
    """
    return _solve_coverage(_build_point_costs(points, sites, metric), places, limit, weight, imposed, excluded, search)


def solve_covering(
    costs: ArrayLike,
    limit: float,
    share: float = 1.0,
    *,
    weight: ArrayLike | None = None,
    imposed: Iterable[int] = (),
    excluded: Iterable[int] = (),
    **search: Unpack[Search],
) -> FacilityPlan:
    """Return the fewest sites that have at least `share` of the total weight within `limit` (set covering).

    Parameters
    ----------
    costs, limit : as in `solve_coverage`; share : of the total weight, 0..1.

    Raises
    ------
    InputError : for inconsistent data, or a share that all sites together do not cover.
    """
    return _solve_covering(MatrixCosts(check_costs(costs)), limit, share, weight, imposed, excluded, search)


def solve_covering_points(
    points: ArrayLike,
    limit: float,
    share: float = 1.0,
    *,
    sites: ArrayLike | None = None,
    metric: Metric = "euclidean",
    weight: ArrayLike | None = None,
    imposed: Iterable[int] = (),
    excluded: Iterable[int] = (),
    **search: Unpack[Search],
) -> FacilityPlan:
    """Return the fewest sites that have at least `share` of the total weight within `limit`, from points.

    The parameters are those of `solve_median_points` and `solve_covering`.
    """
    return _solve_covering(_build_point_costs(points, sites, metric), limit, share, weight, imposed, excluded, search)


def solve_saving(
    home: ArrayLike,
    site: ArrayLike,
    benefit: ArrayLike,
    *,
    places: int | None = None,
    fixed: float | ArrayLike = 0.0,
    homes: int | None = None,
    sites: int | None = None,
    imposed: Iterable[int] = (),
    excluded: Iterable[int] = (),
    **search: Unpack[Search],
) -> FacilityPlan:
    """Return the sites of largest total benefit: each home uses the open site that gives it most, or none.

    Parameters
    ----------
    home, site, benefit : (k,) one entry per pair, each pair once; a pair left out, or whose benefit is negative, is
        never used.
    places : most sites that may be open, no limit by default; fixed : cost of an open site, one number or (m,), in
        the unit of the benefits.
    homes, sites : how many there are; the largest number met + 1 by default.
    """
    home_at, site_at, value, n, m = check_savings(home, site, benefit, homes, sites)
    state = build_state(imposed, excluded, m)
    most = check_places(int((state >= 0).sum()) if places is None else places, state)
    watch = Watch(search)
    row = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(home_at, minlength=n), out=row[1:])
    order = np.argsort(home_at, kind="stable")
    costs = check_fixed(fixed, m)
    benefits = build_benefits(row, site_at[order].astype(np.int32), value[order], fixed=costs, state=state, places=most)
    found = solve_benefits(benefits, **watch.list_options())
    first = _find_first(benefits, found.open)
    used = first >= 0
    assigned, given = np.full(n, -1, dtype=np.int64), np.zeros(n)
    assigned[used], given[used] = benefits.site[first[used]], benefits.value[first[used]]
    total = math.fsum(given) - math.fsum(costs[found.open])
    work = _Work(benefits.value.size, found.nodes, watch.read_seconds())
    return _build_plan("saving", "benefit", found.open, assigned, given, total, found.bound, found.proven, work)


@dataclass(frozen=True)
class _Work:
    entries: int
    nodes: int
    seconds: float


def _build_plan(
    objective: Objective,
    unit: str,
    opened: BoolArray,
    assigned: IntArray,
    given: FloatArray,
    value: float,
    bound: float,
    proven: bool,
    work: _Work,
) -> FacilityPlan:
    minimised = objective in ("p-median", "set-cover")
    # Sums in another order may pass the bound by a rounding.
    bound = value if proven else min(bound, value) if minimised else max(bound, value)
    gap = compute_gap(value, bound)
    sites = np.flatnonzero(opened).astype(np.int64)
    return FacilityPlan(
        objective, sites, assigned, given, value, bound, gap, gap == 0.0, work.entries, work.nodes, work.seconds, unit
    )


def _build_point_costs(points: ArrayLike, sites: ArrayLike | None, metric: Metric) -> PointCosts:
    home = check_points(points, metric, "points")
    place = home if sites is None else check_points(sites, metric, "sites")
    return build_point_costs(home, place, metric)


def _find_first(benefits: Benefits, opened: BoolArray) -> IntArray:
    """Return the entry of the open site that each home prefers, (n,), -1 for none."""
    homes = np.repeat(np.arange(benefits.row.size - 1), np.diff(benefits.row))
    entries = np.flatnonzero(opened[benefits.site])
    first = np.full(benefits.row.size - 1, -1, dtype=np.int64)
    first[homes[entries][::-1]] = entries[::-1]
    return first


def _solve_median(
    costs: Costs,
    places: int,
    weight: ArrayLike | None,
    imposed: Iterable[int],
    excluded: Iterable[int],
    unit: str,
    search: Search,
) -> FacilityPlan:
    mass = check_weight(weight, costs.homes)
    state = build_state(imposed, excluded, costs.sites)
    watch = Watch(search)
    found = solve_on_lists(costs, mass, state, check_places(places, state), watch)
    work = _Work(found.entries, found.nodes, watch.read_seconds())
    return _build_plan(
        "p-median", unit, found.opened, found.assigned, found.paid, found.value, found.bound, found.proven, work
    )


def _solve_coverage(
    costs: Costs,
    places: int,
    limit: float,
    weight: ArrayLike | None,
    imposed: Iterable[int],
    excluded: Iterable[int],
    search: Search,
) -> FacilityPlan:
    mass = check_weight(weight, costs.homes)
    state = build_state(imposed, excluded, costs.sites)
    watch = Watch(search)
    benefits = _build_cover(costs, check_limit(limit), mass, state, check_places(places, state))
    found = solve_cover(benefits, **watch.list_options())
    work = _Work(benefits.value.size, found.nodes, watch.read_seconds())
    assigned, given = _assign_covered(costs, benefits, mass, found.open)
    return _build_plan(
        "coverage", "weight", found.open, assigned, given, math.fsum(given), found.bound, found.proven, work
    )


def _solve_covering(
    costs: Costs,
    limit: float,
    share: float,
    weight: ArrayLike | None,
    imposed: Iterable[int],
    excluded: Iterable[int],
    search: Search,
) -> FacilityPlan:
    mass = check_weight(weight, costs.homes)
    state = build_state(imposed, excluded, costs.sites)
    watch = Watch(search)
    check_share(share)
    benefits = _build_cover(costs, check_limit(limit), mass, state, int((state >= 0).sum()))
    near = np.diff(benefits.row) > 0
    within = math.fsum(mass[near])
    check_attainable(within / math.fsum(mass), share, int((mass > 0)[~near].sum()))
    options: Any = {name: value for name, value in watch.list_options().items() if name != "gap"}
    found = solve_least_cover(benefits, share, total=math.fsum(mass), **options)
    work = _Work(benefits.value.size, found.nodes, watch.read_seconds())
    assigned, given = _assign_covered(costs, benefits, mass, found.open)
    return _build_plan(
        "set-cover", "sites", found.open, assigned, given, float(found.count), float(found.bound), found.proven, work
    )


def _build_cover(costs: Costs, limit: float, weight: FloatArray, state: Int8Array, places: int) -> Benefits:
    """Return benefits equal to the weight of the home for every site within the limit, itself included."""
    under = np.full(costs.homes, np.nextafter(limit, np.inf))
    row, site, near = costs.list_near(under, (weight > 0).astype(np.float64))
    value = np.where(near > 0, np.repeat(weight, np.diff(row)), 0.0)
    return build_benefits(row, site, value, fixed=np.zeros(costs.sites), state=state, places=places)


def _assign_covered(
    costs: Costs, benefits: Benefits, weight: FloatArray, opened: BoolArray
) -> tuple[IntArray, FloatArray]:
    """Return the nearest open site of each covered home, -1 for the others, and the weight covered there."""
    covered = _find_first(benefits, opened) >= 0
    if not covered.any():
        return np.full(weight.size, -1, dtype=np.int64), np.zeros(weight.size)
    nearest = costs.find_nearest(np.flatnonzero(opened))[0]
    return np.where(covered, nearest, -1), np.where(covered, weight, 0.0)


def warm_up(objective: Objective) -> None:
    """Compile what an objective needs on small problems, so that no search waits for it."""
    # Each home is served by two sites of three: the bound stays above the best plan, and the search must branch.
    home, turn = np.divmod(np.arange(24), 2)
    solve_saving(home, home - home % 3 + (home + turn) % 3, np.ones(24), fixed=0.6)
    points = np.random.default_rng(0).integers(0, 1000, (60, 2)).astype(np.float64)
    near = build_point_costs(points, points, "floor").list_near(np.full(60, 100.0), np.ones(60))
    rows = Rows(*near)
    # Only large problems come to this one by themselves.
    shorten_rows(rows, np.zeros(60, dtype=np.int8), np.zeros(60), 0.7, rows, np.zeros(60))
    if objective == "p-median":
        solve_median_points(points, 6, metric="floor")
    elif objective == "coverage":
        solve_coverage_points(points, 6, 150.0)
    elif objective == "set-cover":
        solve_covering_points(points, 150.0)


def warm_up_all() -> None:
    """Compile what every objective needs (called at install)."""
    for objective in get_args(Objective):
        warm_up(objective)
