"""A first solution of a p-median on a map drawn coarser, where each site matters to so many homes that steps are dear.

Homes are gathered by square cells, each at its centre of gravity, and one site of each cell is kept. What the small
problem tells (a plan, and the cost at which each home stops paying for a nearer site) only guides the search on the
whole one: nothing of it enters a bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ancrage.siting._benefits import Int8Array
from ancrage.siting._neighbours import PointCosts, build_boxes
from ancrage.siting.problem import BoolArray, FloatArray, IntArray

COARSER = 3
"""Homes by cell, about: the small problem is drawn coarser in turn, while it is large."""
NEAREST = 4
"""Cells that a home is between."""
FEWEST_HOMES, CELLS_BY_PLACE = 5_000, 16
"""Homes from which, and cells by place above which, a coarse solution pays."""


@dataclass(frozen=True)
class CoarseMap:
    """The small problem. weight : of the cells; sites : numbers of the sites kept."""

    costs: PointCosts
    weight: FloatArray
    sites: IntArray

    def spread(self, opened: BoolArray, sites: int) -> BoolArray:
        """Return a plan of the small problem among all sites, (sites,)."""
        plan = np.zeros(sites, dtype=np.bool_)
        plan[self.sites[opened]] = True
        return plan

    def interpolate(self, price: FloatArray, home: FloatArray) -> FloatArray:
        """Return what is known of the cells at every home, by the inverse of the distance to the nearest cells."""
        distance, near = cKDTree(self.costs.home).query(home, k=min(NEAREST, price.size))
        weight = 1.0 / np.maximum(distance, 1e-9 * float(distance.max()) + 1e-300)
        return np.asarray((weight * price[near]).sum(axis=1) / weight.sum(axis=1))


def build_coarse_map(costs: PointCosts, weight: FloatArray, state: Int8Array, places: int) -> CoarseMap | None:
    """Return the problem drawn coarser, or None where it would not help."""
    cells = costs.homes // COARSER
    if costs.homes < FEWEST_HOMES or places * CELLS_BY_PLACE > cells:
        return None
    low = costs.home.min(axis=0)
    span = float(np.max(costs.home - low))
    if span == 0.0:
        return None
    size = span / 4.0
    while True:
        cell, count = _number_cells(costs.home, low, size)
        if count >= cells or size < span * 1e-6:
            break
        size /= 1.1
    mass = np.bincount(cell, weight, count)
    share = weight + np.where(mass > 0, 0.0, 1.0)[cell]
    centre = np.column_stack([np.bincount(cell, share * x, count) for x in costs.home.T])
    centre /= np.bincount(cell, share, count)[:, None]
    if costs.metric == "haversine":
        centre /= np.linalg.norm(centre, axis=1)[:, None]
    # One allowed site by cell of sites: the nearest to the middle of those of the cell.
    allowed = np.flatnonzero(state >= 0)
    place = costs.place[allowed]
    group, _ = _number_cells(place, low, size)
    total = np.bincount(group).astype(np.float64)
    middle = np.column_stack([np.bincount(group, x) for x in place.T]) / total[:, None]
    order = np.lexsort((np.linalg.norm(place - middle[group], axis=1), group))
    first = order[np.unique(group[order], return_index=True)[1]]
    sites = np.sort(allowed[first])
    if sites.size <= places:
        return None
    kept = np.ascontiguousarray(costs.place[sites])
    return CoarseMap(PointCosts(np.ascontiguousarray(centre), kept, costs.metric, build_boxes(kept)), mass, sites)


def _number_cells(points: FloatArray, low: FloatArray, size: float) -> tuple[IntArray, int]:
    keys = np.floor((points - low) / size).astype(np.int64)
    found, cell = np.unique(keys, axis=0, return_inverse=True)
    return np.asarray(cell, dtype=np.int64), len(found)
