"""Loading a study area from the tables of a store."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from ancrage.errors import InputError, MissingDataError
from ancrage.figures import Source
from ancrage.language import Text
from ancrage.opendata.load import load_territory
from ancrage.opendata.store import open_store
from ancrage.territory.geography import compute_great_circle_km
from ancrage.territory.model import Mode, Territory
from ancrage.territory.tables import Tables
from ancrage.territory.travel import Points, TravelPairs


class CrowAtSixty:
    """One minute per kilometre as the crow flies; never from `closed`."""

    name = "crow"
    version = "1"
    label = Text("crow", "vol d'oiseau")

    def __init__(self, closed: str = "") -> None:
        self.closed = closed

    def compute_pairs(self, points: Points, origins: NDArray[np.int64], destinations: NDArray[np.int64]) -> TravelPairs:
        km = compute_great_circle_km(
            points.lon[origins], points.lat[origins], points.lon[destinations], points.lat[destinations]
        )
        return TravelPairs(np.where(points.code[origins] == self.closed, np.nan, km), km, estimated=True)


# A and B are the EPCI; C and D are 10 and 30 km north of A, E is 100 km away in another region.
COMMUNES = pl.DataFrame(
    {
        "code": ["77001", "77002", "77003", "51004", "75056"],
        "name": ["A", "B", "C", "D", "Paris"],
        "epci_code": ["200000001", "200000001", "200000002", "200000003", None],
        "epci_name": ["CC des Deux Rus", "CC des Deux Rus", "CC du Nord", "CC Loin", None],
        "departement": ["77", "77", "77", "51", "75"],
        "region": ["11", "11", "11", "44", "11"],
        "lon": [3.0, None, 3.0, 3.0, 2.0],
        "lat": [48.0, None, 48.09, 48.27, 48.9],
        "centroid_lon": [3.01, 3.0, 3.0, 3.0, 2.0],
        "centroid_lat": [48.0, 48.01, 48.09, 48.27, 48.9],
        "area_km2": [10.0, 10.0, 10.0, 10.0, 105.0],
        "population_2022": [1000, 3000, 2000, 500, 2_000_000],
    }
)
DETAIL = pl.DataFrame(
    {
        "origin_2025": ["77001", "77001", "77002", "77003"],
        "destination_2025": ["77001", "75056", "99110", "77001"],
        "csp": [2, 3, 5, 6],
        "mode": ["home", "public_transport", "car", "car"],
        "workers": [10.0, 30.0, 5.0, 8.0],
        "vintage": [2020, 2020, 2020, 2020],
    }
)
TOTALS = DETAIL.drop("csp", "mode")


def build_tables(**frames: pl.DataFrame) -> Tables:
    given = {"communes": COMMUNES, **frames}
    return Tables({name: frame.lazy() for name, frame in given.items()})


def load(minutes: float = 15.0, codes: tuple[str, ...] = ("200000001",), **frames: pl.DataFrame) -> Territory:
    return load_territory(build_tables(**(frames or {"flows_detail": DETAIL})), codes, CrowAtSixty(), minutes)


def list_cells(territory: Territory) -> list[tuple[Any, ...]]:
    code, flows = territory.communes.code, territory.flows
    return [
        (str(code[h]), str(code[w]) if w >= 0 else "", int(c), Mode(m), float(n))
        for h, w, c, m, n in zip(flows.home, flows.work, flows.occupation, flows.mode, flows.workers, strict=True)
    ]


def test_load_territory_separates_inside_halo_and_work_places() -> None:
    territory = load()
    assert list(territory.communes.code) == ["75056", "77001", "77002", "77003"]
    assert list(territory.inside) == [False, True, True, False]
    assert list(territory.halo) == [False, False, False, True]
    assert territory.name == "CC des Deux Rus"
    assert territory.epci_codes == ("200000001",)


def test_load_territory_keeps_every_flow_and_marks_unknown_work_places() -> None:
    assert list_cells(load()) == [
        ("77001", "75056", 3, Mode.PUBLIC_TRANSPORT, 30.0),
        ("77001", "77001", 2, Mode.HOME, 10.0),
        ("77002", "", 5, Mode.CAR, 5.0),
        ("77003", "77001", 6, Mode.CAR, 8.0),
    ]


def test_load_territory_uses_the_centroid_where_the_chef_lieu_is_missing() -> None:
    territory = load()
    assert territory.communes.lon[2] == 3.0
    assert territory.communes.lat[2] == 48.01


def test_load_territory_halo_follows_the_provider() -> None:
    assert list(load(minutes=5.0).halo) == [False, False, False]
    assert "51004" in load(minutes=30.0).communes.code
    closed = load_territory(build_tables(flows_detail=DETAIL), ["200000001"], CrowAtSixty("77003"), 15.0)
    assert not closed.halo.any()


def test_load_territory_accepts_a_name_and_offers_the_nearest() -> None:
    assert load(codes=("cc des deux rus",)).epci_codes == ("200000001",)
    with pytest.raises(InputError) as refused:
        load(codes=("200000009",))
    assert "200000001" in refused.value.text.en
    with pytest.raises(InputError):
        load(codes=())


def test_load_territory_without_flows_names_what_to_import() -> None:
    with pytest.raises(MissingDataError) as refused:
        load(codes=("200000003",))
    assert "base-flux-mobilite-domicile-lieu-travail" in refused.value.text.en
    with pytest.raises(MissingDataError):
        load_territory(build_tables(), ["200000001"], CrowAtSixty(), 15.0)


def test_load_territory_prefers_the_newest_vintage_then_the_most_detailed_table() -> None:
    older = DETAIL.with_columns(vintage=pl.lit(2014, pl.Int64), workers=pl.col("workers") * 2)
    territory = load(flows_old=older, flows_totals=TOTALS, flows_detail=DETAIL)
    assert territory.flows.vintage == 2020
    assert territory.flows.workers.sum() == 53.0
    assert (territory.flows.class_level, territory.flows.mode_level) == ("observed", "observed")


def test_load_territory_ignores_a_newer_extract_made_around_other_communes() -> None:
    extract = DETAIL.filter(pl.col("destination_2025") == "99110").with_columns(
        vintage=pl.lit(2022, pl.Int64), origin_2025=pl.lit("77001"), workers=pl.lit(3.0)
    )
    territory = load(flows_extract=extract, flows_detail=DETAIL)
    assert territory.flows.vintage == 2020
    assert territory.flows.workers.sum() == 53.0


def test_load_territory_warns_when_vintages_are_mixed() -> None:
    newer = DETAIL.filter(pl.col("origin_2025") == "77003").with_columns(vintage=pl.lit(2022, pl.Int64))
    territory = load(flows_new=newer, flows_detail=DETAIL)
    assert territory.flows.vintage == 2020
    assert any("another census (2022)" in warning.en for warning in territory.warnings)


LABOUR = pl.DataFrame(
    {
        "code": ["77002"],
        "active_15plus": [120.0],
        "unemployed_15plus": [20.0],
        "active_cs1_farmers": [0.0],
        "active_cs2_self_employed": [0.0],
        "active_cs3_executives": [25.0],
        "active_cs4_intermediate": [0.0],
        "active_cs5_clerical": [75.0],
        "active_cs6_workers": [0.0],
    }
)
MOBILITY = pl.DataFrame(
    {
        "code": ["77001", "77002", "77003"],
        "commute_car_pct": [80.0, 50.0, 100.0],
        "commute_public_transport_pct": [20.0, 25.0, 0.0],
        "commute_bike_pct": [0.0, 0.0, 0.0],
    }
)


def test_load_territory_applies_mixes_where_the_file_has_none() -> None:
    territory = load(
        flows_base=TOTALS,
        labour_csp_communes_2000plus_2018=LABOUR,
        commune_mobility_income_2021=MOBILITY,
    )
    assert territory.flows.class_level == "departement"
    assert territory.flows.mode_level == "commune"
    assert territory.flows.workers.sum() == pytest.approx(53.0)
    cells = {cell[:4]: cell[4] for cell in list_cells(territory)}
    # 30 people from A to Paris: a quarter executives (the mix of B, the only one known), four in five by car.
    assert cells["77001", "75056", 3, Mode.CAR] == pytest.approx(6.0)
    assert cells["77001", "75056", 5, Mode.PUBLIC_TRANSPORT] == pytest.approx(4.5)
    # The rest of B (25 %) walks or cycles: nothing in the store tells who works at home.
    assert cells["77002", "", 5, Mode.WALK_BIKE] == pytest.approx(5 * 0.75 * 0.25)
    assert sum("mixed at level" in warning.en for warning in territory.warnings) == 2


def test_load_territory_takes_the_mix_of_an_older_detailed_table_first() -> None:
    older = DETAIL.with_columns(vintage=pl.lit(2014, pl.Int64))
    newer = TOTALS.with_columns(vintage=pl.lit(2021, pl.Int64))
    territory = load(flows_old=older, flows_new=newer)
    assert territory.flows.vintage == 2021
    assert (territory.flows.class_level, territory.flows.mode_level) == ("commune", "commune")
    cells = {cell[:4]: cell[4] for cell in list_cells(territory)}
    # A has 10 self-employed and 30 executives; 10 at home and 30 in public transport.
    assert cells["77001", "77001", 2, Mode.PUBLIC_TRANSPORT] == pytest.approx(10 * 0.25 * 0.75)
    assert territory.flows.workers.sum() == pytest.approx(53.0)


def test_load_territory_without_any_mix_takes_that_of_france_and_says_what_would_be_better() -> None:
    territory = load(flows_base=TOTALS)
    assert (territory.flows.class_level, territory.flows.mode_level) == ("france", "france")
    assert territory.flows.workers.sum() == pytest.approx(53.0)
    cells = {cell[:4]: cell[4] for cell in list_cells(territory)}
    # 30 people from A to Paris; 4,975,407 executives of 27,041,996 employed people, 70.6 % by car.
    assert cells["77001", "75056", 3, Mode.CAR] == pytest.approx(30 * 4_975_407 / 27_041_996 * 0.706)
    assert sum("FD_MOBPRO" in warning.en for warning in territory.warnings) == 2


@pytest.mark.parametrize(
    ("column", "value"), [("mode", "teleport"), ("csp", 9), ("workers", -1.0), ("workers", float("nan"))]
)
def test_load_territory_refuses_unusable_values(column: str, value: object) -> None:
    dtype = DETAIL.schema[column]
    bad = DETAIL.with_columns(
        pl.when(pl.col("destination_2025") == "75056").then(pl.lit(value, dtype)).otherwise(column).alias(column)
    )
    with pytest.raises(InputError) as refused:
        load(flows_detail=bad)
    assert "flows_detail" in refused.value.text.en
    assert column in refused.value.text.fr


def test_load_territory_refuses_flows_without_a_date() -> None:
    with pytest.raises(InputError) as refused:
        load(flows_detail=DETAIL.drop("vintage"))
    assert "vintage" in refused.value.text.en
    assert load(flows_rp2018=DETAIL.drop("vintage")).flows.vintage == 2018


def test_load_territory_takes_the_vintage_of_the_source() -> None:
    source = Source("flows_detail", Text("f", "f"), "INSEE", "2016", "")
    tables = Tables(
        {"communes": COMMUNES.lazy(), "flows_detail": DETAIL.drop("vintage").lazy()}, {"flows_detail": source}
    )
    territory = load_territory(tables, ["200000001"], CrowAtSixty(), 15.0)
    assert territory.flows.vintage == 2016
    assert source in territory.sources


def test_load_territory_measures_coverage_and_warns_below_ninety_percent() -> None:
    territory = load(flows_detail=DETAIL, labour_csp_communes_2000plus_2018=LABOUR)
    assert territory.coverage == pytest.approx(5.0 / 100.0)
    assert any("explains 5 %" in warning.en for warning in territory.warnings)
    assert load().coverage is None


def test_load_territory_warns_at_the_edge_of_the_flow_file() -> None:
    assert not any("edge of the flow file" in warning.en for warning in load(minutes=15.0).warnings)
    edge = [warning for warning in load(minutes=30.0).warnings if "edge of the flow file" in warning.en]
    assert len(edge) == 1
    assert "codes 44" in edge[0].en


def test_load_territory_lists_places_of_the_study_area_only() -> None:
    places = pl.DataFrame(
        {
            "commune": ["77002", "77003"],
            "name": ["Le Lavoir", "Ailleurs"],
            "label": ["tiers_lieu", "tiers_lieu"],
            "source": ["list", "list"],
        }
    )
    existing = load(flows_detail=DETAIL, third_places=places).existing
    assert [(place.commune, place.name, place.kind) for place in existing] == [("77002", "Le Lavoir", "tiers_lieu")]


def test_load_territory_does_not_depend_on_the_order_of_rows() -> None:
    one, other = load(), load(flows_detail=DETAIL.reverse())
    assert list_cells(one) == list_cells(other)


@pytest.mark.realdata
def test_load_territory_reads_the_deux_morin(real_data: Path) -> None:
    load_territory(open_store(real_data), ["200072544"], CrowAtSixty(), 20.0)
    start = time.perf_counter()
    territory = load_territory(open_store(real_data), ["CC des Deux Morin"], CrowAtSixty(), 20.0)
    seconds = time.perf_counter() - start
    assert territory.epci_codes == ("200072544",)
    assert int(territory.inside.sum()) == 31
    assert territory.flows.workers[territory.inside[territory.flows.home]].sum() == pytest.approx(10884.3, abs=0.1)
    assert (territory.flows.vintage, territory.flows.class_level, territory.flows.mode_level) == (
        2014,
        "observed",
        "observed",
    )
    assert [place.name for place in territory.existing] == ["BRIE'NOV"]
    assert territory.coverage == pytest.approx(0.969, abs=0.001)
    assert any("codes 32, 44" in warning.en for warning in territory.warnings)
    assert seconds < 2.0  # about 0.15 s alone on a laptop; the rest is for a busy machine


@pytest.mark.realdata
def test_load_territory_keeps_paris_out_of_the_extract_of_millau(real_data: Path) -> None:
    territory = load_territory(open_store(real_data), ["200054781"], CrowAtSixty(), 5.0)
    paris = np.flatnonzero(territory.communes.code == "75056")
    assert territory.flows.workers[np.isin(territory.flows.home, paris)].sum() > 1_000_000
    assert territory.flows.vintage == 2014
