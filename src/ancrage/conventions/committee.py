"""The file of a committee: every figure of a convention frozen at a day, as plain values that need nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from ancrage.conventions.jobs import COST_DEFINITIONS, DEFINITIONS, NAMES, JobCosts, JobCounts
from ancrage.conventions.ledger import Balance
from ancrage.conventions.life import Deadline
from ancrage.conventions.model import LEVEL_NAMES, Finding
from ancrage.language import Text

Content: TypeAlias = dict[str, Any]
DeadlineState: TypeAlias = Literal["done", "done_late", "late", "coming"]

# Raised when the shape of a content changes, so that an older one is never misread.
FORM = 1
# Amounts of a balance that an action or a funder is described by, in the order of the money.
BALANCE_NAMES: dict[str, Text] = {
    "contributed": Text("Brought", "Apporté"),
    "planned": Text("Planned", "Programmé"),
    "reserved": Text("Reserved", "Réservé"),
    "committed": Text("Committed", "Engagé"),
    "paid": Text("Paid", "Payé"),
    "given_back": Text("Given back", "Reversé"),
    "left": Text("Planned and free", "Programmé et libre"),
    "unplanned": Text("Not given to an action", "Non programmé"),
    "residual": Text("Residual", "Reliquat"),
}
BALANCE_DEFINITIONS: dict[str, Text] = {
    "contributed": Text("Paid in by the funders.", "Versé par les financeurs."),
    "planned": Text("Given to an action, whatever became of it.", "Affecté à une action, quelle qu'en soit la suite."),
    "reserved": Text(
        "Set aside for a request that the committee has still to decide.",
        "Mis de côté pour une demande que le comité doit encore examiner.",
    ),
    "committed": Text(
        "Granted by the committee, paid or not: what is paid stays counted as committed.",
        "Accordé par le comité, payé ou non : ce qui est payé reste compté comme engagé.",
    ),
    "paid": Text("Paid on proof, less what was given back.", "Payé sur justificatif, net des reversements."),
    "given_back": Text("Paid, then returned to the action.", "Payé puis rendu à l'action."),
    "left": Text("Given to an action, neither reserved nor committed.", "Affecté à une action, ni réservé ni engagé."),
    "unplanned": Text("Brought, not yet given to an action.", "Apporté, pas encore affecté à une action."),
    "residual": Text(
        "Neither reserved nor committed: planned and free, or not given to an action.",
        "Ni réservé ni engagé : programmé et libre, ou non programmé.",
    ),
}
DEADLINE_NAMES: dict[DeadlineState, Text] = {
    "done": Text("done", "tenue"),
    "done_late": Text("done late", "tenue en retard"),
    "late": Text("late", "en retard"),
    "coming": Text("coming", "à venir"),
}


@dataclass(frozen=True)
class Party:
    """Someone who signs, pays or carries out."""

    kind: Text
    name: str
    siret: str


@dataclass(frozen=True)
class Basin:
    """An employment basin and how many communes it has."""

    name: str
    communes: int


@dataclass(frozen=True)
class Amendment:
    """An avenant."""

    number: int
    signed_on: date
    effective_on: date
    reason: str


@dataclass(frozen=True)
class Identity:
    """What the convention is.

    Attributes
    ----------
    amount : of the contribution [EUR]; jobs : removed, as R7 counts them.
    """

    name: str
    organisation: str
    way: Text
    status: str
    status_name: Text
    signed_on: date | None
    starts_on: date | None
    ends_on: date | None
    amount: Decimal | None
    jobs: int | None
    jobs_target: int | None
    parties: tuple[Party, ...]
    basins: tuple[Basin, ...]
    amendments: tuple[Amendment, ...]


@dataclass(frozen=True)
class Meeting:
    """The committee that the file is for.

    Attributes
    ----------
    kind : "follow_up" or "final"; agenda : points that are no request; residual_note : what becomes of the money left.
    """

    day: date
    kind: str
    kind_name: Text
    report_sent_on: date | None
    agenda: str
    residual_note: str


@dataclass(frozen=True)
class ActionState:
    """An action: what was foreseen, where its money and its jobs stand, and what is said of it.

    Attributes
    ----------
    budget : written in the convention [EUR]; valuation : what R11 or R12 says of its loan or property.
    """

    key: str
    name: str
    kind: str
    kind_name: Text
    terms: str
    operator: str
    deadline: date | None
    budget: Decimal | None
    jobs_target: int | None
    balance: Balance
    jobs: JobCounts
    comment: str
    valuation: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class FunderState:
    """A funder and its money."""

    key: str
    name: str
    nature: str
    nature_name: Text
    balance: Balance


@dataclass(frozen=True)
class RequestState:
    """A request of aid: its sheet, its status and its money.

    Attributes
    ----------
    to_decide : it is on the agenda; de_minimis : what R17 says of it, for a request to decide.
    """

    key: str
    number: int
    title: str
    description: str
    beneficiary: str
    siren: str
    commune: str
    action: str
    action_name: str
    status: str
    status_name: Text
    nature_name: Text
    cost: Decimal | None
    asked: Decimal | None
    granted: Decimal | None
    jobs_created: int
    jobs_maintained: int
    submitted_on: date | None
    decided_on: date | None
    agreed_on: date | None
    ended_on: date | None
    balance: Balance
    to_decide: bool
    de_minimis: Finding | None = None


@dataclass(frozen=True)
class EntryLine:
    """A line of the ledger, in words; `request` and `reverses` are numbers, 0 for none."""

    number: int
    on: date
    kind: str
    kind_name: Text
    funder: str
    action: str
    request: int
    amount: Decimal
    document: str
    label: str
    reverses: int


@dataclass(frozen=True)
class JobLine:
    """A post of the register; `present` by number of months, None while it was not checked."""

    label: str
    action: str
    request: int
    kept: bool
    stage: str
    stage_name: Text
    contract_name: Text
    fte: Decimal
    sector: str
    commune: str
    hired_on: date | None
    left_on: date | None
    present_6: bool | None
    present_12: bool | None
    present_24: bool | None
    proof: str


@dataclass(frozen=True)
class EngineeringLine:
    """Work of a provider since the start of the convention."""

    provider: str
    days: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Former:
    """The frozen file that this one follows.

    Attributes
    ----------
    file : its identifier; on : day of its figures; last_number : of the ledger when it was frozen.
    """

    file: str
    day: date
    on: date
    last_number: int


@dataclass(frozen=True)
class Snapshot:
    """Everything that the file of a committee says, read at the end of the day `on`.

    Attributes
    ----------
    owed : what was owed, rule by rule, with its computation; findings : every rule checked.
    entries : since the former file, or all for a final balance; last_number : of the ledger at the freezing.
    engineering_share : of the contribution, 0..1, None where nothing is known.
    """

    on: date
    fictional: bool
    convention: Identity
    committee: Meeting
    former: Former | None
    owed: tuple[Finding, ...]
    totals: Balance
    actions: tuple[ActionState, ...]
    funders: tuple[FunderState, ...]
    requests: tuple[RequestState, ...]
    entries: tuple[EntryLine, ...]
    last_number: int
    jobs: JobCounts
    job_costs: JobCosts
    job_lines: tuple[JobLine, ...]
    engineering: tuple[EngineeringLine, ...]
    engineering_share: Decimal | None
    deadlines: tuple[Deadline, ...]
    findings: tuple[Finding, ...]


def build_content(snapshot: Snapshot) -> Content:
    """Return a snapshot as plain values: amounts as decimal texts, days as ISO texts, sentences in both languages.

    The words used and their definitions go with the figures, so that the content is read years later as it was meant.
    """
    return {
        "form": FORM,
        **_pack(snapshot),
        "deadlines": [_pack_deadline(deadline, snapshot.on) for deadline in snapshot.deadlines],
        "findings": [_pack(finding) for finding in snapshot.findings if finding.level != "ok"],
        "words": {
            "balance": _pack(BALANCE_NAMES),
            "balance_definitions": _pack(BALANCE_DEFINITIONS),
            "jobs": _pack(NAMES),
            "job_definitions": _pack(DEFINITIONS),
            "job_cost_definitions": _pack(COST_DEFINITIONS),
        },
    }


def compute_fingerprint(content: Content) -> str:
    """Return the SHA-256 of a content: the same values give the same one on any machine and database."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def find_deadline_state(deadline: Deadline, on: date) -> DeadlineState:
    """Return where a deadline stands on a day; what was done after that day was not done yet."""
    if deadline.done is not None and deadline.done <= on:
        return "done_late" if deadline.done > deadline.day else "done"
    return "late" if deadline.day < on else "coming"


def list_to_decide(content: Content) -> list[dict[str, Any]]:
    """Return the requests of the agenda of a content."""
    return [request for request in content["requests"] if request["to_decide"]]


def is_current(
    content: Content, total: Balance, actions: Mapping[str, Balance], funders: Mapping[str, Balance]
) -> bool:
    """Return whether the amounts of a content are still those of the ledger.

    Parameters
    ----------
    total, actions, funders : balances now, whole and by identifier; a part without money may be absent.
    """
    frozen = {"": content["totals"], **{row["key"]: row["balance"] for row in content["actions"] + content["funders"]}}
    now = {"": total, **actions, **funders}
    return all(
        Decimal(frozen[key][name] if key in frozen else 0) == (getattr(now[key], name) if key in now else 0)
        for key in frozen.keys() | now.keys()
        for name in BALANCE_NAMES
    )


def list_obstacles(snapshot: Snapshot) -> tuple[Text, ...]:
    """Return what is missing for a final balance that evaluates the jobs and justifies the sums (D1233-42).

    Empty when it can be frozen. A gap between the contribution and what was brought is shown in the balance and does
    not stop it: property and loans are brought in kind.
    """
    found = []
    waiting = [
        request.number
        for request in snapshot.requests
        if request.status in ("submitted", "returned", "instructed", "granted", "agreed")
    ]
    if waiting:
        numbers = ", ".join(map(str, waiting[:10])) + ("…" if len(waiting) > 10 else "")
        found.append(
            Text(
                f"Requests that are not closed: {numbers}. End, refuse or withdraw each of them.",
                f"Demandes non closes : {numbers}. Soldez, refusez ou retirez chacune d'elles.",
            )
        )
    unpaid = snapshot.totals.committed - snapshot.totals.paid
    if snapshot.totals.reserved or unpaid:
        found.append(
            Text(
                "Money is still reserved, or committed and not paid: pay it or take it back.",
                "De l'argent est encore réservé, ou engagé et non payé : payez-le ou dégagez-le.",
            )
        )
    unknown = sum(getattr(snapshot.jobs, word).unknown.posts for word in ("present_6", "present_12", "present_24"))
    if unknown:
        found.append(
            Text(
                f"Checks of presence at 6, 12 or 24 months that are due and not recorded: {unknown}. Record them in "
                "the register of jobs.",
                f"Vérifications de présence à 6, 12 ou 24 mois dues et non saisies : {unknown}. Saisissez-les dans le "
                "registre des emplois.",
            )
        )
    declared = snapshot.jobs.declared.posts
    if declared:
        found.append(
            Text(
                f"Posts that have started without a document that proves it: {declared}. Add the proof, or correct "
                "the register.",
                f"Postes démarrés sans pièce qui le prouve : {declared}. Ajoutez le justificatif, ou corrigez le "
                "registre.",
            )
        )
    paid_work = any(action.kind == "engineering" and action.balance.paid > 0 for action in snapshot.actions)
    if paid_work and not snapshot.engineering:
        found.append(
            Text(
                "Engineering was paid and no person-day of a provider is recorded: add them (practice, Cour des "
                "comptes 2015, recommendation 5).",
                "De l'ingénierie a été payée et aucun jour-homme de prestataire n'est saisi : ajoutez-les (pratique, "
                "Cour des comptes 2015, recommandation 5).",
            )
        )
    if snapshot.totals.residual > 0 and not snapshot.committee.residual_note.strip():
        found.append(
            Text(
                "Money is left and nothing says what becomes of it: write it in the preparation of the committee.",
                "Il reste de l'argent et rien ne dit ce qu'il devient : écrivez-le dans la préparation du comité.",
            )
        )
    return tuple(found)


def _pack_deadline(deadline: Deadline, on: date) -> dict[str, Any]:
    state = find_deadline_state(deadline, on)
    done = deadline.done if deadline.done is not None and deadline.done <= on else None
    article = None if deadline.finding is None else deadline.finding.rule.article
    return {
        "key": deadline.key,
        "label": _pack(deadline.label),
        "day": deadline.day.isoformat(),
        "done": None if done is None else done.isoformat(),
        "state": state,
        "state_name": _pack(DEADLINE_NAMES[state]),
        "article": _pack(article),
    }


def _pack(value: Any) -> Any:
    """Return a value of the snapshot as JSON holds it."""
    match value:
        case None | bool() | int() | str():
            return value
        case Text():
            return {"fr": value.fr, "en": value.en}
        case Decimal():
            return format(value, "f")
        case date():
            return value.isoformat()
        case Finding():
            return _pack_finding(value)
        case Balance():
            return {name: _pack(getattr(value, name)) for name in BALANCE_NAMES}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _pack(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _pack(part) for key, part in value.items()}
    if isinstance(value, Sequence):
        return [_pack(part) for part in value]
    raise TypeError(f"a {type(value).__name__} has no plain form")


def _pack_finding(finding: Finding) -> dict[str, Any]:
    rule = finding.rule
    return {
        "rule": rule.id,
        "title": _pack(rule.title),
        "article": _pack(rule.article),
        "to_check": rule.to_check,
        "level": finding.level,
        "level_name": _pack(LEVEL_NAMES[finding.level]),
        "says": _pack(finding.says),
        "todo": _pack(finding.todo),
        "value": _pack(finding.value),
        "lines": [
            {"label": _pack(line.label), "value": _pack(line.value), "unit": line.unit} for line in finding.lines
        ],
    }
