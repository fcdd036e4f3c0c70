"""Reading of the conventions that someone may see, those of their organisation and those opened to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, TypeAlias
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django_scopes import scopes_disabled

from ancrage.conventions.jobs import Word
from ancrage.conventions.ledger import Balance, Stage
from ancrage.conventions.life import STATUS_NAMES, Deadline
from ancrage.language import Text
from ancrage_web.accounts.actors import Actor
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.deadlines import choose_next, read_deadlines
from ancrage_web.conventions.models import (
    Account,
    CalendarLink,
    Convention,
    Partner,
    Party,
    Remark,
    ReminderSubscription,
)
from ancrage_web.conventions.queries.jobs import read_counts_of

Sort: TypeAlias = Literal["recent", "name", "status", "amount", "left", "deadline"]

# The words of the jobs register that a line of the list counts, each as `ancrage.conventions.jobs.DEFINITIONS` says.
JOB_WORDS: tuple[Word, ...] = ("programmed", "committed", "created", "maintained")
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Filters:
    """What a list of conventions is narrowed to; an empty value narrows nothing.

    Attributes
    ----------
    text : words of the name, the notes or a party; year : of the signature, else of the prefect's decision.
    """

    text: str = ""
    status: str = ""
    way: str = ""
    year: int | None = None
    archived: bool = False


@dataclass(frozen=True)
class Line:
    """A convention in a list.

    Attributes
    ----------
    jobs : posts by word of `JOB_WORDS`; next : its first deadline that was not met, None when nothing is awaited.
    """

    convention: Convention
    balance: Balance
    jobs: Mapping[Word, int]
    next: Deadline | None = None

    @property
    def status(self) -> Text:
        """Name of its status."""
        return STATUS_NAMES[self.convention.status]  # type: ignore[index]

    @property
    def realised(self) -> int:
        """Posts created or maintained."""
        return self.jobs["created"] + self.jobs["maintained"]

    @property
    def amount(self) -> Decimal:
        """Contribution that is owed [EUR], zero while it is not known."""
        return self.convention.amount or _ZERO


@dataclass(frozen=True)
class Totals:
    """The sums of the conventions of a list [EUR], and their posts by word."""

    count: int = 0
    owed: Decimal = _ZERO
    balance: Balance = field(default_factory=Balance)
    jobs: Mapping[Word, int] = field(default_factory=dict)


def list_visible(actor: Actor) -> QuerySet[Convention]:
    """Return the conventions of the actor's organisation and those opened to it: what decides of what they see.

    They may be those of several organisations, so that no scope fits; the filter of this one place stands for it.
    """
    with scopes_disabled():
        opened = Partner.objects.filter(convention=OuterRef("pk"), organisation=actor.organisation)
        return (
            Convention.objects.filter(Q(organisation=actor.organisation) | Exists(opened))
            .select_related("organisation")
            .order_by("-updated_at", "pk")
        )


def list_conventions(actor: Actor, filters: Filters) -> list[Convention]:
    """Return the conventions that the actor may see and that the filters keep, the last touched first."""
    found = list_visible(actor).filter(archived_at__isnull=not filters.archived)
    with scopes_disabled():
        # Each word is a condition of the query: a database takes a limited number of them.
        for word in filters.text[:200].split()[:10]:
            named = Exists(Party.objects.filter(convention=OuterRef("pk"), name__icontains=word))
            found = found.filter(Q(name__icontains=word) | Q(notes__icontains=word) | named)
    if filters.status:
        found = found.filter(status=filters.status)
    if filters.way:
        found = found.filter(way=filters.way)
    if filters.year is not None:
        found = found.filter(Q(signed_on__year=filters.year) | Q(signed_on__isnull=True, owed_since__year=filters.year))
    return list(found)


def list_years(actor: Actor) -> list[int]:
    """Return the years that the list can be narrowed to, the last first."""
    days = list_visible(actor).order_by().values_list("signed_on", "owed_since")
    return sorted({day.year for signed, owed in days if (day := signed or owed) is not None}, reverse=True)


def build_lines(conventions: Sequence[Convention], on: date) -> list[Line]:
    """Return the lines of conventions that the caller may see, without their deadlines; two queries."""
    keys = [convention.pk for convention in conventions]
    balances, jobs = read_stage_balances(keys), _count_jobs(keys, on)
    nothing = dict.fromkeys(JOB_WORDS, 0)
    return [Line(c, balances.get(c.pk, Balance()), jobs.get(c.pk, nothing)) for c in conventions]


def add_deadlines(lines: Sequence[Line], on: date) -> list[Line]:
    """Return the same lines with their next deadline; as many queries whatever their number."""
    deadlines = read_deadlines([line.convention for line in lines], on)
    return [Line(x.convention, x.balance, x.jobs, choose_next(deadlines[x.convention.pk])) for x in lines]


def sort_lines(lines: Iterable[Line], sort: Sort) -> list[Line]:
    """Return lines in the order asked for; `recent` keeps that of the reading."""
    kept = list(lines)
    if sort == "name":
        return sorted(kept, key=lambda line: line.convention.name.casefold())
    if sort == "status":
        order = list(STATUS_NAMES)
        return sorted(kept, key=lambda line: order.index(line.convention.status))  # type: ignore[arg-type]
    if sort == "amount":
        return sorted(kept, key=lambda line: -line.amount)
    if sort == "left":
        return sorted(kept, key=lambda line: -line.balance.residual)
    if sort == "deadline":
        # What awaits nothing comes last.
        return sorted(kept, key=lambda line: (line.next is None, date.max if line.next is None else line.next.day))
    return kept


def compute_totals(lines: Sequence[Line]) -> Totals:
    """Return the sums of a list."""
    return Totals(
        len(lines),
        sum((line.amount for line in lines), _ZERO),
        add_balances(line.balance for line in lines),
        {word: sum(line.jobs[word] for line in lines) for word in JOB_WORDS},
    )


def add_balances(balances: Iterable[Balance]) -> Balance:
    """Return the sum of balances, amount by amount."""
    kept = list(balances)
    names = ("contributed", "planned", "reserved", "committed", "paid", "given_back", "left", "unplanned")
    return Balance(**{name: sum((getattr(balance, name) for balance in kept), _ZERO) for name in names})


def build_balance(stages: Mapping[Stage, Decimal]) -> Balance:
    """Return the balance that the accounts of each stage add up to; money given back is not in accounts."""
    paid = stages.get("paid", _ZERO)
    committed = stages.get("committed", _ZERO) + paid
    reserved, left = stages.get("reserved", _ZERO), stages.get("planned", _ZERO)
    return Balance(
        contributed=-stages.get("funder", _ZERO),
        planned=left + reserved + committed,
        reserved=reserved,
        committed=committed,
        paid=paid,
        left=left,
        unplanned=stages.get("source", _ZERO),
    )


def read_stage_balances(keys: Sequence[UUID]) -> dict[UUID, Balance]:
    """Return where the money of conventions stands today, in one query on their accounts."""
    with scopes_disabled():  # conventions that `list_visible` gave, of several organisations
        sums = (
            Account.objects.filter(convention__in=keys)
            .order_by()
            .values_list("convention_id", "stage")
            .annotate(Sum("amount"))
        )
    stages: dict[UUID, dict[Stage, Decimal]] = {}
    for key, stage, amount in sums:
        stages.setdefault(key, {})[stage] = amount
    return {key: build_balance(found) for key, found in stages.items()}


def _count_jobs(keys: Sequence[UUID], on: date) -> dict[UUID, dict[Word, int]]:
    with scopes_disabled():  # as above
        counts = read_counts_of(keys, on)
    return {key: {word: getattr(found, word).posts for word in JOB_WORDS} for key, found in counts.items()}


def list_partners(convention: Convention) -> QuerySet[Partner]:
    """Return the organisations that a convention is open to, by name."""
    return Partner.objects.filter(convention=convention).select_related("organisation").order_by("organisation__name")


def list_remarks(convention: Convention) -> QuerySet[Remark]:
    """Return the remarks on a convention and its requests, the last first."""
    return (
        Remark.objects.filter(convention=convention)
        .select_related("author", "author_organisation", "request")
        .order_by("-created_at", "-pk")
    )


def find_calendar_link(actor: Actor) -> CalendarLink | None:
    """Return the feed that the person made for the organisation, or None."""
    return CalendarLink.objects.filter(organisation=actor.organisation, user=actor.user).first()


def find_subscription(access: Access) -> ReminderSubscription | None:
    """Return the reminders that the person asked for, or None."""
    return ReminderSubscription.objects.filter(convention=access.convention, user=access.user).first()
