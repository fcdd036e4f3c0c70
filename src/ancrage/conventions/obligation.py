"""Who owes a contribution, for how many jobs, and how much (R1, R7 to R10, R16)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from ancrage.conventions.model import RULES, Finding, Line, read_exact
from ancrage.errors import InputError
from ancrage.language import Text, format_money, format_number
from ancrage.parameters import Parameters

CENT = Decimal("0.01")
Insolvency = Literal["none", "redressement", "liquidation"]


@dataclass(frozen=True)
class Company:
    """The company that cuts jobs.

    Attributes
    ----------
    employees : of the company; group_employees : of its whole group, itself included (0 without a group).
    insolvency : insolvency proceedings, which exclude it.
    """

    employees: int
    group_employees: int = 0
    insolvency: Insolvency = "none"


def check_scope(company: Company, parameters: Parameters, *, affects_basin: bool | None = None) -> Finding:
    """R1: whether the company owes a contribution.

    Parameters
    ----------
    affects_basin : what the prefect says of the balance of the employment basin; None while it is not known.

    Returns
    -------
    The value is "obliged", "negotiated", "none" or "pending".
    """
    rule = RULES["R1"]
    least = round(parameters.get("revit_employees_min").value)
    negotiated = round(parameters.get("revit_negotiated_employees_min").value)
    size = max(company.employees, company.group_employees)
    lines = (
        Line(Text("Employees of the company", "Effectif de l'entreprise"), company.employees),
        Line(Text("Employees of the group", "Effectif du groupe"), company.group_employees),
        Line(Text("Obliged from", "Obligation à partir de"), least),
    )
    if company.insolvency != "none":
        return Finding(
            rule,
            "ok",
            Text(
                f"The company is in {company.insolvency} judiciaire: it owes nothing.",
                f"L'entreprise est en {company.insolvency} judiciaire : elle ne doit rien.",
            ),
            value="none",
            lines=lines,
        )
    if size >= least:
        if affects_basin is None:
            return Finding(
                rule,
                "human",
                Text(
                    f"{size} employees: the prefect says whether the cuts affect the balance of the basin.",
                    f"{size} salariés : le préfet dit si les suppressions affectent l'équilibre du bassin.",
                ),
                value="pending",
                lines=lines,
                todo=Text("Record the prefect's decision and its day.", "Notez la décision du préfet et sa date."),
            )
        if affects_basin:
            return Finding(
                rule,
                "ok",
                Text(
                    f"{size} employees and an effect on the basin: a contribution is owed.",
                    f"{size} salariés et un effet sur le bassin : une contribution est due.",
                ),
                value="obliged",
                lines=lines,
            )
        return Finding(
            rule,
            "ok",
            Text(
                "The prefect sees no effect on the balance of the basin: nothing is owed.",
                "Le préfet ne constate pas d'effet sur l'équilibre du bassin : rien n'est dû.",
            ),
            value="none",
            lines=lines,
        )
    if company.employees >= negotiated:
        return Finding(
            rule,
            "ok",
            Text(
                f"{size} employees: the company takes part by common agreement, without a legal floor.",
                f"{size} salariés : l'entreprise participe d'un commun accord, sans minimum légal.",
            ),
            value="negotiated",
            lines=lines,
        )
    return Finding(
        rule,
        "ok",
        Text(
            f"{size} employees: the law asks for no contribution.",
            f"{size} salariés : la loi ne prévoit pas de contribution.",
        ),
        value="none",
        lines=lines,
    )


def compute_jobs(
    dismissed: int,
    redeployed_in_basin: int,
    *,
    redeployed_elsewhere: int = 0,
    refilled: int = 0,
    framework: bool = False,
    rcc: bool = False,
) -> Finding:
    """R7 (and R5 for a national framework): number of jobs removed.

    Parameters
    ----------
    dismissed : employees on the list of L1233-47, or leaving by a rupture conventionnelle collective.
    redeployed_in_basin, redeployed_elsewhere : in the company or group, in the affected basins or not; those
        elsewhere count in a national framework only.
    refilled : posts refilled, deducted in a national framework for a rupture conventionnelle collective only.

    Raises
    ------
    InputError
        If a number is negative, or more are redeployed or refilled than dismissed.
    """
    for name, number in (
        ("dismissed", dismissed),
        ("redeployed_in_basin", redeployed_in_basin),
        ("redeployed_elsewhere", redeployed_elsewhere),
        ("refilled", refilled),
    ):
        if number < 0:
            raise InputError(
                f"{name} is {number}: give zero or more people.", f"{name} vaut {number} : donnez zéro ou plus."
            )
    deducted = redeployed_in_basin
    lines = [
        Line(Text("Employees dismissed", "Salariés licenciés"), dismissed),
        Line(Text("Redeployed in the basin", "Reclassés dans le bassin"), -redeployed_in_basin),
    ]
    if framework:
        deducted += redeployed_elsewhere
        lines.append(Line(Text("Redeployed elsewhere", "Reclassés ailleurs"), -redeployed_elsewhere))
        if rcc:
            deducted += refilled
            lines.append(Line(Text("Posts refilled", "Postes remplacés"), -refilled))
    jobs = dismissed - deducted
    if jobs < 0:
        raise InputError(
            f"{deducted} people are redeployed or replaced, more than the {dismissed} dismissed: correct one of "
            "the two.",
            f"{deducted} personnes reclassées ou remplacées, plus que les {dismissed} licenciées : corrigez l'un des "
            "deux nombres.",
        )
    lines.append(Line(Text("Jobs removed", "Emplois supprimés"), jobs))
    return Finding(
        RULES["R5" if framework else "R7"],
        "ok",
        Text(f"{jobs} jobs removed.", f"{jobs} emplois supprimés."),
        value=jobs,
        lines=tuple(lines),
    )


def get_smic(on: date, parameters: Parameters) -> Decimal:
    """Return the gross monthly minimum wage of a day [EUR], as an exact decimal.

    Raises
    ------
    ParameterError
        If the day is outside the known periods: the nearest value is never used.
    """
    return parameters.get("smic_monthly_gross", on).money.quantize(CENT)


def compute_floor(jobs: int, reference: date, parameters: Parameters) -> Finding:
    """R8: least contribution [EUR] for `jobs` removed, with the minimum wage of the day of reference.

    The law does not say which day's minimum wage applies: the day is a field of the convention.
    """
    smic = get_smic(reference, parameters)
    multiple = read_exact(parameters, "revit_floor_multiple")
    amount = (smic * multiple * jobs).quantize(CENT, ROUND_HALF_UP)
    return Finding(
        RULES["R8"],
        "ok",
        Text(f"At least {format_money(amount, 'en')}.", f"Au moins {format_money(amount, 'fr')}."),
        value=amount,
        lines=(*_list_smic_lines(jobs, reference, smic, multiple), Line(Text("Floor", "Minimum"), amount, "EUR")),
    )


def compute_default_payment(jobs: int, reference: date, parameters: Parameters) -> Finding:
    """R9: what is paid to the Treasury when there is neither convention nor agreement [EUR]."""
    floor = compute_floor(jobs, reference, parameters)
    factor = read_exact(parameters, "revit_default_factor")
    assert isinstance(floor.value, Decimal)
    amount = (floor.value * factor).quantize(CENT, ROUND_HALF_UP)
    return Finding(
        RULES["R9"],
        "ok",
        Text(
            f"Without a convention, {format_money(amount, 'en')} to the Treasury.",
            f"Sans convention, {format_money(amount, 'fr')} au Trésor public.",
        ),
        value=amount,
        lines=(*floor.lines, Line(Text("Times", "Multiplié par"), factor), Line(Text("Owed", "Dû"), amount, "EUR")),
    )


def compute_multiple_amount(jobs: int, multiple: Decimal, reference: date, parameters: Parameters) -> Decimal:
    """Return `multiple` monthly minimum wages per job [EUR]."""
    return (get_smic(reference, parameters) * multiple * jobs).quantize(CENT, ROUND_HALF_UP)


def check_contribution(
    amount: Decimal,
    jobs: int,
    reference: date,
    parameters: Parameters,
    *,
    unable: bool = False,
    opinion: Literal["", "CODEFI", "CIRI"] = "",
) -> tuple[Finding, Finding]:
    """R8 and R10: whether a contribution [EUR] is enough, and whether it is usual.

    Parameters
    ----------
    unable : the company cannot bear the floor; opinion : who was consulted, without which no less is possible.
    """
    floor = compute_floor(jobs, reference, parameters)
    assert isinstance(floor.value, Decimal)
    lines = (*floor.lines, Line(Text("Contribution", "Contribution"), amount, "EUR"))
    if amount >= floor.value:
        low = Finding(
            RULES["R8"],
            "ok",
            Text("The contribution reaches the floor.", "La contribution atteint le minimum."),
            value=floor.value,
            lines=lines,
        )
    elif unable and opinion:
        low = Finding(
            RULES["R8"],
            "ok",
            Text(
                f"Below the floor, for a company unable to bear it, after the opinion of {opinion}.",
                f"Sous le minimum, l'entreprise étant hors d'état de l'assumer, après avis du {opinion}.",
            ),
            value=floor.value,
            lines=lines,
        )
    else:
        short = floor.value - amount
        low = Finding(
            RULES["R8"],
            "error",
            Text(
                f"{format_money(short, 'en')} below the floor of {format_money(floor.value, 'en')}.",
                f"{format_money(short, 'fr')} sous le minimum de {format_money(floor.value, 'fr')}.",
            ),
            value=floor.value,
            lines=lines,
            todo=Text(
                "Raise it, or attach the opinion of CODEFI or CIRI on the company's incapacity.",
                "Relevez-la, ou joignez l'avis du CODEFI ou du CIRI sur l'incapacité de l'entreprise.",
            ),
        )
    return low, _check_usual(amount, jobs, reference, parameters)


def _check_usual(amount: Decimal, jobs: int, reference: date, parameters: Parameters) -> Finding:
    usual = read_exact(parameters, "revit_usual_multiple_max")
    highest = compute_multiple_amount(jobs, usual, reference, parameters)
    smic = get_smic(reference, parameters)
    reached = amount / (smic * jobs) if jobs else Decimal(0)
    shown = Line(
        Text("Contribution per job", "Contribution par emploi"), reached.quantize(CENT, ROUND_HALF_UP), "x SMIC"
    )
    written = format_number(float(reached), 2, "en"), format_number(float(reached), 2, "fr")
    if amount > highest:
        return Finding(
            RULES["R10"],
            "warning",
            Text(
                f"{written[0]} monthly minimum wages per job: more than the {usual} seen in practice (no legal "
                "ceiling).",
                f"{written[1]} SMIC mensuels par emploi : plus que les {usual} constatés (ce n'est pas un plafond "
                "légal).",
            ),
            value=highest,
            lines=(shown,),
            todo=Text("Check the amount and the number of jobs.", "Vérifiez le montant et le nombre d'emplois."),
        )
    return Finding(
        RULES["R10"],
        "ok",
        Text(f"{written[0]} monthly minimum wages per job.", f"{written[1]} SMIC mensuels par emploi."),
        value=highest,
        lines=(shown,),
    )


def check_agreement(commitments: Decimal, jobs: int, reference: date, parameters: Parameters) -> Finding:
    """R16: whether the commitments of a collective agreement [EUR] can stand in place of a convention."""
    floor = compute_floor(jobs, reference, parameters)
    assert isinstance(floor.value, Decimal)
    lines = (*floor.lines, Line(Text("Commitments of the agreement", "Engagements de l'accord"), commitments, "EUR"))
    if commitments >= floor.value:
        return Finding(
            RULES["R16"],
            "ok",
            Text(
                "The commitments reach the contribution: the agreement may replace the convention.",
                "Les engagements atteignent la contribution : l'accord peut tenir lieu de convention.",
            ),
            value=floor.value,
            lines=lines,
        )
    short = floor.value - commitments
    return Finding(
        RULES["R16"],
        "error",
        Text(
            f"The commitments are {format_money(short, 'en')} below the contribution.",
            f"Les engagements sont inférieurs de {format_money(short, 'fr')} à la contribution.",
        ),
        value=floor.value,
        lines=lines,
        todo=Text("Raise the commitments, or sign a convention.", "Relevez les engagements, ou signez une convention."),
    )


def _list_smic_lines(jobs: int, reference: date, smic: Decimal, multiple: Decimal) -> tuple[Line, ...]:
    return (
        Line(Text("Jobs removed", "Emplois supprimés"), jobs),
        Line(Text("Day of reference of the minimum wage", "Date de référence du SMIC"), reference),
        Line(Text("Monthly minimum wage", "SMIC mensuel"), smic, "EUR"),
        Line(Text("Times", "Multiplié par"), multiple),
    )
