"""Forms of beneficiaries and of the de minimis aids they declare."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from ancrage.language import Text
from ancrage_web.conventions.forms_life_fields import AmountField, CountField, DayField, build_label
from ancrage_web.conventions.forms_places import CommuneField
from ancrage_web.design.words import say


class BeneficiaryForm(forms.Form):
    """Who a beneficiary is; the SIREN is asked once."""

    siren = forms.CharField(
        label=build_label("SIREN", "SIREN"),
        max_length=20,
        help_text=build_label(
            "Nine digits, as in the Annuaire des entreprises.", "Neuf chiffres, voir l'Annuaire des entreprises."
        ),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    name = forms.CharField(label=build_label("Name", "Nom"), max_length=160)
    commune = CommuneField()
    activity = forms.CharField(label=build_label("Activity", "Activité"), required=False, max_length=160)
    employees = CountField(label=build_label("Employees", "Effectif"))
    undertaking = forms.CharField(
        label=build_label("Single undertaking", "Entreprise unique"),
        required=False,
        max_length=160,
        help_text=build_label(
            "Linked companies (majority of votes, dominant influence) share the de minimis ceiling: give them the same "
            "name here. Left empty, the firm stands alone.",
            "Les sociétés liées (majorité des droits de vote, influence dominante) partagent le plafond de minimis : "
            "donnez-leur ici le même nom. Vide, l'entreprise est seule.",
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "undertakings"}),
    )

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            del self.fields["siren"]


class DeclaredAidForm(forms.Form):
    """A de minimis aid granted elsewhere."""

    granted_on = DayField(label=build_label("Granted on", "Accordée le"), required=True)
    amount = AmountField(label=build_label("Amount (€)", "Montant (€)"), required=True)
    source = forms.CharField(label=build_label("Granted by", "Accordée par"), max_length=160)

    def clean_granted_on(self) -> Any:
        """Return a day that is not to come."""
        day = self.cleaned_data["granted_on"]
        if day > timezone.localdate():
            raise forms.ValidationError(
                say(
                    Text(
                        "This day is still to come: write aids already granted.",
                        "Cette date est à venir : n'écrivez que les aides déjà accordées.",
                    )
                )
            )
        return day
