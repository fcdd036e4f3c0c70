"""Sites near each home, nearest first, from points or from a matrix of costs, within a limit that differs by home."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numba import njit
from scipy.spatial import cKDTree

from ancrage.errors import InputError
from ancrage.siting._benefits import Int32Array
from ancrage.siting.problem import BoolArray, FloatArray, IntArray
from ancrage.territory.geography import EARTH_RADIUS_KM

Metric = Literal["euclidean", "floor", "haversine"]

EUCLIDEAN, FLOOR, HAVERSINE = 0, 1, 2
CODES: dict[str, int] = {"euclidean": EUCLIDEAN, "floor": FLOOR, "haversine": HAVERSINE}
BOX_SITES = 32
"""Sites of a box: small boxes are skipped more often, large ones are fewer to look at."""
CRATE_BOXES = 32
"""Boxes of a crate: a crate is skipped whole."""
CHUNK = 4_000_000
"""Entries written and sorted at a time."""
LARGEST = 80_000_000
"""Most pairs of home and site in the lists."""
REACH_SLACK = 1e-9
"""Relative slack of the search radius: rounding must not lose a site; one at the limit itself has no benefit."""


class Costs(Protocol):
    """Costs from n homes to m sites, however they are stored."""

    @property
    def homes(self) -> int:
        """Number of homes."""

    @property
    def sites(self) -> int:
        """Number of sites."""

    @property
    def whole(self) -> bool:
        """Whether every cost is a whole number."""

    def list_near(self, limit: FloatArray, weight: FloatArray) -> tuple[IntArray, Int32Array, FloatArray]:
        """Return the sites of cost under the limit of each home, as (row, site, weight x (limit - cost)).

        Nearest first, ties by site number; row is (n + 1,). A home of null weight has no site.
        """

    def find_nearest(self, sites: IntArray) -> tuple[IntArray, FloatArray]:
        """Return the nearest of these sites for each home and its cost, (n,) and (n,)."""


@dataclass(frozen=True)
class MatrixCosts:
    """Costs given in full: (n, m), inf where a site cannot be reached."""

    costs: FloatArray

    @property
    def homes(self) -> int:
        """Number of homes."""
        return int(self.costs.shape[0])

    @property
    def sites(self) -> int:
        """Number of sites."""
        return int(self.costs.shape[1])

    @property
    def whole(self) -> bool:
        """Whether every finite cost is a whole number."""
        return all(is_whole(row[np.isfinite(row)]) for row in self.costs)

    def list_near(self, limit: FloatArray, weight: FloatArray) -> tuple[IntArray, Int32Array, FloatArray]:
        """Return the sites of cost under the limit of each home (see `Costs`)."""
        row = np.zeros(self.homes + 1, dtype=np.int64)
        sites, values = [np.empty(0, dtype=np.int32)], [np.empty(0)]
        for i, costs in enumerate(self.costs):
            near = np.flatnonzero(costs < limit[i]) if weight[i] > 0 else np.empty(0, dtype=np.int64)
            near = near[np.argsort(costs[near], kind="stable")]
            row[i + 1] = row[i] + near.size
            sites.append(near.astype(np.int32))
            values.append(weight[i] * (limit[i] - costs[near]))
        return row, np.concatenate(sites), np.concatenate(values)

    def find_nearest(self, sites: IntArray) -> tuple[IntArray, FloatArray]:
        """Return the nearest of these sites for each home and its cost; ties by site number."""
        ordered = np.sort(sites)
        best = np.empty(self.homes, dtype=np.int64)
        cost = np.empty(self.homes)
        for i, costs in enumerate(self.costs):
            among = costs[ordered]
            at = int(np.argmin(among))
            best[i], cost[i] = ordered[at], among[at]
        return best, cost


class Boxes(NamedTuple):
    """Sites sorted into boxes of neighbours.

    order : (m,) site numbers, box after box; start : (b + 1,); low, high : (b, d) corners;
    place : (m, d) coordinates in that order. crate_low, crate_high : corners of every CRATE_BOXES boxes.
    """

    order: Int32Array
    start: IntArray
    low: FloatArray
    high: FloatArray
    place: FloatArray
    crate_low: FloatArray
    crate_high: FloatArray


@dataclass(frozen=True)
class PointCosts:
    """Distances between points, computed when asked for.

    Attributes
    ----------
    home : (n, d) and place : (m, d) Cartesian coordinates; for "haversine" unit vectors, (., 3).
    metric : "euclidean", "floor" (Euclidean rounded down, as in the literature) or "haversine" [km].
    boxes : the sites sorted.
    """

    home: FloatArray
    place: FloatArray
    metric: Metric
    boxes: Boxes

    @property
    def homes(self) -> int:
        """Number of homes."""
        return int(self.home.shape[0])

    @property
    def sites(self) -> int:
        """Number of sites."""
        return int(self.place.shape[0])

    @property
    def whole(self) -> bool:
        """Whether every cost is a whole number."""
        return self.metric == "floor"

    def list_near(self, limit: FloatArray, weight: FloatArray) -> tuple[IntArray, Int32Array, FloatArray]:
        """Return the sites of cost under the limit of each home (see `Costs`)."""
        reach = compute_straight(limit, self.metric)
        square = np.where(weight > 0, reach * reach * (1.0 + REACH_SLACK), -1.0)
        row = np.zeros(self.homes + 1, dtype=np.int64)
        _count_near(self.home, square, self.boxes, row)
        np.cumsum(row, out=row)
        check_pairs(int(row[-1]))
        site = np.empty(int(row[-1]), dtype=np.int32)
        value = np.empty(int(row[-1]))
        start = 0
        while start < self.homes:
            stop = max(start + 1, int(np.searchsorted(row, row[start] + CHUNK, side="right")) - 1)
            first, last = int(row[start]), int(row[stop])
            chunk_site, chunk_cost = site[first:last], value[first:last]
            _write_near(
                self.home[start:stop], square[start:stop], self.boxes, CODES[self.metric], chunk_site, chunk_cost
            )
            for a, b in zip(row[start:stop] - first, row[start + 1 : stop + 1] - first, strict=True):
                order = np.argsort(chunk_cost[a:b])
                chunk_site[a:b] = chunk_site[a:b][order]
                chunk_cost[a:b] = chunk_cost[a:b][order]
            start = stop
        _turn_to_benefits(row, limit, weight, site, value)
        return row, site, value

    def build_matrix(self) -> FloatArray:
        """Return every cost, (n, m)."""
        table = np.empty((self.homes, self.sites))
        for i in range(self.homes):
            table[i] = compute_cost(np.sqrt(np.square(self.place - self.home[i]).sum(axis=1)), self.metric)
        return table

    def find_distance(self, sites: IntArray, rank: int) -> FloatArray:
        """Return the cost from each home to the `rank`-th nearest of these sites, (n,), 1 for the nearest."""
        straight = cKDTree(self.place[sites]).query(self.home, k=[rank])[0][:, 0]
        return compute_cost(straight, self.metric)

    def find_nearest(self, sites: IntArray) -> tuple[IntArray, FloatArray]:
        """Return the nearest of these sites for each home and its cost."""
        ordered = np.sort(sites)
        straight, at = cKDTree(self.place[ordered]).query(self.home)
        return ordered[at], compute_cost(np.asarray(straight), self.metric)


def build_point_costs(home: FloatArray, place: FloatArray, metric: Metric) -> PointCosts:
    """Return the distances between points: (n, 2) and (m, 2), x and y, or longitude and latitude in degrees."""
    if metric == "haversine":
        home, place = build_unit_vectors(home), build_unit_vectors(place)
    home, place = np.ascontiguousarray(home), np.ascontiguousarray(place)
    return PointCosts(home, place, metric, build_boxes(place))


def build_unit_vectors(lonlat: FloatArray) -> FloatArray:
    """Return (n, 3) points of the unit sphere from (n, 2) degrees: chords order points as great circles do."""
    lon, lat = np.radians(lonlat[:, 0]), np.radians(lonlat[:, 1])
    return np.column_stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)))


def compute_cost(straight: FloatArray, metric: Metric) -> FloatArray:
    """Return costs from straight distances: unchanged, rounded down, or km along the sphere for chords."""
    if metric == "floor":
        return np.floor(straight)
    if metric == "haversine":
        return 2.0 * EARTH_RADIUS_KM * np.arcsin(np.minimum(straight / 2.0, 1.0))
    return straight


def compute_straight(cost: FloatArray, metric: Metric) -> FloatArray:
    """Return the straight distance under which a cost is below `cost`."""
    if metric == "floor":
        return np.ceil(cost)
    if metric == "haversine":
        return 2.0 * np.sin(np.minimum(cost / (2.0 * EARTH_RADIUS_KM), np.pi / 2))
    return cost


def check_pairs(pairs: int) -> None:
    """Refuse lists too long for the memory of an ordinary machine (about 32 bytes per pair while they are built)."""
    if pairs > LARGEST:
        raise InputError(
            f"The lists of near sites would hold {pairs:,} pairs, over {LARGEST:,}: ask for more places, a smaller "
            "limit, or fewer points.",
            f"Les listes de sites proches auraient {pairs:,} couples, plus que {LARGEST:,} : demandez plus de lieux, "
            "une limite plus petite, ou moins de points.",
        )


def is_whole(values: FloatArray) -> bool:
    """Return whether every value is a whole number that a double holds exactly."""
    return bool(np.all(values == np.floor(values)) and np.all(np.abs(values) < 2.0**53))


def build_boxes(place: FloatArray) -> Boxes:
    """Return the sites (one at least) in boxes of at most BOX_SITES, by halving the widest side again and again."""
    pending = [np.arange(place.shape[0])]
    leaves: list[IntArray] = []
    while pending:
        inside = pending.pop()
        if inside.size <= BOX_SITES:
            leaves.append(inside)
            continue
        spread = np.ptp(place[inside], axis=0)
        middle = inside.size // 2
        inside = inside[np.argpartition(place[inside, int(np.argmax(spread))], middle)]
        pending += [inside[middle:], inside[:middle]]
    # Halves follow each other, so boxes next to each other in the list are next to each other in space.
    order = np.concatenate(leaves)
    start = np.cumsum([0, *(leaf.size for leaf in leaves)])
    low = np.array([place[leaf].min(axis=0) for leaf in leaves])
    high = np.array([place[leaf].max(axis=0) for leaf in leaves])
    crates = np.arange(0, len(leaves), CRATE_BOXES)
    return Boxes(
        order.astype(np.int32),
        start.astype(np.int64),
        low,
        high,
        np.ascontiguousarray(place[order]),
        np.minimum.reduceat(low, crates, axis=0),
        np.maximum.reduceat(high, crates, axis=0),
    )


def choose_spread_sites(
    costs: PointCosts, weight: FloatArray, places: int, imposed: IntArray, allowed: BoolArray, seed: int
) -> IntArray:
    """Return about `places` sites spread as the weight is: only to know how far people will go, never as a plan.

    Sites are drawn among the places nearest to homes in proportion to weight x distance (Arthur and Vassilvitskii
    2007, with distances instead of squares, in ten batches), then moved to the weighted centres of their users
    (Lloyd 1982), five times.
    """
    draw = np.random.default_rng(seed)
    free = np.flatnonzero(allowed)
    spots = cKDTree(costs.place[free])
    near = free[np.asarray(spots.query(costs.home)[1])]
    chosen = np.unique(imposed)
    for batch in range(10):
        missing = -(-(places - chosen.size) // (10 - batch))
        if missing <= 0:
            continue
        far = costs.find_nearest(chosen)[1] if chosen.size else np.ones(costs.homes)
        chance = weight * far
        some = np.flatnonzero(chance > 0)
        if some.size == 0:
            break
        picked = draw.choice(some, min(missing, some.size), replace=False, p=chance[some] / chance[some].sum())
        chosen = np.union1d(chosen, near[picked])
    if chosen.size == 0:
        chosen = free[:1]
    for _ in range(5):
        _, user = cKDTree(costs.place[chosen]).query(costs.home)
        mass = np.bincount(user, weight, chosen.size)
        centre = np.column_stack(
            [np.bincount(user, weight * side, chosen.size) / np.where(mass > 0, mass, 1.0) for side in costs.home.T]
        )
        moved = np.where(mass > 0, free[np.asarray(spots.query(centre)[1])], chosen)
        chosen = np.union1d(moved, imposed)
    return chosen


@njit(cache=True, nogil=True)
def _is_beyond(point: FloatArray, low: FloatArray, high: FloatArray, square: float) -> bool:
    apart = 0.0
    for d in range(point.size):
        gap = max(low[d] - point[d], point[d] - high[d], 0.0)
        apart += gap * gap
    return apart >= square


@njit(cache=True, nogil=True)
def _find_near(point: FloatArray, square: float, boxes: Boxes, site: Int32Array, apart: FloatArray) -> int:
    """Write the sites at a squared distance under `square`, and that distance, where there is room; count them."""
    count = 0
    size = boxes.start.size - 1
    for c in range(boxes.crate_low.shape[0]):
        if _is_beyond(point, boxes.crate_low[c], boxes.crate_high[c], square):
            continue
        for b in range(c * CRATE_BOXES, min(size, (c + 1) * CRATE_BOXES)):
            if _is_beyond(point, boxes.low[b], boxes.high[b], square):
                continue
            for a in range(boxes.start[b], boxes.start[b + 1]):
                total = 0.0
                for d in range(point.size):
                    side = point[d] - boxes.place[a, d]
                    total += side * side
                if total < square:
                    if count < site.size:
                        site[count] = boxes.order[a]
                        apart[count] = total
                    count += 1
    return count


@njit(cache=True, nogil=True)
def _count_near(home: FloatArray, square: FloatArray, boxes: Boxes, row: IntArray) -> None:
    no_site, no_apart = np.empty(0, dtype=np.int32), np.empty(0)
    for i in range(home.shape[0]):
        row[i + 1] = _find_near(home[i], square[i], boxes, no_site, no_apart)


@njit(cache=True, nogil=True)
def _write_near(
    home: FloatArray, square: FloatArray, boxes: Boxes, metric: int, site: Int32Array, cost: FloatArray
) -> None:
    at = 0
    for i in range(home.shape[0]):
        count = _find_near(home[i], square[i], boxes, site[at:], cost[at:])
        for a in range(at, at + count):
            straight = np.sqrt(cost[a])
            if metric == FLOOR:
                straight = np.floor(straight)
            elif metric == HAVERSINE:
                straight = 2.0 * EARTH_RADIUS_KM * np.arcsin(min(straight / 2.0, 1.0))
            cost[a] = straight
        at += count


@njit(cache=True, nogil=True)
def _turn_to_benefits(
    row: IntArray, limit: FloatArray, weight: FloatArray, site: Int32Array, value: FloatArray
) -> None:
    for i in range(row.size - 1):
        for a in range(row[i] + 1, row[i + 1]):
            # Sorted by cost already: only ties may have to change places.
            b = a
            while b > row[i] and value[b] == value[b - 1] and site[b] < site[b - 1]:
                site[b], site[b - 1] = site[b - 1], site[b]
                b -= 1
        for a in range(row[i], row[i + 1]):
            value[a] = weight[i] * (limit[i] - value[a])
