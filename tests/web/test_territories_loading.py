"""Loading of a store: every portrait, all or nothing, and what is stored gives the diagnosis back."""

from __future__ import annotations

import shutil
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.core.management import CommandError, call_command

from ancrage import __version__
from ancrage.diagnosis import build_diagnosis
from ancrage.errors import MissingDataError
from ancrage.opendata.store import open_store
from ancrage.reports.diagnosis_json import build_json
from ancrage.territory.tables import Tables
from ancrage_web.territories import content, layers, queries
from ancrage_web.territories.loading import build_portraits, build_slug, open_for_loading
from ancrage_web.territories.models import Commune, Epci, EpciMap, Store
from ancrage_web.territories.services import load_store

CODE = "000000001"


def list_rows() -> list[Any]:
    """Return everything that is stored, but what names the moment of the load."""
    return [
        *Epci.objects.order_by("code").values_list("code", "name", "slug", "population", "has_flows", "portrait"),
        *Commune.objects.order_by("code").values_list("code", "epci_id", "population", "values"),
        *((pk, bytes(packed)) for pk, packed in EpciMap.objects.order_by("pk").values_list("pk", "content")),
    ]


@pytest.mark.django_db
def test_load_twice_gives_the_same_rows_and_one_store(demo_folder: Path) -> None:
    told: list[float] = []
    first = load_store(demo_folder, progress=told.append)
    rows = list_rows()
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    second = load_store(demo_folder)
    assert list_rows() == rows
    assert list(Store.objects.values_list("pk", flat=True)) == [second.pk]
    assert (second.checksum, second.version, second.fictional) == (first.checksum, __version__, True)
    assert (Epci.objects.count(), Commune.objects.count(), EpciMap.objects.count()) == (17, 350, 17)


@pytest.mark.django_db
def test_failed_load_changes_nothing(territories: Store, demo_folder: Path, tmp_path: Path) -> None:
    before = list_rows()
    shutil.copytree(demo_folder, tmp_path / "store")
    # The polygons are read late, once portraits are being made.
    (tmp_path / "store" / "epci.parquet").unlink()
    with pytest.raises(MissingDataError):
        load_store(tmp_path / "store")
    assert list_rows() == before
    assert Store.objects.get().pk == territories.pk


@pytest.mark.django_db
def test_load_interrupted_while_writing_changes_nothing(territories: Store, demo_folder: Path) -> None:
    before = list_rows()

    def stop(share: float) -> None:
        if share > 0.9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_store(demo_folder, progress=stop)
    assert list_rows() == before


@pytest.mark.django_db
def test_command_loads_and_tells_how_much(demo_folder: Path) -> None:
    out = StringIO()
    call_command("load_territories", str(demo_folder), stdout=out)
    assert out.getvalue().startswith("17 EPCI, 350 communes")


@pytest.mark.django_db
def test_command_refuses_an_empty_folder_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Aucune donnée dans"):
        call_command("load_territories", str(tmp_path))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_stored_portrait_gives_the_json_of_the_command_line(
    territories: Store, demo_folder: Path, language: Any
) -> None:
    epci = queries.find_epci(CODE)
    assert epci is not None
    expected = build_json(build_diagnosis(open_store(demo_folder), CODE), language)
    given = queries.build_portrait_json(territories, epci, language)
    assert given == expected
    assert list(given) == list(expected)


def test_stored_portrait_gives_the_diagnosis_back(territories: Store, demo_folder: Path) -> None:
    epci = queries.find_epci(CODE)
    assert epci is not None
    original = build_diagnosis(open_store(demo_folder), CODE)
    rows = queries.build_commune_rows(territories, queries.list_communes(epci))
    given = content.unpack(epci.portrait, rows)
    assert build_json(given, "fr") == build_json(original, "fr")
    assert given.communes.columns == original.communes.columns
    assert given.destinations.schema == original.destinations.schema


def test_portraits_know_origins_of_workers_up_to_the_jobs(territories: Store) -> None:
    for epci in Epci.objects.all():
        jobs = next(value["value"] for value in epci.portrait["indicators"] if value["id"] == "jobs")
        origins = epci.portrait["origins"]
        assert sum(row["workers"] for row in origins) == pytest.approx(jobs, abs=0.5)
        assert all(row["workers"] >= 200 for row in origins if row["code"] != "other")
        assert sum(row["share_pct"] for row in origins) == pytest.approx(100, abs=0.1)


def test_maps_hold_the_communes_their_neighbours_and_what_surrounds_them(territories: Store) -> None:
    drawn = queries.read_map(CODE)
    assert drawn is not None
    features = drawn["communes"]["features"]
    inside = [f["properties"]["code"] for f in features if f["properties"]["inside"]]
    own = Commune.objects.filter(epci_id=CODE)
    assert sorted(inside) == sorted(own.values_list("code", flat=True))
    outside = {f["properties"]["code"] for f in features if not f["properties"]["inside"]}
    assert outside
    assert not outside & set(inside)
    west, south, east, north = drawn["bounds"]
    lon, lat = drawn["centre"]
    assert west < lon < east
    assert south < lat < north
    value = own.get(code="00001").values["employment_concentration"]
    (aigremer,) = (f["properties"] for f in features if f["properties"]["code"] == "00001")
    assert aigremer["employment_concentration"] == value
    assert {end["code"] for end in drawn["destinations"]}.isdisjoint(inside)
    assert {site["kind"] for site in drawn["sites"]} == {"third_place", "brownfield"}
    assert queries.read_map("999999999") is None


def build_tables(folder: Path, **changed: pl.LazyFrame | None) -> Tables:
    """Return the tables of the demo store where some are replaced, or left out where None."""
    tables = open_store(folder)
    frames = {name: frame for name, frame in {**tables.frames, **changed}.items() if frame is not None}
    return replace(tables, frames=frames)


def write_store(tables: Tables, folder: Path) -> Path:
    """Write tables as a plain folder."""
    folder.mkdir()
    for name, frame in tables.frames.items():
        frame.collect().write_parquet(folder / f"{name}.parquet")
    return folder


def test_store_without_outlines_draws_points(demo_folder: Path, tmp_path: Path) -> None:
    tables = build_tables(demo_folder, commune_polygons=None, epci_polygons=None)
    opened = open_for_loading(write_store(tables, tmp_path / "store"))
    loaded = next(iter(build_portraits(opened)))
    drawn = content.unpack_map(loaded.map)
    assert {feature["geometry"]["type"] for feature in drawn["communes"]["features"]} == {"Point"}
    assert drawn["bounds"] is not None
    assert drawn["around"]["features"] == []


@pytest.mark.django_db
def test_store_without_flows_still_gives_portraits(demo_folder: Path, tmp_path: Path) -> None:
    names = [name for name in open_store(demo_folder).frames if name.startswith("flows")]
    load_store(write_store(build_tables(demo_folder, **dict.fromkeys(names)), tmp_path / "store"))
    epci = Epci.objects.get(code=CODE)
    assert not epci.has_flows
    assert epci.portrait["destinations"] == epci.portrait["origins"] == []
    drawn = queries.read_map(CODE)
    assert drawn is not None
    assert drawn["destinations"] == []


@pytest.mark.django_db
def test_commune_without_epci_keeps_its_values(demo_folder: Path, tmp_path: Path) -> None:
    communes = (
        open_store(demo_folder)
        .frames["communes"]
        .with_columns(pl.when(pl.col("code") == "00001").then(None).otherwise(pl.col("epci_code")).alias("epci_code"))
    )
    load_store(write_store(build_tables(demo_folder, communes=communes), tmp_path / "store"))
    alone = Commune.objects.get(code="00001")
    assert alone.epci is None
    assert alone.values["everyday_services_rate"] == pytest.approx(90.47619)
    assert Epci.objects.get(code=CODE).communes_count == 39


@pytest.mark.parametrize(
    ("name", "slug"),
    [("CC des Vallées d'Ombreval", "cc-des-vallees-d-ombreval"), ("CA Œuvre – L’Été", "ca-oeuvre-l-ete")],
)
def test_slug_keeps_elided_words_apart(name: str, slug: str) -> None:
    assert build_slug(name, 100) == slug


def test_classes_are_quintiles_told_apart_once_rounded() -> None:
    found = layers.choose_classes([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 0)
    assert found is not None
    assert found.breaks == (2, 3, 4, 5)
    assert layers.choose_classes([1.0, 1.0, 1.0], 1) is None
    assert layers.choose_classes([1.0, 2.0], 1) is None
