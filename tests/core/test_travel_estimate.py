"""The estimate of car times: sane, symmetric and indifferent to what should not matter."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ancrage.errors import InputError
from ancrage.territory.geography import compute_great_circle_km
from ancrage.territory.travel import Points, TravelPairs
from ancrage.territory.travel_estimate import (
    FITTED,
    ROAD_EXPONENT,
    ROAD_SCALE,
    TravelEstimate,
    build_estimate,
    compute_inside_pairs,
    compute_road_km,
)

KM_LAT = 1 / 111.195
KM_LON = KM_LAT / np.cos(np.radians(46.0))


def build_grid(side: int = 15, step_km: float = 5.0, density: float = 100.0) -> Points:
    """Return communes on a slightly shaken square grid."""
    rng = np.random.default_rng(7)
    x, y = (axis.ravel() * step_km for axis in np.meshgrid(np.arange(side), np.arange(side)))
    x, y = x + rng.uniform(-0.1, 0.1, x.size) * step_km, y + rng.uniform(-0.1, 0.1, y.size) * step_km
    count = x.size
    return Points(
        np.array([f"{i:05d}" for i in range(count)]),
        3.0 + x * KM_LON,
        46.0 + y * KM_LAT,
        np.full(count, density),
        np.full(count, step_km**2),
    )


def measure(estimate: TravelEstimate, points: Points, a: int, b: int) -> tuple[float, float]:
    pairs = estimate.compute_pairs(points, np.array([a]), np.array([b]))
    return float(pairs.minutes[0]), float(pairs.km[0])


def list_all(points: Points) -> tuple[np.ndarray, np.ndarray]:
    rows = np.arange(len(points.code))
    return np.repeat(rows, len(rows)), np.tile(rows, len(rows))


def test_estimate_is_symmetric_positive_and_finite() -> None:
    points = build_grid()
    pairs = build_estimate(points).compute_pairs(points, *list_all(points))
    minutes = pairs.minutes.reshape(len(points.code), -1)
    assert np.isfinite(minutes).all()
    assert (minutes > 0).all()
    np.testing.assert_allclose(minutes, minutes.T, rtol=1e-12)
    assert pairs.estimated is True


def test_estimate_of_a_pair_does_not_depend_on_the_other_pairs() -> None:
    points = build_grid()
    estimate = build_estimate(points)
    origins, destinations = list_all(points)
    together = estimate.compute_pairs(points, origins, destinations).minutes
    chosen = np.random.default_rng(3).choice(len(origins), 40, replace=False)
    alone = [measure(estimate, points, origins[k], destinations[k])[0] for k in chosen]
    np.testing.assert_allclose(alone, together[chosen], rtol=1e-12)


def test_estimate_grows_along_a_row_of_communes() -> None:
    points = build_grid(side=30)
    minutes = build_estimate(points).compute_pairs(points, np.zeros(29, dtype=int), np.arange(1, 30)).minutes
    assert (np.diff(minutes) > 0).all()


def test_estimate_is_the_same_for_sparse_and_for_crowded_communes() -> None:
    """Thirty kilometres of open country take the same time whether communes are 5 or 10 km apart."""
    times = []
    for step in (5.0, 10.0):
        points = build_grid(side=int(80 / step), step_km=step)
        middle = int(np.argmin(np.hypot(points.lon - 3.0, points.lat - 46.0)))
        away = compute_great_circle_km(
            np.full(len(points.lon), points.lon[middle]),
            np.full(len(points.lon), points.lat[middle]),
            points.lon,
            points.lat,
        )
        ring = np.flatnonzero((away > 25) & (away < 35))
        minutes = build_estimate(points).compute_pairs(points, np.full(len(ring), middle), ring).minutes
        times.append(float(np.mean(minutes / away[ring])))
    assert times[0] == pytest.approx(times[1], rel=0.06)


def test_estimate_is_longer_around_a_gap_between_communes() -> None:
    """A lake 25 km wide without communes makes both shores farther than open country would."""
    points = build_grid(side=20)
    x, y = (points.lon - 3.0) / KM_LON, (points.lat - 46.0) / KM_LAT
    west = int(np.argmin(np.hypot(x - 30, y - 45)))
    east = int(np.argmin(np.hypot(x - 65, y - 45)))
    lake = (np.abs(x - 47.5) < 13) & (np.abs(y - 45) < 26)
    dry = Points(*(column[~lake] for column in vars(points).values()))
    ends = np.searchsorted(dry.code, points.code[[west, east]])
    over_land = measure(build_estimate(points), points, west, east)[0]
    around = measure(build_estimate(dry), dry, *ends)[0]
    assert around > 1.15 * over_land


def test_estimate_is_shorter_where_density_is_higher() -> None:
    country, town = build_grid(density=30.0), build_grid(density=3000.0)
    slow, fast = (measure(build_estimate(points), points, 0, 100)[0] for points in (country, town))
    assert fast < slow


def test_estimate_inside_a_commune_follows_the_method() -> None:
    points = build_grid()
    minutes, km = measure(build_estimate(points), points, 4, 4)
    assert km == pytest.approx(1.3 * 0.5 * np.sqrt(25 / np.pi))
    assert minutes == pytest.approx(km / 30 * 60)


def test_inside_pairs_use_the_usual_area_where_unknown() -> None:
    minutes, km = compute_inside_pairs(np.array([np.nan, 0.0, 40.0]), usual_area_km2=40.0)
    assert km.tolist() == [km[2]] * 3
    assert minutes.tolist() == [minutes[2]] * 3


def test_estimate_without_coordinates_is_nan_and_never_zero() -> None:
    points = build_grid()
    lon = points.lon.copy()
    lon[3] = np.nan
    points = replace(points, lon=lon)
    pairs = build_estimate(points).compute_pairs(points, np.array([3, 3, 0]), np.array([0, 3, 1]))
    assert np.isnan(pairs.minutes[:2]).all()
    assert np.isnan(pairs.km[:2]).all()
    assert pairs.minutes[2] > 0


def test_estimate_links_an_address_to_the_communes_around_it() -> None:
    points = build_grid()
    estimate = build_estimate(points)
    # An address 1.5 km north of commune 0 is about as far from commune 100 as commune 0 itself.
    address = Points(
        np.array(["address", points.code[100]]),
        np.array([points.lon[0], points.lon[100]]),
        np.array([points.lat[0] + 1.5 * KM_LAT, points.lat[100]]),
        np.array([np.nan, 100.0]),
        np.array([np.nan, 25.0]),
    )
    assert measure(estimate, address, 0, 1)[0] == pytest.approx(measure(estimate, points, 0, 100)[0], rel=0.05)
    assert measure(estimate, address, 0, 1)[0] == pytest.approx(measure(estimate, address, 1, 0)[0])


def test_estimate_accepts_coordinates_slightly_off_the_chef_lieu() -> None:
    points = build_grid()
    moved = replace(points, lon=points.lon + 0.3 * KM_LON)
    estimate = build_estimate(points)
    assert measure(estimate, moved, 0, 100)[0] == pytest.approx(measure(estimate, points, 0, 100)[0], rel=1e-3)


def test_estimate_is_continuous_where_the_graph_gives_way() -> None:
    points = build_grid(side=34)
    row = np.flatnonzero(np.arange(len(points.code)) < 34)
    minutes = build_estimate(points).compute_pairs(points, np.zeros(33, dtype=int), row[1:]).minutes
    km = compute_great_circle_km(
        np.full(33, points.lon[0]), np.full(33, points.lat[0]), points.lon[row[1:]], points.lat[row[1:]]
    )
    pace = minutes / km
    far = km > 60
    assert far.sum() > 15
    assert np.abs(np.diff(pace[far]) / pace[far][:-1]).max() < 0.03


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_estimate_works_with_very_few_communes(count: int) -> None:
    points = build_grid()
    few = Points(*(column[:count] for column in vars(points).values()))
    minutes = build_estimate(few).compute_pairs(points, np.array([0, 0]), np.array([1, 100])).minutes
    assert np.isfinite(minutes).all()
    assert 0 < minutes[0] < minutes[1]


def test_estimate_works_with_communes_on_one_line_and_at_one_spot() -> None:
    points = build_grid()
    lon = np.r_[points.lon[:6], points.lon[5]]
    line = Points(points.code[:7], lon, np.full(7, 46.0), points.density[:7], points.area_km2[:7])
    pairs = build_estimate(line).compute_pairs(line, *list_all(line))
    assert np.isfinite(pairs.minutes).all()
    assert (pairs.minutes > 0).all()


def test_estimate_around_a_window_keeps_its_communes_only() -> None:
    points = build_grid()
    estimate = build_estimate(points, around=(3.0, 46.0, 3.3, 46.3))
    assert 0 < len(estimate.code) < len(points.code)
    assert estimate.lon.max() <= 3.3
    assert estimate.lat.max() <= 46.3


def test_estimate_refuses_columns_of_different_lengths() -> None:
    points = build_grid()
    with pytest.raises(InputError, match="area_km2: 3") as refused:
        build_estimate(replace(points, area_km2=np.ones(3)))
    assert "area_km2 : 3" in refused.value.text.fr or "area_km2: 3" in refused.value.text.fr


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 40),
    spread_km=st.floats(0.01, 400.0),
)
def test_estimate_never_fails_on_scattered_places(seed: int, count: int, spread_km: float) -> None:
    rng = np.random.default_rng(seed)
    points = Points(
        np.array([f"{i}" for i in range(count)]),
        3.0 + rng.uniform(0, spread_km, count) * KM_LON,
        46.0 + rng.uniform(0, spread_km, count) * KM_LAT,
        rng.choice([np.nan, 0.0, 5.0, 20_000.0], count),
        rng.choice([np.nan, 3.0, 100.0], count),
    )
    pairs: TravelPairs = build_estimate(points).compute_pairs(points, *list_all(points))
    minutes = pairs.minutes.reshape(count, count)
    assert np.isfinite(minutes).all()
    assert (minutes > 0).all()
    assert (pairs.km > 0).all()
    np.testing.assert_allclose(minutes, minutes.T, rtol=1e-9)


@given(st.floats(0.01, 1500.0), st.floats(0.01, 50.0))
def test_road_km_grows_and_is_never_shorter_than_the_great_circle(crow: float, more: float) -> None:
    near, far = compute_road_km(np.array([crow, crow + more]))
    assert crow < near < far


def test_documentation_shows_the_coefficients_and_the_worked_example() -> None:
    page = (Path(__file__).parents[2] / "docs" / "method" / "travel.md").read_text(encoding="utf-8")
    for name, value in asdict(FITTED).items():
        assert f"| `{name}` | {value}" in page
    assert f"`l = {ROAD_SCALE} * D ** {ROAD_EXPONENT}`" in page
    two = Points(
        np.array(["a", "b"]),
        np.array([3.0, 3.0]),
        np.array([46.0, 46.0 + 10 * KM_LAT]),
        np.full(2, 100.0),
        np.full(2, 15.0),
    )
    assert measure(build_estimate(two), two, 0, 1)[0] == pytest.approx(20.0, abs=0.05)
    assert "= 20.0` min" in page
