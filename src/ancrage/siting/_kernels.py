"""Compiled evaluation and interchange: the value and cost of a set of sites, and the best single moves.

Arcs are kept twice: by home (nearest first) and by site. A home without an open site holds the sentinel `k`
(number of arcs), so that "nearer" is always a plain comparison of arc numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ancrage.siting.evaluate import DESK_ROUNDING
from ancrage.siting.problem import BoolArray, FloatArray, IntArray

Int8Array = NDArray[np.int8]

# Positions in Data.number.
DESKS_PER_DAY, BUDGET, TOLERANCE, PLACES, PRICE_PACE, COST_WEIGHT = 0, 1, 2, 3, 4, 5


class Data(NamedTuple):
    """A siting problem as plain arrays (all floats but the indices), twice sorted."""

    row: IntArray
    site: IntArray
    value: FloatArray
    demand: FloatArray
    col: IntArray
    col_arc: IntArray
    col_home: IntArray
    col_value: FloatArray
    col_demand: FloatArray
    fixed: FloatArray
    desk_cost: FloatArray
    income: FloatArray
    desks_min: FloatArray
    desks_max: FloatArray
    imposed: BoolArray
    excluded: BoolArray
    number: FloatArray


class Moves(NamedTuple):
    """Buffers of the interchange."""

    first: IntArray
    second: IntArray
    new_first: IntArray
    new_second: IntArray
    head: IntArray
    chain: IntArray
    opened: IntArray
    load: FloatArray
    worth: FloatArray
    more_load: FloatArray
    more_worth: FloatArray


@njit(cache=True, nogil=True)
def compute_site(data: Data, s: int, load: float, worth: float) -> tuple[float, float]:
    """Return what one open site gives and costs when `load` desk-days worth `worth` are asked there."""
    wanted = load * data.number[DESKS_PER_DAY]
    most = data.desks_max[s]
    if wanted > most + DESK_ROUNDING:
        share = most / wanted
        return share * worth, data.fixed[s] + data.desk_cost[s] * most - data.income[s] * share * load
    desks = max(data.desks_min[s], np.ceil(wanted - DESK_ROUNDING))
    return worth, data.fixed[s] + data.desk_cost[s] * desks - data.income[s] * load


@njit(cache=True, nogil=True)
def find_first_two(data: Data, opened: BoolArray, first: IntArray, second: IntArray) -> None:
    """Write the nearest and second nearest open arc of each home (`k` for none)."""
    none = data.site.size
    for i in range(data.row.size - 1):
        first[i] = none
        second[i] = none
        for a in range(data.row[i], data.row[i + 1]):
            if opened[data.site[a]]:
                if first[i] == none:
                    first[i] = a
                else:
                    second[i] = a
                    break


@njit(cache=True, nogil=True)
def compute_totals(data: Data, opened: BoolArray, load: FloatArray, worth: FloatArray) -> tuple[float, float]:
    """Return value and cost of a set of open sites; `load` and `worth` (m,) are overwritten."""
    load[:] = 0.0
    worth[:] = 0.0
    for i in range(data.row.size - 1):
        for a in range(data.row[i], data.row[i + 1]):
            s = data.site[a]
            if opened[s]:
                load[s] += data.demand[a]
                worth[s] += data.value[a]
                break
    value = 0.0
    cost = 0.0
    for s in range(opened.size):
        if opened[s]:
            gain, price = compute_site(data, s, load[s], worth[s])
            value += gain
            cost += price
    return value - data.number[COST_WEIGHT] * cost, cost


@njit(cache=True, nogil=True)
def compute_excess(data: Data, cost: float) -> float:
    """Return by how much a cost exceeds the budget, 0 within it [EUR/year]."""
    return max(0.0, cost - float(data.number[BUDGET]))


@njit(cache=True, nogil=True)
def improve_plan(data: Data, moves: Moves, opened: BoolArray, max_moves: int) -> tuple[float, float]:
    """Apply the best add, drop or swap until none helps; return value and cost of `opened`, changed in place.

    A plan over the budget first reduces its excess; within the budget, the value rises. Every move is evaluated
    exactly: entering e touches the homes of its column only, then each leaving r touches its own users only.
    """
    m = opened.size
    n = data.row.size - 1
    none = data.site.size
    value, cost = compute_totals(data, opened, moves.load, moves.worth)
    excess = compute_excess(data, cost)
    step = 1e-3 * data.number[TOLERANCE]
    for _ in range(max_moves):
        find_first_two(data, opened, moves.first, moves.second)
        count = 0
        for s in range(m):
            count += opened[s]
        best_value = value
        best_excess = excess
        best_cost = cost
        best_in = -1
        best_out = -1
        for e in range(-1, m):
            if e >= 0 and (opened[e] or data.excluded[e]):
                continue
            moves.new_first[:] = moves.first
            moves.new_second[:] = moves.second
            size = 0
            for s in range(m):
                if opened[s] or s == e:
                    moves.opened[size] = s
                    size += 1
                    moves.load[s] = 0.0
                    moves.worth[s] = 0.0
                    moves.more_load[s] = 0.0
                    moves.more_worth[s] = 0.0
                    moves.head[s] = -1
            if e >= 0:
                for j in range(data.col[e], data.col[e + 1]):
                    a = data.col_arc[j]
                    i = data.col_home[j]
                    if a < moves.first[i]:
                        moves.new_second[i] = moves.first[i]
                        moves.new_first[i] = a
                    elif a < moves.second[i]:
                        moves.new_second[i] = a
            for i in range(n):
                a = moves.new_first[i]
                if a < none:
                    s = data.site[a]
                    moves.load[s] += data.demand[a]
                    moves.worth[s] += data.value[a]
                    moves.chain[i] = moves.head[s]
                    moves.head[s] = i
            for out in range(-1, size):
                r = moves.opened[out] if out >= 0 else -1
                if r >= 0 and (data.imposed[r] or r == e):
                    continue
                if (r < 0 and e < 0) or (r < 0 and count + 1 > data.number[PLACES]):
                    continue
                if r >= 0:
                    i = moves.head[r]
                    while i >= 0:
                        a = moves.new_second[i]
                        if a < none:
                            t = data.site[a]
                            moves.more_load[t] += data.demand[a]
                            moves.more_worth[t] += data.value[a]
                        i = moves.chain[i]
                new_value = 0.0
                new_cost = 0.0
                for o in range(size):
                    s = moves.opened[o]
                    if s != r:
                        gain, price = compute_site(
                            data, s, moves.load[s] + moves.more_load[s], moves.worth[s] + moves.more_worth[s]
                        )
                        new_value += gain
                        new_cost += price
                        moves.more_load[s] = 0.0
                        moves.more_worth[s] = 0.0
                new_value -= data.number[COST_WEIGHT] * new_cost
                new_excess = compute_excess(data, new_cost)
                if new_excess < best_excess * (1 - 1e-12) or (
                    new_excess <= best_excess and new_value > best_value + step
                ):
                    best_value = new_value
                    best_excess = new_excess
                    best_cost = new_cost
                    best_in = e
                    best_out = r
        if best_in < 0 and best_out < 0:
            break
        if best_in >= 0:
            opened[best_in] = True
        if best_out >= 0:
            opened[best_out] = False
        value = best_value
        cost = best_cost
        excess = best_excess
    return value, cost


@njit(cache=True, nogil=True)
def settle_ties(data: Data, moves: Moves, opened: BoolArray, value: float) -> None:
    """Among plans of the same value one move away, prefer fewer places, then lower site numbers.

    The value may only fall by the rounding of a sum; the plan stays within its limits.
    """
    m = opened.size
    slack = 1e-3 * data.number[TOLERANCE]
    again = True
    while again:
        again = False
        for r in range(m - 1, -1, -1):
            if not opened[r] or data.imposed[r]:
                continue
            opened[r] = False
            new_value, cost = compute_totals(data, opened, moves.load, moves.worth)
            if new_value >= value - slack and compute_excess(data, cost) == 0.0:
                again = True
                continue
            for e in range(r):
                if opened[e] or data.excluded[e]:
                    continue
                opened[e] = True
                new_value, cost = compute_totals(data, opened, moves.load, moves.worth)
                if new_value >= value - slack and compute_excess(data, cost) == 0.0:
                    again = True
                    break
                opened[e] = False
            else:
                opened[r] = True
