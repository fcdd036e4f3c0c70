"""What a worker of a sweep does: open the data once, then plan one EPCI after another."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ancrage import __version__
from ancrage.errors import AncrageError, InputError
from ancrage.language import Text
from ancrage.opendata.manifest import compute_checksum
from ancrage.opendata.mixes import LABOUR, MOBILITY
from ancrage.opendata.store import list_table_files, open_store
from ancrage.parameters import Parameters, load_parameters
from ancrage.siting.solve import warm_up
from ancrage.study.inputs import compute_widest_access
from ancrage.study.run import choose_parameters, run_study
from ancrage.study.sweep import (
    SweepRow,
    SweepSettings,
    SweepTask,
    build_failure,
    build_row,
    build_study_settings,
)
from ancrage.territory.tables import Tables
from ancrage.territory.travel import TravelProvider

# Tables beside the flows that a plan reads.
_INPUTS = frozenset({"communes", "epci", "third_places", LABOUR, MOBILITY})
# Read whole by every EPCI: kept in memory. The flows stay on disk, where only the rows of the EPCI are read.
_KEPT = ("communes", "epci", "third_places", LABOUR, MOBILITY)


@dataclass(frozen=True)
class Job:
    """What is the same for every EPCI of a sweep; sent to the workers, so that it holds no data.

    Attributes
    ----------
    folder : data folder, as the workers see it.
    checksums : SHA-256 of the tables that a plan reads, by name.
    version : of the code that asks.
    """

    folder: str
    settings: SweepSettings
    checksums: tuple[tuple[str, str], ...]
    version: str = __version__


@dataclass(frozen=True)
class WorkerData:
    """The opened data of a worker."""

    tables: Tables
    parameters: Parameters
    provider: TravelProvider


_lock = threading.Lock()
_opened: dict[str, WorkerData] = {}


def compute_input_checksums(folder: Path) -> Mapping[str, str]:
    """Return the SHA-256 of every table of `folder` that a plan may read, by name."""
    return {
        path.stem: compute_checksum(path)
        for path in list_table_files(folder)
        if path.stem in _INPUTS or path.stem.startswith("flows")
    }


def open_worker_data(job: Job) -> WorkerData:
    """Return the data of a job, opened at the first call of the process.

    Raises
    ------
    InputError
        If this process has another version of Ancrage, does not see the data folder, or sees other data in it.
    """
    with _lock:
        key = repr(job)
        if key not in _opened:
            _opened.clear()
            _opened[key] = _open_data(job)
        return _opened[key]


def _open_data(job: Job) -> WorkerData:
    from ancrage.cli.providers import build_provider

    host, folder = socket.gethostname(), Path(job.folder)
    if job.version != __version__:
        raise InputError(
            f"The worker on '{host}' has Ancrage {__version__}, and the sweep was asked by {job.version}: install the "
            "same version everywhere.",
            f"L'exécutant sur « {host} » a Ancrage {__version__}, et le balayage est demandé par {job.version} : "
            "installez partout la même version.",
        )
    found = compute_input_checksums(folder) if folder.is_dir() else {}
    if not found:
        raise InputError(
            f"The worker on '{host}' sees no data in '{folder}': the data folder must be at the same path on every "
            "machine (shared disk or copy).",
            f"L'exécutant sur « {host} » ne voit aucune donnée dans « {folder} » : le dossier de données doit être au "
            "même chemin sur chaque machine (disque partagé ou copie).",
        )
    changed = sorted(name for name, checksum in job.checksums if found.get(name) != checksum)
    changed += sorted(set(found) - {name for name, _ in job.checksums})
    if changed:
        listed = ", ".join(changed)
        raise InputError(
            f"On '{host}', the data in '{folder}' is not that of the sweep: {listed} differ. Copy the same tables "
            "everywhere, or start again with --restart.",
            f"Sur « {host} », les données de « {folder} » ne sont pas celles du balayage : {listed} diffèrent. Copiez "
            "partout les mêmes tables, ou recommencez avec --restart.",
        )
    stored = open_store(folder)
    frames = {name: stored.scan(name).collect().lazy() if name in _KEPT else stored.scan(name) for name in found}
    tables = Tables(frames, stored.sources, stored.fictional)
    # Kernels are compiled or loaded now: the time limit of the first EPCI is for its search.
    warm_up()
    return WorkerData(tables, load_parameters(), build_provider(stored, folder, job.settings.travel))


def check_worker(job: Job) -> Text | None:
    """Return why this process cannot work for a job, or None when it can."""
    try:
        open_worker_data(job)
    except AncrageError as error:
        return error.text
    return None


def plan_task(job: Job, task: SweepTask) -> SweepRow:
    """Return the row of one EPCI; whatever goes wrong with it is told in the row, never raised."""
    from ancrage.opendata.load import load_territory

    start = time.perf_counter()
    budget: float | None = None
    try:
        data = open_worker_data(job)
        settings = build_study_settings(job.settings, task)
        budget = settings.budget
        widest = compute_widest_access(settings, choose_parameters(settings, data.parameters))
        territory = load_territory(data.tables, settings.epci, data.provider, widest)
        result = run_study(
            settings,
            territory,
            data.parameters,
            data.provider,
            deadline=job.settings.deadline,
            clock=time.perf_counter,
            explore=False,
        )
        return build_row(task, result, time.perf_counter() - start)
    except AncrageError as error:
        return build_failure(task, error, time.perf_counter() - start, budget)
    except Exception as error:  # noqa: BLE001 - one EPCI never stops the others: what happened is in its row
        what = f"{type(error).__name__}: {error}"
        told = Text(
            f"The plan of {task.name} ({task.code}) failed ({what}). Run 'ancrage plan {task.code}' alone to see more, "
            "and report it with the version.",
            f"Le plan de {task.name} ({task.code}) a échoué ({what}). Lancez « ancrage plan {task.code} » seul pour en "
            "voir davantage, et signalez-le avec la version.",
        )
        return build_failure(task, told, time.perf_counter() - start, budget)
