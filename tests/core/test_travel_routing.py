"""Routing over a small network written by hand: a ring road, an island, and a road of no return."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from ancrage.errors import InputError, MissingDataError
from ancrage.opendata import travel_routing
from ancrage.opendata.travel_routing import (
    RoutingProvider,
    build_dataset,
    build_routing,
    check_engine,
    list_datasets,
    read_dataset,
)
from ancrage.territory.travel import Points

needs_engine = [
    pytest.mark.routing,
    pytest.mark.skipif(importlib.util.find_spec("osrm") is None, reason="the routing extra is not installed"),
]

NETWORK = """<?xml version='1.0' encoding='UTF-8'?>
<osm version="0.6">
  <node id="1" lat="45.0" lon="5.0" version="1"/><node id="2" lat="45.0" lon="5.1" version="1"/>
  <node id="3" lat="45.05" lon="5.1" version="1"/><node id="4" lat="45.05" lon="5.0" version="1"/>
  <node id="5" lat="45.2" lon="5.0" version="1"/><node id="6" lat="45.2" lon="5.02" version="1"/>
  <node id="7" lat="45.03" lon="5.2" version="1"/><node id="8" lat="45.03" lon="5.22" version="1"/>
  <way id="10" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/>
    <tag k="highway" v="secondary"/></way>
  <way id="11" version="1"><nd ref="5"/><nd ref="6"/><tag k="highway" v="secondary"/></way>
  <way id="12" version="1"><nd ref="2"/><nd ref="7"/><nd ref="8"/>
    <tag k="highway" v="secondary"/><tag k="oneway" v="yes"/></way>
</osm>
"""
SOUTH, NORTH, ISLAND_A, ISLAND_B, NO_RETURN, SEA, UNKNOWN = range(7)
LON = np.array([5.05, 5.05, 5.0, 5.02, 5.21, 6.0, np.nan])
LAT = np.array([45.0, 45.05, 45.2, 45.2, 45.03, 44.0, 45.0])
POINTS = Points(np.array(list("abcdefg")), LON, LAT, np.full(7, np.nan), np.full(7, 20.0))


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> RoutingProvider:
    folder = tmp_path_factory.mktemp("routing")
    extract = folder / "ring.osm"
    extract.write_text(NETWORK)
    return build_routing(build_dataset(extract, folder / "data").folder)


def ask(provider: RoutingProvider, a: int, b: int) -> tuple[float, float]:
    pairs = provider.compute_pairs(POINTS, np.array([a]), np.array([b]))
    assert pairs.estimated is False
    return float(pairs.minutes[0]), float(pairs.km[0])


class TestNetwork:
    pytestmark = needs_engine

    def test_routing_follows_the_road(self, provider: RoutingProvider) -> None:
        minutes, km = ask(provider, SOUTH, NORTH)
        # Half the ring: 3.93 km east, 5.56 km north, 3.93 km west.
        assert km == pytest.approx(13.44, abs=0.05)
        assert minutes == pytest.approx(km / 55 * 60, rel=0.02)

    @pytest.mark.parametrize(("a", "b"), [(SOUTH, ISLAND_A), (ISLAND_B, NORTH), (NO_RETURN, SOUTH)])
    def test_routing_without_a_road_is_nan(self, provider: RoutingProvider, a: int, b: int) -> None:
        assert np.isnan(ask(provider, a, b)).all()

    def test_routing_of_a_one_way_road_leads_there_only(self, provider: RoutingProvider) -> None:
        assert ask(provider, SOUTH, NO_RETURN)[0] > 5

    def test_routing_inside_the_island_works(self, provider: RoutingProvider) -> None:
        assert ask(provider, ISLAND_A, ISLAND_B)[1] == pytest.approx(1.572, abs=0.01)

    def test_routing_far_from_any_road_is_nan_and_told(self, provider: RoutingProvider) -> None:
        assert np.isnan(ask(provider, SOUTH, SEA)).all()
        assert provider.check_places(POINTS).tolist() == [True] * 5 + [False] * 2

    def test_routing_without_coordinates_is_nan(self, provider: RoutingProvider) -> None:
        assert np.isnan(ask(provider, UNKNOWN, SOUTH)).all()
        assert np.isnan(ask(provider, UNKNOWN, UNKNOWN)).all()

    def test_routing_inside_a_commune_is_never_zero(self, provider: RoutingProvider) -> None:
        minutes, km = ask(provider, SOUTH, SOUTH)
        assert km == pytest.approx(1.3 * 0.5 * np.sqrt(20 / np.pi))
        assert minutes == pytest.approx(km * 2)

    def test_routing_in_blocks_gives_the_pairs_in_order(
        self, provider: RoutingProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        origins, destinations = np.repeat(np.arange(7), 7), np.tile(np.arange(7), 7)
        whole = provider.compute_pairs(POINTS, origins, destinations)
        monkeypatch.setattr(travel_routing, "_ORIGINS_AT_ONCE", 2)
        monkeypatch.setattr(travel_routing, "_CELLS_AT_ONCE", 3)
        cut = provider.compute_pairs(POINTS, origins, destinations)
        np.testing.assert_array_equal(cut.minutes, whole.minutes)
        np.testing.assert_array_equal(cut.km, whole.km)
        assert np.isfinite(whole.minutes).sum() == 12

    def test_routing_of_no_pair_is_empty(self, provider: RoutingProvider) -> None:
        none = np.empty(0, dtype=np.int64)
        assert len(provider.compute_pairs(POINTS, none, none).minutes) == 0

    def test_dataset_says_what_it_was_made_of(self, provider: RoutingProvider) -> None:
        folder = provider.dataset.folder
        assert list_datasets(folder.parent.parent) == [read_dataset(folder)]
        assert provider.dataset.extract == "ring.osm"
        assert provider.name == "osrm"
        assert provider.version.endswith(f" car {folder.name}")

    def test_dataset_is_built_once(self, provider: RoutingProvider, tmp_path: Path) -> None:
        extract = tmp_path / "ring.osm"
        extract.write_text(NETWORK)
        steps: list[object] = []
        build_dataset(extract, provider.dataset.folder.parent.parent, steps.append)
        assert len(steps) == 1

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("cut.osm.pbf", "not a pbf"),
            ("cut.osm", NETWORK[:200]),
            ("sea.osm", "<osm version='0.6'></osm>"),
        ],
    )
    def test_dataset_of_a_broken_extract_is_refused_and_leaves_nothing(
        self, tmp_path: Path, name: str, content: str
    ) -> None:
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match=name):
            build_dataset(tmp_path / name, tmp_path / "data")
        assert list((tmp_path / "data" / "routing").iterdir()) == []

    @pytest.mark.parametrize("name", ["absent.osm.pbf", "table.csv"])
    def test_dataset_of_no_extract_is_refused(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "table.csv").write_text("a;b")
        with pytest.raises(InputError, match=name):
            build_dataset(tmp_path / name, tmp_path / "data")
        assert not (tmp_path / "data").exists()

    def test_dataset_with_missing_files_is_refused(self, tmp_path: Path, provider: RoutingProvider) -> None:
        (tmp_path / "routing.json").write_text((provider.dataset.folder / "routing.json").read_text())
        with pytest.raises(MissingDataError, match="build it again"):
            build_routing(tmp_path)


def test_dataset_without_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="travel build"):
        read_dataset(tmp_path)


@pytest.mark.parametrize(("version", "advice"), [((3, 11), "Python 3.12"), ((3, 13), "pip install")])
def test_engine_that_is_absent_is_told_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int], advice: str
) -> None:
    class Version(tuple):
        major, minor = version

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "version_info", Version(version))
    with pytest.raises(MissingDataError, match="routing") as refused:
        check_engine()
    monkeypatch.undo()
    assert advice in refused.value.text.en
    assert "ancrage[routing]" in refused.value.text.fr
