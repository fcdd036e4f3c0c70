"""The plan held on sparse benefits: the two best open sites of each home, the loss of each open site, the near arcs.

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
OPEN, WAITING, NEXT, KICK, MOVE, HOMES, SITES, CHANGED, NEAR, KICKS, CYCLE_START, CYCLE_END, SEED = range(13)
# Positions in PlanState.number.
TINY, VALUE, BEHIND, HEAT = range(4)

NEAR_LIMIT = 16_000_000
"""Most near arcs kept, as long as two open sites of each home are near: about 20 bytes each."""


class PlanState(NamedTuple):
    """Buffers of a plan, for n homes, m sites and k entries.

    opened, best : (m,) the plan held, and the best met since it was loaded; candidates, allowed : (m,) sites that the
    caller lets open, and those that may: the same and the plan.
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
        tally=np.zeros(13, dtype=np.int64),
        number=np.zeros(4),
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
def forget_moves(state: PlanState) -> None:
    """Start a kick: what changes from here on can be undone."""
    state.tally[KICK] += 1
    state.tally[HOMES] = 0
    state.tally[SITES] = 0


@njit(cache=True, nogil=True)
def load_ranks(benefits: Benefits, state: PlanState, opened: BoolArray) -> None:
    """Hold a plan: the two best open sites of each home, every loss, and no log.

    Imposed sites are opened and excluded ones closed.
    """
    tally = state.tally
    total = 0
    for s in range(opened.size):
        state.opened[s] = benefits.state[s] > 0 or (opened[s] and benefits.state[s] == 0)
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
    tally[NEAR] = 0
    sum_losses(benefits, state)
    # The scale of the sums, whatever is open: an improvement under their roundings could be made for ever.
    scale = 0.0
    for s in range(opened.size):
        scale = max(scale, abs(benefits.fixed[s]))
    for i in range(benefits.row.size - 1):
        if benefits.row[i + 1] > benefits.row[i]:
            scale += benefits.value[benefits.row[i]]
    state.number[TINY] = 1e-12 * scale
    forget_moves(state)


@njit(cache=True, nogil=True)
def sum_value(benefits: Benefits, state: PlanState) -> float:
    """Return the value of the plan held, summed as compute_value does."""
    total = 0.0
    for i in range(state.rank1.size):
        total += state.value1[i]
    for s in range(state.opened.size):
        if state.opened[s]:
            total -= benefits.fixed[s]
    return total


@njit(cache=True, nogil=True)
def sum_losses(benefits: Benefits, state: PlanState) -> float:
    """Sum every loss again from the ranks, so that roundings do not pile up; return the value of the plan held."""
    loss, key = state.loss, state.key
    for s in range(loss.size):
        loss[s] = -benefits.fixed[s]
    for i in range(state.rank1.size):
        if state.site1[i] >= 0:
            loss[state.site1[i]] += state.value1[i] - state.value2[i]
    for s in range(loss.size):
        key[s] = loss[s] if state.opened[s] and benefits.state[s] == 0 else np.inf
    build_tree(key, state.tree)
    return sum_value(benefits, state)


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
    state.tally[NEAR] = 1
