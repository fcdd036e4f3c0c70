"""The search for a maximal coverage: first plans, bound of the whole, then annealing and tree in turn."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ancrage.siting._benefit_plan import build_plan_state, grow_greedy, improve_plan, load_plan
from ancrage.siting._benefits import Benefits, Int8Array, compute_value
from ancrage.siting._cover import (
    BOUND,
    BRANCH,
    CUTOFF,
    PACE,
    TARGET,
    VALUE,
    Prices,
    improve_prices,
    offer_pick,
    settle_node,
    solve_cover_node,
    start_prices,
)
from ancrage.siting._cover_anneal import (
    Cover,
    anneal_plan,
    choose_half,
    count_covers,
    draw,
    measure_swaps,
)
from ancrage.siting._cover_exact import build_core, solve_core
from ancrage.siting.problem import BoolArray, SearchState

PASSES = (2_000, 10_000, 50_000, 200_000)
"""Swaps by place of the successive annealings: a longer one finds better plans."""

HOT, COOLING = 0.6, 8.0
"""Temperature at the start of an annealing, in tenth percentiles of what swaps lose, and how far it falls."""

CHUNK = 150_000
"""Swaps between two looks at the clock (about 0.15 s)."""

ROOT_READS, NODE_STEPS, NODE_PACE = 100_000_000, 60, 0.1
"""Most entries read between two looks at the clock; subgradient steps at a node of the tree, and their first pace."""

TARGETS = (0.0, 0.8, 0.95)
"""Where the steps at the root aim, between the best plan and the bound: nearer the bound once it stalls, for where a
true gap remains the plan is out of reach."""

TWO_HALVES = 20_000
"""Sites from which two threads anneal one half of them each."""

BESIDE_ROOT = 8_000
"""Swaps by place while the other thread bounds the root of such an instance: both take alike times."""

BATCH = 8
"""Nodes of the tree between two looks at the clock, the same whatever the threads."""

EXACT_ENTRIES, CORE_ENTRIES = 400_000, 60_000
"""Most entries of an instance that is reduced for HiGHS, and of what is left and given to it: HiGHS finds neither a
plan nor a better bound within a minute beyond."""

EXACT_AFTER = 3
"""Annealings before that: plans that HiGHS starts from must be good, and easy instances are closed by then."""

TREE_WORK = 20_000
"""Thousands of entries that the tree reads between two looks at HiGHS (some 0.1 s)."""

Opening: TypeAlias = tuple[float, int, Int8Array, NDArray[np.float32]]
"""A node to solve: minus its bound, its number, the sites it decides, prices to start from."""


@dataclass
class Search:
    """What a search knows, and when it must end."""

    benefits: Benefits
    cover: Cover
    margin: float
    gap: float
    deadline: float | None
    clock: Callable[[], float] | None
    progress: Callable[[SearchState], None] | None
    cancelled: Callable[[], bool] | None
    started: float
    open: BoolArray
    seed: NDArray[np.uint64]
    value: float = -np.inf
    bound: float = np.inf
    nodes: int = 0
    heap: list[Opening] = field(default_factory=list)
    count: int = 0

    def offer(self, opened: BoolArray) -> None:
        """Keep a plan if it is the best so far."""
        value = float(compute_value(self.benefits, opened))
        if value > self.value:
            self.open, self.value = opened.copy(), value

    def read_seconds(self) -> float:
        return self.clock() - self.started if self.clock else 0.0

    def is_proven(self) -> bool:
        return self.bound < self.value + self.margin

    def is_over(self) -> bool:
        """Tell progress, and say whether to stop: proof, gap, deadline or request."""
        gap = (self.bound - self.value) / max(abs(self.value), 1e-300)
        seconds = self.read_seconds()
        if self.progress:
            self.progress(SearchState(self.value, self.bound, gap, self.nodes, seconds))
        if self.is_proven() or gap <= self.gap:
            return True
        if self.deadline is not None and seconds >= self.deadline:
            return True
        return self.cancelled is not None and self.cancelled()


def seed_plan(search: Search, warm: BoolArray | None) -> None:
    """Give the search its first plans: greedy and `warm`, each improved by interchange."""
    state = build_plan_state(search.benefits)
    everyone = search.benefits.state == 0
    opened = search.benefits.state > 0
    search.offer(opened)
    grow_greedy(search.benefits, state, opened)
    improve_plan(search.benefits, state, opened, everyone)
    search.offer(opened)
    if warm is not None:
        opened = np.array(warm, dtype=np.bool_)
        load_plan(search.benefits, state, opened)
        improve_plan(search.benefits, state, opened, everyone)
        search.offer(opened)


def bound_root(search: Search, root: Prices) -> bool:
    """Bound the whole instance until it stalls; True when the search is over."""
    cover = search.cover
    root.state[:] = search.benefits.state
    base = float(settle_node(cover, root, search.benefits.places))
    start_prices(cover, search.open, root.pi)
    root.best_pi[:] = root.pi
    root.score[:] = [np.inf, 1.0, 0.0, 0.0, search.value]
    steps = max(1, min(200, ROOT_READS // (search.benefits.site.size + root.pi.size + root.rho.size + 1)))
    turn = 0
    while turn < len(TARGETS):
        target = search.value + 0.5 * search.margin
        if np.isfinite(root.score[BOUND]):
            target += TARGETS[turn] * max(0.0, float(root.score[BOUND]) - target)
        root.score[TARGET] = target
        root.score[CUTOFF] = search.value + search.margin
        if improve_prices(cover, root, base, steps):
            turn += 1
            root.score[PACE] = 1.0
            root.pi[:] = root.best_pi
            root.direction[:] = 0.0
        offer_pick(cover, root)
        if root.score[VALUE] > search.value:
            search.offer(root.best)
        search.bound = min(search.bound, float(root.score[BOUND]))
        if search.is_over():
            return True
    return False


def start_search(search: Search, root: Prices, second: ThreadPoolExecutor) -> bool:
    """Bound the root, and on large instances anneal beside it; True when the search is over.

    Neither thread sees what the other finds before both have ended, so that nothing depends on which was faster.
    """
    if root.rho.size < TWO_HALVES:
        return bound_root(search, root)
    aside = replace(search, progress=None)
    work = second.submit(bound_root, aside, root)
    anneal(search, BESIDE_ROOT * search.benefits.places, None)
    work.result()
    search.offer(aside.open)
    search.bound = min(search.bound, aside.bound)
    return search.is_over()


def search_further(search: Search, root: Prices, workers: list[Prices], second: ThreadPoolExecutor) -> None:
    """Anneal and branch in turn, for alike times, until the search is over; give HiGHS what is left of small instances.

    The tree loses its turns where it does not move the bound: on large instances only the plan can improve. Large
    instances were annealed beside the root; under a deadline one long annealing is then better than two short ones.
    """
    useful = True
    first = 0 if root.rho.size < TWO_HALVES else 1 if search.deadline is None else len(PASSES) - 1
    for turn, swaps in enumerate(PASSES[first:], first):
        if turn == EXACT_AFTER and finish_exactly(search, root, workers, second):
            return
        moves = swaps * search.benefits.places
        if anneal(search, moves, second):
            return
        if useful:
            bound = search.bound
            if branch(search, workers, second, moves // 100):
                return
            useful = bound - search.bound > 0.02 * (search.bound - search.value)
    branch(search, workers, second, None)


def finish_exactly(search: Search, root: Prices, workers: list[Prices], second: ThreadPoolExecutor) -> bool:
    """Give HiGHS what is left of the instance where it is small; True when the search is over.

    HiGHS stops by its time only, so it is not called where the search may be cancelled. Under a deadline the tree
    goes on beside it; without one HiGHS works alone, that the plan may not depend on which of them was faster.
    """
    if search.cancelled is not None or search.benefits.site.size > EXACT_ENTRIES:
        return False
    # Less than the best plan by a little, so that it is itself a plan of the programme.
    cutoff = search.value - 0.5 * search.margin
    core = build_core(search.cover, root, search.benefits.places, cutoff)
    if core.reach.nnz > CORE_ENTRIES:
        return False
    if search.deadline is None:
        plan, bound = solve_core(core, cutoff, None)
    else:
        left = max(0.0, search.deadline - search.read_seconds())
        work = second.submit(solve_core, core, cutoff, left)
        while not work.done() and not branch(search, workers, None, TREE_WORK):
            pass
        plan, bound = work.result()
    if plan is not None:
        search.offer(plan)
    search.bound = min(search.bound, max(bound, search.value))
    return search.is_over()


def anneal(search: Search, moves: int, second: ThreadPoolExecutor | None) -> bool:
    """Anneal the best plan by so many swaps, or fewer where the time left is short; True when the search is over.

    second : anneals one half of large instances; None where it is busy.
    """
    cover, benefits = search.cover, search.benefits
    m = cover.fixed.size
    opened = search.open.copy()
    free = benefits.state == 0
    count = np.zeros(cover.weight.size, dtype=np.int32)
    count_covers(cover, opened, count)
    losses = measure_swaps(cover, free, opened, count, list_places(opened & free), search.seed)
    if losses.size:
        hot = HOT * float(np.percentile(losses, 10))
        done, size = 0, CHUNK
        began = search.read_seconds()
        while done < moves:
            spent = search.read_seconds() - began
            if search.deadline is not None and done:
                # The whole cooling must fit in the time that is left, less a little for the end.
                fits = done + int(0.95 * (search.deadline - began - spent) * done / max(spent, 1e-9))
                moves = max(done, min(moves, fits))
            begin, end = done / moves, min(1.0, (done + size) / moves)
            part = (moves_of(begin, moves, end), hot * COOLING**-begin, hot * COOLING**-end)
            if second is not None and m >= TWO_HALVES:
                anneal_halves(search, opened, count, part, second)
            else:
                anneal_plan(cover, free, opened, count, list_places(opened & free), *part, search.seed)
            done += size
            search.offer(opened)
            if search.is_over():
                return True
        state = build_plan_state(benefits)
        improve_plan(benefits, state, opened, free)
        search.offer(opened)
    return search.is_over()


def moves_of(begin: float, moves: int, end: float) -> int:
    """Return how many of the moves lie between two shares of them."""
    return max(1, round((end - begin) * moves))


def anneal_halves(
    search: Search,
    opened: BoolArray,
    count: NDArray[np.int32],
    part: tuple[int, float, float],
    second: ThreadPoolExecutor,
) -> None:
    """Anneal two halves of the country at once, cut anew at each call; the sites along the cut wait."""
    cover = search.cover
    half = np.zeros(opened.size, dtype=np.int8)
    choose_half(cover, draw(search.seed, opened.size), half)
    moves, hot, cold = part
    jobs = []
    for side in range(2):
        movable = (half == side) & (search.benefits.state == 0)
        places = list_places(opened & movable)
        draw(search.seed, 2)
        own = search.seed ^ np.uint64(side + 1)
        share = round(moves * places.size / max(1, int(opened.sum())))
        jobs.append((cover, movable, opened, count, places, share, hot, cold, own))
    other = second.submit(anneal_plan, *jobs[1])
    anneal_plan(*jobs[0])
    other.result()


def list_places(opened: BoolArray) -> NDArray[np.int32]:
    """Return the numbers of open sites."""
    return np.flatnonzero(opened).astype(np.int32)


def branch(search: Search, workers: list[Prices], second: ThreadPoolExecutor | None, work: int | None) -> bool:
    """Branch and bound, best bound first, for so many thousand entries read; True when the search is over.

    second : solves half of the nodes; None where it is busy.
    """
    heap = search.heap
    cost = NODE_STEPS * (search.benefits.site.size + search.open.size) // 1000 + 1
    while heap and -heap[0][0] >= search.value + search.margin:
        batch: list[Opening] = []
        while heap and len(batch) < BATCH and -heap[0][0] >= search.value + search.margin:
            batch.append(heapq.heappop(heap))
        if second is None:
            outcomes = solve_nodes(search, workers[0], batch, search.value)
        else:
            half = second.submit(solve_nodes, search, workers[1], batch[1::2], search.value)
            outcomes = solve_nodes(search, workers[0], batch[::2], search.value) + half.result()
        search.nodes += len(batch)
        for bound, plan, state, pi, site in outcomes:
            if plan is not None:
                search.offer(plan)
            for choice in (1, -1) if site >= 0 else ():
                child = state.copy()
                child[site] = choice
                search.count += 1
                heapq.heappush(heap, (-bound, search.count, child, pi))
        search.bound = min(search.bound, max(-heap[0][0], search.value)) if heap else search.value
        if search.is_over():
            return True
        if work is not None:
            work -= cost * len(batch)
            if work < 0:
                return False
    # Nothing left in the tree can be better by the margin: that is the proof.
    search.bound = min(search.bound, search.value)
    return search.is_over()


def solve_nodes(
    search: Search, prices: Prices, batch: list[Opening], value: float
) -> list[tuple[float, BoolArray | None, Int8Array, NDArray[np.float32], int]]:
    """Return bound, better plan, decisions, prices and next site (-1 when closed) of some nodes."""
    outcomes = []
    for parent, _, state, pi in batch:
        prices.state[:] = state
        prices.pi[:] = pi
        np.minimum(prices.pi, search.cover.weight, out=prices.pi)
        closed = solve_cover_node(
            search.cover, search.benefits.places, prices, value, search.margin, NODE_STEPS, NODE_PACE
        )
        outcomes.append(
            (
                min(-parent, float(prices.score[BOUND])),
                prices.best.copy() if prices.score[VALUE] > value else None,
                prices.state.copy(),
                prices.best_pi.astype(np.float32),
                -1 if closed else int(prices.tally[BRANCH]),
            )
        )
    return outcomes
