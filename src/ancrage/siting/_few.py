"""Nodes where few more places fit: a quick bound, and the evaluation of every plan when one or two are left.

Proofs in docs/method/siting.md, section 6.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ancrage.siting._bound import FIT, Node
from ancrage.siting._kernels import (
    BUDGET,
    COST_WEIGHT,
    DESKS_PER_DAY,
    PLACES,
    TOLERANCE,
    Data,
    Int8Array,
    compute_excess,
    compute_site,
)
from ancrage.siting._moves import COST, SHORT, VALUE, Moves, compute_missing, enter_site, leave_site, refresh_sites
from ancrage.siting._tree import FLOOR, WORK, Tree, compute_cut, decide, offer_plan
from ancrage.siting._tree import VALUE as BEST
from ancrage.siting.evaluate import DESK_ROUNDING
from ancrage.siting.problem import BoolArray

# The quick bound is tight, and its selection fast, where this many more places fit at most.
FEW = 12
# Pairs of free sites are all evaluated up to this many sites.
PAIRED = 200


@njit(cache=True, nogil=True)
def compute_reach_bound(data: Data, node: Node, state: Int8Array, spent: float, fit: int) -> tuple[float, float]:
    """Return the value without any free site, and a value that no plan of a prepared node exceeds, in one pass.

    Tight when few places fit. node.profit (m,) holds what each free site adds at most, whatever opens with it, and
    node.base (m,) what the sites opened with it add at most.

    Opening a set of free sites changes the use of a home once, so the change of value is at most the sum over the
    sites of what each could win on its own. An overloaded place gives no more than its best users filling its desks.
    The sites compete for the money left and for the places left: the better of two relaxed knapsacks.

    Parameters
    ----------
    spent : what the open sites cost at least; free sites must not have a negative least cost.
    fit : how many free sites fit at most.
    """
    weight = data.number[COST_WEIGHT]
    per_day = data.number[DESKS_PER_DAY]
    total = -weight * spent if weight > 0.0 else 0.0
    # node.now holds what a home gives today; nothing at an overloaded place, whose whole worth is added apart.
    for i in range(data.row.size - 1):
        node.now[i] = 0.0
        a = node.last[i]
        if a >= data.row[i] and state[data.site[a]] > 0 and node.low[data.site[a]] == 1.0:
            node.now[i] = data.value[a]
            total += data.value[a]
    for s in range(state.size):
        node.profit[s] = 0.0
        if state[s] > 0:
            if node.low[s] < 1.0:
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
                value = node.value[j] if node.low[s] == 1.0 else max(0.0, node.value[j])
                gain += max(0.0, value - node.now[node.home[j]])
            node.profit[s] = max(0.0, gain - weight * node.least[s])
    money = data.number[BUDGET] - spent
    by_money = 0.0
    by_count = 0.0
    without = 0.0
    lowest = 0.0
    # Selection by decreasing gain per euro, and by decreasing gain: few sites fit where this bound matters.
    for turn in range(2):
        for s in range(state.size):
            node.pick[s] = False
        count = fit
        rest = money
        while count > 0 or turn == 0:
            best = -1
            score = 0.0
            for s in range(state.size):
                if state[s] == 0 and not node.pick[s] and node.profit[s] > 0.0:
                    ratio = node.profit[s]
                    if turn == 0:
                        ratio = np.inf if node.least[s] <= 0.0 else node.profit[s] / node.least[s]
                    if best < 0 or ratio > score:
                        best = s
                        score = ratio
            if best < 0:
                lowest = 0.0
                break
            node.pick[best] = True
            if turn == 1:
                without = by_count
                lowest = node.profit[best]
                by_count += lowest
                count -= 1
            elif node.least[best] <= rest:
                by_money += node.profit[best]
                rest -= node.least[best]
            else:
                by_money += node.profit[best] * max(0.0, rest) / node.least[best]
                break
    if lowest == 0.0:
        without = by_count
    for s in range(state.size):
        # The others are the best of the rest: without the last of the list, or without the site itself.
        node.base[s] = by_count - node.profit[s] if node.pick[s] else without
    return total, total + min(by_money, by_count)


@njit(cache=True, nogil=True)
def offer_change(data: Data, tree: Tree, value: float, cost: float, short: float) -> None:
    """Offer tree.trial, whose totals are known up to roundings; most are not worth an exact evaluation."""
    slack = data.number[TOLERANCE]
    if tree.reference.shape[0] == 0:
        if value <= tree.score[BEST] - slack:
            return
    elif value <= tree.score[FLOOR] - slack:
        return
    if compute_excess(data, cost) > 1e-9 * (1.0 + abs(cost)) or short > 1e-9:
        return
    offer_plan(data, tree, tree.trial)


@njit(cache=True, nogil=True)
def compute_entry(data: Data, moves: Moves, opened: BoolArray, e: int) -> tuple[float, float]:
    """Return value and cost once closed site e opens: enter_site where there are no floors, without its other uses."""
    none = data.site.size
    load = 0.0
    worth = 0.0
    for j in range(data.col[e], data.col[e + 1]):
        b = moves.first[data.col_home[j]]
        if data.col_arc[j] < b:
            load += data.col_demand[j]
            worth += data.col_value[j]
            if b < none:
                t = data.site[b]
                moves.cap_load[t] += data.demand[b]
                moves.cap_worth[t] += data.value[b]
    value, cost, _ = compute_site(data, e, load, worth)
    for t in range(opened.size):
        if not opened[t]:
            continue
        if moves.cap_load[t] != 0.0 or moves.cap_worth[t] != 0.0:
            gain, price, _ = compute_site(
                data, t, moves.load[t] - moves.cap_load[t], moves.worth[t] - moves.cap_worth[t]
            )
            moves.cap_load[t] = 0.0
            moves.cap_worth[t] = 0.0
        else:
            gain, price = moves.gain[t], moves.price[t]
        value += gain
        cost += price
    return value - data.number[COST_WEIGHT] * cost, cost


@njit(cache=True, nogil=True)
def offer_entries(data: Data, moves: Moves, node: Node, tree: Tree, base: float, after: int, limit: float) -> None:
    """Offer tree.trial with each free site above `after` that `limit` pays for, the moves being those of tree.trial."""
    cut = compute_cut(data, tree)
    for e in range(after + 1, tree.state.size):
        if tree.state[e] != 0 or node.least[e] > limit or base + node.profit[e] <= cut:
            continue
        tree.tally[WORK] += data.col[e + 1] - data.col[e]
        if data.need.size == 0:
            value, cost = compute_entry(data, moves, tree.trial, e)
            short = 0.0
        else:
            value, cost = enter_site(data, moves, e)
            leave_site(data, moves, e)
            value += moves.total[VALUE]
            cost += moves.total[COST]
            short = compute_missing(data, moves, moves.add_mass)
        tree.trial[e] = True
        offer_change(data, tree, value, cost, short)
        tree.trial[e] = False


@njit(cache=True, nogil=True)
def close_last(data: Data, moves: Moves, node: Node, tree: Tree, base: float, fit: int, limit: float) -> None:
    """Evaluate every plan of a node where one more site fits, or two, but those that their gains alone exclude.

    `base` and node.profit come from compute_reach_bound; `limit` is the money left.
    """
    m = tree.state.size
    none = data.site.size
    for i in range(data.row.size - 1):
        a = node.last[i]
        moves.first[i] = a if a >= data.row[i] and tree.state[data.site[a]] > 0 else none
    moves.arc[:] = none
    moves.cap_load[:] = 0.0
    moves.cap_worth[:] = 0.0
    for s in range(m):
        tree.trial[s] = tree.state[s] > 0
    refresh_sites(data, moves, tree.trial)
    tree.tally[WORK] += data.row.size
    offer_change(data, tree, moves.total[VALUE], moves.total[COST], moves.total[SHORT])
    offer_entries(data, moves, node, tree, base, -1, limit)
    if fit < 2:
        return
    moves.second[:] = moves.first
    for e in range(m):
        if tree.state[e] != 0:
            continue
        cut = compute_cut(data, tree)
        best = -np.inf
        for other in range(e + 1, m):
            if tree.state[other] == 0 and node.least[e] + node.least[other] <= limit:
                best = max(best, node.profit[other])
        if base + node.profit[e] + best <= cut:
            continue
        moves.first[:] = moves.second
        for j in range(data.col[e], data.col[e + 1]):
            moves.first[data.col_home[j]] = min(moves.first[data.col_home[j]], data.col_arc[j])
        tree.trial[e] = True
        refresh_sites(data, moves, tree.trial)
        tree.tally[WORK] += data.row.size + data.col[e + 1] - data.col[e]
        offer_entries(data, moves, node, tree, base + node.profit[e], e, limit - node.least[e])
        tree.trial[e] = False


@njit(cache=True, nogil=True)
def close_early(data: Data, moves: Moves, node: Node, tree: Tree, cut: float) -> int:
    """Close a node (-1) where at most two more sites fit, or where the quick bound meets the cut.

    Otherwise return how many sites were closed because the quick bound meets the cut with them; fewer places then fit.
    """
    m = tree.state.size
    node.answer[FIT] = m
    spent = 0.0
    opened = 0
    free = 0
    for s in range(m):
        if tree.state[s] > 0:
            spent += node.least[s]
            opened += 1
        elif tree.state[s] == 0:
            if node.least[s] < 0.0:
                return 0
            tree.cheap[free] = node.least[s]
            free += 1
    limit = data.number[BUDGET] + 1e-9 * abs(spent) - spent
    fit = min(int(data.number[PLACES]) - opened, free)
    if np.isfinite(limit):
        # No plan opens more free sites than the cheapest ones that the money left pays for.
        rest = limit
        for rank in range(min(fit, FEW + 1)):
            least = rank
            for other in range(rank + 1, free):
                if tree.cheap[other] < tree.cheap[least]:
                    least = other
            tree.cheap[rank], tree.cheap[least] = tree.cheap[least], tree.cheap[rank]
            rest -= tree.cheap[rank]
            if rest < 0.0:
                fit = rank
                break
    node.answer[FIT] = fit
    if fit > FEW:
        return 0
    tree.tally[WORK] += node.stop[m - 1]
    base, bound = compute_reach_bound(data, node, tree.state, spent, fit)
    if bound <= cut:
        return -1
    if fit <= 1 or (fit == 2 and free <= PAIRED):
        close_last(data, moves, node, tree, base, fit, limit)
        return -1
    decided = 0
    for s in range(m):
        if tree.state[s] == 0 and base + node.profit[s] + node.base[s] <= cut:
            decide(tree, s, -1)
            decided += 1
    return decided
