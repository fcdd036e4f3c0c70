"""`ancrage sweep`: plan every EPCI of a region, or of France, each under its own budget, and rank them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ancrage.cli import session
from ancrage.cli.plan import read_changes
from ancrage.cli.session import DataOption, JsonOption, LangOption
from ancrage.errors import InputError
from ancrage.language import Text

if TYPE_CHECKING:
    from ancrage.cli.engines import Engine
    from ancrage.cli.sweep_folder import SweepFolder
    from ancrage.cli.sweep_worker import Job
    from ancrage.study.sweep import SweepRow, SweepSettings, SweepTask
    from ancrage.territory.tables import Tables

FAILED = 3
"""Exit code of a sweep that went to its end with EPCI in error."""
INTERRUPTED = 130


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("sweep")(sweep)


def sweep(
    epci: Annotated[
        list[str] | None,
        typer.Option("--epci", help="EPCI to plan: codes or names, separated by commas. Repeat.", show_default=False),
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option("--region", help="Every EPCI of a region (INSEE code). Repeat.", show_default=False),
    ] = None,
    departement: Annotated[
        list[str] | None,
        typer.Option("--departement", help="Every EPCI of a departement (INSEE code). Repeat.", show_default=False),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every EPCI of the data.")] = False,
    euros: Annotated[
        float | None,
        typer.Option(
            "--euros-per-inhabitant",
            help="Budget of an EPCI, EUR per inhabitant and per year. Default: 5, an assumption.",
            show_default=False,
        ),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option("--budget", help="The same budget for every EPCI, EUR per year.", show_default=False),
    ] = None,
    places: Annotated[
        int | None,
        typer.Option("--places", help="Largest number of places of an EPCI.", show_default=False),
    ] = None,
    objective: Annotated[str, typer.Option("--objective", help="km | hours | co2 | value.")] = "co2",
    preset: Annotated[str, typer.Option("--preset", help="observed | central | ambition.")] = "central",
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Replace a coefficient: name=value, or name=low:value:high. Repeat.", show_default=False
        ),
    ] = None,
    drop_existing: Annotated[
        bool, typer.Option("--drop-existing", help="Do not keep the existing places found in the data.")
    ] = False,
    draws: Annotated[int, typer.Option("--draws", help="Simulations of each EPCI, for intervals.")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the simulations.")] = 1,
    time_limit: Annotated[
        float, typer.Option("--time-limit", help="Seconds after which the search of one EPCI stops, with its gap.")
    ] = 5.0,
    travel: Annotated[
        str, typer.Option("--travel", help="Travel times: 'estimate', or 'osrm' for a network built before.")
    ] = "estimate",
    output: Annotated[
        Path, typer.Option("--output", help="Folder of the results; the same folder goes on where it stopped.")
    ] = Path("sweep"),
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget the results that the folder holds, and start again.")
    ] = False,
    engine: Annotated[str, typer.Option("--engine", help="local (processes of this machine) | dask.")] = "local",
    workers: Annotated[
        int | None,
        typer.Option("--workers", help="Processes of the local engine. Default: one per core.", min=1),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", help="Address of the dask scheduler: tcp://HOST:8786.", show_default=False),
    ] = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write the results, not the ranking.")] = False,
    as_json: JsonOption = False,
    data: DataOption = None,
    lang: LangOption = None,
) -> None:
    """Plan every EPCI asked for under its own budget, and rank them: where a euro saves most.

    Exit code 3: done, with EPCI in error. 130: interrupted; run the same command again to go on.
    """
    session.choose_language(lang)
    from ancrage.opendata.store import open_store

    settings = build_settings(
        {
            "euros_per_inhabitant": euros,
            "budget": budget,
            "places": places,
            "objective": objective,
            "preset": preset,
            "parameters": read_changes(changes or []),
            "keep_existing": not drop_existing,
            "draws": draws,
            "seed": seed,
            "deadline": time_limit,
            "travel": travel,
        }
    )
    check_engine(engine, workers, scheduler)
    folder = Path(os.path.abspath(session.find_data_folder(data)))  # noqa: PTH100 - workers need the path as it is seen
    tables = open_store(folder)
    tasks = choose_tasks(tables, epci or [], region or [], departement or [], everything=everything)
    rows, files, seconds = run_sweep(
        settings,
        folder,
        tables,
        tasks,
        output=output,
        restart=restart,
        engine=engine,
        workers=workers,
        scheduler=scheduler,
        report=not no_report,
        quiet=as_json,
    )
    from ancrage.cli.sweep_progress import build_summary, print_summary

    if as_json:
        session.print_json(build_summary(rows, settings, files, seconds))
    else:
        print_summary(rows, settings, files, seconds)
    if any(row.status == "error" for row in rows):
        raise typer.Exit(FAILED)


def build_settings(content: dict[str, Any]) -> SweepSettings:
    """Return what is asked of every EPCI; without any limit, the default budget by inhabitant.

    Raises
    ------
    InputError, ParameterError
        If a value is impossible, a coefficient or a preset unknown, in one sentence each.
    """
    from pydantic import ValidationError

    from ancrage.parameters import load_parameters
    from ancrage.reports.study_file import describe_problems
    from ancrage.study.run import choose_parameters
    from ancrage.study.sweep import DEFAULT_EUROS_PER_INHABITANT, SweepSettings, SweepTask, build_study_settings

    if content["euros_per_inhabitant"] is not None and content["budget"] is not None:
        raise InputError(
            "Both --euros-per-inhabitant and --budget are given, and an EPCI has one budget: keep one of them.",
            "--euros-per-inhabitant et --budget sont donnés tous les deux, et un EPCI n'a qu'un budget : gardez-en un.",
        )
    if all(content[name] is None for name in ("euros_per_inhabitant", "budget", "places")):
        content = {**content, "euros_per_inhabitant": DEFAULT_EUROS_PER_INHABITANT}
    try:
        settings = SweepSettings.model_validate(content)
    except ValidationError as error:
        told = describe_problems(error, model=SweepSettings)
        raise InputError(
            f"These settings cannot be used. {told.en}", f"Ces réglages ne peuvent pas être utilisés. {told.fr}"
        ) from error
    # A wrong coefficient is told now, not once for each EPCI.
    choose_parameters(build_study_settings(settings, SweepTask("0", "", 1, "", "")), load_parameters())
    return settings


def check_engine(engine: str, workers: int | None, scheduler: str | None) -> None:
    """Refuse an unknown engine, or options of the other one.

    Raises
    ------
    InputError
        In one sentence.
    """
    if engine not in ("local", "dask"):
        raise InputError(
            f"Unknown engine '{engine}': use 'local' or 'dask'.",
            f"Moteur « {engine} » inconnu : « local » ou « dask ».",
        )
    if engine == "dask" and not scheduler:
        raise InputError(
            "The engine 'dask' needs the address of its scheduler: --scheduler tcp://HOST:8786.",
            "Le moteur « dask » demande l'adresse de son ordonnanceur : --scheduler tcp://HÔTE:8786.",
        )
    if engine == "local" and scheduler:
        raise InputError(
            f"--scheduler {scheduler} is given with the engine 'local', which has none: add --engine dask.",
            f"--scheduler {scheduler} est donné avec le moteur « local », qui n'en a pas : ajoutez --engine dask.",
        )
    if engine == "dask" and workers is not None:
        raise InputError(
            "--workers is for the engine 'local'; with 'dask', the workers are those of the scheduler.",
            "--workers concerne le moteur « local » ; avec « dask », les exécutants sont ceux de l'ordonnanceur.",
        )


def choose_tasks(
    tables: Tables, epci: list[str], regions: list[str], departements: list[str], *, everything: bool
) -> tuple[SweepTask, ...]:
    """Return the EPCI asked for; names are understood as in `ancrage plan`."""
    from ancrage.study.sweep import list_tasks
    from ancrage.territory.search import choose_epci

    named = [part.strip() for text in epci for part in text.split(",") if part.strip()]
    codes = [choose_epci(tables, text) for text in named]
    return list_tasks(tables, codes=codes, regions=regions, departements=departements, everything=everything)


def run_sweep(
    settings: SweepSettings,
    folder: Path,
    tables: Tables,
    tasks: tuple[SweepTask, ...],
    *,
    output: Path,
    restart: bool = False,
    engine: str = "local",
    workers: int | None = None,
    scheduler: str | None = None,
    report: bool = True,
    quiet: bool = False,
) -> tuple[tuple[SweepRow, ...], tuple[Path, ...], float]:
    """Plan what is not done yet in `output`, then write the results; return the rows, the files and the seconds.

    Raises
    ------
    InputError
        If the folder, the engine or the data refuse, in one sentence.
    """
    from ancrage.cli.sweep_folder import open_sweep_folder
    from ancrage.cli.sweep_worker import Job, check_worker, compute_input_checksums

    start = time.perf_counter()
    job = Job(str(folder), settings, tuple(sorted(compute_input_checksums(folder).items())))
    asked = {
        "version": job.version,
        "settings": settings.model_dump(mode="json"),
        "epci": [task.code for task in tasks],
        "inputs": dict(job.checksums),
    }
    with open_sweep_folder(output, asked, restart=restart) as kept:
        wanted = {task.code for task in tasks}
        # What failed may have failed for want of memory or of a disk: it is tried again.
        rows = {code: row for code, row in kept.read_rows().items() if code in wanted and row.status != "error"}
        left = {task.code: task for task in tasks if task.code not in rows}
        if left:
            with obey_signals() as check_signals:
                chosen = open_engine(engine, workers, scheduler)
                try:
                    chosen.check(partial(check_worker, job))
                    _plan_tasks(chosen, job, left, rows, kept, len(tasks), check_signals, quiet=quiet)
                except KeyboardInterrupt:
                    _tell_interruption(len(rows), len(tasks), output)
                    raise typer.Exit(INTERRUPTED) from None
                finally:
                    chosen.close()
        ordered = tuple(rows[task.code] for task in tasks)
        files = write_outputs(kept, ordered, settings, tables, asked, report=report)
    return ordered, files, time.perf_counter() - start


def open_engine(engine: str, workers: int | None, scheduler: str | None) -> Engine:
    """Return the engine asked for, ready."""
    from ancrage.cli.engines import DaskEngine, LocalEngine

    def warn(text: Text) -> None:
        session.notes.print(f"! {session.say(text)}", style="yellow", markup=False)

    if engine == "dask":
        assert scheduler is not None
        return DaskEngine(scheduler, warn)
    return LocalEngine(workers or count_cores(), warn)


def count_cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _plan_tasks(
    engine: Engine,
    job: Job,
    left: dict[str, SweepTask],
    rows: dict[str, SweepRow],
    kept: SweepFolder,
    total: int,
    check_signals: Callable[[], None],
    *,
    quiet: bool,
) -> None:
    from ancrage.cli.sweep_progress import show_progress
    from ancrage.cli.sweep_worker import plan_task
    from ancrage.study.sweep import build_failure

    outcomes = engine.run(partial(plan_task, job), left)
    with show_progress(engine, rows, {code: task.name for code, task in left.items()}, total, quiet=quiet) as progress:
        try:
            for outcome in outcomes:
                task = left[outcome.key]
                row = outcome.result or build_failure(task, outcome.lost or Text("", ""), 0.0)
                kept.write_row(row)
                rows[row.code] = row
                progress(row)
                check_signals()
        finally:
            # Closing the generator stops the workers, here and now rather than when it is collected.
            outcomes.close()


@contextmanager
def obey_signals() -> Iterator[Callable[[], None]]:
    """Have Ctrl-C and a polite end of the process (SIGTERM) raise KeyboardInterrupt, here or at the next check.

    An exception raised while Python collects an object or runs a callback is printed and dropped: the signal is
    remembered, and the function given raises it again.
    """
    received = False

    def interrupt(*_: Any) -> None:
        nonlocal received
        received = True
        raise KeyboardInterrupt

    def check() -> None:
        if received:
            raise KeyboardInterrupt

    before = {name: signal.signal(name, interrupt) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield check
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _tell_interruption(done: int, total: int, output: Path) -> None:
    session.notes.print(
        session.say(
            Text(
                f"Stopped: {done} EPCI of {total} are done and kept in '{output}'. Run the same command again to "
                "go on.",
                f"Arrêté : {done} EPCI sur {total} sont faits et gardés dans « {output} ». Relancez la même commande "
                "pour continuer.",
            )
        ),
        style="yellow",
        markup=False,
    )


def write_outputs(
    kept: SweepFolder,
    rows: tuple[SweepRow, ...],
    settings: SweepSettings,
    tables: Tables,
    asked: dict[str, Any],
    *,
    report: bool,
) -> tuple[Path, ...]:
    """Write the results, the ranking where it is wanted, and the counts in the manifest."""
    from datetime import UTC, datetime

    from ancrage.study.sweep import count_statuses

    files = list(kept.write_results(rows))
    if report:
        from ancrage.opendata.national_mix import NATIONAL_SOURCES
        from ancrage.reports.pdf import write_pdf
        from ancrage.reports.pictures import render_pictures
        from ancrage.reports.ranking import build_ranking
        from ancrage.reports.workbook import write_xlsx
        from ancrage.territory.tables import Tables

        # A built-in mix is a source as much as a table of the folder.
        cited = Tables(tables.frames, {**NATIONAL_SOURCES, **tables.sources}, tables.fictional)
        document = build_ranking(rows, settings, cited, session.get_language(), on=datetime.now(UTC).date())
        pictures = render_pictures(document)
        files.append(kept.write_file("ranking.pdf", lambda path: write_pdf(document, path, pictures)))
        files.append(kept.write_file("ranking.xlsx", lambda path: write_xlsx(document, path, pictures)))
    kept.write_manifest({**asked, "statuses": count_statuses(rows)})
    return tuple(files)
