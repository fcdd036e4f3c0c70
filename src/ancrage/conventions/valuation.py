"""What loans and property count for in a contribution (R11, R12)."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from ancrage.conventions.model import NOTHING, RULES, Finding, Line, read_exact
from ancrage.conventions.obligation import CENT
from ancrage.errors import InputError
from ancrage.language import Text, format_money
from ancrage.parameters import Parameters


def value_loans(lent: Decimal, cost: Decimal, parameters: Parameters) -> Finding:
    """R11: value of loans [EUR]: their cost (management, risk, access), at most a share of the sums lent.

    Raises
    ------
    InputError
        If an amount is negative.
    """
    _check_amounts(lent=lent, cost=cost)
    share = read_exact(parameters, "revit_loan_share_max")
    most = (lent * share).quantize(CENT, ROUND_HALF_UP)
    value = min(cost, most)
    return Finding(
        RULES["R11"],
        "ok" if cost <= most else "warning",
        Text(
            f"The loans count for {format_money(value, 'en')}.", f"Les prêts comptent pour {format_money(value, 'fr')}."
        ),
        value=value,
        lines=(
            Line(Text("Sums lent", "Sommes prêtées"), lent, "EUR"),
            Line(Text("Cost declared", "Coût déclaré"), cost, "EUR"),
            Line(Text("At most", "Au plus"), most, "EUR"),
            Line(Text("Counted", "Compté"), value, "EUR"),
        ),
        todo=NOTHING
        if cost <= most
        else Text(
            f"{format_money(cost - most, 'en')} of the declared cost does not count.",
            f"{format_money(cost - most, 'fr')} du coût déclaré ne sont pas comptés.",
        ),
    )


def value_property(
    market: Decimal, sale: Decimal, contribution: Decimal, signed: date, parameters: Parameters
) -> Finding:
    """R12: value of a property sold below its price [EUR]: the difference, limited since 3 July 2023.

    Parameters
    ----------
    market : market value after the opinion of the tax administration (DDFiP); sale : price of the sale.
    contribution : total contribution of the convention; signed : day of its signature.

    Raises
    ------
    InputError
        If an amount is negative.
    """
    _check_amounts(market=market, sale=sale, contribution=contribution)
    given = max(market - sale, Decimal(0))
    lines = [
        Line(Text("Market value", "Valeur vénale"), market, "EUR"),
        Line(Text("Sale price", "Prix de cession"), sale, "EUR"),
        Line(Text("Difference", "Différence"), given, "EUR"),
    ]
    value = given
    share = read_exact(parameters, "revit_property_share_max", signed)
    # A share of one is the time before the limit existed.
    if share < 1:
        most = (contribution * share).quantize(CENT, ROUND_HALF_UP)
        value = min(given, most)
        lines.append(Line(Text("At most", "Au plus"), most, "EUR"))
    lines.append(Line(Text("Counted", "Compté"), value, "EUR"))
    cut = value < given
    return Finding(
        RULES["R12"],
        "warning" if cut else "ok",
        Text(
            f"The property counts for {format_money(value, 'en')}.", f"Le bien compte pour {format_money(value, 'fr')}."
        ),
        value=value,
        lines=tuple(lines),
        todo=Text(
            f"{format_money(given - value, 'en')} of the difference does not count.",
            f"{format_money(given - value, 'fr')} de la différence ne sont pas comptés.",
        )
        if cut
        else NOTHING,
    )


def _check_amounts(**amounts: Decimal) -> None:
    for name, amount in amounts.items():
        if amount < 0:
            raise InputError(
                f"{name} is {amount}: give zero or a positive amount of euros.",
                f"{name} vaut {amount} : donnez un montant en euros nul ou positif.",
            )
