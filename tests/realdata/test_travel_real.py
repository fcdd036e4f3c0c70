"""Travel times on real pairs and real road networks."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ancrage.opendata.store import open_store
from ancrage.opendata.travel_cache import CachedProvider
from ancrage.opendata.travel_pairs import read_reference
from ancrage.opendata.travel_points import read_points
from ancrage.opendata.travel_routing import build_dataset, build_routing
from ancrage.territory.geography import compute_great_circle_km
from ancrage.territory.travel import Points
from ancrage.territory.travel_errors import TravelErrors, compute_travel_errors
from ancrage.territory.travel_estimate import TravelEstimate, build_estimate

pytestmark = pytest.mark.realdata
needs_engine = pytest.mark.skipif(importlib.util.find_spec("osrm") is None, reason="the routing extra is not installed")


@pytest.fixture(scope="module")
def communes(real_data: Path) -> Points:
    return read_points(open_store(real_data))


@pytest.fixture(scope="module")
def estimate(communes: Points) -> TravelEstimate:
    return build_estimate(communes)


def measure(estimate: TravelEstimate, communes: Points, pairs: Path) -> TravelErrors:
    reference = read_reference(pairs, communes)
    p, a, b = reference.points, reference.origins, reference.destinations
    near = compute_great_circle_km(p.lon[a], p.lat[a], p.lon[b], p.lat[b]) <= 40
    return compute_travel_errors(estimate.compute_pairs(p, a[near], b[near]).minutes, reference.minutes[near])


@pytest.mark.parametrize(
    ("table", "mean", "most", "bias"),
    [("car_minutes_isere_256", 6.0, 13.0, 1.0), ("car_minutes_grand_paris_150", 2.0, 4.2, 0.5)],
)
def test_estimate_keeps_its_measured_error(
    real_data: Path, communes: Points, estimate: TravelEstimate, table: str, mean: float, most: float, bias: float
) -> None:
    errors = measure(estimate, communes, real_data / f"{table}.parquet")
    assert errors.mae_minutes < mean
    assert errors.p90_minutes < most
    assert abs(errors.bias_minutes) < bias
    assert errors.unreachable == 0


def test_estimate_is_sane_all_over_france(communes: Points, estimate: TravelEstimate) -> None:
    """From 300 communes to their neighbours within 40 km: between 20 and 75 km/h as the crow flies beyond 10 km."""
    rng = np.random.default_rng(5)
    placed = np.flatnonzero(np.isfinite(communes.lon))
    origins, destinations = [], []
    for i in rng.choice(placed, 300, replace=False):
        box = placed[
            (np.abs(communes.lat[placed] - communes.lat[i]) < 0.35)
            & (np.abs(communes.lon[placed] - communes.lon[i]) < 0.5)
        ]
        chosen = rng.choice(box, min(20, len(box)), replace=False)
        origins.append(np.full(len(chosen), i))
        destinations.append(chosen)
    a, b = np.concatenate(origins), np.concatenate(destinations)
    pairs = estimate.compute_pairs(communes, a, b)
    crow = compute_great_circle_km(communes.lon[a], communes.lat[a], communes.lon[b], communes.lat[b])
    assert np.isfinite(pairs.minutes).all()
    assert (pairs.minutes > 0).all()
    far = crow > 10
    speed = crow[far] / pairs.minutes[far] * 60
    assert np.quantile(speed, 0.001) > 15
    assert np.quantile(speed, 0.01) > 20
    assert speed.max() < 75


def build_places(lon: list[float], lat: list[float]) -> Points:
    count = len(lon)
    codes = np.array([f"p{i}" for i in range(count)])
    return Points(codes, np.array(lon), np.array(lat), np.full(count, np.nan), np.full(count, np.nan))


@needs_engine
@pytest.mark.routing
def test_routing_in_monaco_reaches_the_town_and_not_the_sea(real_data: Path, tmp_path: Path) -> None:
    routing = build_routing(build_dataset(real_data / "osm" / "monaco.osm.pbf", tmp_path).folder)
    points = build_places([7.42, 7.43, 7.6], [43.73, 43.745, 43.6])
    cached = CachedProvider(routing, tmp_path, print)
    a, b = np.array([0, 1, 0]), np.array([1, 0, 2])
    first = cached.compute_pairs(points, a, b)
    assert np.isfinite(first.minutes).tolist() == [True, True, False]
    assert (first.minutes[:2] > 2).all()
    assert (first.km[:2] > compute_great_circle_km(*(np.array([x]) for x in (7.42, 43.73, 7.43, 43.745)))).all()
    np.testing.assert_array_equal(cached.compute_pairs(points, a, b).minutes, first.minutes)
    kept = pl.read_parquet(cached.path)
    assert len(kept) == 3


@needs_engine
@pytest.mark.routing
def test_routing_in_andorra_goes_round_the_mountains(real_data: Path, tmp_path: Path) -> None:
    routing = build_routing(build_dataset(real_data / "osm" / "andorra.osm.pbf", tmp_path).folder)
    # Between the valleys of Ordino and of El Tarter stands a ridge without a road.
    points = build_places([1.533, 1.648], [42.618, 42.580])
    pairs = routing.compute_pairs(points, np.array([0, 1]), np.array([1, 0]))
    crow = float(compute_great_circle_km(*(np.array([x]) for x in (1.533, 42.618, 1.648, 42.580)))[0])
    assert (pairs.km > 1.5 * crow).all()
    assert pairs.minutes[0] == pytest.approx(pairs.minutes[1], rel=0.2)
