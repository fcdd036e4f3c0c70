"""De minimis aid of an undertaking (R17)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ancrage.conventions.delays import add_months
from ancrage.conventions.model import RULES, Finding, Line
from ancrage.errors import InputError
from ancrage.language import Text, format_date, format_money
from ancrage.parameters import Parameters


@dataclass(frozen=True)
class Aid:
    """An aid granted under the general de minimis regulation.

    Attributes
    ----------
    granted : day the right to it was given, whatever the day of payment.
    undertaking : the single undertaking it went to: linked companies bear the same name and share the ceiling.
    """

    undertaking: str
    amount: Decimal
    granted: date


def check_de_minimis(
    undertaking: str, asked: Decimal, on: date, aids: Sequence[Aid], parameters: Parameters
) -> Finding:
    """R17: whether an aid [EUR] asked for on a day fits, with those of the three years before.

    The period rolls and holds both its ends: an aid of exactly three years before still counts. Before 2024 the
    three years were fiscal years, which are not known here: the answer is left to a person.

    Returns
    -------
    The value is the largest amount [EUR] that can be granted on that day.

    Raises
    ------
    InputError
        If the amount is not positive. ParameterError for a day outside the regulation.
    """
    if asked <= 0:
        raise InputError(
            f"The aid asked for is {asked}: give a positive amount of euros.",
            f"L'aide demandée vaut {asked} : donnez un montant en euros positif.",
        )
    ceiling = parameters.get("deminimis_ceiling", on).money
    years = round(parameters.get("deminimis_window").value)
    start = add_months(on, -12 * years)
    counted = sorted(
        (aid for aid in aids if aid.undertaking == undertaking and start <= aid.granted <= on), key=lambda a: a.granted
    )
    held = sum((aid.amount for aid in counted), Decimal(0))
    room = max(ceiling - held, Decimal(0))
    lines = (
        Line(Text("Aids count from", "Aides comptées à partir du"), start),
        *(_build_line(aid) for aid in counted),
        Line(Text("Already granted", "Déjà accordé"), held, "EUR"),
        Line(Text("Asked", "Demandé"), asked, "EUR"),
        Line(Text("Total", "Total"), held + asked, "EUR"),
        Line(Text("Ceiling", "Plafond"), ceiling, "EUR"),
    )
    since = RULES["R17"].since
    if since is not None and on < since:
        return Finding(
            RULES["R17"],
            "human",
            Text(
                "Before 2024 the three years are fiscal years of the undertaking: count them by hand.",
                "Avant 2024, les trois ans sont des exercices fiscaux de l'entreprise : à compter à la main.",
            ),
            value=room,
            lines=lines,
        )
    if asked <= room:
        return Finding(
            RULES["R17"],
            "ok",
            Text(
                f"{format_money(held + asked, 'en')} over three years: within the ceiling.",
                f"{format_money(held + asked, 'fr')} sur trois ans : sous le plafond.",
            ),
            value=room,
            lines=lines,
        )
    return Finding(
        RULES["R17"],
        "error",
        Text(
            f"{format_money(held + asked, 'en')} over three years: at most {format_money(room, 'en')} can be granted.",
            f"{format_money(held + asked, 'fr')} sur trois ans : au plus {format_money(room, 'fr')} peuvent "
            "être accordés.",
        ),
        value=room,
        lines=lines,
        todo=Text(
            "Lower the aid, wait until an earlier one leaves the three years, or use another regime.",
            "Réduisez l'aide, attendez la sortie d'une aide antérieure, ou utilisez un autre régime.",
        ),
    )


def _build_line(aid: Aid) -> Line:
    label = Text(f"Aid of {format_date(aid.granted, 'en')}", f"Aide du {format_date(aid.granted, 'fr')}")
    return Line(label, aid.amount, "EUR")
