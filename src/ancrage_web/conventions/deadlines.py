"""The deadlines of conventions: those of the rules, and those of what is written in the convention."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from uuid import UUID

from django.db.models import Count, Max, Q, Sum
from django_scopes import scopes_disabled

from ancrage.conventions import life
from ancrage.conventions.jobs import CHECK_MONTHS, JobRecord, compute_check_day, find_presence
from ancrage.conventions.life import Deadline
from ancrage.conventions.model import RULES, Finding
from ancrage.language import Text, format_date
from ancrage_web.conventions.enums import COMMITTEE_NAMES
from ancrage_web.conventions.facts import build_milestones
from ancrage_web.conventions.models import Account, Action, Committee, Convention, Entry, Job, Request

if TYPE_CHECKING:
    from ancrage.parameters import Parameters

State: TypeAlias = Literal["late", "coming", "done", "done_late"]

STATE_NAMES: dict[State, Text] = {
    "late": Text("late", "en retard"),
    "coming": Text("to come", "à venir"),
    "done": Text("done", "fait"),
    "done_late": Text("done late", "fait en retard"),
}


@dataclass(frozen=True)
class ActionDates:
    """An action that has a deadline; `done` : day of its last payment when nothing is left to spend, or None."""

    id: str
    name: str
    day: date
    done: date | None = None


@dataclass(frozen=True)
class Meeting:
    """A committee: its day, when its report was sent, when it was held (None while they were not)."""

    id: str
    name: Text
    day: date
    report_sent: date | None = None
    held: date | None = None


@dataclass(frozen=True)
class Posts:
    """`number` posts that are alike, for the checks of presence."""

    record: JobRecord
    number: int


@dataclass(frozen=True)
class Facts:
    """What the deadlines of a convention follow from.

    Attributes
    ----------
    closed : nothing is awaited any more; unsigned : aids granted whose agreement is not signed.
    """

    milestones: life.Milestones
    actions: tuple[ActionDates, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    posts: tuple[Posts, ...] = ()
    unsigned: int = 0
    closed: bool = False


@cache
def load_rules() -> Parameters:
    """Return the dated parameters of the rules, read once by process."""
    from ancrage.parameters import load_parameters

    return load_parameters()


def find_state(deadline: Deadline, on: date) -> State:
    """Return whether a deadline is late, to come, done, or was done late."""
    late = deadline.is_late(on)
    if deadline.done is None:
        return "late" if late else "coming"
    return "done_late" if late else "done"


def build_deadlines(facts: Facts, on: date, parameters: Parameters) -> tuple[Deadline, ...]:
    """Return the deadlines of a convention, by day; of a closed one, those that were met only.

    What is planned after `on` (a committee) does not count as done yet. A key is unique among the deadlines of one
    convention, and stable: reminders and agendas know a deadline by it.
    """
    found = [
        *_number_repeated(life.list_deadlines(facts.milestones, parameters)),
        *_list_actions(facts.actions),
        *_list_meetings(facts.meetings),
        *_list_checks(facts.posts, on),
        *_list_agreements(facts),
    ]
    found = [
        replace(deadline, done=None) if deadline.done is not None and deadline.done > on else deadline
        for deadline in found
    ]
    if facts.closed:
        found = [deadline for deadline in found if deadline.done is not None]
    return tuple(sorted(found, key=lambda deadline: (deadline.day, deadline.key)))


def _number_repeated(deadlines: Iterable[Deadline]) -> list[Deadline]:
    """Give each yearly committee its own key and its rule: it is the n-th, however its day moves."""
    seen: dict[str, int] = defaultdict(int)
    numbered = []
    for deadline in deadlines:
        seen[deadline.key] += 1
        if deadline.key == "committee":
            rule = Finding(
                RULES["R15"],
                "ok",
                Text("A committee meets at least once a year.", "Un comité se réunit au moins une fois par an."),
                value=deadline.day,
            )
            label = Text("Yearly follow-up committee, at the latest", "Comité de suivi annuel, au plus tard")
            numbered.append(replace(deadline, key=f"committee-{seen['committee']}", label=label, finding=rule))
        else:
            numbered.append(deadline)
    return numbered


def _list_actions(actions: Iterable[ActionDates]) -> list[Deadline]:
    return [
        Deadline(
            f"action-{action.id}",
            Text(f"End of the action: {action.name}", f"Fin de l'action : {action.name}"),
            action.day,
            done=action.done,
        )
        for action in actions
    ]


def _list_meetings(meetings: Iterable[Meeting]) -> list[Deadline]:
    found = []
    for meeting in meetings:
        en, fr = format_date(meeting.day, "en"), format_date(meeting.day, "fr")
        met = Text(f"Meeting of the {meeting.name.en}", f"Réunion du {meeting.name.fr}")
        found.append(Deadline(f"meet-{meeting.id}", met, meeting.day, done=meeting.held))
        sent = Text(f"Send the report before the committee of {en}", f"Envoyer le bilan avant le comité du {fr}")
        rule = Finding(
            RULES["R15"],
            "ok",
            Text("The committee meets on a report sent before.", "Le comité se réunit sur un bilan transmis avant."),
            value=meeting.day - timedelta(days=1),
        )
        found.append(
            Deadline(f"report-{meeting.id}", sent, meeting.day - timedelta(days=1), rule, done=meeting.report_sent)
        )
    return found


def _list_checks(posts: Iterable[Posts], on: date) -> list[Deadline]:
    """Return the checks of presence, gathered by month: to be made by its end (practice)."""
    totals: dict[tuple[date, int], int] = defaultdict(int)
    waiting: dict[tuple[date, int], int] = defaultdict(int)
    for group in posts:
        hired = group.record.hired_on
        if hired is None or not group.record.proved:
            continue
        for months in CHECK_MONTHS:
            day = compute_check_day(hired, months)
            last = day.replace(day=monthrange(day.year, day.month)[1])
            totals[last, months] += group.number
            if find_presence(group.record, months) is None:
                waiting[last, months] += group.number
    found = []
    for (day, months), total in totals.items():
        left = waiting[day, months]
        shown = left or total
        found.append(
            Deadline(
                f"checks-{months}-{day:%Y-%m}",
                Text(
                    f"Check that {shown} job{'s are' if shown > 1 else ' is'} still there after {months} months",
                    f"Vérifier la présence à {months} mois de {shown} emploi{'s' if shown > 1 else ''}",
                ),
                day,
                # The day of a check is not recorded: it is enough that it was made.
                done=None if left else min(day, on),
            )
        )
    return found


def _list_agreements(facts: Facts) -> list[Deadline]:
    ends, count = facts.milestones.ends, facts.unsigned
    if ends is None or not count:
        return []
    label = Text(
        f"Sign the agreements of {count} aids granted" if count > 1 else "Sign the agreement of an aid granted",
        f"Signer les conventions de {count} aides accordées"
        if count > 1
        else "Signer la convention d'une aide accordée",
    )
    return [Deadline("agreements", label, ends)]


def choose_next(deadlines: Iterable[Deadline]) -> Deadline | None:
    """Return the first deadline that was not met: the oldest late one, else the next to come."""
    return min(
        (deadline for deadline in deadlines if deadline.done is None), key=lambda d: (d.day, d.key), default=None
    )


def list_convention_deadlines(convention: Convention, on: date) -> tuple[Deadline, ...]:
    """Return every deadline of a convention as it is known on a day."""
    return read_deadlines([convention], on)[convention.pk]


def read_deadlines(conventions: Sequence[Convention], on: date) -> dict[UUID, tuple[Deadline, ...]]:
    """Return the deadlines of conventions, in as many queries whatever their number.

    The caller has checked that whoever asks may see these conventions: they may be those of several organisations, so
    that no scope fits.

    """
    keys = [convention.pk for convention in conventions]
    with scopes_disabled():
        committees: dict[UUID, list[Committee]] = _group(
            Committee.objects.filter(convention__in=keys).only("convention", "kind", "day", "report_sent_on", "held_at")
        )
        actions = _read_actions(keys)
        posts = _read_posts(keys)
        unsigned = dict(
            Request.objects.filter(convention__in=keys, status="granted")
            .order_by()
            .values_list("convention_id")
            .annotate(Count("pk"))
        )
    parameters = load_rules()
    return {
        convention.pk: build_deadlines(
            Facts(
                build_milestones(convention, committees.get(convention.pk, [])),
                tuple(actions.get(convention.pk, ())),
                tuple(_build_meeting(committee) for committee in committees.get(convention.pk, [])),
                tuple(posts.get(convention.pk, ())),
                unsigned.get(convention.pk, 0),
                convention.status == "closed",
            ),
            on,
            parameters,
        )
        for convention in conventions
    }


def _group(rows: Iterable[Any]) -> dict[UUID, list[Any]]:
    grouped: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[row.convention_id].append(row)
    return grouped


def _build_meeting(committee: Committee) -> Meeting:
    held = None if committee.held_at is None else committee.day
    return Meeting(committee.pk.hex, COMMITTEE_NAMES[committee.kind], committee.day, committee.report_sent_on, held)


def _read_actions(keys: Sequence[UUID]) -> Mapping[UUID, list[ActionDates]]:
    actions = Action.objects.filter(convention__in=keys, deadline__isnull=False)
    open_sums = dict(
        Account.objects.filter(
            convention__in=keys, action__isnull=False, stage__in=("planned", "reserved", "committed")
        )
        .order_by()
        .values_list("action_id")
        .annotate(Sum("amount"))
    )
    paid = dict(
        Entry.objects.filter(convention__in=keys, kind="pay").order_by().values_list("action_id").annotate(Max("on"))
    )
    grouped: dict[UUID, list[ActionDates]] = defaultdict(list)
    for action in actions:
        assert action.deadline is not None
        done = paid.get(action.pk) if not open_sums.get(action.pk) else None
        grouped[action.convention_id].append(ActionDates(action.pk.hex, action.name, action.deadline, done))
    return grouped


def _read_posts(keys: Sequence[UUID]) -> Mapping[UUID, list[Posts]]:
    """Return the posts alike together: a register of hundreds of lines makes a few dozen rows."""
    fields = ("convention_id", "hired_on", "left_on", "present_6", "present_12", "present_24")
    rows = (
        Job.objects.filter(Q(hired_on__isnull=False, proof__isnull=False), convention__in=keys)
        .order_by()
        .values_list(*fields)
        .annotate(Count("pk"))
    )
    grouped: dict[UUID, list[Posts]] = defaultdict(list)
    for convention, hired, left, six, twelve, twenty_four, number in rows:
        record = JobRecord(hired_on=hired, left_on=left, proved=True, present={6: six, 12: twelve, 24: twenty_four})
        grouped[convention].append(Posts(record, number))
    return grouped
