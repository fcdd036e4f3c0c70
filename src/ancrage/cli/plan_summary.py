"""What `ancrage plan` says in the terminal."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from ancrage.cli import session
from ancrage.figures import Figure
from ancrage.language import Text, format_number
from ancrage.reports.writing import Pen, render_unit
from ancrage.study.results import ConstraintRow, PlaceResult, RobustnessResult, StudyResult

_KINDS = {
    "existing": Text("existing", "existant"),
    "kept": Text("kept", "gardé"),
}


def print_summary(result: StudyResult, files: tuple[Path, ...]) -> None:
    """Print the network, its effects, its proof, the warnings and where the files are."""
    say, out = session.say, session.out
    if result.fictional:
        out.print(say(Text("FICTIONAL TERRITORY", "TERRITOIRE FICTIF")), style="bold yellow")
    out.print(f"[bold]{result.territory}[/bold]")
    new = [place for place in result.places if place.kind != "existing"]
    cost = _write(result.cost.value)
    count = Pen(session.get_language()).count
    opened = count(len(new), ("new place", "new places"), ("nouveau lieu", "nouveaux lieux"))
    sized = count(int(sum(place.desks.value for place in new)), ("desk", "desks"), ("poste", "postes"))
    out.print(
        say(
            Text(
                f"{opened}, {sized}, for {cost} EUR a year net of income.",
                f"{opened}, {sized}, pour {cost} EUR par an, recettes déduites.",
            )
        )
    )
    out.print(say(result.proof), style="green" if result.plan.status == "optimal" else "yellow")
    out.print(_build_places(result))
    out.print(_build_impact(result))
    if result.alternatives:
        out.print(_build_alternatives(result))
    for row in result.constraints:
        if row.constraint == "floor":
            _print_floor(row)
    if result.robustness:
        _print_robustness(result, result.robustness)
    out.print(say(result.travel_label), style="dim")
    for override in result.overrides:
        changed = Text("Changed coefficient", "Coefficient modifié")
        out.print(f"{say(changed)}: {override.name} = {override.value:g} ({override.default:g})", style="dim")
    for warning in result.warnings:
        out.print(f"! {say(warning)}", style="yellow", markup=False)
    if files:
        out.print(say(Text("Files:", "Fichiers :")))
        for file in files:
            out.print(f"  {file}", markup=False, soft_wrap=True)


def _print_floor(row: ConstraintRow) -> None:
    asked, served = (_write(100 * (share or 0.0)) for share in (row.asked, row.served))
    session.out.print(
        session.say(
            Text(
                f"Floor {row.name}: {served}% served, {asked}% asked.",
                f"Plancher {row.name} : {served} % servis, {asked} % demandés.",
            )
        ),
        markup=False,
    )


def _print_robustness(result: StudyResult, found: RobustnessResult) -> None:
    over, median, worst = (
        _write(100 * share, decimals)
        for share, decimals in ((found.over_budget, 0), (found.regret_median, 1), (found.regret_p90, 1))
    )
    lost_en = (
        f"keeping this network loses {median} % of the best value in the median case, {worst} % in the worst tenth."
    )
    lost_fr = (
        f"garder ce réseau fait perdre {median} % de la meilleure valeur dans le cas médian, {worst} % dans le pire "
        "dixième."
    )
    if result.settings.budget is not None:
        lost_en = f"this network overspends the budget in {over} % of them; in the others, {lost_en}"
        lost_fr = f"ce réseau dépasse le budget dans {over} % d'entre elles ; dans les autres, {lost_fr}"
    session.out.print(
        session.say(Text(f"{found.draws} simulations: {lost_en}", f"{found.draws} simulations : {lost_fr}"))
    )


def _write(value: float, decimals: int = 0) -> str:
    return format_number(value, decimals, session.get_language())


def _write_interval(figure: Figure, decimals: int = 0) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f"{_write(figure.low, decimals)} – {_write(figure.high, decimals)}"


def _name(place: PlaceResult) -> str:
    if place.kind == "chosen":
        return place.name
    kind = session.say(_KINDS[place.kind])
    return f"{place.name} ({kind}: {place.label})" if place.label else f"{place.name} ({kind})"


def _build_places(result: StudyResult) -> Table:
    say = session.say
    table = Table(title=say(Text("Network", "Réseau")), title_justify="left")
    table.add_column(say(Text("Place", "Lieu")), overflow="fold", min_width=20)
    for title in (
        Text("Desks", "Postes"),
        Text("P10 – P90", "P10 – P90"),
        Text("Days/wk", "Jours/sem"),
        Text("EUR/year", "EUR/an"),
        Text("Robust", "Robuste"),
    ):
        table.add_column(say(title), justify="right", no_wrap=True)
    for place in result.places:
        table.add_row(
            _name(place),
            _write(place.desks.value),
            _write_interval(place.desks),
            _write(place.desk_days.value, 1),
            _write(place.cost.value),
            "" if place.site_share is None else f"{_write(100 * place.site_share)} %",
        )
    return table


def _build_impact(result: StudyResult) -> Table:
    say = session.say
    table = Table(title=say(Text("What it changes, per year", "Ce que cela change, par an")), title_justify="left")
    table.add_column(say(Text("Effect", "Effet")))
    for title in (Text("Value", "Valeur"), Text("P10 – P90", "P10 – P90"), Text("Unit", "Unité")):
        table.add_column(say(title), justify="left" if title.en == "Unit" else "right")
    for line in result.impact:
        decimals = 1 if abs(line.figure.value) < 100 else 0
        table.add_row(
            say(line.label),
            _write(line.figure.value, decimals),
            _write_interval(line.figure, decimals),
            render_unit(line.figure.unit, session.get_language()),
        )
    return table


def _build_alternatives(result: StudyResult) -> Table:
    say = session.say
    names = {commune.code: commune.name for commune in result.communes}
    epsilon = _write(100 * result.settings.epsilon, 0)
    table = Table(
        title=say(
            Text(
                f"Other networks nearly as good (* beyond {epsilon} %)",
                f"Autres réseaux presque aussi bons (* au-delà de {epsilon} %)",
            )
        ),
        title_justify="left",
    )
    table.add_column(say(Text("Loss", "Perte")), justify="right")
    table.add_column(say(Text("Opens instead", "Ouvre à la place")))
    table.add_column(say(Text("Gives up", "Renonce à")))
    for other in result.alternatives:
        table.add_row(
            f"{_write(100 * other.loss, 2)} %{'' if other.within else ' *'}",
            ", ".join(names.get(code, code) for code in other.added),
            ", ".join(names.get(code, code) for code in other.removed),
        )
    return table
