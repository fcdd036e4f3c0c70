"""`ancrage plan`: from an EPCI and a budget to a planned network and its report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ancrage.cli import session
from ancrage.cli.session import DataOption, JsonOption, LangOption
from ancrage.errors import InputError
from ancrage.language import Text

if TYPE_CHECKING:
    from ancrage.planning import Planned
    from ancrage.reports.study_file import StudyFile
    from ancrage.study.settings import StudySettings

# Share of the progress that planning takes; the report takes the rest.
_PLAN_SHARE = 0.7

OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="Folder of the report. Default: plan-CODE in the current folder.", show_default=False),
]
TravelOption = Annotated[
    str, typer.Option("--travel", help="Travel times: 'estimate', or 'osrm' for a network built by 'travel build'.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("plan")(plan)


def plan(
    epci: Annotated[
        list[str] | None, typer.Argument(help="EPCI to study: SIREN code or name.", show_default=False)
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option("--budget", help="Net public cost allowed, EUR per year.", show_default=False),
    ] = None,
    places: Annotated[
        int | None,
        typer.Option("--places", help="Largest number of places, existing ones included.", show_default=False),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option("--objective", help="km | hours | co2 | value. Default: co2.", show_default=False),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option("--preset", help="observed | central | ambition. Default: central.", show_default=False),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Replace a coefficient: name=value, or name=low:value:high. Repeat.", show_default=False
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", help="Commune that must have a place (code or name). Repeat.", show_default=False),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", help="Commune that must have none (code or name). Repeat.", show_default=False),
    ] = None,
    floors: Annotated[
        list[str] | None,
        typer.Option(
            "--floor",
            help="Least share (0 to 1) to serve in some communes: 'NAME=share:commune,commune'. Repeat.",
            show_default=False,
        ),
    ] = None,
    drop_existing: Annotated[
        bool, typer.Option("--drop-existing", help="Do not keep the existing places found in the data.")
    ] = False,
    draws: Annotated[
        int | None, typer.Option("--draws", help="Simulations. Default: 1000; 0 for none.", show_default=False)
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the simulations.", show_default=False)] = None,
    study: Annotated[
        Path | None,
        typer.Option("--study", help="Study file (TOML); options given here replace it.", show_default=False),
    ] = None,
    allow_changed_data: Annotated[
        bool,
        typer.Option("--allow-changed-data", help="Run a study file although its input tables have changed since."),
    ] = False,
    time_limit: Annotated[
        float, typer.Option("--time-limit", help="Seconds after which an optimisation stops, with its gap.", min=0.1)
    ] = 30.0,
    travel: TravelOption = "estimate",
    out: OutOption = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Print only; write no file.")] = False,
    as_json: JsonOption = False,
    data: DataOption = None,
    lang: LangOption = None,
) -> None:
    """Plan a network of third places: where, how many desks, what it changes, with proof, and write the report."""
    session.choose_language(lang)
    from ancrage.reports.study_file import read_study_file

    written = read_study_file(study) if study else None
    given: dict[str, Any] = {
        "epci": epci or None,
        "budget": budget,
        "places": places,
        "objective": objective,
        "preset": preset,
        "keep": keep,
        "exclude": exclude,
        "floors": [read_floor(floor) for floor in floors] if floors else None,
        "keep_existing": False if drop_existing else None,
        "draws": draws,
        "seed": seed,
    }
    settings = build_settings(written, given, read_changes(changes or []))
    folder = session.find_data_folder(data)
    run_plan(
        settings,
        folder,
        travel=travel,
        out=out,
        report=not no_report,
        as_json=as_json,
        written=None if allow_changed_data else written,
        time_limit=time_limit,
    )


def read_changes(changes: list[str]) -> dict[str, Any]:
    """Return the coefficients of `--set name=value` or `--set name=low:value:high`.

    Raises
    ------
    InputError
        If one of them is not of that form.
    """
    read: dict[str, Any] = {}
    for change in changes:
        name, equals, values = change.partition("=")
        try:
            numbers = [float(value.replace(",", ".")) for value in values.split(":")]
        except ValueError:
            numbers = []
        if not equals or not name.strip() or len(numbers) not in (1, 3):
            raise InputError(
                f"'--set {change}' is not understood: write name=value or name=low:value:high, for example "
                "--set price_day=18. Names: 'ancrage parameters list'.",
                f"« --set {change} » n'est pas compris : écrivez nom=valeur ou nom=bas:valeur:haut, par exemple "
                "--set price_day=18. Noms : « ancrage parameters list ».",
            )
        read[name.strip()] = (
            numbers[0] if len(numbers) == 1 else dict(zip(("low", "value", "high"), numbers, strict=True))
        )
    return read


def read_floor(text: str) -> dict[str, Any]:
    """Return the floor of `--floor NAME=share:commune,commune`.

    Raises
    ------
    InputError
        If it is not of that form.
    """
    name, equals, asked = text.partition("=")
    share, colon, listed = asked.partition(":")
    communes = [commune.strip() for commune in listed.split(",") if commune.strip()]
    try:
        number = float(share.replace(",", "."))
    except ValueError:
        number = float("nan")
    if not equals or not colon or not name.strip() or not communes or number != number:
        raise InputError(
            f"'--floor {text}' is not understood: write NAME=share:commune,commune, for example "
            '--floor "North=0.5:77385,77421" for half of those who could use a place in two communes.',
            f"« --floor {text} » n'est pas compris : écrivez NOM=part:commune,commune, par exemple "
            '--floor "Nord=0.5:77385,77421" pour la moitié de ceux à qui un lieu servirait dans deux communes.',
        )
    return {"name": name.strip(), "share": number, "communes": communes}


def build_settings(written: StudyFile | None, given: Mapping[str, Any], changes: Mapping[str, Any]) -> StudySettings:
    """Return the settings of a study file replaced by what the command line gives.

    Raises
    ------
    InputError
        If they are incomplete or silly, in one sentence per field.
    """
    from ancrage.reports.study_file import validate_settings

    content: dict[str, Any] = written.settings.model_dump(exclude_none=True) if written else {}
    content.update({name: value for name, value in given.items() if value is not None})
    content["parameters"] = {**content.get("parameters", {}), **changes}
    if not content.get("epci"):
        raise InputError(
            "Name the EPCI to study: 'ancrage plan CODE --budget EUR', or a study file with --study.",
            "Nommez l'EPCI à étudier : « ancrage plan CODE --budget EUR », ou un fichier d'étude avec --study.",
        )
    if content.get("budget") is None and content.get("places") is None:
        raise InputError(
            "Give a budget (--budget EUR per year), a number of places (--places N), or both.",
            "Donnez un budget (--budget EUR par an), un nombre de lieux (--places N), ou les deux.",
        )
    return validate_settings(content)


@contextmanager
def show_progress(quiet: bool) -> Iterator[Any]:
    """Show the steps of a study on standard error; yields the callback that a study calls."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    if quiet or not session.notes.is_terminal:
        yield lambda _step, _share: None
        return
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=session.notes, transient=True
    )
    with bar:
        task = bar.add_task("", total=1.0)
        yield lambda step, share: bar.update(task, completed=share, description=session.say(step))


def run_plan(
    settings: StudySettings,
    folder: Path,
    *,
    travel: str = "estimate",
    out: Path | None = None,
    report: bool = True,
    as_json: bool = False,
    written: StudyFile | None = None,
    time_limit: float | None = None,
) -> None:
    """Run a study on the store `folder`, print it, and write its report into `out`."""
    from ancrage.cli.providers import print_notice
    from ancrage.planning import plan_network

    wants_report = report and not (as_json and out is None)
    with show_progress(as_json) as progress:
        planned = plan_network(
            settings,
            folder,
            travel=travel,
            time_limit=time_limit,
            progress=lambda step, share: progress(step, (_PLAN_SHARE if wants_report else 1.0) * share),
            written=written,
            notify=print_notice,
            diagnose=wants_report or as_json,
        )
        files: tuple[Path, ...] = ()
        if wants_report:
            progress(Text("Report", "Rapport"), _PLAN_SHARE)
            files = write_report(planned, out or Path(f"plan-{planned.result.epci_codes[0]}"))
    if as_json:
        from ancrage.reports.export_json import build_json

        session.print_json(build_json(planned.result, planned.diagnosis, planned.checksums, session.get_language()))
        return
    from ancrage.cli.plan_summary import print_summary

    print_summary(planned.result, files)


def write_report(planned: Planned, out: Path) -> tuple[Path, ...]:
    """Write the report in every format into `out`, in the language of the messages."""
    from datetime import UTC, datetime

    from ancrage.reports import write_all

    return write_all(
        out,
        planned.result,
        planned.diagnosis,
        planned.tables,
        language=session.get_language(),
        date=datetime.now(UTC).date(),
        checksums=planned.checksums,
    )
