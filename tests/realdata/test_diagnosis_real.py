"""The diagnosis on real open data: figures known from the sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from ancrage.diagnosis import build_diagnosis, build_workspace, compute_indicators
from ancrage.diagnosis.model import Diagnosis
from ancrage.diagnosis.workspace import Workspace
from ancrage.opendata.store import open_store

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def store(real_data: Path) -> Workspace:
    return build_workspace(open_store(real_data))


@pytest.fixture(scope="module")
def deux_morin(store: Workspace) -> Diagnosis:
    return build_diagnosis(store, "200072544")


def read_values(diagnosis: Diagnosis) -> dict[str, float | None]:
    return {value.indicator.id: value.value for value in diagnosis.values}


def test_deux_morin_is_a_commuter_belt(deux_morin: Diagnosis) -> None:
    values = read_values(deux_morin)
    assert round(values["employed_residents"] or 0) == 10_884
    assert round(values["jobs"] or 0) == 4_968
    assert round(values["employment_concentration"] or 0, 1) == 45.6
    assert round(values["out_commuting_share"] or 0) == 67
    assert round(values["long_commute_share"] or 0) == 47
    far = next(v for v in deux_morin.values if v.indicator.id == "long_commute_share")
    assert round(far.numerator or 0) == 5_070
    assert deux_morin.typology.en == "dormitory"


def test_deux_morin_destinations_brownfield_and_place_are_known(deux_morin: Diagnosis) -> None:
    shown = {row["name"]: round(row["workers"]) for row in deux_morin.destinations.iter_rows(named=True)}
    assert (shown["Coulommiers"], shown["Paris"], shown["Meaux"]) == (1_510, 896, 372)
    assert min(w for name, w in shown.items() if name is not None) >= 200
    facts = " ".join(fact.en for fact in deux_morin.facts)
    assert "61,429 m2" in facts
    assert "BRIE'NOV (Doue)" in facts
    assert "La Ferté-Gaucher (2021-06-23), Rebais (2021-06-23)" in facts


def test_deux_morin_has_its_31_communes_and_montenils_no_flow(deux_morin: Diagnosis) -> None:
    assert len(deux_morin.communes) == 31
    montenils = next(row for row in deux_morin.communes.iter_rows(named=True) if row["name"] == "Montenils")
    assert montenils["employed_residents"] is None
    assert montenils["population"] == 30


def test_deux_morin_is_warned_of_the_edge_and_of_thin_coverage(deux_morin: Diagnosis) -> None:
    said = " ".join(warning.en for warning in deux_morin.warnings)
    assert "Edge of the flow file" in said
    assert "Low coverage" in said


def test_flow_indicators_are_compared_with_a_wider_group(deux_morin: Diagnosis) -> None:
    value = next(v for v in deux_morin.values if v.indicator.id == "out_commuting_share")
    assert value.group is not None
    assert (value.group.en, deux_morin.group.en) == (
        "communautés de communes, rural",
        "communautés de communes, rural, Les ruralités résidentielles mixtes",
    )
    assert value.group_size >= 10


def test_extract_around_millau_speaks_for_millau_alone(store: Workspace) -> None:
    millau = build_diagnosis(store, "Millau")
    seen = next(v for v in millau.values if v.indicator.id == "employed_residents")
    assert seen.vintage == "2017"
    assert not any("Edge" in warning.en for warning in millau.warnings)
    # The CC next door sends people to Millau in the same file: it must not look like a handful of residents.
    neighbour = build_diagnosis(store, "CC Lévézou Pareloup")
    assert read_values(neighbour)["employed_residents"] is None
    assert any("do not describe the residents" in warning.en for warning in neighbour.warnings)


def test_every_epci_has_every_indicator_and_shares_stay_in_bounds(store: Workspace) -> None:
    rows = compute_indicators(store, "epci")
    counts = rows.group_by("indicator").len()["len"].unique().to_list()
    assert counts == [1_255]
    shares = rows.filter(rows["indicator"].str.ends_with("_share"))["value"].drop_nulls()
    assert 0.0 <= shares.min() <= shares.max() <= 100.0  # type: ignore[operator]
    coverage = rows["coverage"].drop_nulls()
    assert 0.0 <= coverage.min() <= coverage.max() <= 1.0  # type: ignore[operator]


def test_paris_is_counted_once_in_the_coverage(store: Workspace) -> None:
    rows = compute_indicators(store, "epci")
    paris = rows.filter(rows["code"] == "200054781", rows["indicator"] == "employed_residents")
    assert paris["coverage"].item() > 0.95
    growth = rows.filter(rows["code"] == "200054781", rows["indicator"] == "population_growth")
    assert -1.0 < growth["value"].item() < 1.0
