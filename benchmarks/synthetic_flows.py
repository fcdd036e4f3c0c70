"""SYNTHETIC home-work flows over the real communes of France, to measure sizes that no published file here covers.

Nothing here describes anybody. The communes, their positions and populations are real; the flows are drawn from a
gravity model, constrained at the homes (Wilson, A. G., 1971, "A family of spatial interaction models", Environment and
Planning 3, 1-32):

    P(work in j | home in i) = jobs_j * exp(-d_ij / decay) * own^[i = j] / sum over j' within 60 km

- jobs_j = population_j ** power: `power` is the slope of the real jobs of Ile-de-France on their population, in logs.
- `decay` and `own` give the mean distance (Hyman, G. M., 1969, "The calibration of trip distribution models",
  Environment and Planning 1, 105-112) and the share of people who work in their commune of the real flows of
  Ile-de-France.
- Workers of a commune: its population times the real ratio of workers to population of Ile-de-France. One draw stands
  for 4 workers (assumption), as in a survey of one household in four.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ancrage.figures import Source
from ancrage.language import Text
from ancrage.opendata.manifest import Entry, Manifest, compute_checksum, write_manifest
from ancrage.territory.geography import EARTH_RADIUS_KM
from benchmarks.measure import REAL_DATA

FloatArray = NDArray[np.float64]

TABLE = "flows_synthetic_2022"
REACH_KM = 60.0
WORKERS_PER_DRAW = 4
# Tables of the real folder that a plan and its report read beside the flows.
_LINKED = (
    "communes",
    "epci",
    "epci_polygons",
    "third_places",
    "labour_csp_communes_2000plus_2018",
    "commune_mobility_income_2021",
)


@dataclass(frozen=True)
class Gravity:
    """What the real flows of Ile-de-France say: see the head of the module; `mean_km` and `own_share` are observed."""

    workers_per_inhabitant: float
    power: float
    decay: float
    own: float
    mean_km: float
    own_share: float


@dataclass(frozen=True)
class Places:
    """Communes that have a position: (n,) codes and inhabitants; (n, 3) positions on the unit sphere."""

    code: list[str]
    population: FloatArray
    position: FloatArray


def read_places(folder: Path) -> Places:
    """Return the communes of a folder of real tables, by code."""
    rows = (
        pl.scan_parquet(folder / "communes.parquet")
        .select(
            "code",
            lon=pl.coalesce("lon", "centroid_lon"),
            lat=pl.coalesce("lat", "centroid_lat"),
            population=pl.col("population_2022").fill_null(0).cast(pl.Float64),
        )
        .drop_nulls()
        .filter(pl.col("population") > 0)
        .sort("code")
        .collect()
    )
    lon, lat = np.radians(rows["lon"].to_numpy()), np.radians(rows["lat"].to_numpy())
    position = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    return Places(rows["code"].to_list(), rows["population"].to_numpy(), position)


def compute_km(chord: FloatArray) -> FloatArray:
    """Return great-circle distances [km] from chords of the unit sphere."""
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2, 1.0)))


def fit_gravity(folder: Path, places: Places) -> Gravity:
    """Fit the model on the real flows of Ile-de-France within 60 km."""
    rank = {code: number for number, code in enumerate(places.code)}
    flows = (
        pl.scan_parquet(folder / "flows.parquet")
        .filter(pl.col("vintage") == 2014)
        .group_by("origin_2025", "destination_2025")
        .agg(pl.col("workers").sum())
        .sort("origin_2025", "destination_2025")
        .collect()
    )
    known = set(places.code)
    flows = flows.filter(pl.col("origin_2025").is_in(known), pl.col("destination_2025").is_in(known))
    homes = sorted(set(flows["origin_2025"]) | set(flows["destination_2025"]))
    local = {code: number for number, code in enumerate(homes)}
    chosen = np.array([rank[code] for code in homes])
    people, position = places.population[chosen], places.position[chosen]
    origin = np.array([local[code] for code in flows["origin_2025"]])
    destination = np.array([local[code] for code in flows["destination_2025"]])
    workers = flows["workers"].to_numpy()
    km = compute_km(np.linalg.norm(position[:, None] - position[None], axis=2))
    near = km[origin, destination] <= REACH_KM
    origin, destination, workers = origin[near], destination[near], workers[near]

    jobs = np.bincount(destination, workers, len(homes))
    some = jobs > 0
    power = float(np.polyfit(np.log(people[some]), np.log(jobs[some]), 1)[0])
    away = origin != destination
    residents = np.bincount(origin, workers, len(homes))
    own_share = float(workers[~away].sum() / workers.sum())
    mean_km = float(np.average(km[origin, destination][away], weights=workers[away]))
    pull = people**power * (km <= REACH_KM)
    same = np.eye(len(homes), dtype=bool)

    def model(decay: float, own: float) -> tuple[float, float]:
        weight = pull * np.exp(-km / decay)
        weight[same] *= own
        share = residents[:, None] * weight / weight.sum(axis=1, keepdims=True)
        return float(share[same].sum() / share.sum()), float((share * km)[~same].sum() / share[~same].sum())

    low, high, own = 1.0, 60.0, 1.0
    for _ in range(40):
        decay = (low + high) / 2
        # The share of those who stay rises with `own`: a few steps of odds are enough each time.
        for _ in range(4):
            stay, mean = model(decay, own)
            own *= own_share / (1 - own_share) * (1 - stay) / stay
        low, high = (decay, high) if mean < mean_km else (low, decay)
    return Gravity(float(workers.sum() / people.sum()), power, decay, own, mean_km, own_share)


def build_flows(places: Places, gravity: Gravity, seed: int) -> pl.DataFrame:
    """Draw the flows of every commune; the same for the same seed and version of NumPy."""
    random = np.random.default_rng(seed)
    tree = cKDTree(places.position)
    chord = 2 * np.sin(REACH_KM / EARTH_RADIUS_KM / 2)
    jobs = places.population**gravity.power
    draws = np.maximum(1, np.round(places.population * gravity.workers_per_inhabitant / WORKERS_PER_DRAW)).astype(int)
    homes, works, counts = [], [], []
    for home in range(len(places.code)):
        near = np.sort(np.array(tree.query_ball_point(places.position[home], chord)))
        km = compute_km(np.linalg.norm(places.position[near] - places.position[home], axis=1))
        weight = jobs[near] * np.exp(-km / gravity.decay)
        weight[near == home] *= gravity.own
        drawn = random.multinomial(draws[home], weight / weight.sum())
        some = np.flatnonzero(drawn)
        homes.append(np.full(len(some), home))
        works.append(near[some])
        counts.append(drawn[some])
    code = np.array(places.code)
    home, work = code[np.concatenate(homes)], code[np.concatenate(works)]
    return pl.DataFrame(
        {
            "origin_commune": home,
            "destination_commune": work,
            "origin_2025": home,
            "destination_2025": work,
            "workers": np.concatenate(counts) * float(WORKERS_PER_DRAW),
            "vintage": np.full(len(home), 2022),
            "source": np.full(len(home), "SYNTHETIC"),
        }
    )


def write_synthetic_store(folder: Path, seed: int = 1, real: Path = REAL_DATA) -> Gravity:
    """Write a data folder of synthetic flows, with links to the real tables, marked fictional in its manifest."""
    places = read_places(real)
    gravity = fit_gravity(real, places)
    flows = build_flows(places, gravity, seed)
    folder.mkdir(parents=True, exist_ok=True)
    for name in _LINKED:
        link = folder / f"{name}.parquet"
        link.unlink(missing_ok=True)
        link.symlink_to((real / f"{name}.parquet").resolve())
    path = folder / f"{TABLE}.parquet"
    flows.write_parquet(path, metadata={"fictional": "true", "seed": str(seed)})
    source = Source(
        TABLE,
        Text("SYNTHETIC flows of a gravity model: nobody's commutes", "Flux SYNTHÉTIQUES d'un modèle gravitaire"),
        producer="Ancrage (SYNTHETIC)",
        vintage="SYNTHETIC",
        licence="CC0",
        checksum=compute_checksum(path),
    )
    write_manifest(folder, Manifest({TABLE: Entry(source, flows.height)}, fictional=True))
    return gravity


def main() -> None:
    """Write the folder named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where to write; outside the repository")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(write_synthetic_store(given.folder, given.seed))
    print(f"{pl.scan_parquet(given.folder / f'{TABLE}.parquet').select(pl.len()).collect().item():,} flows")


if __name__ == "__main__":
    main()
