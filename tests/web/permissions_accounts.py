"""Permissions of accounts and organisations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from allauth.mfa.models import Authenticator
from django.utils import timezone
from django_scopes import scope

from ancrage_web.accounts.invitations import LIFETIME
from ancrage_web.accounts.models import Invitation
from ancrage_web.accounts.secret_texts import compute_fingerprint
from web.permission_cases import ADMINISTRATORS, PUBLIC, READERS, SIGNED_IN, Case, answer

if TYPE_CHECKING:
    from web.conftest import World

# Everyone is sent elsewhere: to sign in, or to prove again who they are.
SENT_AWAY = dict.fromkeys(PUBLIC, 302)
# Pages of people who are not signed in: the others are sent to their organisations.
OUTSIDE = {**SENT_AWAY, "anonymous": 200}
# What does not exist for someone who has no second factor.
NOTHING_YET = {**dict.fromkeys(PUBLIC, 404), "anonymous": 302}
NOBODY = dict.fromkeys(PUBLIC, 404)
TOKEN = "the secret of a link"


def name_organisation(world: World) -> Mapping[str, Any]:
    """Return the address of the first organisation."""
    return {"organisation": world.organisation.slug}


def name_member(world: World) -> Mapping[str, Any]:
    """Return the address of a member of the first organisation."""
    reader = world.people["reader"]
    assert reader is not None
    return {**name_organisation(world), "person": reader.pk}


def create_invitation(world: World) -> Invitation:
    """Store an open invitation of the first organisation."""
    with scope(organisation=world.organisation):
        return Invitation.objects.create(
            organisation=world.organisation,
            email="new@example.org",
            role="reader",
            token_hash=compute_fingerprint(TOKEN),
            expires_at=timezone.now() + LIFETIME,
        )


def name_invitation(world: World) -> Mapping[str, Any]:
    """Return the address of an open invitation."""
    return {**name_organisation(world), "identifier": create_invitation(world).pk}


def name_link(world: World) -> Mapping[str, Any]:
    """Return the address that the e-mail of an invitation holds."""
    create_invitation(world)
    return {"token": TOKEN}


def name_key(world: World) -> Mapping[str, Any]:
    """Return the address of a passkey of the officer."""
    officer = world.people["officer"]
    key = Authenticator.objects.create(user=officer, type=Authenticator.Type.WEBAUTHN, data={"name": "Key"})
    return {"pk": key.pk}


ROUTES = {
    # One's own account.
    "account": Case(SIGNED_IN),
    "account post": Case(SENT_AWAY, method="post", data=lambda _world: {"name": "Another name"}),
    "personal_data": Case(SIGNED_IN),
    "personal_data_export": Case(SENT_AWAY),
    "account_erase": Case(SENT_AWAY),
    "account_erase post": Case(SENT_AWAY, method="post", data=lambda _world: {"sure": "on"}),
    "account_email": Case(SIGNED_IN),
    "account_email post": Case(
        SENT_AWAY, method="post", data=lambda _world: {"email": "other@example.org", "action_add": ""}
    ),
    "account_change_password": Case(SIGNED_IN),
    "account_set_password": Case(SENT_AWAY),
    "account_logout": Case(SIGNED_IN),
    "account_logout post": Case(SENT_AWAY, method="post"),
    "account_reauthenticate": Case(SIGNED_IN),
    # Sign-in, sign-up and what surrounds them.
    "account_login": Case(OUTSIDE),
    "account_signup": Case(OUTSIDE),
    "account_inactive": Case(PUBLIC),
    "account_email_verification_sent": Case(PUBLIC),
    "account_confirm_email": Case(PUBLIC, lambda _world: {"key": "unknown"}),
    "account_reset_password": Case(PUBLIC),
    "account_reset_password_done": Case(PUBLIC),
    "account_reset_password_from_key": Case(PUBLIC, lambda _world: {"uidb36": "0", "key": "unknown"}),
    "account_reset_password_from_key_done": Case(PUBLIC),
    # Second factors.
    "mfa_index": Case(SIGNED_IN),
    "mfa_authenticate": Case(SENT_AWAY),
    "mfa_reauthenticate": Case(SENT_AWAY),
    "mfa_activate_totp": Case(SENT_AWAY),
    "mfa_deactivate_totp": Case(NOTHING_YET),
    "mfa_view_recovery_codes": Case(NOTHING_YET),
    "mfa_generate_recovery_codes": Case(SENT_AWAY),
    "mfa_download_recovery_codes": Case(NOTHING_YET),
    "mfa_list_webauthn": Case(SIGNED_IN),
    "mfa_add_webauthn": Case(SENT_AWAY),
    "mfa_reauthenticate_webauthn": Case(SENT_AWAY),
    "mfa_login_webauthn": Case(SENT_AWAY),
    "mfa_edit_webauthn": Case(SENT_AWAY, name_key),
    "mfa_remove_webauthn": Case(SENT_AWAY, name_key),
    "mfa_remove_webauthn post": Case(SENT_AWAY, name_key, method="post"),
    # The identity provider: none is configured.
    "socialaccount_connections": Case(SIGNED_IN),
    "socialaccount_login_cancelled": Case(PUBLIC),
    "socialaccount_signup": Case(SENT_AWAY),
    "openid_connect_login": Case(NOBODY, lambda _world: {"provider_id": "oidc"}),
    "openid_connect_callback": Case(NOBODY, lambda _world: {"provider_id": "oidc"}),
    # Organisations.
    "organisations": Case(SIGNED_IN),
    "organisation_create": Case({**dict.fromkeys(PUBLIC, 403), "anonymous": 302}),
    "organisation_create post": Case(
        {**dict.fromkeys(PUBLIC, 403), "anonymous": 302},
        method="post",
        data=lambda _world: {"name": "Another one", "kind": "epci"},
    ),
    "organisation": Case(READERS, name_organisation),
    "organisation_change": Case(ADMINISTRATORS, name_organisation),
    "organisation_change post": Case(
        answer(ADMINISTRATORS, 302),
        name_organisation,
        method="post",
        data=lambda _world: {"name": "Another name", "kind": "epci"},
    ),
    "organisation_leave": Case(READERS, name_organisation),
    # The administrator is the last one: the form comes back.
    "organisation_leave post": Case(
        {**answer(READERS, 302), "administrator": 422},
        name_organisation,
        method="post",
        data=lambda _world: {"sure": "on"},
    ),
    "member_role": Case(ADMINISTRATORS, name_member),
    "member_role post": Case(
        answer(ADMINISTRATORS, 302), name_member, method="post", data=lambda _world: {"role": "editor"}
    ),
    "member_remove": Case(ADMINISTRATORS, name_member),
    "member_remove post": Case(
        answer(ADMINISTRATORS, 302), name_member, method="post", data=lambda _world: {"sure": "on"}
    ),
    "invitation_create": Case(
        answer(ADMINISTRATORS, 302),
        name_organisation,
        method="post",
        data=lambda _world: {"email": "new@example.org", "role": "reader"},
    ),
    "invitation_resend": Case(answer(ADMINISTRATORS, 302), name_invitation, method="post"),
    "invitation_revoke": Case(answer(ADMINISTRATORS, 302), name_invitation, method="post"),
    # Whoever holds the link reads the invitation; only its address accepts it.
    "invitation": Case(PUBLIC, name_link),
    "invitation post": Case({**SENT_AWAY, "anonymous": 200}, name_link, method="post"),
}
