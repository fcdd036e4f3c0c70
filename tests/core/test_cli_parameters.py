"""`ancrage parameters`, run as a user runs it."""

from __future__ import annotations

import json
import sys

import pytest

from ancrage.cli import main
from ancrage.parameters import load_parameters


@pytest.fixture
def run(monkeypatch, capsys):
    """Run `ancrage` with arguments; return the exit code, standard output and standard error."""
    monkeypatch.delenv("ANCRAGE_LANG", raising=False)

    def run_command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ancrage", *arguments])
        with pytest.raises(SystemExit) as caught:
            main.run()
        captured = capsys.readouterr()
        # The width of the terminal decides where lines break.
        return int(caught.value.code or 0), captured.out, " ".join(captured.err.split())

    return run_command


def test_list_prints_every_name_under_its_topic(run):
    code, out, err = run("--lang", "en", "parameters", "list")

    assert (code, err) == (0, "")
    assert [name for name in load_parameters().names() if name not in out] == []
    assert "Third places [places]" in out


def test_list_as_json_gives_every_period_and_nothing_else(run):
    code, out, err = run("parameters", "list", "--json")
    records = json.loads(out)

    assert (code, err) == (0, "")
    assert len(records) == len(load_parameters().list())
    assert {"name", "value", "low", "high", "unit", "letter", "source", "since", "verified_on"} <= set(records[0])


def test_list_filters_by_letter_and_topic(run):
    code, out, _ = run("parameters", "list", "--letter", "s", "--topic", "telework", "--json")
    records = json.loads(out)

    assert code == 0
    assert {(record["letter"], record["topic"]) for record in records} == {("S", "telework")}
    assert len(records) == 11


def test_list_on_a_date_names_what_is_unknown_then(run):
    code, out, err = run("--lang", "en", "parameters", "list", "--date", "2027-01-01", "--json")

    assert code == 0
    told, _, names = err.partition(": ")
    assert told == "No value is known on 2027-01-01"
    assert {"smic_hourly_gross", "smic_monthly_gross", "urssaf_day", "km_scale_first"} <= set(names.split(", "))
    assert "smic" not in {record["topic"] for record in json.loads(out)}


def test_list_says_when_nothing_answers(run):
    code, out, err = run("--lang", "en", "parameters", "list", "--letter", "A", "--topic", "smic")

    assert (code, out, err) == (0, "", "No parameter answers this question.")


def test_list_refuses_an_unknown_topic(run):
    code, out, err = run("--lang", "en", "parameters", "list", "--topic", "cars")

    assert (code, out) == (1, "")
    assert err.startswith("Unknown topic 'cars'. The topics are: conventions, emissions,")


def test_list_refuses_an_unknown_letter_as_wrong_usage(run):
    assert run("parameters", "list", "--letter", "Q")[0] == 2


def test_show_prints_value_letter_source_and_presets(run):
    code, out, _ = run("--lang", "en", "parameters", "show", "days_per_week")

    assert code == 0
    assert "1.9 (1.4 to 2.1) days/week" in out
    assert "S, sourced: read in the source named" in out
    assert "INSEE 2024 (1.9)" in out
    assert "no date recorded" in out
    assert "2.5 (2.0 to 3.0) days/week" in out


def test_show_writes_numbers_in_the_language_of_the_reader(run):
    assert "48\u202f000 (36\u202f000 à 60\u202f000) EUR/an" in run("parameters", "show", "facilitator_cost_fte")[1]
    assert "12.60 (10.60 to 15.00)" in run("--lang", "en", "parameters", "show", "value_of_time_commute")[1]


def test_show_on_a_date_gives_the_value_of_that_day(run):
    code, out, _ = run("parameters", "show", "smic_monthly_gross", "--date", "2026-05-31", "--json")
    record = json.loads(out)

    assert code == 0
    assert (record["value"], record["since"], record["until"]) == (1823.03, "2026-01-01", "2026-05-31")


def test_show_without_date_gives_all_the_periods(run):
    _, out, _ = run("--lang", "en", "parameters", "show", "smic_monthly_gross")
    _, listed, _ = run("parameters", "show", "smic_monthly_gross", "--json")

    assert "1,365.00" in out
    assert "2026-12-31" in out
    assert len(json.loads(listed)) == 27


def test_show_refuses_a_date_outside_known_periods(run):
    code, out, err = run("parameters", "show", "smic_monthly_gross", "--date", "2027-01-01")

    assert (code, out) == (1, "")
    assert err.startswith("Aucune valeur de « smic_monthly_gross » n'est connue au 2027-01-01")


def test_show_offers_near_names(run):
    code, out, err = run("--lang", "en", "parameters", "show", "price_dai")

    assert (code, out) == (1, "")
    assert err.startswith("Unknown parameter 'price_dai'. Did you mean: price_day")


@pytest.mark.parametrize("text", ["2026-6-1", "20260601", "2026-02-30", "today", "2026-W01-1"])
def test_show_refuses_what_is_not_a_day(run, text):
    code, out, err = run("--lang", "en", "parameters", "show", "price_day", "--date", text)

    assert (code, out) == (1, "")
    assert err == f"--date: '{text}' is not a day. Write it YYYY-MM-DD, for example 2026-06-01."


def test_presets_print_their_values_and_letters(run):
    code, out, _ = run("--lang", "en", "parameters", "presets")
    _, listed, _ = run("parameters", "presets", "--json")

    assert code == 0
    assert "ambition - Ambition" in out
    records = json.loads(listed)
    assert list(records) == ["observed", "central", "ambition"]
    assert [(r["value"], r["letter"]) for r in records["central"]["values"]] == [(2.0, "A"), (0.7, "S"), (0.1, "A")]
