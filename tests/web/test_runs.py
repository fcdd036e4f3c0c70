"""Life of a run, without the processes (see test_runs_processes): asking, stored results, cancelling, errors told."""

from __future__ import annotations

import errno
import json
import logging
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone
from django_scopes import scope
from django_tasks_db.models import DBTaskResult

from ancrage import __version__
from ancrage.errors import InputError, MissingDataError
from ancrage.language import Text
from ancrage_web.accounts.actors import Actor
from ancrage_web.audit.models import AuditLine
from ancrage_web.design.words import pack
from ancrage_web.studies import computing, queries, results, running, services
from ancrage_web.studies.enums import Status
from ancrage_web.studies.models import Result, Run, Scenario
from web.conftest import World
from web.study_samples import Computed, StudySample


@pytest.fixture(autouse=True)
def _inside(world: World) -> Iterator[None]:
    with scope(organisation=world.organisation):
        yield


@pytest.fixture
def officer(world: World) -> Actor:
    return world.get_actor("officer")


@pytest.fixture
def scenario(study_sample: StudySample) -> Scenario:
    """Return a scenario whose settings no stored result answers."""
    study_sample.scenario.settings = {**study_sample.scenario.settings, "seed": 99}
    study_sample.scenario.save()
    return study_sample.scenario


def start(run: Run) -> Run:
    Run.objects.filter(pk=run.pk).update(status=Status.RUNNING, started_at=timezone.now(), heartbeat_at=timezone.now())
    return queries.get_run(run.pk)


def fall_silent(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() - timedelta(seconds=running.STALE + 1))


def compute(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Compute in this process, which must not die with its parent."""
    monkeypatch.setattr(computing, "_die_with", lambda _parent: None)
    computing.compute_run(run.pk, os.getppid())
    return queries.get_run(run.pk)


def test_asked_run_waits_with_its_settings_and_its_task(officer: Actor, scenario: Scenario) -> None:
    run = services.ask_run(officer, scenario)
    saved = queries.get_run(run.pk)
    assert (saved.status, saved.progress, saved.scenario_version) == (Status.WAITING, 0.0, 1)
    assert saved.settings == {**scenario.settings, "epci": scenario.study.epci}
    task = DBTaskResult.objects.get()
    assert (str(task.id), task.args_kwargs["args"]) == (saved.task, [str(saved.pk)])
    line = AuditLine.objects.get(action="run.asked")
    assert line.after == {"scenario": str(scenario.pk), "version": 1, "stored": False}


def test_second_request_finds_the_first_run(officer: Actor, world: World, scenario: Scenario) -> None:
    run = services.ask_run(officer, scenario)
    assert services.ask_run(world.get_actor("administrator"), scenario) == run
    start(run)
    assert services.ask_run(officer, scenario) == run
    assert (Run.objects.filter(scenario=scenario, status="running").count(), DBTaskResult.objects.count()) == (1, 1)


def test_identical_inputs_are_answered_at_once(officer: Actor, study_sample: StudySample) -> None:
    other = services.duplicate_scenario(officer, study_sample.scenario, name="Copie")
    Scenario.objects.filter(pk=other.pk).update(result=None)
    run = services.ask_run(officer, other)
    assert (run.status, run.result_id, run.progress, run.task) == (Status.DONE, study_sample.result.pk, 1.0, "")
    assert queries.get_scenario(other.study_id, other.pk).result_id == study_sample.result.pk
    assert not DBTaskResult.objects.exists()


@pytest.mark.parametrize("moved", ["data", "version", "files"])
def test_result_of_other_inputs_does_not_answer(
    officer: Actor, study_sample: StudySample, moved: str, settings: LazySettings, tmp_path: Path
) -> None:
    if moved == "data":
        settings.DATA = copy_store(Path(settings.DATA), tmp_path)
        (settings.DATA / "added.parquet").write_bytes(b"more")
    elif moved == "version":
        key = results.compute_key(study_sample.result.settings, study_sample.result.inputs, version="0.0.1")
        Result.objects.update(key=key, version="0.0.1")
    else:
        results.get_folder(study_sample.result).rename(tmp_path / "lost")
    assert services.ask_run(officer, study_sample.scenario).status == Status.WAITING


def copy_store(source: Path, folder: Path) -> Path:
    copy = folder / "data"
    copy.mkdir()
    for path in source.iterdir():
        if path.is_file() and not path.name.startswith("."):
            (copy / path.name).write_bytes(path.read_bytes())
    return copy


def test_result_of_another_organisation_does_not_answer(
    world: World, study_sample: StudySample, computed: Computed, study_folders: Path
) -> None:
    consultant = world.get_actor("consultant")
    with scope(organisation=world.other):
        study = services.create_study(consultant, name="Ailleurs", epci=study_sample.study.epci)
        other = services.create_scenario(consultant, study, name="A", settings=study_sample.scenario.settings)
        assert services.ask_run(consultant, other).status == Status.WAITING
        with pytest.raises(Http404):
            queries.get_result(study_sample.result.pk)


def test_run_without_data_is_refused(
    officer: Actor, scenario: Scenario, settings: LazySettings, tmp_path: Path
) -> None:
    settings.DATA = tmp_path / "nothing"
    with pytest.raises(MissingDataError) as refusal:
        services.ask_run(officer, scenario)
    assert refusal.value.text.fr.startswith("Les données de territoire de ce site sont absentes")


def test_cancelled_waiting_run_ends_at_once(officer: Actor, scenario: Scenario) -> None:
    run = services.cancel_run(officer, services.ask_run(officer, scenario))
    assert (run.status, run.error, run.result_id) == (Status.CANCELLED, None, None)
    # The worker that takes its task later leaves it alone.
    assert running.watch_run(run.pk) == Status.CANCELLED
    assert services.ask_run(officer, scenario) != run


def test_cancelled_running_run_waits_for_its_watcher(officer: Actor, scenario: Scenario) -> None:
    run = start(services.ask_run(officer, scenario))
    services.cancel_run(officer, run)
    services.cancel_run(officer, run)
    asked = queries.get_run(run.pk)
    assert (asked.status, asked.cancel_asked_at is not None) == (Status.RUNNING, True)
    assert AuditLine.objects.filter(action="run.cancelled").count() == 1
    fall_silent(run)
    assert services.mark_interrupted() == 1
    assert queries.get_run(run.pk).status == Status.CANCELLED


def test_silent_run_is_interrupted_and_leaves_nothing(officer: Actor, scenario: Scenario, study_folders: Path) -> None:
    run = start(services.ask_run(officer, scenario))
    assert services.mark_interrupted() == 0
    for folder in (f"{run.pk}.aside", str(run.pk)):
        (study_folders / "results" / folder / "fr").mkdir(parents=True)
    fall_silent(run)
    assert services.mark_interrupted() == 1
    ended = queries.get_run(run.pk)
    assert (ended.status, ended.error, ended.result_id) == (Status.INTERRUPTED, pack(running.INTERRUPTED), None)
    assert not list((study_folders / "results").glob(f"{run.pk}*"))
    assert services.mark_interrupted() == 0
    retried = services.ask_run(officer, scenario)
    assert (retried.status, retried.pk == run.pk) == (Status.WAITING, False)


@pytest.mark.parametrize(("state", "lost"), [("READY", 0), ("RUNNING", 1), ("SUCCESSFUL", 1), ("gone", 1)])
def test_waiting_run_whose_task_is_lost_is_interrupted(
    officer: Actor, scenario: Scenario, state: str, lost: int
) -> None:
    run = services.ask_run(officer, scenario)
    long_ago = timezone.now() - timedelta(seconds=running.STALE + 1)
    Run.objects.filter(pk=run.pk).update(asked_at=long_ago)
    if state == "gone":
        DBTaskResult.objects.all().delete()
    else:
        DBTaskResult.objects.update(status=state, started_at=long_ago)
    assert services.mark_interrupted() == lost
    assert queries.get_run(run.pk).status == (Status.INTERRUPTED if lost else Status.WAITING)


def test_task_just_taken_is_not_lost(officer: Actor, scenario: Scenario) -> None:
    run = services.ask_run(officer, scenario)
    Run.objects.filter(pk=run.pk).update(asked_at=timezone.now() - timedelta(hours=1))
    DBTaskResult.objects.update(status="RUNNING", started_at=timezone.now())
    assert services.mark_interrupted() == 0


def test_count_ahead_counts_the_whole_instance(
    officer: Actor, world: World, scenario: Scenario, study_sample: StudySample
) -> None:
    consultant = world.get_actor("consultant")
    with scope(organisation=world.other):
        study = services.create_study(consultant, name="Ailleurs", epci=study_sample.study.epci)
        before = services.ask_run(
            consultant, services.create_scenario(consultant, study, name="A", settings={"budget": 1})
        )
    run = services.ask_run(officer, scenario)
    assert queries.count_ahead(run) == 1
    with scope(organisation=world.other):
        assert queries.count_ahead(before) == 0
        start(before)
    assert queries.count_ahead(run) == 1
    assert queries.count_ahead(start(run)) == 0


def test_computed_run_freezes_its_result(
    officer: Actor, scenario: Scenario, computed: Computed, study_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(asked: Any, data: Path, folder: Path, progress: Callable[[Text, float], None]) -> Any:
        progress(Text("Plan", "Plan"), 0.5)
        assert queries.get_run(run.pk).progress == 0.5
        (folder / "fr").mkdir()
        (folder / "fr" / "report.pdf").write_bytes(b"%PDF")
        return computed.content

    monkeypatch.setattr(computing, "compute_content", write)
    run = start(services.ask_run(officer, scenario))
    done = compute(run, monkeypatch)
    result = queries.get_result(str(done.result_id))
    assert (done.status, done.progress, done.error) == (Status.DONE, 1.0, None)
    assert result.settings == run.settings
    assert (result.inputs, result.version) == (results.read_inputs(), __version__)
    assert result.key == results.compute_key(run.settings, result.inputs)
    assert (result.summary, result.pages) == (computed.content.summary, computed.content.pages)
    assert queries.get_scenario(scenario.study_id, scenario.pk).result_id == result.pk
    assert [file.kind.name for file in results.list_files(result, "fr")] == ["report.pdf"]
    assert sorted(path.name for path in (study_folders / "results").glob(f"{run.pk}*")) == [str(run.pk)]
    line = AuditLine.objects.get(action="result.frozen")
    assert (line.actor, line.after) == (None, {"run": str(run.pk), "key": result.key})


def test_result_frozen_meanwhile_is_served_instead(
    officer: Actor,
    study_sample: StudySample,
    computed: Computed,
    study_folders: Path,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    # Two scenarios with the same settings were asked at the same moment; the other one ended first.
    run = Run.objects.create(
        scenario=study_sample.scenario,
        scenario_version=1,
        settings=study_sample.result.settings,
        status=Status.RUNNING,
        started_at=timezone.now(),
        heartbeat_at=timezone.now(),
    )
    monkeypatch.setattr(computing, "compute_content", lambda *_given: computed.content)
    with django_capture_on_commit_callbacks(execute=True):
        done = compute(run, monkeypatch)
    assert done.result_id == study_sample.result.pk
    assert Result.objects.count() == 1
    assert not (study_folders / "results" / str(run.pk)).exists()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (InputError("Too small.", "Trop petit."), Text("Too small.", "Trop petit.")),
        (MemoryError(), computing.NO_MEMORY),
        (OSError(errno.ENOSPC, "No space left on device"), computing.FULL_DISK),
    ],
)
def test_error_of_a_run_is_told(
    officer: Actor,
    scenario: Scenario,
    study_folders: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    told: Text,
) -> None:
    def fail(*_given: Any) -> Any:
        raise error

    monkeypatch.setattr(computing, "compute_content", fail)
    run = compute(start(services.ask_run(officer, scenario)), monkeypatch)
    assert (run.status, run.error, run.result_id) == (Status.FAILED, pack(told), None)
    assert not list((study_folders / "results").glob(f"{run.pk}*"))
    assert services.ask_run(officer, scenario).status == Status.WAITING


def test_full_disk_under_a_report_is_told_without_paths(
    officer: Actor, scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_asked: Any, _data: Path, folder: Path, _progress: Any) -> Any:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise InputError(f"'{folder}' cannot be written.", f"« {folder} » ne peut pas être écrit.") from error

    monkeypatch.setattr(computing, "compute_content", fail)
    run = compute(start(services.ask_run(officer, scenario)), monkeypatch)
    assert run.error == pack(computing.FULL_DISK)


def test_unexpected_error_gives_a_number_and_keeps_its_words_out_of_the_log(
    officer: Actor, scenario: Scenario, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    written = "dominique@example.org"

    def fail(*_given: Any) -> Any:
        raise ValueError(written)

    monkeypatch.setattr(computing, "compute_content", fail)
    monkeypatch.setattr(computing.logger, "propagate", True)
    with caplog.at_level(logging.ERROR, "ancrage.runs"):
        run = compute(start(services.ask_run(officer, scenario)), monkeypatch)
    assert run.status == Status.FAILED
    (logged,) = [record.getMessage() for record in caplog.records if record.name == "ancrage.runs"]
    number = logged.split()[1].rstrip(":")
    assert run.error == pack(running.describe_incident(number))
    assert "in fail" in logged
    assert "dominique" not in logged


def test_run_cancelled_during_the_computation_freezes_nothing(
    officer: Actor, scenario: Scenario, computed: Computed, study_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = Result.objects.count()

    def cancel(*_given: Any) -> Any:
        services.cancel_run(officer, run)
        return computed.content

    monkeypatch.setattr(computing, "compute_content", cancel)
    run = start(services.ask_run(officer, scenario))
    assert compute(run, monkeypatch).result_id is None
    assert Result.objects.count() == count
    assert not list((study_folders / "results").glob(f"{run.pk}*"))


def test_data_replaced_during_the_computation_freezes_nothing(
    officer: Actor,
    scenario: Scenario,
    computed: Computed,
    monkeypatch: pytest.MonkeyPatch,
    settings: LazySettings,
    tmp_path: Path,
) -> None:
    settings.DATA = copy_store(Path(settings.DATA), tmp_path)

    def replace(*_given: Any) -> Any:
        (settings.DATA / "added.parquet").write_bytes(b"more")
        return computed.content

    monkeypatch.setattr(computing, "compute_content", replace)
    run = compute(start(services.ask_run(officer, scenario)), monkeypatch)
    assert (run.status, run.error) == (Status.FAILED, pack(computing.READING_CHANGED))


def test_database_refuses_a_done_run_without_a_result(officer: Actor, scenario: Scenario) -> None:
    run = services.ask_run(officer, scenario)
    with pytest.raises(IntegrityError, match="run_done_has_a_result"), transaction.atomic():
        Run.objects.filter(pk=run.pk).update(status=Status.DONE, ended_at=timezone.now())


def test_freshness_tells_what_moved_on(study_sample: StudySample, settings: LazySettings, tmp_path: Path) -> None:
    result, scenario = study_sample.result, study_sample.scenario
    assert services.check_freshness(result) == results.Freshness(True, ())
    assert results.check_freshness(result, scenario).current
    scenario.settings = {**scenario.settings, "budget": 1.0}
    settings.DATA = copy_store(Path(settings.DATA), tmp_path)
    manifest = json.loads((settings.DATA / "manifest.json").read_text())
    name, entry = next(iter(manifest["tables"].items()))
    entry["sha256"] = "0" * 64
    (settings.DATA / "manifest.json").write_text(json.dumps(manifest))
    result.version = "0.0.1"
    stale = results.check_freshness(result, scenario)
    assert not stale.current
    assert [text.fr for text in stale.reasons] == [
        "Les réglages du scénario ont été modifiés depuis ce résultat.",
        f"Les données ont changé depuis ce résultat : {entry['title']['fr']}.",
        f"Ce résultat a été calculé par la version 0.0.1 d'Ancrage ; le site a maintenant la {__version__}.",
    ]
    assert name in result.inputs


def test_files_of_a_result_are_found_by_their_known_names_only(study_sample: StudySample) -> None:
    result = study_sample.result
    names = [file.kind.name for file in results.list_files(result, "en")]
    assert names == [kind.name for kind in results.FILES]
    found = results.find_file(result, "fr", "report.pdf")
    assert found.path.read_bytes().startswith(b"%PDF")
    assert found.size == found.path.stat().st_size
    for language, name in (("fr", "../en/report.pdf"), ("..", "report.pdf"), ("de", "report.pdf"), ("fr", "x.pdf")):
        with pytest.raises(Http404):
            results.find_file(result, language, name)


def test_abandoned_folders_go_and_frozen_ones_stay(study_sample: StudySample, study_folders: Path) -> None:
    root = study_folders / "results"
    (root / "left.aside").mkdir()
    (root / "fresh.aside").mkdir()
    for path in (root / "left.aside", results.get_folder(study_sample.result)):
        os.utime(path, (0, 0))
    running.remove_abandoned()
    assert sorted(path.name for path in root.iterdir()) == sorted(
        [Path(study_sample.result.folder).name, "fresh.aside"]
    )
