"""Invitations: a link by e-mail, used once, for one address, until a date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from smtplib import SMTPException
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django_scopes import scope, scopes_disabled

from ancrage.errors import InputError
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import ROLE_NAMES, Role
from ancrage_web.accounts.mails import MailNotSentError, build_mail
from ancrage_web.accounts.models import Invitation, Membership, Organisation, User
from ancrage_web.accounts.secret_texts import compute_fingerprint, create_secret
from ancrage_web.accounts.services import check_address, check_role, lock_organisation
from ancrage_web.audit.services import record
from ancrage_web.design.words import say

LIFETIME = timedelta(days=14)


class State(Enum):
    """What a link is worth."""

    OPEN = "open"
    EXPIRED = "expired"
    REVOKED = "revoked"
    USED = "used"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Found:
    """An invitation found by its link; None and UNKNOWN where no link is known."""

    state: State
    invitation: Invitation | None = None


def invite_member(actor: Actor, email: str, role: str) -> Invitation:
    """Invite an address to become a member, by a link in an e-mail.

    Raises
    ------
    ForbiddenError
        If the actor is not an administrator.
    InputError
        If the address or the role cannot be, or if the address is already a member's or already invited.
    MailNotSentError
        If the e-mail did not leave; the invitation is stored, and can be sent again.
    """
    actor.require(Role.ADMINISTRATOR)
    address, wanted = check_address(email), check_role(role)
    token = create_secret()
    with transaction.atomic(), scope(organisation=actor.organisation):
        lock_organisation(actor.organisation)
        if Membership.objects.filter(user__email__iexact=address).exists():
            raise InputError(
                f"'{address}' is already a member: change their role in the list of the members instead.",
                f"« {address} » est déjà membre : changez plutôt son rôle dans la liste des membres.",
            )
        if list_open(address):
            raise InputError(
                f"'{address}' is already invited: send the invitation again, or revoke it, in the list below.",
                f"« {address} » est déjà invité : renvoyez l'invitation, ou annulez-la, dans la liste ci-dessous.",
            )
        invitation = Invitation.objects.create(
            organisation=actor.organisation,
            email=address,
            role=wanted,
            token_hash=compute_fingerprint(token),
            invited_by=actor.user,
            expires_at=timezone.now() + LIFETIME,
        )
        record(actor, "invitation.created", "invitation", invitation.pk, after={"role": wanted})
    send_invitation(actor, invitation, token)
    return invitation


def resend_invitation(actor: Actor, identifier: UUID) -> Invitation:
    """Send an invitation again, with a new link that lasts as long; the former link no longer works.

    Raises
    ------
    ForbiddenError
        If the actor is not an administrator.
    InputError
        If it was accepted or revoked in the meantime.
    MailNotSentError
        If the e-mail did not leave.
    """
    actor.require(Role.ADMINISTRATOR)
    token = create_secret()
    with transaction.atomic(), scope(organisation=actor.organisation):
        lock_organisation(actor.organisation)
        invitation = find_open(identifier)
        invitation.token_hash = compute_fingerprint(token)
        invitation.expires_at = timezone.now() + LIFETIME
        invitation.save(update_fields=["token_hash", "expires_at"])
        record(actor, "invitation.sent_again", "invitation", invitation.pk)
    send_invitation(actor, invitation, token)
    return invitation


def revoke_invitation(actor: Actor, identifier: UUID) -> None:
    """Make a link useless.

    Raises
    ------
    ForbiddenError
        If the actor is not an administrator.
    InputError
        If it was accepted or revoked in the meantime.
    """
    actor.require(Role.ADMINISTRATOR)
    with transaction.atomic(), scope(organisation=actor.organisation):
        lock_organisation(actor.organisation)
        invitation = find_open(identifier)
        invitation.revoked_at = timezone.now()
        invitation.save(update_fields=["revoked_at"])
        record(actor, "invitation.revoked", "invitation", invitation.pk)


def find_invitation(token: str) -> Found:
    """Return what a link opens."""
    # The link alone says which organisation it is of: this look-up has no scope.
    with scopes_disabled():
        invitation = (
            Invitation.objects.select_related("organisation", "invited_by")
            .filter(token_hash=compute_fingerprint(token))
            .first()
        )
    if invitation is None:
        return Found(State.UNKNOWN)
    if invitation.accepted_at is not None:
        return Found(State.USED, invitation)
    if invitation.revoked_at is not None:
        return Found(State.REVOKED, invitation)
    if invitation.expires_at <= timezone.now():
        return Found(State.EXPIRED, invitation)
    return Found(State.OPEN, invitation)


def accept_invitation(token: str, user: User) -> Organisation:
    """Make a person a member, once.

    Someone who became a member by another way keeps the higher of the two roles.

    Raises
    ------
    InputError
        If the link is not open, or if it was sent to another address.
    """
    with transaction.atomic():
        found = find_invitation(token)
        if found.invitation is not None:
            lock_organisation(found.invitation.organisation)
            # Read again under the lock: of two clicks at once, one finds the link used.
            found = find_invitation(token)
        if found.state is not State.OPEN or found.invitation is None:
            raise InputError(
                "This invitation is no longer open: ask the person who invited you for a new one.",
                "Cette invitation n'est plus valable : demandez-en une nouvelle à la personne qui vous a invité.",
            )
        invitation = found.invitation
        if not is_for(invitation, user):
            raise InputError(
                f"This invitation is for another address than that of your account ({user.email}): sign out, then "
                "open the link again, or ask for an invitation to your address.",
                f"Cette invitation est destinée à une autre adresse que celle de votre compte ({user.email}) : "
                "déconnectez-vous puis rouvrez le lien, ou demandez une invitation à votre adresse.",
            )
        organisation, role = invitation.organisation, Role(invitation.role)
        with scope(organisation=organisation):
            invitation.accepted_at = timezone.now()
            invitation.save(update_fields=["accepted_at"])
            membership = Membership.objects.filter(user=user).first()
            before = {} if membership is None else {"role": membership.role}
            if membership is None:
                membership = Membership.objects.create(organisation=organisation, user=user, role=role)
            elif not Role(membership.role).allows(role):
                membership.role = role
                membership.save(update_fields=["role"])
        record(
            Actor(organisation, Role(membership.role), user),
            "invitation.accepted",
            "member",
            user.pk,
            before=before,
            after={"role": membership.role},
        )
    return organisation


def is_for(invitation: Invitation, user: User) -> bool:
    """Say whether an invitation was sent to an address that this person has proved to be theirs."""
    return bool(EmailAddress.objects.filter(user=user, email__iexact=invitation.email, verified=True).exists())


def list_open(address: str) -> list[Invitation]:
    """Return the invitations of the scope to an address that wait for an answer, even expired."""
    return list(Invitation.objects.filter(email__iexact=address, accepted_at__isnull=True, revoked_at__isnull=True))


def find_open(identifier: UUID) -> Invitation:
    """Return an invitation of the scope that waits for an answer, locked after the organisation, as acceptance does.

    Raises
    ------
    InputError
        If there is none, or no longer.
    """
    invitation = (
        Invitation.objects.select_for_update(of=("self",))
        .filter(pk=identifier, accepted_at__isnull=True, revoked_at__isnull=True)
        .first()
    )
    if invitation is None:
        raise InputError(
            "This invitation was accepted or revoked in the meantime: read the list again.",
            "Cette invitation a été acceptée ou annulée entre-temps : relisez la liste.",
        )
    return invitation


def send_invitation(actor: Actor, invitation: Invitation, token: str) -> None:
    """Send the link, in the language of the one who invites.

    Raises
    ------
    MailNotSentError
        If the e-mail did not leave.
    """
    mail = build_mail(
        "invitation",
        invitation.email,
        {
            "inviter": str(actor.user or actor.organisation),
            "organisation": actor.organisation.name,
            "role": say(ROLE_NAMES[invitation.role]),
            "deadline": date_format(timezone.localtime(invitation.expires_at), "j F Y"),
            "link": f"{settings.SITE_URL}{reverse('invitation', kwargs={'token': token})}",
        },
    )
    try:
        mail.send()
    except (OSError, SMTPException) as error:
        raise MailNotSentError(
            "The invitation is stored, but its e-mail could not leave: the mail server does not answer. Send it again "
            "later from the list of the invitations; if it goes on, tell the person who runs this instance.",
            "L'invitation est enregistrée, mais son e-mail n'a pas pu partir : le serveur de messagerie ne répond pas. "
            "Renvoyez-la plus tard depuis la liste des invitations ; si cela dure, prévenez la personne qui gère cette "
            "instance.",
        ) from error
