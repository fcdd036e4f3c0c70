"""Siting where everybody uses the site that gives most: sparse benefits of n homes and m sites, twice sorted.

Maximise over sets S of at most `places` sites, imposed ones in and excluded ones out,

    sum_i max(0, max_{s in S} benefit(i, s)) - sum_{s in S} fixed(s)

p-median, maximal coverage and savings are all of this form (docs/method/siting.md).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ancrage.siting.problem import FloatArray, IntArray

Int32Array = NDArray[np.int32]
Int8Array = NDArray[np.int8]


class Benefits(NamedTuple):
    """Positive benefits by home (largest first, ties by site number) and by site.

    row : (n + 1,) start of each home in site and value; site : (k,) int32; value : (k,) > 0 [unit].
    col : (m + 1,) start of each site in home and rank; home : (k,) int32; rank : (k,) int32 place of the entry in the
    row of its home, so that its benefit is value[row[home] + rank].
    fixed : (m,) lost by opening the site [unit], may be negative. state : (m,) int8, 1 imposed, 0 free, -1 excluded.
    places : most sites that may be open, imposed ones included.
    """

    row: IntArray
    site: Int32Array
    value: FloatArray
    col: IntArray
    home: Int32Array
    rank: Int32Array
    fixed: FloatArray
    state: Int8Array
    places: int


def build_benefits(
    row: IntArray,
    site: NDArray[np.integer],
    value: FloatArray,
    *,
    fixed: FloatArray,
    state: Int8Array,
    places: int,
) -> Benefits:
    """Return sorted benefits from arcs grouped by home, in any order within a home.

    Entries that are not positive, and those of excluded sites, are dropped.

    Parameters
    ----------
    row : (n + 1,) start of each home; site : (k,) ; value : (k,) [unit]; fixed, state : (m,).
    """
    m = fixed.size
    new_row = np.zeros(row.size, dtype=np.int64)
    kept_site = np.empty(site.size, dtype=np.int32)
    kept_value = np.empty(site.size)
    size = _sort_rows(
        np.ascontiguousarray(row, dtype=np.int64),
        np.ascontiguousarray(site, dtype=np.int32),
        np.ascontiguousarray(value, dtype=np.float64),
        state,
        new_row,
        kept_site,
        kept_value,
    )
    kept_site, kept_value = kept_site[:size], kept_value[:size]
    if size < 0.9 * site.size:
        kept_site, kept_value = kept_site.copy(), kept_value.copy()
    col, home, rank = _turn(new_row, kept_site, m)
    return Benefits(
        new_row,
        kept_site,
        kept_value,
        col,
        home,
        rank,
        np.ascontiguousarray(fixed, dtype=np.float64),
        np.ascontiguousarray(state, dtype=np.int8),
        int(min(places, m)),
    )


@njit(cache=True, nogil=True)
def _sort_rows(
    row: IntArray,
    site: Int32Array,
    value: FloatArray,
    state: Int8Array,
    new_row: IntArray,
    new_site: Int32Array,
    new_value: FloatArray,
) -> int:
    size = 0
    for i in range(row.size - 1):
        start = size
        for a in range(row[i], row[i + 1]):
            if value[a] > 0.0 and state[site[a]] >= 0:
                new_site[size] = site[a]
                new_value[size] = value[a]
                size += 1
        new_row[i + 1] = size
        tidy = True
        for a in range(start + 1, size):
            if new_value[a] > new_value[a - 1] or (new_value[a] == new_value[a - 1] and new_site[a] < new_site[a - 1]):
                tidy = False
                break
        if tidy:
            continue
        by_site = np.argsort(new_site[start:size])
        values = new_value[start:size][by_site]
        sites = new_site[start:size][by_site]
        order = np.argsort(-values, kind="mergesort")
        new_value[start:size] = values[order]
        new_site[start:size] = sites[order]
    return size


@njit(cache=True, nogil=True)
def _turn(row: IntArray, site: Int32Array, m: int) -> tuple[IntArray, Int32Array, Int32Array]:
    col = np.zeros(m + 1, dtype=np.int64)
    for a in range(site.size):
        col[site[a] + 1] += 1
    for s in range(m):
        col[s + 1] += col[s]
    spot = col[:-1].copy()
    home = np.empty(site.size, dtype=np.int32)
    rank = np.empty(site.size, dtype=np.int32)
    for i in range(row.size - 1):
        for a in range(row[i], row[i + 1]):
            at = spot[site[a]]
            home[at] = i
            rank[at] = a - row[i]
            spot[site[a]] = at + 1
    return col, home, rank


@njit(cache=True, nogil=True)
def compute_value(benefits: Benefits, opened: NDArray[np.bool_]) -> float:
    """Return the value of a set of open sites, constraints apart: the ground truth of every kernel on benefits."""
    total = 0.0
    for i in range(benefits.row.size - 1):
        for a in range(benefits.row[i], benefits.row[i + 1]):
            if opened[benefits.site[a]]:
                total += benefits.value[a]
                break
    for s in range(opened.size):
        if opened[s]:
            total -= benefits.fixed[s]
    return total
