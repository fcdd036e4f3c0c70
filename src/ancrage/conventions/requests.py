"""The life of a request of aid: from the project sheet to the last payment on proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ancrage.errors import InputError
from ancrage.language import Text

Status: TypeAlias = Literal[
    "draft", "submitted", "returned", "instructed", "granted", "refused", "agreed", "ended", "withdrawn"
]
Who: TypeAlias = Literal["beneficiary", "manager"]
Nature: TypeAlias = Literal["grant", "loan", "guarantee", "service"]

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
