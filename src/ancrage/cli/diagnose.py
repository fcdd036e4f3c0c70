"""`ancrage diagnose`: the diagnosis of one EPCI, in the terminal or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ancrage.cli import session
from ancrage.language import Text, format_number

if TYPE_CHECKING:
    from ancrage.diagnosis.model import Diagnosis, IndicatorValue


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("diagnose")(diagnose)


def diagnose(
    epci: Annotated[str, typer.Argument(metavar="CODE_OR_NAME", help="SIREN code or name of the EPCI.")],
    data: session.DataOption = None,
    communes: Annotated[bool, typer.Option("--communes", help="Also show one line per commune.")] = False,
    as_json: session.JsonOption = False,
    lang: session.LangOption = None,
) -> None:
    """Diagnose one EPCI beside comparable ones: jobs, commuting, services, housing, brownfields."""
    session.choose_language(lang)
    # Imported here so that the other commands start without Polars.
    from ancrage.diagnosis import build_diagnosis
    from ancrage.opendata.store import open_store

    diagnosis = build_diagnosis(open_store(session.find_data_folder(data)), epci)
    if as_json:
        from ancrage.reports.diagnosis_json import build_json

        session.print_json(build_json(diagnosis, session.get_language()))
    else:
        _print_summary(diagnosis)
        if communes:
            _print_communes(diagnosis)


def _print_summary(diagnosis: Diagnosis) -> None:
    from rich.markup import escape

    from ancrage.diagnosis import FAMILIES

    say, out = session.say, session.out
    out.print(f"[bold]{escape(diagnosis.name)}[/bold] ({diagnosis.epci_code})")
    out.print(
        escape(say(Text(f"Profile: {diagnosis.typology.en}.", f"Profil : {diagnosis.typology.fr}."))), style="bold"
    )
    out.print(escape(say(diagnosis.typology_reason)))
    out.print(
        escape(
            say(
                Text(
                    f"Compared with {diagnosis.group_size} EPCI: {diagnosis.group.en}. Rank 1 is the highest value; "
                    "* marks a wider group.",
                    f"Comparé à {diagnosis.group_size} EPCI : {diagnosis.group.fr}. Le rang 1 est la plus haute "
                    "valeur ; * signale un groupe plus large.",
                )
            )
        )
    )
    for family, heading in FAMILIES.items():
        values = [value for value in diagnosis.values if value.indicator.family == family]
        if any(value.value is not None for value in values):
            out.print()
            out.print(_build_family_table(diagnosis, say(heading), values))
    _print_destinations(diagnosis)
    _print_list(Text("Facts", "Faits"), diagnosis.facts)
    _print_list(Text("Not published", "Non publié"), _list_unpublished(diagnosis))
    _print_list(Text("Warnings", "Avertissements"), diagnosis.warnings, style="yellow")


def _build_family_table(diagnosis: Diagnosis, heading: str, values: list[IndicatorValue]) -> Any:
    from rich.markup import escape

    say = session.say
    table = _open_table(heading)
    table.add_column(say(Text("Indicator", "Indicateur")), ratio=1, min_width=24)
    for label in (
        Text("Value", "Valeur"),
        Text("Unit", "Unité"),
        Text("Rank", "Rang"),
        Text("Percentile", "Centile"),
        Text("Median", "Médiane"),
        Text("Vintage", "Millésime"),
    ):
        left = label.en in ("Unit", "Vintage")
        table.add_column(say(label), justify="left" if left else "right", no_wrap=label.en != "Unit")
    for value in values:
        indicator = value.indicator
        unit = _render_unit(indicator.unit)
        if value.value is None:
            continue
        wider = "*" if value.group is not None and value.group != diagnosis.group else ""
        table.add_row(
            escape(say(indicator.label)),
            _format(value.value, indicator.decimals),
            escape(unit),
            f"{_format(value.rank, 0)}/{_format(value.group_size, 0)}{wider}" if value.rank else "–",
            _format(value.percentile, 0),
            _format(value.group_median, indicator.decimals),
            value.vintage,
        )
    return table


def _print_destinations(diagnosis: Diagnosis) -> None:
    from rich.markup import escape

    say = session.say
    if not len(diagnosis.destinations):
        return
    table = _open_table(say(Text("Where residents work", "Où travaillent les habitants")))
    table.add_column(say(Text("Commune", "Commune")), ratio=1)
    for label in (
        Text("Workers", "Actifs"),
        Text("Share, %", "Part, %"),
        Text("Distance, km", "Distance, km"),
    ):
        table.add_column(say(label), justify="right", no_wrap=True)
    table.add_column(say(Text("In the EPCI", "Dans l'EPCI")), no_wrap=True)
    yes_no = {True: Text("yes", "oui"), False: Text("no", "non"), None: Text("", "")}
    other = say(Text("other (under 200 workers each)", "autres (moins de 200 actifs chacune)"))
    for row in diagnosis.destinations.iter_rows(named=True):
        fallback = other if row["code"] == "other" else str(row["code"])
        table.add_row(
            escape(row["name"] or fallback),
            _format(row["workers"], 0),
            _format(row["share_pct"], 1),
            _format(row["crow_km"], 0),
            say(yes_no[row["inside"]]),
        )
    session.out.print()
    session.out.print(table)


def _list_unpublished(diagnosis: Diagnosis) -> tuple[Text, ...]:
    """Return the indicators without a value, each with the reason."""
    reasons = {
        "secret": Text("withheld by the producer (secrecy)", "retenu par le producteur (secret statistique)"),
        "not_published": Text("no value for this EPCI in the store", "pas de valeur pour cet EPCI dans le magasin"),
    }
    listed = []
    for value in diagnosis.values:
        if value.value is None:
            label, why = value.indicator.label, value.indicator.unpublished or reasons[value.status]
            listed.append(Text(f"{label.en}: {why.en.rstrip('.')}.", f"{label.fr} : {why.fr.rstrip('.')}."))
    return tuple(listed)


# The columns of the commune table: more would not fit a terminal; all of them are in the JSON form.
_COMMUNE_COLUMNS = {
    "employed_residents": Text("Employed", "Actifs"),
    "jobs": Text("Jobs", "Emplois"),
    "out_commuting_share": Text("Out, %", "Sort., %"),
    "everyday_services_rate": Text("Serv., %", "Serv., %"),
    "long_vacancy_share": Text("Vac., %", "Vac., %"),
}


def _print_communes(diagnosis: Diagnosis) -> None:
    from rich.markup import escape

    say = session.say
    decimals = {value.indicator.id: value.indicator.decimals for value in diagnosis.values}
    shown = [name for name in _COMMUNE_COLUMNS if name in diagnosis.communes.columns]
    table = _open_table(say(Text("Communes", "Communes")))
    table.add_column(say(Text("Commune", "Commune")), ratio=1)
    table.add_column(say(Text("People", "Habit.")), justify="right", no_wrap=True)
    for name in shown:
        table.add_column(say(_COMMUNE_COLUMNS[name]), justify="right", no_wrap=True)
    for row in diagnosis.communes.iter_rows(named=True):
        table.add_row(
            escape(row["name"]),
            _format(row["population"], 0),
            *(_format(row[name], decimals[name]) for name in shown),
        )
    session.out.print()
    session.out.print(table)
    session.out.print(
        say(
            Text(
                "– : not published, or fewer than 200 workers in the flows.",
                "– : non publié, ou moins de 200 actifs dans les flux.",
            )
        ),
        style="dim",
    )


def _print_list(heading: Text, texts: tuple[Text, ...], style: str = "") -> None:
    from rich.markup import escape

    if not texts:
        return
    session.out.print()
    session.out.print(session.say(heading), style="bold")
    for text in texts:
        session.out.print(f"- {escape(session.say(text))}", style=style)


def _open_table(title: str) -> Any:
    from rich import box
    from rich.table import Table

    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, expand=True, pad_edge=False)


def _render_unit(unit: str) -> str:
    from ancrage.diagnosis import UNITS

    return session.say(UNITS[unit])


def _format(value: float | None, decimals: int) -> str:
    return format_number(value, decimals, session.get_language())
