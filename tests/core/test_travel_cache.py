"""Routed answers kept on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from ancrage.language import Text
from ancrage.opendata.travel_cache import CachedProvider
from ancrage.territory.travel import Points, TravelPairs

POINTS = Points(
    np.array(["77001", "77002", "77003"]),
    np.array([3.0, 3.1, 3.2]),
    np.array([48.0, 48.1, 48.2]),
    np.full(3, 100.0),
    np.full(3, 10.0),
)


class CountingProvider:
    """Answers from the rows, says 77003 is unreachable, and counts what it is asked."""

    name = "osrm"
    label = Text("routed", "calculé")

    def __init__(self, version: str = "1 car here") -> None:
        self.version = version
        self.asked: list[tuple[int, int]] = []

    def compute_pairs(self, points: Points, origins: np.ndarray, destinations: np.ndarray) -> TravelPairs:
        self.asked += list(zip(origins.tolist(), destinations.tolist(), strict=True))
        minutes = np.where(destinations == 2, np.nan, 10.0 * origins + destinations + 5)
        return TravelPairs(minutes, minutes / 2, estimated=False)


def ask(cached: CachedProvider, pairs: list[tuple[int, int]], points: Points = POINTS) -> TravelPairs:
    origins, destinations = (np.array(column) for column in zip(*pairs, strict=True))
    return cached.compute_pairs(points, origins, destinations)


def test_cache_asks_each_pair_once_across_runs(tmp_path: Path) -> None:
    told: list[Text] = []
    first = CountingProvider()
    answer = ask(CachedProvider(first, tmp_path, told.append), [(0, 1), (1, 0), (0, 2)])
    np.testing.assert_array_equal(answer.minutes, [6.0, 15.0, np.nan])
    second = CountingProvider()
    again = ask(CachedProvider(second, tmp_path, told.append), [(1, 0), (1, 2), (0, 2), (0, 1)])
    np.testing.assert_array_equal(again.minutes, [15.0, np.nan, np.nan, 6.0])
    np.testing.assert_array_equal(again.km, [7.5, np.nan, np.nan, 3.0])
    assert second.asked == [(1, 2)]
    assert told == []


def test_cache_of_another_version_is_not_used(tmp_path: Path) -> None:
    ask(CachedProvider(CountingProvider("1 car here"), tmp_path, print), [(0, 1)])
    newer = CountingProvider("2 car here")
    ask(CachedProvider(newer, tmp_path, print), [(0, 1)])
    assert newer.asked == [(0, 1)]
    assert len(list((tmp_path / ".cache" / "travel").glob("*.parquet"))) == 2


def test_cache_asks_again_a_place_that_moved(tmp_path: Path) -> None:
    provider = CountingProvider()
    cached = CachedProvider(provider, tmp_path, print)
    ask(cached, [(0, 1)])
    ask(cached, [(0, 1)], Points(POINTS.code, POINTS.lon + 0.01, POINTS.lat, POINTS.density, POINTS.area_km2))
    assert provider.asked == [(0, 1), (0, 1)]


def test_cache_never_keeps_trips_inside_a_place(tmp_path: Path) -> None:
    provider = CountingProvider()
    cached = CachedProvider(provider, tmp_path, print)
    ask(cached, [(0, 0)])
    ask(cached, [(0, 0)])
    assert provider.asked == [(0, 0), (0, 0)]
    assert not cached.path.exists()


def test_cache_that_is_corrupted_is_told_once_and_made_again(tmp_path: Path) -> None:
    told: list[Text] = []
    provider = CountingProvider()
    cached = CachedProvider(provider, tmp_path, told.append)
    cached.path.parent.mkdir(parents=True)
    cached.path.write_bytes(b"not a table")
    np.testing.assert_array_equal(ask(cached, [(0, 1)]).minutes, [6.0])
    assert len(told) == 1
    assert str(cached.path) in told[0].en
    assert str(cached.path) in told[0].fr
    assert pl.read_parquet(cached.path).columns == ["origin", "destination", "minutes", "km"]
    ask(cached, [(0, 1)])
    assert provider.asked == [(0, 1)]


def test_cache_with_other_columns_is_ignored_and_told(tmp_path: Path) -> None:
    told: list[Text] = []
    cached = CachedProvider(CountingProvider(), tmp_path, told.append)
    cached.path.parent.mkdir(parents=True)
    pl.DataFrame({"origin": ["a"]}).write_parquet(cached.path)
    np.testing.assert_array_equal(ask(cached, [(0, 1)]).minutes, [6.0])
    assert len(told) == 1


def test_cache_that_cannot_be_written_is_told_once_and_answers(tmp_path: Path) -> None:
    told: list[Text] = []
    (tmp_path / ".cache").write_text("a file where the folder should be")
    cached = CachedProvider(CountingProvider(), tmp_path, told.append)
    np.testing.assert_array_equal(ask(cached, [(0, 1)]).minutes, [6.0])
    np.testing.assert_array_equal(ask(cached, [(1, 0)]).minutes, [15.0])
    assert len(told) == 1
    assert "cannot be cached" in told[0].en


def test_cache_leaves_no_scratch_file(tmp_path: Path) -> None:
    cached = CachedProvider(CountingProvider(), tmp_path, print)
    ask(cached, [(0, 1)])
    assert [path.name for path in cached.path.parent.iterdir()] == [cached.path.name]
