"""De minimis aid of an undertaking (R17)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
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


@dataclass(frozen=True)
class Counted:
    """An aid of the window.

    Attributes
    ----------
    leaves : first day on which it no longer counts.
    """

    aid: Aid
    leaves: date


@dataclass(frozen=True)
class Window:
    """What an undertaking received over the three years that end on a day.

    Attributes
    ----------
    start, end : days of the window, both included; counted : aids in it, the earliest first.
    held, ceiling, room : received, allowed, and still possible on the last day [EUR].
    """

    start: date
    end: date
    counted: tuple[Counted, ...]
    held: Decimal
    ceiling: Decimal
    room: Decimal


def compute_window(undertaking: str, on: date, aids: Sequence[Aid], parameters: Parameters) -> Window:
    """R17: what counts on a day, the room left, and when each aid leaves the window.

    Raises
    ------
    ParameterError
        For a day outside the regulation.
    """
    ceiling = parameters.get("deminimis_ceiling", on).money
    months = 12 * round(parameters.get("deminimis_window").value)
    start = add_months(on, -months)
    counted = tuple(
        Counted(aid, _find_leaving(aid.granted, months))
        for aid in sorted(aids, key=lambda a: a.granted)
        if aid.undertaking == undertaking and start <= aid.granted <= on
    )
    held = sum((each.aid.amount for each in counted), Decimal(0))
    return Window(start, on, counted, held, ceiling, max(ceiling - held, Decimal(0)))


def _find_leaving(granted: date, months: int) -> date:
    # The window starts on the last day of a month where its day does not exist: one aid may count a day or two longer.
    day = add_months(granted, months) + timedelta(days=1)
    while add_months(day, -months) <= granted:
        day += timedelta(days=1)
    return day


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
    window = compute_window(undertaking, on, aids, parameters)
    held, ceiling, room = window.held, window.ceiling, window.room
    lines = (
        Line(Text("Aids count from", "Aides comptées à partir du"), window.start),
        *(_build_line(each.aid) for each in window.counted),
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
