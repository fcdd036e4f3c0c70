"""Forms of accounts and organisations: they ask, the rules and the services decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account import forms as account
from allauth.core import context
from allauth.mfa.base import forms as factors
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn import forms as webauthn
from allauth.socialaccount.forms import SignupForm as BaseProviderSignupForm
from django import forms

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.adapters import find_followed_invitation
from ancrage_web.accounts.enums import KIND_NAMES, ROLE_NAMES, Role
from ancrage_web.accounts.models import Organisation
from ancrage_web.accounts.rules import check_organisation_name, check_siren
from ancrage_web.accounts.services import check_address
from ancrage_web.design.words import say

NAME = Text("Your first and last name", "Vos prénom et nom")
NAME_HELP = Text(
    "Shown to the members of your organisations.",
    "Affichés aux membres de vos organisations.",
)
# What each role may do, beside the choice.
ROLE_MEANINGS = {
    Role.READER: Text("reads the studies", "consulte les études"),
    Role.EDITOR: Text("creates and changes the studies", "crée et modifie les études"),
    Role.ADMINISTRATOR: Text(
        "also manages the members and reads the audit trail", "gère aussi les membres et lit le journal"
    ),
}


def check_field(check: Callable[[str], str], value: str) -> str:
    """Return a checked value; a refusal of the rules becomes that of the field."""
    try:
        return check(value)
    except InputError as error:
        raise forms.ValidationError(say(error.text)) from error


def list_roles() -> list[tuple[str, str]]:
    """Return the roles with what each may do."""
    return [(role.value, f"{say(ROLE_NAMES[role])} ({say(ROLE_MEANINGS[role])})") for role in Role]


# The words of allauth's fields, by their names.
LABELS = {
    "login": Text("E-mail address", "Adresse e-mail"),
    "email": Text("E-mail address", "Adresse e-mail"),
    "password": Text("Password", "Mot de passe"),
    "remember": Text("Stay signed in on this device", "Rester connecté sur cet appareil"),
    "oldpassword": Text("Present password", "Mot de passe actuel"),
    "password1": Text("Password", "Mot de passe"),
    "password2": Text("The same password again", "Le même mot de passe, encore une fois"),
    "code": Text("Code", "Code"),
    "name": Text("Name of the key", "Nom de la clé"),
    "passwordless": Text("Sign in with this key alone", "Me connecter avec cette clé seule"),
}
HELPS = {
    "password1": Text(
        "Twelve characters at least: four words that do not go together are easy to remember.",
        "Douze caractères au moins : quatre mots sans rapport se retiennent bien.",
    ),
    "name": Text(
        "To tell it from the others: “office computer”.",
        "Pour la reconnaître parmi d'autres : « ordinateur du bureau ».",
    ),
    "passwordless": Text(
        "Without the password: the key then asks for a fingerprint, a face or a code.",
        "Sans le mot de passe : la clé demande alors une empreinte, un visage ou un code.",
    ),
}


class OurWords:
    """Gives the fields of a form of allauth our words, and no placeholder: a label says it."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            if name in LABELS:
                field.label = say(LABELS[name])
            if name in HELPS:
                field.help_text = say(HELPS[name])


class SignInForm(OurWords, account.LoginForm):  # type: ignore[misc]
    """Sign-in with a password."""


class AddressForm(OurWords, account.AddEmailForm):  # type: ignore[misc]
    """Another address for the account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = say(Text("New address", "Nouvelle adresse"))


class ForgottenForm(OurWords, account.ResetPasswordForm):  # type: ignore[misc]
    """A forgotten password."""


class NewPasswordForm(OurWords, account.ResetPasswordKeyForm):  # type: ignore[misc]
    """The password after a forgotten one."""


class ChangePasswordForm(OurWords, account.ChangePasswordForm):  # type: ignore[misc]
    """Another password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = say(Text("New password", "Nouveau mot de passe"))


class SetPasswordForm(OurWords, account.SetPasswordForm):  # type: ignore[misc]
    """A first password."""


class ConfirmPasswordForm(OurWords, account.ReauthenticateForm):  # type: ignore[misc]
    """The password again, before what matters."""


class CodeForm(OurWords, factors.AuthenticateForm):  # type: ignore[misc]
    """The code of a second factor."""


class ConfirmCodeForm(OurWords, factors.ReauthenticateForm):  # type: ignore[misc]
    """The code again, before what matters."""


class ActivateCodesForm(OurWords, ActivateTOTPForm):  # type: ignore[misc]
    """The first code of an application."""


class AddPasskeyForm(OurWords, webauthn.AddWebAuthnForm):  # type: ignore[misc]
    """A passkey to add."""


class RenamePasskeyForm(OurWords, webauthn.EditWebAuthnForm):  # type: ignore[misc]
    """Another name for a passkey."""


class ProviderSignupForm(OurWords, BaseProviderSignupForm):  # type: ignore[misc]
    """The address that an identity provider did not give."""


class SignupForm(OurWords, account.SignupForm):  # type: ignore[misc]
    """Sign-up: a name, an address and a password; from an invitation, the address is the invited one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.invitation = find_followed_invitation(context.request)
        super().__init__(*args, **kwargs)
        self.fields["name"] = forms.CharField(
            label=say(NAME),
            help_text=say(NAME_HELP),
            max_length=120,
            widget=forms.TextInput(attrs={"autocomplete": "name"}),
        )
        self.order_fields(["name", "email", "password1"])
        if self.invitation is not None:
            self.fields["email"].initial = self.invitation.email
            self.fields["email"].widget.attrs["readonly"] = True

    def clean_email(self) -> str:
        """Return the address; that of the invitation for someone invited."""
        if self.invitation is not None:
            invited: str = self.validate_unique_email(self.invitation.email.lower())
            return invited
        email: str = super().clean_email()
        return email


class NameForm(forms.Form):
    """One's own name."""

    name = forms.CharField(max_length=120, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = say(NAME)
        self.fields["name"].help_text = say(NAME_HELP)


class OrganisationForm(forms.Form):
    """An organisation."""

    name = forms.CharField(max_length=160, widget=forms.TextInput(attrs={"autocomplete": "organization"}))
    kind = forms.ChoiceField()
    siren = forms.CharField(required=False, max_length=20, widget=forms.TextInput(attrs={"inputmode": "numeric"}))

    def __init__(self, *args: Any, organisation: Organisation | None = None, **kwargs: Any) -> None:
        if organisation is not None:
            kwargs["initial"] = {
                "name": organisation.name,
                "kind": organisation.kind,
                "siren": organisation.siren,
            }
        super().__init__(*args, **kwargs)
        self.fields["name"].label = say(Text("Name", "Nom"))
        kinds = self.fields["kind"]
        assert isinstance(kinds, forms.ChoiceField)
        kinds.label = say(Text("Kind", "Type"))
        kinds.choices = [(value, say(text)) for value, text in KIND_NAMES.items()]
        self.fields["siren"].label = say(Text("SIREN (optional)", "SIREN (facultatif)"))
        self.fields["siren"].help_text = say(
            Text(
                "Nine digits, found in the Annuaire des entreprises.",
                "Neuf chiffres, à lire dans l'Annuaire des entreprises.",
            )
        )

    def clean_name(self) -> str:
        """Return the name."""
        return check_field(check_organisation_name, self.cleaned_data["name"])

    def clean_siren(self) -> str:
        """Return the SIREN as nine digits, or nothing."""
        return check_field(check_siren, self.cleaned_data["siren"])


class RoleForm(forms.Form):
    """The role of a member."""

    role = forms.ChoiceField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = self.fields["role"]
        assert isinstance(roles, forms.ChoiceField)
        roles.label = say(Text("Role", "Rôle"))
        roles.choices = list_roles()


class InvitationForm(RoleForm):
    """An address and the role to offer it."""

    email = forms.EmailField(widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    field_order = ("email", "role")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = say(Text("E-mail address", "Adresse e-mail"))

    def clean_email(self) -> str:
        """Return the address in lower case."""
        return check_field(check_address, self.cleaned_data["email"])


class ConfirmForm(forms.Form):
    """A box to tick before what cannot be undone."""

    sure = forms.BooleanField()

    def __init__(self, *args: Any, sentence: Text, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sure"].label = say(sentence)
        self.fields["sure"].error_messages["required"] = say(
            Text("Tick this box to confirm.", "Cochez cette case pour confirmer.")
        )
