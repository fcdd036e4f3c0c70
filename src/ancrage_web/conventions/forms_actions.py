"""Forms of actions and funders."""

from __future__ import annotations

from typing import Any

from django import forms

from ancrage_web.conventions.enums import ACTION_NAMES, FUNDER_NATURE_NAMES
from ancrage_web.conventions.forms_life_fields import AmountField, CountField, DayField, build_label
from ancrage_web.conventions.models import Action
from ancrage_web.conventions.rules import ACTION_FIELDS
from ancrage_web.conventions.services.actions import (
    FIELD_LABELS,
    FIELDS,
    NAME_LENGTH,
    TERMS_LENGTH,
    compute_state,
)
from ancrage_web.design.words import say_later


class ActionForm(forms.Form):
    """An action of a convention; what an amendment alone may change is not in it.

    Parameters
    ----------
    action : the action being changed, None for a new one; signed : the convention is signed.
    """

    kind = forms.ChoiceField(choices=[(kind, say_later(name)) for kind, name in ACTION_NAMES.items()])
    name = forms.CharField(
        max_length=NAME_LENGTH,
        error_messages={"required": build_label("The name is empty: give one.", "Le nom est vide : donnez-en un.")},
    )
    terms = forms.CharField(required=False, max_length=TERMS_LENGTH, widget=forms.Textarea(attrs={"rows": 4}))
    deadline = DayField()
    budget = AmountField()
    operator = forms.CharField(required=False, max_length=NAME_LENGTH)
    jobs_target = CountField()
    started_on = DayField()
    framework_document = forms.BooleanField(required=False)
    lent = AmountField(
        help_text=build_label(
            "Loans count for their cost, at most a share of the sums lent (R11).",
            "Les prêts comptent pour leur coût, dans la limite d'une part des sommes prêtées (R11).",
        )
    )
    loan_cost = AmountField()
    market_value = AmountField(
        help_text=build_label(
            "After the opinion of the tax administration (DDFiP).", "Après l'avis des domaines (DDFiP)."
        )
    )
    sale_price = AmountField()
    open_to_requests = forms.BooleanField(
        required=False,
        help_text=build_label(
            "Requests of aid can be made on this action.", "Des demandes d'aide peuvent porter sur cette action."
        ),
    )
    seen = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput)

    def __init__(self, *args: Any, action: Action | None = None, signed: bool = False, **kwargs: Any) -> None:
        if action is not None:
            kwargs["initial"] = {**{field: getattr(action, field) for field in FIELDS}, "seen": compute_state(action)}
        super().__init__(*args, **kwargs)
        for field, label in FIELD_LABELS.items():
            self.fields[field].label = say_later(label)
        if signed and action is not None:
            for field in ACTION_FIELDS:
                if getattr(action, field) not in (None, ""):
                    del self.fields[field]


class FunderForm(forms.Form):
    """A funder of a convention."""

    name = forms.CharField(
        label=build_label("Name of the funder", "Nom du financeur"),
        max_length=NAME_LENGTH,
        error_messages={"required": build_label("The name is empty: give one.", "Le nom est vide : donnez-en un.")},
    )
    nature = forms.ChoiceField(
        label=build_label("Whose money it is", "Nature de l'argent"),
        choices=[(nature, say_later(name)) for nature, name in FUNDER_NATURE_NAMES.items()],
        help_text=build_label(
            "It decides of State aid, and of the public base of a project that the convention helps.",
            "Elle décide du régime d'aide d'État et de l'assiette publique des projets aidés.",
        ),
    )
    seen = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput)
