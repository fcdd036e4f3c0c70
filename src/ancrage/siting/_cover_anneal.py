"""Compiled annealing of coverage plans: swaps of one open site, worse ones accepted less and less often.

On coverage many plans are worth nearly the same, and a local optimum of the interchange is soon met and hard to leave.
A swap costs two columns of the instance, so that millions can be tried (Kirkpatrick, Gelatt and Vecchi 1983).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ancrage.siting._benefits import Benefits, Int8Array, Int32Array
from ancrage.siting.problem import BoolArray, FloatArray, IntArray

UNCOVERED_SHARE = 5
"""Of 100 swaps, how many open a site near a home that is not covered, wherever the closed one is."""

NEAR_DRAWS = 4
"""Draws of a site near the closed one before another swap is tried."""

TEMPERATURE_STEPS = 200
"""Moves between two changes of temperature."""

SAMPLE = 2000
"""Swaps drawn to set the temperatures."""


class Cover(NamedTuple):
    """Which sites cover which homes.

    row : (n + 1,) start of each home in site; site : (k,). col : (m + 1,) start of each site in home; home : (k,).
    weight : (n,) gained once the home is covered [unit]; fixed : (m,) lost by opening the site [unit].
    """

    row: IntArray
    site: Int32Array
    col: IntArray
    home: Int32Array
    weight: FloatArray
    fixed: FloatArray


def build_cover(benefits: Benefits) -> Cover:
    """Return the cover of benefits whose value is constant by home; homes without a site have weight 0."""
    weight = np.zeros(benefits.row.size - 1)
    filled = benefits.row[:-1] < benefits.row[1:]
    weight[filled] = benefits.value[benefits.row[:-1][filled]]
    return Cover(benefits.row, benefits.site, benefits.col, benefits.home, weight, benefits.fixed)


@njit(cache=True, nogil=True)
def draw(seed: NDArray[np.uint64], size: int) -> int:
    """Return a number in 0..size - 1 and advance the seed (xorshift, Marsaglia 2003)."""
    x = seed[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    seed[0] = x
    # Signed, as an unsigned number and a signed one would make a float.
    return int(np.int64((x >> np.uint64(11)) % np.uint64(size)))


@njit(cache=True, nogil=True)
def count_covers(cover: Cover, opened: BoolArray, count: Int32Array) -> None:
    """Write the number of open sites that cover each home."""
    count[:] = 0
    for s in range(opened.size):
        if opened[s]:
            for a in range(cover.col[s], cover.col[s + 1]):
                count[cover.home[a]] += 1


@njit(cache=True, nogil=True)
def choose_half(cover: Cover, start: int, half: Int8Array) -> None:
    """Split the sites in two halves of neighbours, 0 and 1; write -1 for those that share a home with the other half.

    Half 0 is what a walk from `start` meets first, through homes and the sites that cover them. A site whose homes all
    belong to one half can be moved by one thread while another moves those of the other half.
    """
    m = half.size
    half[:] = 1
    seen = np.zeros(m, dtype=np.bool_)
    met = np.zeros(cover.row.size - 1, dtype=np.bool_)
    line = np.empty(m, dtype=np.int32)
    head, size, taken = 0, 0, 0
    at = start
    for _ in range(m):
        # The walk starts again from the next site wherever a piece of the country is exhausted.
        if not seen[at]:
            seen[at] = True
            line[size] = at
            size += 1
        while head < size and 2 * taken < m:
            s = line[head]
            head += 1
            half[s] = 0
            taken += 1
            for a in range(cover.col[s], cover.col[s + 1]):
                i = cover.home[a]
                if not met[i]:
                    met[i] = True
                    for b in range(cover.row[i], cover.row[i + 1]):
                        t = cover.site[b]
                        if not seen[t]:
                            seen[t] = True
                            line[size] = t
                            size += 1
        if 2 * taken >= m:
            break
        at = (at + 1) % m
    for i in range(cover.row.size - 1):
        mixed = False
        first = -1
        for a in range(cover.row[i], cover.row[i + 1]):
            # Sites already set aside still tell their half by the sign of what is written below.
            side = half[cover.site[a]]
            side = side if side >= 0 else -2 - side
            if first < 0:
                first = side
            elif side != first:
                mixed = True
                break
        if mixed:
            for a in range(cover.row[i], cover.row[i + 1]):
                s = cover.site[a]
                if half[s] >= 0:
                    half[s] = -2 - half[s]
    for s in range(m):
        if half[s] < 0:
            half[s] = -1


@njit(cache=True, nogil=True)
def add_site(cover: Cover, count: Int32Array, s: int) -> None:
    """Count a site among those open."""
    for a in range(cover.col[s], cover.col[s + 1]):
        count[cover.home[a]] += 1


@njit(cache=True, nogil=True)
def move_site(cover: Cover, count: Int32Array, leave: int, enter: int) -> float:
    """Close a site and return what is gained once another opens [unit]; that one is not counted yet."""
    gain = float(cover.fixed[leave] - cover.fixed[enter])
    for a in range(cover.col[leave], cover.col[leave + 1]):
        i = cover.home[a]
        count[i] -= 1
        if count[i] == 0:
            gain -= cover.weight[i]
    for a in range(cover.col[enter], cover.col[enter + 1]):
        i = cover.home[a]
        if count[i] == 0:
            gain += cover.weight[i]
    return gain


@njit(cache=True, nogil=True)
def draw_swap(
    cover: Cover, movable: BoolArray, opened: BoolArray, count: Int32Array, places: Int32Array, seed: NDArray[np.uint64]
) -> tuple[int, int]:
    """Return the position in `places` of an open site and a site to open instead, -1 for none this time."""
    at = draw(seed, places.size)
    i = -1
    if draw(seed, 100) < UNCOVERED_SHARE:
        for _ in range(30):
            j = draw(seed, count.size)
            if count[j] == 0:
                i = j
                break
        if i < 0:
            return at, -1
        # The site that alone covers least, among a few.
        least = np.inf
        for _ in range(6):
            other = draw(seed, places.size)
            s = places[other]
            loss = -cover.fixed[s]
            for a in range(cover.col[s], cover.col[s + 1]):
                if count[cover.home[a]] == 1:
                    loss += cover.weight[cover.home[a]]
            if loss < least:
                least, at = loss, other
    else:
        begin = cover.col[places[at]]
        size = cover.col[places[at] + 1] - begin
        if size == 0:
            return at, -1
        i = cover.home[begin + draw(seed, size)]
        # A site that covers two homes of the closed one is near it: such swaps are accepted more often.
        near = cover.home[begin + draw(seed, size)]
        size = cover.row[i + 1] - cover.row[i]
        for _ in range(NEAR_DRAWS):
            enter = cover.site[cover.row[i] + draw(seed, size)]
            if not opened[enter] and movable[enter]:
                column = cover.home[cover.col[enter] : cover.col[enter + 1]]
                place = np.searchsorted(column, near)
                if place < column.size and column[place] == near:
                    return at, enter
        return at, -1
    size = cover.row[i + 1] - cover.row[i]
    if size == 0:
        return at, -1
    enter = cover.site[cover.row[i] + draw(seed, size)]
    if opened[enter] or not movable[enter]:
        return at, -1
    return at, enter


@njit(cache=True, nogil=True)
def anneal_plan(
    cover: Cover,
    movable: BoolArray,
    opened: BoolArray,
    count: Int32Array,
    places: Int32Array,
    moves: int,
    hot: float,
    cold: float,
    seed: NDArray[np.uint64],
) -> None:
    """Try swaps among the movable sites, from temperature `hot` to `cold` [unit]; `opened`, `count` change in place.

    places : open movable sites, changed in place. Two calls may share `opened` and `count` where no home is covered by
    movable sites of both.
    """
    if places.size == 0:
        return
    heat = hot
    ratio = (cold / hot) ** (TEMPERATURE_STEPS / max(1, moves))
    for k in range(moves):
        if k % TEMPERATURE_STEPS == 0 and k:
            heat *= ratio
        at, enter = draw_swap(cover, movable, opened, count, places, seed)
        if enter < 0:
            continue
        leave = places[at]
        gain = move_site(cover, count, leave, enter)
        if gain >= 0.0 or (gain > -40.0 * heat and draw(seed, 1 << 30) < np.exp(gain / heat) * (1 << 30)):
            add_site(cover, count, enter)
            opened[leave] = False
            opened[enter] = True
            places[at] = enter
        else:
            add_site(cover, count, leave)


@njit(cache=True, nogil=True)
def measure_swaps(
    cover: Cover, movable: BoolArray, opened: BoolArray, count: Int32Array, places: Int32Array, seed: NDArray[np.uint64]
) -> FloatArray:
    """Return what swaps drawn at random lose, those that lose something only [unit]; nothing is changed."""
    losses = np.empty(SAMPLE)
    size = 0
    if places.size == 0:
        return losses[:0]
    for _ in range(SAMPLE):
        at, enter = draw_swap(cover, movable, opened, count, places, seed)
        if enter < 0:
            continue
        leave = places[at]
        gain = move_site(cover, count, leave, enter)
        add_site(cover, count, leave)
        if gain < 0.0:
            losses[size] = -gain
            size += 1
    return losses[:size]
