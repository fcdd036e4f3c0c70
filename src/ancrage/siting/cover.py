"""Maximal coverage and set covering on sparse benefits, at any size, with their proof (docs/method/siting.md).

Maximal coverage: the most weight within reach of at most p sites. Set covering: the fewest sites that have a share of
the weight within reach. Plans come from annealing, the bound from a Lagrangian relaxation whose limit is that of the
linear relaxation; where a true integrality gap remains, a branch and bound, and HiGHS on what is left of the instance,
close it on small instances only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ancrage.errors import InputError
from ancrage.siting._benefits import Benefits, compute_value
from ancrage.siting._cover import build_prices
from ancrage.siting._cover_anneal import build_cover
from ancrage.siting._cover_search import Search, search_further, seed_plan, start_search
from ancrage.siting.benefits import BenefitSolution, check_benefits, compute_margin
from ancrage.siting.options import check_clock
from ancrage.siting.problem import BoolArray, SearchState


def is_cover(benefits: Benefits) -> bool:
    """Say whether every site gives the same to a home within its reach, for each home."""
    inside = np.ones(benefits.value.size, dtype=np.bool_)
    inside[benefits.row[:-1][benefits.row[:-1] < benefits.row[1:]]] = False
    return bool(np.all(benefits.value[inside] == benefits.value[np.flatnonzero(inside) - 1]))


def solve_cover(
    benefits: Benefits,
    *,
    deadline: float | None = None,
    clock: Callable[[], float] | None = None,
    warm: BoolArray | None = None,
    seed: int = 0,
    progress: Callable[[SearchState], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    gap: float = 0.0,
) -> BenefitSolution:
    """Return the sites that cover most, fixed costs taken off, and the proof.

    When the search ends by itself (proof or gap) without a deadline, the result depends on the benefits, `warm`,
    `seed` and `gap` only. Under a deadline the last annealing is cut to the time that is left.

    Parameters
    ----------
    benefits : of the same value by home for every site within reach (`is_cover`).
    deadline, clock, warm, seed, progress, cancelled, gap : as in `ancrage.siting.benefits.solve_benefits`. HiGHS, which
        does not stop on request, is used without `cancelled` only.

    Raises
    ------
    InputError : for benefits that differ within a home, more imposed sites than places, values that are not finite, or
        a deadline without a clock.
    """
    check_benefits(benefits)
    if not is_cover(benefits):
        raise InputError(
            "Benefits: two sites give different values to one home, so this is not a coverage problem. "
            "Use solve_benefits instead.",
            "Bénéfices : deux sites donnent des valeurs différentes à une même commune, ce n'est donc pas un problème "
            "de couverture. Utilisez solve_benefits.",
        )
    check_clock(deadline, clock)
    margin, doubt, slack = compute_margin(benefits)
    cover = build_cover(benefits)
    search = Search(
        benefits=benefits,
        cover=cover,
        margin=margin,
        gap=gap,
        deadline=deadline,
        clock=clock,
        progress=progress,
        cancelled=cancelled,
        started=clock() if clock else 0.0,
        open=benefits.state > 0,
        seed=np.array([0x9E3779B97F4A7C15 ^ (seed & 0xFFFFFFFF)], dtype=np.uint64),
        # All homes covered, and every cost that is a gain.
        bound=float(np.sum(cover.weight) - np.minimum(benefits.fixed, 0.0).sum()),
    )
    seed_plan(search, warm)
    n, m = search.cover.weight.size, search.cover.fixed.size
    root = build_prices(n, m)
    with ThreadPoolExecutor(max_workers=1) as second:
        if not start_search(search, root, second):
            search.heap = [(-search.bound, 0, root.state.copy(), root.best_pi.astype(np.float32))]
            search_further(search, root, [build_prices(n, m) for _ in range(2)], second)
    proven = search.is_proven()
    bound = search.value + doubt if proven else max(search.bound, search.value) + slack
    return BenefitSolution(
        open=search.open,
        value=search.value,
        bound=bound,
        proven=proven,
        nodes=search.nodes,
        seconds=search.read_seconds(),
        u=np.maximum(0.0, search.cover.weight - root.best_pi),
    )


@dataclass(frozen=True)
class CoveringSolution:
    """The fewest sites found that cover a share of the weight, and their proof.

    Attributes
    ----------
    open : (m,) open sites; count : how many.
    bound : no fewer sites are enough; proven : whether count == bound.
    covered : weight covered [unit]; wanted : least weight to cover [unit].
    nodes : nodes of all trees; seconds : by the clock given.
    """

    open: BoolArray
    count: int
    bound: int
    proven: bool
    covered: float
    wanted: float
    nodes: int
    seconds: float


def solve_covering(
    benefits: Benefits,
    share: float,
    *,
    total: float | None = None,
    deadline: float | None = None,
    clock: Callable[[], float] | None = None,
    seed: int = 0,
    progress: Callable[[SearchState], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> CoveringSolution:
    """Return the fewest sites that cover at least a share of the total weight (set covering).

    The number of places is bisected; each number is settled by `solve_cover`, stopped once a plan covers enough or the
    bound says that none can. Fixed costs and `benefits.places` play no part; imposed sites count.

    Parameters
    ----------
    benefits : of the same value by home, its weight, for every site within reach.
    share : 0..1 of `total`. total : weight of all homes [unit], those out of reach included; None for the weight of
        the homes that some site covers.
    deadline, clock, seed, cancelled : as in `solve_cover`, for the whole search.
    progress : receives the state of the coverage with the number of places being tried.

    Raises
    ------
    InputError : for a share out of 0..1, or above what all sites together cover, and as in `solve_cover`.
    """
    cover = build_cover(benefits)
    attainable = math.fsum(cover.weight)
    whole = attainable if total is None else total
    wanted = share * whole
    rounding = 1e-12 * max(whole, attainable)
    if not 0.0 <= share <= 1.0:
        raise InputError(
            f"share = {share}: a share of the weight lies between 0 and 1. Give one in this range.",
            f"share = {share} : une part du poids est comprise entre 0 et 1. Donnez-en une dans cet intervalle.",
        )
    if wanted > attainable + rounding:
        most = math.floor(1e6 * attainable / whole) / 1e6
        raise InputError(
            f"share = {share}: all sites together cover {most} of the weight. Ask for at most {most}, or allow more "
            "sites or a longer reach.",
            f"share = {share} : tous les sites ensemble couvrent {most} du poids. Demandez au plus {most}, ou "
            "permettez plus de sites ou une portée plus longue.",
        )
    check_benefits(benefits._replace(places=benefits.fixed.size))
    check_clock(deadline, clock)
    started = clock() if clock else 0.0
    bare = benefits._replace(fixed=np.zeros_like(benefits.fixed))
    opened = benefits.state >= 0
    low, high, nodes = int(np.sum(benefits.state > 0)), int(opened.sum()), 0
    bound = low
    settled = [False]

    def watch(state: SearchState) -> None:
        settled[0] = state.value >= wanted - rounding or state.bound < wanted - rounding
        if progress:
            progress(state)

    def stop() -> bool:
        return settled[0] or (cancelled is not None and cancelled())

    while low < high and not (cancelled is not None and cancelled()):
        middle = (low + high) // 2
        left = None
        if deadline is not None and clock is not None:
            # Half of what is left: numbers of places near the fewest are the long ones, and there are few of them.
            left = 0.5 * (deadline - (clock() - started))
            if left <= 0.0:
                break
        found = solve_cover(
            bare._replace(places=middle),
            deadline=left,
            clock=clock,
            warm=opened if int(opened.sum()) <= middle else None,
            seed=seed,
            progress=watch,
            cancelled=stop,
        )
        nodes += found.nodes
        if found.value >= wanted - rounding:
            opened, high = found.open, min(middle, int(found.open.sum()))
        else:
            low = middle + 1
            if found.bound < wanted - rounding:
                bound = max(bound, low)
    count = int(opened.sum())
    return CoveringSolution(
        open=opened,
        count=count,
        bound=min(bound, count),
        proven=bound >= count,
        covered=float(compute_value(bare, opened)),
        wanted=wanted,
        nodes=nodes,
        seconds=clock() - started if clock else 0.0,
    )
