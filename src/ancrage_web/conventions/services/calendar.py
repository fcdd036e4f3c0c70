"""The personal address of an iCalendar feed: made, made again, revoked; only its fingerprint is kept."""

from __future__ import annotations

import hmac

from django.db import transaction
from django_scopes import scopes_disabled

from ancrage.errors import InputError
from ancrage_web.accounts.access import find_actor
from ancrage_web.accounts.actors import Actor, ForbiddenError
from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.secret_texts import compute_fingerprint, create_secret
from ancrage_web.audit.services import record
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.models import CalendarLink, ReminderSubscription

# Bounds of the notice of a reminder [days].
MOST_DAYS = 180


def create_calendar_link(actor: Actor) -> str:
    """Make the address of the feed of a person for an organisation; a former one leads nowhere any more.

    Returns
    -------
    The token of the address, shown once and never stored.

    Raises
    ------
    ForbiddenError
        For a token of the API: a feed belongs to a person.
    """
    actor.require(Role.READER)
    if actor.user is None:
        raise ForbiddenError(
            "A token has no agenda: a person makes the link of their own.",
            "Un jeton n'a pas d'agenda : une personne crée son propre lien.",
        )
    token = create_secret()
    with transaction.atomic():
        CalendarLink.objects.filter(organisation=actor.organisation, user=actor.user).delete()
        link = CalendarLink.objects.create(
            organisation=actor.organisation, user=actor.user, token_hash=compute_fingerprint(token)
        )
        record(actor, "calendar.link_created", "calendar", link.pk)
    return token


def revoke_calendar_link(actor: Actor) -> None:
    """Close the feed of a person for an organisation."""
    actor.require(Role.READER)
    with transaction.atomic():
        link = CalendarLink.objects.filter(organisation=actor.organisation, user=actor.user).first()
        if link is not None:
            key = link.pk
            link.delete()
            record(actor, "calendar.link_revoked", "calendar", key)


def open_calendar_link(token: str) -> Actor | None:
    """Return who a feed is for, or None when it opens nothing: unknown, revoked, or no member any more.

    The one look-up of the public feed that cannot be scoped; the membership is read again each time.
    """
    wanted = compute_fingerprint(token)
    with scopes_disabled():
        link = CalendarLink.objects.select_related("organisation", "user").filter(token_hash=wanted).first()
    if link is None or not hmac.compare_digest(link.token_hash, wanted) or not link.user.is_active:
        return None
    return find_actor(link.user, link.organisation.slug)


def subscribe(access: Access, *, days_before: int) -> ReminderSubscription:
    """Ask for an e-mail before each deadline of the convention; asking again changes the notice.

    It is a preference of the person, not a change of the convention: the trail does not hold it.

    Raises
    ------
    ForbiddenError
        For a token of the API.
    InputError
        If the notice is out of 1..180 days.
    """
    if access.user is None:
        raise ForbiddenError(
            "A token receives no e-mail: a person asks for their own reminders.",
            "Un jeton ne reçoit pas d'e-mail : une personne demande ses propres rappels.",
        )
    if not 1 <= days_before <= MOST_DAYS:
        raise InputError(
            f"A reminder {days_before} days before cannot be: choose from 1 to {MOST_DAYS} days.",
            f"Un rappel {days_before} jours avant n'est pas possible : choisissez de 1 à {MOST_DAYS} jours.",
        )
    subscription, _ = ReminderSubscription.objects.update_or_create(
        convention=access.convention, user=access.user, defaults={"days_before": days_before}
    )
    return subscription


def unsubscribe(access: Access) -> None:
    """Stop the reminders of the convention for the person."""
    ReminderSubscription.objects.filter(convention=access.convention, user=access.user).delete()
