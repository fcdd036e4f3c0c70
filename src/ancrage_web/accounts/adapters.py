"""How allauth behaves here: who may sign up, which words are sent and shown, how secrets are stored."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib import messages
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from ancrage.language import Text
from ancrage_web.accounts.invitations import State, find_invitation
from ancrage_web.accounts.mails import build_mail
from ancrage_web.accounts.models import Invitation, User
from ancrage_web.accounts.queries import list_memberships
from ancrage_web.design.words import say

# The link of an invitation followed in this session, until it is accepted.
INVITATION_KEY = "invitation"

# What allauth says after an action, by the name of its template; what is not here is not said.
MESSAGES = {
    "account/messages/cannot_delete_primary_email.txt": Text(
        "The address {email} is that of your account: it cannot be removed.",
        "L'adresse {email} est celle de votre compte : elle ne peut pas être retirée.",
    ),
    "account/messages/email_confirmation_failed.txt": Text(
        "The address {email} is already confirmed for another account.",
        "L'adresse {email} est déjà confirmée pour un autre compte.",
    ),
    "account/messages/email_confirmation_sent.txt": Text(
        "An e-mail was sent to {email}: open its link to confirm the address.",
        "Un e-mail a été envoyé à {email} : ouvrez son lien pour confirmer l'adresse.",
    ),
    "account/messages/email_confirmed.txt": Text(
        "The address {email} is confirmed.", "L'adresse {email} est confirmée."
    ),
    "account/messages/email_deleted.txt": Text("The address {email} is removed.", "L'adresse {email} est retirée."),
    "account/messages/logged_out.txt": Text("You are signed out.", "Vous êtes déconnecté."),
    "account/messages/password_changed.txt": Text("Your password is changed.", "Votre mot de passe est changé."),
    "account/messages/password_set.txt": Text("Your account has a password.", "Votre compte a un mot de passe."),
    "account/messages/primary_email_set.txt": Text(
        "The address of your account is changed.", "L'adresse de votre compte est changée."
    ),
    "account/messages/unverified_primary_email.txt": Text(
        "Confirm this address first: open the link that was sent to it.",
        "Confirmez d'abord cette adresse : ouvrez le lien qui lui a été envoyé.",
    ),
    "mfa/messages/recovery_codes_generated.txt": Text(
        "Your recovery codes are ready: keep them in a safe place.",
        "Vos codes de secours sont prêts : gardez-les en lieu sûr.",
    ),
    "mfa/messages/totp_activated.txt": Text("Sign-in codes are on.", "Les codes de connexion sont activés."),
    "mfa/messages/totp_deactivated.txt": Text("Sign-in codes are off.", "Les codes de connexion sont désactivés."),
    "mfa/messages/webauthn_added.txt": Text("The passkey is added.", "La clé d'accès est ajoutée."),
    "mfa/messages/webauthn_removed.txt": Text("The passkey is removed.", "La clé d'accès est retirée."),
    "socialaccount/messages/account_connected.txt": Text(
        "This way to sign in is added.", "Ce moyen de connexion est ajouté."
    ),
    "socialaccount/messages/account_connected_updated.txt": Text(
        "This way to sign in is up to date.", "Ce moyen de connexion est à jour."
    ),
    "socialaccount/messages/account_connected_other.txt": Text(
        "This identity already opens another account: sign in with it, or ask the person who runs this instance.",
        "Cette identité ouvre déjà un autre compte : connectez-vous avec elle, ou demandez à la personne qui gère "
        "cette instance.",
    ),
    "socialaccount/messages/account_disconnected.txt": Text(
        "This way to sign in is removed.", "Ce moyen de connexion est retiré."
    ),
}


def find_followed_invitation(request: HttpRequest) -> Invitation | None:
    """Return the open invitation whose link was followed in this session."""
    token = request.session.get(INVITATION_KEY)
    if not token:
        return None
    found = find_invitation(token)
    return found.invitation if found.state is State.OPEN else None


def can_sign_up(request: HttpRequest) -> bool:
    """Say whether the reader may create an account: anyone where sign-up is open, else from an invitation."""
    return settings.SIGNUP == "open" or find_followed_invitation(request) is not None


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts with a password."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Say whether this person may create an account."""
        return can_sign_up(request)

    def is_email_verified(self, request: HttpRequest, email: str) -> bool:
        """Say whether an address is proved already: a link that was sent to it was followed."""
        invitation = find_followed_invitation(request)
        if invitation is not None and invitation.email.lower() == email.lower():
            return True
        return bool(super().is_email_verified(request, email))

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Save someone who signs up, with their name."""
        user.name = " ".join(form.cleaned_data.get("name", "").split())
        saved: User = super().save_user(request, user, form, commit=commit)
        return saved

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        """Return where to go after sign-up: the invitation that led there and waits, or one's organisations."""
        if find_followed_invitation(request) is None:
            return reverse("organisations")
        return reverse("invitation", kwargs={"token": request.session[INVITATION_KEY]})

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Return where to go after sign-in: the invitation, the studies of one's only organisation, or the list."""
        memberships = list_memberships(request.user)
        if find_followed_invitation(request) is None and len(memberships) == 1:
            return reverse("studies", kwargs={"organisation": memberships[0].organisation.slug})
        return self.get_signup_redirect_url(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send an e-mail in our words, which name the instance rather than the host of the request."""
        self.render_mail(template_prefix, email, context).send()

    def render_mail(
        self, template_prefix: str, email: str, context: dict[str, Any], headers: dict[str, str] | None = None
    ) -> EmailMessage:
        """Return an e-mail in our words (`accounts.mails`), which need no header of allauth's."""
        del headers
        values = dict(context)
        if "timestamp" in values:
            values["timestamp"] = date_format(timezone.localtime(values["timestamp"]), "j F Y, H:i")
        return build_mail(template_prefix, email, values)

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Say what was done, in our words; a sign-in shows by itself."""
        text = MESSAGES.get(message_template or "")
        if message is None and text is not None:
            message = say(text).format_map(message_context or {})
        if message:
            messages.add_message(request, level, message, extra_tags=extra_tags)


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Accounts opened by the identity provider of the instance."""

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        """Take the address and the name that the provider gives."""
        user: User = super().populate_user(request, sociallogin, data)
        parts = (data.get("first_name"), data.get("last_name"))
        user.name = (data.get("name") or " ".join(part for part in parts if part))[:120]
        return user


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Codes and passkeys: secrets are encrypted with the key of the instance, so that a stolen base opens nothing."""

    def get_totp_issuer(self) -> str:
        """Return the name that the application of the person shows."""
        return str(settings.INSTANCE_NAME)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return the site that a passkey is bound to."""
        return {"id": context.request.get_host().partition(":")[0], "name": str(settings.INSTANCE_NAME)}

    def encrypt(self, text: str) -> str:
        """Return a secret as it is stored."""
        return build_cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return a stored secret; also under a former key of the instance (SECRET_KEY_FALLBACKS)."""
        return build_cipher().decrypt(encrypted_text.encode()).decode()


def build_cipher() -> MultiFernet:
    """Return what encrypts the secrets of second factors."""
    keys: list[str] = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]  # type: ignore[list-item]
    return MultiFernet(
        [
            Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"ancrage second factor {key}".encode()).digest()))
            for key in keys
        ]
    )
