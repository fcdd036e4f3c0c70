"""`ancrage diagnose` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from diagnosis_tables import RURAL, build_frames
from typer.testing import CliRunner

from ancrage.cli import session
from ancrage.cli.main import app
from ancrage.diagnosis import list_indicators
from ancrage.errors import InputError

KEYS = [
    "form",
    "language",
    "epci",
    "fictional",
    "typology",
    "typology_reason",
    "group",
    "indicators",
    "destinations",
    "communes",
    "facts",
    "warnings",
    "sources",
]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "method" / "diagnosis.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("store")
    for name, frame in build_frames().items():
        frame.write_parquet(made / f"{name}.parquet")
    return made


def run(folder: Path, *arguments: str, lang: str = "en") -> str:
    result = CliRunner().invoke(app, ["--lang", lang, "diagnose", *arguments, "--data", str(folder)])
    session.set_language("fr")
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_json_has_the_documented_keys_and_nothing_around(folder: Path) -> None:
    printed = json.loads(run(folder, "val d'ete", "--json"))
    assert list(printed) == KEYS
    assert printed["form"] == 1
    assert printed["epci"] == {"code": RURAL, "name": "CC du Val d'Été"}
    assert printed["typology"] == "dormitory and industrial"
    found = next(i for i in printed["indicators"] if i["id"] == "out_commuting_share")
    assert (found["value"], found["numerator"], found["denominator"]) == (70.0, 350.0, 500.0)
    assert (found["status"], found["vintage"], found["rank"], found["sources"]) == (
        "published",
        "2020",
        None,
        ["flows"],
    )
    assert [row["code"] for row in printed["destinations"]] == ["01003", "other"]
    assert printed["communes"][1]["long_vacancy_share"] is None


def test_json_keys_are_in_the_documentation(folder: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    printed = json.loads(run(folder, RURAL, "--json"))
    keys = {*KEYS, *printed["indicators"][0], *printed["destinations"][0], *printed["sources"][0]}
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []


def test_json_is_the_same_at_every_run(folder: Path) -> None:
    assert run(folder, RURAL, "--json") == run(folder, RURAL, "--json")


def test_terminal_starts_with_the_typology_and_its_figures(folder: Path) -> None:
    lines = run(folder, RURAL, lang="fr").splitlines()
    assert lines[0] == f"CC du Val d'Été ({RURAL})"
    assert lines[1] == "Profil : résidentiel (dortoir) et industriel."
    assert lines[2].startswith("45,0 emplois pour 100 actifs occupés, 70 % des actifs travaillent dehors")


def test_terminal_shows_values_destinations_and_what_is_not_published(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session.out, "width", 140)
    text = " ".join(run(folder, RURAL).split())
    assert "Working outside the EPCI 70.0 % – – – 2020" in text
    assert "other (under 200 workers each) 250 50.0" in text
    assert "People aged 65 or over: The store has no population by age." in text
    assert "Aubourg 1,000" not in text


def test_communes_option_adds_one_line_per_commune(folder: Path) -> None:
    text = " ".join(run(folder, RURAL, "--communes").split())
    assert "Aubourg 1,000 300 – 50.0" in text
    assert "Bellac 500 200 – 100.0" in text


def test_unknown_epci_is_refused_with_the_nearest(folder: Path) -> None:
    with pytest.raises(InputError, match="Val d'Été"):
        run(folder, "val d'hiver")


def test_every_family_with_a_value_is_shown(folder: Path) -> None:
    text = run(folder, RURAL, lang="fr")
    for indicator in list_indicators():
        if indicator.unpublished is None and indicator.id != "long_commute_minutes_share":
            assert indicator.label.fr.split()[0] in text
