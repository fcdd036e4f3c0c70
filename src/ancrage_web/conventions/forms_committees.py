"""Forms of committees: planning, preparation, freezing, minutes; the services decide."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from ancrage.language import Text, format_money
from ancrage_web.conventions.enums import COMMITTEE_NAMES, OUTCOME_NAMES, Outcome
from ancrage_web.conventions.models import Action, Committee, Document, Request
from ancrage_web.conventions.services.committees import NOTE_LENGTH, TEXT_LENGTH, DecisionDraft
from ancrage_web.design.words import get_site_language, say, say_later

_NO_DAY = Text("Give a day, for example 15/03/2026.", "Donnez une date, par exemple 15/03/2026.")


def read_money(text: str) -> Decimal | None:
    """Return an amount as people type it ("1 234,50", "1234.5", "1 234,50 €"), or None where it is none."""
    compact = re.sub(r"[\s\u00a0\u202f€]", "", text).replace(",", ".")
    try:
        amount = Decimal(compact)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _build_day(en: str, fr: str, *, required: bool = True, **options: Any) -> forms.DateField:
    return forms.DateField(
        label=say_later(Text(en, fr)),
        required=required,
        input_formats=["%Y-%m-%d", "%d/%m/%Y"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": say_later(_NO_DAY), "invalid": say_later(_NO_DAY)},
        **options,
    )


def _build_text(en: str, fr: str, length: int, *, rows: int = 4, required: bool = False, **help_text: Any) -> Any:
    empty = Text("This text is empty: write a few lines.", "Ce texte est vide : écrivez quelques lignes.")
    return forms.CharField(
        label=say_later(Text(en, fr)),
        required=required,
        max_length=length,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": say_later(empty)},
        **help_text,
    )


class CommitteeForm(forms.Form):
    """Day and kind of a committee, and the points of its agenda that are no request."""

    day = _build_day("Day of the committee", "Date du comité")
    kind = forms.ChoiceField(
        label=say_later(Text("What it looks at", "Nature du comité")),
        choices=[(key, say_later(name)) for key, name in COMMITTEE_NAMES.items()],
    )
    agenda = _build_text(
        "Other points of the agenda",
        "Autres points à l'ordre du jour",
        TEXT_LENGTH,
        help_text=say_later(
            Text(
                "One per line. The requests to decide are added by themselves when the file is frozen.",
                "Un par ligne. Les demandes à décider s'ajoutent d'elles-mêmes quand le dossier est figé.",
            )
        ),
    )


class PreparationForm(CommitteeForm):
    """The same, with a comment on each action and what becomes of the money left."""

    residual_note = _build_text(
        "What becomes of the money left",
        "Ce que devient le reliquat",
        NOTE_LENGTH,
        rows=3,
        help_text=say_later(
            Text(
                "Needed for the final balance where money is left.",
                "Nécessaire au bilan final s'il reste de l'argent.",
            )
        ),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, committee: Committee, actions: Sequence[Action], **kwargs: Any) -> None:
        kwargs["initial"] = {
            "day": committee.day,
            "kind": committee.kind,
            "agenda": committee.agenda,
            "residual_note": committee.residual_note,
            "version": committee.version,
            **{f"note_{action.pk}": committee.notes.get(str(action.pk), "") for action in actions},
        }
        super().__init__(*args, **kwargs)
        for action in actions:
            name = action.name
            self.fields[f"note_{action.pk}"] = _build_text(
                f"Comment on “{name}”", f"Commentaire sur « {name} »", NOTE_LENGTH, rows=3
            )

    def read_notes(self) -> dict[str, str]:
        """Return the comments typed, by identifier of the action."""
        return {
            name.removeprefix("note_"): text for name, text in self.cleaned_data.items() if name.startswith("note_")
        }


class FreezeForm(forms.Form):
    """Day of the figures."""

    on = _build_day(
        "Day of the figures",
        "Chiffres arrêtés au",
        help_text=say_later(
            Text("At the end of that day.", "À la fin de cette journée."),
        ),
    )


class SendingForm(forms.Form):
    """Day on which the report was sent."""

    sent_on = _build_day("Report sent on", "Bilan envoyé aux membres le", required=False)


class MinutesForm(forms.Form):
    """The decisions of a committee, request by request, the minutes and the signed document."""

    def __init__(
        self,
        *args: Any,
        requests: Sequence[tuple[Request, Decimal, bool]],
        documents: Iterable[Document],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.requests = tuple(requests)
        language = get_site_language()
        for request, proposed, planned in self.requests:
            choices = [(key, say(name)) for key, name in OUTCOME_NAMES.items()]
            if not planned:
                choices.insert(0, ("", say(Text("not examined", "non examinée"))))
            self.fields[f"outcome_{request.number}"] = forms.ChoiceField(
                label=say(Text("Decision", "Décision")),
                choices=choices,
                required=planned,
                widget=forms.RadioSelect,
                error_messages={
                    "required": say(
                        Text(
                            f"Request no. {request.number}: say what was decided.",
                            f"Demande n° {request.number} : indiquez la décision.",
                        )
                    )
                },
            )
            most = format_money(proposed, language)
            self.fields[f"amount_{request.number}"] = forms.CharField(
                label=say(Text("Amount granted (€)", "Montant accordé (€)")),
                required=False,
                max_length=30,
                widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
                help_text=say(Text(f"At most {most}, set aside.", f"Au plus {most}, mis en réserve.")),
                initial=f"{proposed:f}".replace(".", "," if language == "fr" else "."),
            )
            self.fields[f"conditions_{request.number}"] = forms.CharField(
                label=say(Text("Conditions or reasons", "Conditions ou motifs")),
                required=False,
                max_length=NOTE_LENGTH,
                widget=forms.Textarea(attrs={"rows": 2}),
            )
        self.fields["minutes"] = _build_text("Minutes", "Relevé de décisions", TEXT_LENGTH, rows=8, required=True)
        self.fields["existing"] = forms.ChoiceField(
            label=say(Text("Signed minutes: a document already filed", "Relevé signé : une pièce déjà déposée")),
            required=False,
            choices=[("", say(Text("none, I join a file", "aucune, je joins un fichier")))]
            + [(str(document.pk), document.name) for document in documents],
        )
        self.fields["upload"] = forms.FileField(
            label=say(Text("or a new file", "ou un nouveau fichier")),
            required=False,
            help_text=say(
                Text("It justifies the commitments of the ledger.", "Il justifie les engagements au registre.")
            ),
        )

    @property
    def rows(self) -> list[tuple[Request, Decimal, bool, BoundField, BoundField, BoundField]]:
        """Return each request with what is set aside, whether it was on the agenda, and its three fields."""
        return [
            (
                request,
                proposed,
                planned,
                self[f"outcome_{request.number}"],
                self[f"amount_{request.number}"],
                self[f"conditions_{request.number}"],
            )
            for request, proposed, planned in self.requests
        ]

    def clean(self) -> dict[str, Any]:
        """Check that each grant has an amount and that one document, and one only, is given."""
        cleaned: dict[str, Any] = super().clean() or {}
        for request, _, _ in self.requests:
            name = f"amount_{request.number}"
            if cleaned.get(f"outcome_{request.number}") != Outcome.GRANTED:
                cleaned[name] = None
                continue
            amount = read_money(cleaned.get(name) or "")
            if amount is None or amount <= 0:
                self.add_error(
                    name,
                    say(
                        Text(
                            f"Request no. {request.number} is granted: give its amount, for example 12,000.00.",
                            f"La demande n° {request.number} est accordée : donnez son montant, par exemple 12 000,00.",
                        )
                    ),
                )
            cleaned[name] = amount
        if bool(cleaned.get("existing")) == bool(cleaned.get("upload")):
            self.add_error(
                "upload",
                say(
                    Text(
                        "Join the signed minutes, or choose a document that is already filed: one of the two.",
                        "Joignez le relevé signé, ou choisissez une pièce déjà déposée : l'un des deux.",
                    )
                ),
            )
        return cleaned

    def read_decisions(self) -> list[DecisionDraft]:
        """Return the decisions typed; requests that were not examined have none."""
        data = self.cleaned_data
        return [
            DecisionDraft(
                request,
                data[f"outcome_{request.number}"],
                data[f"amount_{request.number}"],
                data[f"conditions_{request.number}"],
            )
            for request, _, _ in self.requests
            if data[f"outcome_{request.number}"]
        ]
