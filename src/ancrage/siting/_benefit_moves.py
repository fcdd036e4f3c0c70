"""Compiled state of a plan on sparse benefits: the two best open sites of each home, the loss of each open site, and
the moves (add, drop, swap) in time proportional to what they change, with a log that undoes them exactly.

After Whitaker 1983 and Resende & Werneck 2004, 2007 (fast interchange), docs/method/siting.md.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ancrage.siting._benefits import Benefits, Int32Array
from ancrage.siting.problem import BoolArray, FloatArray, IntArray

# Positions in PlanState.tally.
OPEN, WAITING, NEXT, KICK, MOVE, HOMES, SITES, CHANGED, DRIFT, KICKS, SEED = range(11)
# Positions in PlanState.number.
TINY, BEHIND = range(2)

NEAR_LIMIT = 16_000_000
"""Most near arcs kept, as long as two open sites of each home are near: about 20 bytes each."""


class PlanState(NamedTuple):
    """Buffers of a plan, for n homes, m sites and k entries.

    opened, best : (m,) the plan held, and the best met since it was loaded; allowed : (m,) sites that may open.
    rank1, rank2 : (n,) places in its row of the best and second best open site of each home, the length of the row for
    none. They follow from `opened` alone, ties included. site1 : (n,) site at rank1, -1 for none; value1, value2 :
    (n,) benefits at rank1 and rank2, 0 for none [unit].
    loss : (m,) value lost when an open site closes [unit]. key : (m,) what the tournament `tree` minimises, ties to
    the lowest site: the loss of the sites that may close, infinite for the others.
    near_row, near_site, near_rank : arcs of each home to allowed sites, down to its last near open site, best first;
    near_end : (n,) rank from which a row is no longer near. near_col, near_home, near_value : the same by site.
    Between two builds the gains read there may be under-estimated, never over-estimated.
    queue, queued : sites to look at again. extra, touched : gathered while one site is looked at.
    *_log, *_stamp : what the present kick changed, as it was before. changed, changed_rank : homes changed by the
    present move, and how far their row matters. tally, number, random : scalars, positions above.
    """

    opened: BoolArray
    best: BoolArray
    candidates: BoolArray
    allowed: BoolArray
    rank1: Int32Array
    rank2: Int32Array
    site1: Int32Array
    value1: FloatArray
    value2: FloatArray
    loss: FloatArray
    key: FloatArray
    tree: Int32Array
    near_row: IntArray
    near_site: Int32Array
    near_rank: Int32Array
    near_end: Int32Array
    near_col: IntArray
    near_home: Int32Array
    near_value: FloatArray
    queue: Int32Array
    queued: BoolArray
    extra: FloatArray
    touched: Int32Array
    home_stamp: IntArray
    home_log: Int32Array
    rank1_log: Int32Array
    rank2_log: Int32Array
    site1_log: Int32Array
    value1_log: FloatArray
    value2_log: FloatArray
    site_stamp: IntArray
    site_log: Int32Array
    loss_log: FloatArray
    opened_log: BoolArray
    move_stamp: IntArray
    changed: Int32Array
    changed_rank: Int32Array
    tally: IntArray
    number: FloatArray
    random: NDArray[np.uint64]


def build_plan_state(benefits: Benefits) -> PlanState:
    """Return empty buffers for these benefits (memory of the near arcs is taken only where it is used)."""
    n, m, k = benefits.row.size - 1, benefits.fixed.size, benefits.site.size
    leaves = 1
    while leaves < max(m, 1):
        leaves *= 2

    def ints(size: int) -> Int32Array:
        return np.zeros(size, dtype=np.int32)

    return PlanState(
        opened=np.zeros(m, dtype=np.bool_),
        best=np.zeros(m, dtype=np.bool_),
        candidates=np.zeros(m, dtype=np.bool_),
        allowed=np.zeros(m, dtype=np.bool_),
        rank1=ints(n),
        rank2=ints(n),
        site1=ints(n),
        value1=np.zeros(n),
        value2=np.zeros(n),
        loss=np.zeros(m),
        key=np.full(m, np.inf),
        tree=ints(2 * leaves),
        near_row=np.zeros(n + 1, dtype=np.int64),
        near_site=np.empty(k, dtype=np.int32),
        near_rank=np.empty(k, dtype=np.int32),
        near_end=ints(n),
        near_col=np.zeros(m + 1, dtype=np.int64),
        near_home=np.empty(k, dtype=np.int32),
        near_value=np.empty(k),
        queue=ints(m),
        queued=np.zeros(m, dtype=np.bool_),
        extra=np.zeros(m),
        touched=ints(m),
        home_stamp=np.zeros(n, dtype=np.int64),
        home_log=ints(n),
        rank1_log=ints(n),
        rank2_log=ints(n),
        site1_log=ints(n),
        value1_log=np.zeros(n),
        value2_log=np.zeros(n),
        site_stamp=np.zeros(m, dtype=np.int64),
        site_log=ints(m),
        loss_log=np.zeros(m),
        opened_log=np.zeros(m, dtype=np.bool_),
        move_stamp=np.zeros(n, dtype=np.int64),
        changed=ints(n),
        changed_rank=ints(n),
        tally=np.zeros(11, dtype=np.int64),
        number=np.zeros(2),
        random=np.zeros(1, dtype=np.uint64),
    )


@njit(cache=True, nogil=True)
def build_tree(key: FloatArray, tree: Int32Array) -> None:
    """Play the whole tournament: tree[1] is the site of least key, -1 without sites."""
    leaves = tree.size // 2
    for s in range(leaves):
        tree[leaves + s] = s if s < key.size else -1
    for t in range(leaves - 1, 0, -1):
        left, right = tree[2 * t], tree[2 * t + 1]
        tree[t] = right if right >= 0 and key[right] < key[left] else left
    if leaves == 1:
        tree[0] = tree[1]


@njit(cache=True, nogil=True)
def update_tree(key: FloatArray, tree: Int32Array, s: int) -> None:
    """Play the matches of site `s` again."""
    t = (tree.size // 2 + s) // 2
    while t >= 1:
        left, right = tree[2 * t], tree[2 * t + 1]
        tree[t] = right if right >= 0 and key[right] < key[left] else left
        t //= 2


@njit(cache=True, nogil=True)
def load_ranks(benefits: Benefits, state: PlanState, opened: BoolArray) -> None:
    """Hold a plan: the two best open sites of each home, every loss, and no log.

    Imposed sites are opened and excluded ones closed.
    """
    tally = state.tally
    total = 0
    for s in range(opened.size):
        state.opened[s] = benefits.state[s] > 0 or (opened[s] and benefits.state[s] == 0)
        state.best[s] = state.opened[s]
        state.queued[s] = False
        total += state.opened[s]
    tally[OPEN] = total
    tally[WAITING] = 0
    for i in range(benefits.row.size - 1):
        start, stop = benefits.row[i], benefits.row[i + 1]
        a = start
        while a < stop and not state.opened[benefits.site[a]]:
            a += 1
        b = a + 1
        while b < stop and not state.opened[benefits.site[b]]:
            b += 1
        state.rank1[i] = a - start
        state.rank2[i] = min(b, stop) - start
        state.site1[i] = benefits.site[a] if a < stop else -1
        state.value1[i] = benefits.value[a] if a < stop else 0.0
        state.value2[i] = benefits.value[b] if b < stop else 0.0
    state.near_row[:] = 0
    state.near_col[:] = 0
    state.near_end[:] = 0
    sum_losses(benefits, state)
    state.number[TINY] = 1e-12 * max(1.0, np.sum(state.value1))
    forget_moves(state)


@njit(cache=True, nogil=True)
def sum_losses(benefits: Benefits, state: PlanState) -> float:
    """Sum losses and value again from the ranks, so that roundings do not pile up; return the value."""
    loss, key = state.loss, state.key
    for s in range(loss.size):
        loss[s] = -benefits.fixed[s]
    total = 0.0
    for i in range(state.rank1.size):
        total += state.value1[i]
        if state.site1[i] >= 0:
            loss[state.site1[i]] += state.value1[i] - state.value2[i]
    for s in range(loss.size):
        key[s] = loss[s] if state.opened[s] and benefits.state[s] == 0 else np.inf
        if state.opened[s]:
            total -= benefits.fixed[s]
    build_tree(key, state.tree)
    return total


@njit(cache=True, nogil=True)
def build_near(benefits: Benefits, state: PlanState, depth: int) -> None:
    """List the arcs to allowed sites down to the `depth`-th open site of each home (2 is enough for exact gains).

    Fewer open sites are near, never under 2, where the arcs would be more than NEAR_LIMIT.
    """
    n, m = state.rank1.size, state.opened.size
    opened, allowed = state.opened, state.allowed
    while True:
        state.near_row[0] = 0
        state.near_col[:] = 0
        for i in range(n):
            met = 0
            size = 0
            end = benefits.row[i]
            while end < benefits.row[i + 1] and met < depth:
                s = benefits.site[end]
                end += 1
                if allowed[s]:
                    size += 1
                    met += opened[s]
                    state.near_col[s + 1] += 1
            state.near_end[i] = end - benefits.row[i]
            state.near_row[i + 1] = state.near_row[i] + size
        if depth <= 2 or state.near_row[n] <= NEAR_LIMIT:
            break
        depth -= 1
    for s in range(m):
        state.near_col[s + 1] += state.near_col[s]
    spot = state.near_col[:-1].copy()
    for i in range(n):
        at = state.near_row[i]
        start = benefits.row[i]
        for a in range(start, start + state.near_end[i]):
            s = benefits.site[a]
            if allowed[s]:
                state.near_site[at] = s
                state.near_rank[at] = a - start
                at += 1
                state.near_home[spot[s]] = i
                state.near_value[spot[s]] = benefits.value[a]
                spot[s] += 1
    state.tally[DRIFT] = 0


@njit(cache=True, nogil=True)
def find_swap(benefits: Benefits, state: PlanState, enter: int) -> tuple[float, float, int]:
    """Return what opening a closed site gains alone, and with the best closure, and the site closed (-1 for none).

    A home of value v at `enter` gains v - value1 if v > value1; the loss of its site, counted as
    value1 - value2, is given back up to min(v, value1) - value2.
    """
    near_home, near_value = state.near_home, state.near_value
    value1, value2, site1 = state.value1, state.value2, state.site1
    extra, touched, key = state.extra, state.touched, state.key
    gain = -benefits.fixed[enter]
    size = 0
    for a in range(state.near_col[enter], state.near_col[enter + 1]):
        i = near_home[a]
        v = near_value[a]
        second = value2[i]
        if v > second:
            first = value1[i]
            if v > first:
                gain += v - first
                v = first
            if v > second:
                r = site1[i]
                if extra[r] == 0.0:
                    touched[size] = r
                    size += 1
                extra[r] += v - second
    leave = state.tree[1]
    most = -np.inf
    if leave >= 0:
        most = -key[leave]
    for t in range(size):
        r = touched[t]
        kept = extra[r] - key[r]
        extra[r] = 0.0
        if kept > most or (kept == most and r < leave):
            most = kept
            leave = r
    if most == -np.inf:
        leave = -1
    return gain, gain + most, leave


@njit(cache=True, nogil=True)
def find_open(benefits: Benefits, state: PlanState, i: int, rank: int) -> int:
    """Return the rank of the best open site of a home after `rank`, the length of its row for none."""
    low, high = state.near_row[i], state.near_row[i + 1]
    stop = high
    while low < high:
        middle = (low + high) // 2
        if state.near_rank[middle] <= rank:
            low = middle + 1
        else:
            high = middle
    for a in range(low, stop):
        if state.opened[state.near_site[a]]:
            return int(state.near_rank[a])
    start = benefits.row[i]
    length = int(benefits.row[i + 1] - start)
    for far in range(max(rank + 1, state.near_end[i]), length):
        if state.opened[benefits.site[start + far]]:
            return far
    return length


@njit(cache=True, nogil=True)
def start_move(state: PlanState) -> None:
    """Forget which homes the last move changed."""
    state.tally[MOVE] += 1
    state.tally[CHANGED] = 0


@njit(cache=True, nogil=True)
def forget_moves(state: PlanState) -> None:
    """Start a kick: what changes from here on can be undone."""
    state.tally[KICK] += 1
    state.tally[HOMES] = 0
    state.tally[SITES] = 0


@njit(cache=True, nogil=True)
def log_home(state: PlanState, i: int) -> None:
    """Keep a home as it was before the kick, and how far its row mattered before the move."""
    tally = state.tally
    if state.home_stamp[i] != tally[KICK]:
        state.home_stamp[i] = tally[KICK]
        at = tally[HOMES]
        tally[HOMES] = at + 1
        state.home_log[at] = i
        state.rank1_log[at] = state.rank1[i]
        state.rank2_log[at] = state.rank2[i]
        state.site1_log[at] = state.site1[i]
        state.value1_log[at] = state.value1[i]
        state.value2_log[at] = state.value2[i]
    if state.move_stamp[i] != tally[MOVE]:
        state.move_stamp[i] = tally[MOVE]
        state.changed[tally[CHANGED]] = i
        state.changed_rank[tally[CHANGED]] = state.rank2[i]
        tally[CHANGED] += 1


@njit(cache=True, nogil=True)
def log_site(state: PlanState, s: int) -> None:
    """Keep the loss of a site as it was before the kick."""
    tally = state.tally
    if state.site_stamp[s] != tally[KICK]:
        state.site_stamp[s] = tally[KICK]
        state.site_log[tally[SITES]] = s
        state.loss_log[tally[SITES]] = state.loss[s]
        state.opened_log[tally[SITES]] = state.opened[s]
        tally[SITES] += 1


@njit(cache=True, nogil=True)
def open_site(benefits: Benefits, state: PlanState, enter: int) -> None:
    """Open a closed site: its column only is walked."""
    rank1, rank2, site1 = state.rank1, state.rank2, state.site1
    value1, value2, loss = state.value1, state.value2, state.loss
    row, value, home, rank = benefits.row, benefits.value, benefits.home, benefits.rank
    log_site(state, enter)
    loss[enter] = -benefits.fixed[enter]
    for a in range(benefits.col[enter], benefits.col[enter + 1]):
        i = home[a]
        place = rank[a]
        if place >= rank2[i]:
            continue
        log_home(state, i)
        v = value[row[i] + place]
        former = site1[i]
        if former >= 0:
            log_site(state, former)
        if place < rank1[i]:
            if former >= 0:
                loss[former] -= value1[i] - value2[i]
            rank2[i] = rank1[i]
            value2[i] = value1[i]
            rank1[i] = place
            value1[i] = v
            site1[i] = enter
            loss[enter] += v - value2[i]
        else:
            loss[former] -= v - value2[i]
            rank2[i] = place
            value2[i] = v
    state.opened[enter] = True
    state.tally[OPEN] += 1


@njit(cache=True, nogil=True)
def close_site(benefits: Benefits, state: PlanState, leave: int) -> None:
    """Close an open site: the homes that have it first or second look for their next open site."""
    rank1, rank2, site1 = state.rank1, state.rank2, state.site1
    value1, value2, loss = state.value1, state.value2, state.loss
    row, home, rank = benefits.row, benefits.home, benefits.rank
    log_site(state, leave)
    state.opened[leave] = False
    state.tally[OPEN] -= 1
    for a in range(benefits.col[leave], benefits.col[leave + 1]):
        i = home[a]
        place = rank[a]
        if place != rank1[i] and place != rank2[i]:
            continue
        log_home(state, i)
        length = row[i + 1] - row[i]
        if place == rank1[i]:
            rank1[i] = rank2[i]
            value1[i] = value2[i]
            site1[i] = benefits.site[row[i] + rank2[i]] if rank2[i] < length else -1
            heir = site1[i]
            before = 0.0
        else:
            heir = site1[i]
            before = value1[i] - value2[i]
        if rank2[i] < length:
            rank2[i] = find_open(benefits, state, i, rank2[i])
            value2[i] = benefits.value[row[i] + rank2[i]] if rank2[i] < length else 0.0
        if heir >= 0:
            log_site(state, heir)
            loss[heir] += value1[i] - value2[i] - before
    state.loss[leave] = -benefits.fixed[leave]


@njit(cache=True, nogil=True)
def apply_move(benefits: Benefits, state: PlanState, enter: int, leave: int) -> None:
    """Open one site and close another (-1 for none), then queue the sites whose gain may have changed."""
    tally = state.tally
    start_move(state)
    if enter >= 0:
        open_site(benefits, state, enter)
    if leave >= 0:
        close_site(benefits, state, leave)
    for t in range(tally[SITES]):
        update_key(benefits, state, state.site_log[t])
    tally[DRIFT] += 1
    near_row, near_site, near_rank = state.near_row, state.near_site, state.near_rank
    for t in range(tally[CHANGED]):
        i = state.changed[t]
        limit = max(state.changed_rank[t], state.rank2[i])
        for a in range(near_row[i], near_row[i + 1]):
            if near_rank[a] > limit:
                break
            add_to_queue(state, near_site[a])


@njit(cache=True, nogil=True)
def update_key(benefits: Benefits, state: PlanState, s: int) -> None:
    """Bring the tournament up to the loss of a site."""
    key = state.loss[s] if state.opened[s] and benefits.state[s] == 0 else np.inf
    if key != state.key[s]:
        state.key[s] = key
        update_tree(state.key, state.tree, s)


@njit(cache=True, nogil=True)
def add_to_queue(state: PlanState, s: int) -> None:
    """Queue a closed site once."""
    if state.queued[s] or state.opened[s]:
        return
    tally = state.tally
    at = tally[NEXT] + tally[WAITING]
    state.queue[at if at < state.queue.size else at - state.queue.size] = s
    state.queued[s] = True
    tally[WAITING] += 1


@njit(cache=True, nogil=True)
def pop_from_queue(state: PlanState) -> int:
    """Return the site queued first."""
    tally = state.tally
    s = state.queue[tally[NEXT]]
    tally[NEXT] += 1
    if tally[NEXT] == state.queue.size:
        tally[NEXT] = 0
    tally[WAITING] -= 1
    state.queued[s] = False
    return int(s)


@njit(cache=True, nogil=True)
def compute_change(benefits: Benefits, state: PlanState) -> float:
    """Return what the value gained since the start of the kick, from the log."""
    total = 0.0
    for t in range(state.tally[HOMES]):
        total += state.value1[state.home_log[t]] - state.value1_log[t]
    for t in range(state.tally[SITES]):
        s = state.site_log[t]
        if state.opened[s] != state.opened_log[t]:
            total += benefits.fixed[s] if state.opened_log[t] else -benefits.fixed[s]
    return total


@njit(cache=True, nogil=True)
def undo_moves(benefits: Benefits, state: PlanState) -> None:
    """Put back every home, loss and site as they were at the start of the kick, bit for bit."""
    tally = state.tally
    for t in range(tally[HOMES]):
        i = state.home_log[t]
        state.rank1[i] = state.rank1_log[t]
        state.rank2[i] = state.rank2_log[t]
        state.site1[i] = state.site1_log[t]
        state.value1[i] = state.value1_log[t]
        state.value2[i] = state.value2_log[t]
    for t in range(tally[SITES]):
        s = state.site_log[t]
        if state.opened[s] != state.opened_log[t]:
            tally[OPEN] += 1 if state.opened_log[t] else -1
            state.opened[s] = state.opened_log[t]
        state.loss[s] = state.loss_log[t]
        update_key(benefits, state, s)
    forget_moves(state)
