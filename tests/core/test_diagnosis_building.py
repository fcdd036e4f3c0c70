"""The diagnosis of one EPCI: groups, ranks, destinations, typology, warnings."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from diagnosis_tables import METROPOLIS, RURAL, build_frames, build_many, build_tables
from numpy.typing import NDArray

from ancrage.diagnosis import build_diagnosis, build_workspace, list_indicators
from ancrage.diagnosis.model import Diagnosis, IndicatorValue
from ancrage.diagnosis.typology import build_typology
from ancrage.diagnosis.warnings import list_cut_neighbours
from ancrage.errors import InputError, MissingDataError
from ancrage.language import Text, format_number
from ancrage.territory.search import choose_epci
from ancrage.territory.tables import Tables
from ancrage.territory.travel import Points, TravelPairs

PAGES = Path(__file__).resolve().parents[2] / "docs" / "method" / "indicators"


@cache
def build_rural() -> Diagnosis:
    return build_diagnosis(build_tables(), RURAL)


def get_value(diagnosis: Diagnosis, indicator: str) -> IndicatorValue:
    return next(value for value in diagnosis.values if value.indicator.id == indicator)


def test_rank_and_percentile_are_those_of_the_group() -> None:
    value = get_value(build_diagnosis(build_many(12, 12), "300000002"), "population")
    # Populations 100, 200 ... 1200; this one is 300: nine are larger, three are at or below.
    assert (value.value, value.rank, value.percentile, value.group_size) == (300.0, 10, 25.0, 12)
    assert value.group_median == 650.0
    assert (value.group_p10, value.group_p90) == (pytest.approx(210.0), pytest.approx(1090.0))


def test_group_drops_rurality_first_when_too_few_share_it() -> None:
    diagnosis = build_diagnosis(build_many(14, 4), "300000000")
    assert (diagnosis.group, diagnosis.group_size) == (
        Text("communautés de communes, rural", "communautés de communes, rural"),
        14,
    )
    kept = build_diagnosis(build_many(14, 4), "300000013")
    assert (kept.group.fr, kept.group_size) == ("communautés de communes, rural, farming", 10)


def test_group_drops_density_when_too_few_share_it() -> None:
    tables = build_many(12, 12)
    dense = tables.frames["epci"].with_columns(
        pl.when(pl.int_range(pl.len()) < 5).then(pl.lit("2")).otherwise(pl.lit("3")).alias("density_3")
    )
    diagnosis = build_diagnosis(Tables({**tables.frames, "epci": dense}), "300000000")
    assert (diagnosis.group.fr, diagnosis.group_size) == ("communautés de communes", 12)


def test_no_rank_is_given_when_even_the_widest_group_is_too_small() -> None:
    diagnosis = build_diagnosis(build_tables(), RURAL)
    value = get_value(diagnosis, "population")
    assert (value.value, value.rank, value.percentile, value.group_median, value.group) == (
        1500.0,
        None,
        None,
        None,
        None,
    )
    assert any("No rank" in warning.en for warning in diagnosis.warnings)


def test_ties_share_the_best_rank() -> None:
    value = get_value(build_diagnosis(build_many(12, 12), "300000002"), "outside_attraction_share")
    assert value.status == "not_published"
    tied = build_many(12, 12)
    communes = tied.frames["communes"].with_columns(pl.lit("30").alias("aav2020_category"))
    value = get_value(
        build_diagnosis(Tables({**tied.frames, "communes": communes}), "300000005"), "outside_attraction_share"
    )
    assert (value.value, value.rank, value.percentile) == (100.0, 1, 100.0)


def test_values_bear_their_own_vintage_and_tables() -> None:
    diagnosis = build_rural()
    seen = {v.indicator.id: (v.vintage, v.sources) for v in diagnosis.values}
    assert seen["out_commuting_share"] == ("2020", ("flows",))
    assert seen["workers_share_flows"] == ("2019", ("flows_detail",))
    assert seen["population_growth"] == ("2010-2012", ("population_2013_2022",))
    assert seen["everyday_services_change"] == ("2009-2013", ("bpe_communes_2009_2013",))
    assert seen["long_vacancy_share"] == ("2021", ("housing_vacancy_communes_2021",))


def test_destinations_group_cells_under_200_workers() -> None:
    rows = build_rural().destinations
    assert rows.select("code", "workers", "share_pct", "inside").rows() == [
        ("01003", 250.0, 50.0, False),
        ("other", 250.0, 50.0, None),
    ]
    assert rows["workers"].sum() == 500.0


def test_destinations_never_leave_a_single_cell_to_be_found_by_subtraction() -> None:
    flows = pl.DataFrame(
        {
            "origin_commune": ["01001"] * 3,
            "destination_commune": ["01001", "01003", "01002"],
            "workers": [300.0, 250.0, 60.0],
            "vintage": [2020] * 3,
        }
    )
    rows = build_diagnosis(build_tables(flows=flows), RURAL).destinations
    assert rows.select("code", "workers").rows() == [("01001", 300.0), ("other", 310.0)]


def test_communes_are_those_of_the_epci_with_one_column_per_indicator() -> None:
    communes = build_rural().communes
    assert communes.select("code", "name", "population").rows() == [
        ("01001", "Aubourg", 1000),
        ("01002", "Bellac", 500),
    ]
    expected = [i.id for i in list_indicators() if "commune" in i.levels]
    expected = [i for i in expected if i not in ("population", "long_commute_minutes_share")]
    assert communes.columns == ["code", "name", "population", *expected]


def test_shared_workspace_gives_the_same_diagnosis() -> None:
    alone = build_diagnosis(build_tables(), RURAL)
    workspace = build_workspace(build_tables())
    build_diagnosis(workspace, METROPOLIS)
    shared = build_diagnosis(workspace, RURAL)
    assert shared.communes.equals(alone.communes)
    assert [v.value for v in shared.values] == [v.value for v in alone.values]
    assert shared.warnings == alone.warnings


class FixedTravel:
    """Every trip takes the same time."""

    name = "fixed"
    version = "1"
    label = Text("Fixed times.", "Temps fixes.")

    def __init__(self, minutes: float) -> None:
        self.minutes = minutes

    def compute_pairs(self, points: Points, origins: NDArray[np.int64], destinations: NDArray[np.int64]) -> TravelPairs:
        assert len(points.code) == 3
        size = len(origins)
        return TravelPairs(np.full(size, self.minutes), np.full(size, 1.0), estimated=True)


def test_travel_provider_adds_the_share_beyond_30_minutes() -> None:
    diagnosis = build_diagnosis(build_tables(), RURAL, FixedTravel(31.0))
    value = get_value(diagnosis, "long_commute_minutes_share")
    # 400 workers are timed (100 abroad are not); 100 of them work in their own commune.
    assert (value.value, value.numerator, value.denominator, value.coverage) == (75.0, 300.0, 400.0, 0.8)
    assert value.rank is None
    assert Text("Fixed times.", "Temps fixes.") in diagnosis.warnings
    assert diagnosis.communes.filter(pl.col("code") == "01001")["long_commute_minutes_share"].item() == pytest.approx(
        100 * 200 / 300
    )
    at_30 = get_value(build_diagnosis(build_tables(), RURAL, FixedTravel(30.0)), "long_commute_minutes_share")
    assert at_30.value == 0.0


def test_without_travel_provider_the_share_is_left_out() -> None:
    assert "long_commute_minutes_share" not in [v.indicator.id for v in build_rural().values]


def test_typology_names_the_figures_behind_the_words() -> None:
    diagnosis = build_rural()
    assert diagnosis.typology == Text("dormitory and industrial", "résidentiel (dortoir) et industriel")
    assert "45.0 jobs per 100 employed residents, 70% of residents work outside" in diagnosis.typology_reason.en
    assert "80,0 % d'ouvriers" in diagnosis.typology_reason.fr


def build_value(indicator: str, value: float | None, coverage: float | None = 1.0) -> IndicatorValue:
    base = get_value(build_rural(), "population")
    named = next(i for i in list_indicators() if i.id == indicator)
    return replace(base, indicator=named, value=value, coverage=coverage)


@pytest.mark.parametrize(
    ("concentration", "leaving", "manual", "label", "outside", "word"),
    [
        (69.9, 50.0, 10.0, 0.0, 0.0, "dormitory"),
        (70.0, 80.0, 10.0, 0.0, 0.0, "balanced"),
        (60.0, 49.9, 10.0, 0.0, 0.0, "balanced"),
        (90.0, 20.0, 30.0, 0.0, 0.0, "industrial"),
        (90.0, 20.0, 10.0, 50.0, 0.0, "industrial"),
        (90.0, 20.0, 10.0, 0.0, 50.0, "isolated"),
        (50.0, 70.0, 31.0, 0.0, 60.0, "dormitory and industrial and isolated"),
        (None, None, 10.0, 0.0, 0.0, "undetermined"),
        (None, None, 10.0, 0.0, 90.0, "isolated"),
    ],
)
def test_typology_follows_its_thresholds(
    concentration: float | None, leaving: float | None, manual: float, label: float, outside: float, word: str
) -> None:
    values = {
        name: build_value(name, value)
        for name, value in (
            ("employment_concentration", concentration),
            ("out_commuting_share", leaving),
            ("workers_share", manual),
            ("industry_territory_share", label),
            ("outside_attraction_share", outside),
        )
    }
    assert build_typology(values)[0].en == word


def test_typology_ignores_a_share_of_workers_that_covers_too_few() -> None:
    values = {"workers_share": build_value("workers_share", 60.0, coverage=0.49)}
    assert build_typology(values)[0].en == "undetermined"


def test_edge_of_the_flow_file_is_warned_about_unless_flows_cross_it() -> None:
    frames = build_frames()
    near = frames["communes"].tail(1).with_columns(pl.lit("01004").alias("code"), pl.lit(0.05).alias("lon"))
    communes = pl.concat([frames["communes"], near.with_columns(pl.lit("Near").alias("name"))])
    crossing = build_tables(communes=communes)
    assert list_cut_neighbours(crossing, RURAL) == ()
    cut = build_tables(communes=communes, flows=frames["flows"].filter(pl.col("destination_commune") != "01003"))
    assert list_cut_neighbours(cut, RURAL) == ("Near",)
    assert any("Edge of the flow file: 1 communes" in w.en for w in build_diagnosis(cut, RURAL).warnings)


def test_missing_flows_and_fiction_are_said() -> None:
    assert "no home-work flows" in build_diagnosis(build_tables(flows=None, flows_detail=None), RURAL).warnings[0].en
    assert "do not describe the residents" in build_diagnosis(build_tables(), METROPOLIS).warnings[0].en
    fictional = replace(build_tables(), fictional=True)
    assert build_diagnosis(fictional, RURAL).fictional
    assert build_diagnosis(fictional, RURAL).warnings[0].en.startswith("Fictional territory")


def test_facts_name_programmes_brownfields_and_places() -> None:
    assert [fact.en for fact in build_rural().facts] == [
        "Petites villes de demain (signed): Aubourg (2021-06-23).",
        "France Ruralités Revitalisation 2025: FRR socle: 1 communes.",
        "Brownfield: Old mill (Aubourg, 5,000 m2).",
        "Brownfield: Yard (Aubourg, surface unknown).",
        "Third place: The Loom (Bellac).",
    ]


@pytest.mark.parametrize("asked", [RURAL, "200 000 001", "CC du Val d'Été", "val d'ete", "VAL  D ETE", "été"])
def test_epci_is_found_by_code_or_name(asked: str) -> None:
    assert choose_epci(build_tables(), asked) == RURAL


@pytest.mark.parametrize(
    ("asked", "named"), [("200000009", RURAL), ("Val d'Eté-sur-Mer", "Val d'Été"), ("Bellac", RURAL)]
)
def test_unknown_epci_is_answered_with_the_nearest(asked: str, named: str) -> None:
    with pytest.raises(InputError) as refused:
        choose_epci(build_tables(), asked)
    assert asked in refused.value.text.fr
    assert named in refused.value.text.fr


def test_ambiguous_name_lists_the_candidates() -> None:
    with pytest.raises(InputError, match="names 12 EPCI"):
        choose_epci(build_many(12, 12), "epci")


def test_store_without_epci_is_refused() -> None:
    with pytest.raises(MissingDataError, match="'epci'"):
        build_diagnosis(build_tables(epci=None), RURAL)


@pytest.mark.parametrize(
    ("value", "decimals", "french", "english"),
    [
        (1234567.891, 1, "1\u202f234\u202f567,9", "1,234,567.9"),
        (-0.04, 1, "0,0", "0.0"),
        (-12.5, 1, "\u221212,5", "\u221212.5"),
        (0.0, 0, "0", "0"),
        (None, 2, "–", "–"),
    ],
)
def test_numbers_are_written_as_readers_write_them(
    value: float | None, decimals: int, french: str, english: str
) -> None:
    assert format_number(value, decimals, "fr") == french
    assert format_number(value, decimals, "en") == english


def test_every_indicator_has_its_page_and_every_page_its_indicator() -> None:
    pages = {page.stem for page in PAGES.glob("*.md")} - {"index"}
    assert pages == {i.id for i in list_indicators()}


@pytest.mark.parametrize("indicator", list_indicators(), ids=lambda i: i.id)
def test_indicator_page_says_all_it_must(indicator: object) -> None:
    page = (PAGES / f"{indicator.id}.md").read_text(encoding="utf-8")  # type: ignore[attr-defined]
    assert page.startswith(f"# {indicator.label.en}\n")  # type: ignore[attr-defined]
    for part in ("Definition", "Formula", "Source", "Vintage", "How to read it", "Limits", "Worked example"):
        assert f"**{part}.**" in page
