"""Which homes can reach which sites, and what their residents' commutes are, ready for any set of coefficients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ancrage.territory.model import CLASSES, Flows, Mode
from ancrage.territory.travel import TravelPairs

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# What is summed over the commutes of a home: workers, workers x km, workers x minutes, then car users alone.
QUANTITIES = ("workers", "km", "minutes", "car", "car_km")


@dataclass(frozen=True)
class Reach:
    """Arcs from homes to candidate sites, sorted by home, then minutes, then site.

    Attributes
    ----------
    homes, sites : (n,) and (m,) rows of the communes.
    row : (n + 1,) start of each home in the arcs.
    home, site : (k,) positions in `homes` and `sites`.
    minutes, km : (k,) travel from home to site, one way.
    """

    homes: IntArray
    sites: IntArray
    row: IntArray
    home: IntArray
    site: IntArray
    minutes: FloatArray
    km: FloatArray


@dataclass(frozen=True)
class Commutes:
    """Sums over the commutes of each home, so that a threshold in minutes is one look-up.

    Commutes of a home are sorted by decreasing minutes; `sums[start + j]` adds up its j longest ones.

    Attributes
    ----------
    start : (n + 1,) start of each home in `sums` (each home has one more row than commutes: the empty sum).
    minutes : (rows,) minutes of the commute that ends the prefix, decreasing inside a home (+inf for the empty sum).
    sums : (rows, 5, 6) prefix sums of QUANTITIES by occupation class.
    independents : (n,) self-employed people (class 2) who work at home.
    car_share : (n,) share of car users among those who travel to work; 1 where nobody does.
    workers : (n,) employed residents in the flows.
    without_minutes : workers whose commute has no known time (foreign or unreachable destination): they are in no sum.
    """

    start: IntArray
    minutes: FloatArray
    sums: FloatArray
    independents: FloatArray
    car_share: FloatArray
    workers: FloatArray
    without_minutes: float


def build_reach(
    homes: IntArray,
    sites: IntArray,
    origins: IntArray,
    destinations: IntArray,
    travel: TravelPairs,
    max_minutes: float,
) -> Reach:
    """Keep the pairs (homes[origins], sites[destinations]) within `max_minutes`, nearest first.

    Unreachable pairs (NaN) are left out.
    """
    with np.errstate(invalid="ignore"):
        kept = np.flatnonzero(travel.minutes <= max_minutes)
    home, site, minutes = origins[kept], destinations[kept], travel.minutes[kept]
    order = np.lexsort((site, minutes, home))
    home, site = home[order], site[order]
    row = np.zeros(len(homes) + 1, dtype=np.int64)
    np.cumsum(np.bincount(home, minlength=len(homes)), out=row[1:])
    return Reach(homes, sites, row, home, site, minutes[order], travel.km[kept][order])


def list_commute_pairs(flows: Flows) -> tuple[IntArray, IntArray, IntArray]:
    """Return the distinct (home, work) pairs of the flows with a known work place, and each cell's pair (-1 for none).

    People who work at home do not commute: their cells have no pair.
    """
    travels = (flows.work >= 0) & (flows.mode != Mode.HOME)
    pairs, inverse = np.unique(
        np.stack([flows.home[travels], flows.work[travels]], axis=1), axis=0, return_inverse=True
    )
    cell_pair = np.full(len(flows.home), -1, dtype=np.int64)
    cell_pair[travels] = inverse.reshape(-1)
    return pairs[:, 0], pairs[:, 1], cell_pair


def build_commutes(homes: IntArray, flows: Flows, cell_pair: IntArray, travel: TravelPairs) -> Commutes:
    """Sum the commutes of each home by decreasing minutes.

    Parameters
    ----------
    homes : (n,) rows of the communes; flows.home must be among them.
    cell_pair : (m,) row of `travel` of each cell, or -1 (see `list_commute_pairs`).
    travel : home-work travel of the distinct pairs.
    """
    n = len(homes)
    position = {int(commune): rank for rank, commune in enumerate(homes)}
    cell_home = np.array([position[int(h)] for h in flows.home], dtype=np.int64)
    occupation = flows.occupation.astype(np.int64) - CLASSES[0]
    timed = cell_pair >= 0
    timed[timed] = ~np.isnan(travel.minutes[cell_pair[timed]])

    # One row per (home, work) pair, classes side by side.
    pairs, row_of = np.unique(cell_pair[timed], return_inverse=True)
    weight = np.zeros((len(pairs), 2, len(CLASSES)))
    np.add.at(weight, (row_of, 0, occupation[timed]), flows.workers[timed])
    car = timed & (flows.mode == Mode.CAR)
    np.add.at(weight, (np.searchsorted(pairs, cell_pair[car]), 1, occupation[car]), flows.workers[car])
    minutes, km = travel.minutes[pairs], travel.km[pairs]
    pair_home = np.zeros(len(pairs), dtype=np.int64)
    pair_home[row_of] = cell_home[timed]

    order = np.lexsort((-minutes, pair_home))
    pair_home, minutes, km, weight = pair_home[order], minutes[order], km[order], weight[order]
    terms = np.stack(
        [
            weight[:, 0],
            weight[:, 0] * km[:, None],
            weight[:, 0] * minutes[:, None],
            weight[:, 1],
            weight[:, 1] * km[:, None],
        ],
        axis=1,
    )
    count = np.bincount(pair_home, minlength=n)
    start = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(count + 1, out=start[1:])
    sums = np.zeros((start[-1], len(QUANTITIES), len(CLASSES)))
    row_minutes = np.full(start[-1], np.inf)
    first = 0
    for home in range(n):
        last = first + count[home]
        at = start[home] + 1
        np.cumsum(terms[first:last], axis=0, out=sums[at : at + count[home]])
        row_minutes[at : at + count[home]] = minutes[first:last]
        first = last

    independent = (flows.mode == Mode.HOME) & (flows.occupation == 2)
    travels = flows.mode != Mode.HOME
    travellers = np.bincount(cell_home[travels], flows.workers[travels], minlength=n)
    drivers = np.bincount(cell_home[flows.mode == Mode.CAR], flows.workers[flows.mode == Mode.CAR], minlength=n)
    return Commutes(
        start=start,
        minutes=row_minutes,
        sums=sums,
        independents=np.bincount(cell_home[independent], flows.workers[independent], minlength=n),
        car_share=np.divide(drivers, travellers, out=np.ones(n), where=travellers > 0),
        workers=np.bincount(cell_home, flows.workers, minlength=n),
        without_minutes=float(flows.workers[travels & ~timed].sum()),
    )
