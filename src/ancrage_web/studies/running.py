"""Watching of a run: the worker stays light, a child process computes, and whatever happens the run says so."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import F, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone
from django_scopes import scopes_disabled

from ancrage.language import Text
from ancrage_web.design.words import pack
from ancrage_web.studies.enums import Status
from ancrage_web.studies.models import Result, Run
from ancrage_web.studies.results import FOLDER

logger = logging.getLogger("ancrage.runs")

# Seconds between two signs of life, and after which a run without any is interrupted.
BEAT, STALE = 1.0, 30.0
_POLL = 0.2
# A child that is asked to stop and does not is killed after this [s].
_PATIENCE = 5.0
# Folders that no run and no result explains are removed once they are older than this [s].
_ABANDONED = 3600.0

INTERRUPTED = Text(
    "The computation was interrupted before its end, by a restart of the site or of its machine. Nothing is lost but "
    "the computation: ask for it again.",
    "Le calcul a été interrompu avant la fin, par un redémarrage du site ou de sa machine. Rien n'est perdu que le "
    "calcul : relancez-le.",
)
KILLED = Text(
    "The system stopped the computation before its end, most often for lack of memory. Ask for it again; if it "
    "happens again, ask for fewer simulations or a smaller territory, or tell the manager of the site.",
    "Le système a arrêté le calcul avant la fin, le plus souvent par manque de mémoire. Relancez-le ; si cela se "
    "reproduit, demandez moins de simulations ou un territoire plus petit, ou prévenez le gestionnaire du site.",
)


def describe_incident(number: str) -> Text:
    """Return what a person is told of an unexpected error: a number that the log of the site explains."""
    return Text(
        f"The computation stopped on an unexpected error (incident {number}). Ask for it again; if it happens again, "
        "give this number to the manager of the site.",
        f"Le calcul s'est arrêté sur une erreur inattendue (incident {number}). Relancez-le ; si cela se reproduit, "
        "donnez ce numéro au gestionnaire du site.",
    )


def describe_delay(seconds: int) -> Text:
    """Return what a person is told of a run that took too long."""
    return Text(
        f"The computation was stopped after {seconds} seconds, the limit of this site. Ask for fewer simulations, "
        "fewer alternatives or a smaller territory.",
        f"Le calcul a été arrêté au bout de {seconds} secondes, la limite de ce site. Demandez moins de simulations, "
        "moins de variantes ou un territoire plus petit.",
    )


def watch_run(run_id: str | UUID) -> Status:
    """Compute a waiting run in a child process, watch it to its end and return its status.

    Blocks until the end. The child dies with the thread that calls this; a run whose watcher died gives no sign of
    life any more and is marked by `mark_interrupted`. A run that does not wait (cancelled meanwhile) is left alone.
    """
    mark_interrupted()
    key = UUID(str(run_id))
    now = timezone.now()
    with scopes_disabled():
        # One statement, so that of two watchers one alone starts it.
        started = Run.objects.filter(pk=key, status=Status.WAITING).update(
            status=Status.RUNNING,
            started_at=now,
            heartbeat_at=now,
            step=pack(Text("Starting", "Démarrage")),
        )
    if started:
        child: subprocess.Popen[bytes] | None = None
        try:
            child = _start_child(key)
            _follow(child, key)
        except OSError:
            _end_on_incident(key, "the computation could not be started")
        except BaseException:
            # The worker itself is told to stop.
            end_run(key, Status.INTERRUPTED, INTERRUPTED)
            raise
        finally:
            if child is not None:
                _stop(child)
            _remove_rest(key)
    with scopes_disabled():
        return Status(Run.objects.values_list("status", flat=True).get(pk=key))


def mark_interrupted() -> int:
    """Mark the runs that give no sign of life any more, remove what they left, and return how many they were.

    For the whole instance: called when the state of a run is looked at and when a worker takes a task. A run that was
    being cancelled is cancelled.
    """
    now = timezone.now()
    count = 0
    with scopes_disabled():
        silent = list(
            Run.objects.filter(status=Status.RUNNING, heartbeat_at__lt=now - timedelta(seconds=STALE)).values_list(
                "pk", "cancel_asked_at"
            )
        )
        waiting = dict(
            Run.objects.filter(status=Status.WAITING, asked_at__lt=now - timedelta(seconds=STALE)).values_list(
                "task", "pk"
            )
        )
    for key, cancel_asked_at in silent:
        count += end_run(key, *((Status.CANCELLED, None) if cancel_asked_at else (Status.INTERRUPTED, INTERRUPTED)))
        _remove_rest(key)
    for key in _list_lost(waiting):
        count += end_run(key, Status.INTERRUPTED, INTERRUPTED, waiting=True)
    return count


def end_run(key: UUID, status: Status, error: Text | None, *, waiting: bool = False) -> bool:
    """End a running (or waiting) run without a result; return False when it had ended already."""
    now = Value(timezone.now())
    with scopes_disabled():
        changed = Run.objects.filter(pk=key, status=Status.WAITING if waiting else Status.RUNNING).update(
            status=status,
            error=None if error is None else pack(error),
            # The clocks of two machines may differ: an end never comes before its start.
            ended_at=Greatest(now, Coalesce(F("started_at"), now)),
        )
    return bool(changed)


def remove_abandoned() -> None:
    """Remove the folders that no run and no result explains (a worker killed between two steps, long ago)."""
    root = Path(settings.MEDIA_ROOT) / FOLDER
    entries = [entry for entry in root.iterdir() if _is_old(entry)] if root.is_dir() else []
    if not entries:
        return
    with scopes_disabled():
        kept = set(Result.objects.values_list("folder", flat=True))
        running = {str(key) for key in Run.objects.filter(status=Status.RUNNING).values_list("pk", flat=True)}
    for entry in entries:
        if f"{FOLDER}/{entry.name}" not in kept and entry.name.partition(".")[0] not in running:
            shutil.rmtree(entry, ignore_errors=True)


def get_folder_of(key: UUID) -> str:
    """Return the folder of the files of a run under MEDIA_ROOT; they are written beside it, in FOLDER.aside."""
    return f"{FOLDER}/{key}"


def _start_child(key: UUID) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C in the terminal of the worker lets it end what it computes.
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module, with a UUID
        [sys.executable, "-m", "ancrage_web", "run_study", str(key), "--parent", str(os.getpid())],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def _follow(child: subprocess.Popen[bytes], key: UUID) -> None:
    start = beat = time.monotonic()
    while child.poll() is None:
        time.sleep(_POLL)
        now = time.monotonic()
        if now - start > settings.RUN_SECONDS:
            _stop(child)
            end_run(key, Status.FAILED, describe_delay(settings.RUN_SECONDS))
            return
        if now - beat >= BEAT:
            beat = now
            if not _give_sign(key):
                _stop(child)
                end_run(key, Status.CANCELLED, None)
                return
    code = child.returncode
    if code < 0:
        end_run(key, Status.INTERRUPTED, KILLED if -code == signal.SIGKILL else INTERRUPTED)
    else:
        # The child writes its own end; where it could not, the log says why.
        _end_on_incident(key, f"the computation left with the code {code}")


def _give_sign(key: UUID) -> bool:
    """Write a sign of life; return False when the run must stop: cancelled, or marked as ended by someone else."""
    try:
        with scopes_disabled():
            running = Run.objects.filter(pk=key, status=Status.RUNNING, cancel_asked_at__isnull=True)
            return bool(running.update(heartbeat_at=timezone.now()))
    except DatabaseError:
        # A database that restarts is asked again at the next beat, on a new connection.
        connection.close()
        return True


def _end_on_incident(key: UUID, reason: str) -> None:
    number = uuid.uuid4().hex[:8]
    if end_run(key, Status.FAILED, describe_incident(number)):
        logger.error("incident %s: run %s: %s", number, key, reason)


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _remove_rest(key: UUID) -> None:
    """Remove what an unfinished run left on the disk; the files of a result stay."""
    folder = Path(settings.MEDIA_ROOT) / get_folder_of(key)
    shutil.rmtree(folder.with_name(f"{folder.name}.aside"), ignore_errors=True)
    if folder.exists():
        with scopes_disabled():
            is_kept = Result.objects.filter(folder=get_folder_of(key)).exists()
        if not is_kept:
            shutil.rmtree(folder, ignore_errors=True)


def _list_lost(waiting: dict[str, UUID]) -> list[UUID]:
    """Return the waiting runs whose task was taken by a worker that died before it started them."""
    if not waiting:
        return []
    from django_tasks_db.models import DBTaskResult

    taken_long_ago = timezone.now() - timedelta(seconds=STALE)
    alive = {
        UUID(str(key))
        for key in DBTaskResult.objects.filter(id__in=waiting, status="READY").values_list("id", flat=True)
    } | {
        UUID(str(key))
        for key in DBTaskResult.objects.filter(
            id__in=waiting, status="RUNNING", started_at__gte=taken_long_ago
        ).values_list("id", flat=True)
    }
    return [key for task, key in waiting.items() if UUID(task) not in alive]


def _is_old(entry: Path) -> bool:
    try:
        return time.time() - entry.stat().st_mtime > _ABANDONED
    except OSError:
        return False
