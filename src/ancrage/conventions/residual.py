"""Money left in a convention: how much, what is known of its fate, and what it could pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ancrage.conventions.ledger import Balance
from ancrage.errors import InputError
from ancrage.language import Text, format_money

# What a value is counted in, a year; candidates of two units are never compared.
UNITS: tuple[str, ...] = ("h", "km", "kg CO2", "EUR")
UNIT_NAMES: dict[str, Text] = {
    "h": Text("hours of travel saved a year", "heures de trajet évitées par an"),
    "km": Text("kilometres by car saved a year", "kilomètres en voiture évités par an"),
    "kg CO2": Text("kg of CO2 saved a year", "kg de CO2 évités par an"),
    "EUR": Text("euros of benefit a year", "euros de gain par an"),
}


@dataclass(frozen=True)
class Candidate:
    """Something that the money left could pay.

    Attributes
    ----------
    key : identifier; cost : [EUR] asked of the convention.
    value : yearly value that a study gives it, in `unit`, and never compared with another unit.
    ready_by : day by which it can be committed, or None when it is not known.
    refused : why it cannot be paid by this convention (outside the basins, wrong use...), None when it can.
    """

    key: str
    name: str
    cost: Decimal
    value: float
    unit: str
    ready_by: date | None = None
    refused: Text | None = None


@dataclass(frozen=True)
class Choice:
    """A candidate and what becomes of it: paid or not, why, and what is left after it [EUR]."""

    candidate: Candidate
    paid: bool
    per_euro: float
    left: Decimal
    reason: Text


@dataclass(frozen=True)
class Proposal:
    """What the money left could pay, largest value per euro first.

    Attributes
    ----------
    residual : neither reserved nor committed [EUR]; spent : by the choices that are paid; left : what still remains.
    options : what may be done with what remains; no text was found, so that each is a practice to be agreed on.
    """

    residual: Decimal
    spent: Decimal
    left: Decimal
    choices: tuple[Choice, ...]
    options: tuple[Text, ...]


OPTIONS: tuple[Text, ...] = (
    Text(
        "Amend the convention to give the money to another action (practice, to be agreed with the prefect).",
        "Signer un avenant qui affecte l'argent à une autre action (pratique, à convenir avec le préfet).",
    ),
    Text(
        "Extend the convention, for special circumstances (practice, to be agreed with the prefect).",
        "Prolonger la convention, pour circonstances particulières (pratique, à convenir avec le préfet).",
    ),
    Text(
        "Pay it into a pooled fund of the territory (practice; check that it is not State aid).",
        "Le verser à un fonds mutualisé du territoire (pratique ; vérifier qu'il ne s'agit pas d'une aide d'État).",
    ),
    Text(
        "Pay it to the Treasury (practice; no text was found on money left unspent).",
        "Le verser au Trésor public (pratique ; aucun texte trouvé sur les sommes non dépensées).",
    ),
)


def propose_uses(balance: Balance, candidates: Sequence[Candidate], ends: date | None) -> Proposal:
    """Choose what the money left could pay: eligible candidates by decreasing value per euro, as long as they fit.

    A candidate that does not fit is passed over, and a later, cheaper one may still be paid. It is a proposal for a
    committee, not an optimum: with a few candidates of similar cost the order is what matters.

    Parameters
    ----------
    ends : last day of the convention: what is ready later cannot be paid.

    Raises
    ------
    InputError
        If a cost is not positive, a value is negative, or the values are not in one unit.
    """
    units = sorted({candidate.unit for candidate in candidates})
    if len(units) > 1:
        raise InputError(
            f"The values are in {' and '.join(units)}: compare candidates in one unit.",
            f"Les valeurs sont en {' et '.join(units)} : comparez des candidats dans une même unité.",
        )
    for candidate in candidates:
        if candidate.cost <= 0 or candidate.value < 0:
            raise InputError(
                f"'{candidate.name}': cost {candidate.cost}, value {candidate.value}. Give a positive cost and a "
                "value of zero or more.",
                f"« {candidate.name} » : coût {candidate.cost}, valeur {candidate.value}. Donnez un coût positif et "
                "une valeur nulle ou positive.",
            )
    left = balance.residual
    choices = []
    for candidate in sorted(candidates, key=lambda c: (-c.value / float(c.cost), c.key)):
        reason = _find_obstacle(candidate, left, ends)
        paid = reason is None
        if paid:
            left -= candidate.cost
        choices.append(
            Choice(
                candidate,
                paid,
                candidate.value / float(candidate.cost),
                left,
                reason or Text("Can be paid.", "Peut être payé."),
            )
        )
    return Proposal(balance.residual, balance.residual - left, left, tuple(choices), OPTIONS if left > 0 else ())


def _find_obstacle(candidate: Candidate, left: Decimal, ends: date | None) -> Text | None:
    if candidate.refused is not None:
        return candidate.refused
    if ends is not None and candidate.ready_by is not None and candidate.ready_by > ends:
        return Text("Ready after the end of the convention.", "Prêt après la fin de la convention.")
    if candidate.cost > left:
        return Text(
            f"Costs more than the {format_money(left, 'en')} left.",
            f"Coûte plus que les {format_money(left, 'fr')} restants.",
        )
    return None
