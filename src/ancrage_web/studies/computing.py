"""The child process that computes a run: the only place of the site where the library plans and writes reports."""

from __future__ import annotations

import ctypes
import errno
import logging
import os
import shutil
import signal
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_scopes import scopes_disabled

from ancrage import __version__
from ancrage.errors import AncrageError, InputError
from ancrage.language import LANGUAGES, Text
from ancrage.study.settings import StudySettings
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.audit.services import record
from ancrage_web.design.words import pack
from ancrage_web.studies.enums import Status
from ancrage_web.studies.models import Result, Run, Scenario
from ancrage_web.studies.results import TRAVEL, compute_key, get_folder, read_inputs
from ancrage_web.studies.running import BEAT, describe_incident, end_run, get_folder_of, remove_abandoned

Progress = Callable[[Text, float], None]

logger = logging.getLogger("ancrage.runs")

# Share of the progress bar that the plan takes; the two reports take the rest.
_PLAN_SHARE = 0.6
# Seconds between two writings of the progress.
_INTERVAL = 0.4

FULL_DISK = Text(
    "The disk of the site is full: the report cannot be written. Tell the manager of the site, then ask for the "
    "computation again.",
    "Le disque du site est plein : le rapport ne peut pas être écrit. Prévenez le gestionnaire du site, puis relancez "
    "le calcul.",
)
NO_MEMORY = Text(
    "The machine of the site has not enough memory for this computation. Ask for fewer simulations or a smaller "
    "territory, or tell the manager of the site.",
    "La machine du site n'a pas assez de mémoire pour ce calcul. Demandez moins de simulations ou un territoire plus "
    "petit, ou prévenez le gestionnaire du site.",
)
READING_CHANGED = Text(
    "The territory data of the site was replaced during the computation. Ask for it again.",
    "Les données de territoire du site ont été remplacées pendant le calcul. Relancez-le.",
)


class StoppedError(Exception):
    """The run is not running any more: cancelled, or marked as interrupted."""


@dataclass(frozen=True)
class Content:
    """What a result freezes beside its files (see `models.Result`)."""

    summary: dict[str, Any]
    pages: dict[str, Any]
    map: dict[str, Any]


def compute_run(key: UUID, parent: int) -> None:
    """Compute a running run and write its end; every error becomes a sentence of the run.

    Parameters
    ----------
    parent : identifier of the process that watches; this one ends with it.
    """
    _die_with(parent)
    with scopes_disabled():
        run = Run.objects.select_related("scenario__study__organisation").get(pk=key)
    if run.status != Status.RUNNING:
        return
    remove_abandoned()
    try:
        _compute(run)
    except StoppedError:
        return
    except MemoryError:
        end_run(key, Status.FAILED, NO_MEMORY)
    except AncrageError as error:
        end_run(key, Status.FAILED, FULL_DISK if _is_full_disk(error) else error.text)
    except Exception as error:  # noqa: BLE001 - told by a number, explained in the log
        if _is_full_disk(error):
            end_run(key, Status.FAILED, FULL_DISK)
            return
        number = uuid.uuid4().hex[:8]
        # The place and the kind of the error, not its message, which may quote what someone wrote.
        frames = "".join(traceback.format_tb(error.__traceback__))
        logger.error("incident %s: run %s: %s\n%s", number, key, type(error).__qualname__, frames)
        end_run(key, Status.FAILED, describe_incident(number))


def compute_content(asked: StudySettings, data: Path, folder: Path, progress: Progress) -> Content:
    """Plan a network, write its reports in both languages into `folder`, and return what the pages show.

    Parameters
    ----------
    data : territory store; folder : receives one folder by language.
    progress : called with the step and the share done, 0..1.

    Raises
    ------
    AncrageError
        If the settings or the data do not allow it, or the reports cannot be written.
    """
    from ancrage.planning import plan_network
    from ancrage.reports import build_report, write_report
    from ancrage.reports.pages import build_network_map, build_pages
    from ancrage.reports.pictures import render_pictures

    def show(step: Text, share: float) -> None:
        # The end of the plan is not the end of the run.
        if share < 1.0:
            progress(step, _PLAN_SHARE * share)

    planned = plan_network(asked, data, travel=TRAVEL, progress=show)
    today = timezone.localdate()
    pages: dict[str, Any] = {}
    share = (1.0 - _PLAN_SHARE) / len(LANGUAGES)
    for rank, language in enumerate(LANGUAGES):
        name = Text("English", "anglais") if language == "en" else Text("French", "français")
        step = Text(f"Report in {name.en}", f"Rapport en {name.fr}")
        progress(step, _PLAN_SHARE + rank * share)
        report = build_report(
            planned.result, planned.diagnosis, planned.shapes, language, on=today, checksums=planned.checksums
        )
        pictures = render_pictures(report)
        progress(step, _PLAN_SHARE + (rank + 0.3) * share)
        pages[language] = build_pages(report, pictures)
        write_report(report, folder / language, pictures)
    return Content(
        {language: _build_summary(pages[language]) for language in LANGUAGES},
        pages,
        build_network_map(planned.result, planned.shapes),
    )


def _build_summary(pages: dict[str, Any]) -> dict[str, Any]:
    """Return what a list shows of a result, from its pages."""
    by_id = {figure["id"]: figure for figure in pages["figures"]}
    kept = ("id", "label", "written", "unit", "interval", "value")
    return {
        "sentence": pages["answer"],
        "figures": [{name: by_id[key].get(name) for name in kept} for key in pages["headline"] if key in by_id],
    }


def _compute(run: Run) -> None:
    inputs = read_inputs()
    final = Path(settings.MEDIA_ROOT) / get_folder_of(run.pk)
    aside = final.with_name(f"{final.name}.aside")
    aside.mkdir(parents=True, exist_ok=True)
    try:
        content = compute_content(
            StudySettings.model_validate(run.settings), Path(settings.DATA), aside, _build_progress(run.pk)
        )
        if read_inputs() != inputs:
            raise InputError(READING_CHANGED.en, READING_CHANGED.fr)
        aside.rename(final)
        try:
            _freeze(run, inputs, content)
        except IntegrityError:
            # Another run froze the same result at the same moment: it is served.
            _freeze(run, inputs, content)
    except BaseException:
        shutil.rmtree(final, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _freeze(run: Run, inputs: dict[str, str], content: Content) -> None:
    """Write the result, the end of the run and the result of the scenario in one transaction."""
    organisation = run.scenario.study.organisation
    key = compute_key(run.settings, inputs)
    folder = get_folder_of(run.pk)
    now = timezone.now()
    with transaction.atomic(), scopes_disabled():
        # The scenario before the run and the organisation, as the services lock them.
        Scenario.objects.select_for_update(of=("self",), no_key=True).filter(pk=run.scenario_id).first()
        if not Run.objects.filter(pk=run.pk, status=Status.RUNNING, cancel_asked_at__isnull=True).update(
            heartbeat_at=now
        ):
            raise StoppedError
        result = Result.objects.filter(organisation=organisation, key=key).defer("pages", "map").first()
        if result is None:
            result = Result.objects.create(
                organisation=organisation,
                key=key,
                settings=run.settings,
                inputs=inputs,
                version=__version__,
                summary=content.summary,
                pages=content.pages,
                map=content.map,
                folder=folder,
            )
            record(
                Actor(organisation, Role.EDITOR),
                "result.frozen",
                "result",
                result.pk,
                after={"run": str(run.pk), "key": key},
            )
        elif not get_folder(result).is_dir():
            # The files of the stored result were lost: those just written take their place.
            Result.objects.filter(pk=result.pk).update(folder=folder)
        else:
            transaction.on_commit(lambda: shutil.rmtree(Path(settings.MEDIA_ROOT) / folder, ignore_errors=True))
        Run.objects.filter(pk=run.pk).update(
            status=Status.DONE,
            progress=1.0,
            step=pack(Text("Done", "Terminé")),
            ended_at=max(now, run.started_at or now),
            result=result,
        )
        Scenario.objects.filter(pk=run.scenario_id).update(result=result)


def _build_progress(key: UUID) -> Progress:
    """Return the callback that writes the progress of a run, and stops it when it is not wanted any more."""
    last: tuple[float, Text | None] = (0.0, None)

    def write(step: Text, share: float) -> None:
        nonlocal last
        now = time.monotonic()
        if step == last[1] and now - last[0] < _INTERVAL:
            return
        last = (now, step)
        with scopes_disabled():
            running = Run.objects.filter(pk=key, status=Status.RUNNING)
            if not running.update(step=pack(step), progress=min(max(share, 0.0), 1.0)):
                raise StoppedError

    return write


def _is_full_disk(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__
    return False


def _die_with(parent: int) -> None:
    """End this process when the one that watches it ends."""
    if sys.platform.startswith("linux"):
        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)
    if os.getppid() != parent:
        # It ended before the request was heard.
        os._exit(1)
    if not sys.platform.startswith("linux"):

        def watch() -> None:
            while os.getppid() == parent:
                time.sleep(BEAT)
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()
