"""`ancrage plan` and `ancrage demo` as a user runs them: exit codes, sentences, files, JSON alone on output."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

CODE = "000000001"


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, as a user would."""
    command = [sys.executable, "-m", "ancrage.cli.main", "--lang", "en", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=cwd, check=False)


def plan(store: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return run("plan", CODE, "--data", str(store), "--draws", "20", *arguments, cwd=cwd)


@pytest.fixture(scope="module")
def planned(demo_store, tmp_path_factory):
    """Give a whole report and what making it printed, for the tests that only read them."""
    out = tmp_path_factory.mktemp("planned") / "report"
    return out, plan(demo_store, "--budget", "150000", "--out", str(out))


def test_plan_writes_every_file_of_the_report(planned):
    out, done = planned
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == [
        "network.geojson",
        "network.gpkg",
        "report.docx",
        "report.json",
        "report.pdf",
        "report.xlsx",
        "study.toml",
    ]
    assert "FICTIONAL TERRITORY" in done.stdout
    assert "Proven optimum" in done.stdout


def test_plan_prints_json_alone_on_standard_output_and_writes_nothing(demo_store, tmp_path):
    done = plan(demo_store, "--places", "3", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["fictional"] is True
    assert list(tmp_path.iterdir()) == []


def test_study_file_reproduces_the_run(demo_store, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    asked = ("--budget", "150000", "--set", "price_day=18", "--set", "half_time=5:8:12", "--objective", "km")
    # A search that the clock stops depends on the speed of the machine.
    unhurried = ("--time-limit", "600")
    assert plan(demo_store, *asked, *unhurried, "--out", str(first)).returncode == 0
    study = ("--study", str(first / "study.toml"), "--data", str(demo_store))
    again = run("plan", *study, *unhurried, "--out", str(second))
    assert again.returncode == 0, again.stderr
    assert (second / "report.json").read_bytes() == (first / "report.json").read_bytes()
    kept = tomllib.loads((first / "study.toml").read_text())
    assert kept["study"]["parameters"]["price_day"] == 18.0
    assert kept["study"]["parameters"]["half_time"] == {"low": 5.0, "value": 8.0, "high": 12.0}


def test_study_file_on_other_data_is_refused_unless_allowed(demo_store, planned, tmp_path):
    out, _ = planned
    content = (out / "study.toml").read_text()
    start = content.index("[inputs]")
    changed = tmp_path / "study.toml"
    digest = tomllib.loads(content)["inputs"]["communes"]
    changed.write_text(content[:start] + content[start:].replace(digest, "0" * 64))
    asked = ("plan", "--study", str(changed), "--data", str(demo_store), "--no-report")
    refused = run(*asked)
    assert refused.returncode == 1
    assert "communes changed or missing" in refused.stderr
    assert run(*asked, "--allow-changed-data").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--budget", "10"), "pays for no place sized to its demand"),
        ((), "Give a budget"),
        (("--budget", "-1"), "budget"),
        (("--budget", "150000", "--preset", "rosy"), "preset"),
        (("--budget", "150000", "--objective", "votes"), "objective"),
        (("--budget", "150000", "--set", "price_day"), "is not understood"),
        (("--budget", "150000", "--set", "price_dya=3"), "price_day"),
        (("--budget", "150000", "--set", "takeup_if_teleworkable=1.5"), "takeup_if_teleworkable"),
        (("--budget", "150000", "--keep", "Paris"), "is not a commune of"),
        (("--budget", "150000", "--floor", "North=half:00001"), "is not understood"),
        (("--places", "1", "--floor", f"All=1:{CODE}"), "can be served"),
        (("--budget", "150000", "--travel", "plane"), "Unknown travel provider"),
        (("--budget", "150000", "--travel", "osrm"), "No road network"),
    ],
)
def test_plan_refuses_in_one_sentence_and_writes_nothing(demo_store, tmp_path, arguments, words):
    done = plan(demo_store, *arguments, "--out", str(tmp_path / "report"))
    assert done.returncode == 1
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "report").exists()


def test_plan_offers_the_nearest_names_of_an_unknown_epci(demo_store):
    done = run("plan", "Ombrevalle", "--budget", "1e5", "--data", str(demo_store), "--no-report")
    assert done.returncode == 1
    assert CODE in done.stderr


def test_wrong_usage_exits_2(demo_store):
    assert run("plan", CODE, "--no-such-option").returncode == 2


def test_plan_without_data_says_what_to_do(tmp_path):
    done = run("plan", CODE, "--budget", "1e5", "--data", str(tmp_path / "nothing"))
    assert done.returncode == 1
    assert "ancrage demo" in done.stderr


def test_demo_does_the_whole_main_job_and_says_where_the_files_are(tmp_path):
    done = run("demo", "--out", str(tmp_path / "demo"))
    assert done.returncode == 0, done.stderr
    assert "FICTIONAL" in done.stdout
    report = tmp_path / "demo" / "report" / "report.pdf"
    assert report.stat().st_size > 50_000
    assert "report.pdf" in done.stdout
    assert (tmp_path / "demo" / "data" / "manifest.json").exists()
