"""Calendars: of one convention, of all those of an organisation, and the feeds that agendas read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from ancrage.conventions.life import Deadline
from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.deadlines import STATE_NAMES, State, find_state, list_convention_deadlines, read_deadlines
from ancrage_web.conventions.forms_pilot import ReminderForm
from ancrage_web.conventions.ical import MEDIA_TYPE, Event, write_calendar
from ancrage_web.conventions.models import Convention
from ancrage_web.conventions.queries import pilot as queries
from ancrage_web.conventions.services import calendar as services
from ancrage_web.design.words import say

# Days before which an agenda reminds of a deadline, for a feed that knows no other wish.
ALARM = 15


@dataclass(frozen=True)
class Row:
    """A deadline in a calendar; `days` from today, below zero once it is past."""

    convention: Convention
    deadline: Deadline
    state: State
    state_name: Text
    days: int
    ground: Text


@dataclass(frozen=True)
class Month:
    """A month of a calendar: its first day, its deadlines, and how many are in each state, in words."""

    first: date
    rows: tuple[Row, ...]
    counts: tuple[tuple[State, Text, int], ...]

    @property
    def is_late(self) -> bool:
        """Whether something in it is late."""
        return any(state == "late" for state, _, _ in self.counts)


def build_rows(convention: Convention, deadlines: Iterable[Deadline], on: date) -> list[Row]:
    """Return deadlines with what a reader wants to know of each."""
    rows = []
    for deadline in deadlines:
        state = find_state(deadline, on)
        days = (deadline.day - on).days
        rows.append(Row(convention, deadline, state, STATE_NAMES[state], days, name_ground(deadline)))
    return rows


def name_ground(deadline: Deadline) -> Text:
    """Say where a deadline that no rule gives comes from; nothing for those of a rule."""
    if deadline.finding is not None:
        return Text("", "")
    if deadline.key.startswith("checks-"):
        return Text(
            "practice: before the end of the month in which it can be checked",
            "pratique : avant la fin du mois où la vérification devient possible",
        )
    if deadline.key == "agreements":
        return Text("practice: before the end of the convention", "pratique : avant la fin de la convention")
    if deadline.key.startswith("meet-"):
        return Text("day of the committee", "date du comité")
    return Text("date written in the convention", "date inscrite dans la convention")


def list_months(rows: Sequence[Row]) -> tuple[Month, ...]:
    """Return the months that hold a deadline, in order."""
    firsts = sorted({row.deadline.day.replace(day=1) for row in rows})
    return tuple(_build_month(first, rows) for first in firsts)


def build_year(year: int, rows: Sequence[Row]) -> tuple[Month, ...]:
    """Return the twelve months of a year, those without a deadline too."""
    return tuple(_build_month(date(year, month, 1), rows) for month in range(1, 13))


def _build_month(first: date, rows: Sequence[Row]) -> Month:
    kept = tuple(row for row in rows if row.deadline.day.replace(day=1) == first)
    counts = [(state, name, sum(1 for row in kept if row.state == state)) for state, name in STATE_NAMES.items()]
    return Month(first, kept, tuple(line for line in counts if line[2]))


def choose_year(asked: str, years: Sequence[int], today: date) -> int:
    """Return the year asked for when there is something in it, else the nearest to today."""
    if asked.isascii() and asked.isdecimal() and len(asked) == 4 and int(asked) in years:
        return int(asked)
    return min(years, key=lambda year: (abs(year - today.year), -year)) if years else today.year


@never_cache
@convention_view("read")
def show_calendar(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the deadlines of a convention: a year at a glance, and the list by month."""
    return _render_calendar(request, access, ReminderForm(initial=_read_notice(access)))


def _read_notice(access: Access) -> dict[str, int]:
    subscription = queries.find_subscription(access)
    return {} if subscription is None else {"days_before": subscription.days_before}


def _render_calendar(request: HttpRequest, access: Access, form: ReminderForm) -> HttpResponse:
    today = timezone.localdate()
    rows = build_rows(access.convention, list_convention_deadlines(access.convention, today), today)
    years = sorted({row.deadline.day.year for row in rows})
    year = choose_year(request.GET.get("annee", ""), years, today)
    context = {
        "access": access,
        "convention": access.convention,
        "today": today,
        "months": list_months(rows),
        "year": year,
        "years": years,
        "grid": build_year(year, rows),
        "late": sum(1 for row in rows if row.state == "late"),
        "form": form,
        "subscription": queries.find_subscription(access),
    }
    return render(request, "conventions/calendar.html", context, status=400 if form.errors else 200)


@require_POST
@convention_view("read")
def change_reminders(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for e-mails before the deadlines of a convention, or stop them."""
    back = redirect("convention-calendar", organisation=access.actor.organisation.slug, convention=access.convention.pk)
    if request.POST.get("action") == "stop":
        services.unsubscribe(access)
        messages.success(
            request,
            say(Text("You will get no more reminders.", "Vous ne recevrez plus de rappels pour cette convention.")),
        )
        return back
    form = ReminderForm(request.POST)
    if form.is_valid():
        try:
            services.subscribe(access, days_before=form.cleaned_data["days_before"])
        except InputError as error:
            form.add_error("days_before", say(error.text))
        else:
            messages.success(
                request,
                say(
                    Text(
                        "You will get an e-mail before each deadline.",
                        "Vous recevrez un e-mail avant chaque échéance.",
                    )
                ),
            )
            return back
    return _render_calendar(request, access, form)


@never_cache
@convention_view("read")
def send_calendar(request: HttpRequest, access: Access) -> HttpResponse:  # noqa: ARG001
    """Send the deadlines of one convention as a file for an agenda."""
    today = timezone.localdate()
    deadlines = list_convention_deadlines(access.convention, today)
    name = access.convention.name
    sent = _send_events(name, build_events(access.actor, access.convention, deadlines))
    sent["Content-Disposition"] = 'attachment; filename="echeances.ics"'
    return sent


@never_cache
@organisation_view(Role.READER)
def show_all(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the deadlines of every convention that the organisation sees."""
    return _render_all(request, actor, "")


def _render_all(request: HttpRequest, actor: Actor, address: str) -> HttpResponse:
    today = timezone.localdate()
    rows = _read_all(actor, today)
    years = sorted({row.deadline.day.year for row in rows})
    year = choose_year(request.GET.get("annee", ""), years, today)
    context = {
        "today": today,
        "months": list_months([row for row in rows if row.deadline.day.year == year]),
        "year": year,
        "years": years,
        "grid": build_year(year, rows),
        "late_rows": [row for row in rows if row.state == "late"],
        "link": queries.find_calendar_link(actor),
        "address": address,
        "has_conventions": bool(rows),
    }
    return render(request, "conventions/calendar_all.html", context)


def _read_all(actor: Actor, today: date) -> list[Row]:
    conventions = list(queries.list_visible(actor).filter(archived_at__isnull=True))
    deadlines = read_deadlines(conventions, today)
    rows = [row for found in conventions for row in build_rows(found, deadlines[found.pk], today)]
    return sorted(rows, key=lambda row: (row.deadline.day, row.convention.name, row.deadline.key))


@never_cache
@require_POST
@organisation_view(Role.READER)
def change_link(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Make the address of one's own feed, make another, or revoke it; the address is shown this once."""
    if request.POST.get("action") == "revoke":
        services.revoke_calendar_link(actor)
        text = Text(
            "The link is revoked: agendas that follow it receive nothing any more.",
            "Le lien est révoqué : les agendas qui le suivent ne reçoivent plus rien.",
        )
        messages.success(request, say(text))
        return redirect("conventions-calendar", organisation=actor.organisation.slug)
    token = services.create_calendar_link(actor)
    return _render_all(request, actor, settings.SITE_URL + reverse("calendar-feed", kwargs={"token": token}))


@never_cache
def send_feed(request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG001
    """Send the feed that a secret address opens: the deadlines that its person may see now, without a sign-in."""
    actor = services.open_calendar_link(token)
    if actor is None:
        raise Http404
    conventions = list(queries.list_visible(actor).filter(archived_at__isnull=True))
    deadlines = read_deadlines(conventions, timezone.localdate())
    events = [event for found in conventions for event in build_events(actor, found, deadlines[found.pk])]
    sent = _send_events(f"Ancrage – {actor.organisation.name}", events)
    # An address that opens by itself must not be indexed.
    sent["X-Robots-Tag"] = "noindex"
    return sent


def build_events(actor: Actor, convention: Convention, deadlines: Iterable[Deadline]) -> list[Event]:
    """Return deadlines as whole days of an agenda, in the language of the request."""
    where = settings.SITE_URL + reverse(
        "convention-calendar", kwargs={"organisation": actor.organisation.slug, "convention": convention.pk}
    )
    host = settings.SITE_URL.partition("://")[2]
    events = []
    for deadline in deadlines:
        label = say(deadline.label)
        done = say(Text("Done: ", "Fait : ")) if deadline.done is not None else ""
        finding = deadline.finding
        said = [say(name_ground(deadline))] if finding is None else [say(finding.says), say(finding.rule.article)]
        events.append(
            Event(
                uid=f"{convention.pk}-{deadline.key}@{host}",
                day=deadline.day,
                title=f"{done}{label} ({convention.name})",
                description="\n".join([*said, where]),
                url=where,
                alarm=None if deadline.done is not None else ALARM,
            )
        )
    return events


def _send_events(name: str, events: Iterable[Event]) -> HttpResponse:
    return HttpResponse(write_calendar(name, events, timezone.now()), content_type=MEDIA_TYPE)
