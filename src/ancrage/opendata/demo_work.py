"""Work in the demo territory: employed residents, jobs, and home-work flows drawn from a gravity model.

The coefficients of this module are design choices that make a plausible fictional territory. They describe no
real place and no study rests on them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ancrage.opendata.demo_names import EPCI_PLANS, LABEL
from ancrage.opendata.demo_region import DemoRegion, Draws
from ancrage.territory.geography import compute_great_circle_km
from ancrage.territory.model import CLASSES, MODE_NAMES

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

VINTAGE = 2021
DETOUR = 1.3  # road km per crow-fly km, to draw the flows only
# Residents of small communes are surveyed by sample: one person drawn stands for about this many.
PERSONS_PER_DRAW = 4.5
JOBS_LOST = 420  # jobs of the closed factory

# Mix of the six classes among employed residents [%], by character of the EPCI.
_MIX = {
    "industrial": (4.2, 8.2, 10.8, 24.2, 27.6, 25.0),
    "farming": (6.5, 9.5, 8.5, 22.0, 28.0, 25.5),
    "residential": (1.4, 7.6, 16.5, 28.5, 27.5, 18.5),
    "urban": (0.2, 5.8, 21.5, 28.0, 28.0, 16.5),
}
_TOWN_TILT = (0.25, 0.95, 1.0, 1.0, 1.08, 1.05)
_FACTORY_TOWN_TILT = (0.25, 0.75, 0.55, 0.8, 1.0, 1.55)
# Jobs lean to farmers and self-employed in villages, to executives in the metropolis.
_JOB_TILT_VILLAGE = (1.6, 1.5, 0.5, 0.75, 0.95, 1.1)
_JOB_TILT_TOWN = (0.3, 1.0, 0.75, 1.0, 1.1, 1.05)
_JOB_TILT_CITY = (0.05, 0.8, 1.45, 1.15, 1.0, 0.75)
# The pull of a job falls as exp(-km / reach) [road km] for each class, plus a slower tail.
_REACH_KM = (1.3, 8.0, 12.0, 10.5, 8.8, 10.0)
_TAIL_SHARE = 0.055
_TAIL_KM = 26.0
# People settle where they work, or work where they live, more than distance alone says.
_OWN_COMMUNE_PULL = 2.3
# Share of people who work at home among those who work in their own commune, by class (census mode "none").
_HOME_SHARE = (0.72, 0.50, 0.26, 0.14, 0.21, 0.06)


@dataclass(frozen=True)
class DemoWork:
    """Employed residents and their flows.

    Attributes
    ----------
    employed : (n,) employed residents, integers.
    unemployment : (n,) unemployed share of the active population.
    origin, destination : (m,) rows of communes; csp : (m,) 1..6; mode : (m,) a `Mode`.
    workers : (m,) weighted persons, 4 decimals; sorted by origin, destination, csp, mode; one row per cell.
    crow_km : (n, n) distances [km], half the radius of the commune on the diagonal.
    """

    employed: IntArray
    unemployment: FloatArray
    origin: IntArray
    destination: IntArray
    csp: IntArray
    mode: IntArray
    workers: FloatArray
    crow_km: FloatArray

    def compute_sums(self, by: IntArray, where: NDArray[np.bool_] | None = None) -> FloatArray:
        """Return the workers by row of commune, `by` being `origin` or `destination`, of the rows in `where`."""
        kept = np.ones(len(by), dtype=np.bool_) if where is None else where
        return np.bincount(by[kept], weights=self.workers[kept], minlength=len(self.employed))


def build_work(region: DemoRegion, seed: int) -> DemoWork:
    """Build employed residents, jobs and flows of the demo territory from a seed.

    Expected flows are a doubly constrained gravity model by class (Wilson, 1971): T_ij = A_i O_i B_j D_j f(c_ij),
    A and B being such that rows sum to employed residents and columns to jobs. Persons are then drawn from it,
    in strata, as a census sample would be.
    """
    draws = Draws(seed, 2)
    n = len(region)
    character = region.list_characters()
    industrial = np.array([c == "industrial" for c in character])
    employed = np.round(region.population * (0.405 + 0.012 * draws.draw_noise(n))).astype(np.int64)
    unemployment = 0.088 + 0.02 * industrial + 0.025 * (region.town_rank >= 0) + 0.008 * draws.draw_noise(n)
    unemployment[_find_factory_town(region)] = 0.168
    unemployment = np.round(unemployment.clip(0.04), 4)
    residents = _build_residents(region, employed, draws)
    jobs = _build_jobs(region, employed, residents)
    crow_km = compute_great_circle_km(region.lon[:, None], region.lat[:, None], region.lon, region.lat)
    np.fill_diagonal(crow_km, 0.5 * np.sqrt(region.area_km2 / np.pi))
    chance = np.stack(
        [_compute_chances(residents[:, c], jobs[:, c], DETOUR * crow_km, reach) for c, reach in enumerate(_REACH_KM)]
    )
    origin, csp, weight = _choose_persons(employed, residents, draws)
    destination = _choose_destinations(chance, origin, csp, draws)
    mode = _choose_modes(region, origin, destination, csp, crow_km, draws)
    cell, count = np.unique(((origin * n + destination) * 8 + csp) * 4 + mode, return_counts=True)
    pair = cell // 32
    return DemoWork(
        employed=employed,
        unemployment=unemployment,
        origin=pair // n,
        destination=pair % n,
        csp=cell // 4 % 8 + 1,
        mode=cell % 4,
        workers=np.round(count * weight[pair // n], 4),
        crow_km=crow_km,
    )


def _find_factory_town(region: DemoRegion) -> int:
    return int(np.flatnonzero((region.epci == 0) & (region.town_rank == 1))[0])


def _build_residents(region: DemoRegion, employed: IntArray, draws: Draws) -> FloatArray:
    """Return employed residents by commune and class, shape (n, 6)."""
    mix = np.array([_MIX[character] for character in region.list_characters()])
    # The nearer the metropolis, the more executives and the fewer workers.
    city = EPCI_PLANS[1].towns[0]
    km = np.hypot(region.x - city.x, region.y - city.y)
    near = np.exp(-km / 25)
    mix *= 1 + near[:, None] * (-0.3, 0.0, 0.25, 0.08, 0.0, -0.25)
    mix[region.town_rank >= 0] *= _TOWN_TILT
    mix[_find_factory_town(region)] *= np.array(_FACTORY_TOWN_TILT) / _TOWN_TILT
    mix *= (1 + 0.12 * draws.draw_noise(mix.size).reshape(mix.shape)).clip(0.4)
    return np.asarray(employed[:, None] * mix / mix.sum(axis=1, keepdims=True))


def _build_jobs(region: DemoRegion, employed: IntArray, residents: FloatArray) -> FloatArray:
    """Return jobs by commune and class, shape (n, 6): as many of each class as there are employed residents."""
    total = employed * region.jobs_ratio
    city = np.flatnonzero((region.epci == 1) & (region.town_rank == 0))[0]
    total[city] = employed.sum() - total.sum()
    tilt = np.tile(_JOB_TILT_VILLAGE, (len(region), 1))
    tilt[region.town_rank >= 0] = _JOB_TILT_TOWN
    tilt[region.epci == 1] = _JOB_TILT_CITY
    by_class = residents.sum(axis=0)
    jobs = residents.sum(axis=1, keepdims=True) * 0 + tilt * by_class / by_class.sum()
    # Farms are where farmers live.
    jobs[:, 0] = 0.05 * jobs[:, 0] + 0.95 * residents[:, 0] / total
    for _ in range(60):
        jobs *= (total / jobs.sum(axis=1))[:, None]
        jobs *= by_class / jobs.sum(axis=0)
    return np.asarray(jobs)


def _compute_chances(residents: FloatArray, jobs: FloatArray, km: FloatArray, reach: float) -> FloatArray:
    """Return the chance (n, n) that a resident of row i works in column j; rows sum to 1."""
    pull = (1 - _TAIL_SHARE) * np.exp(-km / reach) + _TAIL_SHARE * np.exp(-km / min(_TAIL_KM, 4 * reach))
    pull[np.diag_indices_from(pull)] *= _OWN_COMMUNE_PULL
    b = np.ones(len(jobs))
    for _ in range(40):
        a = 1 / (pull @ (b * jobs))
        b = 1 / (pull.T @ (a * residents))
    flow = pull * (b * jobs)
    return np.asarray(flow / flow.sum(axis=1, keepdims=True))


def _choose_persons(employed: IntArray, residents: FloatArray, draws: Draws) -> tuple[IntArray, IntArray, FloatArray]:
    """Return home and class (0..5) of every person drawn, and the weight of persons by home commune."""
    count = np.maximum(1, np.round(employed / PERSONS_PER_DRAW)).astype(np.int64)
    home = np.repeat(np.arange(len(count)), count)
    rank = np.arange(len(home)) - np.repeat(np.cumsum(count) - count, count)
    where = (rank + draws.draw(len(home))) / count[home]
    bounds = np.cumsum(residents / residents.sum(axis=1, keepdims=True), axis=1)[:, :-1]
    csp = (where[:, None] >= bounds[home]).sum(axis=1)
    return home, csp, employed / count


def _choose_destinations(chance: FloatArray, origin: IntArray, csp: IntArray, draws: Draws) -> IntArray:
    """Draw the work commune of every person; persons of one home and class are spread over its strata."""
    n = chance.shape[1]
    line = csp * n + origin
    order = np.argsort(line, kind="stable")
    size = np.bincount(line, minlength=len(CLASSES) * n)
    rank = np.empty(len(line), dtype=np.int64)
    rank[order] = np.arange(len(line)) - np.repeat(np.cumsum(size) - size, size)
    where = (rank + draws.draw(len(line))) / size[line]
    bounds = np.cumsum(chance.reshape(-1, n), axis=1)
    bounds /= bounds[:, -1:]
    found = np.searchsorted((bounds + np.arange(len(bounds))[:, None]).ravel(), line + where, side="right")
    return np.asarray(np.minimum(found - line * n, n - 1))


def _choose_modes(
    region: DemoRegion,
    origin: IntArray,
    destination: IntArray,
    csp: IntArray,
    crow_km: FloatArray,
    draws: Draws,
) -> IntArray:
    """Draw the mode of every person: home and walking need short trips, public transport goes to the city."""
    km = crow_km[origin, destination]
    own = origin == destination
    home = np.where(own, np.array(_HOME_SHARE)[csp], 0.0)
    in_city = region.epci == 1
    walk = np.where(own, 0.43, 0.50 * np.exp(-km / 1.8)) + np.where(in_city[origin] & (km < 6), 0.12, 0.0)
    transit = np.where(in_city[destination], np.where(in_city[origin], 0.24, 0.17), 0.026)
    transit = np.where((km < 2) & ~in_city[origin], 0.0, transit)
    where = draws.draw(len(origin))
    bounds = np.cumsum(np.stack([home, (1 - home) * walk, (1 - home) * (1 - walk) * transit]), axis=0)
    # Beyond the last bound comes the car: the order is that of the modes.
    return np.asarray((where >= bounds).sum(axis=0))


def build_flow_tables(region: DemoRegion, work: DemoWork) -> dict[str, pl.DataFrame]:
    """Return the flows by class and mode, and the flows in total."""
    code = np.array(region.code)
    names = {int(mode): name for name, mode in MODE_NAMES.items()}
    home, place = code[work.origin], code[work.destination]
    detail = pl.DataFrame(
        {
            "origin_commune": home,
            "destination_commune": place,
            "mode": [names[int(m)] for m in work.mode],
            "csp": pl.Series(work.csp, dtype=pl.Int8),
            "workers": work.workers,
            "origin_2025": home,
            "destination_2025": place,
            "vintage": np.full(len(home), VINTAGE),
        }
    )
    pairs = ["origin_commune", "destination_commune", "origin_2025", "destination_2025"]
    totals = (
        detail.group_by(pairs, maintain_order=True)
        .agg(pl.col("workers").sum().round(4))
        .with_columns(vintage=pl.lit(VINTAGE, pl.Int64), source=pl.lit(LABEL))
    )
    return {f"flows_demo_{VINTAGE}_csp_mode": detail, "flows": totals}
