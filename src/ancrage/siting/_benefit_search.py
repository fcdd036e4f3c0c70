"""The search of the best set of sites on sparse benefits: first plans, rounds at the root, branch and bound.

Good plans and the bound advance together in rounds of counted work; each tells the other what it found.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from ancrage.siting._benefit_bound import (
    BOUND,
    PACE,
    READS,
    STEPS,
    Rows,
    build_dual,
    decide_sites,
)
from ancrage.siting._benefit_instance import (
    PATIENCE,
    SHORT_ENTRIES,
    Instance,
    build_core,
    choose_asleep,
    cut_instance,
    shorten_instance,
    step_dual,
)
from ancrage.siting._benefit_plan import (
    PlanState,
    build_plan_state,
    grow_greedy,
    improve_plan,
    load_plan,
    search_locally,
)
from ancrage.siting._benefit_tree import BRANCH, VALUE, Node, add_sure, build_node, solve_node
from ancrage.siting._benefits import Benefits, Int8Array, compute_value
from ancrage.siting.problem import BoolArray, FloatArray, SearchState

CHUNK = 20_000_000
"""Entries read between two looks at the clock (about 0.1 s)."""

ROUND = 20
"""Most subgradient steps between two exchanges with the local search."""


NODE_STEPS = 120
"""Subgradient steps at a node of the tree, fewer where rows are long."""

LONG = 2_000_000
"""Entries from which a node takes a quarter of its steps, and batches are of two nodes."""

CORE_ROUND = 50
"""Steps between two exchanges where most sites are asleep: they are short."""


CORE_KICKS = 2.0
"""Reads that the local search may spend in vain over those of all, where sites are asleep: a tree would be too large
to help soon."""

CLOSER = 0.8
"""Share of the last gap rounded at which the bound's plan is rounded again."""

OFTEN = 3
"""Rounds after which it is rounded again anyway."""

KICK_READS = 1000
"""A kick of the local search takes about as long as reading this many entries per near arc of a site (measured)."""

THREAD_WORK = 2_000_000
"""Entries read in a round from which a second thread is worth its start (about 5 ms)."""


@dataclass
class Search:
    """What a search knows: the benefits, the rules of the end, the best plan and bound so far."""

    benefits: Benefits
    margin: float
    slack: float
    seed: int
    gap: float
    deadline: float | None
    clock: Callable[[], float] | None
    progress: Callable[[SearchState], None] | None
    cancelled: Callable[[], bool] | None
    started: float
    open: BoolArray
    decided: Int8Array
    value: float = -np.inf
    bound: float = np.inf
    nodes: int = 0
    reads: int = 0
    quiet: int = 0
    kick: int = 100 * KICK_READS
    local: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    local_value: float = -np.inf
    u: FloatArray | None = None

    def offer(self, opened: BoolArray) -> bool:
        """Keep a plan if it is the best so far; say whether it is."""
        value = float(compute_value(self.benefits, opened))
        if value <= self.value:
            return False
        self.open, self.value = opened.copy(), value
        return True

    def is_promising(self, patience: float = 0.5) -> bool:
        """Say whether the local search deserves more: it lately found better, or the rest went on without it."""
        return self.quiet <= patience * self.reads

    def is_proven(self) -> bool:
        return self.bound < self.value + self.margin

    def is_over(self) -> bool:
        """Tell progress, and say whether to stop: proof, gap, deadline or request."""
        gap = (self.bound - self.value) / max(abs(self.value), 1e-300)
        seconds = self.clock() - self.started if self.clock else 0.0
        if self.progress:
            self.progress(SearchState(self.value, self.bound, gap, self.nodes, seconds))
        if self.is_proven() or gap <= self.gap:
            return True
        if self.deadline is not None and seconds >= self.deadline:
            return True
        return self.cancelled is not None and self.cancelled()


def seed_plan(search: Search, plans: PlanState, warm: BoolArray | None) -> None:
    """Give the search its first plans: greedy and `warm`, each improved by interchange."""
    everyone = search.benefits.state == 0
    opened = search.benefits.state > 0
    search.offer(opened)
    grow_greedy(search.benefits, plans, opened)
    improve_plan(search.benefits, plans, opened, everyone)
    search.offer(opened)
    if warm is not None:
        opened = np.array(warm, dtype=np.bool_)
        load_plan(search.benefits, plans, opened)
        search.offer(opened)
        improve_plan(search.benefits, plans, opened, everyone)
        search.offer(opened)


def build_root(search: Search, plans: PlanState, u: FloatArray | None = None) -> Instance:
    """Return the whole instance, imposed sites taken out, multipliers `u` or between the two best of each home."""
    benefits = search.benefits
    n, m = benefits.row.size - 1, benefits.fixed.size
    load_plan(benefits, plans, search.open.copy())
    dual = build_dual(n, m, PATIENCE)
    dual.u[:] = 0.5 * (plans.value1 + plans.value2) if u is None else u
    dual.best_u[:] = dual.u
    root = Instance(
        rows=Rows(benefits.row, benefits.site, benefits.value),
        fixed=benefits.fixed,
        site=np.arange(m),
        home=np.arange(n),
        places=benefits.places,
        base=0.0,
        dual=dual,
    )
    if np.any(benefits.state != 0):
        return cut_instance(root, benefits.state)
    if root.rows.site.size > SHORT_ENTRIES:
        shorten_instance(root)
    return root


def solve_root(
    search: Search, instance: Instance, plans: PlanState, second: ThreadPoolExecutor
) -> tuple[bool, Instance]:
    """Improve plans and bound in turn until the search is over (True) or both stall; return what is left."""
    rounding = build_plan_state(search.benefits)
    core = choose_core(search, instance)
    rounds, stalled, since, last = 0, 0, 0, np.inf
    while True:
        value, bound = search.value, search.bound
        dual = instance.read_dual()
        per_step = int(dual.tally[READS]) // max(int(dual.tally[STEPS]), 1) + dual.u.size + dual.rho.size + 1
        steps = int(
            min(CORE_ROUND, max(50, CHUNK // per_step)) if instance.core else min(ROUND, max(5, CHUNK // per_step))
        )
        rounded = None
        since += 1
        if rounds > 0 and stalled < 2 and (bound - value < CLOSER * last or since >= OFTEN):
            rounded = search.decided > 0
            rounded[instance.site[dual.pick]] = True
            since, last = 0, bound - value
        local = None
        patience = CORE_KICKS if instance.core else 0.5
        if rounded is not None or search.is_promising(patience):
            local = _Local(search, (plans, rounding), rounded, core, steps * per_step, second)
        final = step_dual(instance, search.value, search.margin, steps)
        if stalled < 2:
            search.reads += steps * per_step
        if local:
            local.join(search)
        picked = search.decided > 0
        picked[instance.site[instance.dual.best_pick]] = True
        search.offer(picked)
        search.bound = min(search.bound, float(instance.dual.score[BOUND]))
        rounds += 1
        if search.is_over():
            return True, instance
        left = decide_instance(search, instance)
        if left.site.size == 0 or left.places == 0:
            return close_root(search), left
        if left is not instance or (rounds % 8 == 1 and rounds < 64):
            instance = left
            core = choose_core(search, instance)
        if bound - search.bound + search.value - value > 0.01 * (search.bound - search.value):
            stalled = 0
        elif instance.read_dual().score[PACE] < 0.02:
            stalled += 1
        if final or (stalled >= 3 and not search.is_promising(patience)):
            return False, instance
        if instance.core is None and np.isfinite(instance.dual.score[BOUND]):
            asleep = choose_asleep(instance, search.bound - search.value)
            instance.core = None if asleep is None else build_core(instance, asleep)
        if rounds % 8 == 3 and instance.rows.site.size > SHORT_ENTRIES and instance.core is None:
            shorten_instance(instance)


class _Local:
    """A search of plans for about as long as reading `reads` entries: a plan rounded from the bound, then kicks.

    It goes on the second thread where that is worth its start, else at once.
    """

    def __init__(
        self,
        search: Search,
        states: tuple[PlanState, PlanState],
        rounded: BoolArray | None,
        core: BoolArray,
        reads: int,
        second: ThreadPoolExecutor,
    ) -> None:
        self.rounded = rounded
        # Among equal plans the local search goes on from its own, else it would start again at every call.
        self.open = search.local if search.local_value >= search.value else search.open.copy()
        near = int(states[0].near_row[-1]) // max(1, int(np.sum(states[0].allowed)))
        if near:
            search.kick = KICK_READS * (near + 10)
        kick = search.kick
        kicks = max(1, reads // kick)
        self.reads = max(kicks * kick, reads // 4)
        arguments = (search.benefits, states, self.open, rounded, core, kicks, search.seed)
        self.future = second.submit(search_plans, *arguments) if reads > THREAD_WORK else None
        if self.future is None:
            search_plans(*arguments)

    def join(self, search: Search) -> None:
        """Wait for its end, and offer its plans."""
        if self.future:
            self.future.result()
        better = self.rounded is not None and search.offer(self.rounded)
        better = search.offer(self.open) or better
        search.local, search.local_value = self.open, float(compute_value(search.benefits, self.open))
        search.reads += self.reads
        search.quiet = 0 if better else search.quiet + self.reads


def search_plans(
    benefits: Benefits,
    states: tuple[PlanState, PlanState],
    opened: BoolArray,
    rounded: BoolArray | None,
    core: BoolArray,
    kicks: int,
    seed: int,
) -> None:
    """Improve a rounded plan by interchange, and kick `opened`; both are changed in place."""
    if rounded is not None:
        improve_plan(benefits, states[1], rounded, core)
    search_locally(benefits, states[0], opened, core, kicks, seed)


def close_root(search: Search) -> bool:
    """Offer the decided sites, the only plan left; nothing can be better than the best."""
    search.offer(search.decided > 0)
    search.bound = search.value
    search.is_over()
    return True


def choose_core(search: Search, instance: Instance) -> BoolArray:
    """Return the sites worth opening: the best reduced profits, fewer once they are nearly settled, and the best plan.

    What the sites of a plan lack to the least profit picked sums to at most the gap, so few are far down the list.
    """
    core = search.open.copy()
    size = (2 if instance.core else 4) * instance.places + 60
    if size >= instance.site.size or not np.isfinite(instance.dual.score[BOUND]):
        core[instance.site] = True
    else:
        core[instance.site[np.argsort(-instance.dual.best_rho, kind="stable")[:size]]] = True
    return core


def decide_instance(search: Search, instance: Instance) -> Instance:
    """Decide the sites whose other choice cannot be better, and cut the instance if that makes it much smaller."""
    state = np.zeros(instance.site.size, dtype=np.int8)
    bound = float(instance.dual.score[BOUND])
    decided = decide_sites(instance.dual, state, instance.places, bound, search.value + search.margin)
    if decided < 0.1 * state.size:
        return instance
    if search.u is None:
        search.u = compute_multipliers(search, instance)
    search.decided[instance.site] = state
    return cut_instance(instance, state)


def compute_multipliers(search: Search, instance: Instance) -> FloatArray:
    """Return the best multipliers, imposed sites put back, (n,)."""
    benefits = search.benefits
    u = np.zeros(benefits.row.size - 1)
    u[instance.home] = instance.dual.best_u
    add_sure(Rows(benefits.row, benefits.site, benefits.value), search.decided, u)
    return u


def solve_tree(search: Search, instance: Instance, plans: PlanState, second: ThreadPoolExecutor) -> None:
    """Branch and bound on what is left, best bound first, until the search is over.

    Nodes go by batches of fixed size, the same whatever the threads: each is solved from the best plan known when the
    batch starts, and its outcome is taken in order.
    """
    m = instance.site.size
    workers = [build_node(instance.rows, m) for _ in range(2)]
    size = 8 if instance.rows.site.size < LONG else 2
    rounding = build_plan_state(search.benefits)
    core = choose_core(search, instance)
    root = _Open(np.zeros(m, dtype=np.int8), instance.dual.best_u.astype(np.float32))
    heap = [(-search.bound, 0, root)]
    count, reads = 0, 0
    while heap and -heap[0][0] >= search.value + search.margin:
        batch: list[tuple[float, int, _Open]] = []
        while heap and len(batch) < size and -heap[0][0] >= search.value + search.margin:
            batch.append(heapq.heappop(heap))
        local = None
        if reads and search.is_promising():
            local = _Local(search, (plans, rounding), None, core, reads, second)
        if local is None and reads > THREAD_WORK and len(batch) > 1:
            half = second.submit(solve_nodes, search, instance, workers[1], batch[1::2])
            pairs = zip_longest(solve_nodes(search, instance, workers[0], batch[::2]), half.result())
            outcomes = [outcome for pair in pairs for outcome in pair if outcome]
        else:
            outcomes = solve_nodes(search, instance, workers[0], batch)
        if local:
            local.join(search)
        search.nodes += len(batch)
        for (parent, _, _), outcome in zip(batch, outcomes, strict=True):
            if outcome.plan is not None:
                improve_found(search, instance, rounding, outcome.plan)
            if outcome.branch < 0:
                continue
            for choice in (1, -1):
                state = outcome.state.copy()
                state[outcome.branch] = choice
                count += 1
                heapq.heappush(heap, (max(parent, -outcome.bound), count, _Open(state, outcome.u)))
        reads = sum(int(worker.dual.tally[READS]) for worker in workers)
        for worker in workers:
            worker.dual.tally[READS] = 0
        search.reads += reads
        search.bound = min(search.bound, max(-heap[0][0], search.value)) if heap else search.value
        if search.is_over():
            return
    search.bound = search.value
    search.is_over()


@dataclass(frozen=True)
class _Open:
    """A node to solve: the sites it decides, and multipliers to start from."""

    state: Int8Array
    u: NDArray[np.float32]


@dataclass(frozen=True)
class _Outcome:
    """A node solved: a better plan if it met one, and its two children if something better may be left in it."""

    plan: BoolArray | None
    branch: int
    bound: float
    state: Int8Array
    u: NDArray[np.float32]


def solve_nodes(
    search: Search, instance: Instance, node: Node, batch: list[tuple[float, int, _Open]]
) -> list[_Outcome]:
    """Solve some nodes one after the other with one set of buffers."""
    outcomes = []
    for _, _, opening in batch:
        node.state[:] = opening.state
        node.dual.best_u[:] = opening.u
        closed = solve_node(
            instance.rows,
            instance.fixed,
            instance.places,
            instance.base,
            node,
            search.value,
            search.margin,
            NODE_STEPS if instance.rows.site.size < LONG else NODE_STEPS // 4,
        )
        branch = -1 if closed else int(node.tally[BRANCH])
        outcomes.append(
            _Outcome(
                plan=node.best.copy() if node.score[VALUE] > search.value else None,
                branch=branch,
                bound=float(node.dual.score[BOUND]),
                state=node.state.copy(),
                u=node.dual.best_u.astype(np.float32),
            )
        )
    return outcomes


def improve_found(search: Search, instance: Instance, plans: PlanState, chosen: BoolArray) -> None:
    """Offer a plan met in the tree, as it is and improved by interchange."""
    opened = search.decided > 0
    opened[instance.site[chosen]] = True
    if search.offer(opened):
        improve_plan(search.benefits, plans, opened, search.benefits.state == 0)
        search.offer(opened)
