"""`ancrage sweep` as a user runs it: results, resuming after a kill, refusals, and the folder it works in."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from ancrage.cli.main import app
from ancrage.cli.sweep import obey_signals
from ancrage.cli.sweep_folder import SweepFolder
from ancrage.cli.sweep_worker import Job, compute_input_checksums, plan_task
from ancrage.errors import AncrageError, InputError
from ancrage.opendata.store import open_store
from ancrage.study.sweep import ROW_SCHEMA, SweepRow, SweepSettings, build_frame, list_tasks

CODES = ("000000001", "000000004", "000000005")
SEVERAL = tuple(f"{number:09d}" for number in (3, 4, 5, 6, 8, 9))
COMMAND = [sys.executable, "-m", "ancrage.cli.main", "--lang", "en", "sweep"]
# What a run decides, apart from the time it took.
FIGURES = [name for name in ROW_SCHEMA if name != "seconds"]


def run(store: Path, output: Path, *arguments: str, **options) -> subprocess.CompletedProcess[str]:
    """Run a sweep in a process of its own, as a user would."""
    command = [*COMMAND, "--data", str(store), "--output", str(output), "--workers", "1", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **options)


def start(store: Path, output: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a sweep in a session of its own, to be interrupted."""
    command = [*COMMAND, "--data", str(store), "--output", str(output), "--workers", "1", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def wait_for_parts(output: Path, process: subprocess.Popen[str], count: int) -> list[Path]:
    """Wait until `count` EPCI are done."""
    for _ in range(6000):
        parts = sorted((output / "parts").glob("[!.]*.parquet"))
        if len(parts) >= count:
            return parts
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        time.sleep(0.01)
    raise AssertionError(f"{count} EPCI were not done in a minute")


def list_session(leader: int) -> list[int]:
    """Return the processes of the session that `leader` started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def wait_for_end(leader: int) -> list[int]:
    """Return the processes of a session that are still there after ten seconds."""
    for _ in range(100):
        if not list_session(leader):
            return []
        time.sleep(0.1)
    return list_session(leader)


@pytest.fixture(scope="module")
def partial_store(demo_store, tmp_path_factory) -> Path:
    """Return the fictional territory, without the flows of the residents of the third EPCI of `CODES`."""
    folder = tmp_path_factory.mktemp("partial") / "data"
    shutil.copytree(demo_store, folder)
    (folder / "manifest.json").unlink()
    lost = pl.read_parquet(folder / "communes.parquet").filter(pl.col("epci_code") == CODES[2])["code"]
    for path in folder.glob("flows*.parquet"):
        frame = pl.read_parquet(path)
        frame.filter(~pl.col("origin_2025").is_in(lost.implode())).write_parquet(path)
    return folder


@pytest.fixture(scope="module")
def finished(partial_store, tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Return the folder of a sweep of three EPCI, one of them without flows, and what it said."""
    output = tmp_path_factory.mktemp("finished") / "sweep"
    return output, run(partial_store, output, "--epci", f"{CODES[0]},{CODES[1]}", "--epci", CODES[2], "--json")


def test_sweep_writes_one_row_by_epci_and_the_ranking(finished):
    output, done = finished
    assert done.returncode == 0, done.stderr
    rows = pl.read_parquet(output / "results.parquet")
    assert rows["code"].to_list() == list(CODES)
    assert rows["status"].to_list() == ["proven", "proven", "no_flows"]
    names = {path.name for path in output.iterdir()}
    assert names == {".lock", "parts", "sweep.json", "results.parquet", "results.csv", "ranking.pdf", "ranking.xlsx"}
    flat = pl.read_csv(output / "results.csv", infer_schema=False)
    assert flat.columns == list(ROW_SCHEMA)
    assert flat["communes"][0].split() == rows["communes"][0].to_list()


def test_sweep_says_in_json_what_was_ranked_and_what_was_not_planned(finished):
    output, done = finished
    told = json.loads(done.stdout)
    rows = pl.read_parquet(output / "results.parquet").filter(pl.col("value_per_euro").is_not_null())
    best = rows.sort("value_per_euro", descending=True)["code"].to_list()
    assert [row["code"] for row in told["ranking"]] == best
    assert told["statuses"] == {"proven": 2, "feasible": 0, "infeasible": 0, "no_flows": 1, "error": 0}
    assert [(row["code"], row["status"]) for row in told["not_planned"]] == [(CODES[2], "no_flows")]
    assert "No home-work flow" in told["not_planned"][0]["reason"]
    assert told["settings"]["euros_per_inhabitant"] == 5.0


def test_budget_of_each_epci_is_its_own(finished):
    rows = pl.read_parquet(finished[0] / "results.parquet").filter(pl.col("status") == "proven")
    assert (rows["budget"] == 5.0 * rows["population"]).all()
    assert (rows["cost"] <= rows["budget"]).all()


def test_ranking_names_every_epci_in_both_files(finished):
    output, _ = finished
    rows = pl.read_parquet(output / "results.parquet")
    text = " ".join(" ".join(page.extract_text().split()) for page in PdfReader(output / "ranking.pdf").pages)
    book = load_workbook(output / "ranking.xlsx")
    cells = {str(cell) for sheet in book for line in sheet.iter_rows(values_only=True) for cell in line if cell}
    for name in rows["name"]:
        assert name in text
        assert name in cells
    assert "Where a euro saves most" in text
    assert "No home-work flow" in text


def test_sweep_again_does_nothing_twice(finished, partial_store):
    output, _ = finished
    before = {path.name: path.stat().st_mtime_ns for path in (output / "parts").iterdir()}
    again = run(partial_store, output, "--epci", ",".join(CODES), "--no-report")
    assert again.returncode == 0, again.stderr
    assert {path.name: path.stat().st_mtime_ns for path in (output / "parts").iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--epci", ",".join(CODES), "--euros-per-inhabitant", "4"), "settings.euros_per_inhabitant: 5.0 -> 4.0"),
        (("--epci", ",".join(CODES[:2])), "epci: 3 -> 2"),
        (("--epci", ",".join(CODES), "--set", "price_day=18"), "settings.parameters"),
    ],
)
def test_folder_of_another_sweep_is_refused(finished, partial_store, arguments, words):
    output, _ = finished
    held = (output / "results.parquet").read_bytes()
    done = run(partial_store, output, *arguments)
    assert done.returncode == 1
    assert words in " ".join(done.stderr.split())
    assert (output / "results.parquet").read_bytes() == held


def test_folder_made_with_other_data_is_refused_unless_restarted(finished, demo_store, tmp_path):
    output = tmp_path / "sweep"
    shutil.copytree(finished[0], output)
    arguments = ("--epci", ",".join(CODES), "--no-report")
    refused = run(demo_store, output, *arguments)
    assert refused.returncode == 1
    assert "inputs.flows" in " ".join(refused.stderr.split())
    restarted = run(demo_store, output, *arguments, "--restart")
    assert restarted.returncode == 0, restarted.stderr
    assert pl.read_parquet(output / "results.parquet")["status"].to_list() == ["proven"] * 3


def plan_here(store: Path, codes: str) -> pl.DataFrame:
    """Return the rows of the same EPCI planned one after another in this process, without any engine."""
    settings = SweepSettings(euros_per_inhabitant=5.0)
    job = Job(str(store), settings, tuple(compute_input_checksums(store).items()))
    tasks = list_tasks(open_store(store), codes=codes.split(","))
    return build_frame(plan_task(job, task) for task in tasks)


def test_sweep_killed_in_its_course_goes_on_where_it_stopped(demo_store, tmp_path):
    output = tmp_path / "sweep"
    arguments = ("--epci", ",".join(SEVERAL), "--no-report")
    process = start(demo_store, output, *arguments)
    parts = wait_for_parts(output, process, 2)
    process.kill()
    process.communicate()
    # The worker notices that nobody waits for it.
    assert wait_for_end(process.pid) == []
    assert not (output / "results.parquet").exists()
    before = {path.name: path.stat().st_mtime_ns for path in parts}
    again = run(demo_store, output, *arguments)
    assert again.returncode == 0, again.stderr
    assert "EPCI already done are kept" in again.stderr
    after = {path.name: path.stat().st_mtime_ns for path in (output / "parts").iterdir()}
    assert {name: after[name] for name in before} == before
    resumed = pl.read_parquet(output / "results.parquet")
    assert resumed["code"].to_list() == list(SEVERAL)
    assert resumed.select(FIGURES).equals(plan_here(demo_store, ",".join(SEVERAL)).select(FIGURES))


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_sweep_keeps_what_is_done_and_says_how_to_go_on(demo_store, tmp_path, sent):
    output = tmp_path / "sweep"
    process = start(demo_store, output, "--all")
    wait_for_parts(output, process, 1)
    os.kill(process.pid, sent)
    _, said = process.communicate(timeout=240)
    assert process.returncode == 130
    assert "Run the same command again" in " ".join(said.split())
    assert "Traceback" not in said
    assert wait_for_end(process.pid) == []
    assert len(list((output / "parts").glob("[!.]*.parquet"))) >= 1


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_interruption_dropped_by_python_is_obeyed_at_the_next_check(sent):
    before = signal.getsignal(sent)
    with obey_signals() as check:
        check()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(sent)
        with pytest.raises(KeyboardInterrupt):
            check()
    assert signal.getsignal(sent) == before


def test_two_sweeps_never_share_a_folder(finished, partial_store):
    output, _ = finished
    with (output / ".lock").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        refused = run(partial_store, output, "--epci", ",".join(CODES), "--no-report")
    assert refused.returncode == 1
    assert "Another sweep is at work" in " ".join(refused.stderr.split())
    # The lock went with the process that held it.
    assert run(partial_store, output, "--epci", ",".join(CODES), "--no-report").returncode == 0


def test_full_disk_is_one_sentence_and_keeps_what_is_done(demo_store, tmp_path):
    output = tmp_path / "sweep"

    def limit() -> None:
        # No file may grow beyond 4,000 bytes: the manifest fits, a row does not.
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, 4_000))

    done = run(demo_store, output, "--epci", ",".join(CODES), preexec_fn=limit)
    assert done.returncode == 1, done.stderr
    assert "Nothing more can be written" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert list((output / "parts").iterdir()) == []


def test_folder_that_cannot_be_made_is_refused(demo_store, tmp_path):
    (tmp_path / "file").write_text("x")
    done = run(demo_store, tmp_path / "file" / "sweep", "--epci", CODES[0])
    assert done.returncode == 1
    assert "Nothing more can be written" in " ".join(done.stderr.split())


def test_folder_with_other_files_is_left_alone(demo_store, tmp_path):
    (tmp_path / "thesis.odt").write_text("x")
    done = run(demo_store, tmp_path, "--epci", CODES[0], "--restart")
    assert done.returncode == 1
    assert "thesis.odt" in " ".join(done.stderr.split())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.odt"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "No EPCI was asked for"),
        (("--region", "99"), "in region '99'"),
        (("--epci", "Ombrevalle"), CODES[0]),
        (("--all", "--budget", "1e5", "--euros-per-inhabitant", "5"), "keep one of them"),
        (("--all", "--euros-per-inhabitant", "-1"), "euros_per_inhabitant"),
        (("--all", "--objective", "votes"), "objective"),
        (("--all", "--set", "price_dya=3"), "price_day"),
        (("--all", "--engine", "cloud"), "Unknown engine"),
        (("--all", "--engine", "dask"), "--scheduler tcp://HOST:8786"),
        (("--all", "--scheduler", "tcp://somewhere:8786"), "add --engine dask"),
    ],
)
def test_sweep_refuses_in_one_sentence_and_writes_nothing(demo_store, tmp_path, arguments, words):
    with pytest.raises(AncrageError) as caught:
        app(
            ["sweep", "--data", str(demo_store), "--output", str(tmp_path / "sweep"), *arguments], standalone_mode=False
        )
    assert words in caught.value.text.en
    assert not (tmp_path / "sweep").exists()


def make_row(code: str) -> SweepRow:
    """Return a row without figures."""
    return SweepRow(code, code, "00", "00", 1, "no_flows")


def test_half_written_and_unreadable_parts_count_as_not_done(tmp_path):
    (tmp_path / "parts").mkdir()
    folder = SweepFolder(tmp_path)
    folder.write_row(make_row("A"))
    folder.write_row(make_row("B"))
    whole = (tmp_path / "parts" / "B.parquet").read_bytes()
    (tmp_path / "parts" / "B.parquet").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "parts" / ".C.parquet.part").write_bytes(whole)
    folder.remove_abandoned()
    assert folder.read_rows() == {"A": make_row("A")}
    assert sorted(path.name for path in (tmp_path / "parts").iterdir()) == ["A.parquet", "B.parquet"]


def test_row_of_a_folder_that_vanished_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(InputError, match="Nothing more can be written"):
        SweepFolder(tmp_path / "gone").write_row(make_row("A"))
