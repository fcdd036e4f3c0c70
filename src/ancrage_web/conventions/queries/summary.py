"""What an official reads of a convention in a minute, inside its scope; sums are made by the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from django.db.models import Count, Sum

from ancrage.conventions import delays
from ancrage.conventions.check import check_convention
from ancrage.conventions.jobs import JobCounts
from ancrage.conventions.ledger import Balance, Stage
from ancrage.conventions.life import WAY_NAMES, Deadline
from ancrage.conventions.model import Finding
from ancrage.errors import AncrageError
from ancrage.language import Text, format_date, format_money
from ancrage_web.conventions.deadlines import load_rules, read_deadlines
from ancrage_web.conventions.facts import build_facts
from ancrage_web.conventions.models import Account, Action, Basin, Committee, Convention, Job, Remark, Request
from ancrage_web.conventions.queries.jobs import read_job_counts
from ancrage_web.conventions.queries.pilot import add_balances, build_balance, list_remarks

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class ActionLine:
    """An action in the table of the summary: its money, and its posts promised by decision and proved."""

    action: Action
    balance: Balance
    committed: int
    realised: int


@dataclass(frozen=True)
class Task:
    """Something that waits for someone: what, how many, and the page where it is done."""

    key: str
    label: Text
    count: int
    route: str


@dataclass(frozen=True)
class Summary:
    """A convention in a minute.

    Attributes
    ----------
    jobs_owed : removed, by R7 or R5; None while they are not known. per_job : contribution by job removed [EUR].
    multiple : monthly minimum wages that the contribution makes by job removed (R10).
    months_left : whole months until the end, None without an end, 0 once it is past.
    awaited : deadlines that were not met, the late ones first.
    """

    convention: Convention
    sentence: Text
    amount: Decimal | None
    jobs_owed: int | None
    per_job: Decimal | None
    multiple: Decimal | None
    balance: Balance
    jobs: JobCounts
    jobs_target: int | None
    actions: tuple[ActionLine, ...]
    months_left: int | None
    awaited: tuple[Deadline, ...]
    remarks: tuple[Remark, ...]
    tasks: tuple[Task, ...]


def read_summary(convention: Convention, on: date) -> Summary:
    """Return the summary of a convention on a day; as many queries whatever it holds."""
    actions = list(Action.objects.filter(convention=convention))
    committees = list(
        Committee.objects.filter(convention=convention).only("convention", "kind", "day", "report_sent_on", "held_at")
    )
    basins = list(Basin.objects.filter(convention=convention))
    findings, problem = _check_rules(convention, actions, committees, basins, on)
    removed = next((f.value for f in findings if f.rule.id in ("R5", "R7") and isinstance(f.value, int)), None)
    reached = next((f.lines[0].value for f in findings if f.rule.id == "R10" and f.lines), None)
    by_action = _read_balances(convention)
    jobs = read_job_counts(convention, on)
    deadlines = read_deadlines([convention], on)[convention.pk]
    awaited = tuple(deadline for deadline in deadlines if deadline.done is None)
    amount = convention.amount
    targets = [action.jobs_target for action in actions if action.jobs_target is not None]
    return Summary(
        convention,
        build_sentence(convention, removed),
        amount,
        removed,
        None if amount is None or not removed else (amount / removed).quantize(_CENT, ROUND_HALF_UP),
        reached if isinstance(reached, Decimal) else None,
        add_balances(by_action.values()),
        jobs,
        convention.jobs_target if convention.jobs_target is not None else (sum(targets) if targets else None),
        _build_actions(convention, actions, by_action, on),
        _count_months(convention.ends_on, on),
        awaited,
        tuple(list_remarks(convention)[:3]),
        _list_tasks(convention, committees, awaited, findings, problem, on),
    )


def build_sentence(convention: Convention, jobs: int | None) -> Text:
    """Say in one sentence what was owed, for what, and until when."""
    way = WAY_NAMES[convention.way]  # type: ignore[index]
    en, fr = [way.en[:1].upper() + way.en[1:]], [way.fr[:1].upper() + way.fr[1:]]
    if convention.amount is not None:
        en.append(f"of {format_money(convention.amount, 'en')}")
        fr.append(f"de {format_money(convention.amount, 'fr')}")
    if jobs is not None:
        en.append(f"for {jobs} jobs removed" if jobs != 1 else "for one job removed")
        fr.append(f"pour {jobs} emplois supprimés" if jobs != 1 else "pour un emploi supprimé")
    signed, ends = convention.signed_on, convention.ends_on
    if signed is not None:
        said = "signé" if convention.way == "agreement" else "signée"
        en.append(f"signed on {format_date(signed, 'en')}")
        fr.append(f"{said} le {format_date(signed, 'fr')}")
    if ends is not None:
        en.append(f"until {format_date(ends, 'en')}")
        fr.append(f"jusqu'au {format_date(ends, 'fr')}")
    return Text(_join(en), _join(fr))


def _join(parts: Sequence[str]) -> str:
    """Join the first parts by spaces and the dates, which stand apart, by commas."""
    text = parts[0]
    for part in parts[1:]:
        text += f", {part}" if part.startswith(("sign", "until", "jusqu")) else f" {part}"
    return text + "."


def _check_rules(
    convention: Convention,
    actions: Sequence[Action],
    committees: Sequence[Committee],
    basins: Sequence[Basin],
    on: date,
) -> tuple[tuple[Finding, ...], bool]:
    """Return what the rules say, or nothing and True where the facts contradict one another."""
    try:
        facts = build_facts(convention, actions=actions, committees=committees, basins=basins)
        return check_convention(facts, on, load_rules()), False
    except AncrageError:
        return (), True


def _read_balances(convention: Convention) -> dict[UUID | None, Balance]:
    """Return where the money stands by action (None: brought and in no action), in one query on the accounts."""
    rows = (
        Account.objects.filter(convention=convention)
        .order_by()
        .values_list("action_id", "stage")
        .annotate(Sum("amount"))
    )
    stages: dict[UUID | None, dict[Stage, Decimal]] = {}
    for action, stage, amount in rows:
        stages.setdefault(action, {})[stage] = amount
    return {action: build_balance(found) for action, found in stages.items()}


def _build_actions(
    convention: Convention, actions: Sequence[Action], balances: Mapping[UUID | None, Balance], on: date
) -> tuple[ActionLine, ...]:
    posts = Job.objects.filter(convention=convention).order_by().values_list("action_id").annotate(Count("pk"))
    committed = dict(posts.filter(committed_on__lte=on))
    realised = dict(posts.filter(hired_on__lte=on, proof__isnull=False))
    return tuple(
        ActionLine(action, balances.get(action.pk, Balance()), committed.get(action.pk, 0), realised.get(action.pk, 0))
        for action in actions
    )


def _count_months(ends: date | None, on: date) -> int | None:
    if ends is None:
        return None
    return 0 if ends <= on else _floor_months(on, ends)


def _floor_months(start: date, end: date) -> int:
    months = (end.year - start.year) * 12 + end.month - start.month
    return months - 1 if delays.add_months(start, months) > end else months


def _list_tasks(
    convention: Convention,
    committees: Sequence[Committee],
    awaited: Sequence[Deadline],
    findings: Sequence[Finding],
    problem: bool,
    on: date,
) -> tuple[Task, ...]:
    """Return what waits, in the order of the life of an aid; nothing that is done."""
    waiting = dict(Request.objects.filter(convention=convention).order_by().values_list("status").annotate(Count("pk")))
    to_hold = sum(1 for committee in committees if committee.held_at is None and committee.day <= on)
    checks = sum(1 for deadline in awaited if deadline.key.startswith("checks-") and deadline.day < on)
    errors = sum(1 for finding in findings if finding.level == "error")
    human = sum(1 for finding in findings if finding.level == "human")
    tasks = (
        Task(
            "instruct",
            Text("requests of aid to be examined", "demandes d'aide à instruire"),
            waiting.get("submitted", 0),
            "convention-requests",
        ),
        Task(
            "decide",
            Text("requests to be decided by a committee", "demandes à présenter au comité"),
            waiting.get("instructed", 0),
            "convention-committees",
        ),
        Task(
            "minutes",
            Text("committees held whose minutes are missing", "comités passés sans relevé de décisions"),
            to_hold,
            "convention-committees",
        ),
        Task(
            "sign",
            Text("agreements of aid to be signed", "conventions d'aide à signer"),
            waiting.get("granted", 0),
            "convention-requests",
        ),
        Task(
            "checks",
            Text("late checks of presence", "vérifications de présence en retard"),
            checks,
            "convention-jobs",
        ),
        Task("errors", Text("rules that are not met", "règles non respectées"), errors, "convention-rules"),
        Task(
            "human",
            Text("points for a person to decide", "points à décider par une personne"),
            human,
            "convention-rules",
        ),
        Task(
            "facts",
            Text("facts that contradict one another", "informations qui se contredisent"),
            int(problem),
            "convention-facts",
        ),
    )
    return tuple(task for task in tasks if task.count)
