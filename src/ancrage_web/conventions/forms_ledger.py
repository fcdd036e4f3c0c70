"""Forms of the ledger: filters, an entry split over funders, a reversal."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from ancrage.conventions import ledger
from ancrage.errors import InputError
from ancrage.language import Text, format_date
from ancrage_web.conventions.forms_documents import DocumentChoice
from ancrage_web.conventions.forms_life_fields import AmountField, DayField, build_label
from ancrage_web.conventions.models import Account, Action, Convention, Funder
from ancrage_web.conventions.services.ledger import LABEL_LENGTH
from ancrage_web.design.words import say, say_later

# What is written here; the others belong to requests of aid.
DIRECT: tuple[ledger.Kind, ...] = ("contribute", "withdraw", "plan", "unplan", "give_back")
SPLITS: dict[str, Text] = {
    "amounts": Text("in euros: one amount by funder", "en euros : un montant par financeur"),
    "shares": Text(
        "in percent of a total: the cents are shared out exactly",
        "en pourcentage d'un total : les centimes sont répartis exactement",
    ),
}


class EntryFilterForm(forms.Form):
    """Which entries are listed."""

    du = DayField(label=build_label("From", "Du"))
    au = DayField(label=build_label("Until", "Au"))
    type = forms.ChoiceField(
        label=build_label("Kind", "Type"),
        required=False,
        choices=[
            ("", build_label("All", "Tous")),
            *((kind, say_later(name)) for kind, name in ledger.KIND_NAMES.items()),
        ],
    )
    demande = forms.IntegerField(
        label=build_label("Request no.", "Demande n°"),
        required=False,
        min_value=1,
        max_value=1_000_000,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "size": 6}),
    )
    q = forms.CharField(label=build_label("Label or document", "Libellé ou pièce"), required=False, max_length=200)

    def __init__(self, *args: Any, actions: list[Action], funders: list[Funder], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label, rows in (
            ("action", build_label("Action", "Action"), actions),
            ("financeur", build_label("Funder", "Financeur"), funders),
        ):
            self.fields[name] = forms.ChoiceField(
                label=label,
                required=False,
                choices=[("", build_label("All", "Tous")), *((str(row.pk), row.name) for row in rows)],
            )


class EntryForm(DocumentChoice):
    """Money brought, given to an action, taken back or returned: one entry by funder that has a part in it."""

    kind = forms.ChoiceField(
        label=build_label("Kind of entry", "Type d'écriture"),
        choices=[(kind, say_later(ledger.KIND_NAMES[kind])) for kind in DIRECT],
    )
    on = DayField(
        label=build_label("Day it counts from", "Date d'effet"),
        required=True,
        error_messages={"required": build_label("Give the day of the entry.", "Donnez la date de l'écriture.")},
    )
    action = forms.ChoiceField(required=False, label=build_label("Action", "Action"))
    request = forms.ChoiceField(
        required=False,
        label=build_label("Request of aid (money given back)", "Demande d'aide (reversement)"),
    )
    split = forms.ChoiceField(
        label=build_label("Parts of the funders", "Parts des financeurs"),
        choices=[(key, say_later(name)) for key, name in SPLITS.items()],
        initial="amounts",
    )
    total = AmountField(
        label=build_label("Total to share out (€), for percentages", "Total à répartir (€), pour des pourcentages")
    )
    label = forms.CharField(label=build_label("Label", "Libellé"), required=False, max_length=LABEL_LENGTH)
    # Shown once the day asks for it.
    late = forms.BooleanField(
        label=build_label("Write it all the same", "Enregistrer tout de même cette écriture"), required=False
    )

    def __init__(
        self,
        *args: Any,
        convention: Convention,
        actions: list[Action],
        funders: list[Funder],
        paid: list[Account],
        frozen_on: date | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, convention=convention, **kwargs)
        self.frozen_on = frozen_on
        self.actions = {str(action.pk): action for action in actions}
        self.funders = {str(funder.pk): funder for funder in funders}
        self.requests = {str(account.request_id): account.request for account in paid if account.request is not None}
        self.fields["action"].choices = [("", "—"), *((key, a.name) for key, a in self.actions.items())]  # type: ignore[attr-defined]
        self.fields["request"].choices = [  # type: ignore[attr-defined]
            ("", "—"),
            *((key, f"n° {request.number} {request.title}") for key, request in self.requests.items()),
        ]
        for key, funder in self.funders.items():
            self.fields[f"part_{key}"] = AmountField(label=funder.name)
        last = ["document", "upload", "label", "late"]
        self.order_fields([name for name in self.fields if name not in last] + last)

    def list_parts(self) -> list[Any]:
        """Return the fields of the parts, one by funder."""
        return [self[f"part_{key}"] for key in self.funders]

    def clean(self) -> dict[str, Any]:
        """Ask for what the kind needs, and share the total out."""
        cleaned = super().clean()
        kind, on = cleaned.get("kind", ""), cleaned.get("on")
        if on is not None and self.frozen_on is not None and on <= self.frozen_on and not cleaned.get("late"):
            text = Text(
                f"A committee file is frozen at {format_date(self.frozen_on, 'en')}: it will not show this entry, the "
                "next file will. Correct the day, or tick the box.",
                f"Un dossier de comité est figé au {format_date(self.frozen_on, 'fr')} : il ne montrera pas cette "
                "écriture, le prochain la montrera. Corrigez la date, ou cochez la case.",
            )
            self.add_error("late", say(text))
        if kind in ("plan", "unplan", "give_back") and not cleaned.get("action") and "action" not in self.errors:
            self.add_error("action", say(Text("Choose the action.", "Choisissez l'action.")))
        if kind == "give_back" and not cleaned.get("request") and "request" not in self.errors:
            text = Text(
                "Choose the request whose beneficiary gives money back.",
                "Choisissez la demande dont le bénéficiaire reverse une somme.",
            )
            self.add_error("request", say(text))
        parts = {key: cleaned.get(f"part_{key}") or Decimal(0) for key in self.funders}
        if not any(f"part_{key}" in self.errors for key in self.funders):
            cleaned["parts"] = self._read_parts(cleaned, parts)
        return cleaned

    def _read_parts(self, cleaned: dict[str, Any], parts: dict[str, Decimal]) -> list[tuple[Funder, Decimal]]:
        if not any(parts.values()):
            text = Text("Give the part of one funder at least.", "Donnez la part d'un financeur au moins.")
            self.add_error(f"part_{next(iter(parts))}" if parts else None, say(text))
            return []
        if cleaned.get("split") != "shares":
            return [(self.funders[key], amount) for key, amount in parts.items() if amount]
        total = cleaned.get("total")
        if not total:
            if "total" not in self.errors:
                self.add_error("total", say(Text("Give the total to share out.", "Donnez le total à répartir.")))
            return []
        if sum(parts.values()) != 100:
            text = Text(
                f"The percentages add up to {sum(parts.values())}: make them add up to 100.",
                f"Les pourcentages font {sum(parts.values())} au total : ramenez-les à 100.",
            )
            self.add_error("split", say(text))
            return []
        try:
            amounts = ledger.split_amount(total, list(parts.values()))
        except InputError as error:
            self.add_error("total", say(error.text))
            return []
        return [(self.funders[key], amount) for key, amount in zip(parts, amounts, strict=True) if amount]


class ReversalForm(DocumentChoice):
    """Why and when an entry is undone."""

    on = DayField(
        label=build_label("Day of the reversal", "Date de la contre-passation"),
        required=True,
        error_messages={"required": build_label("Give the day of the reversal.", "Donnez la date.")},
    )
