"""The form of a new token."""

from __future__ import annotations

from typing import Any

from django import forms

from ancrage.language import Text
from ancrage_web.api.enums import SCOPE_NAMES, Scope
from ancrage_web.api.wording import describe
from ancrage_web.design.words import say

LIVES = {
    30: Text("30 days", "30 jours"),
    90: Text("90 days", "90 jours"),
    180: Text("180 days", "180 jours"),
    365: Text("One year", "Un an"),
}


class TokenForm(forms.Form):
    """Name, rights and life of a token."""

    name = forms.CharField(
        label=describe("Name", "Nom"),
        help_text=describe(
            "Which program uses it, for instance « Dashboard of the observatory ».",
            "Quel programme l'utilise, par exemple « Tableau de bord de l'observatoire ».",
        ),
        max_length=80,
    )
    scopes = forms.MultipleChoiceField(
        label=describe("Rights", "Droits"),
        help_text=describe("Give only what the program needs.", "Ne donnez que ce dont le programme a besoin."),
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(label=describe("Valid for", "Valable pendant"), coerce=int, initial=90)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes, days = self.fields["scopes"], self.fields["days"]
        assert isinstance(scopes, forms.MultipleChoiceField)
        assert isinstance(days, forms.TypedChoiceField)
        scopes.choices = [(scope.value, f"{say(SCOPE_NAMES[scope])} ({scope.value})") for scope in Scope]
        days.choices = [(number, say(life)) for number, life in LIVES.items()]
