"""What a convention must contain (R14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ancrage.conventions.model import RULES, Finding, Line
from ancrage.conventions.obligation import CENT
from ancrage.language import Text, format_money


@dataclass(frozen=True)
class Action:
    """A measure of the convention: how it is carried out, by when, for how much, by whom."""

    name: str
    terms: str = ""
    deadline: date | None = None
    budget: Decimal | None = None
    operator: str = ""


@dataclass(frozen=True)
class Content:
    """What is written in a convention.

    Attributes
    ----------
    basins : communes or basins it covers; months : its duration; per_job, jobs : the contribution; follow_up : how it
        is followed and evaluated.
    """

    basins: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    months: int | None = None
    per_job: Decimal | None = None
    jobs: int | None = None
    follow_up: str = ""


def check_content(content: Content, contribution: Decimal | None = None) -> tuple[Finding, ...]:
    """R14: whether the five mandatory items are there, and every action has its terms, deadline and budget.

    Parameters
    ----------
    contribution : total owed [EUR]; the budgets of the actions are compared with it, as a warning.

    Returns
    -------
    One finding per missing item or incomplete action, or a single "ok".
    """
    items = (
        (bool(content.basins), "basins", Text("limits of the employment basins", "limites géographiques des bassins")),
        (bool(content.actions), "actions", Text("measures", "mesures")),
        (content.months is not None, "", Text("duration", "durée")),
        (
            content.per_job is not None and content.jobs is not None,
            "",
            Text("contribution per job and number of jobs", "contribution par emploi et nombre d'emplois"),
        ),
        (bool(content.follow_up.strip()), "", Text("follow-up and evaluation", "modalités de suivi et d'évaluation")),
    )
    findings = [
        Finding(
            RULES["R14"],
            "error",
            Text(f"Missing: {name.en}.", f"Absent : {name.fr}."),
            todo=Text("Add it to the convention.", "Ajoutez-le à la convention."),
            about=about,
        )
        for present, about, name in items
        if not present
    ]
    findings += [finding for action in content.actions if (finding := _check_action(action)) is not None]
    findings += _check_budgets(content.actions, contribution)
    return tuple(findings) or (
        Finding(
            RULES["R14"],
            "ok",
            Text("The five mandatory items are there.", "Les cinq éléments obligatoires sont présents."),
        ),
    )


def _check_action(action: Action) -> Finding | None:
    missing = [
        name
        for present, name in (
            (bool(action.terms.strip()), Text("terms", "modalités")),
            (action.deadline is not None, Text("deadline", "échéance")),
            (action.budget is not None, Text("budget", "budget")),
        )
        if not present
    ]
    if not missing:
        return None
    return Finding(
        RULES["R14"],
        "error",
        Text(
            f"Action '{action.name}': missing {', '.join(m.en for m in missing)}.",
            f"Action « {action.name} » : il manque {', '.join(m.fr for m in missing)}.",
        ),
        todo=Text("Complete the action.", "Complétez l'action."),
        about="actions",
    )


def _check_budgets(actions: Sequence[Action], contribution: Decimal | None) -> list[Finding]:
    budgets = [action.budget for action in actions if action.budget is not None]
    if contribution is None or not budgets:
        return []
    planned = sum(budgets, Decimal(0)).quantize(CENT)
    lines = (
        Line(Text("Budgets of the actions", "Budgets des actions"), planned, "EUR"),
        Line(Text("Contribution", "Contribution"), contribution, "EUR"),
    )
    if planned == contribution:
        return []
    gap = planned - contribution
    more = gap > 0
    written = format_money(abs(gap), "en"), format_money(abs(gap), "fr")
    return [
        Finding(
            RULES["R14"],
            "warning",
            Text(
                f"The actions cost {written[0]} {'more' if more else 'less'} than the contribution.",
                f"Les actions coûtent {written[1]} de {'plus' if more else 'moins'} que la contribution.",
            ),
            value=gap,
            lines=lines,
            todo=Text(
                "Name the other funders of the actions." if more else "Say what the rest is kept for.",
                "Nommez les autres financeurs des actions." if more else "Indiquez à quoi le reste est réservé.",
            ),
            about="actions",
        )
    ]
