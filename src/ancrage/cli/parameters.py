"""`ancrage parameters`: read the parameters, their intervals, letters and sources."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ancrage.cli import session
from ancrage.errors import InputError
from ancrage.language import Text, format_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from ancrage.parameters import Coefficient

app = typer.Typer(
    name="parameters",
    no_args_is_help=True,
    help="Read the dated and sourced parameters of the model: S sourced, D derived, A assumption.",
)


class LetterChoice(StrEnum):
    """The letters one can ask for."""

    S = "S"
    D = "D"
    A = "A"


DateOption = Annotated[
    str | None,
    typer.Option("--date", help="Day for which dated values are wanted (YYYY-MM-DD).", show_default=False),
]


@app.command("list")
def list_parameters(
    letter: Annotated[
        LetterChoice | None,
        typer.Option("--letter", help="Only this letter.", case_sensitive=False, show_default=False),
    ] = None,
    topic: Annotated[
        str | None, typer.Option("--topic", help="Only this topic (travel, money...).", show_default=False)
    ] = None,
    on: DateOption = None,
    as_json: session.JsonOption = False,
    lang: session.LangOption = None,
) -> None:
    """List the parameters with their interval, unit and letter."""
    session.choose_language(lang)
    from ancrage.parameters import load_parameters

    day = read_day(on)
    parameters = load_parameters()
    topics = parameters.list_topics()
    if topic is not None and topic not in topics:
        offer = ", ".join(topics)
        raise InputError(
            f"Unknown topic '{topic}'. The topics are: {offer}.",
            f"Thème « {topic} » inconnu. Les thèmes sont : {offer}.",
        )

    def is_wanted(coefficient: Coefficient) -> bool:
        return letter in (None, coefficient.letter) and topic in (None, coefficient.topic)

    wanted = [coefficient for coefficient in parameters.list(day) if is_wanted(coefficient)]
    if day is not None:
        every = {coefficient.name for coefficient in parameters.list() if is_wanted(coefficient)}
        unknown = sorted(every - {coefficient.name for coefficient in wanted})
        if unknown:
            names = ", ".join(unknown)
            message = Text(f"No value is known on {day}: {names}", f"Aucune valeur connue au {day} : {names}")
            session.notes.print(session.say(message), style="yellow", markup=False)
    if as_json:
        session.print_json([build_record(coefficient) for coefficient in wanted])
        return
    if wanted:
        session.out.print(draw_list(wanted, topics))
    else:
        message = Text("No parameter answers this question.", "Aucun paramètre ne répond à cette demande.")
        session.notes.print(session.say(message))


@app.command("show")
def show_parameter(
    name: Annotated[str, typer.Argument(help="Name of the parameter, as in the list.")],
    on: DateOption = None,
    as_json: session.JsonOption = False,
    lang: session.LangOption = None,
) -> None:
    """Show one parameter: value, interval, letter, source, note, periods and presets."""
    session.choose_language(lang)
    from ancrage.parameters import load_parameters

    day = read_day(on)
    parameters = load_parameters()
    periods = parameters.list_periods(name) if day is None else (parameters.get(name, day),)
    if as_json:
        records = [build_record(period) for period in periods]
        session.print_json(records[0] if len(records) == 1 else records)
        return
    session.out.print(draw_sheet(periods))
    if len(periods) > 1:
        session.out.print(draw_periods(periods))
    in_presets = {
        preset: content.values[name] for preset, content in parameters.list_presets().items() if name in content.values
    }
    if in_presets:
        session.out.print(draw_presets(in_presets))


@app.command("presets")
def list_presets(as_json: session.JsonOption = False, lang: session.LangOption = None) -> None:
    """List the presets and the values they set."""
    session.choose_language(lang)
    from ancrage.parameters import load_parameters

    presets = load_parameters().list_presets()
    if as_json:
        session.print_json(
            {
                name: {
                    "label": {"en": preset.label.en, "fr": preset.label.fr},
                    "note": {"en": preset.note.en, "fr": preset.note.fr},
                    "values": [build_record(coefficient) for coefficient in preset.values.values()],
                }
                for name, preset in presets.items()
            }
        )
        return
    for name, preset in presets.items():
        session.out.print(f"{name} - {session.say(preset.label)}", style="bold", markup=False)
        session.out.print(session.say(preset.note), markup=False)
        session.out.print(draw_presets(preset.values))


def read_day(value: str | None) -> date | None:
    """Return the day of `--date`.

    Raises
    ------
    InputError
        If the text is not a day written YYYY-MM-DD.
    """
    if value is None:
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = None
    # fromisoformat also reads 20260601 and 2026-W23-1: only the documented form is taken.
    if day is not None and day.isoformat() == value:
        return day
    raise InputError(
        f"--date: '{value}' is not a day. Write it YYYY-MM-DD, for example 2026-06-01.",
        f"--date : « {value} » n'est pas un jour. L'écrire AAAA-MM-JJ, par exemple 2026-06-01.",
    )


def build_record(coefficient: Coefficient) -> dict[str, Any]:
    """Return a coefficient as JSON values; dates as YYYY-MM-DD, texts in both languages."""

    def render_date(value: date | None) -> str | None:
        return None if value is None else value.isoformat()

    return {
        "name": coefficient.name,
        "topic": coefficient.topic,
        "value": coefficient.value,
        "low": coefficient.low,
        "high": coefficient.high,
        "unit": coefficient.unit,
        "letter": coefficient.letter,
        "label": {"en": coefficient.label.en, "fr": coefficient.label.fr},
        "source": {"en": coefficient.render_source("en"), "fr": coefficient.render_source("fr")},
        "note": {"en": coefficient.render_note("en"), "fr": coefficient.render_note("fr")},
        "since": render_date(coefficient.since),
        "until": render_date(coefficient.until),
        "verified_on": render_date(coefficient.verified_on),
    }


def count_decimals(value: float, unit: str) -> int:
    """Count the decimals to show: those of the file, and never a single one for an amount of euros."""
    decimals = len(f"{value:.10g}".partition(".")[2])
    return 2 if decimals == 1 and unit.startswith("EUR") else decimals


def render_value(coefficient: Coefficient) -> str:
    """Write the value with its interval and its unit."""
    from ancrage.parameters import UNITS

    language = session.get_language()
    bounds = (coefficient.value, coefficient.low, coefficient.high)
    known = [number for number in bounds if number is not None]
    decimals = max(count_decimals(number, coefficient.unit) for number in known)
    numbers = [format_number(number, decimals, language) for number in known]
    interval = ""
    if len(numbers) == 3:
        interval = f" ({numbers[1]} {session.say(Text('to', 'à'))} {numbers[2]})"
    return f"{numbers[0]}{interval} {session.say(UNITS[coefficient.unit].label)}"


def draw_list(coefficients: list[Coefficient], topics: dict[str, Text]) -> Table:
    """Draw one entry per parameter, grouped by topic; a dated one shows its number of periods."""
    from rich import box
    from rich.table import Table
    from rich.text import Text as Styled

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(session.say(Text("Name", "Nom")), overflow="fold")
    table.add_column("")
    table.add_column(session.say(Text("Value (low to high)", "Valeur (bas à haut)")), overflow="fold")
    by_name: dict[str, list[Coefficient]] = {}
    for coefficient in coefficients:
        by_name.setdefault(coefficient.name, []).append(coefficient)
    topic = ""
    for name, periods in by_name.items():
        last = periods[-1]
        if last.topic != topic:
            topic = last.topic
            table.add_section()
            table.add_row(Styled(f"{session.say(topics[topic])} [{topic}]", style="bold"))
        value = render_value(last)
        if len(periods) > 1:
            first = periods[0].since
            span = Text(
                f"{len(periods)} periods, {first} to {last.until}",
                f"{len(periods)} périodes, du {first} au {last.until}",
            )
            value = session.say(span) if last.until else value
        described = Styled(f"{name}\n").append(session.say(last.label), style="dim")
        table.add_row(described, last.letter, Styled(value))
    return table


def draw_sheet(periods: tuple[Coefficient, ...]) -> Table:
    """Draw the sheet of one parameter; `periods` are its values, oldest first."""
    from rich.table import Table
    from rich.text import Text as Styled

    from ancrage.parameters import LETTERS

    last = periods[-1]
    language = session.get_language()
    rows: list[tuple[Text, str]] = [(Text("Label", "Libellé"), session.say(last.label))]
    if len(periods) == 1:
        rows.append((Text("Value", "Valeur"), render_value(last)))
    if len(periods) == 1 and last.since is not None:
        until = str(last.until or "...")
        rows.append((Text("Period", "Période"), f"{last.since} - {until}"))
    rows += [
        (Text("Letter", "Lettre"), f"{last.letter}, {session.say(LETTERS[last.letter])}"),
        (Text("Source", "Source"), periods[0].render_source(language)),
    ]
    if last.note:
        rows.append((Text("Note", "Note"), last.render_note(language)))
    never = Text("no date recorded: check the source before use", "aucune date notée : vérifier la source avant usage")
    verified = last.verified_on.isoformat() if last.verified_on else session.say(never)
    rows.append((Text("Verified on", "Vérifié le"), verified))
    table = Table(box=None, show_header=False, pad_edge=False, title=last.name, title_justify="left")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for title, content in rows:
        table.add_row(session.say(title), Styled(content))
    return table


def draw_periods(periods: tuple[Coefficient, ...]) -> Table:
    """Draw the values of a dated parameter, oldest first."""
    from rich import box
    from rich.table import Table
    from rich.text import Text as Styled

    from ancrage.parameters import UNITS

    language = session.get_language()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(session.say(Text("From", "Du")))
    table.add_column(session.say(Text("To", "Au")))
    table.add_column(session.say(UNITS[periods[0].unit].label), justify="right")
    table.add_column(session.say(Text("Source, where it differs", "Source, si elle diffère")), overflow="fold")
    decimals = max(count_decimals(period.value, period.unit) for period in periods)
    for period in periods:
        until = period.until.isoformat() if period.until else "..."
        source = period.render_source(language) if period.source != periods[0].source else ""
        table.add_row(
            str(period.since), until, format_number(period.value, decimals, language), Styled(source, style="dim")
        )
    return table


def draw_presets(values: Mapping[str, Coefficient]) -> Table:
    """Draw coefficients by key: the values of a preset, or those of one parameter in each preset."""
    from rich import box
    from rich.table import Table
    from rich.text import Text as Styled

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    for _ in range(3):
        table.add_column(overflow="fold")
    for key, coefficient in values.items():
        source = coefficient.render_source(session.get_language())
        table.add_row(key, coefficient.letter, Styled(render_value(coefficient)), Styled(source, style="dim"))
    return table
