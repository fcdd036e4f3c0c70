"""The life of a request of aid: from the project sheet to the last payment on proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Literal, TypeAlias, TypeVar

from ancrage.errors import InputError
from ancrage.language import Text, format_money

Status: TypeAlias = Literal[
    "draft", "submitted", "returned", "instructed", "granted", "refused", "agreed", "ended", "withdrawn"
]
Who: TypeAlias = Literal["beneficiary", "manager"]
Nature: TypeAlias = Literal["grant", "loan", "guarantee", "service"]

K = TypeVar("K")
StepState: TypeAlias = Literal["done", "current", "coming"]

STATUS_NAMES: dict[Status, Text] = {
    "draft": Text("draft", "brouillon"),
    "submitted": Text("submitted", "déposée"),
    "returned": Text("sent back to be completed", "à compléter"),
    "instructed": Text("ready for the committee", "instruite, à présenter au comité"),
    "granted": Text("granted by the committee", "accordée par le comité"),
    "refused": Text("refused by the committee", "refusée par le comité"),
    "agreed": Text("agreement signed", "convention d'aide signée"),
    "ended": Text("ended", "soldée"),
    "withdrawn": Text("withdrawn", "retirée"),
}
# What the beneficiary is told of what comes next.
NEXT_FOR_BENEFICIARY: dict[Status, Text] = {
    "draft": Text(
        "Fill in each part, join the documents, then submit: nothing is handed over before.",
        "Remplissez chaque partie, joignez les pièces, puis déposez : rien n'est transmis avant.",
    ),
    "submitted": Text(
        "Your request is being examined. An e-mail tells you if something is missing, then what the committee decided.",
        "Votre demande est à l'instruction. Un e-mail vous dira s'il manque quelque chose, puis ce que le comité a "
        "décidé.",
    ),
    "returned": Text(
        "Complete what is asked below, then submit again.",
        "Complétez ce qui est demandé ci-dessous, puis déposez à nouveau.",
    ),
    "instructed": Text(
        "Your file is complete: the committee decides at one of its next meetings, and you are told by e-mail.",
        "Votre dossier est complet : le comité décide lors d'une prochaine réunion, et un e-mail vous le dira.",
    ),
    "granted": Text(
        "The agreement of aid is to be signed with you: no payment comes before.",
        "La convention d'aide reste à signer avec vous : aucun versement n'a lieu avant.",
    ),
    "refused": Text(
        "The committee did not grant the aid: this request is closed.",
        "Le comité n'a pas accordé l'aide : cette demande est close.",
    ),
    "agreed": Text(
        "Send your proofs of expense to be paid, as the agreement says.",
        "Envoyez vos justificatifs de dépense pour être payé, comme le prévoit la convention d'aide.",
    ),
    "ended": Text("Everything is settled: this request is closed.", "Tout est soldé : cette demande est close."),
    "withdrawn": Text("You have nothing more to do.", "Vous n'avez plus rien à faire."),
}
NATURE_NAMES: dict[Nature, Text] = {
    "grant": Text("grant", "subvention"),
    "loan": Text("loan", "prêt"),
    "guarantee": Text("guarantee", "garantie"),
    "service": Text("service paid to a provider", "prestation payée à un prestataire"),
}
WHO_NAMES: dict[Who, Text] = {
    "beneficiary": Text("beneficiary", "bénéficiaire"),
    "manager": Text("manager of the convention", "gestionnaire de la convention"),
}


@dataclass(frozen=True)
class Transition:
    """A change of status, who may make it, and what it does to the money.

    Attributes
    ----------
    money : "reserve" sets the amount asked aside, "release" frees it, "commit" commits the amount granted and frees
        the rest of the reservation, "decommit" takes back what was committed and not paid; empty for nothing.
    """

    start: Status
    end: Status
    who: frozenset[Who]
    money: Literal["", "reserve", "release", "commit", "decommit"] = ""


_BOTH: frozenset[Who] = frozenset({"beneficiary", "manager"})
_MANAGER: frozenset[Who] = frozenset({"manager"})

TRANSITIONS: tuple[Transition, ...] = (
    Transition("draft", "submitted", _BOTH),
    Transition("draft", "withdrawn", _BOTH),
    Transition("submitted", "returned", _MANAGER),
    Transition("returned", "submitted", _BOTH),
    Transition("submitted", "instructed", _MANAGER, "reserve"),
    Transition("instructed", "submitted", _MANAGER, "release"),
    Transition("instructed", "granted", _MANAGER, "commit"),
    Transition("instructed", "refused", _MANAGER, "release"),
    Transition("granted", "agreed", _MANAGER),
    Transition("agreed", "ended", _MANAGER, "decommit"),
    Transition("submitted", "withdrawn", _BOTH),
    Transition("returned", "withdrawn", _BOTH),
    Transition("instructed", "withdrawn", _MANAGER, "release"),
    Transition("granted", "withdrawn", _MANAGER, "decommit"),
)
# Statuses in which the project sheet can still be written.
WRITABLE: frozenset[Status] = frozenset({"draft", "returned"})
# Statuses that hold or have used money of the convention.
FUNDED: frozenset[Status] = frozenset({"granted", "agreed", "ended"})
CLOSED: frozenset[Status] = frozenset({"refused", "ended", "withdrawn"})


def list_next(status: Status, who: Who) -> tuple[Status, ...]:
    """Return the statuses that someone may give next."""
    return tuple(t.end for t in TRANSITIONS if t.start == status and who in t.who)


@dataclass(frozen=True)
class Step:
    """A step of the life of a request, and the day it was done where one is known."""

    name: Text
    state: StepState
    day: date | None = None


def list_steps(
    status: Status, *, submitted: date | None, decided: date | None, agreed: date | None, ended: date | None
) -> tuple[Step, ...]:
    """Return the steps of a request: those done, the one under way, those to come; a refusal or a withdrawal ends them.

    Parameters
    ----------
    submitted, decided, agreed, ended : days, None where the step was not reached.
    """
    steps: tuple[tuple[Text, date | None], ...] = (
        (Text("Submitted", "Dépôt"), submitted),
        (Text("Examined", "Instruction"), None),
        (Text("Decision of the committee", "Décision du comité"), decided),
        (Text("Agreement of aid signed", "Signature de la convention d'aide"), agreed),
        (Text("Paid on proof", "Paiements sur justificatifs"), None),
        (Text("Settled", "Solde"), ended),
    )
    if status == "withdrawn":
        return tuple(Step(name, "done", day) for name, day in steps if day is not None and day != ended)
    if status == "refused":
        return tuple(Step(name, "done", day) for name, day in steps[:3])
    current = {"draft": 0, "returned": 0, "submitted": 1, "instructed": 2, "granted": 3, "agreed": 4, "ended": 6}[
        status
    ]
    return tuple(
        Step(name, "done" if rank < current else "current" if rank == current else "coming", day)
        for rank, (name, day) in enumerate(steps)
    )


def check_transition(start: Status, end: Status, who: Who) -> Transition:
    """Return the transition asked for.

    Raises
    ------
    InputError
        If there is no such transition, or it is not for this person.
    """
    names: Mapping[Status, Text] = STATUS_NAMES
    found = next((t for t in TRANSITIONS if (t.start, t.end) == (start, end)), None)
    if found is None:
        possible = [t.end for t in TRANSITIONS if t.start == start]
        listed = Text(", ".join(names[s].en for s in possible) or "-", ", ".join(names[s].fr for s in possible) or "-")
        raise InputError(
            f"A request that is '{names[start].en}' does not become '{names[end].en}'. Possible: {listed.en}.",
            f"Une demande « {names[start].fr} » ne devient pas « {names[end].fr} ». Possible : {listed.fr}.",
        )
    if who not in found.who:
        allowed = sorted(found.who)
        raise InputError(
            f"'{names[end].en}' is decided by: {', '.join(WHO_NAMES[w].en for w in allowed)}.",
            f"« {names[end].fr} » relève de : {', '.join(WHO_NAMES[w].fr for w in allowed)}.",
        )
    return found


def allocate_amount(amount: Decimal, held: Mapping[K, Decimal]) -> dict[K, Decimal]:
    """Share an amount [EUR] between funders in proportion to what each holds, to the cent.

    The cents that rounding leaves go one by one to the largest remainders, in the order given where they are equal.

    Returns
    -------
    The part of each, never above what it holds; their sum is the amount.

    Raises
    ------
    InputError
        If the amount is negative, finer than a cent, or above what is held.
    """
    cent, total = Decimal("0.01"), sum(held.values(), Decimal(0))
    if amount < 0 or amount != amount.quantize(cent):
        raise InputError(
            f"The amount to share is {amount}: give a positive amount, to the cent.",
            f"Le montant à répartir est {amount} : donnez un montant positif, au centime.",
        )
    if amount > total:
        raise InputError(
            f"{format_money(amount, 'en')} cannot be taken from {format_money(total, 'en')}: lower the amount.",
            f"{format_money(amount, 'fr')} ne tiennent pas dans {format_money(total, 'fr')} : réduisez le montant.",
        )
    if total == 0:
        return dict.fromkeys(held, Decimal(0))
    exact = {key: amount * part / total for key, part in held.items()}
    parts = {key: part.quantize(cent, ROUND_DOWN) for key, part in exact.items()}
    missing = int((amount - sum(parts.values(), Decimal(0))) / cent)
    for key in sorted(held, key=lambda k: parts[k] - exact[k])[:missing]:
        parts[key] += cent
    return parts


def is_de_minimis(nature: str, *, de_minimis: bool) -> bool:
    """Say whether a request counts under the de minimis ceiling: a service is paid to a provider, not to the firm."""
    return de_minimis and nature != "service"


def compute_counted_amount(nature: str, amount: Decimal, grant_equivalent: Decimal | None) -> Decimal:
    """Return what counts as aid of an amount granted [EUR].

    Of a loan or a guarantee it is the grant equivalent that someone computed; the whole amount where nobody did, which
    is the careful side.
    """
    if nature in ("loan", "guarantee") and grant_equivalent is not None:
        return min(grant_equivalent, amount)
    return amount
