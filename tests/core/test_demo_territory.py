"""The demo store: same bytes for the same seed, tables that agree with each other, and the shape it promises."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import shapely

from ancrage.errors import InputError
from ancrage.opendata.demo import build_demo_tables, write_demo_store
from ancrage.opendata.demo_names import EPCI_PLANS, list_village_names
from ancrage.opendata.demo_region import KM_PER_DEGREE, Draws
from ancrage.opendata.manifest import compute_checksum, read_manifest
from ancrage.opendata.store import open_store
from ancrage.territory.geography import compute_great_circle_km

EXPECTED_DRAWS = [0.33187239186810047, 0.6118959736456587, 0.5076326598924166]
MAIN = "000000001"
METROPOLIS = "000000002"
FLOWS = "flows_demo_2021_csp_mode"
REAL_COLUMNS = {
    "commune_polygons": ["code", "geometry"],
    "epci_polygons": ["epci_code", "geometry"],
    "flows": [
        "origin_commune", "destination_commune", "origin_2025", "destination_2025", "workers", "vintage", "source",
    ],
    FLOWS: [
        "origin_commune", "destination_commune", "mode", "csp", "workers", "origin_2025", "destination_2025",
        "vintage",
    ],
    "population_2013_2022": ["code", "year", "population"],
    "housing_vacancy_communes_2021": ["code", "name", "private_dwellings_2022", "vacant_2y_share_pct"],
    "bpe_communes_2009_2013": ["commune", "equipment", "count", "year"],
    "bpe_education_2018": ["commune", "bpe_type", "sector", "count"],
    "commute_time_epci_2018": [
        "epci_code", "sex", "median_commute_minutes", "mean_commute_minutes", "max_commute_minutes",
    ],
    "territoires_industrie_members": ["ti_id", "ti_name", "siren", "member_name", "is_epci"],
    "petites_villes_de_demain": ["pvd_id", "name", "date_signature", "commune", "members"],
}  # fmt: skip


@cache
def build_once(seed: int) -> dict[str, pl.DataFrame]:
    return build_demo_tables(seed)


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    return build_once(1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    assert write_demo_store(folder) == MAIN
    return folder


def read_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def compute_shares(tables: dict[str, pl.DataFrame], epci: str) -> dict[str, float]:
    """Return the figures [%] of one EPCI that the demo promises in docs/guide/demo.md."""
    communes = tables["communes"].select("code", "epci_code", "lon", "lat")
    flows = (
        tables[FLOWS]
        .join(communes, left_on="origin_2025", right_on="code")
        .join(communes, left_on="destination_2025", right_on="code", suffix="_work")
    )
    jobs = float(flows.filter(pl.col("epci_code_work") == epci)["workers"].sum())
    mine = flows.filter(pl.col("epci_code") == epci)
    crow = compute_great_circle_km(*(mine[c].to_numpy() for c in ("lon", "lat", "lon_work", "lat_work")))
    total = float(mine["workers"].sum())

    def share(rows: pl.Expr | pl.Series) -> float:
        return 100 * float(mine.filter(rows)["workers"].sum()) / total

    return {
        "concentration": 100 * jobs / total,
        "outside": share(pl.col("epci_code_work") != epci),
        "beyond_20_km": share(pl.Series(crow > 20)),
        "car": share(pl.col("mode") == "car"),
        **{f"cs{c}": share(pl.col("csp") == c) for c in range(1, 7)},
    }


def test_demo_store_has_the_same_bytes_for_the_same_seed(store: Path, tmp_path: Path) -> None:
    write_demo_store(tmp_path / "again", seed=1)
    assert read_bytes(tmp_path / "again") == read_bytes(store)


def test_demo_store_of_another_seed_differs_everywhere(
    store: Path, tables: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    write_demo_store(tmp_path, seed=2)
    first, second = read_bytes(store), read_bytes(tmp_path)
    assert sorted(first) == sorted(second)
    # Only the list of members of the industrial programme does not depend on the land.
    same = {name for name in first if first[name] == second[name]}
    assert same == {".lock", "territoires_industrie_members.parquet"}


def test_draws_are_frozen() -> None:
    # If this changes, every demo store changes: the stream must not depend on the version of NumPy.
    assert Draws(1, 1).draw(3).tolist() == EXPECTED_DRAWS
    assert Draws(1, 2).draw(3).tolist() != EXPECTED_DRAWS


def test_demo_store_says_it_is_fictional_in_every_table(store: Path) -> None:
    manifest = read_manifest(store)
    assert manifest is not None
    assert manifest.fictional
    assert open_store(store).fictional
    files = {path.stem for path in store.glob("*.parquet")}
    assert set(manifest.tables) == files
    # Each title says what the table holds.
    assert len({entry.source.title for entry in manifest.tables.values()}) == len(files)
    for name, entry in manifest.tables.items():
        path = store / f"{name}.parquet"
        assert entry.source.title.fr.startswith("Territoire fictif : ")
        assert entry.source.title.en.startswith("Fictional territory: ")
        assert (entry.source.producer, entry.source.licence) == ("Ancrage", "CC0")
        assert entry.source.vintage
        assert entry.source.checksum == compute_checksum(path)
        assert entry.rows == pl.scan_parquet(path).select(pl.len()).collect().item() > 0
        assert pl.read_parquet_metadata(path)["fictional"] == "true"


def test_demo_store_names_are_marked_or_coded_as_fictional(tables: dict[str, pl.DataFrame]) -> None:
    assert tables["epci"]["name"].str.ends_with("(territoire fictif)").all()
    communes = tables["communes"]
    assert communes["epci_name"].str.ends_with("(territoire fictif)").all()
    assert communes["departement_name"].unique().to_list() == ["Département fictif"]
    # No commune has a code in a département "00", and no SIREN starts with so many zeros.
    assert communes["code"].str.starts_with("00").all()
    assert tables["epci"]["epci_code"].str.starts_with("0000000").all()
    for name in ("brownfields_cartofriches", "third_places", "schools", "petites_villes_de_demain"):
        assert tables[name]["name"].str.contains("ficti[fv]").all(), name


def test_demo_tables_have_the_columns_of_the_real_ones(tables: dict[str, pl.DataFrame]) -> None:
    for name, columns in REAL_COLUMNS.items():
        assert tables[name].columns == columns


@pytest.mark.realdata
def test_demo_tables_have_the_types_of_the_real_ones(tables: dict[str, pl.DataFrame], real_data: Path) -> None:
    # Categories are plain strings here, and polygons plain WKB, so that bytes do not depend on the run.
    loose = {("bpe_communes_2009_2013", "equipment"), ("commune_polygons", "geometry"), ("epci_polygons", "geometry")}
    compared = 0
    for name, frame in tables.items():
        if name == FLOWS:
            continue
        real = pl.read_parquet_schema(real_data / f"{name}.parquet")
        assert frame.columns == list(real), name
        for column, kind in frame.schema.items():
            if (name, column) not in loose:
                assert kind == real[column], (name, column)
                compared += 1
    assert compared > 100


@pytest.mark.realdata
def test_demo_communes_have_no_real_name(tables: dict[str, pl.DataFrame], real_data: Path) -> None:
    real = set(pl.read_parquet(real_data / "communes.parquet")["name"])
    assert real.isdisjoint(list_village_names())
    assert real.isdisjoint(town.name for plan in EPCI_PLANS for town in plan.towns)
    assert real.isdisjoint(tables["communes"]["name"])


def test_demo_communes_are_unique_and_each_in_one_epci(tables: dict[str, pl.DataFrame]) -> None:
    communes, epci = tables["communes"], tables["epci"]
    assert communes["code"].is_unique().all()
    assert communes["name"].is_unique().all()
    counts = communes.group_by("epci_code").agg(
        pl.len().cast(pl.Int64).alias("n"), pl.col("population_2022").sum(), pl.col("area_km2").sum()
    )
    joined = epci.join(counts, on="epci_code", suffix="_sum")
    assert joined.height == epci.height == len(EPCI_PLANS)
    assert joined["n_communes"].to_list() == joined["n"].to_list()
    assert joined["population_2022"].to_list() == joined["population_2022_sum"].to_list()
    assert joined["area_km2"].to_list() == pytest.approx(joined["area_km2_sum"].to_list(), abs=0.006)
    assert epci.filter(pl.col("epci_code") == MAIN)["population_2022"].item() == 32_000
    assert epci.filter(pl.col("epci_code") == METROPOLIS)["population_2022"].item() == 250_000


def test_demo_has_enough_rural_epci_to_compare_with(tables: dict[str, pl.DataFrame]) -> None:
    rural = tables["epci"].filter(pl.col("nature") == "CC", pl.col("density_3") == "3")
    assert rural.height == 15
    assert MAIN in rural["epci_code"].to_list()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_demo_polygons_are_valid_do_not_overlap_and_leave_no_gap(seed: int) -> None:
    made = build_once(seed)
    communes = made["communes"]
    polygons = shapely.from_wkb(made["commune_polygons"]["geometry"].to_numpy())
    assert made["commune_polygons"]["code"].to_list() == communes["code"].to_list()
    assert shapely.is_valid(polygons).all()
    assert shapely.coverage_is_valid(polygons)
    whole = shapely.coverage_union_all(polygons)
    assert whole.geom_type == "Polygon"
    assert len(whole.interiors) == 0
    assert shapely.contains_xy(polygons, communes["lon"].to_numpy(), communes["lat"].to_numpy()).all()
    by_epci = shapely.from_wkb(made["epci_polygons"]["geometry"].to_numpy())
    assert shapely.coverage_is_valid(by_epci)
    assert {polygon.geom_type for polygon in by_epci} == {"Polygon"}
    assert shapely.area(by_epci).sum() == pytest.approx(whole.area, rel=1e-9)
    # The area given is that of the polygon on the sphere: degrees shrink with the cosine of the latitude.
    lat = shapely.get_y(shapely.centroid(polygons))
    area = shapely.area(polygons) * KM_PER_DEGREE**2 * np.cos(np.radians(lat))
    assert communes["area_km2"].to_numpy() == pytest.approx(area, rel=5e-3)


def test_demo_polygons_are_geoparquet(store: Path) -> None:
    for name in ("commune_polygons", "epci_polygons"):
        geo = json.loads(pl.read_parquet_metadata(store / f"{name}.parquet")["geo"])
        assert geo["primary_column"] == "geometry"
        assert geo["columns"]["geometry"]["encoding"] == "WKB"
        assert geo["columns"]["geometry"]["geometry_types"] == ["Polygon"]
        west, south, east, north = geo["columns"]["geometry"]["bbox"]
        assert -5 < west < east < 9
        assert 42 < south < north < 51


def test_demo_flow_totals_agree_with_detail_and_residents(tables: dict[str, pl.DataFrame]) -> None:
    detail, totals = tables[FLOWS], tables["flows"]
    pairs = detail.group_by("origin_2025", "destination_2025").agg(pl.col("workers").sum())
    joined = totals.join(pairs, on=["origin_2025", "destination_2025"], suffix="_detail")
    assert joined.height == totals.height == pairs.height
    assert joined["workers"].to_list() == pytest.approx(joined["workers_detail"].to_list(), abs=1e-3)
    # Employed residents are whole persons, and 36 to 46 % of the inhabitants.
    homes = detail.group_by("origin_2025").agg(pl.col("workers").sum())
    assert homes.height == tables["communes"].height
    assert homes["workers"].to_list() == pytest.approx(homes["workers"].round().to_list(), abs=0.02)
    rate = homes.join(tables["communes"], left_on="origin_2025", right_on="code").select(
        pl.col("workers") / pl.col("population_2022")
    )["workers"]
    assert rate.is_between(0.36, 0.46).all()
    # Towns of the census table of labour: active minus unemployed people work, in the same classes.
    labour = tables["labour_csp_communes_2000plus_2018"].join(homes, left_on="code", right_on="origin_2025")
    employed = (labour["active_15plus"] - labour["unemployed_15plus"]).to_list()
    assert labour["workers"].to_list() == pytest.approx(employed, abs=0.2)
    classes = labour.select(pl.sum_horizontal(pl.col("^active_cs.*$")).alias("sum"))["sum"].to_list()
    assert classes == pytest.approx(labour["active_15plus"].to_list(), abs=0.5)
    big = tables["communes"].filter(pl.col("population_2022") >= 2_000)["code"].sort()
    assert labour["code"].sort().to_list() == big.to_list()


def test_demo_flows_are_sparse_and_weighted_like_a_census(tables: dict[str, pl.DataFrame]) -> None:
    detail = tables[FLOWS]
    assert detail.select("origin_2025", "destination_2025", "csp", "mode").is_unique().all()
    assert (detail["workers"] > 0.5).all()
    assert detail["workers"].median() == pytest.approx(4.5, abs=0.2)
    assert set(detail["csp"]) == {1, 2, 3, 4, 5, 6}
    assert set(detail["mode"]) == {"home", "walk_bike", "public_transport", "car"}
    assert tables["flows"].height < 0.15 * tables["communes"].height ** 2
    at_home = detail.filter(pl.col("mode") == "home")
    assert (at_home["origin_2025"] == at_home["destination_2025"]).all()
    codes = tables["communes"]["code"].implode()
    assert detail["destination_2025"].is_in(codes).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_demo_epci_looks_like_what_the_guide_says(seed: int) -> None:
    made = build_once(seed)
    main, city = compute_shares(made, MAIN), compute_shares(made, METROPOLIS)
    assert 50 <= main["concentration"] <= 60
    assert 59 <= main["outside"] <= 65
    assert 30 <= main["beyond_20_km"] <= 46
    assert 80 <= main["car"] <= 88
    usual = {"cs1": 3, "cs2": 8, "cs3": 11, "cs4": 24, "cs5": 28, "cs6": 26}
    for name, value in usual.items():
        assert main[name] == pytest.approx(value, abs=2.5), name
    assert 125 <= city["concentration"] <= 145


def test_demo_factory_town_bears_its_closure(tables: dict[str, pl.DataFrame]) -> None:
    communes = tables["communes"]
    code = communes.filter(pl.col("name") == "Fargecombe")["code"].item()
    site = tables["brownfields_cartofriches"].filter(pl.col("former_activity").is_not_null())
    assert site["commune"].to_list() == [code]
    assert "420 emplois" in site["former_activity"].item()
    flows = tables[FLOWS]
    homes = flows.filter(pl.col("origin_2025") == code)
    jobs = flows.filter(pl.col("destination_2025") == code)["workers"].sum()
    manual = homes.filter(pl.col("csp") == 6)["workers"].sum()
    assert jobs / homes["workers"].sum() < 0.65
    assert manual / homes["workers"].sum() > 0.31
    people = tables["population_2013_2022"].filter(pl.col("code") == code).sort("year")["population"]
    assert people.last() / people.first() < 0.93


def test_demo_population_history_ends_with_the_population(tables: dict[str, pl.DataFrame]) -> None:
    history = tables["population_2013_2022"]
    assert history.height == 10 * tables["communes"].height
    last = history.filter(pl.col("year") == 2022)
    assert last["code"].to_list() == tables["communes"]["code"].to_list()
    assert last["population"].to_list() == tables["communes"]["population_2022"].to_list()


def test_demo_has_one_third_place_in_the_studied_epci(tables: dict[str, pl.DataFrame]) -> None:
    inside = tables["communes"].filter(pl.col("epci_code") == MAIN)["code"].implode()
    places = tables["third_places"]
    assert places.filter(pl.col("commune").is_in(inside))["name"].to_list() == ["La Fabrique d'Aigremer (lieu fictif)"]


def test_demo_schools_agree_with_facilities(tables: dict[str, pl.DataFrame]) -> None:
    schools = tables["schools"].group_by("commune").agg(pl.len().cast(pl.Int64).alias("n"))
    counted = tables["bpe_education_2018"].group_by("commune").agg(pl.col("count").sum().cast(pl.Int64))
    joined = schools.join(counted, on="commune", how="full")
    assert joined["n"].to_list() == joined["count"].to_list()
    assert tables["schools"]["uai"].is_unique().all()


def test_demo_withholds_what_a_source_would_withhold(tables: dict[str, pl.DataFrame]) -> None:
    vacancy = tables["housing_vacancy_communes_2021"]
    told = vacancy.drop_nulls("vacant_2y_share_pct")
    assert 0 < told.height < vacancy.height
    assert (told["private_dwellings_2022"] * told["vacant_2y_share_pct"] / 100).min() >= 11


def test_write_demo_store_replaces_a_demo_store(store: Path, tmp_path: Path) -> None:
    write_demo_store(tmp_path, seed=3)
    write_demo_store(tmp_path, seed=1)
    assert read_bytes(tmp_path) == read_bytes(store)


def test_write_demo_store_refuses_a_folder_of_other_tables(tmp_path: Path) -> None:
    pl.DataFrame({"code": ["75056"]}).write_parquet(tmp_path / "communes.parquet")
    before = read_bytes(tmp_path)
    with pytest.raises(InputError, match=r"communes\.parquet") as refused:
        write_demo_store(tmp_path)
    assert "dossier vide" in refused.value.text.fr
    assert read_bytes(tmp_path) == before


def test_write_demo_store_refuses_a_file(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="is a file"):
        write_demo_store(tmp_path / "demo")
    assert (tmp_path / "demo").read_text(encoding="utf-8") == "mine"


def test_write_demo_store_refuses_a_negative_seed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="seed of the demo territory is -1"):
        write_demo_store(tmp_path, seed=-1)
    assert list(tmp_path.iterdir()) == []
