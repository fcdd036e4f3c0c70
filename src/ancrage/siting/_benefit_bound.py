"""Compiled proof on sparse benefits: the Lagrangian bound of "a home is served at most once", and what it decides.

For multipliers u >= 0 and rho[s] = sum_i max(0, benefit(i, s) - u[i]) - fixed[s], no set of at most p sites gives more
than sum u + the sum of the p largest positive rho (Cornuejols, Fisher and Nemhauser 1977). Imposed sites are taken out
first (`cut_rows`): where one gives w to a home, only what other sites give above w is left to win. So every instance
here has free sites only, and a constant.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from ancrage.siting._benefits import Int8Array, Int32Array
from ancrage.siting.problem import BoolArray, FloatArray, IntArray

KEEP = 0.9
"""Share of the last direction kept in the next; with less, the bound stalls farther from its limit."""

EPSILON = 2.220446049250313e-16

# Positions in Dual.score.
BOUND, PACE, TARGET, CUTOFF = 0, 1, 2, 3
# Positions in Dual.tally.
STALL, STEPS, READS, LIMIT = 0, 1, 2, 3


class Rows(NamedTuple):
    """Benefits by home, largest first.

    row : (n + 1,) start of each home in site and value; site : (k,) ; value : (k,) > 0 [unit].
    """

    row: IntArray
    site: Int32Array
    value: FloatArray


class Dual(NamedTuple):
    """Multipliers of an instance of n homes and m sites, and the buffers of their improvement.

    u, best_u : (n,) ; rho, best_rho, key : (m,) ; pick, best_pick : (m,) sites of the bound.
    mean : (m,) share of the last steps in which a site was picked, an estimate of the relaxed plan.
    direction, slope : (n,) of the last step. stop : (n,) number of entries above u. next : (n,) largest benefit left
    out of the short rows, 0 for none. score, tally : see the positions above.
    """

    u: FloatArray
    best_u: FloatArray
    direction: FloatArray
    slope: FloatArray
    rho: FloatArray
    best_rho: FloatArray
    key: FloatArray
    pick: BoolArray
    best_pick: BoolArray
    mean: FloatArray
    stop: IntArray
    next: FloatArray
    score: FloatArray
    tally: IntArray


@njit(cache=True, nogil=True)
def build_dual(n: int, m: int, limit: int) -> Dual:
    """Return multipliers at 0 and a bound at infinity; the pace is to be halved after `limit` steps of no progress."""
    return Dual(
        np.zeros(n),
        np.zeros(n),
        np.zeros(n),
        np.zeros(n),
        np.zeros(m),
        np.zeros(m),
        np.zeros(m),
        np.zeros(m, dtype=np.bool_),
        np.zeros(m, dtype=np.bool_),
        np.zeros(m),
        np.zeros(n, dtype=np.int64),
        np.zeros(n),
        np.array([np.inf, 1.0, 0.0, 0.0]),
        np.array([0, 0, 0, limit]),
    )


@njit(cache=True, nogil=True)
def cut_rows(rows: Rows, state: Int8Array, u: FloatArray, new: Rows, new_u: FloatArray) -> float:
    """Write the rows left when sites are open (state 1) or closed (-1), and return what the open ones give.

    A row ends before its first open site, whose benefit is taken off the entries before it. Homes keep their number;
    `new` and `new_u` may be the arrays read.
    """
    base = 0.0
    size = 0
    begin = rows.row[0]
    for i in range(rows.row.size - 1):
        first, end = size, rows.row[i + 1]
        sure = 0.0
        for a in range(begin, end):
            s = rows.site[a]
            if state[s] == 0:
                new.site[size] = s
                new.value[size] = rows.value[a]
                size += 1
            elif state[s] > 0:
                sure = rows.value[a]
                break
        if sure > 0.0:
            base += sure
            while size > first and new.value[size - 1] <= sure:
                size -= 1
            for a in range(first, size):
                new.value[a] -= sure
        new_u[i] = max(0.0, u[i] - sure)
        new.row[i] = first
        begin = end
    new.row[rows.row.size - 1] = size
    return base


@njit(cache=True, nogil=True)
def shorten_rows(
    rows: Rows, asleep: Int8Array, u: FloatArray, share: float, short: Rows, next_value: FloatArray
) -> int:
    """Copy the entries of each row above `share` x u, and write the largest one left out; return how many are kept.

    Entries of sites asleep (not 0) are skipped wherever they are.
    """
    size = 0
    for i in range(u.size):
        least = share * u[i]
        short.row[i] = size
        next_value[i] = 0.0
        for a in range(rows.row[i], rows.row[i + 1]):
            if rows.value[a] <= least:
                next_value[i] = rows.value[a]
                break
            if asleep[rows.site[a]] == 0:
                short.site[size] = rows.site[a]
                short.value[size] = rows.value[a]
                size += 1
    short.row[u.size] = size
    return size


@njit(cache=True, nogil=True)
def compute_profits(rows: Rows, short: Rows, fixed: FloatArray, dual: Dual) -> float:
    """Write rho and the number of entries above u of each home; return sum u.

    The short rows are read where they hold every entry above u, the whole rows elsewhere: rho is exact in all cases,
    but for sites asleep, whose rho is under-estimated.
    """
    rho = dual.rho
    for s in range(fixed.size):
        rho[s] = -fixed[s]
    total = 0.0
    reads = 0
    for i in range(dual.u.size):
        u = dual.u[i]
        total += u
        if u >= dual.next[i]:
            begin, end, site, value = short.row[i], short.row[i + 1], short.site, short.value
        else:
            begin, end, site, value = rows.row[i], rows.row[i + 1], rows.site, rows.value
        a = begin
        while a < end:
            more = value[a] - u
            if more <= 0.0:
                break
            rho[site[a]] += more
            a += 1
        dual.stop[i] = a - begin
        reads += a - begin
    # Homes and sites cost about as much as this many entries, here and in the rest of a step.
    dual.tally[READS] += reads + 4 * dual.u.size + 4 * fixed.size
    return total


@njit(cache=True, nogil=True)
def choose_sites(dual: Dual, state: Int8Array, places: int) -> float:
    """Pick the free sites of largest positive rho, `places` at most (ties by number), and return their sum."""
    rho, key, pick = dual.rho, dual.key, dual.pick
    count = 0
    for s in range(rho.size):
        pick[s] = False
        if state[s] == 0 and rho[s] > 0.0:
            key[count] = rho[s]
            count += 1
    level = 0.0
    if count > places:
        if places == 0:
            return 0.0
        level = find_largest(key, count, places)
    total = 0.0
    left = places
    for s in range(rho.size):
        if state[s] == 0 and rho[s] > level:
            pick[s] = True
            total += rho[s]
            left -= 1
    if count > places:
        for s in range(rho.size):
            if left == 0:
                break
            if state[s] == 0 and rho[s] == level:
                pick[s] = True
                total += level
                left -= 1
    return total


@njit(cache=True, nogil=True)
def find_largest(key: FloatArray, size: int, rank: int) -> float:
    """Return the rank-th largest (from 1) of the first `size` numbers, which are reordered (Hoare's selection)."""
    low, high, at = 0, size - 1, rank - 1
    while low < high:
        middle = (low + high) // 2
        a, b, c = key[low], key[middle], key[high]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = low, high
        while i <= j:
            while key[i] > pivot:
                i += 1
            while key[j] < pivot:
                j -= 1
            if i <= j:
                key[i], key[j] = key[j], key[i]
                i += 1
                j -= 1
        if at <= j:
            high = j
        elif at >= i:
            low = i
        else:
            break
    return float(key[at])


@njit(cache=True, nogil=True)
def compute_slope(rows: Rows, short: Rows, dual: Dual) -> None:
    """Write the slope of the bound in u: 1 minus the number of picked sites above u."""
    pick = dual.pick
    for i in range(dual.u.size):
        if dual.u[i] >= dual.next[i]:
            begin, site = short.row[i], short.site
        else:
            begin, site = rows.row[i], rows.site
        count = 0
        for a in range(begin, begin + dual.stop[i]):
            count += pick[site[a]]
        dual.slope[i] = 1.0 - count


@njit(cache=True, nogil=True)
def improve_dual(
    rows: Rows, short: Rows, fixed: FloatArray, state: Int8Array, places: int, base: float, dual: Dual, steps: int
) -> bool:
    """Take up to `steps` subgradient steps and keep the best bound; True when it is under the cutoff, or final.

    Polyak's step towards the target along a deflected direction (Camerini, Fratta and Maffioli 1975), halved when
    the bound stalls. `base` is added to every bound.
    """
    u, score, tally = dual.u, dual.score, dual.tally
    for _ in range(steps):
        bound = base + compute_profits(rows, short, fixed, dual)
        bound += choose_sites(dual, state, places)
        tally[STEPS] += 1
        gap = score[BOUND] - score[TARGET]
        if bound < score[BOUND] - 2e-3 * gap:
            tally[STALL] = 0
        else:
            tally[STALL] += 1
        if bound < score[BOUND]:
            score[BOUND] = bound
            dual.best_u[:] = u
            dual.best_rho[:] = dual.rho
            dual.best_pick[:] = dual.pick
            if bound < score[CUTOFF]:
                return True
        if tally[STALL] >= tally[LIMIT]:
            tally[STALL] = 0
            score[PACE] *= 0.5
        compute_slope(rows, short, dual)
        size = 0.0
        for i in range(u.size):
            slope = dual.slope[i]
            if u[i] <= 0.0 and slope > 0.0:
                slope = 0.0
            step = slope + KEEP * dual.direction[i]
            if u[i] <= 0.0 and step > 0.0:
                step = 0.0
            dual.direction[i] = step
            size += step * step
        if size == 0.0:
            return True
        length = score[PACE] * (bound - score[TARGET]) / size
        for i in range(u.size):
            u[i] = max(0.0, u[i] - length * dual.direction[i])
        for s in range(fixed.size):
            dual.mean[s] += 0.1 * (dual.pick[s] - dual.mean[s])
    return False


@njit(cache=True, nogil=True)
def decide_sites(dual: Dual, state: Int8Array, places: int, bound: float, cutoff: float) -> int:
    """Open or close the free sites whose other choice brings the bound under the cutoff; return how many.

    `dual.best_rho` and `dual.best_pick` are those of `bound`.
    """
    least, most, count = np.inf, 0.0, 0
    for s in range(state.size):
        if state[s] == 0:
            if dual.best_pick[s]:
                least = min(least, dual.best_rho[s])
                count += 1
            else:
                most = max(most, dual.best_rho[s])
    if count < places:
        least = 0.0
    decided = 0
    for s in range(state.size):
        if state[s] != 0:
            continue
        rho = dual.best_rho[s]
        if dual.best_pick[s]:
            if bound - rho + most < cutoff:
                state[s] = 1
                decided += 1
        elif bound + rho - least < cutoff:
            state[s] = -1
            decided += 1
    return decided


@njit(cache=True, nogil=True)
def find_divisor(values: FloatArray, scale: float, common: float) -> float:
    """Return the greatest common divisor of `common` and scale x values, -1 where one of them is not an integer."""
    if common < 0.0:
        return -1.0
    for value in values:
        scaled = abs(value) * scale
        whole = np.rint(scaled)
        if whole > 4503599627370496.0 or abs(scaled - whole) > 4.0 * EPSILON * scaled:
            return -1.0
        a, b = whole, common
        while b > 0.0:
            a, b = b, a % b
        common = a
    return common
