"""Compiled Lagrangian bound of a node of the search (proofs in docs/method/siting.md, sections 3 and 4).

A node has sites open (1), free (0) and closed (-1). Relaxed: "a home is served at most once" with multipliers u,
and the budget with a price lam [unit per EUR]. What remains separates by site into continuous knapsacks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from ancrage.siting._kernels import (
    BUDGET,
    COST_WEIGHT,
    DESKS_PER_DAY,
    PLACES,
    PRICE_PACE,
    TOLERANCE,
    Data,
    Int8Array,
)
from ancrage.siting.evaluate import DESK_ROUNDING
from ancrage.siting.problem import BoolArray, FloatArray, IntArray


class Node(NamedTuple):
    """The arcs still possible at a node, packed by site, and the buffers of its bound.

    start, split, stop : (m,) slices of a site in home, value, demand (k,): sure users, then possible users.
    last : (n,) last arc that a home can use; sure : (n,) its nearest arc not closed, -1 for none.
    certain : (n,) the home is served in full whatever else is opened; alive : (n,) it still has an arc.
    short : (m,) desks may run out at the site.
    most : (m,) load if no nearer free site opens; desks : (m,) desks that the site opens for sure.
    floor : (m,) no plan of the node pays less for the site, if open [EUR/year].
    profit, tilt, days : (m,) of the last bound; pick : (m,) sites it selects.
    best_* : those of the best bound of the node.
    """

    start: IntArray
    split: IntArray
    stop: IntArray
    home: IntArray
    value: FloatArray
    demand: FloatArray
    last: IntArray
    sure: IntArray
    certain: BoolArray
    alive: BoolArray
    short: BoolArray
    most: FloatArray
    desks: FloatArray
    floor: FloatArray
    profit: FloatArray
    tilt: FloatArray
    days: FloatArray
    pick: BoolArray
    order: IntArray
    slope: FloatArray
    direction: FloatArray
    best_u: FloatArray
    best_profit: FloatArray
    best_pick: BoolArray


@njit(cache=True, nogil=True)
def compute_floor(data: Data, s: int, least: float, most: float) -> tuple[float, float]:
    """Return the desks that site s opens for sure and the least it can cost, for a load in [least, most].

    With j desks the load is at most min(j / desks_per_day, most), and the cost falls with the load: the least cost
    with j desks is convex in j, so the first j, and the two around `most`, are enough.
    """
    per_day = data.number[DESKS_PER_DAY]
    low = min(max(np.ceil(least * per_day - DESK_ROUNDING), data.desks_min[s]), data.desks_max[s])
    high = min(max(np.ceil(most * per_day - DESK_ROUNDING), data.desks_min[s]), data.desks_max[s])
    best = np.inf
    middle = min(max(np.floor(most * per_day), low), high)
    for j in (low, middle, min(middle + 1.0, high)):
        load = min((j + DESK_ROUNDING) / per_day, most)
        best = min(best, data.fixed[s] + data.desk_cost[s] * j - data.income[s] * load)
    return low, best


@njit(cache=True, nogil=True)
def prepare_node(data: Data, node: Node, state: Int8Array) -> int:
    """Pack the arcs that a node leaves possible; return how many there are.

    An open site ends the row of its homes (people go to the nearest), a closed one leaves it. Sums over sure users
    and over possible users frame the load of each site.
    """
    for i in range(data.row.size - 1):
        node.last[i] = data.row[i + 1] - 1
        node.sure[i] = -1
        node.certain[i] = False
        for a in range(data.row[i], data.row[i + 1]):
            kind = state[data.site[a]]
            if kind < 0:
                continue
            if node.sure[i] < 0:
                node.sure[i] = a
            if kind > 0:
                node.last[i] = a
                node.certain[i] = True
                break
        node.alive[i] = node.sure[i] >= 0
    size = 0
    for s in range(state.size):
        node.start[s] = size
        node.split[s] = size
        node.short[s] = False
        most = 0.0
        if state[s] >= 0:
            for j in range(data.col[s], data.col[s + 1]):
                i = data.col_home[j]
                if data.col_arc[j] == node.sure[i]:
                    node.home[size] = i
                    node.value[size] = data.col_value[j]
                    node.demand[size] = data.col_demand[j]
                    most += data.col_demand[j]
                    size += 1
            node.split[s] = size
            least = most
            for j in range(data.col[s], data.col[s + 1]):
                i = data.col_home[j]
                if node.sure[i] < data.col_arc[j] <= node.last[i]:
                    node.home[size] = i
                    node.value[size] = data.col_value[j]
                    node.demand[size] = data.col_demand[j]
                    most += data.col_demand[j]
                    size += 1
            node.desks[s], node.floor[s] = compute_floor(data, s, least, most)
            node.short[s] = most * data.number[DESKS_PER_DAY] > data.desks_max[s] + DESK_ROUNDING
        node.most[s] = most
        node.stop[s] = size
    # Where desks may run out, a home may be served in part: it is not certain.
    for s in range(state.size):
        if node.short[s]:
            for j in range(node.start[s], node.stop[s]):
                node.certain[node.home[j]] = False
    return size


@njit(cache=True, nogil=True)
def sum_profits(node: Node, s: int, u: FloatArray, tilt: float) -> tuple[float, float]:
    """Return what users bring to site s net of u and tilt x demand, and the days they ask.

    Sure users come together or not at all, and with the share z in [0, 1] of served users, equal for all; a possible
    user comes with at most that share. The optimum has z = 1, or z = 0 where desks may run out and nothing is won.
    """
    profit = 0.0
    days = 0.0
    for j in range(node.start[s], node.split[s]):
        profit += node.value[j] - u[node.home[j]] - tilt * node.demand[j]
        days += node.demand[j]
    for j in range(node.split[s], node.stop[s]):
        gain = node.value[j] - u[node.home[j]] - tilt * node.demand[j]
        if gain > 0.0:
            profit += gain
            days += node.demand[j]
    if profit <= 0.0 and node.short[s]:
        return 0.0, 0.0
    return profit, days


@njit(cache=True, nogil=True)
def compute_profit(data: Data, node: Node, s: int, u: FloatArray, price: float) -> None:
    """Write the profit of site s (what it adds to the bound), the tilt that gives it and the days served.

    The cost is at least fixed + desk_cost x max(desks, desks_per_day x served) - income x served, convex in the
    days served, at most `cap`. Its conjugate is piecewise linear, so the profit is the minimum over one tilt of a
    convex piecewise linear function, found by cutting planes; any tilt gives a valid profit. `price` is what a euro of
    net cost takes from the bound: the price of the budget plus the weight of the cost in the objective.
    """
    per_day = data.number[DESKS_PER_DAY]
    knee = node.desks[s] / per_day
    cap = (data.desks_max[s] + DESK_ROUNDING) / per_day
    low = -price * data.income[s]
    high = low + price * data.desk_cost[s] * per_day
    base = price * (data.fixed[s] + data.desk_cost[s] * (node.desks[s] - DESK_ROUNDING))
    tilt = low if node.most[s] <= knee else high
    profit, days = sum_profits(node, s, u, tilt)
    profit += (tilt - low) * knee - base
    left = tilt
    right = tilt
    slope_left = 0.0
    slope_right = 0.0
    value_left = profit
    value_right = profit
    target = days
    search = False
    if tilt == high and days > cap:
        # Too many users for the desks: raise the tilt until they fit.
        for j in range(node.start[s], node.stop[s]):
            if node.demand[j] > 0.0:
                right = max(right, (node.value[j] - u[node.home[j]]) / node.demand[j])
        slope_left = cap - days
        value_right, users = sum_profits(node, s, u, right)
        slope_right = cap - users
        value_right += (high - low) * knee - base + (right - high) * cap
        target = cap
        search = slope_right > 0.0
    elif tilt == high and high > low and days < knee:
        # The least desks are paid anyway: users cost less up to the knee.
        left = low
        value_left, users = sum_profits(node, s, u, low)
        value_left -= base
        slope_left = knee - users
        slope_right = knee - days
        target = knee
        search = slope_left < 0.0
        if not search:
            profit, tilt, target = value_left, low, users
    elif tilt == low:
        target = min(days, knee)
    if search:
        if value_right < profit:
            profit, tilt = value_right, right
        if value_left < profit:
            profit, tilt = value_left, left
        for _ in range(12):
            middle = (value_right - value_left + slope_left * left - slope_right * right) / (slope_left - slope_right)
            if not left < middle < right:
                break
            reached = value_left + slope_left * (middle - left)
            value, users = sum_profits(node, s, u, middle)
            if target == cap and middle >= high:
                value += (high - low) * knee - base + (middle - high) * cap
            else:
                value += (middle - low) * knee - base
            if value < profit:
                profit, tilt = value, middle
            if value <= reached + 1e-12 * abs(value):
                break
            slope = target - users
            if slope < 0.0:
                left, value_left, slope_left = middle, value, slope
            elif slope > 0.0:
                right, value_right, slope_right = middle, value, slope
            else:
                break
    node.profit[s] = profit
    node.tilt[s] = tilt
    node.days[s] = target


@njit(cache=True, nogil=True)
def compute_bound(data: Data, node: Node, state: Int8Array, u: FloatArray, lam: float) -> float:
    """Return a value that no plan of the node exceeds; write the profits and the sites selected.

    bound = lam x budget + sum of u + profits of the open sites + the best positive profits of free sites, as many
    as places are left.
    """
    total = 0.0 if lam == 0.0 else lam * data.number[BUDGET]
    for i in range(u.size):
        if node.alive[i]:
            total += u[i]
    left = int(data.number[PLACES])
    for s in range(state.size):
        node.pick[s] = state[s] > 0
        if state[s] >= 0:
            compute_profit(data, node, s, u, lam + data.number[COST_WEIGHT])
        if state[s] > 0:
            total += node.profit[s]
            left -= 1
    size = 0
    for s in range(state.size):
        if state[s] != 0 or node.profit[s] <= 0.0:
            continue
        if size < left:
            size += 1
        elif size == 0 or node.profit[s] <= node.profit[node.order[size - 1]]:
            continue
        spot = size - 1
        while spot > 0 and node.profit[node.order[spot - 1]] < node.profit[s]:
            node.order[spot] = node.order[spot - 1]
            spot -= 1
        node.order[spot] = s
    for spot in range(size):
        node.pick[node.order[spot]] = True
        total += node.profit[node.order[spot]]
    return total


@njit(cache=True, nogil=True)
def compute_slope(data: Data, node: Node, u: FloatArray, lam: float) -> float:
    """Write the slope of the bound in u; return its slope in lam, 0 where a multiplier cannot move further."""
    for i in range(u.size):
        node.slope[i] = 1.0 if node.alive[i] else 0.0
    limited = not np.isinf(data.number[BUDGET])
    steep = data.number[BUDGET] if limited else 0.0
    for s in range(node.pick.size):
        if not node.pick[s]:
            continue
        taken = not node.short[s] or sum_profits(node, s, u, node.tilt[s])[0] > 0.0
        for j in range(node.start[s], node.stop[s]):
            i = node.home[j]
            if taken and (j < node.split[s] or node.value[j] - u[i] - node.tilt[s] * node.demand[j] > 0.0):
                node.slope[i] -= 1.0
        if limited:
            desks = max(node.desks[s], node.days[s] * data.number[DESKS_PER_DAY])
            steep -= data.fixed[s] + data.desk_cost[s] * desks - data.income[s] * node.days[s]
    for i in range(u.size):
        if node.slope[i] > 0.0 and u[i] <= 0.0 and not node.certain[i]:
            node.slope[i] = 0.0
    if steep > 0.0 and lam <= 0.0:
        steep = 0.0
    return steep


@njit(cache=True, nogil=True)
def tighten_bound(
    data: Data,
    node: Node,
    state: Int8Array,
    u: FloatArray,
    lam: float,
    target: float,
    iterations: int,
    pace: float,
) -> tuple[float, float]:
    """Lower the bound by subgradient steps from (u, lam) towards `target`; return the best bound and its lam.

    Polyak steps along a deflected direction; the pace is halved when the bound stalls. The best multipliers,
    profits and selection are left in node.best_*. Every bound met is valid, so the number of steps only costs
    time. `u` is overwritten.
    """
    n = u.size
    weight = data.number[PRICE_PACE]
    for i in range(n):
        # A home served in any case may have a negative multiplier; elsewhere u is a price of an inequality.
        if not node.alive[i] or (u[i] < 0.0 and not node.certain[i]):
            u[i] = 0.0
        node.direction[i] = 0.0
    best = np.inf
    best_lam = lam
    drift = 0.0
    stalled = 0
    for step in range(iterations):
        bound = compute_bound(data, node, state, u, lam)
        if bound < best:
            if bound < best - 1e-4 * abs(best - target):
                stalled = 0
            best = bound
            best_lam = lam
            node.best_u[:] = u
            node.best_profit[:] = node.profit
            node.best_pick[:] = node.pick
            if best <= target + data.number[TOLERANCE]:
                break
        stalled += 1
        if stalled > 8:
            stalled = 0
            pace *= 0.6
            u[:] = node.best_u
            lam = best_lam
            bound = compute_bound(data, node, state, u, lam)
            node.direction[:] = 0.0
            drift = 0.0
            if pace < 2e-3:
                break
        if step == iterations - 1:
            break
        steep = compute_slope(data, node, u, lam) * weight
        norm = 0.0
        for i in range(n):
            node.direction[i] = 0.6 * node.direction[i] + node.slope[i]
            norm += node.direction[i] * node.direction[i]
        drift = 0.6 * drift + steep
        norm += drift * drift
        if norm == 0.0:
            break
        length = pace * (bound - target) / norm
        for i in range(n):
            u[i] -= length * node.direction[i]
            if u[i] < 0.0 and not node.certain[i]:
                u[i] = 0.0
        lam = max(0.0, lam - length * drift * weight)
    return best, best_lam


@njit(cache=True, nogil=True)
def compute_reach_bound(data: Data, node: Node, state: Int8Array, spent: float) -> float:
    """Return a value that no plan of a prepared node exceeds, in one pass over its arcs: tight when few places fit.

    Opening a set of free sites changes the use of a home once, so the change of value is at most the sum over the
    sites of what each could win on its own. An overloaded place gives no more than its best users filling its desks.
    The sites compete for the money left and for the places left: the better of two relaxed knapsacks.

    Parameters
    ----------
    spent : what the open sites cost at least; free sites must not have a negative floor.
    """
    weight = data.number[COST_WEIGHT]
    per_day = data.number[DESKS_PER_DAY]
    total = -weight * spent if weight > 0.0 else 0.0
    left = int(data.number[PLACES])
    # node.slope holds what a home gives today; nothing at an overloaded place, whose whole worth is added apart.
    for i in range(data.row.size - 1):
        node.slope[i] = 0.0
        a = node.last[i]
        if a >= data.row[i] and state[data.site[a]] > 0 and not node.short[data.site[a]]:
            node.slope[i] = data.value[a]
            total += data.value[a]
    for s in range(state.size):
        node.profit[s] = 0.0
        if state[s] > 0:
            left -= 1
            if node.short[s]:
                worth = 0.0
                densest = 0.0
                for j in range(node.start[s], node.stop[s]):
                    if node.value[j] > 0.0:
                        worth += node.value[j]
                        if node.demand[j] * data.desks_max[s] > 0.0:
                            densest = max(densest, node.value[j] / node.demand[j])
                        else:
                            densest = np.inf
                total += min(worth, densest * (data.desks_max[s] + DESK_ROUNDING) / per_day)
        elif state[s] == 0:
            gain = 0.0
            for j in range(node.start[s], node.stop[s]):
                value = max(0.0, node.value[j]) if node.short[s] else node.value[j]
                gain += max(0.0, value - node.slope[node.home[j]])
            node.profit[s] = max(0.0, gain - weight * node.floor[s])
    money = data.number[BUDGET] - spent
    by_money = 0.0
    by_count = 0.0
    # Selection by decreasing gain, and by decreasing gain per euro: few sites are free where this bound matters.
    for turn in range(2):
        for s in range(state.size):
            node.pick[s] = False
        count = left
        rest = money
        while True:
            best = -1
            score = 0.0
            for s in range(state.size):
                if state[s] == 0 and not node.pick[s] and node.profit[s] > 0.0:
                    ratio = node.profit[s]
                    if turn == 1:
                        ratio = np.inf if node.floor[s] <= 0.0 else node.profit[s] / node.floor[s]
                    if best < 0 or ratio > score:
                        best = s
                        score = ratio
            if best < 0:
                break
            node.pick[best] = True
            if turn == 0:
                if count <= 0:
                    break
                by_count += node.profit[best]
                count -= 1
            elif node.floor[best] <= rest:
                by_money += node.profit[best]
                rest -= node.floor[best]
            else:
                by_money += node.profit[best] * max(0.0, rest) / node.floor[best]
                break
    return total + min(by_money, by_count)
