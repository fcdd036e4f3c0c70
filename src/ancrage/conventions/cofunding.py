"""Shares of public co-funding: the project owner's own share and the DETR grant (R18, R19)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from ancrage.conventions.model import RULES, Finding, Line, read_exact
from ancrage.conventions.obligation import CENT
from ancrage.errors import InputError
from ancrage.language import Text, format_money, format_number
from ancrage.parameters import Parameters

Origin = Literal["own", "public", "private"]


@dataclass(frozen=True)
class Source:
    """Money that a project receives.

    Attributes
    ----------
    origin : "own" money of the project owner (a public person), "public" money of others, or "private", such as
        that of a convention de revitalisation, which stays the company's until it is spent.
    """

    name: str
    origin: Origin
    amount: Decimal


def check_own_share(
    cost: Decimal, sources: Sequence[Source], parameters: Parameters, *, lead_authority: bool = False
) -> Finding:
    """R18: least own share of a public project owner, of what public persons bring.

    Private money is taken out of the base first: on 400,000 with 50,000 of private revitalisation money, the public
    base is 350,000 and the own share at least 70,000.

    Parameters
    ----------
    cost : of the project, excluding tax [EUR]; lead_authority : a field with a chef de file, where the share is 30 %.

    Returns
    -------
    The value is the least own share [EUR]. A plan that is not complete (own money under its least share, and others
    within their limit) gets a warning: whatever is missing has to be own money first.

    Raises
    ------
    InputError
        If private money exceeds the cost, or an amount is negative.
    """
    _check_sources(cost, sources)
    name = "cofunding_own_share_min_lead" if lead_authority else "cofunding_own_share_min"
    share = read_exact(parameters, name)
    private = _sum(sources, "private")
    base = cost - private
    if base < 0:
        raise InputError(
            f"Private money ({private}) exceeds the cost of the project ({cost}): correct one of the two.",
            f"L'argent privé ({private}) dépasse le coût du projet ({cost}) : corrigez l'un des deux.",
        )
    own = _sum(sources, "own")
    least = (base * share).quantize(CENT, ROUND_HALF_UP)
    most_others = base - least
    others = _sum(sources, "public")
    lines = (
        Line(Text("Cost of the project", "Coût du projet"), cost, "EUR"),
        Line(Text("Private money, outside the base", "Argent privé, hors assiette"), -private, "EUR"),
        Line(Text("Base: public money", "Assiette : argent public"), base, "EUR"),
        Line(Text("Least share of the base", "Part minimale de l'assiette"), 100 * share, "%"),
        Line(Text("Least own share", "Participation minimale"), least, "EUR"),
        Line(Text("Most from other public persons", "Maximum des autres personnes publiques"), most_others, "EUR"),
        Line(Text("Own money", "Fonds propres"), own, "EUR"),
        Line(Text("Other public money", "Autre argent public"), others, "EUR"),
    )
    if others > most_others:
        return Finding(
            RULES["R18"],
            "error",
            Text(
                f"Other public money exceeds {format_money(most_others, 'en')}: the own share would be under "
                f"{format_money(least, 'en')}.",
                f"L'autre argent public dépasse {format_money(most_others, 'fr')} : la participation serait "
                "inférieure à "
                f"{format_money(least, 'fr')}.",
            ),
            value=least,
            lines=lines,
            todo=Text(
                f"Ask for {format_money(others - most_others, 'en')} less, or for a derogation of the prefect.",
                f"Demandez {format_money(others - most_others, 'fr')} de moins, ou une dérogation du préfet.",
            ),
        )
    if own < least:
        return Finding(
            RULES["R18"],
            "warning",
            Text(
                f"The project owner has to bring at least {format_money(least, 'en')}: {format_money(own, 'en')} is "
                "planned.",
                f"Le maître d'ouvrage doit apporter au moins {format_money(least, 'fr')} : {format_money(own, 'fr')} "
                "sont prévus.",
            ),
            value=least,
            lines=lines,
            todo=Text(
                f"Plan {format_money(least - own, 'en')} more of own money.",
                f"Prévoyez {format_money(least - own, 'fr')} de fonds propres en plus.",
            ),
        )
    return Finding(
        RULES["R18"],
        "ok",
        Text(
            f"The project owner brings {format_money(own, 'en')}, at least {format_money(least, 'en')} as it must.",
            f"Le maître d'ouvrage apporte {format_money(own, 'fr')}, pour un minimum de {format_money(least, 'fr')}.",
        ),
        value=least,
        lines=lines,
    )


def check_detr(eligible: Decimal, detr: Decimal, other_aid: Decimal, parameters: Parameters) -> Finding:
    """R19: rate of a DETR grant, and direct public aid with it.

    Parameters
    ----------
    eligible : expense excluding tax [EUR]; detr : grant asked; other_aid : other direct public aid [EUR].

    Returns
    -------
    The value is the largest DETR grant [EUR] that the other aid leaves room for.

    Raises
    ------
    InputError
        If the expense is not positive or an amount is negative.
    """
    if eligible <= 0 or detr < 0 or other_aid < 0:
        raise InputError(
            f"Expense {eligible}, DETR {detr}, other aid {other_aid}: give a positive expense and amounts of at "
            "least 0.",
            f"Dépense {eligible}, DETR {detr}, autres aides {other_aid} : donnez une dépense positive et des montants "
            "d'au moins 0.",
        )
    least_rate = read_exact(parameters, "detr_rate_min")
    most_rate = read_exact(parameters, "detr_public_aid_max")
    room = max((eligible * most_rate - other_aid).quantize(CENT, ROUND_HALF_UP), Decimal(0))
    least = (eligible * least_rate).quantize(CENT, ROUND_HALF_UP)
    lines = (
        Line(Text("Eligible expense excluding tax", "Dépense éligible HT"), eligible, "EUR"),
        Line(Text("DETR asked", "DETR demandée"), detr, "EUR"),
        Line(Text("Other direct public aid", "Autres aides publiques directes"), other_aid, "EUR"),
        Line(Text("Room left under the limit", "Place sous la limite"), room, "EUR"),
        Line(Text("Least grant", "Subvention minimale"), least, "EUR"),
    )
    total = (detr + other_aid) / eligible
    if detr > room:
        return Finding(
            RULES["R19"],
            "error",
            Text(
                f"Public aid would be {_percent(total, 'en')} of the expense: more than {_percent(most_rate, 'en')}.",
                f"Les aides publiques feraient {_percent(total, 'fr')} de la dépense : plus que "
                f"{_percent(most_rate, 'fr')}.",
            ),
            value=room,
            lines=lines,
            todo=Text(
                f"Cut the DETR grant to {format_money(room, 'en')} ({_percent(room / eligible, 'en')}).",
                f"Ramenez la DETR à {format_money(room, 'fr')} ({_percent(room / eligible, 'fr')}).",
            ),
        )
    if detr < least:
        # Below the least rate only the limit itself excuses it: the grant then takes all the room there is.
        if detr == room:
            return Finding(
                RULES["R19"],
                "warning",
                Text(
                    "The grant is under its least rate because other public aid leaves no more room.",
                    "La subvention est sous son taux minimal car les autres aides publiques ne laissent pas "
                    "plus de place.",
                ),
                value=room,
                lines=lines,
            )
        return Finding(
            RULES["R19"],
            "error",
            Text(
                f"The rate is {_percent(detr / eligible, 'en')}: a DETR grant is at least "
                f"{_percent(least_rate, 'en')}.",
                f"Le taux est de {_percent(detr / eligible, 'fr')} : une DETR est d'au moins "
                f"{_percent(least_rate, 'fr')}.",
            ),
            value=room,
            lines=lines,
            todo=Text(
                f"Ask for {format_money(least, 'en')} or more, or for none.",
                f"Demandez {format_money(least, 'fr')} ou plus, ou rien.",
            ),
        )
    return Finding(
        RULES["R19"],
        "ok",
        Text(
            f"DETR of {_percent(detr / eligible, 'en')}, public aid of {_percent(total, 'en')} in all.",
            f"DETR de {_percent(detr / eligible, 'fr')}, aides publiques de {_percent(total, 'fr')} au total.",
        ),
        value=room,
        lines=lines,
    )


def _check_sources(cost: Decimal, sources: Sequence[Source]) -> None:
    for name, amount in (("cost", cost), *((source.name, source.amount) for source in sources)):
        if amount < 0:
            raise InputError(
                f"{name} is {amount}: give zero or a positive amount of euros.",
                f"{name} vaut {amount} : donnez un montant en euros nul ou positif.",
            )


def _sum(sources: Sequence[Source], origin: Origin) -> Decimal:
    return sum((source.amount for source in sources if source.origin == origin), Decimal(0))


def _percent(share: Decimal, language: Literal["fr", "en"]) -> str:
    written = format_number(float(100 * share), 1, language)
    return written.removesuffix(",0").removesuffix(".0") + ("\u00a0%" if language == "fr" else "%")
