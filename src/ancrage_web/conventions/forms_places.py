"""The field of a commune: its name as people write it, or its INSEE code; no script is needed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, cast

from django import forms

from ancrage.language import Text
from ancrage_web.conventions.forms_life_fields import build_label
from ancrage_web.conventions.models import Basin, Convention
from ancrage_web.conventions.places import list_places
from ancrage_web.design.words import say
from ancrage_web.territories import queries as territories
from ancrage_web.territories.models import Commune
from ancrage_web.territories.search import build_key

_CODE = re.compile(r"\b(?:\d\d|2[AB])\d{3}\b", re.IGNORECASE)
MOST_PROPOSED = 8


class CommuneInput(forms.TextInput):
    """A line of text with the communes that are proposed."""

    template_name = "conventions/widgets/commune.html"

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "off"})
        self.places: list[str] = []

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Return what the template writes; the list of proposals has the identifier that the line names."""
        context = super().get_context(name, value, attrs)
        if self.places:
            context["widget"]["attrs"]["list"] = f"{context['widget']['attrs'].get('id', name)}_places"
            context["widget"]["places"] = self.places
        return context


class CommuneField(forms.CharField):
    """A commune, kept as its INSEE code; empty where nothing is written.

    Several communes have one name: the one in the basins of the convention is meant; otherwise those that may be meant
    are proposed with their codes.
    """

    widget = CommuneInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", build_label("Commune", "Commune"))
        kwargs.setdefault("required", False)
        kwargs.setdefault(
            "help_text",
            build_label("Its name, or its INSEE code (five characters).", "Son nom, ou son code INSEE (5 caractères)."),
        )
        super().__init__(max_length=160, **kwargs)
        self.near: frozenset[str] = frozenset()

    def propose(self, convention: Convention) -> None:
        """Propose the communes of the basins of a convention; two queries."""
        codes = {code for basin in Basin.objects.filter(convention=convention) for code in basin.communes}
        self.near = frozenset(codes)
        self._show(codes)

    def _show(self, codes: Iterable[str]) -> None:
        shown = [f"{place.name} ({place.code})" for place in list_places(list(codes))]
        # An instance, once the form is made.
        widget = cast(CommuneInput, self.widget)
        widget.places = list(dict.fromkeys([*shown, *widget.places]))

    def prepare_value(self, value: Any) -> Any:
        """Return the name beside a code that the site knows."""
        if isinstance(value, str) and _CODE.fullmatch(value.strip()):
            found = territories.find_commune(value.strip().upper())
            if found is not None:
                return f"{found.name} ({found.code})"
        return value

    def clean(self, value: Any) -> str:
        """Return the code of the commune written.

        Raises
        ------
        ValidationError
            If no commune is called so, or several: those that may be meant are named.
        """
        text: str = super().clean(value)
        if not text:
            return ""
        coded = _CODE.search(text)
        if coded is not None:
            return self._check_code(coded.group().upper())
        return self._find_named(text)

    def _check_code(self, code: str) -> str:
        # A site without the data of communes takes codes as they are.
        if not Commune.objects.filter(code=code).exists() and code not in self.near and Commune.objects.exists():
            raise forms.ValidationError(
                say(
                    Text(
                        f"No commune has the INSEE code {code}: check it, or write the name of the commune.",
                        f"Aucune commune n'a le code INSEE {code} : vérifiez-le, ou écrivez le nom de la commune.",
                    )
                )
            )
        return code

    def _find_named(self, text: str) -> str:
        alike = [each for each in territories.search(text, 4 * MOST_PROPOSED) if each.kind == "commune"]
        same = [each for each in alike if build_key(each.name) == build_key(text)]
        near = [each for each in same if each.code in self.near]
        meant = near or same
        if len(meant) == 1:
            return meant[0].code
        proposed = [f"{each.name} ({each.code})" for each in (meant or alike)[:MOST_PROPOSED]]
        self._show(each.code for each in (meant or alike)[:MOST_PROPOSED])
        if not proposed:
            raise forms.ValidationError(
                say(
                    Text(
                        f"No commune is called “{text}”: check the spelling, or write its INSEE code.",
                        f"Aucune commune ne s'appelle « {text} » : vérifiez l'orthographe, ou écrivez son code INSEE.",
                    )
                )
            )
        listed = ", ".join(proposed)
        if meant:
            said = Text(
                f"Several communes are called “{text}”. Copy the one that you mean: {listed}.",
                f"Plusieurs communes s'appellent « {text} ». Recopiez la bonne : {listed}.",
            )
        else:
            said = Text(
                f"No commune is called exactly “{text}”. Copy the one that you mean: {listed}.",
                f"Aucune commune ne s'appelle exactement « {text} ». Recopiez la bonne : {listed}.",
            )
        raise forms.ValidationError(say(said))
