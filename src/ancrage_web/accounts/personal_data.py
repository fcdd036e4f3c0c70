"""What is stored of a person: handed over on request, erased on request."""

from __future__ import annotations

import logging
from collections import Counter
from smtplib import SMTPException
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.utils import timezone
from django_scopes import scopes_disabled

from ancrage.errors import InputError
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.mails import build_mail
from ancrage_web.accounts.models import Invitation, User
from ancrage_web.accounts.queries import list_memberships, list_sole_administrations
from ancrage_web.accounts.services import leave_organisation, lock_organisation
from ancrage_web.audit.models import AuditLine

# What the export gives in full, or what is of the technical base.
_OWN = {"accounts.Membership", "accounts.Invitation", "audit.AuditLine"}
_APPS = {"account", "mfa", "socialaccount", "auth", "contenttypes", "sessions"}


def build_export(user: User) -> dict[str, Any]:
    """Return everything stored of a person, ready for JSON.

    What the person wrote belongs to the organisations: it is given as counts and identifiers.
    """
    with scopes_disabled():
        actions = Counter(AuditLine.objects.filter(actor=user).values_list("action", flat=True))
        invitations = list(
            Invitation.objects.filter(email__iexact=user.email).select_related("organisation").order_by("created_at")
        )
        written = {model._meta.label: found for model, found in list_written(user)}
    return {
        "account": {
            "id": str(user.pk),
            "email": user.email,
            "name": user.name,
            "created_at": user.created_at.isoformat(),
            "last_login": None if user.last_login is None else user.last_login.isoformat(),
        },
        "addresses": [
            {"email": address.email, "verified": address.verified, "primary": address.primary}
            for address in EmailAddress.objects.filter(user=user).order_by("email")
        ],
        "sign_in": {
            "password": user.has_usable_password(),
            "second_factors": [
                {"type": factor.type, "created_at": factor.created_at.isoformat()}
                for factor in Authenticator.objects.filter(user=user).order_by("created_at")
            ],
            "identity_providers": [
                {"provider": account.provider, "identifier": account.uid, "stored": account.extra_data}
                for account in SocialAccount.objects.filter(user=user).order_by("date_joined")
            ],
        },
        "memberships": [
            {
                "organisation": membership.organisation.name,
                "role": membership.role,
                "since": membership.created_at.isoformat(),
            }
            for membership in list_memberships(user)
        ],
        "invitations": [
            {
                "organisation": invitation.organisation.name,
                "role": invitation.role,
                "created_at": invitation.created_at.isoformat(),
            }
            for invitation in invitations
        ],
        "log": dict(sorted(actions.items())),
        "written": written,
    }


def list_written(user: User) -> list[tuple[type[models.Model], dict[str, Any]]]:
    """Return what names a person as its author, in any application: how many, and which."""
    found = []
    # Relations without a way back ("+") count too.
    for relation in User._meta.get_fields(include_hidden=True):
        if not isinstance(relation, models.ManyToOneRel):
            continue
        model = relation.related_model
        if model._meta.app_label in _APPS or model._meta.label in _OWN:
            continue
        ids = [
            str(key) for key in model._base_manager.filter(**{relation.field.name: user}).values_list("pk", flat=True)
        ]
        if ids:
            found.append((model, {"field": relation.field.name, "count": len(ids), "ids": ids}))
    return found


def erase_person(user: User) -> None:
    """Forget a person: the row stays for the trail, without name, address nor ways to sign in.

    Raises
    ------
    InputError
        If an organisation would have no administrator left.
    """
    address = user.email
    with transaction.atomic():
        memberships = list_memberships(user)
        for membership in sorted(memberships, key=lambda member: str(member.organisation_id)):
            lock_organisation(membership.organisation)
        alone = list_sole_administrations(user)
        if alone:
            names = ", ".join(organisation.name for organisation in alone)
            raise InputError(
                f"You are the last administrator of {names}: make another member an administrator first, then erase "
                "your account.",
                f"Vous êtes le dernier administrateur de {names} : donnez d'abord ce rôle à un autre membre, puis "
                "effacez votre compte.",
            )
        for membership in memberships:
            leave_organisation(Actor(membership.organisation, Role(membership.role), user))
        with scopes_disabled():
            Invitation.objects.filter(email__iexact=address).delete()
        EmailAddress.objects.filter(user=user).delete()
        SocialAccount.objects.filter(user=user).delete()
        Authenticator.objects.filter(user=user).delete()
        user.groups.clear()
        user.user_permissions.clear()
        user.email, user.name = f"erased-{user.pk}@invalid", ""
        user.is_active = user.is_staff = user.is_superuser = False
        user.last_login, user.erased_at = None, timezone.now()
        user.set_unusable_password()
        user.save()
        for session in Session.objects.iterator():
            if session.get_decoded().get("_auth_user_id") == str(user.pk):
                session.delete()
    try:
        build_mail("account_erased", address).send()
    except (OSError, SMTPException):
        # The account is erased all the same; the address is not written here either.
        logging.getLogger(__name__).warning("the e-mail that confirms an erasure could not be sent")
