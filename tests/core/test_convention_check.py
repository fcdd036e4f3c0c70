"""A whole convention, and its two commands."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ancrage.cli.convention import read_convention_file
from ancrage.cli.main import app
from ancrage.conventions.check import ConventionFile, check_convention
from ancrage.errors import InputError
from ancrage.parameters import load_parameters

WHOLE = """
[company]
employees = 620
group_employees = 5200
affects_basin = true

[project]
dismissed = 180
redeployed_in_basin = 22
notified = 2026-01-20
decided = 2026-03-31
owed_since = 2026-05-12

[obligation]
reference = 2026-06-01
multiple = 2.5

[convention]
name = "Papeterie de la Vallée"
basins = ["Bassin de la Vallée"]
signed = 2026-07-10
ends = 2029-07-10
follow_up = "Un comité par an"

[[actions]]
name = "Prêts d'honneur"
terms = "Plateforme d'initiative"
deadline = 2029-06-30
budget = 737472.90
lent = 500000
loan_cost = 90000
"""


def write_file(folder: Path, text: str) -> Path:
    path = folder / "convention.toml"
    path.write_text(text, encoding="utf-8")
    return path


def run_command(*words: str) -> Any:
    return CliRunner().invoke(app, ["--lang", "en", "convention", *words])


def test_whole_convention_meets_every_rule_its_facts_allow(tmp_path: Path) -> None:
    findings = check_convention(
        read_convention_file(write_file(tmp_path, WHOLE)), date(2026, 11, 23), load_parameters()
    )
    assert [finding.rule.id for finding in findings] == [
        "R1", "R5", "R2", "R3", "R4", "R7", "R8", "R10", "R9", "R6", "R14", "R15", "R11",
    ]  # fmt: skip
    assert {finding.level for finding in findings} == {"ok"}
    values = {finding.rule.id: finding.value for finding in findings}
    assert values["R7"] == 158
    assert values["R8"] == Decimal("589978.32")
    assert values["R2"] == date(2026, 5, 31)
    assert values["R15"] == date(2027, 7, 10)


def read_whole(tmp_path: Path, *changes: tuple[str, str]) -> list[str]:
    """Return the rules that speak of the whole convention, some of its lines replaced."""
    text = WHOLE
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    findings = check_convention(read_convention_file(write_file(tmp_path, text)), date(2026, 11, 23), load_parameters())
    return [finding.rule.id for finding in findings]


def test_who_owes_nothing_has_neither_delay_nor_floor(tmp_path: Path) -> None:
    negotiated = read_whole(tmp_path, ("employees = 620", "employees = 420"), ("group_employees = 5200\n", ""))
    assert negotiated == ["R1", "R5", "R7", "R10", "R6", "R14", "R15", "R11"]
    assert read_whole(tmp_path, ("affects_basin = true", "affects_basin = false")) == negotiated
    assert read_whole(tmp_path, ('name = "Papeterie', 'way = "voluntary"\nname = "Papeterie')) == negotiated


def test_collective_agreement_has_no_content_of_a_convention(tmp_path: Path) -> None:
    rules = read_whole(
        tmp_path,
        ('name = "Papeterie', 'way = "agreement"\nname = "Papeterie'),
        ("multiple = 2.5", "multiple = 2.5\nagreement_commitments = 600000"),
    )
    assert rules == ["R1", "R5", "R2", "R3", "R4", "R7", "R8", "R10", "R9", "R16", "R11"]


def test_facts_left_out_are_silent() -> None:
    assert check_convention(ConventionFile(), date(2026, 1, 1), load_parameters()) == ()


def test_requests_of_one_day_are_looked_at_one_after_the_other() -> None:
    facts = ConventionFile.model_validate(
        {
            "aids": [
                {"undertaking": "A", "amount": 200_000, "day": date(2026, 2, 1), "asked": True},
                {"undertaking": "A", "amount": 150_000, "day": date(2026, 2, 1), "asked": True},
                {"undertaking": "B", "amount": 150_000, "day": date(2026, 2, 1), "asked": True},
            ]
        }
    )
    findings = check_convention(facts, date(2026, 2, 1), load_parameters())
    assert [(f.level, f.value) for f in findings] == [
        ("ok", Decimal(300_000)),
        ("error", Decimal(100_000)),
        ("ok", Decimal(300_000)),
    ]


def test_detr_is_taken_out_of_the_other_public_aid() -> None:
    facts = ConventionFile.model_validate(
        {
            "cofunding": [
                {
                    "name": "Tiers-lieu",
                    "cost": 400_000,
                    "detr": "DETR",
                    "sources": [
                        {"name": "DETR", "origin": "public", "amount": 120_000},
                        {"name": "Région", "origin": "public", "amount": 140_000},
                        {"name": "État", "origin": "public", "amount": 80_000},
                    ],
                }
            ]
        }
    )
    own, detr = check_convention(facts, date(2026, 1, 1), load_parameters())
    assert (own.rule.id, own.level) == ("R18", "error")
    assert (detr.rule.id, detr.level, detr.value) == ("R19", "error", Decimal("100000.00"))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("dismissed = 180", "dismissed = -1"), "project.dismissed"),
        (("dismissed = 180\n", ""), "project.dismissed"),
        (("follow_up", "folow_up"), "convention.folow_up"),
        (("budget = 737472.90", 'budget = "beaucoup"'), "actions.1.budget"),
        (("[company]", "[company"), "line"),
    ],
)
def test_bad_file_is_refused_and_the_field_is_named(change: tuple[str, str], named: str, tmp_path: Path) -> None:
    path = write_file(tmp_path, WHOLE.replace(*change))
    with pytest.raises(InputError) as refused:
        read_convention_file(path)
    assert named in refused.value.text.en
    assert str(path) in refused.value.text.fr


def test_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read_convention_file(tmp_path / "nothing.toml")
    assert "nothing.toml" in refused.value.text.en


def test_check_command_exits_with_one_only_when_a_rule_is_broken(tmp_path: Path) -> None:
    path = write_file(tmp_path, WHOLE)
    whole = run_command("check", str(path), "--on", "2026-11-23")
    assert whole.exit_code == 0
    assert "Signature" in whole.stdout
    late = write_file(tmp_path, WHOLE.replace("signed = 2026-07-10", "signed = 2026-07-21"))
    broken = run_command("check", str(late), "--on", "2026-11-23", "--json")
    assert broken.exit_code == 1
    by_rule = {finding["rule"]: finding for finding in json.loads(broken.stdout)}
    assert by_rule["R4"]["level"] == "error"
    assert by_rule["R4"]["value"] == "2026-07-20"
    assert by_rule["R4"]["to_check"] is True


def test_simulate_command_gives_floor_multiples_and_default_payment() -> None:
    done = run_command("simulate", "--jobs", "180", "--date", "2026-06-01", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {
        "jobs": 180,
        "date": "2026-06-01",
        "floor": "672127.20",
        "x3": "1008190.80",
        "x4": "1344254.40",
        "default_payment": "1344254.40",
        "rules": ["R8", "R9"],
    }
    shown = run_command("simulate", "--jobs", "180", "--date", "2026-06-01")
    assert "€1,008,190.80" in shown.stdout


def test_example_of_the_guide_breaks_no_rule(tmp_path: Path) -> None:
    guide = Path(__file__).resolve().parents[2] / "docs" / "guide" / "convention.md"
    example = re.search(r"```toml\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    facts = read_convention_file(write_file(tmp_path, example[1]))
    findings = check_convention(facts, date(2026, 11, 23), load_parameters())
    assert {finding.rule.id for finding in findings} == {f"R{n}" for n in range(1, 20)} - {"R16"}
    assert "error" not in {finding.level for finding in findings}
