"""The land of the demo territory: where its communes are, who lives there, and their polygons.

Everything is drawn on a plane in km and turned into degrees by the sinusoidal projection, which keeps areas. The
place of the plane on the globe is arbitrary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from ancrage.opendata.demo_names import EPCI_PLANS, RIVER, RIVER_SUFFIX, Character, choose_village_names
from ancrage.territory.geography import EARTH_RADIUS_KM

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ORIGIN_LON = 3.1
ORIGIN_LAT = 46.2
KM_PER_DEGREE = EARTH_RADIUS_KM * np.pi / 180
HALF_WIDTH_KM = 48.0
HALF_HEIGHT_KM = 30.5
# Communes closer than this would look unreal; much more would not leave room for all of them.
SPACING_KM = 2.7
# The land is paved with small cells; a commune is the union of the cells nearest to it, so that borders look
# drawn by hand and neighbours share exactly the same vertices.
CELL_KM = 0.75
METROPOLIS_REACH_KM2 = 9.0  # the central commune of the metropolis takes land from its neighbours


class Draws:
    """Uniform draws on [0, 1) whose stream never changes.

    NumPy promises a stable stream for its bit generators only, not for the methods built upon them: the draws
    are made from the raw words.
    """

    def __init__(self, seed: int, purpose: int) -> None:
        self._words = np.random.PCG64(np.random.SeedSequence([seed, purpose]))

    def draw(self, count: int) -> FloatArray:
        """Return `count` draws, shape (count,)."""
        return (self._words.random_raw(count) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def draw_noise(self, count: int) -> FloatArray:
        """Return `count` draws of mean 0 and variance 1, within -3..3 (a sum of uniforms: exact arithmetic)."""
        return 2 * (self.draw(3 * count).reshape(3, count).sum(axis=0) - 1.5)


@dataclass(frozen=True)
class DemoRegion:
    """Communes of the demo territory, ordered by EPCI then by name.

    Attributes
    ----------
    code, name : (n,) strings; the codes are in a département "00" that does not exist.
    epci : (n,) row in `demo_names.EPCI_PLANS`.
    town_rank : (n,) 0 for the main town of its EPCI, 1 and 2 for the next ones, -1 for a village.
    population : (n,) inhabitants.
    jobs_ratio : (n,) jobs per employed resident that the generator aims at; 0 in the main metropolitan commune.
    x, y : (n,) chef-lieu [km]; lon, lat : the same in degrees.
    area_km2 : (n,); polygon : (n,) shapely polygons in degrees.
    epci_polygon : one shapely polygon by EPCI, the union of its communes.
    """

    code: list[str]
    name: list[str]
    epci: IntArray
    town_rank: IntArray
    population: IntArray
    jobs_ratio: FloatArray
    x: FloatArray
    y: FloatArray
    lon: FloatArray
    lat: FloatArray
    area_km2: FloatArray
    polygon: NDArray[np.object_]
    epci_polygon: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.code)

    def list_characters(self) -> list[Character]:
        """Return the character of the EPCI of each commune."""
        return [EPCI_PLANS[k].character for k in self.epci]

    def list_epci_codes(self) -> list[str]:
        """Return the EPCI code of each commune."""
        return [build_epci_code(k) for k in self.epci]


def build_epci_code(row: int) -> str:
    """Return the code of an EPCI of the plan: nine digits as a SIREN, and none that exists."""
    return f"{row + 1:09d}"


def build_region(seed: int) -> DemoRegion:
    """Build the communes of the demo territory and their polygons from a seed."""
    draws = Draws(seed, 1)
    phases = draws.draw(3) * 2 * np.pi
    x, y = _choose_sites(draws, phases)
    epci = _allocate_epci(x, y)
    town_rank, name, population, jobs_ratio = _allocate_roles(draws, x, y, epci)
    order = sorted(range(len(x)), key=lambda i: (epci[i], name[i]))
    x, y, jobs_ratio = (values[order] for values in (x, y, jobs_ratio))
    epci, town_rank, population = (values[order] for values in (epci, town_rank, population))
    centre = int(np.flatnonzero((epci == 1) & (town_rank == 0))[0])
    cells, cell_x, cell_y = _build_cells(draws, phases)
    owner = _allocate_cells(cells, cell_x, cell_y, x, y, centre)
    plane = np.array([shapely.coverage_union_all(cells[owner == i]) for i in range(len(x))])
    # The chef-lieu moves to the nearest small cell of its own commune: it is always inside.
    for i in range(len(x)):
        own = np.flatnonzero(owner == i)
        nearest = own[np.argmin((cell_x[own] - x[i]) ** 2 + (cell_y[own] - y[i]) ** 2)]
        x[i], y[i] = cell_x[nearest], cell_y[nearest]
    lon, lat = compute_degrees(x, y)
    polygon = shapely.normalize(shapely.transform(plane, _project))
    return DemoRegion(
        code=[f"{i + 1:05d}" for i in range(len(x))],
        name=[name[i] for i in order],
        epci=epci,
        town_rank=town_rank,
        population=population,
        jobs_ratio=jobs_ratio,
        x=x,
        y=y,
        lon=lon,
        lat=lat,
        area_km2=np.round(shapely.area(plane), 2),
        polygon=polygon,
        epci_polygon=np.array(
            [shapely.normalize(shapely.coverage_union_all(polygon[epci == k])) for k in range(len(EPCI_PLANS))]
        ),
    )


def compute_degrees(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return longitudes and latitudes of points of the plane [km], to 5 decimals (about one metre).

    Inverse of the sinusoidal projection x = R (lon - lon0) cos(lat), y = R (lat - lat0), angles in radians:
    Snyder, Map Projections, USGS Professional Paper 1395 (1987), section 30.
    """
    lat = ORIGIN_LAT + y / KM_PER_DEGREE
    lon = ORIGIN_LON + x / (KM_PER_DEGREE * np.cos(np.radians(lat)))
    return np.round(lon, 5), np.round(lat, 5)


def _project(points: FloatArray) -> FloatArray:
    return np.column_stack(compute_degrees(points[:, 0], points[:, 1]))


def _check_inside(x: FloatArray, y: FloatArray, phases: FloatArray) -> NDArray[np.bool_]:
    """Tell which points are inside the outline of the region: an ellipse with irregular borders."""
    angle = np.arctan2(y / HALF_HEIGHT_KM, x / HALF_WIDTH_KM)
    radius = 1 + sum(
        size * np.sin(waves * angle + phase)
        for size, waves, phase in zip((0.045, 0.035, 0.025), (3, 5, 9), phases, strict=True)
    )
    return np.asarray((x / HALF_WIDTH_KM) ** 2 + (y / HALF_HEIGHT_KM) ** 2 < radius**2)


def _choose_sites(draws: Draws, phases: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Choose a site for every commune: the planned towns, then points far enough from each other."""
    wanted = sum(plan.n_communes for plan in EPCI_PLANS)
    towns = [(town.x, town.y) for plan in EPCI_PLANS for town in plan.towns]
    sites = np.full((wanted, 2), np.inf)
    sites[: len(towns)] = towns
    count, spacing = len(towns), SPACING_KM
    while count < wanted:
        batch = 2 * draws.draw(4000).reshape(2000, 2) - 1
        batch *= (1.1 * HALF_WIDTH_KM, 1.1 * HALF_HEIGHT_KM)
        # Sites keep half a spacing from the outline, else their commune would be a sliver.
        shrunk = batch / (1 - spacing / 2 / HALF_HEIGHT_KM)
        for point in batch[_check_inside(shrunk[:, 0], shrunk[:, 1], phases)]:
            if count < wanted and ((sites[:count] - point) ** 2).sum(axis=1).min() > spacing**2:
                sites[count] = point
                count += 1
        spacing *= 0.98
    return sites[:, 0].copy(), sites[:, 1].copy()


def _allocate_epci(x: FloatArray, y: FloatArray) -> IntArray:
    """Allocate every site to the nearest EPCI, each with a head start [km] that moves until it has its planned count.

    The cells of such a diagram (additively weighted Voronoi) are star-shaped around their centre: no exclave.
    """
    target = np.array([plan.n_communes for plan in EPCI_PLANS])
    km = np.hypot(x[:, None] - [plan.x for plan in EPCI_PLANS], y[:, None] - [plan.y for plan in EPCI_PLANS])
    towns = np.array([k for k, plan in enumerate(EPCI_PLANS) for _ in plan.towns])
    start = np.zeros(len(target))
    best, best_gap = np.zeros(len(x), dtype=np.int64), np.inf
    for step in range(300):
        epci = np.argmin(km - start, axis=1)
        epci[: len(towns)] = towns
        count = np.bincount(epci, minlength=len(target))
        gap = np.abs(count - target)
        # The studied EPCI and the metropolis count more: they should have their planned size whatever the seed.
        size = float(gap.sum() + 5 * gap[0] + 5 * gap[1])
        if size < best_gap:
            best, best_gap = epci, size
        start += (target - count) * (0.15 / (1 + step / 20))
    return np.asarray(best, dtype=np.int64)


def _allocate_roles(
    draws: Draws, x: FloatArray, y: FloatArray, epci: IntArray
) -> tuple[IntArray, list[str], IntArray, FloatArray]:
    """Return town rank, name, inhabitants and jobs ratio of every site (towns come first, in plan order)."""
    n = len(x)
    towns = [(rank, town) for plan in EPCI_PLANS for rank, town in enumerate(plan.towns)]
    town_rank = np.full(n, -1, dtype=np.int64)
    town_rank[: len(towns)] = [rank for rank, _ in towns]
    river_km = shapely.distance(shapely.points(x, y), shapely.LineString(RIVER))
    name = [town.name for _, town in towns]
    name += [
        village + RIVER_SUFFIX if near and "-" not in village else village
        for village, near in zip(
            choose_village_names([float(u) for u in draws.draw(n - len(towns))]),
            (river_km[len(towns) :] < 1.2) & (draws.draw(n - len(towns)) < 0.6),
            strict=True,
        )
    ]
    population = np.zeros(n, dtype=np.int64)
    population[: len(towns)] = [town.population for _, town in towns]
    # Villages by rank-size; the valley and the surroundings of the metropolis come first.
    metropolis = EPCI_PLANS[1].towns[0]
    score = 0.22 * river_km + 0.05 * np.hypot(x - metropolis.x, y - metropolis.y) + draws.draw_noise(n)
    spread = 1 + 0.12 * draws.draw_noise(n)
    for k, plan in enumerate(EPCI_PLANS):
        villages = np.flatnonzero((epci == k) & (town_rank < 0))
        ranked = villages[np.argsort(score[villages], kind="stable")]
        offset = 3.0 if plan.nature == "ME" else 6.0
        share = spread[ranked] / (np.arange(1, len(ranked) + 1) + offset)
        total = plan.population - int(population[(epci == k) & (town_rank >= 0)].sum())
        population[ranked] = _allocate_integers(total, share)
    village_jobs = np.array([plan.village_jobs for plan in EPCI_PLANS])
    jobs_ratio = village_jobs[epci] * (1 + 0.25 * draws.draw_noise(n)).clip(0.35)
    # A larger village has shops and a school, hence more jobs per resident.
    jobs_ratio *= 0.8 + 0.4 * np.clip(population / 1500, 0, 1)
    jobs_ratio[: len(towns)] = [town.jobs_ratio for _, town in towns]
    return town_rank, name, population, jobs_ratio


def _allocate_integers(total: int, share: FloatArray) -> IntArray:
    """Split `total` into integers in proportion of `share` (largest remainders)."""
    exact = total * share / share.sum()
    whole = np.floor(exact).astype(np.int64)
    left = int(total - whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:left]] += 1
    return np.asarray(whole)


def _build_cells(draws: Draws, phases: FloatArray) -> tuple[NDArray[np.object_], FloatArray, FloatArray]:
    """Return the small Voronoi cells that pave the region, and their centres; those outside it only bound them."""
    columns = np.arange(-1.25 * HALF_WIDTH_KM, 1.25 * HALF_WIDTH_KM, CELL_KM)
    rows = np.arange(-1.25 * HALF_HEIGHT_KM, 1.25 * HALF_HEIGHT_KM, CELL_KM)
    grid_x, grid_y = (a.ravel() for a in np.meshgrid(columns, rows))
    cell_x = grid_x + 0.8 * CELL_KM * (draws.draw(len(grid_x)) - 0.5)
    cell_y = grid_y + 0.8 * CELL_KM * (draws.draw(len(grid_x)) - 0.5)
    points = shapely.MultiPoint(np.column_stack([cell_x, cell_y]))
    cells = shapely.get_parts(shapely.voronoi_polygons(points, ordered=True))
    inside = _check_inside(cell_x, cell_y, phases)
    return cells[inside], cell_x[inside], cell_y[inside]


def _allocate_cells(
    cells: NDArray[np.object_], cell_x: FloatArray, cell_y: FloatArray, x: FloatArray, y: FloatArray, centre: int
) -> IntArray:
    """Allocate every small cell to the nearest commune, in one piece."""
    weight = np.zeros(len(x))
    weight[centre] = METROPOLIS_REACH_KM2
    squared = (cell_x[:, None] - x) ** 2 + (cell_y[:, None] - y) ** 2 - weight
    owner = np.argmin(squared, axis=1).astype(np.int64)
    first, second = shapely.STRtree(cells).query(cells, predicate="touches")
    # A cell without a neighbour of its own commune would be an enclave: it joins the commune that surrounds it.
    for _ in range(3):
        company = np.bincount(first[owner[first] == owner[second]], minlength=len(cells))
        lonely = np.flatnonzero(company == 0)
        for cell in lonely:
            around = owner[second[first == cell]]
            owner[cell] = int(np.argmax(np.bincount(around)))
        if not len(lonely):
            break
    return owner
