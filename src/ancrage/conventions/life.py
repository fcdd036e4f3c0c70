"""The life of a convention: its statuses, who may change them, and the deadlines that the rules give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from ancrage.conventions import delays
from ancrage.conventions.model import Finding
from ancrage.errors import InputError
from ancrage.language import Text
from ancrage.parameters import Parameters

Status: TypeAlias = Literal[
    "in_preparation", "notified", "negotiated", "signed", "running", "closing", "closed", "in_default"
]
Role: TypeAlias = Literal["consultant", "epci", "state", "company"]
Way: TypeAlias = Literal["local", "framework", "agreement", "voluntary"]

STATUS_NAMES: dict[Status, Text] = {
    "in_preparation": Text("in preparation", "en préparation"),
    "notified": Text("owed: decision notified", "assujettissement notifié"),
    "negotiated": Text("being negotiated", "en négociation"),
    "signed": Text("signed", "signée"),
    "running": Text("running", "en cours"),
    "closing": Text("being closed", "en clôture"),
    "closed": Text("closed", "close"),
    "in_default": Text("in default", "en défaut"),
}
ROLE_NAMES: dict[Role, Text] = {
    "consultant": Text("consultant", "cabinet"),
    "epci": Text("EPCI", "EPCI"),
    "state": Text("State", "État"),
    "company": Text("company", "entreprise"),
}
WAY_NAMES: dict[Way, Text] = {
    "local": Text("local convention", "convention locale"),
    "framework": Text("national framework convention", "convention-cadre nationale"),
    "agreement": Text("collective agreement", "accord collectif"),
    "voluntary": Text("voluntary approach", "démarche volontaire"),
}


@dataclass(frozen=True)
class Transition:
    """A change of status, who may make it, and the dates that must be known before.

    Attributes
    ----------
    needs : names of the fields of `Milestones` that must be filled.
    """

    start: Status
    end: Status
    roles: frozenset[Role]
    needs: tuple[str, ...] = ()


_MANAGERS: frozenset[Role] = frozenset({"consultant", "epci"})
_WITH_STATE: frozenset[Role] = _MANAGERS | {"state"}

TRANSITIONS: tuple[Transition, ...] = (
    Transition("in_preparation", "notified", _WITH_STATE, ("owed_since",)),
    # A voluntary approach or a company of 50 to 999 employees negotiates without a notified obligation.
    Transition("in_preparation", "negotiated", _MANAGERS),
    Transition("notified", "negotiated", _MANAGERS),
    Transition("negotiated", "signed", _WITH_STATE, ("signed",)),
    Transition("signed", "running", _MANAGERS, ("started",)),
    Transition("running", "closing", _MANAGERS, ("ends",)),
    Transition("closing", "running", _MANAGERS),
    Transition("closing", "closed", _WITH_STATE, ("final_committee",)),
    Transition("notified", "in_default", frozenset({"state"})),
    Transition("negotiated", "in_default", frozenset({"state"})),
    # The State may still sign after it has noted a default.
    Transition("in_default", "negotiated", frozenset({"state"})),
)


@dataclass(frozen=True)
class Milestones:
    """The dates of a convention; None while they are not known.

    Attributes
    ----------
    notified : notification of the redundancy project (L1233-46); decided : validation or homologation.
    owed_since : prefect's decision; option : choice of the company; agreement_requested : see R16.
    framework_signed : of the national framework; signed, started, ends : of the convention.
    committees : held or planned; final_committee : the one that looks at the final balance.
    """

    notified: date | None = None
    decided: date | None = None
    owed_since: date | None = None
    option: date | None = None
    agreement_requested: date | None = None
    framework_signed: date | None = None
    signed: date | None = None
    started: date | None = None
    ends: date | None = None
    final_committee: date | None = None
    committees: tuple[date, ...] = ()
    rcc: bool = False


@dataclass(frozen=True)
class Deadline:
    """Something to be done by a day.

    Attributes
    ----------
    key : stable name; finding : the rule and its computation, None for a date of the convention itself.
    done : day it was done, None while it was not.
    """

    key: str
    label: Text
    day: date
    finding: Finding | None = None
    done: date | None = None

    def is_late(self, on: date) -> bool:
        """Say whether it was done after its day, or is not done and its day is past."""
        return self.day < (on if self.done is None else self.done)


def list_next(status: Status, role: Role) -> tuple[Status, ...]:
    """Return the statuses that someone may give next."""
    return tuple(t.end for t in TRANSITIONS if t.start == status and role in t.roles)


def check_transition(start: Status, end: Status, role: Role, milestones: Milestones) -> Transition:
    """Return the transition asked for.

    Raises
    ------
    InputError
        If there is no such transition, it is not for this role, or a date that it needs is missing.
    """
    names = STATUS_NAMES
    found = next((t for t in TRANSITIONS if (t.start, t.end) == (start, end)), None)
    if found is None:
        possible = [t.end for t in TRANSITIONS if t.start == start]
        listed = Text(", ".join(names[s].en for s in possible) or "-", ", ".join(names[s].fr for s in possible) or "-")
        raise InputError(
            f"From '{names[start].en}' a convention does not become '{names[end].en}'. Possible: {listed.en}.",
            f"De « {names[start].fr} », une convention ne devient pas « {names[end].fr} ». Possible : {listed.fr}.",
        )
    if role not in found.roles:
        allowed = sorted(found.roles)
        raise InputError(
            f"'{names[end].en}' is decided by: {', '.join(ROLE_NAMES[r].en for r in allowed)}.",
            f"« {names[end].fr} » relève de : {', '.join(ROLE_NAMES[r].fr for r in allowed)}.",
        )
    missing = [need for need in found.needs if getattr(milestones, need) is None]
    if missing:
        labels = [_MILESTONE_NAMES[m] for m in missing]
        raise InputError(
            f"Fill in before: {', '.join(label.en for label in labels)}.",
            f"À renseigner d'abord : {', '.join(label.fr for label in labels)}.",
        )
    return found


_MILESTONE_NAMES: Mapping[str, Text] = {
    "owed_since": Text("day of the prefect's decision", "date de la décision du préfet"),
    "signed": Text("day of the signature", "date de signature"),
    "started": Text("first day of the convention", "date de début"),
    "ends": Text("last day of the convention", "date de fin"),
    "final_committee": Text("day of the final committee", "date du comité final"),
}


def list_deadlines(milestones: Milestones, parameters: Parameters) -> tuple[Deadline, ...]:
    """Return the deadlines that follow from what is known, by day."""
    m = milestones
    found: list[Deadline] = []

    def add(key: str, en: str, fr: str, finding: Finding, done: date | None) -> None:
        assert isinstance(finding.value, date)
        found.append(Deadline(key, Text(en, fr), finding.value, finding, done))

    if m.decided is not None:
        add(
            "prefect",
            "The prefect decides whether a contribution is owed",
            "Le préfet décide de l'assujettissement",
            delays.compute_prefect_deadline(m.decided, parameters),
            m.owed_since,
        )
    if m.owed_since is not None:
        add(
            "option",
            "The company chooses a convention or an agreement",
            "L'entreprise choisit une convention ou un accord",
            delays.compute_option_deadline(m.owed_since, parameters),
            m.option,
        )
    if m.agreement_requested is not None:
        opposition = delays.compute_opposition_deadline(m.agreement_requested, parameters)
        assert isinstance(opposition.value, date)
        # It runs out by itself: nobody can be late.
        add(
            "opposition",
            "End of the time to object to the collective agreement",
            "Fin du délai d'opposition à l'accord collectif",
            opposition,
            opposition.value,
        )
    start = m.decided if m.rcc else m.notified
    if start is not None:
        add(
            "signature",
            "The convention is signed",
            "Signature de la convention",
            delays.compute_signature_deadline(start, parameters, rcc=m.rcc),
            m.signed,
        )
    if m.framework_signed is not None:
        add(
            "local",
            "The local conventions are signed",
            "Signature des conventions locales",
            delays.compute_local_deadline(m.framework_signed, parameters),
            m.signed,
        )
    found += _list_committees(m, parameters)
    if m.ends is not None:
        end = Text("Last day of the convention", "Dernier jour de la convention")
        found.append(Deadline("end", end, m.ends, done=m.final_committee))
    return tuple(sorted(found, key=lambda deadline: (deadline.day, deadline.key)))


def _list_committees(m: Milestones, parameters: Parameters) -> Sequence[Deadline]:
    """Return one deadline per year from the signature: done by the committee held since the one before, if any."""
    if m.signed is None:
        return []
    gap = round(parameters.get("revit_committee_gap").value)
    label = Text("Follow-up committee", "Comité de suivi")
    found: list[Deadline] = []
    last = m.signed
    for held in sorted(m.committees):
        found.append(Deadline("committee", label, delays.add_months(last, gap), done=held))
        last = held
    due = delays.add_months(last, gap)
    if m.ends is None or due < m.ends:
        found.append(Deadline("committee", label, due))
    return found
