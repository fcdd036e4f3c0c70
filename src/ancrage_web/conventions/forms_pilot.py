"""Forms of the list, the partners, the remarks and the reminders."""

from __future__ import annotations

from typing import Any

from django import forms

from ancrage.conventions.life import ROLE_NAMES
from ancrage.language import Text
from ancrage_web.conventions.services.calendar import MOST_DAYS
from ancrage_web.conventions.services.remarks import REMARK_LENGTH
from ancrage_web.design.words import say_later


def _label(en: str, fr: str) -> Any:
    return say_later(Text(en, fr))


class PartnerForm(forms.Form):
    """Organisation that a convention is opened to, and its part."""

    receiver = forms.SlugField(
        label=_label("Identifier of the organisation", "Identifiant de l'organisation"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        help_text=_label(
            "Its members find it in the address of their pages: /organisations/IDENTIFIER/.",
            "Ses membres le lisent dans l'adresse de leurs pages : /organisations/IDENTIFIANT/.",
        ),
        error_messages={
            "required": _label("Give the identifier of the organisation.", "Donnez l'identifiant de l'organisation."),
            "invalid": _label(
                "An identifier has only letters, digits and hyphens, for example cc-vallee: copy it from the address.",
                "Un identifiant n'a que des lettres, des chiffres et des tirets, par exemple cc-vallee : copiez-le "
                "depuis l'adresse.",
            ),
        },
    )
    part = forms.ChoiceField(
        label=_label("Part it plays", "Rôle dans la convention"),
        choices=[(part, say_later(name)) for part, name in ROLE_NAMES.items()],
        help_text=_label(
            "A consultant or an EPCI changes the convention; the State and the company read it and make remarks.",
            "Un cabinet ou un EPCI modifie la convention ; l'État et l'entreprise la lisent et font des remarques.",
        ),
    )


class RemarkForm(forms.Form):
    """A remark on a convention, or on one of its requests of aid."""

    text = forms.CharField(
        label=_label("Your remark", "Votre remarque"),
        max_length=REMARK_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_label(
            "Read by every organisation that the convention is open to. Name no person without their agreement.",
            "Lue par toutes les organisations auxquelles la convention est ouverte. Ne citez personne sans son accord.",
        ),
        error_messages={
            "required": _label(
                "The remark is empty: write something before sending it.",
                "La remarque est vide : écrivez quelque chose avant de l'envoyer.",
            ),
            "max_length": _label(
                "This remark is longer than 5,000 characters: cut it in two.",
                "Cette remarque dépasse 5 000 caractères : coupez-la en deux.",
            ),
        },
    )


class ReminderForm(forms.Form):
    """How many days before each deadline an e-mail is sent."""

    days_before = forms.IntegerField(
        label=_label("Days before each deadline", "Jours avant chaque échéance"),
        min_value=1,
        max_value=MOST_DAYS,
        initial=15,
        widget=forms.NumberInput(attrs={"min": 1, "max": MOST_DAYS, "size": 4}),
        error_messages={
            "required": _label("Give a number of days, for example 15.", "Donnez un nombre de jours, par exemple 15."),
            "invalid": _label(
                "Give a whole number of days, for example 15.", "Donnez un nombre entier, par exemple 15."
            ),
            "min_value": _label(f"Choose from 1 to {MOST_DAYS} days.", f"Choisissez de 1 à {MOST_DAYS} jours."),
            "max_value": _label(f"Choose from 1 to {MOST_DAYS} days.", f"Choisissez de 1 à {MOST_DAYS} jours."),
        },
    )


class DeleteForm(forms.Form):
    """A tick before a deletion."""

    sure = forms.BooleanField(
        label=_label("I understand that this cannot be undone", "J'ai compris que c'est définitif"),
        error_messages={
            "required": _label(
                "Nothing was deleted: tick the box to confirm.",
                "Rien n'a été supprimé : cochez la case pour confirmer.",
            )
        },
    )
