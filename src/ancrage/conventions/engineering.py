"""Engineering paid by a convention: person-days, their price, and the share of the contribution that they take.

The Cour des comptes (December 2015, recommendation 5) asked for a reference on the share paid to providers. None was
found: no official ceiling applies, and none is invented here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from ancrage.errors import InputError
from ancrage.language import Text, format_money

_CENT = Decimal("0.01")
_ZERO = Decimal(0)

CEILING = Text(
    "No official ceiling applies: the Cour des comptes (2015, recommendation 5) asked for a reference on the share "
    "paid to providers, and none was found. Discuss this share in committee.",
    "Aucun plafond officiel ne s'applique : la Cour des comptes (2015, recommandation 5) demandait un référentiel de "
    "la part versée aux prestataires, et aucun n'a été trouvé. Cette part se discute en comité.",
)


@dataclass(frozen=True)
class Work:
    """Work done by a provider; days : person-days, above zero; amount : [EUR], without what is not invoiced."""

    on: date
    provider: str
    days: Decimal
    amount: Decimal
    action: str = ""


@dataclass(frozen=True)
class Effort:
    """Days and euros of a group of work."""

    days: Decimal = _ZERO
    amount: Decimal = _ZERO

    @property
    def day_rate(self) -> Decimal | None:
        """Price of a person-day [EUR], or None without a day."""
        return (self.amount / self.days).quantize(_CENT, ROUND_HALF_UP) if self.days else None


@dataclass(frozen=True)
class Engineering:
    """Engineering at the end of a day.

    Attributes
    ----------
    by_provider, by_action : in decreasing order of amount; by_month : by first day of the month, in order.
    share : of the contribution (0 to 1), or None without a contribution.
    paid : by the ledger on the engineering actions [EUR]; gap : paid minus detailed in days [EUR].
    """

    total: Effort
    by_provider: tuple[tuple[str, Effort], ...]
    by_action: tuple[tuple[str, Effort], ...]
    by_month: tuple[tuple[date, Effort], ...]
    contribution: Decimal | None
    share: float | None
    paid: Decimal
    gap: Decimal
    said: Text


def compute_engineering(
    works: Iterable[Work], contribution: Decimal | None, paid: Decimal, on: date | None = None
) -> Engineering:
    """Add up the engineering until a day (None: all of it).

    Parameters
    ----------
    contribution : owed by the company [EUR], None while it is not known.
    paid : by the ledger on the actions of engineering, the same day [EUR].

    Raises
    ------
    InputError
        If days are not above zero, or an amount is negative.
    """
    kept = [work for work in works if on is None or work.on <= on]
    for work in kept:
        check_work(work)
    total = _add(kept)
    gap = paid - total.amount
    return Engineering(
        total,
        _group(kept, "provider"),
        _group(kept, "action"),
        tuple(
            (month, _add(work for work in kept if work.on.replace(day=1) == month))
            for month in sorted({work.on.replace(day=1) for work in kept})
        ),
        contribution,
        float(total.amount / contribution) if contribution else None,
        paid,
        gap,
        _say_gap(gap),
    )


def check_work(work: Work) -> None:
    """Refuse work without days or with a negative amount.

    Raises
    ------
    InputError
        Says what to correct.
    """
    if work.days <= 0 or work.amount < 0:
        raise InputError(
            f"{work.days} days for {work.amount} EUR: give days above zero and an amount of zero or more.",
            f"{work.days} jours pour {work.amount} € : donnez un nombre de jours supérieur à zéro et un montant nul ou "
            "positif.",
        )


def _add(works: Iterable[Work]) -> Effort:
    days, amount = _ZERO, _ZERO
    for work in works:
        days, amount = days + work.days, amount + work.amount
    return Effort(days, amount)


def _group(works: list[Work], name: str) -> tuple[tuple[str, Effort], ...]:
    groups: dict[str, list[Work]] = {}
    for work in works:
        groups.setdefault(getattr(work, name), []).append(work)
    efforts = [(key, _add(group)) for key, group in groups.items()]
    return tuple(sorted(efforts, key=lambda pair: (-pair[1].amount, pair[0])))


def _say_gap(gap: Decimal) -> Text:
    if gap > 0:
        return Text(
            f"{format_money(gap, 'en')} paid on engineering actions are not detailed in person-days: ask the provider "
            "for the detail.",
            f"{format_money(gap, 'fr')} payés sur les actions d'ingénierie ne sont pas détaillés en jours-personnes : "
            "demandez le détail au prestataire.",
        )
    if gap < 0:
        return Text(
            f"{format_money(-gap, 'en')} of work are detailed and not paid yet on the engineering actions.",
            f"{format_money(-gap, 'fr')} de travaux sont détaillés et pas encore payés sur les actions d'ingénierie.",
        )
    return Text(
        "What was paid on engineering actions is detailed in person-days, to the cent.",
        "Ce qui a été payé sur les actions d'ingénierie est détaillé en jours-personnes, au centime près.",
    )
