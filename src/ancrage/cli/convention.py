"""`ancrage convention`: the rules of conventions de revitalisation, on a file or on two numbers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ancrage.cli import session
from ancrage.errors import InputError
from ancrage.language import Text, format_date, format_money

if TYPE_CHECKING:
    from ancrage.conventions.check import ConventionFile
    from ancrage.conventions.model import Amount, Finding, Line

app = typer.Typer(
    name="convention",
    no_args_is_help=True,
    help="Check a convention de revitalisation against the law, or simulate what is owed.",
)

_STYLES = {"ok": "green", "warning": "yellow", "error": "red", "human": "cyan"}
_MULTIPLES = (Decimal(3), Decimal(4))
_UNITS = {
    "months": Text("months", "mois"),
    "days": Text("days", "jours"),
    "day/week": Text("days a week", "jours par semaine"),
    "x SMIC": Text("monthly minimum wages", "SMIC mensuels"),
}


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Facts of the convention (TOML).", show_default=False)],
    on: Annotated[
        str | None, typer.Option("--on", help="Day of the check, YYYY-MM-DD. Default: today.", show_default=False)
    ] = None,
    as_json: session.JsonOption = False,
    lang: session.LangOption = None,
) -> None:
    """Check a convention against every rule that its facts allow; exit 1 when a rule is broken."""
    session.choose_language(lang)
    from ancrage.conventions.check import check_convention
    from ancrage.parameters import load_parameters

    findings = check_convention(read_convention_file(file), _read_day(on, "--on"), load_parameters())
    if as_json:
        session.print_json([_build_json(finding) for finding in findings])
    else:
        _print_findings(findings)
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)


@app.command("simulate")
def simulate(
    jobs: Annotated[int, typer.Option("--jobs", help="Number of jobs removed.", min=0)],
    on: Annotated[str, typer.Option("--date", help="Day whose minimum wage applies, YYYY-MM-DD.", show_default=False)],
    as_json: session.JsonOption = False,
    lang: session.LangOption = None,
) -> None:
    """Compute what is owed for a number of jobs: floor, three and four minimum wages, payment without a convention."""
    session.choose_language(lang)
    from ancrage.conventions.obligation import compute_default_payment, compute_floor, compute_multiple_amount
    from ancrage.parameters import load_parameters

    parameters = load_parameters()
    day = _read_day(on, "--date")
    floor, default = compute_floor(jobs, day, parameters), compute_default_payment(jobs, day, parameters)
    multiples = {m: compute_multiple_amount(jobs, m, day, parameters) for m in _MULTIPLES}
    if as_json:
        session.print_json(
            {
                "jobs": jobs,
                "date": day.isoformat(),
                "floor": str(floor.value),
                **{f"x{m}": str(amount) for m, amount in multiples.items()},
                "default_payment": str(default.value),
                "rules": [floor.rule.id, default.rule.id],
            }
        )
        return
    _print_findings((floor,))
    for multiple, amount in multiples.items():
        session.out.print(
            session.say(
                Text(
                    f"{multiple} monthly minimum wages per job: {format_money(amount, 'en')}",
                    f"{multiple} SMIC mensuels par emploi : {format_money(amount, 'fr')}",
                )
            )
        )
    session.out.print()
    _print_findings((default,))


@app.command("table")
def write_open_table(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Open table of aid programmes or of past grants (Parquet or CSV).", show_default=False
        ),
    ],
    lang: session.LangOption = None,
) -> None:
    """Write an open table of programmes or grants as the CSV that the site imports, to the standard output."""
    session.choose_language(lang)
    import sys

    import polars as pl

    from ancrage.conventions.programme_sources import choose_converter
    from ancrage.conventions.programme_tables import write_table

    try:
        table = pl.read_parquet(file) if file.suffix == ".parquet" else pl.read_csv(file, infer_schema_length=None)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(
            f"The table '{file}' cannot be read ({error}). Give a Parquet or a CSV file.",
            f"La table « {file} » est illisible ({error}). Donnez un fichier Parquet ou CSV.",
        ) from error
    found = choose_converter(table.columns)
    if found is None:
        listed = ", ".join(table.columns)
        raise InputError(
            f"The columns of '{file}' are those of no table known here: {listed}. The guide on co-funding lists them.",
            f"Les colonnes de « {file} » ne sont celles d'aucune table connue ici : {listed}. Le guide du "
            "cofinancement les donne.",
        )
    columns, convert = found
    converted = (convert(row) for row in table.iter_rows(named=True))
    sys.stdout.buffer.write(write_table(columns, (row for row in converted if row is not None)).encode())


def read_convention_file(path: Path) -> ConventionFile:
    """Read the facts of a convention.

    Raises
    ------
    InputError
        If the file cannot be read, is not TOML, or a field is missing, unknown or impossible: each is named.
    """
    import tomllib

    from pydantic import ValidationError

    from ancrage.conventions.check import ConventionFile
    from ancrage.reports.study_file import describe_problems

    try:
        # Amounts are exact: 1234.56 is read as written, never through a float.
        content = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise InputError(
            f"The file '{path}' cannot be read ({error.strerror}). Check its name.",
            f"Le fichier « {path} » est illisible ({error.strerror}). Vérifiez son nom.",
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(
            f"The file '{path}' is not TOML in UTF-8 ({error}). Correct that line.",
            f"Le fichier « {path} » n'est pas du TOML en UTF-8 ({error}). Corrigez cette ligne.",
        ) from error
    try:
        return ConventionFile.model_validate(content)
    except ValidationError as error:
        told = describe_problems(error, model=ConventionFile)
        raise InputError(
            f"The file '{path}' cannot be used. {told.en}", f"Le fichier « {path} » ne peut pas être utilisé. {told.fr}"
        ) from error


def _read_day(text: str | None, option: str) -> date:
    if text is None:
        return date.today()  # noqa: DTZ011 -- the user's own day
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"{option} '{text}' is not a day: write YYYY-MM-DD, for example 2026-06-01.",
            f"{option} « {text} » n'est pas une date : écrivez AAAA-MM-JJ, par exemple 2026-06-01.",
        ) from error


def _print_findings(findings: tuple[Finding, ...]) -> None:
    from rich.markup import escape

    from ancrage.conventions.model import LEVEL_NAMES

    say, out = session.say, session.out
    colon = say(Text(":", " :"))
    for finding in findings:
        rule = finding.rule
        level = f"[{_STYLES[finding.level]}]{escape(say(LEVEL_NAMES[finding.level]))}[/]"
        out.print(f"[bold]{rule.id} {escape(say(rule.title))}[/bold] - {level}")
        out.print(f"  {escape(say(finding.says))}")
        for line in finding.lines:
            out.print(f"    {escape(say(line.label))}{colon} {escape(_write_line(line))}", style="dim")
        if finding.todo.fr:
            out.print(f"  {escape(say(Text('To do', 'À faire')))}{colon} {escape(say(finding.todo))}")
        note = say(rule.article)
        if rule.to_check:
            note += f" - {say(Text('to be checked', 'à vérifier'))}" + (f"{colon} {rule.link}" if rule.link else "")
        out.print(f"  {escape(note)}", style="dim", soft_wrap=True)
        out.print()


def _write_line(line: Line) -> str:
    language = session.get_language()
    value = line.value
    if isinstance(value, date):
        return format_date(value, language)
    if isinstance(value, Decimal) and line.unit == "EUR":
        return format_money(value, language)
    unit = _UNITS.get(line.unit)
    return f"{value} {session.say(unit) if unit else line.unit}".strip()


def _build_json(finding: Finding) -> dict[str, Any]:
    say = session.say
    return {
        "rule": finding.rule.id,
        "title": say(finding.rule.title),
        "level": finding.level,
        "says": say(finding.says),
        "value": _write_value(finding.value),
        "article": say(finding.rule.article),
        "to_check": finding.rule.to_check,
        "link": finding.rule.link,
        "since": _write_value(finding.rule.since),
        "until": _write_value(finding.until),
        "lines": [
            {"label": say(line.label), "value": _write_value(line.value), "unit": line.unit} for line in finding.lines
        ],
        "todo": say(finding.todo),
    }


def _write_value(value: Amount) -> str | int | None:
    """Return a value for JSON; an amount is a text, so that no reader rounds it."""
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value
