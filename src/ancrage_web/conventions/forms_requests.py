"""Forms of requests of aid: the project sheet, and what each step of their life asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.utils import timezone

from ancrage.conventions import requests
from ancrage.errors import InputError
from ancrage.language import Text, format_money
from ancrage_web.accounts.rules import check_siren
from ancrage_web.conventions.enums import OUTCOME_NAMES, DocumentKind, Outcome
from ancrage_web.conventions.forms_life_fields import AmountField, CountField, DayField, build_label
from ancrage_web.conventions.forms_places import CommuneField
from ancrage_web.conventions.models import Action, Convention, Document, Funder
from ancrage_web.design.words import get_site_language, say

BASIS_HELP = build_label(
    "Needed when the aid is not counted as de minimis: block exemption regulation, approved scheme, private money of "
    "the company outside State aid...",
    "Nécessaire quand l'aide n'est pas comptée de minimis : régime exempté, régime notifié, argent privé de "
    "l'entreprise hors aide d'État...",
)
EQUIVALENT_HELP = build_label(
    "Of a loan or a guarantee: what counts as aid. Left empty, the whole amount counts (careful assumption).",
    "D'un prêt ou d'une garantie : ce qui compte comme aide. Vide, tout le montant est compté (hypothèse prudente).",
)


class BasisForm(forms.Form):
    """On which legal basis an aid is given."""

    de_minimis = forms.BooleanField(
        label=build_label("Counted as a de minimis aid", "Comptée comme aide de minimis"), required=False
    )
    other_basis = forms.CharField(
        label=build_label("Other legal basis", "Autre base juridique"),
        required=False,
        max_length=400,
        help_text=BASIS_HELP,
    )
    grant_equivalent = AmountField(
        label=build_label("Grant equivalent (€)", "Équivalent-subvention brut (€)"), help_text=EQUIVALENT_HELP
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class SheetForm(BasisForm):
    """The project sheet of a request, written by the manager."""

    siren = forms.CharField(
        label=build_label("SIREN of the beneficiary", "SIREN du bénéficiaire"),
        required=False,
        max_length=20,
        help_text=build_label(
            "Nine digits, as in the Annuaire des entreprises.", "Neuf chiffres, voir l'Annuaire des entreprises."
        ),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "list": "known"}),
    )
    beneficiary_name = forms.CharField(
        label=build_label("Name of the beneficiary", "Nom du bénéficiaire"),
        required=False,
        max_length=160,
        help_text=build_label("Only for a SIREN that is not known yet.", "Seulement pour un SIREN encore inconnu."),
    )
    title = forms.CharField(label=build_label("Title of the project", "Intitulé du projet"), max_length=200)
    description = forms.CharField(
        label=build_label("Description", "Description"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    action = forms.ChoiceField(label=build_label("Action of the convention", "Action de la convention"), required=False)
    nature = forms.ChoiceField(label=build_label("Nature of the aid", "Nature de l'aide"))
    commune = CommuneField(label=build_label("Commune of the project", "Commune du projet"))
    project_cost = AmountField(label=build_label("Cost of the project (€)", "Coût du projet (€)"))
    amount_asked = AmountField(label=build_label("Amount asked for (€)", "Montant demandé (€)"))
    jobs_created = CountField(label=build_label("Jobs to be created", "Emplois à créer"), empty=0)
    jobs_maintained = CountField(label=build_label("Jobs maintained", "Emplois maintenus"), empty=0)

    field_order = (
        "siren",
        "beneficiary_name",
        "title",
        "description",
        "action",
        "nature",
        "commune",
        "project_cost",
        "amount_asked",
        "jobs_created",
        "jobs_maintained",
        "de_minimis",
        "other_basis",
        "grant_equivalent",
    )

    def __init__(self, *args: Any, convention: Convention, actions: Sequence[Action], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(CommuneField, self.fields["commune"]).propose(convention)
        self.actions = {str(action.pk): action for action in actions}
        choices = [("", "—"), *((key, action.name) for key, action in self.actions.items())]
        self.fields["action"].choices = choices  # type: ignore[attr-defined]
        natures = [(key, say(name)) for key, name in requests.NATURE_NAMES.items()]
        self.fields["nature"].choices = natures  # type: ignore[attr-defined]

    def clean_siren(self) -> str:
        """Return nine digits, or nothing."""
        try:
            return check_siren(self.cleaned_data["siren"])
        except InputError as error:
            raise forms.ValidationError(say(error.text)) from error

    def clean_action(self) -> Action | None:
        """Return the action chosen."""
        return self.actions.get(self.cleaned_data["action"])


@dataclass(frozen=True)
class Step:
    """What a step of the life of a request asks, and how it is said.

    Attributes
    ----------
    statuses : in which it is offered; asks : "on", "document", "document?" (only where money moves), "reason",
        "shares" (with what is free, committed or paid), "decision".
    kind : of the document joined.
    """

    name: Text
    lead: Text
    statuses: frozenset[str]
    asks: tuple[str, ...]
    kind: str = DocumentKind.OTHER
    danger: bool = False


STEPS: dict[str, Step] = {
    "deposer": Step(
        Text("Submit", "Déposer"),
        Text(
            "The beneficiary gave this request on paper: it is submitted on their behalf.",
            "Le bénéficiaire a remis cette demande sur papier : vous la déposez pour lui.",
        ),
        frozenset({"draft", "returned"}),
        ("on",),
    ),
    "renvoyer": Step(
        Text("Send back to be completed", "Renvoyer à compléter"),
        Text("The beneficiary reads what you write.", "Le bénéficiaire lit ce que vous écrivez."),
        frozenset({"submitted"}),
        ("reason",),
    ),
    "instruire": Step(
        Text("Make ready for the committee", "Instruire pour le comité"),
        Text(
            "The amount that you propose to the committee is set aside, funder by funder.",
            "Le montant proposé au comité est réservé, financeur par financeur.",
        ),
        frozenset({"submitted"}),
        ("shares", "on", "document"),
    ),
    "reprendre": Step(
        Text("Take the instruction back", "Reprendre l'instruction"),
        Text(
            "The request leaves the committee's list; what was set aside is free again.",
            "La demande quitte l'ordre du jour du comité ; ce qui était réservé redevient libre.",
        ),
        frozenset({"instructed"}),
        ("on", "document"),
    ),
    "decider": Step(
        Text("Record the decision", "Enregistrer la décision"),
        Text(
            "A decision is usually recorded with the minutes of a committee. Here, it rests on a document: written "
            "consultation, decision of the prefect.",
            "La décision s'enregistre d'ordinaire avec le relevé du comité. Ici, elle repose sur une pièce : "
            "consultation écrite, décision du préfet.",
        ),
        frozenset({"instructed"}),
        ("decision", "on", "document"),
        DocumentKind.DECISION,
    ),
    "signer": Step(
        Text("Record the agreement", "Enregistrer la convention d'aide"),
        Text("Payments open with the signed agreement.", "La signature de la convention d'aide ouvre les paiements."),
        frozenset({"granted"}),
        ("on", "document"),
        DocumentKind.AGREEMENT,
    ),
    "payer": Step(
        Text("Record a payment", "Enregistrer un paiement"),
        Text(
            "A payment rests on a proof: invoice, contract, pay slip.",
            "Un paiement repose sur un justificatif : facture, contrat, bulletin.",
        ),
        frozenset({"agreed"}),
        ("shares", "on", "document"),
        DocumentKind.PROOF,
    ),
    "reverser": Step(
        Text("Record money given back", "Enregistrer un reversement"),
        Text(
            "What the beneficiary gives back is free again in the action.",
            "Ce que le bénéficiaire rend redevient libre dans l'action.",
        ),
        frozenset({"agreed", "ended"}),
        ("shares", "on", "document"),
        DocumentKind.TRANSFER,
    ),
    "solder": Step(
        Text("End the request", "Solder la demande"),
        Text(
            "What is committed and not paid goes back to the action. A document is needed when something is left.",
            "Ce qui est engagé et non payé revient à l'action. Une pièce est nécessaire s'il reste un montant.",
        ),
        frozenset({"agreed"}),
        ("on", "document?"),
    ),
    "retirer": Step(
        Text("Withdraw the request", "Retirer la demande"),
        Text(
            "The request is closed for good; what was set aside or committed is free again, with a document.",
            "La demande est close définitivement ; ce qui était réservé ou engagé redevient libre, sur une pièce.",
        ),
        frozenset({"draft", "submitted", "returned", "instructed", "granted"}),
        ("on", "document?"),
        danger=True,
    ),
}


class StepForm(forms.Form):
    """What a step asks; amounts by funder, a day that is not to come, a document known or new.

    Parameters
    ----------
    most : by funder, what can be written at most.
    """

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        step: Step,
        documents: Sequence[Document],
        most: Mapping[Funder, Decimal],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.step = step
        self.documents = {str(document.pk): document for document in documents}
        self.funders = {f"share_{place}": funder for place, funder in enumerate(most)}
        if "reason" in step.asks:
            self.fields["reason"] = forms.CharField(
                label=say(Text("What must be completed", "Ce qu'il faut compléter")),
                max_length=5000,
                widget=forms.Textarea(attrs={"rows": 5}),
            )
        if "decision" in step.asks:
            self.fields["outcome"] = forms.ChoiceField(
                label=say(Text("Decision", "Décision")),
                choices=[(key, say(name)) for key, name in OUTCOME_NAMES.items()],
            )
            self.fields["amount"] = AmountField(
                label=say(Text("Amount granted (€)", "Montant accordé (€)")),
                help_text=say(Text("Only when the aid is granted.", "Seulement si l'aide est accordée.")),
            )
            self.fields["conditions"] = forms.CharField(
                label=say(Text("Conditions or reasons", "Conditions ou motifs")),
                required=False,
                max_length=5000,
                widget=forms.Textarea(attrs={"rows": 4}),
                help_text=say(Text("The beneficiary reads them.", "Le bénéficiaire les lit.")),
            )
        if "shares" in step.asks:
            for name, funder in self.funders.items():
                left = format_money(most[funder], get_site_language())
                self.fields[name] = AmountField(
                    label=f"{funder.name} (€)", help_text=say(Text(f"{left} at most.", f"{left} au plus."))
                )
        if "on" in step.asks:
            self.fields["on"] = DayField(label=say(Text("Day", "Date")), required=True)
        if "document" in step.asks or "document?" in step.asks:
            self.fields["document"] = forms.ChoiceField(
                label=say(Text("Document already filed", "Pièce déjà déposée")),
                required=False,
                choices=[("", "—"), *((key, document.name) for key, document in self.documents.items())],
            )
            self.fields["upload"] = forms.FileField(
                label=say(Text("Or a new document", "Ou une nouvelle pièce")), required=False
            )

    def clean_on(self) -> Any:
        """Return a day that is not to come."""
        on = self.cleaned_data["on"]
        if on is not None and on > timezone.localdate():
            raise forms.ValidationError(
                say(
                    Text(
                        "This day is still to come: record what is done.",
                        "Cette date est à venir : enregistrez ce qui est fait.",
                    )
                )
            )
        return on

    def clean(self) -> dict[str, Any]:
        """Check that there is one document, and one only, where one is needed."""
        cleaned = super().clean() or self.cleaned_data
        if "document" in self.fields and not self.errors.keys() & {"document", "upload"}:
            given = bool(cleaned.get("document")) + bool(cleaned.get("upload"))
            if given == 2 or (given == 0 and "document" in self.step.asks):
                self.add_error(
                    "document",
                    say(
                        Text(
                            "Choose a document already filed, or join a new one: one of the two.",
                            "Choisissez une pièce déjà déposée ou joignez-en une nouvelle : l'une des deux.",
                        )
                    ),
                )
        wanted = "amount" in self.fields and cleaned.get("outcome") == Outcome.GRANTED
        if wanted and cleaned.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", say(Text("Give the amount granted.", "Donnez le montant accordé.")))
        return cleaned

    def list_shares(self) -> list[tuple[Funder, Decimal]]:
        """Return the amounts written, by funder."""
        return [(funder, self.cleaned_data.get(name) or Decimal(0)) for name, funder in self.funders.items()]
