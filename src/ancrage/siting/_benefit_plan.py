"""Good plans on sparse benefits: lazy greedy, interchange to a local optimum, iterated local search.

Sources: Minoux 1978 (lazy greedy); Nemhauser, Wolsey, Fisher 1978 (its guarantee, 1 - 1/e without fixed costs);
Whitaker 1983, Resende & Werneck 2004, 2007 (interchange). docs/method/siting.md.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ancrage.siting._benefit_moves import (
    add_to_queue,
    apply_move,
    compute_change,
    find_swap,
    pop_from_queue,
    undo_moves,
)
from ancrage.siting._benefit_state import (
    BEHIND,
    CYCLE_END,
    CYCLE_START,
    HEAT,
    KICKS,
    NEAR,
    OPEN,
    SEED,
    TINY,
    VALUE,
    WAITING,
    PlanState,
    build_near,
    build_plan_state,
    build_tree,
    forget_moves,
    load_ranks,
    sum_losses,
    sum_value,
    update_tree,
)
from ancrage.siting._benefits import Benefits, compute_value
from ancrage.siting.problem import BoolArray

__all__ = ["PlanState", "build_plan_state", "grow_greedy", "improve_plan", "load_plan", "search_locally"]

NEAR_DEPTH = 4
"""Open sites of each home down to which arcs are near: above 2, gains stay exact while the plan moves."""

REFRESH = 1024
"""Kicks between two sums from scratch and two looks at every candidate."""

KICK_SWAPS, KICK_DEPTH = 2, 3
"""Swaps of a kick, and open sites of the home down to which they are drawn."""

CYCLE = 1000
"""Kicks of the first cycle, besides two per open site."""

WARMTH, WARMEST = 0.002, 0.03
"""Mean loss accepted at the start of a warm cycle, over the mean loss of an open site: WARMTH for each kick that the
cycle spends per open site, at most WARMEST (a short cycle cannot make up for a great loss). Measured on pcb3038 with
100 and 500 places and usa13509 with 1,000."""


@njit(cache=True, nogil=True)
def grow_greedy(benefits: Benefits, state: PlanState, opened: BoolArray) -> float:
    """Open the site that gains most, again and again, until no place is left or nothing gains; return the value.

    Starts from `opened`, completed by the imposed sites, and changes it in place. A gain only falls as sites open,
    so a site that stays first once its gain is computed again is the best one. Ties go to the lowest site.

    Parameters
    ----------
    opened : (m,) True for an open site.
    """
    row, site, value = benefits.row, benefits.site, benefits.value
    load_ranks(benefits, state, opened)
    opened[:] = state.opened
    rank1, value1, key, tree = state.rank1, state.value1, state.key, state.tree
    m = opened.size
    key[:] = benefits.fixed
    for i in range(rank1.size):
        for a in range(row[i], row[i] + rank1[i]):
            key[site[a]] -= value[a] - value1[i]
    for s in range(m):
        if opened[s] or benefits.state[s] < 0:
            key[s] = np.inf
    build_tree(key, tree)
    fresh = np.zeros(m, dtype=np.bool_)
    opening = state.tally[OPEN]
    while opening < benefits.places:
        s = tree[1]
        if not key[s] < 0.0:
            break
        if not fresh[s]:
            cost = benefits.fixed[s]
            for a in range(benefits.col[s], benefits.col[s + 1]):
                i = benefits.home[a]
                if benefits.rank[a] < rank1[i]:
                    cost -= value[row[i] + benefits.rank[a]] - value1[i]
            key[s] = cost
            fresh[s] = True
            state.touched[state.tally[WAITING]] = s
            state.tally[WAITING] += 1
        else:
            for t in range(state.tally[WAITING]):
                fresh[state.touched[t]] = False
            state.tally[WAITING] = 0
            for a in range(benefits.col[s], benefits.col[s + 1]):
                i = benefits.home[a]
                if benefits.rank[a] < rank1[i]:
                    rank1[i] = benefits.rank[a]
                    value1[i] = value[row[i] + benefits.rank[a]]
            key[s] = np.inf
            opened[s] = True
            opening += 1
        update_tree(key, tree, s)
    state.tally[WAITING] = 0
    return load_plan(benefits, state, opened)


@njit(cache=True, nogil=True)
def load_plan(benefits: Benefits, state: PlanState, opened: BoolArray) -> float:
    """Hold `opened`, made to respect imposed and excluded sites and the places (in place); return its value.

    Beyond the places, the sites of least loss are closed, one after the other.
    """
    load_ranks(benefits, state, opened)
    while state.tally[OPEN] > benefits.places:
        leave = state.tree[1]
        if leave < 0 or state.key[leave] == np.inf:
            break
        apply_move(benefits, state, -1, leave)
        forget_moves(state)
    state.tally[KICKS] = 0
    state.tally[CYCLE_END] = 0
    return keep_best(benefits, state, opened)


@njit(cache=True, nogil=True)
def keep_best(benefits: Benefits, state: PlanState, opened: BoolArray) -> float:
    """Make the plan held the best one, write it in `opened` and return its value."""
    opened[:] = state.opened
    state.best[:] = state.opened
    state.number[BEHIND] = 0.0
    state.number[VALUE] = sum_losses(benefits, state)
    return float(state.number[VALUE])


@njit(cache=True, nogil=True)
def settle_queue(benefits: Benefits, state: PlanState, kept: bool) -> int:
    """Make the improving moves of the queued sites until none is left; return how many were made.

    Each site looked at moves at once if its best move (add, or swap with the best closure) improves. Where closing a
    site gains, it is closed first. With `kept` the moves cannot be undone.
    """
    moves = 0
    while True:
        enter = -1
        leave = state.tree[1]
        if not (leave >= 0 and state.key[leave] < -state.number[TINY]):
            if state.tally[WAITING] == 0:
                return moves
            enter = pop_from_queue(state)
            if state.opened[enter]:
                continue
            gain, change, leave = find_swap(benefits, state, enter)
            if state.tally[OPEN] < benefits.places and gain >= change:
                change = gain
                leave = -1
            if not change > state.number[TINY]:
                continue
        if kept:
            forget_moves(state)
        apply_move(benefits, state, enter, leave)
        moves += 1


@njit(cache=True, nogil=True)
def queue_all(state: PlanState) -> None:
    """Queue every allowed site."""
    for s in range(state.allowed.size):
        if state.allowed[s]:
            add_to_queue(state, s)


@njit(cache=True, nogil=True)
def set_candidates(benefits: Benefits, state: PlanState, candidates: BoolArray) -> None:
    """Allow the candidates and the plan held, and list their near arcs."""
    for s in range(candidates.size):
        state.candidates[s] = candidates[s]
        state.allowed[s] = state.opened[s] or (candidates[s] and benefits.state[s] == 0)
    build_near(benefits, state, NEAR_DEPTH)


@njit(cache=True, nogil=True)
def improve_plan(benefits: Benefits, state: PlanState, opened: BoolArray, candidates: BoolArray) -> float:
    """Improve a plan until no add, drop or swap of a candidate does; return the value.

    Parameters
    ----------
    opened : (m,) plan, changed in place. candidates : (m,) sites that may open, besides those of the plan.
    """
    load_plan(benefits, state, opened)
    while True:
        set_candidates(benefits, state, candidates)
        queue_all(state)
        if settle_queue(benefits, state, kept=True) == 0:
            break
    forget_moves(state)
    return keep_best(benefits, state, opened)


@njit(cache=True, nogil=True)
def draw_number(state: PlanState, size: int) -> int:
    """Return a number of 0..size - 1 (xorshift64*, Vigna 2016)."""
    x = state.random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state.random[0] = x
    drawn = (x * np.uint64(2685821657736338717)) >> np.uint64(33)
    return int(drawn % np.uint64(size))


@njit(cache=True, nogil=True)
def kick_plan(benefits: Benefits, state: PlanState) -> None:
    """Swap pairs of sites near a random home, at random; with places left, also open or close one alone."""
    n = state.rank1.size
    if n == 0:
        return
    i = draw_number(state, n)
    for _ in range(20):
        if state.near_row[i + 1] > state.near_row[i] + 1:
            break
        i = draw_number(state, n)
    start = state.near_row[i]
    size = 0
    met = 0
    while start + size < state.near_row[i + 1] and met < KICK_DEPTH:
        met += state.opened[state.near_site[start + size]]
        size += 1
    if size == 0:
        return
    for _ in range(KICK_SWAPS):
        enter = -1
        leave = -1
        places_left = benefits.places - state.tally[OPEN]
        alone = draw_number(state, 3) if places_left > 0 else 0
        for _ in range(8 if alone != 2 else 0):
            s = state.near_site[start + draw_number(state, size)]
            if not state.opened[s]:
                enter = s
                break
        for _ in range(8 if alone != 1 and met > 0 else 0):
            # The first open site from a random place of the row: the farther, the likelier.
            t = start + draw_number(state, size)
            while t < start + size and not state.opened[state.near_site[t]]:
                t += 1
            if t < start + size and state.key[state.near_site[t]] < np.inf:
                leave = state.near_site[t]
                break
        if enter >= 0 and leave < 0 and places_left <= 0:
            # No open site near (a home that nobody serves): the best closure anywhere.
            leave = find_swap(benefits, state, enter)[2]
            if leave < 0:
                continue
        apply_move(benefits, state, enter, leave)


@njit(cache=True, nogil=True)
def start_cycle(benefits: Benefits, state: PlanState) -> None:
    """Start again from the best plan, warm, for longer than the last cycle; the first one is cold."""
    tally, number = state.tally, state.number
    first = tally[CYCLE_END] == 0
    length = CYCLE + 2 * tally[OPEN] if first else (tally[CYCLE_END] - tally[CYCLE_START]) * 3 // 2
    tally[CYCLE_START] = tally[KICKS]
    tally[CYCLE_END] = tally[KICKS] + length
    if number[BEHIND] > 0.0:
        load_ranks(benefits, state, state.best)
        number[BEHIND] = 0.0
    total = 0.0
    for s in range(state.loss.size):
        if state.opened[s]:
            total += max(0.0, state.loss[s])
    size = max(1, tally[OPEN])
    number[HEAT] = 0.0 if first else min(WARMEST, WARMTH * length / size) * total / size


@njit(cache=True, nogil=True)
def is_accepted(state: PlanState, change: float) -> bool:
    """Tell whether a change of value is kept: never worse once the cycle is cold, a little worse before."""
    tally = state.tally
    if change >= 0.0:
        return True
    elapsed = (tally[KICKS] - tally[CYCLE_START]) / (0.9 * (tally[CYCLE_END] - tally[CYCLE_START]))
    heat = state.number[HEAT] * (1.0 - elapsed)
    if change <= -12.0 * heat:
        return False
    return bool(change > heat * np.log((1.0 + draw_number(state, 1 << 20)) / (1 << 20)))


@njit(cache=True, nogil=True)
def keep_change(state: PlanState, change: float) -> bool:
    """Count a change made for good; tell whether the plan held became the best one."""
    number = state.number
    number[BEHIND] -= change
    if number[BEHIND] >= -number[TINY]:
        return False
    state.best[:] = state.opened
    number[BEHIND] = 0.0
    return True


@njit(cache=True, nogil=True)
def look_everywhere(benefits: Benefits, state: PlanState) -> bool:
    """List the near arcs and sum again, then settle every allowed site; tell whether the plan became the best one."""
    set_candidates(benefits, state, state.candidates)
    before = sum_losses(benefits, state)
    queue_all(state)
    settle_queue(benefits, state, kept=True)
    forget_moves(state)
    return keep_change(state, sum_losses(benefits, state) - before)


@njit(cache=True, nogil=True)
def search_locally(
    benefits: Benefits, state: PlanState, opened: BoolArray, candidates: BoolArray, kicks: int, seed: int
) -> float:
    """Kick the plan held here and there, settle, keep or undo; return the value of the best plan.

    Kicks that lose a little are kept at first, less and less until the end of a cycle (annealing, Kirkpatrick,
    Gelatt, Vecchi 1983), then the next cycle starts from the best plan. Calls go on from where the last one stopped,
    as one longer call would, unless the plan, the candidates or the seed are not the same.

    Parameters
    ----------
    opened : (m,) plan, replaced by the best one met. candidates : (m,) sites that may open, besides those of the plan.
    kicks : how many. seed : of the generator.
    """
    tally = state.tally
    if not np.array_equal(opened, state.best):
        load_plan(benefits, state, opened)
    if not np.array_equal(candidates, state.candidates):
        state.candidates[:] = candidates
        tally[NEAR] = 0
    if tally[KICKS] == 0 or tally[SEED] != seed:
        tally[SEED] = seed
        state.random[0] = np.uint64(seed) * np.uint64(2654435769) + np.uint64(88172645463325252)
    better = False
    for _ in range(kicks):
        if tally[KICKS] >= tally[CYCLE_END]:
            start_cycle(benefits, state)
        if tally[NEAR] == 0 or tally[KICKS] % REFRESH == 0:
            better |= look_everywhere(benefits, state)
        tally[KICKS] += 1
        kick_plan(benefits, state)
        settle_queue(benefits, state, kept=False)
        change = compute_change(benefits, state)
        if is_accepted(state, change):
            forget_moves(state)
            better |= keep_change(state, change)
        else:
            undo_moves(benefits, state)
    opened[:] = state.best
    if better:
        held = state.number[BEHIND] <= 0.0
        state.number[VALUE] = sum_value(benefits, state) if held else compute_value(benefits, opened)
    return float(state.number[VALUE])
