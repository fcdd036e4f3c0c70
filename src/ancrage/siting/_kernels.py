"""Compiled evaluation: the value, the cost and the floors of a set of open sites.

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
DESKS_PER_DAY, BUDGET, TOLERANCE, PLACES, PRICE_PACE, COST_WEIGHT, STEP, SPREAD = 0, 1, 2, 3, 4, 5, 6, 7


class Data(NamedTuple):
    """A siting problem as plain arrays (all floats but the indices), twice sorted.

    zone (n,), weight (n,), need (z,), whole (z,): floors; `need` is the weight to serve in a zone, its rounding
    deducted, and `whole` the weight of the zone. Empty where the problem has none.
    """

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
    zone: IntArray
    weight: FloatArray
    need: FloatArray
    whole: FloatArray
    number: FloatArray


@njit(cache=True, nogil=True)
def compute_site(data: Data, s: int, load: float, worth: float) -> tuple[float, float, float]:
    """Return what one open site gives and costs, and the share served, when `load` desk-days are asked there."""
    wanted = load * data.number[DESKS_PER_DAY]
    most = data.desks_max[s]
    if wanted > most + DESK_ROUNDING:
        share = most / wanted
        return share * worth, data.fixed[s] + data.desk_cost[s] * most - data.income[s] * share * load, share
    desks = max(data.desks_min[s], np.ceil(wanted - DESK_ROUNDING))
    return worth, data.fixed[s] + data.desk_cost[s] * desks - data.income[s] * load, 1.0


@njit(cache=True, nogil=True)
def find_first_two(data: Data, opened: BoolArray, first: IntArray, second: IntArray) -> None:
    """Write the nearest and second nearest open arc of each home (`k` for none)."""
    for i in range(data.row.size - 1):
        find_two(data, opened, i, first, second)


@njit(cache=True, nogil=True)
def find_two(data: Data, opened: BoolArray, i: int, first: IntArray, second: IntArray) -> None:
    """Write the nearest and second nearest open arc of home i (`k` for none)."""
    none = data.site.size
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
def compute_totals(data: Data, opened: BoolArray, load: FloatArray, worth: FloatArray) -> tuple[float, float, float]:
    """Return value, cost and shortfall of a set of open sites; `load` and `worth` (m,) are overwritten."""
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
            gain, price, share = compute_site(data, s, load[s], worth[s])
            value += gain
            cost += price
            worth[s] = share
    short = 0.0
    if data.need.size > 0:
        reached = np.zeros(data.need.size)
        for i in range(data.row.size - 1):
            if data.zone[i] < 0:
                continue
            for a in range(data.row[i], data.row[i + 1]):
                if opened[data.site[a]]:
                    reached[data.zone[i]] += data.weight[i] * worth[data.site[a]]
                    break
        short = compute_shortfall(data, reached)
    return value - data.number[COST_WEIGHT] * cost, cost, short


@njit(cache=True, nogil=True)
def compute_shortfall(data: Data, reached: FloatArray) -> float:
    """Return by how much the zones stay below their floors: the sum of the missing shares, 0 where all are met."""
    short = 0.0
    for zone in range(data.need.size):
        if reached[zone] < data.need[zone]:
            short += (data.need[zone] - reached[zone]) / data.whole[zone]
    return short


@njit(cache=True, nogil=True)
def compute_excess(data: Data, cost: float) -> float:
    """Return by how much a cost exceeds the budget, 0 within it [EUR/year]."""
    return max(0.0, cost - float(data.number[BUDGET]))
