"""Runs through the real worker and its child process, killed in the middle; eight processes at once.

Each test has its own database that processes can share: a file for SQLite, a copy of the test database for PostgreSQL.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.db import connections
from django_scopes import scope
from django_tasks_db.models import DBTaskResult
from pytest_django import DjangoDbBlocker

from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Kind, Role
from ancrage_web.accounts.models import Organisation
from ancrage_web.audit.models import AuditLine
from ancrage_web.design.words import pack
from ancrage_web.studies import queries, results, running, services
from ancrage_web.studies.enums import FINAL, Status
from ancrage_web.studies.models import Result, Run, Scenario
from web.conftest import create_person
from web.study_samples import DEMO_EPCI

# The first computation on a machine also compiles the search [s].
PATIENCE = 240.0
# Enough simulations for a computation that lasts until it is killed.
LONG = {"budget": 120_000, "draws": 100_000}


@dataclass(frozen=True)
class Instance:
    """A site whose database and files are shared by processes, with one officer and one scenario."""

    actor: Actor
    scenario: Scenario
    files: Path

    def start_worker(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a real worker."""
        command = [sys.executable, "-m", "ancrage_web", "db_worker", "--no-startup-delay", "--interval", "0.1"]
        return subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)

    def change_settings(self, **changes: Any) -> None:
        """Change the settings of the scenario."""
        settings = {**self.scenario.settings, **changes}
        services.save_scenario(
            self.actor, self.scenario, version=self.scenario.version, name=self.scenario.name, settings=settings
        )

    def list_rest(self, run: Run) -> list[str]:
        """Return what a run left among the files."""
        return sorted(path.name for path in (self.files / "results").glob(f"{run.pk}*"))


@contextmanager
def use_database(name: str) -> Iterator[str]:
    """Use another database in this process, and yield the address that gives it to others."""
    usual = connections["default"]
    given, usual_name = connections.settings["default"], connections.settings["default"]["NAME"]
    # New connections read this dictionary.
    given["NAME"] = name
    connections["default"] = connections.create_connection("default")
    address = f"sqlite:///{name}"
    if usual.vendor != "sqlite":
        person = f"{quote(given['USER'])}:{quote(given['PASSWORD'])}"
        address = f"postgresql://{person}@/{name}?host={quote(given['HOST'], safe='')}"
    try:
        yield address
    finally:
        connections["default"].close()
        connections["default"] = usual
        given["NAME"] = usual_name


def run_administration(statement: str) -> None:
    with connections["default"]._nodb_cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute(statement)


@pytest.fixture(scope="session")
def empty_database(django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the name of a database with its tables, to be copied."""
    is_file = connections["default"].vendor == "sqlite"
    name = str(tmp_path_factory.mktemp("runs") / "empty.sqlite3") if is_file else f"runs_{os.getpid()}"
    with django_db_blocker.unblock():
        if not is_file:
            run_administration(f'CREATE DATABASE "{name}"')
        with use_database(name):
            call_command("migrate", verbosity=0, skip_checks=True)
        yield name
        if not is_file:
            run_administration(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def share_database(empty: str, folder: Path) -> Iterator[str]:
    """Copy the empty database, use the copy here, and yield its address."""
    if Path(empty).is_file():
        name = str(folder / "site.sqlite3")
        with closing(sqlite3.connect(empty)) as source, closing(sqlite3.connect(name)) as copy:
            source.backup(copy)
        with use_database(name) as address:
            yield address
    else:
        name = f"{empty}_test"
        run_administration(f'CREATE DATABASE "{name}" TEMPLATE "{empty}"')
        try:
            with use_database(name) as address:
                yield address
        finally:
            run_administration(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def instance(
    django_db_blocker: DjangoDbBlocker,
    empty_database: str,
    demo_folder: Path,
    demo_portraits: tuple[dict[str, Any], list[dict[str, Any]]],
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Instance]:
    from ancrage_web.territories.services import build_store, replace_portraits

    about, lines = demo_portraits
    with django_db_blocker.unblock(), share_database(empty_database, tmp_path) as address:
        for name, value in {
            "ANCRAGE_DATABASE_URL": address,
            "ANCRAGE_FILES": str(tmp_path),
            "ANCRAGE_DATA": str(demo_folder),
            "DJANGO_SETTINGS_MODULE": "ancrage_web.config.settings",
        }.items():
            monkeypatch.setenv(name, value)
        settings.MEDIA_ROOT, settings.DATA = tmp_path / "files", demo_folder
        replace_portraits(build_store(**about), lines, [])
        organisation = Organisation.objects.create(name="CC de la Vallée", slug="cc-vallee", kind=Kind.EPCI)
        user = create_person("officer@example.org", "Dominique Agent", organisation, Role.EDITOR)
        actor = Actor(organisation, Role.EDITOR, user)
        with scope(organisation=organisation):
            study = services.create_study(actor, name="Tiers-lieux", epci=[DEMO_EPCI])
            scenario = services.create_scenario(actor, study, name="Base", settings={"budget": 120_000, "draws": 0})
            yield Instance(actor, scenario, tmp_path / "files")


def wait_for(reached: Callable[[], Any], what: str) -> Any:
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        found = reached()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited for {PATIENCE} s: {what}")


def wait_until_computing(run: Run, worker: subprocess.Popen[bytes]) -> int:
    """Wait until a run computes and return the process that does."""

    def is_computing() -> bool:
        assert worker.poll() is None, "the worker ended"
        return queries.get_run(run.pk).progress > 0.01

    wait_for(is_computing, "the run makes progress")
    return wait_for(lambda: find_child(run), "the child process")


def find_child(run: Run) -> int | None:
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = line.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"run_study" in words and str(run.pk).encode() in words:
            return int(line.parent.name)
    return None


@contextmanager
def ended(worker: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()


needs_proc = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds processes in /proc")


def test_run_goes_through_the_worker_to_a_frozen_result(instance: Instance) -> None:
    run = services.ask_run(instance.actor, instance.scenario)
    with ended(instance.start_worker("--batch")) as worker:
        assert worker.wait(PATIENCE) == 0
    done = queries.get_run(run.pk)
    assert (done.status, done.error, done.progress) == (Status.DONE, None, 1.0)
    result = queries.get_result(str(done.result_id))
    assert instance.list_rest(run) == [str(run.pk)]
    for language in ("fr", "en"):
        files = results.list_files(result, language)
        assert [file.kind for file in files] == list(results.FILES)
        assert all(file.size > 0 for file in files)
        assert result.pages[language]["language"] == language
        assert len(result.summary[language]["figures"]) >= 4
    assert result.map["places"]
    assert services.check_freshness(result).current
    assert queries.get_scenario(instance.scenario.study_id, instance.scenario.pk).result_id == result.pk
    assert AuditLine.objects.get(action="result.frozen").object_id == str(result.pk)
    # Asked again, the stored result answers without a task.
    again = services.ask_run(instance.actor, instance.scenario)
    assert (again.status, again.result_id, DBTaskResult.objects.count()) == (Status.DONE, result.pk, 1)


def test_settings_that_no_network_meets_are_told(instance: Instance, settings: LazySettings) -> None:
    instance.change_settings(budget=1.0)
    run = services.ask_run(instance.actor, instance.scenario)
    assert running.watch_run(run.pk) == Status.FAILED
    failed = queries.get_run(run.pk)
    assert failed.error is not None
    assert "budget" in failed.error["fr"]
    assert instance.list_rest(run) == []


def test_run_longer_than_its_time_is_stopped(instance: Instance, settings: LazySettings) -> None:
    settings.RUN_SECONDS = 1
    instance.change_settings(**LONG)
    run = services.ask_run(instance.actor, instance.scenario)
    assert running.watch_run(run.pk) == Status.FAILED
    assert queries.get_run(run.pk).error == pack(running.describe_delay(1))
    assert instance.list_rest(run) == []


@needs_proc
def test_cancelled_run_stops_soon(instance: Instance) -> None:
    instance.change_settings(**LONG)
    run = services.ask_run(instance.actor, instance.scenario)
    with ended(instance.start_worker("--batch")) as worker:
        child = wait_until_computing(run, worker)
        services.cancel_run(instance.actor, run)
        assert worker.wait(PATIENCE) == 0
    assert not Path(f"/proc/{child}").exists()
    cancelled = queries.get_run(run.pk)
    assert (cancelled.status, cancelled.error) == (Status.CANCELLED, None)
    assert instance.list_rest(run) == []


@needs_proc
def test_killed_child_leaves_an_interrupted_run(instance: Instance) -> None:
    instance.change_settings(**LONG)
    run = services.ask_run(instance.actor, instance.scenario)
    with ended(instance.start_worker("--batch")) as worker:
        os.kill(wait_until_computing(run, worker), signal.SIGKILL)
        assert worker.wait(PATIENCE) == 0
    interrupted = queries.get_run(run.pk)
    assert (interrupted.status, interrupted.error) == (Status.INTERRUPTED, pack(running.KILLED))
    assert instance.list_rest(run) == []
    assert not Result.objects.exists()
    assert services.ask_run(instance.actor, instance.scenario).status == Status.WAITING


@needs_proc
def test_killed_worker_takes_its_child_along_and_the_run_is_retried(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.change_settings(**LONG)
    run = services.ask_run(instance.actor, instance.scenario)
    with ended(instance.start_worker()) as worker:
        child = wait_until_computing(run, worker)
        wait_for(lambda: instance.list_rest(run), "files being written aside")
        worker.kill()
        worker.wait()
    wait_for(lambda: not Path(f"/proc/{child}").exists(), "the end of the child")
    assert queries.get_run(run.pk).status == Status.RUNNING
    monkeypatch.setattr(running, "STALE", 0.0)
    assert services.mark_interrupted() == 1
    interrupted = queries.get_run(run.pk)
    assert (interrupted.status, interrupted.error) == (Status.INTERRUPTED, pack(running.INTERRUPTED))
    assert instance.list_rest(run) == []
    assert not Result.objects.exists()
    monkeypatch.undo()
    again = services.ask_run(instance.actor, instance.scenario)
    assert (again.status, again.pk == run.pk) == (Status.WAITING, False)


@needs_proc
def test_worker_told_twice_to_stop_interrupts_its_run(instance: Instance) -> None:
    instance.change_settings(**LONG)
    run = services.ask_run(instance.actor, instance.scenario)
    with ended(instance.start_worker()) as worker:
        child = wait_until_computing(run, worker)
        worker.terminate()
        time.sleep(0.5)
        # Told once, it lets the run go on.
        assert queries.get_run(run.pk).status == Status.RUNNING
        worker.terminate()
        worker.wait(PATIENCE)
    assert not Path(f"/proc/{child}").exists()
    assert queries.get_run(run.pk).status == Status.INTERRUPTED
    assert instance.list_rest(run) == []


def test_started_run_is_left_to_its_watcher(instance: Instance) -> None:
    run = services.ask_run(instance.actor, instance.scenario)
    Run.objects.filter(pk=run.pk).update(status=Status.RUNNING)
    assert running.watch_run(run.pk) == Status.RUNNING
    assert queries.get_run(run.pk).started_at is None


ASK = """
import sys, time
from pathlib import Path
import django
django.setup()
from django_scopes import scope
from ancrage_web.accounts.access import find_actor
from ancrage_web.accounts.models import User
from ancrage_web.studies import queries, services
actor = find_actor(User.objects.get(), "cc-vallee")
with scope(organisation=actor.organisation):
    scenario = queries.get_scenario(sys.argv[1], sys.argv[2])
    print("ready", flush=True)
    while not Path(sys.argv[3]).exists():
        time.sleep(0.005)
    print(services.ask_run(actor, scenario).pk, flush=True)
"""


def test_eight_processes_that_ask_at_once_get_one_run(instance: Instance, tmp_path: Path) -> None:
    go = tmp_path / "go"
    command = [sys.executable, "-c", ASK, str(instance.scenario.study_id), str(instance.scenario.pk), str(go)]
    asking = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    for process in asking:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    go.touch()
    answers = {process.communicate(timeout=PATIENCE)[0].strip() for process in asking}
    assert [process.returncode for process in asking] == [0] * 8
    run = Run.objects.get()
    assert answers == {str(run.pk)}
    assert run.status not in FINAL
    assert DBTaskResult.objects.count() == 1
    assert AuditLine.objects.filter(action="run.asked").count() == 1


SAVE = """
import sys, time
from pathlib import Path
import django
django.setup()
from django_scopes import scope
from ancrage_web.accounts.access import find_actor
from ancrage_web.accounts.models import User
from ancrage_web.studies import queries, services
actor = find_actor(User.objects.get(), "cc-vallee")
with scope(organisation=actor.organisation):
    scenario = queries.get_scenario(sys.argv[1], sys.argv[2])
    print("ready", flush=True)
    while not Path(sys.argv[3]).exists():
        time.sleep(0.005)
    settings = {**scenario.settings, "budget": float(sys.argv[4])}
    try:
        saved = services.save_scenario(actor, scenario, version=1, name="Base", settings=settings)
        print("saved", saved.version, flush=True)
    except services.ConflictError as error:
        print("told", error.saved.version, error.changes[0].theirs, flush=True)
"""


def test_of_four_saves_at_once_one_is_kept_and_the_others_are_told(instance: Instance, tmp_path: Path) -> None:
    go = tmp_path / "go"
    ids = [str(instance.scenario.study_id), str(instance.scenario.pk), str(go)]
    budgets = [100_001.0, 100_002.0, 100_003.0, 100_004.0]
    saving = [
        subprocess.Popen([sys.executable, "-c", SAVE, *ids, str(budget)], stdout=subprocess.PIPE, text=True)
        for budget in budgets
    ]
    for process in saving:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    go.touch()
    answers = [process.communicate(timeout=PATIENCE)[0].strip() for process in saving]
    (kept,) = [budget for budget, answer in zip(budgets, answers, strict=True) if answer == "saved 2"]
    assert sorted(answers) == ["saved 2", *[f"told 2 {kept}"] * 3]
    saved = Scenario.objects.get(pk=instance.scenario.pk)
    assert (saved.version, saved.settings["budget"]) == (2, kept)
    # The chain of the trail held too.
    assert [line.sequence for line in AuditLine.objects.order_by("sequence")] == [1, 2, 3]
