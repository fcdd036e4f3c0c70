"""Car times and kilometres estimated from positions, areas and densities alone, where no road network is at hand.

The model, its coefficients and its measured error are explained in docs/method/travel.md. In short: neighbouring
communes are linked (Delaunay triangulation of the chefs-lieux); a link costs more than its length where it is
long for its surroundings, because a gap between communes is often a ridge, a lake or a river; the shortest path
over the links is turned into minutes by a power law and the density of both ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import Delaunay, QhullError, cKDTree

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage.territory.geography import EARTH_RADIUS_KM, FloatArray, compute_great_circle_km
from ancrage.territory.travel import Points, TravelPairs

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EstimateCoefficients:
    """Coefficients of the estimate; see docs/method/travel.md for the formulas.

    Attributes
    ----------
    link_density : effect of log10(density) of the emptier end on the cost of a link.
    base : minutes of any trip, whatever its length.
    scale, exponent : minutes = scale x path ** exponent, path in equivalent kilometres.
    end_density : effect of the mean log10(density) of both ends on the minutes.
    direct : equivalent kilometres per great-circle kilometre of a typical path.
    """

    link_density: float
    base: float
    scale: float
    exponent: float
    end_density: float
    direct: float


# Fitted on the routed pairs of Isere and Grand Paris, with those of Gironde for the shape only (their engine is
# of another age), by benchmarks/bench_travel.py; the error tables are in docs/method/travel.md.
FITTED = EstimateCoefficients(
    link_density=-0.0944, base=0.5863, scale=3.4218, exponent=0.7542, end_density=-0.1072, direct=1.052
)

# Road kilometres = ROAD_SCALE x great circle ** ROAD_EXPONENT, fitted on the routed pairs of Gironde.
ROAD_SCALE = 1.3647
ROAD_EXPONENT = 0.9776
# Below this ratio no French road trip is that straight; it only binds beyond several hundred kilometres.
ROAD_LEAST_DETOUR = 1.1

# Trips inside a commune (method.md, section 3): detour x 0.5 x sqrt(area / pi), at a local speed (assumption).
INSIDE_DETOUR = 1.3
INSIDE_KM_H = 30.0
# Rounded mean area of the communes of metropolitan France (about 544,000 km2, 34,700 communes).
USUAL_AREA_KM2 = 15.0
# No car trip between two places is faster than this as the crow flies (assumption; it binds on no routed pair).
FASTEST_CROW_KM_H = 100.0

LONGEST_LINK_KM = 25.0
# A path longer than this many times the typical one is cut there, which bounds the search.
LONGEST_DETOUR = 1.5
DETOUR_ALLOWANCE_KM = 10.0
# Between these distances the path over the graph gives way to the direct law.
GRAPH_UNTIL_KM = 90.0
DIRECT_FROM_KM = 120.0
# A point this close to the chef-lieu of its own code is taken for it.
SAME_PLACE_KM = 1.0
NEAREST_NODES = 3
REFERENCE_LOG_DENSITY = 2.0
_ROWS_AT_ONCE = 128


@dataclass(frozen=True)
class TravelEstimate:
    """Estimated car travel; satisfies `TravelProvider`. Build it with `build_estimate`.

    Attributes
    ----------
    code : (n,) codes of the nodes; lon, lat : (n,) degrees.
    log_density : (n,) log10 of inhabitants per km2.
    spacing_km : (n,) usual length of the links of the node [km].
    links : (n, n) sparse symmetric costs [equivalent km].
    area_km2 : usual area of a commune, for points whose own is unknown [km2].
    """

    code: NDArray[np.str_]
    lon: FloatArray
    lat: FloatArray
    log_density: FloatArray
    spacing_km: FloatArray
    links: csr_matrix
    area_km2: float
    coefficients: EstimateCoefficients

    @property
    def name(self) -> str:
        """Short identifier of the provider."""
        return "estimate"

    @property
    def version(self) -> str:
        """Version of the model; it changes with the coefficients."""
        return "1"

    @property
    def label(self) -> Text:
        """How the times were obtained and their measured error."""
        return Text(
            "Car times estimated without a road network, free-flowing traffic; measured within 40 km on communes "
            "that took no part in the fit: mean error 5.8 min in a mountain département (Isère; 90 % of pairs "
            "within 12.4 min), 1.8 min in Grand Paris (90 % within 3.8 min).",
            "Temps en voiture estimés sans réseau routier, circulation fluide ; mesurés à moins de 40 km sur des "
            "communes tenues hors du calage : erreur moyenne de 5,8 min dans un département de montagne (Isère ; "
            "90 % des couples à moins de 12,4 min), 1,8 min dans le Grand Paris (90 % à moins de 3,8 min).",
        )

    def compute_pairs(self, points: Points, origins: IntArray, destinations: IntArray) -> TravelPairs:
        """Return estimated car travel from points[origins[k]] to points[destinations[k]] for every k.

        Points whose code and place are those of a node use it; others are linked to their nearest nodes. A pair
        with an unknown coordinate is NaN; any other pair has a finite, positive time.

        Parameters
        ----------
        points : places, degrees WGS84, inhabitants per km2, km2.
        origins, destinations : (k,) rows of `points`.

        Returns
        -------
        TravelPairs
            (k,) minutes and road kilometres, one way, `estimated` True.
        """
        origins = np.asarray(origins, dtype=np.int64)
        destinations = np.asarray(destinations, dtype=np.int64)
        crow = compute_great_circle_km(
            points.lon[origins], points.lat[origins], points.lon[destinations], points.lat[destinations]
        )
        km = compute_road_km(crow)
        minutes = np.full(len(crow), np.nan)
        known = np.flatnonzero(np.isfinite(crow))
        if len(known):
            minutes[known] = self._compute_minutes(points, origins[known], destinations[known], crow[known])
        inside = np.isfinite(crow) & (
            (origins == destinations) | ((points.code[origins] == points.code[destinations]) & (crow < 0.05))
        )
        if inside.any():
            minutes[inside], km[inside] = compute_inside_pairs(points.area_km2[origins[inside]], self.area_km2)
        return TravelPairs(minutes, km, estimated=True)

    def _compute_minutes(
        self, points: Points, origins: IntArray, destinations: IntArray, crow: FloatArray
    ) -> FloatArray:
        """Return minutes between distinct places, all coordinates known."""
        c = self.coefficients
        rows, inverse = np.unique(np.concatenate([origins, destinations]), return_inverse=True)
        access = self._build_access(points, rows)
        start, end = inverse[: len(origins)], inverse[len(origins) :]
        path = c.direct * crow
        near = np.flatnonzero(crow < DIRECT_FROM_KM)
        if len(near):
            over_graph = self._compute_paths(access, start[near], end[near], crow[near])
            weight = np.clip((crow[near] - GRAPH_UNTIL_KM) / (DIRECT_FROM_KM - GRAPH_UNTIL_KM), 0.0, 1.0)
            path[near] = (1 - weight) * over_graph + weight * path[near]
        density = (access.log_density[start] + access.log_density[end]) / 2
        minutes = c.base + c.scale * path**c.exponent * np.exp(c.end_density * (density - REFERENCE_LOG_DENSITY))
        return np.asarray(np.maximum(minutes, crow / FASTEST_CROW_KM_H * 60), dtype=np.float64)

    def _build_access(self, points: Points, rows: IntArray) -> _Access:
        """Return how each of the points `rows` enters and leaves the graph.

        A point that is not a node becomes two: one that only leads to its nearest nodes, one that they only lead
        to, so that no path cuts through it.
        """
        lon, lat, count = points.lon[rows], points.lat[rows], len(self.code)
        own = np.asarray(points.density[rows], dtype=np.float64)
        found, exact = self._find_nodes(points.code[rows], lon, lat)
        loose = np.flatnonzero(~exact)
        if not len(loose) or not count:
            spacing = np.where(exact, np.nan, np.inf)
            density = np.where(exact, self.log_density[found], 0) if count else build_log_density(own)
            return _Access(found, found, density, spacing, self.links if count else None)
        width = min(NEAREST_NODES, count)
        tree = cKDTree(_build_sphere(self.lon, self.lat))
        nearest = tree.query(_build_sphere(lon[loose], lat[loose]), k=width)[1].reshape(-1, width)
        away = compute_great_circle_km(lon[loose, None], lat[loose, None], self.lon[nearest], self.lat[nearest])
        legs = np.maximum(np.maximum(away, away**2 / self.spacing_km[nearest]), 0.001).ravel()
        entry, leave = found.copy(), found.copy()
        entry[loose] = count + np.arange(len(loose))
        leave[loose] = entry[loose] + len(loose)
        size = count + 2 * len(loose)
        near, links = nearest.ravel(), self.links.tocoo()
        graph = csr_matrix(
            (
                np.concatenate([links.data, legs, legs]),
                (
                    np.concatenate([links.row, np.repeat(entry[loose], width), near]),
                    np.concatenate([links.col, near, np.repeat(leave[loose], width)]),
                ),
            ),
            shape=(size, size),
        )
        density = self.log_density[found]
        spacing = np.full(len(rows), np.nan)
        spacing[loose] = self.spacing_km[nearest[:, 0]]
        density[loose] = np.where(
            np.isfinite(own[loose]), build_log_density(own[loose]), self.log_density[nearest[:, 0]]
        )
        return _Access(entry, leave, density, spacing, graph)

    def _find_nodes(
        self, code: NDArray[np.str_], lon: FloatArray, lat: FloatArray
    ) -> tuple[IntArray, NDArray[np.bool_]]:
        """Return the node of the same code, and whether the place is the same too."""
        if not len(self.code):
            return np.zeros(len(code), dtype=np.int64), np.zeros(len(code), dtype=np.bool_)
        order = np.argsort(self.code, kind="stable")
        found = order[np.minimum(np.searchsorted(self.code, code, sorter=order), len(order) - 1)]
        away = compute_great_circle_km(lon, lat, self.lon[found], self.lat[found])
        return found, np.asarray((self.code[found] == code) & (away < SAME_PLACE_KM))

    def _compute_paths(self, access: _Access, start: IntArray, end: IntArray, crow: FloatArray) -> FloatArray:
        """Return the cost of the cheapest path of each pair [equivalent km], cut at the longest detour."""
        c = self.coefficients
        best = c.direct * (LONGEST_DETOUR * crow + DETOUR_ALLOWANCE_KM)
        if access.graph is None:
            return np.asarray(c.direct * crow, dtype=np.float64)
        # The graph is symmetric: search from the side that has fewer places.
        if len(np.unique(end)) < len(np.unique(start)):
            start, end = end, start
        reach = _compute_reach(access.graph, access.entry[start], access.leave[end], best)
        # A point that is not a node may also be linked straight to the other end, as two nodes would be.
        spacing = np.fmin(access.spacing_km[start], access.spacing_km[end])
        straight = np.where(np.isnan(spacing), np.inf, crow * np.maximum(1.0, crow / spacing))
        return np.minimum(np.minimum(best, reach), straight)


@dataclass(frozen=True)
class _Access:
    """How (p,) points enter and leave the graph, with the density there; spacing [km] is NaN for a node."""

    entry: IntArray
    leave: IntArray
    log_density: FloatArray
    spacing_km: FloatArray
    graph: csr_matrix | None


def _compute_reach(graph: csr_matrix, start: IntArray, end: IntArray, cut: FloatArray) -> FloatArray:
    """Return the cost of the cheapest path of each pair, infinite beyond the longest `cut` of its start."""
    found = np.empty(len(start))
    sources, inverse = np.unique(start, return_inverse=True)
    limits = np.zeros(len(sources))
    np.maximum.at(limits, inverse, cut)
    # Starts with alike limits are searched together: a far pair must not lengthen every search.
    by_limit = np.argsort(limits, kind="stable")
    rank = np.empty(len(sources), dtype=np.int64)
    rank[by_limit] = np.arange(len(sources))
    row = rank[inverse]
    order = np.argsort(row, kind="stable")
    edges = np.searchsorted(row[order], np.arange(0, len(sources) + _ROWS_AT_ONCE, _ROWS_AT_ONCE))
    for block, (low, high) in enumerate(pairwise(edges)):
        first = block * _ROWS_AT_ONCE
        chosen = by_limit[first : first + _ROWS_AT_ONCE]
        # Both directions are stored, so the faster directed search finds the same paths.
        costs = dijkstra(graph, indices=sources[chosen], limit=float(limits[chosen[-1]]))
        pairs = order[low:high]
        found[pairs] = costs[row[pairs] - first, end[pairs]]
    return found


def build_estimate(
    points: Points,
    around: tuple[float, float, float, float] | None = None,
    coefficients: EstimateCoefficients = FITTED,
) -> TravelEstimate:
    """Build the graph of neighbouring communes and return the estimate that rests on it.

    Parameters
    ----------
    points : every commune known, not only those studied: the graph and the densities need the neighbours.
    around : (lon_min, lat_min, lon_max, lat_max) [degrees]: keep only the communes inside it, for a faster
        build. Leave room for detours around the places studied (half a degree or more).
    coefficients : of the model.

    Raises
    ------
    InputError
        If the columns of `points` differ in length.
    """
    lengths = {
        "code": len(points.code),
        "lon": len(points.lon),
        "lat": len(points.lat),
        "density": len(points.density),
        "area_km2": len(points.area_km2),
    }
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name}: {length}" for name, length in lengths.items())
        raise InputError(
            f"The columns of the points differ in length ({told}): give one value per place in each.",
            f"Les colonnes des points n'ont pas la même longueur ({told}) : donnez une valeur par lieu dans chacune.",
        )
    keep = np.isfinite(points.lon) & np.isfinite(points.lat)
    if around is not None:
        keep &= (points.lon >= around[0]) & (points.lat >= around[1])
        keep &= (points.lon <= around[2]) & (points.lat <= around[3])
    lon = np.asarray(points.lon[keep], dtype=np.float64)
    lat = np.asarray(points.lat[keep], dtype=np.float64)
    log_density = build_log_density(points.density[keep])
    area = points.area_km2[keep]
    area = area[np.isfinite(area) & (area > 0)]
    a, b = _build_neighbours(lon, lat)
    length = compute_great_circle_km(lon[a], lat[a], lon[b], lat[b])
    short = length <= LONGEST_LINK_KM
    a, b, length = a[short], b[short], np.maximum(length[short], 0.01)
    spacing = _build_spacing(a, b, length, len(lon))
    emptier = np.minimum(log_density[a], log_density[b])
    cost = (
        length
        * (length / np.sqrt(spacing[a] * spacing[b]))
        * np.exp(coefficients.link_density * (emptier - REFERENCE_LOG_DENSITY))
    )
    links = csr_matrix((np.tile(cost, 2), (np.r_[a, b], np.r_[b, a])), shape=(len(lon), len(lon)))
    return TravelEstimate(
        code=points.code[keep],
        lon=lon,
        lat=lat,
        log_density=log_density,
        spacing_km=spacing,
        links=links,
        area_km2=float(np.median(area)) if len(area) else USUAL_AREA_KM2,
        coefficients=coefficients,
    )


def compute_road_km(crow_km: FloatArray) -> FloatArray:
    """Return road kilometres from great-circle kilometres: a power law, increasing, fitted on Gironde."""
    road = ROAD_SCALE * np.asarray(crow_km, dtype=np.float64) ** ROAD_EXPONENT
    return np.maximum(road, ROAD_LEAST_DETOUR * crow_km)


def compute_inside_pairs(area_km2: FloatArray, usual_area_km2: float = USUAL_AREA_KM2) -> tuple[FloatArray, FloatArray]:
    """Return minutes and road kilometres of a usual trip inside communes (method.md, section 3).

    Parameters
    ----------
    area_km2 : (n,) areas [km2]; `usual_area_km2` stands for those unknown.
    """
    known = np.where(np.isfinite(area_km2) & (area_km2 > 0), area_km2, usual_area_km2)
    km = INSIDE_DETOUR * 0.5 * np.sqrt(known / np.pi)
    return km / INSIDE_KM_H * 60, km


def build_log_density(density: FloatArray) -> FloatArray:
    """Return log10 of inhabitants per km2, at least 1 per km2; the reference (100) where unknown."""
    known = np.where(np.isfinite(density), density, 10.0**REFERENCE_LOG_DENSITY)
    return np.asarray(np.log10(np.maximum(known, 1.0)), dtype=np.float64)


def _build_sphere(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Return points on the sphere [km], (n, 3): the nearest in a straight line is the nearest on the ground."""
    x, y = np.radians(lon), np.radians(lat)
    return np.asarray(EARTH_RADIUS_KM * np.column_stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)]))


def _build_neighbours(lon: FloatArray, lat: FloatArray) -> tuple[IntArray, IntArray]:
    """Return the pairs of neighbouring places: edges of the Delaunay triangulation, and places at one spot."""
    none = np.empty(0, dtype=np.int64)
    if len(lon) < 2:
        return none, none
    flat = np.column_stack([lon * np.cos(np.radians(np.median(lat))), lat])
    spots, first, inverse = np.unique(flat, axis=0, return_index=True, return_inverse=True)
    inverse = inverse.reshape(-1)
    others = np.setdiff1d(np.arange(len(lon)), first)
    try:
        if len(spots) < 4:
            raise QhullError
        triangles = Delaunay(spots).simplices
        pairs = np.vstack([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]])
    except QhullError:
        # Too few places, or all on one line: `spots` is sorted, so each is next to the following one.
        pairs = np.column_stack([np.arange(len(spots) - 1), np.arange(1, len(spots))])
    pairs = np.vstack([first[pairs], np.column_stack([others, first[inverse[others]]])])
    pairs = np.unique(np.sort(pairs, axis=1), axis=0).astype(np.int64)
    return pairs[:, 0], pairs[:, 1]


def _build_spacing(a: IntArray, b: IntArray, length: FloatArray, count: int) -> FloatArray:
    """Return the geometric mean length of the links of each place [km]; the overall one where it has none."""
    ends, logs = np.concatenate([a, b]), np.log(np.concatenate([length, length]))
    links = np.bincount(ends, minlength=count)
    total = np.bincount(ends, weights=logs, minlength=count)
    usual = float(logs.mean()) if len(logs) else np.log(5.0)
    return np.asarray(np.exp(np.where(links > 0, total / np.maximum(links, 1), usual)), dtype=np.float64)
