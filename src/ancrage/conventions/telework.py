"""Rules on telework that a coaching case meets: public agents, exempt allowance, kilometre scale (R21 to R23)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from ancrage.conventions.model import RULES, Finding, Line, read_exact
from ancrage.conventions.obligation import CENT
from ancrage.errors import InputError
from ancrage.language import Text, format_money
from ancrage.parameters import Parameters


def check_public_telework(days: Sequence[Decimal], parameters: Parameters, *, monthly: bool, week: int = 5) -> Finding:
    """R21: whether the weeks of telework of a public agent are allowed.

    Parameters
    ----------
    days : telework days of each week; monthly : the limit is looked at on the mean of the weeks; week : days worked.

    Returns
    -------
    The value is the largest number of days looked at: the mean, or that of the busiest week.

    Raises
    ------
    InputError
        If there is no week, or a week has more days than are worked.
    """
    if not days or any(not 0 <= d <= week for d in days):
        raise InputError(
            f"Weeks of {', '.join(map(str, days)) or 'nothing'}: give for each a number of days from 0 to {week}.",
            f"Semaines de {', '.join(map(str, days)) or 'rien'} : donnez pour chacune un nombre de jours entre 0 et "
            f"{week}.",
        )
    most = read_exact(parameters, "public_telework_days_max")
    presence = read_exact(parameters, "public_presence_days_min")
    looked = sum(days, Decimal(0)) / len(days) if monthly else max(days)
    lines = (
        Line(Text("Telework", "Télétravail"), looked, "day/week"),
        Line(Text("At most", "Au plus"), most, "day/week"),
        Line(Text("Presence", "Présence"), week - looked, "day/week"),
        Line(Text("At least", "Au moins"), presence, "day/week"),
    )
    if looked <= most and week - looked >= presence:
        return Finding(RULES["R21"], "ok", Text("Allowed.", "Autorisé."), value=looked, lines=lines)
    return Finding(
        RULES["R21"],
        "error",
        Text(f"More than {most:f} days a week.", f"Plus de {most:f} jours par semaine."),
        value=looked,
        lines=lines,
        todo=Text(
            "Lower the days, or check whether a derogation applies.",
            "Réduisez le nombre de jours, ou vérifiez si une dérogation s'applique.",
        ),
    )


def compute_allowance(
    on: date,
    parameters: Parameters,
    *,
    days: Decimal | None = None,
    weekly_days: Decimal | None = None,
    agreement: bool = False,
    at_home: bool = True,
) -> Finding:
    """R22: telework allowance exempt from contributions in a month [EUR].

    Parameters
    ----------
    days : days teleworked in the month; or weekly_days : days a week, for the flat allowance. One of the two.
    agreement : a collective agreement provides for it; at_home : a day in a third place is not a day at home, and
        is reimbursed on its invoice instead.

    Raises
    ------
    InputError
        If neither or both of days and weekly_days are given. ParameterError for a day without a known scale.
    """
    if (days is None) == (weekly_days is None):
        raise InputError(
            "Give either the days of the month or the days a week.",
            "Donnez soit les jours du mois, soit les jours par semaine.",
        )
    if not at_home:
        return Finding(
            RULES["R22"],
            "ok",
            Text(
                "Days in a third place: no flat allowance, the invoice is reimbursed.",
                "Jours en tiers-lieu : pas d'allocation forfaitaire, la facture est remboursée.",
            ),
            value=Decimal(0),
        )
    if weekly_days is not None:
        flat = parameters.get("urssaf_weekly_day", on).money
        amount = (flat * weekly_days).quantize(CENT, ROUND_HALF_UP)
        lines: tuple[Line, ...] = (
            Line(Text("Days a week", "Jours par semaine"), weekly_days),
            Line(Text("Per weekly day and month", "Par jour hebdomadaire et par mois"), flat, "EUR"),
        )
    else:
        assert days is not None
        kind = "urssaf_agreement" if agreement else "urssaf"
        daily, cap = parameters.get(f"{kind}_day", on).money, parameters.get(f"{kind}_month_cap", on).money
        amount = min(daily * days, cap).quantize(CENT, ROUND_HALF_UP)
        lines = (
            Line(Text("Days of the month", "Jours du mois"), days),
            Line(Text("Per day", "Par jour"), daily, "EUR"),
            Line(Text("At most a month", "Au plus par mois"), cap, "EUR"),
        )
    return Finding(
        RULES["R22"],
        "ok",
        Text(f"{format_money(amount, 'en')} exempt.", f"{format_money(amount, 'fr')} exonérés."),
        value=amount,
        lines=(*lines, Line(Text("Exempt", "Exonéré"), amount, "EUR")),
    )


def compute_kilometre_cost(
    km: int, fiscal_power: int, on: date, parameters: Parameters, *, electric: bool = False
) -> Finding:
    """R23: yearly cost of a car by the tax scale [EUR].

    Parameters
    ----------
    fiscal_power : in CV; 3 stands for 3 and under, 7 for 7 and over. on : a day of the year of the scale.

    Raises
    ------
    InputError
        If a number is not positive. ParameterError if the scale of that day is not known.
    """
    if km < 0 or fiscal_power < 1:
        raise InputError(
            f"{km} km with {fiscal_power} CV: give positive numbers.",
            f"{km} km avec {fiscal_power} CV : donnez des nombres positifs.",
        )

    def read(name: str) -> Decimal:
        return read_exact(parameters, f"km_scale_{name}", on)

    band = f"{min(max(fiscal_power, 3), 7)}"
    added = Decimal(0)
    if km <= read("first"):
        rate = read(f"{band}_rate_1")
    elif km <= read("second"):
        rate, added = read(f"{band}_rate_2"), read(f"{band}_constant")
    else:
        rate = read(f"{band}_rate_3")
    amount = km * rate + added
    lines = [
        Line(Text("Kilometres", "Kilomètres"), km, "km"),
        Line(Text("Rate", "Taux"), rate, "EUR/km"),
        Line(Text("Constant", "Constante"), added, "EUR"),
    ]
    if electric:
        factor = read("electric")
        amount *= factor
        lines.append(Line(Text("Electric car", "Voiture électrique"), factor, "x"))
    amount = amount.quantize(CENT, ROUND_HALF_UP)
    return Finding(
        RULES["R23"],
        "ok",
        Text(f"{format_money(amount, 'en')} a year.", f"{format_money(amount, 'fr')} par an."),
        value=amount,
        lines=(*lines, Line(Text("Cost", "Coût"), amount, "EUR")),
    )
