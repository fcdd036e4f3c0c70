"""Indicators on a store small enough to sum by hand."""

from __future__ import annotations

import polars as pl
import pytest
from diagnosis_tables import METROPOLIS, RURAL, build_frames, build_tables

from ancrage.diagnosis import FAMILIES, UNITS, compute_indicators, list_indicators
from ancrage.diagnosis.labour import read_employed
from ancrage.diagnosis.services import EVERYDAY_SERVICES, FOOD_SHOPS, build_label_key
from ancrage.diagnosis.telework import compute_telework_potential
from ancrage.parameters import load_parameters

EXECUTIVES = load_parameters().get("tele_share_cadres").value
MANUAL = load_parameters().get("tele_share_ouvriers").value


@pytest.fixture(scope="module")
def epci_rows() -> pl.DataFrame:
    return compute_indicators(build_tables(), "epci")


@pytest.fixture(scope="module")
def commune_rows() -> pl.DataFrame:
    return compute_indicators(build_tables(), "commune")


def read_row(rows: pl.DataFrame, indicator: str, code: str) -> dict[str, object]:
    found = rows.filter(pl.col("indicator") == indicator, pl.col("code") == code)
    assert len(found) == 1
    return found.row(0, named=True)


@pytest.mark.parametrize(
    ("indicator", "value", "coverage"),
    [
        ("employed_residents", 500.0, 1.0),
        ("jobs", 225.0, 1.0),
        ("employment_concentration", 45.0, 1.0),
        ("out_commuting_share", 70.0, 1.0),
        ("stability_share", 30.0, 1.0),
        ("pole_share", 30.0, 1.0),
        ("metropolis_share", 50.0, 1.0),
        ("long_commute_share", 62.5, 1.0),
        ("car_share", 70.0, 1.0),
        ("public_transport_share", 10.0, 1.0),
        ("median_commute_women", 24.0, None),
        ("median_commute_men", 34.0, None),
        ("telework_potential", 50 * (EXECUTIVES + MANUAL), 1000 / 1500),
        ("telework_potential_flows", 100 * (100 * EXECUTIVES + 400 * MANUAL) / 500, 1.0),
        ("workers_share", 50.0, 1000 / 1500),
        ("workers_share_flows", 80.0, 1.0),
        ("executives_share", 50.0, 1000 / 1500),
        ("population", 1500.0, 1.0),
        ("population_growth", 10.0, 1000 / 1500),
        ("outside_attraction_share", 100 * 500 / 1500, 1.0),
        ("long_vacancy_share", 4.0, 1000 / 1500),
        ("everyday_services_rate", 100 * 2500 / (21 * 1500), 1.0),
        ("everyday_services_change", -25.0, 1.0),
        ("service_types", 2.0, None),
        ("communes_without_food_shop", 0.0, 1.0),
        ("schools", 2.0, 1.0),
        ("communes_without_school", 50.0, 1.0),
        ("communes_without_school_bpe", 50.0, 1.0),
        ("median_of_commune_living_standards", 20000.0, 1000 / 1500),
        ("brownfields", 2.0, 1.0),
        ("brownfield_surface", 5000.0, 1.0),
        ("potential_brownfields", 1.0, 1.0),
        ("third_places", 1.0, 1.0),
        ("pvd_communes", 1.0, 1.0),
        ("industry_territory_share", 100 * 1000 / 1500, 1.0),
        ("frr_share", 100 * 500 / 1500, 1.0),
    ],
)
def test_indicator_equals_the_sum_made_by_hand(
    epci_rows: pl.DataFrame, indicator: str, value: float, coverage: float | None
) -> None:
    row = read_row(epci_rows, indicator, RURAL)
    assert row["value"] == pytest.approx(value, abs=1e-6)
    assert row["status"] == "published"
    assert row["coverage"] == (None if coverage is None else pytest.approx(coverage, abs=1e-6))


def test_every_indicator_has_one_row_per_epci(epci_rows: pl.DataFrame) -> None:
    ids = [i.id for i in list_indicators() if "epci" in i.levels]
    assert epci_rows.group_by("indicator", maintain_order=True).len().rows() == [(name, 2) for name in ids]


@pytest.mark.parametrize("indicator", ["industrial_legacy", "ageing", "presential_jobs_share", "shop_vacancy"])
def test_indicator_without_open_table_is_not_published(epci_rows: pl.DataFrame, indicator: str) -> None:
    assert read_row(epci_rows, indicator, RURAL)["status"] == "not_published"
    assert next(i for i in list_indicators() if i.id == indicator).unpublished is not None


def test_withheld_values_are_secret_and_absent_ones_are_not_published(epci_rows: pl.DataFrame) -> None:
    assert read_row(epci_rows, "long_vacancy_share", METROPOLIS)["status"] == "secret"
    assert read_row(epci_rows, "median_of_commune_living_standards", METROPOLIS)["status"] == "secret"
    assert read_row(epci_rows, "median_commute_women", METROPOLIS)["status"] == "not_published"


def test_flows_towards_another_town_do_not_speak_for_its_residents(epci_rows: pl.DataFrame) -> None:
    # 75 people of the métropole are in the file, for 900 expected: it is an extract, not a count.
    row = read_row(epci_rows, "employed_residents", METROPOLIS)
    assert (row["value"], row["status"]) == (None, "not_published")


def test_newest_flows_that_cover_the_epci_are_chosen() -> None:
    older = build_frames()["flows"].with_columns(pl.lit(2010).alias("vintage"), pl.col("workers") * 2)
    newest = build_frames()["flows"].head(1).with_columns(pl.lit(2023).alias("vintage"))
    rows = compute_indicators(build_tables(flows_old=older, flows_new=newest), "epci")
    row = read_row(rows, "employed_residents", RURAL)
    assert (row["value"], row["vintage"]) == (500.0, "2020")


def test_detailed_flows_give_the_totals_where_no_table_of_totals_exists() -> None:
    rows = compute_indicators(build_tables(flows=None), "epci")
    row = read_row(rows, "employed_residents", RURAL)
    assert (row["value"], row["vintage"]) == (500.0, "2019")


def test_commune_values_follow_the_same_formulas(commune_rows: pl.DataFrame) -> None:
    assert read_row(commune_rows, "out_commuting_share", "01001")["value"] == 50.0
    assert read_row(commune_rows, "out_commuting_share", "01002")["value"] == 100.0
    assert read_row(commune_rows, "schools", "01001")["value"] == 2.0


def test_commune_figures_under_200_workers_are_not_published(commune_rows: pl.DataFrame) -> None:
    row = read_row(commune_rows, "jobs", "01002")
    assert (row["value"], row["numerator"], row["status"]) == (None, None, "not_published")
    # A concentration would give away the 175 jobs of Aubourg, or the 50 of Bellac.
    assert read_row(commune_rows, "employment_concentration", "01001")["value"] is None


def test_missing_table_makes_its_indicators_not_published() -> None:
    rows = compute_indicators(build_tables(flows=None, flows_detail=None, schools=None), "epci")
    for name in ("jobs", "out_commuting_share", "telework_potential_flows", "schools"):
        assert read_row(rows, name, RURAL)["status"] == "not_published"
    assert read_row(rows, "population", RURAL)["value"] == 1500.0


def test_labels_of_one_vintage_only_are_never_compared(commune_rows: pl.DataFrame) -> None:
    # "Trésorerie" (2009) and "Station service" (2013) are left out of the types of Aubourg.
    assert read_row(commune_rows, "service_types", "01001")["value"] == 2.0


def test_label_key_forgives_accents_case_and_spaces() -> None:
    assert build_label_key("Épicerie") == build_label_key("EPICERIE ") == "epicerie"


def test_lists_of_services_are_written_as_keys() -> None:
    keys = [key for keys in EVERYDAY_SERVICES.values() for key in keys]
    assert len(EVERYDAY_SERVICES) == 21
    assert [build_label_key(key) for key in (*keys, *FOOD_SHOPS)] == [*keys, *FOOD_SHOPS]
    assert len(set(keys)) == len(keys)


def test_indicators_have_known_families_and_units_and_unique_ids() -> None:
    indicators = list_indicators()
    assert len({i.id for i in indicators}) == len(indicators)
    assert {i.family for i in indicators} == set(FAMILIES)
    assert {i.unit for i in indicators} == set(UNITS)


def test_arrondissements_are_summed_into_their_commune() -> None:
    frames = build_frames()
    paris = frames["communes"].head(1).with_columns(pl.lit("75056").alias("code"), pl.lit("Paris").alias("name"))
    series = pl.DataFrame(
        {"code": ["75101", "75102", "75101", "75102", "75056"], "year": [2010, 2010, 2011, 2011, 2012]}
    ).with_columns(pl.Series("population", [600, 400, 660, 440, 1210]))
    vacancy = pl.DataFrame(
        {
            "code": ["75101", "75102", "75103"],
            "private_dwellings_2022": [100.0, 300.0, None],
            "vacant_2y_share_pct": [8.0, 4.0, None],
        }
    )
    tables = build_tables(
        communes=pl.concat([frames["communes"], paris]),
        population_2013_2022=series,
        housing_vacancy_communes_2021=vacancy,
    )
    rows = compute_indicators(tables, "commune")
    assert read_row(rows, "population_growth", "75056")["value"] == pytest.approx(10.0, abs=1e-6)
    # 8 + 12 empty dwellings of 400; the arrondissement withheld is left out.
    assert read_row(rows, "long_vacancy_share", "75056")["value"] == 5.0


def test_indicator_accepts_other_tele_shares() -> None:
    rows = compute_telework_potential(build_tables(), "epci", {1: 0, 2: 0, 3: 0.5, 4: 0, 5: 0, 6: 0.1})
    assert rows.filter(pl.col("code") == RURAL)["value"].item() == pytest.approx(30.0)


def test_arrondissements_are_not_counted_beside_their_whole_commune() -> None:
    labour = build_frames()["labour_csp_communes_2000plus_2018"]
    both = pl.concat([labour.with_columns(pl.lit(code).alias("code")) for code in ("75056", "75101", "13201", "13202")])
    employed = read_employed(build_tables(labour_csp_communes_2000plus_2018=both)).sort("code")
    assert employed.rows() == [("13055", 200.0), ("75056", 100.0)]
