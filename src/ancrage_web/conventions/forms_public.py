"""The form of a firm that asks for aid, part by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from ancrage.errors import InputError
from ancrage.language import Text, format_date, format_money
from ancrage_web.accounts.rules import check_siren
from ancrage_web.conventions.forms_life_fields import AmountField, CountField, DayField, build_label
from ancrage_web.conventions.forms_places import CommuneField
from ancrage_web.conventions.models import Action, Convention
from ancrage_web.design.words import get_site_language, say

MOST_AIDS = 6


class StartForm(forms.Form):
    """The only personal data asked: an address."""

    email = forms.EmailField(
        label=build_label("Your e-mail address", "Votre adresse e-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=build_label(
            "You receive your personal link there. It is used for this request only.",
            "Vous y recevez votre lien personnel. Elle ne sert qu'à cette demande.",
        ),
    )


class PartForm(forms.Form):
    """One part of the request of a convention; `actions` are those that take requests."""

    def __init__(self, *args: Any, convention: Convention, actions: Sequence[Action], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actions = {str(action.pk): action for action in actions}
        commune = self.fields.get("commune")
        if isinstance(commune, CommuneField):
            commune.propose(convention)

    def list_values(self) -> list[tuple[Any, str]]:
        """Return the label and the value of what was written, in words."""
        values = []
        for bound in self:
            value = getattr(self, "cleaned_data", {}).get(bound.name, self.data.get(bound.name))
            if value not in (None, "") and bound.name != "complete":
                values.append((bound.label, self._write(bound.name, value)))
        return values

    def _write(self, name: str, value: Any) -> str:
        language = get_site_language()
        if name == "action" and value in self.actions:
            return self.actions[value].name
        if name == "commune":
            return str(self.fields[name].prepare_value(value))
        if isinstance(value, Decimal):
            return format_money(value, language)
        return format_date(value, language) if isinstance(value, date) else str(value)


class ProjectForm(PartForm):
    """What the project is."""

    action = forms.ChoiceField(
        label=build_label("Which aid", "Aide demandée"),
        widget=forms.RadioSelect,
    )
    title = forms.CharField(label=build_label("Title of your project", "Intitulé de votre projet"), max_length=200)
    description = forms.CharField(
        label=build_label("Your project in a few lines", "Votre projet en quelques lignes"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    commune = CommuneField(label=build_label("Commune of the project", "Commune du projet"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(key, action.name) for key, action in self.actions.items()]
        self.fields["action"].choices = choices  # type: ignore[attr-defined]


class FirmForm(PartForm):
    """Who asks."""

    siren = forms.CharField(
        label=build_label("SIREN", "SIREN"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text=build_label("The nine digits of your company.", "Les neuf chiffres de votre entreprise."),
    )
    name = forms.CharField(label=build_label("Name", "Nom ou raison sociale"), max_length=160)
    activity = forms.CharField(label=build_label("Activity", "Activité"), max_length=160, required=False)
    employees = CountField(label=build_label("Employees", "Effectif salarié"))
    undertaking = forms.CharField(
        label=build_label("Group or linked companies", "Groupe ou sociétés liées"),
        max_length=160,
        required=False,
        help_text=build_label(
            "The name of the group, if your company is linked to others; else leave it empty.",
            "Le nom du groupe, si votre entreprise est liée à d'autres ; sinon laissez vide.",
        ),
    )

    def clean_siren(self) -> str:
        """Return nine digits."""
        try:
            return check_siren(self.cleaned_data["siren"])
        except InputError as error:
            raise forms.ValidationError(say(error.text)) from error


class JobsForm(PartForm):
    """The jobs promised."""

    jobs_created = CountField(label=build_label("Jobs that you will create", "Emplois que vous créerez"), empty=0)
    jobs_maintained = CountField(label=build_label("Jobs that you will keep", "Emplois que vous maintiendrez"), empty=0)


class MoneyForm(PartForm):
    """What the project costs, and what is asked for."""

    project_cost = AmountField(label=build_label("Cost of the project (€)", "Coût du projet (€)"), required=True)
    amount_asked = AmountField(label=build_label("Aid asked for (€)", "Aide demandée (€)"), required=True)

    def clean_amount_asked(self) -> Decimal:
        """Return an amount above zero."""
        amount: Decimal = self.cleaned_data["amount_asked"]
        if amount <= 0:
            raise forms.ValidationError(say(Text("Give an amount above zero.", "Donnez un montant au-dessus de zéro.")))
        return amount


class AidsForm(PartForm):
    """De minimis aids of the last three years."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for place in range(1, MOST_AIDS + 1):
            self.fields[f"granted_{place}"] = DayField(
                label=say(Text(f"Aid {place}: granted on", f"Aide {place} : accordée le"))
            )
            self.fields[f"amount_{place}"] = AmountField(label=say(Text("amount (€)", "montant (€)")))
            self.fields[f"source_{place}"] = forms.CharField(
                label=say(Text("granted by", "accordée par")), max_length=160, required=False
            )
        self.fields["complete"] = forms.BooleanField(
            label=say(
                Text(
                    "I declare every de minimis aid that my company and its linked companies received over the last "
                    "three years (none if nothing is written above).",
                    "Je déclare toutes les aides de minimis reçues depuis trois ans par mon entreprise et ses sociétés "
                    "liées (aucune si rien n'est écrit ci-dessus).",
                )
            )
        )

    def clean(self) -> dict[str, Any]:
        """Check that each aid is whole and past."""
        cleaned = super().clean() or self.cleaned_data
        for place in range(1, MOST_AIDS + 1):
            day, amount, source = (cleaned.get(f"{name}_{place}") for name in ("granted", "amount", "source"))
            if any((day, amount, source)) and not (day and amount and source):
                text = Text(
                    "Give the day, the amount and who granted it.", "Donnez la date, le montant et qui l'a accordée."
                )
                self.add_error(f"granted_{place}", say(text))
            elif day and day > timezone.localdate():
                self.add_error(f"granted_{place}", say(Text("This day is still to come.", "Cette date est à venir.")))
        return cleaned

    def list_aids(self) -> list[tuple[date, Decimal, str]]:
        """Return the aids declared: day, amount, source."""
        rows = [
            tuple(self.cleaned_data.get(f"{name}_{place}") for name in ("granted", "amount", "source"))
            for place in range(1, MOST_AIDS + 1)
        ]
        return [(day, amount, source) for day, amount, source in rows if day and amount and source]


PARTS: dict[str, tuple[Text, type[PartForm]]] = {
    "projet": (Text("Your project", "Votre projet"), ProjectForm),
    "entreprise": (Text("Your company", "Votre entreprise"), FirmForm),
    "emplois": (Text("Jobs", "Emplois"), JobsForm),
    "budget": (Text("Cost and aid", "Coût et aide"), MoneyForm),
    "minimis": (Text("De minimis aids received", "Aides de minimis reçues"), AidsForm),
}


def build_part(
    part: str, draft: Mapping[str, Any], convention: Convention, actions: Sequence[Action], *, check: bool = False
) -> PartForm:
    """Return the form of a part, filled with what is kept; bound to it where it is to be checked again."""
    kept = draft.get(part) or {}
    form = PARTS[part][1]
    if check:
        return form(kept, convention=convention, actions=actions)
    made = form(convention=convention, actions=actions)
    # Amounts are kept as plain text: shown as the language of the page writes them.
    made.initial = {
        name: Decimal(value) if isinstance(made.fields.get(name), AmountField) and value else value
        for name, value in kept.items()
    }
    return made


def pack_part(form: PartForm) -> dict[str, Any]:
    """Return what was typed and is right, as plain values that the same form reads again."""
    packed: dict[str, Any] = {}
    for name, value in form.cleaned_data.items():
        if isinstance(value, date):
            packed[name] = value.isoformat()
        elif isinstance(value, Decimal):
            packed[name] = str(value)
        else:
            packed[name] = value
    return packed
