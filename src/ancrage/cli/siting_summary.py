"""What `ancrage siting solve` prints and writes."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table

from ancrage.cli import session
from ancrage.errors import InputError
from ancrage.language import Text, format_number

if TYPE_CHECKING:
    from ancrage.cli.siting import Question
    from ancrage.cli.siting_files import Instance
    from ancrage.siting.facility import FacilityPlan

_LABELS = {
    "p-median": Text("total cost", "coût total"),
    "coverage": Text("weight covered", "poids couvert"),
    "set-cover": Text("sites", "sites"),
    "saving": Text("benefit", "gain"),
}


def write_assignment(path: Path, plan: FacilityPlan, instance: Instance) -> None:
    """Write the site of each home and what it counts for, aside then renamed: CSV home,site,value."""
    aside = path.with_name(f".{path.name}.part")
    try:
        with aside.open("w", encoding="utf-8", newline="") as stream:
            rows = csv.writer(stream)
            rows.writerow(("home", "site", "value"))
            for home, s, value in zip(instance.homes, plan.assigned, plan.given, strict=True):
                rows.writerow((home, instance.sites[s] if s >= 0 else "", _simplify(float(value))))
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise InputError(
            f"--output {path} cannot be written ({error.strerror}). Choose another file.",
            f"--output {path} ne peut être écrit ({error.strerror}). Choisissez un autre fichier.",
        ) from error


def build_json(
    plan: FacilityPlan, instance: Instance, question: Question, compile_seconds: float
) -> dict[str, float | int | str | bool | list[int] | list[str] | None]:
    """Return what --json prints; sites as numbers where the file names none."""
    names = list_names(plan, instance)
    return {
        "objective": plan.objective,
        "value": _simplify(plan.value),
        "bound": _simplify(plan.bound),
        "gap": plan.gap if math.isfinite(plan.gap) else None,
        "proven": plan.proven,
        "sites": names,
        "places": question.places,
        "homes": len(instance.homes),
        "entries": plan.entries,
        "seconds": round(plan.seconds, 4),
        "compile_seconds": round(compile_seconds, 4),
    }


def list_names(plan: FacilityPlan, instance: Instance) -> list[int] | list[str]:
    """Return the open sites as the user calls them: numbers where they are counted, names where they are named."""
    names = [instance.sites[s] for s in plan.sites]
    return names if instance.named else [int(name) for name in names]


def _simplify(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    return int(value) if value == int(value) and abs(value) < 2.0**53 else value


def print_summary(plan: FacilityPlan, instance: Instance, question: Question, output: Path | None) -> None:
    """Print the sites, what each serves, the value and its proof."""
    say, out, language = session.say, session.out, session.get_language()

    def write(value: float) -> str:
        return format_number(value, 0 if value == round(value) else 2, language)

    label = say(_LABELS[plan.objective])
    out.print(f"{label}: {write(plan.value)}" if language == "en" else f"{label} : {write(plan.value)}")
    seconds = format_number(plan.seconds, 2, language)
    gap, bound = format_number(100 * plan.gap, 4, language), write(plan.bound)
    proven = Text(f"Proven: no choice is better ({seconds} s).", f"Prouvé : aucun choix n'est meilleur ({seconds} s).")
    stopped = Text(
        f"Not proven: the best possible is between this value and {bound}, a gap of {gap} % ({seconds} s).",
        f"Non prouvé : le meilleur possible est entre cette valeur et {bound}, un écart de {gap} % ({seconds} s).",
    )
    out.print(say(proven if plan.proven else stopped), style="green" if plan.proven else "yellow")
    if instance.points is not None:
        unit = "haversine, km" if question.metric == "haversine" else question.metric
        out.print(say(Text(f"Distance: {unit}.", f"Distance : {unit}.")), style="dim")
    table = Table(title=say(Text("Open sites", "Sites ouverts")), title_justify="left")
    table.add_column(say(Text("Site", "Site")), overflow="fold")
    table.add_column(say(Text("Homes", "Foyers")), justify="right")
    table.add_column(say(_LABELS["coverage"]) if plan.objective == "set-cover" else label, justify="right")
    used = plan.assigned >= 0
    homes = np.bincount(plan.assigned[used], minlength=len(instance.sites))
    given = np.bincount(plan.assigned[used], plan.given[used], len(instance.sites))
    for s in plan.sites:
        table.add_row(instance.sites[s], write(float(homes[s])), write(float(given[s])))
    out.print(table)
    if output is not None:
        out.print(say(Text(f"Written: {output}", f"Écrit : {output}")), markup=False, soft_wrap=True)
