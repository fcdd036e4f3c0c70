"""The engines: every task comes back once, whatever happens to the workers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from ancrage.cli.engines import DaskEngine, LocalEngine
from ancrage.cli.sweep_worker import Job, compute_input_checksums, plan_task
from ancrage.errors import InputError, MissingDataError
from ancrage.language import Text
from ancrage.opendata.store import open_store
from ancrage.study.sweep import ROW_SCHEMA, SweepSettings, build_frame, list_tasks

COMMAND = [sys.executable, "-m", "ancrage.cli.main", "--lang", "en", "sweep"]
EIGHT = ",".join(f"{number:09d}" for number in range(3, 11))
TASKS = {str(number): number for number in range(6)}


def square(number: int) -> int:
    return number * number


def die_on(folder: Path, numbers: set[int], times: int, number: int) -> int:
    """Kill the process on some numbers, the first `times` that each is tried."""
    tried = folder / f"tried-{number}"
    if number in numbers:
        count = len(tried.read_text()) if tried.exists() else 0
        tried.write_text("x" * (count + 1))
        if count < times:
            os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def fail_on(number: int) -> int:
    if number == 3:
        raise ValueError("three")
    return number


def read_threads(_: int) -> tuple[int, str]:
    time.sleep(0.05)
    return os.getpid(), os.environ["POLARS_MAX_THREADS"]


def collect(engine: LocalEngine, work: Callable[[int], object]) -> dict[str, object]:
    """Return the result of each task, or the English sentence that says why it was lost."""
    outcomes = list(engine.run(work, TASKS))
    assert sorted(outcome.key for outcome in outcomes) == sorted(TASKS)
    return {outcome.key: outcome.lost.en if outcome.lost else outcome.result for outcome in outcomes}


def test_local_engine_runs_each_task_once_on_one_thread_each():
    engine = LocalEngine(2, lambda text: None)
    found = collect(engine, read_threads)
    assert {threads for _, threads in found.values()} == {"1"}
    assert os.getpid() not in {process for process, _ in found.values()}
    assert engine.running == ()
    assert "POLARS_MAX_THREADS" not in os.environ or os.environ["POLARS_MAX_THREADS"] != ""


def test_task_whose_worker_died_is_done_again(tmp_path):
    said: list[Text] = []
    found = collect(LocalEngine(2, said.append), partial(die_on, tmp_path, {2}, 1))
    assert found == {key: number * number for key, number in TASKS.items()}
    assert len(said) == 1
    assert "2" in said[0].en.partition("running: ")[2]


def test_task_that_kills_its_worker_twice_is_lost_and_the_others_are_done(tmp_path):
    said: list[Text] = []
    found = collect(LocalEngine(1, said.append), partial(die_on, tmp_path, {1, 4}, 9))
    lost = {key: told for key, told in found.items() if isinstance(told, str)}
    assert sorted(lost) == ["1", "4"]
    assert all("died twice" in told for told in lost.values())
    assert {key: found[key] for key in "0235"} == {key: int(key) ** 2 for key in "0235"}
    assert (tmp_path / "tried-1").read_text() == "xx"


def test_error_of_a_task_is_told_and_not_tried_again():
    found = collect(LocalEngine(1, lambda text: None), fail_on)
    assert "ValueError: three" in str(found["3"])
    assert found["5"] == 5


def test_closing_the_run_stops_the_workers_at_once():
    engine = LocalEngine(1, lambda text: None)
    outcomes = engine.run(time.sleep, {"short": 0.0, "long": 60.0})
    assert next(outcomes).key == "short"
    start = time.monotonic()
    outcomes.close()
    assert time.monotonic() - start < 20
    assert engine.running == ()


def test_missing_extra_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingDataError, match=r"pip install 'ancrage\[distributed\]'"):
        DaskEngine("tcp://127.0.0.1:8786", lambda text: None)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "tcp://127.0.0.1:notaport", "nobody.invalid:8786"])
def test_address_where_nothing_listens_is_refused(address):
    with pytest.raises(InputError, match="No dask scheduler answers"):
        DaskEngine(address, lambda text: None, timeout=2.0)


def test_port_that_is_not_a_scheduler_is_refused_in_time():
    with socket.create_server(("127.0.0.1", 0)) as server:
        start = time.monotonic()
        with pytest.raises(InputError, match="No dask scheduler answers"):
            DaskEngine(f"tcp://127.0.0.1:{server.getsockname()[1]}", lambda text: None, timeout=1.0)
    assert time.monotonic() - start < 30


def test_sweep_on_an_address_where_nothing_listens_is_one_sentence(demo_store, tmp_path):
    command = [*COMMAND, "--data", str(demo_store), "--output", str(tmp_path / "sweep"), "--epci", "000000004"]
    command += ["--engine", "dask", "--scheduler", "tcp://127.0.0.1:9"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    said = " ".join(done.stderr.split())
    assert "No dask scheduler answers" in said
    assert "Traceback" not in said


@contextmanager
def open_process(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python module beside the test, and end it with the test."""
    quiet = {"DASK_DISTRIBUTED__DASHBOARD__ENABLED": "false", "POLARS_MAX_THREADS": "1", **environment}
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env={**os.environ, **quiet},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(check: Callable[[], object]) -> None:
    """Wait until `check` returns something."""
    for _ in range(1200):
        if check():
            return
        time.sleep(0.05)
    raise AssertionError("nothing came in a minute")


@contextmanager
def open_scheduler(tmp_path: Path, **environment: str) -> Iterator[str]:
    """Start a dask scheduler on a free port and give its address."""
    file = tmp_path / "scheduler.json"
    arguments = ("--port", "0", "--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file))
    with open_process("distributed.cli.dask_scheduler", *arguments, **environment):
        yield read_address(file)


def read_address(file: Path) -> str:
    """Return the address that a starting scheduler writes."""
    wait_for(lambda: file.exists() and file.read_text().endswith("}"))
    return str(json.loads(file.read_text())["address"])


@contextmanager
def open_worker(address: str, tmp_path: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a dask worker of one process and one thread."""
    arguments = (address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(tmp_path))
    # Whatever happens to the test, the worker does not outlive its scheduler for long.
    arguments += ("--death-timeout", "20")
    with open_process("distributed.cli.dask_worker", *arguments, **environment) as process:
        yield process


def plan_here(store: Path, codes: str) -> pl.DataFrame:
    """Return the rows of the same EPCI planned one after another in this process, without any engine."""
    settings = SweepSettings(euros_per_inhabitant=5.0)
    job = Job(str(store), settings, tuple(compute_input_checksums(store).items()))
    tasks = list_tasks(open_store(store), codes=codes.split(","))
    return build_frame(plan_task(job, task) for task in tasks)


def test_dask_redoes_elsewhere_what_a_killed_worker_had_and_gives_the_local_results(demo_store, tmp_path):
    output = tmp_path / "dask"
    figures = [name for name in ROW_SCHEMA if name != "seconds"]
    with open_scheduler(tmp_path) as address, ExitStack() as stack:
        for _ in range(2):
            worker = stack.enter_context(open_worker(address, tmp_path))
        command = [*COMMAND, "--data", str(demo_store), "--output", str(output), "--epci", EIGHT, "--no-report"]
        command += ["--engine", "dask", "--scheduler", address]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            wait_for(lambda: list((output / "parts").glob("[!.]*.parquet")) or process.poll() is not None)
            worker.kill()
            _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    found = pl.read_parquet(output / "results.parquet")
    assert found["code"].n_unique() == found.height == 8
    assert plan_here(demo_store, EIGHT).select(figures).equals(found.select(figures))


def test_scheduler_that_goes_away_keeps_what_is_done_and_says_what_to_do(demo_store, tmp_path):
    output = tmp_path / "dask"
    arguments = ("--port", "0", "--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(tmp_path / "s.json"))
    with open_process("distributed.cli.dask_scheduler", *arguments) as scheduler:
        address = read_address(tmp_path / "s.json")
        with open_worker(address, tmp_path):
            command = [*COMMAND, "--data", str(demo_store), "--output", str(output), "--all", "--no-report"]
            command += ["--engine", "dask", "--scheduler", address]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
                wait_for(lambda: list((output / "parts").glob("[!.]*.parquet")) or process.poll() is not None)
                scheduler.kill()
                _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "stopped answering" in " ".join(said.split())
    assert "Traceback" not in said
    assert list((output / "parts").glob("[!.]*.parquet"))


def see_nothing() -> Text | None:
    return Text("the data folder is not here", "le dossier de données n'est pas ici")


def test_dask_without_a_worker_or_with_a_blind_one_is_refused(tmp_path):
    here = str(Path(__file__).parent)
    with open_scheduler(tmp_path, PYTHONPATH=here) as address:
        with pytest.raises(InputError, match="has no worker"):
            DaskEngine(address, lambda text: None, timeout=1.0)
        with open_worker(address, tmp_path, PYTHONPATH=here):
            engine = DaskEngine(address, lambda text: None, timeout=30.0)
            try:
                assert engine.workers == 1
                with pytest.raises(InputError, match="the data folder is not here"):
                    engine.check(see_nothing)
                engine.check(see_everything)
                outcomes = list(engine.run(fail_on, TASKS))
            finally:
                engine.close()
    assert sorted(outcome.key for outcome in outcomes) == sorted(TASKS)
    assert {o.key: o.lost.en for o in outcomes if o.lost} == {
        "3": "The work on 3 could not be run (ValueError: three)."
    }


def test_dask_that_lacks_the_code_is_refused_before_the_work(tmp_path):
    with open_scheduler(tmp_path) as address, open_worker(address, tmp_path):
        engine = DaskEngine(address, lambda text: None, timeout=30.0)
        try:
            with pytest.raises(InputError, match="install there the same version"):
                engine.check(see_everything)
        finally:
            engine.close()


def see_everything() -> Text | None:
    return None
