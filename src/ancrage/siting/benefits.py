"""The best set of sites on sparse benefits, at any size, with its proof (docs/method/siting.md).

Good plans (greedy, interchange, iterated local search) and the Lagrangian bound advance together, in rounds of counted
work; each tells the other what it found. Then sites are decided, the instance shrinks, and a branch and bound ends it.

What the benefits should hold: every entry that may count. Where a list of neighbours is cut (p-median), its first
entry left out must give 0 (the cost of that entry is the sentinel), and the list must go well beyond the second best
open site of a good plan: the multipliers live there, and the bound is that of the cut lists.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from ancrage.errors import InputError
from ancrage.siting._benefit_bound import (
    BOUND,
    CUTOFF,
    EPSILON,
    READS,
    STEPS,
    TARGET,
    Dual,
    Rows,
    build_dual,
    cut_rows,
    decide_sites,
    find_divisor,
    improve_dual,
    shorten_rows,
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
from ancrage.siting.problem import BoolArray, FloatArray, IntArray, SearchState

TIE = 1e-10
"""Plans whose values differ by less than this share of the sum of the homes' best benefits are held equal."""

CHUNK = 20_000_000
"""Entries read between two looks at the clock (about 0.1 s)."""

ROUND = 60
"""Most subgradient steps between two exchanges with the local search."""

NODE_STEPS = 60
"""Subgradient steps at a node of the tree."""

THREAD_WORK = 2_000_000
"""Entries read in a round from which a second thread is worth its start (about 5 ms)."""


@dataclass(frozen=True)
class BenefitSolution:
    """A set of sites and its proof.

    Attributes
    ----------
    open : (m,) open sites; value : what they give, fixed costs taken off [unit].
    bound : no set of sites can give more [unit], at most the rounding of sums apart.
    proven : whether no other set gives more, ties within 1e-10 of the sum of the homes' best benefits apart.
    nodes : nodes of the tree, 0 when the root was enough; seconds : by the clock given.
    u : (n,) multipliers of the best bound at the root.
    """

    open: BoolArray
    value: float
    bound: float
    proven: bool
    nodes: int
    seconds: float
    u: FloatArray


@dataclass
class _Search:
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

    def offer(self, opened: BoolArray) -> bool:
        """Keep a plan if it is the best so far; say whether it is."""
        value = float(compute_value(self.benefits, opened))
        if value <= self.value:
            return False
        self.open, self.value = opened.copy(), value
        return True

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


@dataclass
class _Instance:
    """What is left to decide: rows of some homes and sites, less what the open sites give (`base`)."""

    rows: Rows
    fixed: FloatArray
    site: IntArray
    home: IntArray
    places: int
    base: float
    dual: Dual
    short: Rows = field(init=False)

    def __post_init__(self) -> None:
        self.short = self.rows
        self.dual.next[:] = 0.0


def solve_benefits(
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
    """Return the best set of sites and its proof.

    When the search ends by itself (proof or gap), the result depends on the benefits, `warm`, `seed` and `gap` only:
    work is measured in counts, and what two threads do is exchanged at fixed counts.

    Parameters
    ----------
    deadline : seconds allowed, counted by `clock` from the call; past them the best plan so far is returned, with the
        bound reached. None goes to the proof, or to `gap`.
    clock : returns seconds, such as time.perf_counter; without it no time is measured.
    warm : (m,) a plan to start from; imposed sites are added, excluded ones and those beyond the places taken out.
    seed : of the local search.
    progress : receives the state of the search a few times per second.
    cancelled : asked as often; True stops the search as a deadline does.
    gap : (bound - value) / |value| that is good enough.

    Raises
    ------
    InputError : for more imposed sites than places, values that are not finite, or a deadline without a clock.
    """
    check_benefits(benefits)
    if deadline is not None and clock is None:
        raise InputError(
            f"A deadline of {deadline} s was given without a clock. Give clock=time.perf_counter as well.",
            f"Un délai de {deadline} s est donné sans horloge. Donnez aussi clock=time.perf_counter.",
        )
    margin, slack = compute_margin(benefits)
    search = _Search(
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
        instance = build_root(search, plans)
        over, instance = solve_root(search, instance, plans, second)
        u = compute_multipliers(search, instance)
        if not over:
            solve_tree(search, instance, plans, second)
    proven = search.is_proven()
    bound = search.bound + slack
    if proven:
        # Where values are multiples of a step, no plan lies between the best value and the next multiple.
        bound = search.value + slack if margin > TIE * compute_scale(benefits) else search.value + margin + slack
    return BenefitSolution(
        open=search.open,
        value=search.value,
        bound=max(bound, search.value),
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


def compute_margin(benefits: Benefits) -> tuple[float, float]:
    """Return how far above the best plan a bound must be for a better plan to exist, and the rounding of sums [unit].

    Sums of k floats are within k x epsilon of the sum of their sizes. Where all values are multiples of a step, the
    next value is a step above; else ties are held equal (`TIE`).
    """
    scale = compute_scale(benefits)
    longest = int(np.diff(benefits.col).max(initial=0))
    slack = EPSILON * (benefits.row.size + benefits.fixed.size + longest + 8) * scale
    step = compute_step(benefits)
    margin = step * (1 - 1e-6) - 2 * slack
    return (margin if margin > TIE * scale else TIE * scale + 2 * slack + 1e-300), slack


def compute_step(benefits: Benefits) -> float:
    """Return the largest step of which every value is a multiple, among integers and decimals; 0 for none [unit]."""
    for scale in (1.0, 10.0, 100.0, 1000.0):
        step = find_divisor(benefits.value, scale, find_divisor(benefits.fixed, scale, 0.0))
        if step > 0.0:
            return float(step) / scale
    return 0.0


def seed_plan(search: _Search, plans: PlanState, warm: BoolArray | None) -> None:
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


def build_root(search: _Search, plans: PlanState) -> _Instance:
    """Return the whole instance, imposed sites taken out, with the second best benefits of the plan as multipliers."""
    benefits = search.benefits
    n, m = benefits.row.size - 1, benefits.fixed.size
    load_plan(benefits, plans, search.open.copy())
    dual = build_dual(n, m)
    dual.u[:] = dual.best_u[:] = plans.value2
    root = _Instance(
        rows=Rows(benefits.row, benefits.site, benefits.value),
        fixed=benefits.fixed,
        site=np.arange(m),
        home=np.arange(n),
        places=benefits.places,
        base=0.0,
        dual=dual,
    )
    return cut_instance(root, benefits.state) if np.any(benefits.state != 0) else root


def cut_instance(instance: _Instance, state: Int8Array) -> _Instance:
    """Return the instance left when sites of it are open (1) or closed (-1)."""
    old = instance.dual
    rows = instance.rows
    left = Rows(np.empty_like(rows.row), np.empty_like(rows.site), np.empty_like(rows.value))
    u = np.empty_like(old.u)
    base = instance.base + float(cut_rows(rows, state, old.best_u, left, u)) - float(instance.fixed[state > 0].sum())
    homes = np.flatnonzero(np.diff(left.row))
    sites = np.flatnonzero(state == 0)
    number = np.full(state.size, -1, dtype=np.int32)
    number[sites] = np.arange(sites.size, dtype=np.int32)
    size = int(left.row[-1])
    dual = build_dual(homes.size, sites.size)
    dual.u[:] = dual.best_u[:] = u[homes]
    dual.direction[:] = old.direction[homes]
    dual.mean[:] = old.mean[sites]
    dual.score[:] = old.score
    dual.score[BOUND] = np.inf
    dual.tally[:] = old.tally
    return _Instance(
        rows=Rows(np.append(left.row[homes], size), number[left.site[:size]], left.value[:size].copy()),
        fixed=instance.fixed[sites],
        site=instance.site[sites],
        home=instance.home[homes],
        places=instance.places - int(np.sum(state > 0)),
        base=base,
        dual=dual,
    )


def solve_root(
    search: _Search, instance: _Instance, plans: PlanState, second: ThreadPoolExecutor
) -> tuple[bool, _Instance]:
    """Improve plans and bound in turn until the search is over (True) or the bound stalls; return what is left."""
    benefits = search.benefits
    rounding = build_plan_state(benefits)
    rounds, stalled = 0, 0
    while True:
        dual = instance.dual
        value, bound = search.value, search.bound
        dual.score[TARGET] = value + 0.5 * search.margin
        dual.score[CUTOFF] = value + search.margin
        core = choose_core(search, instance)
        opened = search.open.copy()
        per_step = dual.tally[READS] // max(dual.tally[STEPS], 1) + dual.u.size + 2 * dual.rho.size
        steps = int(min(ROUND, max(5, CHUNK // max(per_step, 1))))
        kicks = count_kicks(steps * per_step)
        search_args = (benefits, plans, opened, core, kicks, search.seed)
        together = steps * per_step > THREAD_WORK
        local = second.submit(search_locally, *search_args) if together else None
        final = improve_dual(
            instance.rows,
            instance.short,
            instance.fixed,
            np.zeros(instance.site.size, dtype=np.int8),
            instance.places,
            instance.base,
            dual,
            steps,
        )
        rounded = search.decided > 0
        rounded[instance.site[dual.best_pick]] = True
        search.offer(rounded)
        improve_plan(benefits, rounding, rounded, core)
        if local:
            local.result()
        else:
            search_locally(*search_args)
        search.offer(rounded)
        search.offer(opened)
        search.bound = min(search.bound, float(dual.score[BOUND]))
        rounds += 1
        if search.is_over():
            return True, instance
        instance = decide_instance(search, instance)
        if instance.site.size == 0 or instance.places == 0:
            return close_root(search), instance
        progress = bound - search.bound + search.value - value
        stalled = stalled + 1 if progress < 0.03 * (search.bound - search.value) else 0
        if final or stalled >= 2:
            return False, instance
        if rounds % 3 == 0 and instance.rows.site.size > 100_000:
            shorten_instance(instance)


def close_root(search: _Search) -> bool:
    """Offer the decided sites, the only plan left; nothing can be better than the best."""
    search.offer(search.decided > 0)
    search.bound = search.value
    search.is_over()
    return True


def choose_core(search: _Search, instance: _Instance) -> BoolArray:
    """Return the sites worth opening: the best reduced profits, and the best plan."""
    core = search.open.copy()
    size = 4 * instance.places + 60
    if size >= instance.site.size or not np.isfinite(instance.dual.score[BOUND]):
        core[instance.site] = True
    else:
        core[instance.site[np.argsort(-instance.dual.best_rho, kind="stable")[:size]]] = True
    return core


def count_kicks(reads: int) -> int:
    """Return how many kicks of the local search take about as long as reading so many entries."""
    return max(10, reads // 40_000)


def decide_instance(search: _Search, instance: _Instance) -> _Instance:
    """Decide the sites whose other choice cannot be better, and cut the instance if that makes it much smaller."""
    state = np.zeros(instance.site.size, dtype=np.int8)
    bound = float(instance.dual.score[BOUND])
    decided = decide_sites(instance.dual, state, instance.places, bound, search.value + search.margin)
    if decided < 0.1 * state.size:
        return instance
    search.decided[instance.site] = state
    return cut_instance(instance, state)


def shorten_instance(instance: _Instance) -> None:
    """Gather the entries near the multipliers and above them, so that a step reads memory in order."""
    rows = instance.rows
    short = Rows(np.empty_like(rows.row), np.empty_like(rows.site), np.empty_like(rows.value))
    size = shorten_rows(rows, instance.dual.best_u, 0.7, short, instance.dual.next)
    instance.short = Rows(short.row, short.site[:size].copy(), short.value[:size].copy())


def compute_multipliers(search: _Search, instance: _Instance) -> FloatArray:
    """Return the best multipliers on whole rows, (n,)."""
    benefits = search.benefits
    u = np.zeros(benefits.row.size - 1)
    u[instance.home] = instance.dual.best_u
    add_sure(Rows(benefits.row, benefits.site, benefits.value), search.decided, u)
    return u


def solve_tree(search: _Search, instance: _Instance, plans: PlanState, second: ThreadPoolExecutor) -> None:
    """Branch and bound on what is left, best bound first, until the search is over.

    Nodes go by batches of fixed size, the same whatever the threads: each is solved from the best plan known when the
    batch starts, and its outcome is taken in order.
    """
    m = instance.site.size
    workers = [build_node(instance.rows, m) for _ in range(2)]
    size = 8 if instance.rows.site.size < 2_000_000 else 2
    root = _Open(np.zeros(m, dtype=np.int8), instance.dual.best_u.astype(np.float32))
    heap = [(-search.bound, 0, root)]
    count = 0
    while heap and -heap[0][0] >= search.value + search.margin:
        batch: list[tuple[float, int, _Open]] = []
        while heap and len(batch) < size and -heap[0][0] >= search.value + search.margin:
            batch.append(heapq.heappop(heap))
        half = second.submit(solve_nodes, search, instance, workers[1], batch[1::2]) if len(batch) > 1 else None
        first = solve_nodes(search, instance, workers[0], batch[::2])
        outcomes = first if half is None else [o for pair in zip_longest(first, half.result()) for o in pair if o]
        search.nodes += len(batch)
        for (parent, _, _), outcome in zip(batch, outcomes, strict=True):
            if outcome.plan is not None:
                improve_found(search, instance, plans, outcome.plan)
            if outcome.branch < 0:
                continue
            for choice in (1, -1):
                state = outcome.state.copy()
                state[outcome.branch] = choice
                count += 1
                heapq.heappush(heap, (max(parent, -outcome.bound), count, _Open(state, outcome.u)))
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
    search: _Search, instance: _Instance, node: Node, batch: list[tuple[float, int, _Open]]
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
            NODE_STEPS,
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


def improve_found(search: _Search, instance: _Instance, plans: PlanState, chosen: BoolArray) -> None:
    """Offer a plan met in the tree, as it is and improved by interchange."""
    opened = search.decided > 0
    opened[instance.site[chosen]] = True
    if search.offer(opened):
        improve_plan(search.benefits, plans, opened, search.benefits.state == 0)
        search.offer(opened)
