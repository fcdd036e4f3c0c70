"""Compiled local search: adds, drops and swaps of sites until none helps.

A plan first gets within the budget, then meets the floors, then gains value.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ancrage.siting._kernels import BUDGET, PLACES, TOLERANCE, Data, compute_excess
from ancrage.siting._moves import (
    COST,
    EXCESS,
    SHORT,
    VALUE,
    Moves,
    apply_move,
    compute_missing,
    compute_pair,
    enter_site,
    leave_site,
    list_near,
    start_moves,
)
from ancrage.siting.problem import BoolArray


@njit(cache=True, nogil=True)
def count_open(opened: BoolArray) -> int:
    """Return the number of open sites."""
    count = 0
    for s in range(opened.size):
        count += opened[s]
    return count


@njit(cache=True, nogil=True)
def rank_move(
    data: Data, excess: float, short: float, value: float, best: tuple[float, float, float], step: float
) -> bool:
    """Return whether a plan is better than `best` (excess, shortfall, value): in that order, roundings apart."""
    if excess != best[0]:
        tiny = 1e-12 * (best[0] + abs(data.number[BUDGET]))
        if excess < best[0] - tiny:
            return True
        if excess > best[0] + tiny:
            return False
    if short < best[1] - 1e-12:
        return True
    if short > best[1] + 1e-12:
        return False
    return value > best[2] + step


@njit(cache=True, nogil=True)
def improve_site(data: Data, moves: Moves, opened: BoolArray, e: int, step: float) -> bool:
    """Apply the best move that opens closed site e, alone or in the place of another; return whether there was one."""
    m = opened.size
    zones = data.need.size
    room = count_open(opened) + 1 <= data.number[PLACES]
    best = (moves.total[EXCESS], moves.total[SHORT], moves.total[VALUE])
    best_out = -2
    value, cost = enter_site(data, moves, e)
    near = list_near(data, moves, e)
    if room:
        excess = compute_excess(data, moves.total[COST] + cost)
        short = compute_missing(data, moves, moves.add_mass) if zones > 0 else 0.0
        if rank_move(data, excess, short, moves.total[VALUE] + value, best, step):
            best = (excess, short, moves.total[VALUE] + value)
            best_out = -1
    stamp = moves.stamp[0]
    for r in range(m):
        if not opened[r] or data.imposed[r]:
            continue
        if moves.near_stamp[r] == stamp:
            continue
        excess = compute_excess(data, moves.total[COST] + cost + moves.drop_cost[r])
        if excess > best[0]:
            continue
        new_value = moves.total[VALUE] + value + moves.drop_value[r]
        if zones == 0 and excess == best[0] and new_value <= best[2] + step:
            continue
        short = 0.0
        if zones > 0:
            for zone in range(zones):
                moves.pair_mass[zone] = moves.add_mass[zone] + moves.drop_mass[r, zone]
            short = compute_missing(data, moves, moves.pair_mass)
        if rank_move(data, excess, short, new_value, best, step):
            best = (excess, short, new_value)
            best_out = r
    for at in range(near):
        r = moves.near[at]
        if data.imposed[r]:
            continue
        pair_value, pair_cost = compute_pair(data, moves, e, r)
        excess = compute_excess(data, moves.total[COST] + pair_cost)
        short = compute_missing(data, moves, moves.pair_mass) if zones > 0 else 0.0
        if rank_move(data, excess, short, moves.total[VALUE] + pair_value, best, step):
            best = (excess, short, moves.total[VALUE] + pair_value)
            best_out = r
    leave_site(data, moves, e)
    if best_out == -2:
        return False
    apply_move(data, moves, opened, e, best_out)
    return True


@njit(cache=True, nogil=True)
def drop_sites(data: Data, moves: Moves, opened: BoolArray, step: float) -> int:
    """Close sites one by one while that helps; over the budget, first those that lose least per euro saved."""
    done = 0
    while True:
        best = (moves.total[EXCESS], moves.total[SHORT], moves.total[VALUE])
        over = moves.total[EXCESS] > 0.0
        ratio = np.inf
        out = -1
        for r in range(opened.size):
            if not opened[r] or data.imposed[r]:
                continue
            excess = compute_excess(data, moves.total[COST] + moves.drop_cost[r])
            short = 0.0
            if data.need.size > 0:
                short = compute_missing(data, moves, moves.drop_mass[r])
            value = moves.total[VALUE] + moves.drop_value[r]
            if over:
                if excess < moves.total[EXCESS]:
                    loss = -moves.drop_value[r] / max(moves.total[EXCESS] - excess, 1e-300)
                    loss += 1e3 * max(0.0, short - moves.total[SHORT]) * abs(moves.total[VALUE])
                    if loss < ratio:
                        ratio = loss
                        out = r
            elif rank_move(data, excess, short, value, best, step):
                best = (excess, short, value)
                out = r
        if out < 0:
            return done
        apply_move(data, moves, opened, -1, out)
        done += 1


@njit(cache=True, nogil=True)
def score_site(data: Data, moves: Moves, e: int, by_cost: bool) -> float:
    """Return how much opening e is worth to a greedy construction, -inf where it is not allowed or does not help."""
    value, cost = enter_site(data, moves, e)
    leave_site(data, moves, e)
    if compute_excess(data, moves.total[COST] + cost) > moves.total[EXCESS]:
        return -np.inf
    gained: float = value
    if moves.total[SHORT] > 0.0:
        gained = moves.total[SHORT] - compute_missing(data, moves, moves.add_mass)
        if gained <= 1e-12:
            return -np.inf
        # Without a budget the cost only matters through the objective.
        if np.isinf(data.number[BUDGET]) and value < 0.0:
            return gained / float(-value)
    elif gained <= 1e-3 * data.number[TOLERANCE]:
        return -np.inf
    if not by_cost:
        return gained
    return float(gained / cost) if cost > 1e-9 * gained else 1e9


@njit(cache=True, nogil=True)
def add_sites(data: Data, moves: Moves, opened: BoolArray, by_cost: bool) -> None:
    """Open sites one by one, best first, by gain or by gain per euro; scores are recomputed when they come on top."""
    m = opened.size
    count = count_open(opened)
    while True:
        added = 0
        for e in range(m):
            moves.score[e] = -np.inf
            if not opened[e] and not data.excluded[e]:
                moves.score[e] = score_site(data, moves, e, by_cost)
        missing = moves.total[SHORT] > 0.0
        moves.fresh[:] = True
        while count + 1 <= data.number[PLACES]:
            e = int(np.argmax(moves.score))
            if moves.score[e] == -np.inf:
                break
            if not moves.fresh[e]:
                moves.score[e] = score_site(data, moves, e, by_cost)
                moves.fresh[e] = True
                continue
            apply_move(data, moves, opened, e, -1)
            moves.score[e] = -np.inf
            moves.fresh[:] = False
            added += 1
            count += 1
            if missing and moves.total[SHORT] <= 0.0:
                break
        if added == 0:
            return


@njit(cache=True, nogil=True)
def improve_plan(data: Data, moves: Moves, opened: BoolArray, max_moves: int) -> tuple[float, float]:
    """Add, drop or swap sites until no such move helps; return value and cost of `opened`, changed in place.

    A plan over the budget first reduces its excess, then its shortfall on floors; then the value rises.
    """
    m = opened.size
    step = 1e-3 * data.number[TOLERANCE]
    start_moves(data, moves, opened)
    count = drop_sites(data, moves, opened, step)
    tried = 0
    e = 0
    while tried < m and count < max_moves:
        if not opened[e] and not data.excluded[e] and improve_site(data, moves, opened, e, step):
            count += 1 + drop_sites(data, moves, opened, step)
            tried = 0
        else:
            tried += 1
        e = e + 1 if e + 1 < m else 0
    return float(moves.total[VALUE]), float(moves.total[COST])


@njit(cache=True, nogil=True)
def settle_ties(data: Data, moves: Moves, opened: BoolArray) -> None:
    """Among plans of the same value one move away, prefer fewer places, then lower site numbers.

    The value may only fall by the rounding of a sum; the plan stays within its limits.
    """
    m = opened.size
    zones = data.need.size
    slack = 1e-3 * data.number[TOLERANCE]
    start_moves(data, moves, opened)
    for _ in range(4 * m):
        out = -1
        for r in range(m - 1, -1, -1):
            if opened[r] and not data.imposed[r] and moves.drop_value[r] >= -slack:
                short = compute_missing(data, moves, moves.drop_mass[r]) if zones > 0 else 0.0
                if short == 0.0 and compute_excess(data, moves.total[COST] + moves.drop_cost[r]) == 0.0:
                    out = r
                    break
        if out >= 0:
            apply_move(data, moves, opened, -1, out)
            continue
        into = -1
        for e in range(m):
            if opened[e] or data.excluded[e]:
                continue
            value, cost = enter_site(data, moves, e)
            list_near(data, moves, e)
            for r in range(m - 1, max(e, out), -1):
                if not opened[r] or data.imposed[r]:
                    continue
                if moves.near_stamp[r] == moves.stamp[0]:
                    both, price = compute_pair(data, moves, e, r)
                else:
                    both, price = value + moves.drop_value[r], cost + moves.drop_cost[r]
                    for zone in range(zones):
                        moves.pair_mass[zone] = moves.add_mass[zone] + moves.drop_mass[r, zone]
                if both < -slack or compute_excess(data, moves.total[COST] + price) > 0.0:
                    continue
                if zones > 0 and compute_missing(data, moves, moves.pair_mass) > 0.0:
                    continue
                out = r
                into = e
                break
            leave_site(data, moves, e)
        if into < 0:
            return
        apply_move(data, moves, opened, into, out)
