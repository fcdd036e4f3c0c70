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
    PACE,
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
from ancrage.siting._benefits import Benefits, Int8Array, build_benefits, compute_value
from ancrage.siting.problem import BoolArray, FloatArray, IntArray, SearchState, SitingProblem

TIE = 1e-10
"""Plans whose values differ by less than this share of the sum of the homes' best benefits are held equal."""

CHUNK = 20_000_000
"""Entries read between two looks at the clock (about 0.1 s)."""

ROUND = 60
"""Most subgradient steps between two exchanges with the local search."""

NODE_STEPS = 60
"""Subgradient steps at a node of the tree."""

KICK_READS = 1000
"""A kick of the local search takes about as long as reading this many entries per near arc of a site (measured)."""

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
    u : (n,) multipliers of the best bound before any site was decided: with them anyone can compute that bound again.
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
    reads: int = 0
    quiet: int = 0
    u: FloatArray | None = None

    def offer(self, opened: BoolArray) -> bool:
        """Keep a plan if it is the best so far; say whether it is."""
        value = float(compute_value(self.benefits, opened))
        if value <= self.value:
            return False
        self.open, self.value = opened.copy(), value
        return True

    def is_promising(self) -> bool:
        """Say whether the local search deserves more: it lately found better, or the rest went on without it."""
        return 2 * self.quiet <= self.reads

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
    margin, doubt, slack = compute_margin(benefits)
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
    """Return the whole instance, imposed sites taken out, multipliers between the two best of each home."""
    benefits = search.benefits
    n, m = benefits.row.size - 1, benefits.fixed.size
    load_plan(benefits, plans, search.open.copy())
    dual = build_dual(n, m)
    dual.u[:] = dual.best_u[:] = 0.5 * (plans.value1 + plans.value2)
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
    """Improve plans and bound in turn until the search is over (True) or both stall; return what is left."""
    rounding = build_plan_state(search.benefits)
    rounds, stalled = 0, 0
    while True:
        dual = instance.dual
        value, bound = search.value, search.bound
        dual.score[TARGET] = value + 0.5 * search.margin
        dual.score[CUTOFF] = value + search.margin
        core = choose_core(search, instance)
        per_step = int(dual.tally[READS]) // max(int(dual.tally[STEPS]), 1) + dual.u.size + 2 * dual.rho.size + 1
        steps = int(min(ROUND, max(5, CHUNK // per_step)))
        local = _Local(search, plans, core, steps * per_step, second) if search.is_promising() else None
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
        if stalled < 2:
            search.reads += steps * per_step
        rounded = search.decided > 0
        rounded[instance.site[dual.best_pick]] = True
        search.offer(rounded)
        if rounds % 4 == 2 or final:
            improve_plan(search.benefits, rounding, rounded, core)
            search.offer(rounded)
        if local:
            local.join(search)
        search.bound = min(search.bound, float(dual.score[BOUND]))
        rounds += 1
        if search.is_over():
            return True, instance
        instance = decide_instance(search, instance)
        if instance.site.size == 0 or instance.places == 0:
            return close_root(search), instance
        if bound - search.bound + search.value - value > 0.03 * (search.bound - search.value):
            stalled = 0
        else:
            stalled += 1
            dual.score[PACE] = max(dual.score[PACE], 0.1)
        if final or (stalled >= 2 and not search.is_promising()):
            return False, instance
        if rounds % 3 == 0 and instance.rows.site.size > 100_000:
            shorten_instance(instance)


class _Local:
    """A run of the local search from the best plan, for about as long as reading `reads` entries.

    It goes on the second thread where that is worth its start, else at once.
    """

    def __init__(
        self, search: _Search, plans: PlanState, core: BoolArray, reads: int, second: ThreadPoolExecutor
    ) -> None:
        self.open = search.open.copy()
        near = int(plans.near_row[-1]) // max(1, int(np.sum(plans.allowed)))
        kick = KICK_READS * max(near, 1)
        kicks = max(1, reads // kick) if near else 0
        self.reads = max(kicks * kick, reads // 4)
        arguments = (search.benefits, plans, self.open, core, kicks, search.seed)
        self.future = second.submit(search_locally, *arguments) if reads > THREAD_WORK else None
        if self.future is None:
            search_locally(*arguments)

    def join(self, search: _Search) -> None:
        """Wait for its end, and offer its plan."""
        if self.future:
            self.future.result()
        search.reads += self.reads
        search.quiet = 0 if search.offer(self.open) else search.quiet + self.reads


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


def decide_instance(search: _Search, instance: _Instance) -> _Instance:
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


def shorten_instance(instance: _Instance) -> None:
    """Gather the entries near the multipliers and above them, so that a step reads memory in order."""
    rows = instance.rows
    short = Rows(np.empty_like(rows.row), np.empty_like(rows.site), np.empty_like(rows.value))
    size = shorten_rows(rows, instance.dual.best_u, 0.7, short, instance.dual.next)
    instance.short = Rows(short.row, short.site[:size].copy(), short.value[:size].copy())


def compute_multipliers(search: _Search, instance: _Instance) -> FloatArray:
    """Return the best multipliers, imposed sites put back, (n,)."""
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
    core = choose_core(search, instance)
    root = _Open(np.zeros(m, dtype=np.int8), instance.dual.best_u.astype(np.float32))
    heap = [(-search.bound, 0, root)]
    count, reads = 0, 0
    while heap and -heap[0][0] >= search.value + search.margin:
        batch: list[tuple[float, int, _Open]] = []
        while heap and len(batch) < size and -heap[0][0] >= search.value + search.margin:
            batch.append(heapq.heappop(heap))
        local = _Local(search, plans, core, reads, second) if reads and search.is_promising() else None
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
                improve_found(search, instance, plans, outcome.plan)
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
