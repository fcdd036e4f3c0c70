"""Compiled moves of sites: the exact change of a plan when one opens, one closes, or one takes the place of another.

An entering site touches the homes of its column and the places these leave; a leaving one touches its own users and
the places they go to. A swap is the sum of the two, corrected where they meet (after Whitaker 1983, Resende and
Werneck 2007, whose sites have no desks).
"""

from __future__ import annotations

from typing import NamedTuple

from numba import njit

from ancrage.siting._kernels import (
    COST_WEIGHT,
    Data,
    compute_excess,
    compute_shortfall,
    compute_site,
    find_first_two,
    find_two,
)
from ancrage.siting.problem import BoolArray, FloatArray, IntArray

# Positions in Moves.total.
VALUE, COST, EXCESS, SHORT = 0, 1, 2, 3
# Positions in Moves.entry: what enters the site under study, on its own; ADD_* is the change of the whole plan.
LOAD, WORTH, GAIN, PRICE, SHARE, ADD_VALUE, ADD_COST = 0, 1, 2, 3, 4, 5, 6


class Moves(NamedTuple):
    """State and buffers of the interchange.

    first, second : (n,) nearest and second nearest open arc; head, chain : users by site; head2, chain2 : homes by
    site of their second arc. load, worth, gain, price, share : (m,) of the open sites; mass : (m, z) weight of their
    users by zone; reached : (z,) weight served.
    drop_value, drop_cost : (m,) change of the plan when a site closes; drop_mass : (m, z) idem of `reached`.
    arc : (n,) arc from a home to the entering site; cap_* : what it takes from the other sites; ext_* : what comes to
    them from a leaving one; touched, moved : lists of these sites, with their stamps.
    """

    first: IntArray
    second: IntArray
    head: IntArray
    chain: IntArray
    head2: IntArray
    chain2: IntArray
    load: FloatArray
    worth: FloatArray
    gain: FloatArray
    price: FloatArray
    share: FloatArray
    mass: FloatArray
    reached: FloatArray
    drop_value: FloatArray
    drop_cost: FloatArray
    drop_mass: FloatArray
    arc: IntArray
    cap_load: FloatArray
    cap_worth: FloatArray
    cap_mass: FloatArray
    ext_load: FloatArray
    ext_worth: FloatArray
    ext_mass: FloatArray
    touched: IntArray
    moved: IntArray
    near: IntArray
    touch_stamp: IntArray
    move_stamp: IntArray
    near_stamp: IntArray
    stamp: IntArray
    entry: FloatArray
    entry_mass: FloatArray
    add_mass: FloatArray
    pair_mass: FloatArray
    score: FloatArray
    fresh: BoolArray
    total: FloatArray


@njit(cache=True, nogil=True)
def start_moves(data: Data, moves: Moves, opened: BoolArray) -> None:
    """Bring the state to a set of open sites."""
    find_first_two(data, opened, moves.first, moves.second)
    moves.arc[:] = data.site.size
    refresh_moves(data, moves, opened)


@njit(cache=True, nogil=True)
def refresh_sites(data: Data, moves: Moves, opened: BoolArray) -> None:
    """Recompute sites and totals from `first`, in the order of `compute_totals`."""
    none = data.site.size
    zones = data.need.size
    moves.load[:] = 0.0
    moves.worth[:] = 0.0
    if zones > 0:
        moves.mass[:] = 0.0
        moves.reached[:] = 0.0
    for i in range(data.row.size - 1):
        a = moves.first[i]
        if a == none:
            continue
        s = data.site[a]
        moves.load[s] += data.demand[a]
        moves.worth[s] += data.value[a]
        if zones > 0 and data.zone[i] >= 0:
            moves.mass[s, data.zone[i]] += data.weight[i]
    value = 0.0
    cost = 0.0
    for s in range(opened.size):
        if opened[s]:
            moves.gain[s], moves.price[s], moves.share[s] = compute_site(data, s, moves.load[s], moves.worth[s])
            value += moves.gain[s]
            cost += moves.price[s]
            for zone in range(zones):
                moves.reached[zone] += moves.share[s] * moves.mass[s, zone]
    moves.total[VALUE] = value - data.number[COST_WEIGHT] * cost
    moves.total[COST] = cost
    moves.total[EXCESS] = compute_excess(data, cost)
    moves.total[SHORT] = compute_shortfall(data, moves.reached)


@njit(cache=True, nogil=True)
def refresh_moves(data: Data, moves: Moves, opened: BoolArray) -> None:
    """Recompute sites, totals and drops from `first` and `second`."""
    none = data.site.size
    refresh_sites(data, moves, opened)
    moves.head[:] = -1
    moves.head2[:] = -1
    for i in range(data.row.size - 1):
        a = moves.first[i]
        if a == none:
            continue
        s = data.site[a]
        moves.chain[i] = moves.head[s]
        moves.head[s] = i
        b = moves.second[i]
        if b < none:
            moves.chain2[i] = moves.head2[data.site[b]]
            moves.head2[data.site[b]] = i
    moves.entry[:] = 0.0
    moves.stamp[0] += 1
    for r in range(opened.size):
        if opened[r]:
            moves.drop_value[r], moves.drop_cost[r] = compute_pair(data, moves, -1, r)
            for zone in range(data.need.size):
                moves.drop_mass[r, zone] = moves.pair_mass[zone]


@njit(cache=True, nogil=True)
def enter_site(data: Data, moves: Moves, e: int) -> tuple[float, float]:
    """Return the change of value and of cost when closed site e opens; leave_site must follow, before any other."""
    none = data.site.size
    zones = data.need.size
    moves.stamp[0] += 1
    stamp = moves.stamp[0]
    size = 0
    load = 0.0
    worth = 0.0
    for zone in range(zones):
        moves.entry_mass[zone] = 0.0
        moves.add_mass[zone] = 0.0
    for j in range(data.col[e], data.col[e + 1]):
        a = data.col_arc[j]
        i = data.col_home[j]
        moves.arc[i] = a
        b = moves.first[i]
        if a > b:
            continue
        load += data.col_demand[j]
        worth += data.col_value[j]
        zone = data.zone[i] if zones > 0 else -1
        if zone >= 0:
            moves.entry_mass[zone] += data.weight[i]
        if b < none:
            t = data.site[b]
            if moves.touch_stamp[t] != stamp:
                moves.touch_stamp[t] = stamp
                moves.touched[size] = t
                size += 1
                moves.cap_load[t] = 0.0
                moves.cap_worth[t] = 0.0
                for other in range(zones):
                    moves.cap_mass[t, other] = 0.0
            moves.cap_load[t] -= data.demand[b]
            moves.cap_worth[t] -= data.value[b]
            if zone >= 0:
                moves.cap_mass[t, zone] -= data.weight[i]
    gain, price, share = compute_site(data, e, load, worth)
    moves.entry[LOAD] = load
    moves.entry[WORTH] = worth
    moves.entry[GAIN] = gain
    moves.entry[PRICE] = price
    moves.entry[SHARE] = share
    for zone in range(zones):
        moves.add_mass[zone] += share * moves.entry_mass[zone]
    value = gain
    cost = price
    for at in range(size):
        t = moves.touched[at]
        gain, price, share = compute_site(
            data, t, moves.load[t] + moves.cap_load[t], moves.worth[t] + moves.cap_worth[t]
        )
        value += gain - moves.gain[t]
        cost += price - moves.price[t]
        for zone in range(zones):
            moves.add_mass[zone] += (
                share * (moves.mass[t, zone] + moves.cap_mass[t, zone]) - moves.share[t] * moves.mass[t, zone]
            )
    value -= data.number[COST_WEIGHT] * cost
    moves.entry[ADD_VALUE] = value
    moves.entry[ADD_COST] = cost
    moves.touched[moves.touched.size - 1] = size
    return value, cost


@njit(cache=True, nogil=True)
def leave_site(data: Data, moves: Moves, e: int) -> None:
    """Clear what enter_site wrote by home."""
    for j in range(data.col[e], data.col[e + 1]):
        moves.arc[data.col_home[j]] = data.site.size


@njit(cache=True, nogil=True)
def list_near(data: Data, moves: Moves, e: int) -> int:
    """List the open sites whose closing interacts with the opening of e (after enter_site); return how many.

    They lose users to e, or would send users to e or to a site that loses users to e.
    """
    stamp = moves.stamp[0]
    none = data.site.size
    size = 0
    for j in range(data.col[e], data.col[e + 1]):
        i = data.col_home[j]
        b = moves.first[i]
        if b < none and data.col_arc[j] < moves.second[i]:
            r = data.site[b]
            if moves.near_stamp[r] != stamp:
                moves.near_stamp[r] = stamp
                moves.near[size] = r
                size += 1
    for at in range(moves.touched[moves.touched.size - 1]):
        i = moves.head2[moves.touched[at]]
        while i >= 0:
            r = data.site[moves.first[i]]
            if moves.near_stamp[r] != stamp:
                moves.near_stamp[r] = stamp
                moves.near[size] = r
                size += 1
            i = moves.chain2[i]
    return size


@njit(cache=True, nogil=True)
def compute_pair(data: Data, moves: Moves, e: int, r: int) -> tuple[float, float]:
    """Return the change of value and cost when r closes and e opens (after enter_site), or r alone (e = -1)."""
    none = data.site.size
    zones = data.need.size
    moves.stamp[1] += 1
    stamp = moves.stamp[1]
    touch = moves.stamp[0] if e >= 0 else -1
    size = 0
    more_load = 0.0
    more_worth = 0.0
    for zone in range(zones):
        moves.pair_mass[zone] = moves.add_mass[zone] if e >= 0 else 0.0
        if e >= 0:
            moves.pair_mass[zone] -= moves.entry[SHARE] * moves.entry_mass[zone]
    i = moves.head[r]
    while i >= 0:
        a = moves.arc[i] if e >= 0 else none
        b = moves.second[i]
        zone = data.zone[i] if zones > 0 else -1
        if a < moves.first[i]:
            # Already taken by e.
            pass
        elif a < b:
            more_load += data.demand[a]
            more_worth += data.value[a]
            if zone >= 0:
                moves.entry_mass[zone] += data.weight[i]
        elif b < none:
            t = data.site[b]
            if moves.move_stamp[t] != stamp:
                moves.move_stamp[t] = stamp
                moves.moved[size] = t
                size += 1
                moves.ext_load[t] = 0.0
                moves.ext_worth[t] = 0.0
                for other in range(zones):
                    moves.ext_mass[t, other] = 0.0
            moves.ext_load[t] += data.demand[b]
            moves.ext_worth[t] += data.value[b]
            if zone >= 0:
                moves.ext_mass[t, zone] += data.weight[i]
        i = moves.chain[i]
    value = 0.0
    cost = 0.0
    if e >= 0:
        gain, price, share = compute_site(data, e, moves.entry[LOAD] + more_load, moves.entry[WORTH] + more_worth)
        value = gain - moves.entry[GAIN]
        cost = moves.entry[ADD_COST] + price - moves.entry[PRICE]
        value += moves.entry[ADD_VALUE] + data.number[COST_WEIGHT] * moves.entry[ADD_COST]
        for zone in range(zones):
            moves.pair_mass[zone] += share * moves.entry_mass[zone]
        if zones > 0:
            # Give entry_mass back to e alone.
            i = moves.head[r]
            while i >= 0:
                if data.zone[i] >= 0 and moves.first[i] < moves.arc[i] < moves.second[i]:
                    moves.entry_mass[data.zone[i]] -= data.weight[i]
                i = moves.chain[i]
    gain, price, share = moves.gain[r], moves.price[r], moves.share[r]
    taken = moves.touch_stamp[r] == touch
    if taken:
        gain, price, share = compute_site(
            data, r, moves.load[r] + moves.cap_load[r], moves.worth[r] + moves.cap_worth[r]
        )
    value -= gain
    cost -= price
    for zone in range(zones):
        moves.pair_mass[zone] -= share * (moves.mass[r, zone] + (moves.cap_mass[r, zone] if taken else 0.0))
    for at in range(size):
        t = moves.moved[at]
        load = moves.load[t]
        worth = moves.worth[t]
        gain, price, share = moves.gain[t], moves.price[t], moves.share[t]
        taken = moves.touch_stamp[t] == touch
        if taken:
            load += moves.cap_load[t]
            worth += moves.cap_worth[t]
            gain, price, share = compute_site(data, t, load, worth)
        after_gain, after_price, after_share = compute_site(
            data, t, load + moves.ext_load[t], worth + moves.ext_worth[t]
        )
        value += after_gain - gain
        cost += after_price - price
        for zone in range(zones):
            mass = moves.mass[t, zone] + (moves.cap_mass[t, zone] if taken else 0.0)
            moves.pair_mass[zone] += after_share * (mass + moves.ext_mass[t, zone]) - share * mass
    return value - data.number[COST_WEIGHT] * cost, cost


@njit(cache=True, nogil=True)
def compute_missing(data: Data, moves: Moves, change: FloatArray) -> float:
    """Return the shortfall once `reached` has changed by `change` (z,)."""
    short = 0.0
    for zone in range(data.need.size):
        reached = moves.reached[zone] + change[zone]
        if reached < data.need[zone]:
            short += (data.need[zone] - reached) / data.whole[zone]
    return short


@njit(cache=True, nogil=True)
def apply_move(data: Data, moves: Moves, opened: BoolArray, e: int, r: int) -> None:
    """Open e and close r (either may be -1)."""
    if e >= 0:
        opened[e] = True
    if r >= 0:
        opened[r] = False
    for s in (e, r):
        if s >= 0:
            for j in range(data.col[s], data.col[s + 1]):
                find_two(data, opened, data.col_home[j], moves.first, moves.second)
    refresh_moves(data, moves, opened)
