"""Compiled moves (add, drop, swap) of the plan held, in time proportional to what they change, with a log that undoes
them exactly.

After Whitaker 1983 and Resende & Werneck 2004, 2007 (fast interchange), docs/method/siting.md.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ancrage.siting._benefit_state import (
    CHANGED,
    HOMES,
    KICK,
    MOVE,
    NEXT,
    OPEN,
    SITES,
    WAITING,
    PlanState,
    forget_moves,
    update_tree,
)
from ancrage.siting._benefits import Benefits


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
    near_row, near_site, near_rank = state.near_row, state.near_site, state.near_rank
    queue, queued, rank2 = state.queue, state.queued, state.rank2
    last = tally[NEXT] + tally[WAITING]
    size = queue.size
    for t in range(tally[CHANGED]):
        i = state.changed[t]
        limit = max(state.changed_rank[t], rank2[i])
        for a in range(near_row[i], near_row[i + 1]):
            if near_rank[a] > limit:
                break
            s = near_site[a]
            if not queued[s]:
                queued[s] = True
                queue[last if last < size else last - size] = s
                last += 1
    tally[WAITING] = last - tally[NEXT]


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
