"""Readings of organisations, members and invitations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from django_scopes import scopes_disabled

from ancrage.language import Text
from ancrage_web.accounts.enums import ROLE_NAMES, Role
from ancrage_web.accounts.models import Invitation, Membership, Organisation, User


def list_memberships(user: User | AnonymousUser) -> list[Membership]:
    """Return what a person is member of, by name of organisation, with the organisations; one query at most."""
    if not isinstance(user, User):
        return []
    # One's own memberships cross organisations: this list is what chooses among them.
    with scopes_disabled():
        return list(
            Membership.objects.filter(user=user).select_related("organisation").order_by("organisation__name", "id")
        )


def list_members() -> list[Membership]:
    """Return the members of the organisation of the scope, administrators first, with the people."""
    order = {role: rank for rank, role in enumerate(reversed(Role))}
    members = list(Membership.objects.select_related("user"))
    return sorted(members, key=lambda member: (order[Role(member.role)], member.user.get_full_name().casefold()))


@dataclass(frozen=True)
class OpenInvitation:
    """An invitation that was neither accepted nor revoked."""

    id: object
    email: str
    role: Text
    created_at: datetime
    expires_at: datetime
    expired: bool


def list_open_invitations() -> list[OpenInvitation]:
    """Return the invitations of the scope that wait for an answer, the newest first."""
    now = timezone.now()
    waiting = Invitation.objects.filter(accepted_at__isnull=True, revoked_at__isnull=True).order_by("-created_at")
    return [
        OpenInvitation(
            invitation.id,
            invitation.email,
            ROLE_NAMES[invitation.role],
            invitation.created_at,
            invitation.expires_at,
            invitation.expires_at <= now,
        )
        for invitation in waiting
    ]


def count_administrators(organisation: Organisation) -> int:
    """Return how many people administer an organisation."""
    with scopes_disabled():
        return Membership.objects.filter(organisation=organisation, role=Role.ADMINISTRATOR).count()


def list_sole_administrations(user: User) -> list[Organisation]:
    """Return the organisations that would have no administrator left without this person."""
    return [
        membership.organisation
        for membership in list_memberships(user)
        if membership.role == Role.ADMINISTRATOR and count_administrators(membership.organisation) == 1
    ]
