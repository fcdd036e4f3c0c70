"""Reading of parameter files: what is kept, what is refused and how it is said."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from textwrap import dedent

import pytest

from ancrage.errors import ParameterError
from ancrage.parameters import Parameters, read_parameters

PRESETS = """
presets:
  observed:
    label: {en: Observed, fr: Observé}
    note: {en: Today, fr: Aujourd'hui}
    values: {}
"""
SHARE = """
topic: {en: Tests, fr: Essais}
verified_on: null
parameters:
  some_share:
    label: {en: A share, fr: Une part}
    unit: share
    value: 0.5
    low: 0.2
    high: 0.9
    letter: S
    source: A survey of 2020
"""
DATED = """
topic: {en: Tests, fr: Essais}
verified_on: 2026-07-23
parameters:
  some_rate:
    label: {en: A rate, fr: Un taux}
    unit: EUR/h
    letter: S
    source: A decree
    known_until: 2023-12-31
    periods:
      - {since: 2020-01-01, until: 2020-12-31, value: 8}
      - {since: 2022-01-01, value: 9}
"""


def read(text: str, presets: str = PRESETS) -> Parameters:
    return read_parameters({"tests.yaml": text, "presets.yaml": presets})


def test_reading_keeps_every_field():
    found = read(SHARE).get("some_share")

    assert (found.value, found.low, found.high) == (0.5, 0.2, 0.9)
    assert (found.unit, found.letter, found.source, found.source_fr) == (
        "share",
        "S",
        "A survey of 2020",
        "A survey of 2020",
    )
    assert (found.label.en, found.label.fr, found.topic) == ("A share", "Une part", "tests")
    assert (found.since, found.until, found.verified_on, found.overridden) == (None, None, None, False)


def test_hole_between_periods_is_an_error():
    params = read(DATED)

    assert params.get("some_rate", on=date(2020, 12, 31)).value == 8
    assert params.get("some_rate", on=date(2022, 1, 1)).value == 9
    with pytest.raises(ParameterError, match="No value of 'some_rate' is known on 2021-06-01"):
        params.get("some_rate", on=date(2021, 6, 1))


def test_single_open_period_needs_no_date_but_refuses_an_earlier_one():
    params = read(
        DATED.replace("    known_until: 2023-12-31\n", "").replace(
            "      - {since: 2020-01-01, until: 2020-12-31, value: 8}\n", ""
        )
    )

    assert params.get("some_rate").value == 9
    with pytest.raises(ParameterError, match=r"known on 2021-12-31 \(known since 2022-01-01"):
        params.get("some_rate", on=date(2021, 12, 31))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    source: A survey of 2020\n", "", "tests.yaml, some_share: the field 'source' is missing"),
        ("A survey of 2020", '" "', "tests.yaml, some_share, source: received ' '"),
        ("A survey of 2020", "{en: A survey}", "tests.yaml, some_share, source: received"),
        ("A survey of 2020", "{en: A survey, fr: }", "tests.yaml, some_share, source: received"),
        ("    letter: S\n", "", "the field 'letter' is missing"),
        ("letter: S", "letter: B", "tests.yaml, some_share, letter: received 'B'"),
        ("unit: share", "unit: shares", "tests.yaml, some_share, unit: unknown unit 'shares'"),
        ("unit: share", "unit: [share]", "tests.yaml, some_share, unit: unknown unit"),
        ("    label: {en: A share, fr: Une part}\n", "", "the field 'label' is missing"),
        ("verified_on: null\n", "", "tests.yaml: the field 'verified_on' is missing"),
        ("verified_on: null", "verified_on: yesterday", "verified_on: received 'yesterday'"),
        ("value: 0.5", "value: half", "tests.yaml, some_share, value: received 'half'"),
        ("value: 0.5", "value: true", "value: received True"),
        ("value: 0.5", "value: .nan", "nan is not a finite number"),
        ("value: 0.5", "value: 0.1", "0.2, 0.1, 0.9 is not in the order low, central, high"),
        ("high: 0.9", "high: 1.1", "1.1 is impossible in 'share'. Give a number at least 0 and at most 1."),
        ("low: 0.2", "low: -0.2", "-0.2 is impossible in 'share'"),
        ("    low: 0.2\n", "", "'low' and 'high' go together"),
        ("    unit: share\n", "    unit: share\n    unit: km\n", "tests.yaml: line 8: 'unit' is written twice"),
        ("    unit: share\n", "    unit: share\n    colour: red\n", "unknown field 'colour'"),
        ("    unit: share\n", "    unit: share\n    positive: maybe\n", "positive: expected true or false"),
        ("    unit: share\n", "    unit: share\n    3: red\n", "line 8: 3 is not a name"),
        ("some_share:\n", "some_share: [\n", "tests.yaml: this is not valid YAML"),
        ("parameters:\n", "parameters: 3\nothers:\n", "tests.yaml: unknown field 'others'"),
    ],
)
def test_loader_refuses_a_damaged_value(old, new, message):
    assert SHARE.count(old) == 1
    with pytest.raises(ParameterError) as caught:
        read(SHARE.replace(old, new))

    assert message in caught.value.text.en
    assert caught.value.text.fr.startswith("tests.yaml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("until: 2020-12-31", "until: 2022-01-01", "it ends on 2022-01-01 and overlaps what follows"),
        ("until: 2020-12-31", "until: 2019-01-01", "it would end on 2019-01-01, before it starts"),
        ("since: 2022-01-01", "since: 2020-01-01", "the next period starts on 2020-01-01, so the two overlap"),
        ("since: 2022-01-01", "since: 2019-01-01", "the next period starts on 2019-01-01, so the two overlap"),
        ("since: 2022-01-01, ", "", "the field 'since' is missing"),
        ("since: 2022-01-01", "since: 2022", "since: received 2022. Write a day"),
        ("since: 2022-01-01", "since: 2022-01-01 10:00:00", "Write a day"),
        ("known_until: 2023-12-31", "known_until: 2021-01-01", "it would end on 2021-01-01"),
        ("value: 9}", "value: 9, until: 2024-06-30}", "it ends on 2024-06-30 and overlaps what follows"),
        ("value: 9}", "value: -9}", "-9 is impossible in 'EUR/hour'"),
    ],
)
def test_loader_refuses_damaged_periods(old, new, message):
    assert DATED.count(old) == 1
    with pytest.raises(ParameterError) as caught:
        read(DATED.replace(old, new))

    assert message in caught.value.text.en
    assert caught.value.text.en.startswith("tests.yaml, some_rate")


def test_loader_refuses_periods_that_are_not_a_list():
    with pytest.raises(ParameterError, match="at least one period is expected"):
        read(DATED[: DATED.index("    periods:")] + "    periods: []\n")


def test_loader_refuses_one_name_in_two_files():
    with pytest.raises(ParameterError, match=r"more.yaml, some_share: this name is already used in tests.yaml"):
        read_parameters({"tests.yaml": SHARE, "more.yaml": SHARE, "presets.yaml": PRESETS})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("{other: {value: 1, letter: A, source: us}}", "'other' is not an undated parameter"),
        ("{some_share: {from: other}}", "'other' is not an undated parameter"),
        ("{some_share: {value: 2, letter: A, source: us}}", "2 is impossible in 'share'"),
        ("{some_share: {value: 0.5, letter: A}}", "the field 'source' is missing"),
    ],
)
def test_loader_refuses_a_damaged_preset(values, message):
    with pytest.raises(ParameterError) as caught:
        read(SHARE, PRESETS.replace("values: {}", f"values: {values}"))

    assert message in caught.value.text.en
    assert caught.value.text.en.startswith("presets.yaml, observed, ")


def test_loader_refuses_parameters_without_the_default_preset():
    with pytest.raises(ParameterError, match="no preset 'observed'"):
        read(SHARE, "presets: {}")


def test_example_of_the_documentation_is_a_valid_file():
    page = Path(__file__).resolve().parents[2] / "docs" / "method" / "parameters.md"
    examples = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)

    found = read(dedent(examples[0])).get("meeting_room_share")

    assert (found.low, found.value, found.high, found.letter) == (0.10, 0.15, 0.25, "A")
