"""Forms of accounts and organisations: they ask, the rules and the services decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.forms import SignupForm as BaseSignupForm
from allauth.core import context
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
    Role.ADMINISTRATOR: Text("also manages the members and reads the log", "gère aussi les membres et lit le journal"),
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


class SignupForm(BaseSignupForm):  # type: ignore[misc]
    """Sign-up: a name, an address and a password; from an invitation, the address is the invited one."""

    field_order = ("name", "email", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.invitation = find_followed_invitation(context.request)
        super().__init__(*args, **kwargs)
        self.fields["name"] = forms.CharField(
            label=say(NAME),
            help_text=say(NAME_HELP),
            max_length=120,
            widget=forms.TextInput(attrs={"autocomplete": "name"}),
        )
        self.order_fields(self.field_order)
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
