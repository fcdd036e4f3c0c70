"""Forms of studies, shares and hand-overs; words in both languages, numbers as a French reader types them."""

from __future__ import annotations

import math
import re
from typing import Any

from django import forms

from ancrage.language import Text
from ancrage_web.design.words import get_site_language, say, say_later


def build_label(en: str, fr: str) -> Any:
    """Return a label that is written when the page is made, in its language."""
    return say_later(Text(en, fr))


NAME_LENGTH = 160


def read_number(text: str) -> float | None:
    """Return the number that someone typed ("1 234,5" or "1234.5"), or None where it is no finite number.

    A lone comma is a decimal mark, as the keyboards of France write it.
    """
    compact = re.sub(r"[\s\u00a0\u202f]", "", text).replace("−", "-")
    if compact.count(",") == 1 and "." not in compact:
        compact = compact.replace(",", ".")
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", compact):
        return None
    number = float(compact)
    return number if math.isfinite(number) else None


def write_number(value: float | None) -> str:
    """Return a number as it is typed in a field: no thousands separator, a comma in French."""
    if value is None:
        return ""
    written = f"{value:.12g}"
    return written.replace(".", ",") if get_site_language() == "fr" else written


class NumberField(forms.Field):
    """A decimal number, typed with a comma or a point, with or without spaces.

    Parameters
    ----------
    whole : only whole numbers; minimum, maximum : bounds, both included; above : bound, excluded.
    """

    def __init__(
        self,
        *,
        whole: bool = False,
        minimum: float | None = None,
        maximum: float | None = None,
        above: float | None = None,
        **kwargs: Any,
    ) -> None:
        mode = "numeric" if whole else "decimal"
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": mode, "autocomplete": "off", "size": 10}))
        super().__init__(**kwargs)
        self.whole, self.minimum, self.maximum, self.above = whole, minimum, maximum, above

    def prepare_value(self, value: Any) -> Any:
        """Return what the field shows."""
        return write_number(value) if isinstance(value, int | float) and not isinstance(value, bool) else value

    def to_python(self, value: Any) -> float | int | None:
        """Return the number typed.

        Raises
        ------
        ValidationError
            Says what was typed, why it cannot be used and what to type.
        """
        if value in self.empty_values:
            return None
        number = value if isinstance(value, int | float) else read_number(str(value))
        if number is None or (self.whole and number != int(number)):
            kind = Text("a whole number", "un nombre entier") if self.whole else Text("a number", "un nombre")
            raise forms.ValidationError(
                say(
                    Text(
                        f"“{value}” is not {kind.en}: type digits only, for example 12.",
                        f"« {value} » n'est pas {kind.fr} : n'écrivez que des chiffres, par exemple 12.",
                    )
                )
            )
        self._check_bounds(float(number))
        return int(number) if self.whole else float(number)

    def _check_bounds(self, number: float) -> None:
        shown = write_number(number)
        if (self.minimum is not None and number < self.minimum) or (self.above is not None and number <= self.above):
            bound = write_number(self.minimum if self.above is None else self.above)
            en, fr = ("at least", "au moins") if self.above is None else ("more than", "plus de")
            text = Text(f"{shown} is too small: give {en} {bound}.", f"{shown} est trop petit : donnez {fr} {bound}.")
            raise forms.ValidationError(say(text))
        if self.maximum is not None and number > self.maximum:
            bound = write_number(self.maximum)
            text = Text(
                f"{shown} is too large: give at most {bound}.", f"{shown} est trop grand : donnez au plus {bound}."
            )
            raise forms.ValidationError(say(text))


def build_name_field(label: Any, **kwargs: Any) -> forms.CharField:
    """Build the field of a name, with the messages that say what to do."""
    return forms.CharField(
        label=label,
        max_length=NAME_LENGTH,
        error_messages={
            "required": build_label("The name is empty: give one.", "Le nom est vide : donnez-en un."),
            "max_length": build_label(
                f"This name is longer than {NAME_LENGTH} characters: shorten it.",
                f"Ce nom dépasse {NAME_LENGTH} caractères : raccourcissez-le.",
            ),
        },
        **kwargs,
    )


class StudyForm(forms.Form):
    """Name and notes of a study.

    `updated_at` is the state of the study that the person saw: a change made meanwhile is told.
    """

    name = build_name_field(build_label("Name of the study", "Nom de l'étude"))
    notes = forms.CharField(
        label=build_label("Notes", "Notes"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=build_label(
            "Context, commission, questions left open: what the next reader needs. Seen by the members of the "
            "organisation, not by those who hold a share link.",
            "Contexte, commande, questions en suspens : ce dont le prochain lecteur a besoin. Visible des membres de "
            "l'organisation, pas des personnes qui ont un lien de partage.",
        ),
    )
    updated_at = forms.CharField(required=False, widget=forms.HiddenInput)


class DuplicateForm(forms.Form):
    """Name of a copy."""

    name = build_name_field(build_label("Name of the copy", "Nom de la copie"))


class ConfirmForm(forms.Form):
    """A tick before something that cannot be undone."""

    sure = forms.BooleanField(
        label=build_label("I understand that this cannot be undone", "J'ai compris que c'est définitif"),
        error_messages={
            "required": build_label(
                "Nothing was deleted: tick the box to confirm.",
                "Rien n'a été supprimé : cochez la case pour confirmer.",
            )
        },
    )


class CommentForm(forms.Form):
    """A remark on a study, or on one of its scenarios."""

    text = forms.CharField(
        label=build_label("Your comment", "Votre commentaire"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": build_label(
                "The comment is empty: write something before sending it.",
                "Le commentaire est vide : écrivez quelque chose avant de l'envoyer.",
            ),
            "max_length": build_label(
                "This comment is longer than 5,000 characters: cut it in two.",
                "Ce commentaire dépasse 5 000 caractères : coupez-le en deux.",
            ),
        },
    )
    scenario = forms.UUIDField(required=False)


DURATIONS: tuple[tuple[int, Text], ...] = (
    (7, Text("one week", "une semaine")),
    (30, Text("one month", "un mois")),
    (90, Text("three months", "trois mois")),
    (365, Text("one year", "un an")),
)


class ShareForm(forms.Form):
    """How long a share link opens the study."""

    days = forms.TypedChoiceField(
        label=build_label("The link opens the study for", "Le lien ouvre l'étude pendant"),
        coerce=int,
        choices=[(days, build_label(text.en, text.fr)) for days, text in DURATIONS],
        initial=30,
    )


class HandOverForm(forms.Form):
    """Organisation that a study is offered to."""

    receiver = forms.SlugField(
        label=build_label("Identifier of the organisation", "Identifiant de l'organisation"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        help_text=build_label(
            "Its members find it in the address of their pages: /organisations/IDENTIFIER/.",
            "Ses membres le lisent dans l'adresse de leurs pages : /organisations/IDENTIFIANT/.",
        ),
        error_messages={
            "required": build_label(
                "Give the identifier of the organisation.", "Donnez l'identifiant de l'organisation."
            ),
            "invalid": build_label(
                "An identifier has only letters, digits and hyphens, for example cc-vallee: copy it from the address.",
                "Un identifiant n'a que des lettres, des chiffres et des tirets, par exemple cc-vallee : copiez-le "
                "depuis l'adresse.",
            ),
        },
    )
