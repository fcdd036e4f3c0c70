"""Results side by side, and the downloads of their difference."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from django_scopes import scope

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.studies.comparison import (
    Comparison,
    Shift,
    compare_results,
    write_difference,
    write_difference_csv,
)
from ancrage_web.studies.models import Result
from web.conftest import World
from web.study_samples import Computed, create_result


@pytest.fixture
def pair(world: World, computed: Computed, computed_larger: Computed, study_folders: Path) -> Iterator[list[Result]]:
    with scope(organisation=world.organisation):
        yield [create_result(world.organisation, one, study_folders) for one in (computed, computed_larger)]


@pytest.fixture
def compared(pair: list[Result]) -> Comparison:
    return compare_results(pair, ["=Base", "Double"])


def test_settings_that_differ_are_shown_and_no_other(compared: Comparison) -> None:
    assert [(row.name, row.values) for row in compared.settings] == [
        (
            "objective",
            (Text("net CO₂ avoided", "CO₂ net évité"), Text("hours of travel saved", "heures de trajet gagnées")),
        ),
        ("budget", (Text("120,000", "120\u202f000"), Text("240,000", "240\u202f000"))),
    ]
    assert compared.warnings == ()


def test_changed_coefficients_are_named_with_their_interval(pair: list[Result]) -> None:
    first, second = pair
    first.settings = {**second.settings, "keep": ["00001"], "parameters": {"price_day": 18.5}}
    second.settings = {
        **second.settings,
        "parameters": {"price_day": {"low": 10, "value": 12, "high": 14}, "place_fixed": 30_000},
    }
    rows = {row.name: row.values for row in compare_results(pair).settings}
    assert list(rows) == ["keep", "parameters.place_fixed", "parameters.price_day"]
    assert rows["keep"] == (Text("Aigremer", "Aigremer"), Text("none", "aucune"))
    assert rows["parameters.place_fixed"] == (Text("value of the set", "valeur du jeu"), Text("30,000", "30\u202f000"))
    assert rows["parameters.price_day"] == (Text("18.5", "18,5"), Text("12 (10 to 14)", "12 (10 à 14)"))


def test_figures_carry_their_difference_to_the_first(compared: Comparison, pair: list[Result]) -> None:
    rows = {row.id: row for row in compared.figures}
    # The two aims are of two kinds (kilograms, hours): they are not set side by side, their effects are.
    assert "value" not in rows
    for key in ("cost", "desks", "impact.commuter_km", "impact.co2_net"):
        held = [next(f for f in result.pages["fr"]["figures"] if f["id"] == key) for result in pair]
        cells = rows[key].cells
        assert [cell.value for cell in cells] == [figure["value"] for figure in held]
        assert [cell.written.fr for cell in cells] == [figure["written"] for figure in held]
        assert cells[0].difference is None
        assert cells[1].difference == held[1]["value"] - held[0]["value"]
    assert rows["places"].cells[0].value == len(pair[0].map["places"])
    assert rows["places"].cells[1].difference == len(pair[1].map["places"]) - len(pair[0].map["places"])
    assert rows["desks"].label == Text("Desks", "Postes de travail")


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (118_709.6, 231_402.2, "+113\u202f000"),
        (16.36, 16.361, "="),
        (0.0, 0.0, "="),
        (16.36, 12.1, "−4,3"),
        (0.0, 0.25, "+0,250"),
        (5.0, 6.0, "+1"),
        (43.0, 30.0, "−13"),
        (1_000_000.0, 999_000.0, "="),
    ],
)
def test_difference_is_written_at_the_precision_of_its_figures(
    pair: list[Result], first: float, second: float, told: str
) -> None:
    for result, value in zip(pair, (first, second), strict=True):
        for language in ("fr", "en"):
            next(f for f in result.pages[language]["figures"] if f["id"] == "cost")["value"] = value
    row = next(row for row in compare_results(pair).figures if row.id == "cost")
    assert row.cells[1].difference_written.fr == told


def test_figure_that_one_result_lacks_has_no_difference(pair: list[Result]) -> None:
    for language in ("fr", "en"):
        figures = pair[1].pages[language]["figures"]
        figures[:] = [figure for figure in figures if figure["id"] != "cost"]
    row = next(row for row in compare_results(pair).figures if row.id == "cost")
    assert (row.cells[1].value, row.cells[1].difference, row.cells[1].written) == (None, None, Text("", ""))


def test_places_and_communes_that_change_are_listed(compared: Comparison, pair: list[Result]) -> None:
    opened = [{place["code"]: place for place in result.map["places"]} for result in pair]
    assert {row.code for row in compared.places} == set(opened[0]) | set(opened[1])
    for row in compared.places:
        assert row.desks == tuple(round(held[row.code]["desks"]) if row.code in held else None for held in opened)
    shift = compared.shifts[0]
    assert {row.code for row in shift.opened} == set(opened[1]) - set(opened[0])
    assert {row.code for row in shift.closed} == set(opened[0]) - set(opened[1])
    # With twice the budget, more places: communes of the territory gain one, and some are served anew.
    assert shift.opened
    assert shift.gained
    back = compare_results(pair[::-1]).shifts[0]
    assert back == Shift(shift.closed, shift.opened, shift.lost, shift.gained)


def test_results_of_other_data_or_version_are_warned_of(pair: list[Result]) -> None:
    pair[0].inputs = {**pair[0].inputs, "flows": "0" * 64}
    pair[0].version = "0.0.1"
    assert [text.fr.partition(" :")[0] for text in compare_results(pair).warnings] == [
        "Ces résultats n'ont pas été calculés avec les mêmes données",
        "Ces résultats n'ont pas été calculés par la même version d'Ancrage",
    ]


def test_one_or_five_results_and_two_territories_are_refused(pair: list[Result]) -> None:
    for wrong in (pair[:1], [*pair, *pair, pair[0]]):
        with pytest.raises(InputError, match="choose from 2 to 4"):
            compare_results(wrong)
    pair[1].settings = {**pair[1].settings, "epci": ["000000002"]}
    with pytest.raises(InputError, match="not about the same territory"):
        compare_results(pair)


def test_workbook_holds_figures_settings_places_and_communes(compared: Comparison) -> None:
    book = openpyxl.load_workbook(io.BytesIO(write_difference(compared, "fr")))
    assert book.sheetnames == ["Chiffres", "Réglages", "Lieux", "Communes"]
    figures = [[cell.value for cell in row] for row in book["Chiffres"].iter_rows()]
    assert figures[0] == ["Chiffre", "Unité", "=Base", "Double", "Double − =Base"]
    assert len(figures) == 1 + len(compared.figures)
    cost = next(row for row in figures if row[0] == "Coût public net")
    assert cost[4] == pytest.approx(cost[3] - cost[2])
    # What people wrote is text, never a formula.
    assert book["Chiffres"]["C1"].data_type == "s"
    codes = [row[1].value for row in book["Lieux"].iter_rows(min_row=2)]
    assert codes == [row.code for row in compared.places]


def test_text_table_opens_in_a_french_spreadsheet(compared: Comparison) -> None:
    written = write_difference_csv(compared, "fr")
    assert written.startswith(b"\xef\xbb\xbf")
    lines = written.decode("utf-8-sig").split("\r\n")
    assert lines[:2] == ["Chiffres", "Chiffre;Unité;'=Base;Double;Double − =Base"]
    desks = next(row for row in compared.figures if row.id == "desks")
    first, second = (round(cell.value or 0) for cell in desks.cells)
    assert f"Postes de travail;postes;{first};{second};{second - first}" in lines
    assert write_difference_csv(compared, "en").decode("utf-8-sig").startswith("Figures\r\nFigure,Unit,'=Base,Double")
