"""Compiled proof of coverage: the Lagrangian bound of "a home is covered by open sites only", and nodes of a tree.

For prices 0 <= pi <= weight and rho[s] = sum_{i covered by s} pi[i] - fixed[s], no set of at most p sites covers more
than sum (weight - pi) + the sum of the p largest positive rho (Church and ReVelle 1974 for the model; Galvao and
ReVelle 1996 for the relaxation). The tree decides sites: an open one takes the homes it covers out of the instance.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from ancrage.siting._benefit_bound import find_largest
from ancrage.siting._benefits import Int8Array
from ancrage.siting._cover_anneal import Cover
from ancrage.siting.problem import BoolArray, FloatArray, IntArray

STALL_LIMIT = 40
"""Steps without progress after which the pace is halved and the best prices are taken up again."""

KEEP = 0.9
"""Share of the last direction kept in the next."""

SLOWEST = 2e-3
"""Pace at which the bound is held final."""

# Positions in Prices.score and Prices.tally.
BOUND, PACE, TARGET, CUTOFF, VALUE = 0, 1, 2, 3, 4
STALL, PLACES_LEFT, BRANCH = 0, 1, 2


class Prices(NamedTuple):
    """Prices of the homes at one node, and the buffers of their improvement.

    state : (m,) 1 open, 0 free, -1 closed. alive : (n,) homes that no open site covers and that a free one may cover.
    pi, best_pi, direction, slope : (n,) ; rho, best_rho, key : (m,) ; pick, best_pick : (m,) sites of the bound.
    mean : (m,) share of the last steps in which a site was picked. best : (m,) best plan met at the node.
    score, tally : see the positions above.
    """

    state: Int8Array
    alive: BoolArray
    pi: FloatArray
    best_pi: FloatArray
    direction: FloatArray
    slope: FloatArray
    rho: FloatArray
    best_rho: FloatArray
    key: FloatArray
    pick: BoolArray
    best_pick: BoolArray
    mean: FloatArray
    best: BoolArray
    score: FloatArray
    tally: IntArray


def build_prices(n: int, m: int) -> Prices:
    """Return prices at 0, everything free, no plan."""
    return Prices(
        state=np.zeros(m, dtype=np.int8),
        alive=np.zeros(n, dtype=np.bool_),
        pi=np.zeros(n),
        best_pi=np.zeros(n),
        direction=np.zeros(n),
        slope=np.zeros(n),
        rho=np.zeros(m),
        best_rho=np.zeros(m),
        key=np.zeros(m),
        pick=np.zeros(m, dtype=np.bool_),
        best_pick=np.zeros(m, dtype=np.bool_),
        mean=np.zeros(m),
        best=np.zeros(m, dtype=np.bool_),
        score=np.zeros(5),
        tally=np.zeros(3, dtype=np.int64),
    )


@njit(cache=True, nogil=True)
def compute_covered(cover: Cover, opened: BoolArray) -> float:
    """Return the weight covered by open sites, less their fixed costs [unit]."""
    total = 0.0
    for i in range(cover.weight.size):
        for a in range(cover.row[i], cover.row[i + 1]):
            if opened[cover.site[a]]:
                total += cover.weight[i]
                break
    for s in range(opened.size):
        if opened[s]:
            total -= cover.fixed[s]
    return total


@njit(cache=True, nogil=True)
def start_prices(cover: Cover, opened: BoolArray, pi: FloatArray) -> None:
    """Write first prices from a plan: the weight of a place is shared among its homes, down to that of the least."""
    n, m = cover.weight.size, opened.size
    user = np.full(n, -1, dtype=np.int64)
    load = np.zeros(m)
    for s in range(m):
        if opened[s]:
            for a in range(cover.col[s], cover.col[s + 1]):
                i = cover.home[a]
                if user[i] < 0:
                    user[i] = s
                    load[s] += cover.weight[i]
    least = np.inf
    for s in range(m):
        if opened[s] and load[s] > 0.0:
            least = min(least, load[s])
    for i in range(n):
        pi[i] = cover.weight[i]
        if user[i] >= 0 and load[user[i]] > 0.0:
            pi[i] = min(cover.weight[i], cover.weight[i] * least / load[user[i]])


@njit(cache=True, nogil=True)
def settle_node(cover: Cover, prices: Prices, places: int) -> float:
    """Draw what follows from the decisions taken; return the value of the open sites, -inf when they are too many.

    A free site that has nothing left to cover is closed, unless opening it pays for itself.
    """
    state, alive = prices.state, prices.alive
    base = 0.0
    left = places
    for s in range(state.size):
        if state[s] > 0:
            left -= 1
            base -= cover.fixed[s]
    if left < 0:
        return -np.inf
    prices.tally[PLACES_LEFT] = left
    for i in range(alive.size):
        alive[i] = False
        for a in range(cover.row[i], cover.row[i + 1]):
            s = cover.site[a]
            if state[s] > 0:
                base += cover.weight[i]
                alive[i] = False
                break
            if state[s] == 0:
                alive[i] = True
    for s in range(state.size):
        if state[s] == 0:
            useful = left > 0 and cover.fixed[s] < 0.0
            if left > 0 and not useful:
                for a in range(cover.col[s], cover.col[s + 1]):
                    if alive[cover.home[a]]:
                        useful = True
                        break
            if not useful:
                state[s] = -1
    return base


@njit(cache=True, nogil=True)
def improve_prices(cover: Cover, prices: Prices, base: float, steps: int) -> bool:
    """Take up to `steps` subgradient steps and keep the best bound; True when it is under the cutoff, or final.

    Polyak's step towards the target along a deflected direction (Camerini, Fratta and Maffioli 1975).
    """
    pi, rho, pick, key = prices.pi, prices.rho, prices.pick, prices.key
    score, tally, alive, state = prices.score, prices.tally, prices.alive, prices.state
    places = tally[PLACES_LEFT]
    n, m = pi.size, rho.size
    for _ in range(steps):
        for s in range(m):
            rho[s] = -cover.fixed[s]
        bound = base
        for i in range(n):
            if alive[i]:
                price = pi[i]
                bound += cover.weight[i] - price
                if price > 0.0:
                    for a in range(cover.row[i], cover.row[i + 1]):
                        rho[cover.site[a]] += price
        size = 0
        for s in range(m):
            pick[s] = state[s] == 0 and rho[s] > 0.0
            if pick[s]:
                key[size] = rho[s]
                size += 1
        if size > places:
            level = find_largest(key, size, places) if places > 0 else np.inf
            left = places
            for s in range(m):
                if pick[s] and rho[s] > level:
                    left -= 1
            for s in range(m):
                if pick[s] and rho[s] <= level:
                    pick[s] = rho[s] == level and left > 0
                    left -= pick[s]
        for i in range(n):
            prices.slope[i] = -1.0
        for s in range(m):
            prices.mean[s] += 0.05 * (pick[s] - prices.mean[s])
            if pick[s]:
                bound += rho[s]
                for a in range(cover.col[s], cover.col[s + 1]):
                    prices.slope[cover.home[a]] += 1.0
        if bound < score[BOUND] - 1e-4 * (score[BOUND] - score[TARGET]) or score[BOUND] == np.inf:
            tally[STALL] = 0
        else:
            tally[STALL] += 1
        if bound < score[BOUND]:
            score[BOUND] = bound
            prices.best_pi[:] = pi
            prices.best_rho[:] = rho
            prices.best_pick[:] = pick
            if bound < score[CUTOFF]:
                return True
        if tally[STALL] >= STALL_LIMIT:
            tally[STALL] = 0
            score[PACE] *= 0.5
            if score[PACE] < SLOWEST:
                return True
            pi[:] = prices.best_pi
            prices.direction[:] = 0.0
            continue
        length = 0.0
        for i in range(n):
            if alive[i]:
                step = KEEP * prices.direction[i] + (1.0 - KEEP) * prices.slope[i]
                prices.direction[i] = step
                if not (pi[i] <= 0.0 and step > 0.0) and not (pi[i] >= cover.weight[i] and step < 0.0):
                    length += step * step
        if length == 0.0:
            # A deflected direction of 0 proves nothing: only the slope itself does.
            prices.direction[:] = 0.0
            score[PACE] *= 0.5
            if score[PACE] < SLOWEST:
                return True
            continue
        length = score[PACE] * (bound - score[TARGET]) / length
        for i in range(n):
            if alive[i]:
                pi[i] = min(max(0.0, pi[i] - length * prices.direction[i]), cover.weight[i])
    return False


@njit(cache=True, nogil=True)
def decide_node(prices: Prices) -> int:
    """Open or close the free sites whose other choice brings the bound under the cutoff; return how many."""
    rho, pick, state = prices.best_rho, prices.best_pick, prices.state
    bound, cutoff = prices.score[BOUND], prices.score[CUTOFF]
    least, most, count = np.inf, 0.0, 0
    for s in range(state.size):
        if state[s] == 0:
            if pick[s]:
                least = min(least, rho[s])
                count += 1
            else:
                most = max(most, rho[s])
    if count < prices.tally[PLACES_LEFT]:
        least = 0.0
    decided = 0
    for s in range(state.size):
        if state[s] != 0:
            continue
        if pick[s]:
            if bound - rho[s] + most < cutoff:
                state[s] = 1
                decided += 1
        elif bound + rho[s] - least < cutoff:
            state[s] = -1
            decided += 1
    return decided


@njit(cache=True, nogil=True)
def offer_pick(cover: Cover, prices: Prices) -> None:
    """Keep the plan of the bound if it is the best met."""
    opened = np.empty(prices.state.size, dtype=np.bool_)
    for s in range(opened.size):
        opened[s] = prices.state[s] > 0 or (prices.best_pick[s] and prices.state[s] == 0)
    value = compute_covered(cover, opened)
    if value > prices.score[VALUE]:
        prices.score[VALUE] = value
        prices.best[:] = opened


@njit(cache=True, nogil=True)
def solve_cover_node(
    cover: Cover, places: int, prices: Prices, value: float, margin: float, steps: int, pace: float
) -> bool:
    """Bound the node of `prices.state` from the prices `prices.pi`; True when nothing better is left in it.

    Better means at least `margin` above `value`, or above the plan met in the node, then in `prices.score[VALUE]` and
    `prices.best`. Else `prices.tally[BRANCH]` is the site to decide, `prices.score[BOUND]` the bound and
    `prices.best_pi` its prices.
    """
    score, tally = prices.score, prices.tally
    score[VALUE] = value
    prices.mean[:] = 0.0
    taken = 0
    while True:
        base = settle_node(cover, prices, places)
        if base == -np.inf:
            return True
        free = 0
        for s in range(prices.state.size):
            free += prices.state[s] == 0
        if free == 0:
            prices.best_pick[:] = False
            offer_pick(cover, prices)
            return True
        score[BOUND] = np.inf
        score[TARGET] = score[VALUE] + 0.5 * margin
        score[CUTOFF] = score[VALUE] + margin
        score[PACE] = pace if taken == 0 else min(pace, max(score[PACE], 0.1))
        tally[STALL] = 0
        prices.direction[:] = 0.0
        final = False
        decided = 0
        # A bound does not carry over what was decided since, so each look starts it again from the best prices.
        while not final and taken < steps and decided == 0:
            final = improve_prices(cover, prices, base, 20)
            taken += 20
            offer_pick(cover, prices)
            score[CUTOFF] = score[VALUE] + margin
            if score[BOUND] < score[CUTOFF]:
                return True
            decided = decide_node(prices)
        prices.pi[:] = prices.best_pi
        if decided == 0 or taken >= steps:
            break
    if decided and settle_node(cover, prices, places) == -np.inf:
        return True
    tally[BRANCH] = choose_site(prices)
    if tally[BRANCH] < 0:
        prices.best_pick[:] = False
        offer_pick(cover, prices)
        return True
    return False


@njit(cache=True, nogil=True)
def choose_site(prices: Prices) -> int:
    """Return the free site whose share of the relaxed plan is nearest one half, -1 without a free site."""
    best, at = -1.0, -1
    for s in range(prices.state.size):
        if prices.state[s] == 0:
            doubt = min(prices.mean[s], 1.0 - prices.mean[s])
            if doubt > best:
                best, at = doubt, s
    return at
