"""The e-mails that remind of the deadlines: once for each deadline and day, once more when it is late."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from smtplib import SMTPException

from django.conf import settings
from django.urls import reverse
from django.utils.translation import override
from django_scopes import scope, scopes_disabled

from ancrage.conventions.life import Deadline
from ancrage.language import Language, format_date
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.mails import build_mail
from ancrage_web.accounts.models import Membership
from ancrage_web.conventions.access import find_access
from ancrage_web.conventions.deadlines import list_convention_deadlines
from ancrage_web.conventions.models import ReminderSent, ReminderSubscription
from ancrage_web.design.words import get_site_language

# Before the key of a deadline whose delay was told; with it, the longest key still fits in its column.
LATE = "!"


@dataclass(frozen=True)
class Sent:
    """What a run did: e-mails that left, e-mails that did not."""

    mails: int
    failures: int


def send_reminders(on: date) -> Sent:
    """Send to each subscriber what they were not told yet: deadlines within their notice, and late ones.

    What could not leave is not marked as sent, and is sent by the next run. An e-mail is marked after it left: two runs
    at once could send one twice, which does less harm than a deadline that nobody was told of.

    Parameters
    ----------
    on : day of the run.
    """
    # The one look-up that no scope fits: the work of a machine, for every organisation.
    with scopes_disabled():
        subscriptions = list(
            ReminderSubscription.objects.filter(convention__archived_at__isnull=True, user__is_active=True)
            .select_related("convention__organisation", "user")
            .order_by("pk")
        )
    mails = failures = 0
    for subscription in subscriptions:
        actor = _find_reader(subscription)
        if actor is None:
            continue
        with scope(organisation=subscription.convention.organisation):
            news = _list_news(subscription, on)
            if not news:
                continue
            try:
                _send(subscription, actor, [deadline for _, deadline in news], on)
            except (OSError, SMTPException):
                # Neither the address nor the text is written in the log.
                logging.getLogger(__name__).warning("a reminder could not be sent; it will be sent again")
                failures += 1
                continue
            ReminderSent.objects.bulk_create(
                [ReminderSent(subscription=subscription, key=key, day=deadline.day) for key, deadline in news],
                ignore_conflicts=True,
            )
            mails += 1
    return Sent(mails, failures)


def _find_reader(subscription: ReminderSubscription) -> Actor | None:
    """Return as whom the person may still see the convention, or None: memberships are read again at each run."""
    with scopes_disabled():
        memberships = list(
            Membership.objects.filter(user=subscription.user).select_related("organisation").order_by("created_at")
        )
    for membership in memberships:
        actor = Actor(membership.organisation, Role(membership.role), subscription.user)
        if find_access(actor, subscription.convention.pk) is not None:
            return actor
    return None


def _list_news(subscription: ReminderSubscription, on: date) -> list[tuple[str, Deadline]]:
    """Return what the person was not told yet, with the key it is marked by."""
    told = set(ReminderSent.objects.filter(subscription=subscription).values_list("key", "day"))
    news = []
    for deadline in list_convention_deadlines(subscription.convention, on):
        if deadline.done is not None or (deadline.day - on).days > subscription.days_before:
            continue
        key = f"{LATE}{deadline.key}" if deadline.day < on else deadline.key
        if (key, deadline.day) not in told:
            news.append((key, deadline))
    return news


def _send(subscription: ReminderSubscription, actor: Actor, deadlines: Iterable[Deadline], on: date) -> None:
    language = get_site_language()
    with override(language):
        where = reverse(
            "convention-calendar",
            kwargs={"organisation": actor.organisation.slug, "convention": subscription.convention.pk},
        )
    values = {
        "convention": subscription.convention.name,
        "deadlines": "\n".join(_write_line(deadline, on, language) for deadline in deadlines),
        "link": settings.SITE_URL + where,
    }
    build_mail("convention_reminder", subscription.user.email, values, language).send()


def _write_line(deadline: Deadline, on: date, language: Language) -> str:
    label, day, days = deadline.label.render(language), format_date(deadline.day, language), (deadline.day - on).days
    if language == "fr":
        distance = (
            f"en retard de {-days} jour{'s' if days < -1 else ''}"
            if days < 0
            else "aujourd'hui"
            if days == 0
            else f"dans {days} jour{'s' if days > 1 else ''}"
        )
        return f"- {day} ({distance}) : {label}"
    plural = "s" if abs(days) > 1 else ""
    distance = f"{-days} day{plural} late" if days < 0 else "today" if days == 0 else f"in {days} day{plural}"
    return f"- {day} ({distance}): {label}"
