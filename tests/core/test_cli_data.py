"""`ancrage data` as a user runs it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl
import pytest

from ancrage.cli import main

BASE = "CODGEO;LIBGEO;DCLT;L_DCLT;NBFLUX_C21_ACTOCC15P\n77001;A;77002;B;12.5\n77001;A;99110;C;3\n77009;Z;77001;A;1\n"


@dataclass(frozen=True)
class Done:
    """What a command left: exit code and both outputs."""

    returncode: int
    stdout: str
    stderr: str


class Run(Protocol):
    def __call__(self, *arguments: str, lang: str = "en") -> Done: ...


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give the command line, run in this process through its own entry point."""
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str, lang: str = "en") -> Done:
        monkeypatch.setattr(sys, "argv", ["ancrage", "--lang", lang, *arguments])
        try:
            main.run()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return call


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a store with three communes."""
    folder = tmp_path / "store"
    folder.mkdir()
    columns = ["name", "epci_code", "epci_name", "departement", "region"]
    numbers = ["lon", "lat", "area_km2", "population_2022"]
    communes = {
        "code": ["77001", "77002", "75056"],
        **{c: ["x"] * 3 for c in columns},
        **{c: [1.0] * 3 for c in numbers},
    }
    pl.DataFrame(communes).write_parquet(folder / "communes.parquet")
    return folder


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return a small commune-to-commune base."""
    path = tmp_path / "base.csv"
    path.write_text(BASE, encoding="utf-8")
    return path


def test_data_import_prints_a_summary_then_list_shows_the_table(run: Run, store: Path, base: Path) -> None:
    done = run("data", "import", str(base), "--data", str(store))
    assert done.returncode == 0, done.stderr
    assert "rows read: 3" in done.stdout
    assert "workers who work abroad: 3" in done.stdout
    assert "unknown codes (10 largest): 77009" in done.stdout
    listed = json.loads(run("data", "list", "--data", str(store), "--json").stdout)
    assert [(t["table"], t["vintage"], t["rows"], t["role"]) for t in listed] == [
        ("communes", "2025", 3, "geography"),
        ("flows_rp2021", "2021", 3, "flows"),
    ]


def test_data_import_json_is_alone_on_standard_output(run: Run, store: Path, base: Path) -> None:
    done = run("data", "import", str(base), "--data", str(store), "--json")
    assert json.loads(done.stdout)["tables"][0]["summary"]["workers"] == 16.5


def test_data_import_refused_exits_one_in_the_language_asked(run: Run, store: Path, base: Path) -> None:
    base.write_text(BASE + "77001;A;77002;B;-1\n", encoding="utf-8")
    done = run("data", "import", str(base), "--data", str(store), lang="fr")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "ligne 5, champ NBFLUX_C21_ACTOCC15P" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not (store / "flows_rp2021.parquet").exists()


def test_data_check_measures_coverage_and_lost_codes(run: Run, store: Path, base: Path) -> None:
    run("data", "import", str(base), "--data", str(store))
    done = run("data", "check", "--data", str(store), "--json")
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert found["problems"] == []
    assert found["flows"] == [
        {
            "table": "flows_rp2021",
            "workers": 16.5,
            "homes": 1,
            "communes": 3,
            "lost_as_written": pytest.approx(1 / 16.5),
            "lost": pytest.approx(1 / 16.5),
            "passage": False,
        }
    ]


def test_data_check_counts_what_the_passage_table_saves(run: Run, store: Path, base: Path) -> None:
    pl.DataFrame({"code_old": ["77009"], "code_new": ["77002"]}).write_parquet(store / "passage.parquet")
    run("data", "import", str(base), "--data", str(store))
    flows = json.loads(run("data", "check", "--data", str(store), "--json").stdout)["flows"][0]
    assert (flows["lost_as_written"], flows["lost"]) == (pytest.approx(1 / 16.5), 0.0)
    assert flows["homes"] == 2


def test_data_check_finds_a_changed_file_a_lost_one_and_missing_columns(run: Run, store: Path, base: Path) -> None:
    run("data", "import", str(base), "--data", str(store))
    pl.DataFrame({"x": [1]}).write_parquet(store / "flows_rp2021.parquet")
    done = run("data", "check", "--data", str(store))
    assert done.returncode == 1
    assert "SHA-256 differs" in done.stdout
    assert "lacks the column(s) origin_commune" in done.stdout
    (store / "flows_rp2021.parquet").unlink()
    assert "not in the folder" in run("data", "check", "--data", str(store)).stdout


def test_data_check_reports_an_unreadable_table(run: Run, store: Path) -> None:
    (store / "mine.parquet").write_bytes(b"PAR1 nothing")
    done = run("data", "check", "--data", str(store), "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["unknown"] == ["mine"]
    assert any("mine" in problem for problem in found["problems"])


def test_data_fetch_alone_lists_the_catalogue_and_says_what_was_never_checked(run: Run) -> None:
    listed = json.loads(run("data", "fetch", "--json").stdout)
    assert {"flows-2022", "detail-2022", "passage-2025"} <= {entry["name"] for entry in listed}
    done = run("data", "fetch", lang="fr")
    assert done.returncode == 0
    assert "jamais vérifiée" in done.stdout


def test_data_fetch_of_an_unknown_name_is_refused(run: Run, tmp_path: Path) -> None:
    done = run("data", "fetch", "everything", "--data", str(tmp_path / "new"))
    assert done.returncode == 1
    assert "flows-2022" in done.stderr
    assert not (tmp_path / "new").exists()


def test_data_list_of_an_empty_folder_says_what_to_do(run: Run, tmp_path: Path) -> None:
    done = run("data", "list", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "ancrage demo" in done.stderr


@pytest.mark.realdata
def test_data_check_finds_the_real_folder_sound(run: Run, real_data: Path) -> None:
    done = run("data", "check", "--data", str(real_data), "--json")
    assert done.returncode == 0, done.stdout
    found = json.loads(done.stdout)
    assert found["unknown"] == []
    detail = next(flow for flow in found["flows"] if flow["table"] == "flows_idf_2014_csp_mode")
    assert detail["homes"] == 1265
    assert detail["lost"] == 0.0
    assert detail["lost_as_written"] == pytest.approx(0.0058, abs=0.0001)


def test_data_commands_take_the_language_after_their_name(run: Run, store: Path) -> None:
    assert "tables, 0 problem(s)" in run("data", "check", "--data", str(store), "--lang", "en", lang="fr").stdout
    assert "problème(s)" in run("data", "check", "--data", str(store), "--lang", "fr").stdout
