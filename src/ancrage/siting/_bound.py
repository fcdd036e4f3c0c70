"""Compiled bound of a node of the search (proofs in docs/method/siting.md, sections 3 and 4).

A node has sites open (1), free (0) and closed (-1). Relaxed: "a home goes to its nearest open site", with a price that
rises along the list of the home; the budget, with a price lam [unit per EUR]; the floors, with a price phi per zone.
What remains separates by site into continuous knapsacks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from ancrage.siting._kernels import BUDGET, COST_WEIGHT, DESKS_PER_DAY, PLACES, SPREAD, Data, Int8Array
from ancrage.siting.evaluate import DESK_ROUNDING
from ancrage.siting.problem import BoolArray, FloatArray, IntArray

# Positions in Node.answer: what prepare_node found, the bounds computed by the last steps, and how
# many more places fit at most (close_early).
ARCS, FEASIBLE, STEPS, FIT = 0, 1, 2, 3


class Node(NamedTuple):
    """The arcs still possible at a node, packed by site, and the buffers of its bound.

    A price u has k + n entries: one per arc (what the home already has when it comes to that arc), then one per home
    (what it has after its last arc); it never falls along the list of a home. Where Data's SPREAD is 0, a home has
    one price for all its arcs, its last.

    start, split, stop : (m,) slices of a site in home, arc, after, value, worth, demand (k,): sure users, then possible
    ones; `worth` is the value and what the prices of floors add to it, `after` the position in u of the next possible
    arc of the home.
    next : (k,) idem by arc; sure, last : (n,) nearest arc not closed (-1 for none) and last one that a home can use.
    certain : (n,) the home is served whatever is decided later; alive : (n,) it still has an arc.
    most : (m,) load if no nearer free site opens; desks : (m,) desks that the site opens for sure.
    low, high : (m,) range of the share served if the site is open. least : (m,) no plan of the node pays less for the
    site, if open [EUR/year]. single : (m,) a home that must be served has no other site left.
    pay : (n,) what the prices of floors add to serving the home. base, profit, tilt, days, share : (m,) of the last
    bound; pick : (m,) sites that it selects. best_* : those of the best bound of the node.
    """

    start: IntArray
    split: IntArray
    stop: IntArray
    home: IntArray
    arc: IntArray
    after: IntArray
    value: FloatArray
    worth: FloatArray
    demand: FloatArray
    next: IntArray
    sure: IntArray
    last: IntArray
    certain: BoolArray
    alive: BoolArray
    most: FloatArray
    desks: FloatArray
    low: FloatArray
    high: FloatArray
    least: FloatArray
    single: BoolArray
    pay: FloatArray
    base: FloatArray
    profit: FloatArray
    tilt: FloatArray
    days: FloatArray
    share: FloatArray
    pick: BoolArray
    slope: FloatArray
    direction: FloatArray
    zone_slope: FloatArray
    zone_direction: FloatArray
    block: FloatArray
    length: FloatArray
    now: FloatArray
    best_u: FloatArray
    best_phi: FloatArray
    best_profit: FloatArray
    best_pick: BoolArray
    answer: IntArray


@njit(cache=True, nogil=True)
def compute_least(data: Data, s: int, least: float, most: float) -> tuple[float, float]:
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
def prepare_node(data: Data, node: Node, state: Int8Array) -> None:
    """Pack the arcs that a node leaves possible.

    An open site ends the row of its homes (people go to the nearest), a closed one leaves it. Sums over sure users
    and over possible users frame the load of each site, and so the share that it serves.
    """
    k = data.site.size
    flat = data.number[SPREAD] == 0.0
    for i in range(data.row.size - 1):
        node.last[i] = data.row[i + 1] - 1
        node.sure[i] = -1
        node.certain[i] = False
        before = -1
        for a in range(data.row[i], data.row[i + 1]):
            kind = state[data.site[a]]
            if kind < 0:
                continue
            if before < 0:
                node.sure[i] = a
            else:
                node.next[before] = a
            before = a
            if kind > 0:
                node.last[i] = a
                node.certain[i] = True
                break
        if before >= 0:
            node.next[before] = k + i
        node.alive[i] = before >= 0
    size = 0
    per_day = data.number[DESKS_PER_DAY]
    for s in range(state.size):
        node.start[s] = size
        node.split[s] = size
        node.single[s] = False
        most = 0.0
        if state[s] >= 0:
            for j in range(data.col[s], data.col[s + 1]):
                i = data.col_home[j]
                if data.col_arc[j] == node.sure[i]:
                    node.home[size] = i
                    node.arc[size] = k + i if flat else data.col_arc[j]
                    node.after[size] = k + i if flat else node.next[data.col_arc[j]]
                    node.value[size] = data.col_value[j]
                    node.worth[size] = data.col_value[j]
                    node.demand[size] = data.col_demand[j]
                    most += data.col_demand[j]
                    size += 1
            node.split[s] = size
            least = most
            for j in range(data.col[s], data.col[s + 1]):
                i = data.col_home[j]
                if node.sure[i] < data.col_arc[j] <= node.last[i]:
                    node.home[size] = i
                    node.arc[size] = k + i if flat else data.col_arc[j]
                    node.after[size] = k + i if flat else node.next[data.col_arc[j]]
                    node.value[size] = data.col_value[j]
                    node.worth[size] = data.col_value[j]
                    node.demand[size] = data.col_demand[j]
                    most += data.col_demand[j]
                    size += 1
            node.desks[s], node.least[s] = compute_least(data, s, least, most)
            full = data.desks_max[s] + DESK_ROUNDING
            node.low[s] = data.desks_max[s] / (most * per_day) if most * per_day > full else 1.0
            node.high[s] = data.desks_max[s] / (least * per_day) if least * per_day > full else 1.0
        node.most[s] = most
        node.stop[s] = size
    node.answer[ARCS] = size
    node.answer[FEASIBLE] = 1
    if data.need.size > 0:
        frame_floors(data, node, state)


@njit(cache=True, nogil=True)
def frame_floors(data: Data, node: Node, state: Int8Array) -> None:
    """Mark the homes that must be served for the floors to be met, and the sites that these must have.

    A zone serves at most the weight of its homes with an arc left, each at the highest share of its sites. Where
    that is not enough, the node is not feasible; where it would not be without a home, that home must be served.
    """
    reach = np.zeros(data.need.size)
    for i in range(data.row.size - 1):
        node.now[i] = 0.0
        if data.zone[i] < 0 or not node.alive[i]:
            continue
        a = node.sure[i]
        highest = 0.0
        while a < data.site.size:
            highest = max(highest, node.high[data.site[a]])
            a = node.next[a]
        node.now[i] = highest * data.weight[i]
        reach[data.zone[i]] += node.now[i]
    for zone in range(data.need.size):
        # The rounding of this sum must not refuse a plan that the exact sum accepts.
        if reach[zone] < data.need[zone] - 1e-12 * data.whole[zone]:
            node.answer[FEASIBLE] = 0
    for i in range(data.row.size - 1):
        zone = data.zone[i]
        if node.now[i] > 0.0 and reach[zone] - node.now[i] < data.need[zone] - 1e-12 * data.whole[zone]:
            node.certain[i] = True
            if node.next[node.sure[i]] >= data.site.size and state[data.site[node.sure[i]]] == 0:
                node.single[data.site[node.sure[i]]] = True


@njit(cache=True, nogil=True)
def sum_users(node: Node, s: int, u: FloatArray, tilt: float, share: float) -> tuple[float, float]:
    """Return what users bring to site s net of tilt x days, above what they already have, and the days they ask.

    Sure users come if the site opens; a possible user comes where that is worth more than what it already has.
    """
    profit = 0.0
    days = 0.0
    for j in range(node.start[s], node.split[s]):
        profit += node.worth[j] - tilt * node.demand[j]
        days += node.demand[j]
    profit *= share
    days *= share
    for j in range(node.split[s], node.stop[s]):
        gain = share * (node.worth[j] - tilt * node.demand[j]) - u[node.arc[j]]
        if gain > 0.0:
            profit += gain
            days += share * node.demand[j]
    return profit, days


@njit(cache=True, nogil=True)
def choose_share(node: Node, s: int, u: FloatArray, tilt: float) -> tuple[float, float, float]:
    """Return profit, days and share at the end of the range of shares that gives most.

    For given users the profit is linear in the share: its maximum is at an end.
    """
    profit, days = sum_users(node, s, u, tilt, node.high[s])
    if node.low[s] < node.high[s]:
        other, users = sum_users(node, s, u, tilt, node.low[s])
        if other > profit:
            return other, users, node.low[s]
    return profit, days, node.high[s]


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
    for j in range(node.start[s], node.split[s]):
        base += u[node.after[j]]
    if data.number[SPREAD] > 0.0:
        for j in range(node.split[s], node.stop[s]):
            base += u[node.after[j]] - u[node.arc[j]]
    node.base[s] = base
    tilt = low if node.high[s] * node.most[s] <= knee else high
    profit, days, share = choose_share(node, s, u, tilt)
    profit += (tilt - low) * knee - base
    left = tilt
    right = tilt
    slope_left = 0.0
    slope_right = 0.0
    value_left = profit
    value_right = profit
    best_share = share
    target = days
    search = False
    if tilt == high and days > cap:
        # Too many users for the desks: raise the tilt until they fit.
        for j in range(node.split[s], node.stop[s]):
            if node.demand[j] > 0.0:
                worth = node.worth[j]
                for z in (node.low[s], node.high[s]):
                    if z > 0.0:
                        right = max(right, (worth - u[node.arc[j]] / z) / node.demand[j])
        slope_left = cap - days
        value_right, users, share = choose_share(node, s, u, right)
        slope_right = cap - users
        value_right += (high - low) * knee - base + (right - high) * cap
        target = cap
        search = slope_right > 0.0
        if not search and value_right < profit:
            profit, tilt, best_share = value_right, right, share
    elif tilt == high and high > low and days < knee:
        # The least desks are paid anyway: users cost less up to the knee.
        left = low
        value_left, users, share = choose_share(node, s, u, low)
        value_left -= base
        slope_left = knee - users
        slope_right = knee - days
        target = knee
        search = slope_left < 0.0
        if not search:
            profit, tilt, target, best_share = value_left, low, users, share
    elif tilt == low:
        target = min(days, knee)
    if search:
        if value_right < profit:
            profit, tilt, best_share = value_right, right, share
        if value_left < profit:
            profit, tilt, best_share = value_left, left, share
        for _ in range(12):
            middle = (value_right - value_left + slope_left * left - slope_right * right) / (slope_left - slope_right)
            if not left < middle < right:
                break
            reached = value_left + slope_left * (middle - left)
            value, users, share = choose_share(node, s, u, middle)
            if target == cap and middle >= high:
                value += (high - low) * knee - base + (middle - high) * cap
            else:
                value += (middle - low) * knee - base
            if value < profit:
                profit, tilt, best_share = value, middle, share
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
    node.share[s] = best_share


@njit(cache=True, nogil=True)
def compute_bound(data: Data, node: Node, state: Int8Array, u: FloatArray, lam: float, phi: FloatArray) -> float:
    """Return a value that no plan of the node exceeds; write the profits and the sites selected.

    bound = lam x budget - sum of phi x need + sum over homes of the last price + profits of the open sites + the best
    positive profits of free sites, as many as places are left.
    """
    k = data.site.size
    total = 0.0 if lam == 0.0 else lam * data.number[BUDGET]
    for zone in range(phi.size):
        total -= phi[zone] * data.need[zone]
    for i in range(node.alive.size):
        if node.alive[i]:
            total += u[k + i]
    if phi.size > 0:
        for i in range(node.alive.size):
            node.pay[i] = phi[data.zone[i]] * data.weight[i] if data.zone[i] >= 0 else 0.0
        for j in range(node.answer[ARCS]):
            node.worth[j] = node.value[j] + node.pay[node.home[j]]
    left = int(data.number[PLACES])
    size = 0
    for s in range(state.size):
        node.pick[s] = state[s] > 0
        if state[s] >= 0:
            compute_profit(data, node, s, u, lam + data.number[COST_WEIGHT])
        if state[s] > 0:
            total += node.profit[s]
            left -= 1
        elif state[s] == 0 and node.profit[s] > 0.0:
            size += 1
    if size <= left:
        for s in range(state.size):
            if state[s] == 0 and node.profit[s] > 0.0:
                node.pick[s] = True
                total += node.profit[s]
        return total
    if left <= 0:
        return total
    wanted = np.empty(size)
    named = np.empty(size, dtype=np.int64)
    size = 0
    for s in range(state.size):
        if state[s] == 0 and node.profit[s] > 0.0:
            wanted[size] = -node.profit[s]
            named[size] = s
            size += 1
    order = np.argsort(wanted, kind="mergesort")
    for rank in range(left):
        s = named[order[rank]]
        node.pick[s] = True
        total += node.profit[s]
    return total
