"""Instances of facility location to measure on: published ones, random ones by seed, and all of France."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.spatial.distance import pdist, squareform

from benchmarks.measure import REAL_DATA

FloatArray = NDArray[np.float64]
COVERAGE_KM = 15 / 60 * 70 / 1.3
"""Crow-fly km crossed in 15 minutes at 70 km/h on roads 1.3 times longer than the crow flies (an assumption)."""


@dataclass(frozen=True)
class Points:
    """Points that are all clients and all candidate sites.

    Attributes
    ----------
    xy : (n, 2), in the plane, or lon and lat in degrees; weight : (n,).
    """

    name: str
    xy: FloatArray
    weight: FloatArray


def read_orlib() -> list[tuple[str, FloatArray, int, int]]:
    """Return the OR-Library p-median instances at hand: name, (n, n) costs, places, published optimum."""
    table = pl.read_csv(REAL_DATA / "siting" / "orlib_pmed.csv")
    with np.load(REAL_DATA / "siting" / "orlib_pmed.npz") as packed:
        return [
            (name, squareform(packed[name].astype(np.float64)), places, optimum)
            for name, places, optimum in table.select("instance", "p", "optimum").iter_rows()
        ]


def read_published(name: str) -> Points:
    """Return a published set of points (TSPLIB), weight 1."""
    table = pl.read_parquet(REAL_DATA / "siting" / "tsplib_points.parquet").filter(pl.col("instance") == name)
    xy = table.select("x", "y").to_numpy().astype(np.float64)
    return Points(name, xy, np.ones(len(xy)))


def list_published() -> list[tuple[str, int, int]]:
    """Return the published p-median instances on points: name, places, best value known."""
    return list(pl.read_csv(REAL_DATA / "siting" / "tsplib_pmedian_best_known.csv").iter_rows())


def read_france() -> Points:
    """Return every commune: lon and lat of its main town (its centre where that is not known), population as weight."""
    table = pl.read_parquet(REAL_DATA / "communes.parquet").with_columns(
        pl.coalesce("lon", "centroid_lon").alias("lon"), pl.coalesce("lat", "centroid_lat").alias("lat")
    )
    weight = table["population_2022"].fill_null(0).to_numpy().astype(np.float64)
    return Points("France", table.select("lon", "lat").to_numpy().astype(np.float64), weight)


def draw_points(n: int, seed: int = 1) -> Points:
    """Return n points at random in a square of 1,000 by 1,000, weights from 1 to 100."""
    rng = np.random.default_rng(seed)
    return Points(f"random {n}", rng.uniform(0, 1000, (n, 2)), rng.integers(1, 101, n).astype(np.float64))


def compute_costs(points: Points) -> FloatArray:
    """Return the (n, n) Euclidean distances rounded down, as in the literature."""
    return np.floor(squareform(pdist(points.xy)))
