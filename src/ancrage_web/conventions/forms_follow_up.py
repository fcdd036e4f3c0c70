"""Forms of the jobs register, of the engineering and of the uses considered for the residual."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from ancrage.conventions.jobs import STAGE_NAMES
from ancrage.conventions.residual import UNIT_NAMES
from ancrage.language import Text
from ancrage_web.conventions.enums import ACTION_NAMES, CONTRACT_NAMES
from ancrage_web.conventions.forms_life_fields import AmountField
from ancrage_web.conventions.models import Action, Convention, Request
from ancrage_web.conventions.queries.documents import list_shown_documents
from ancrage_web.conventions.services.jobs import MOST_AT_ONCE
from ancrage_web.design.words import say_later


def _label(en: str, fr: str) -> Any:
    return say_later(Text(en, fr))


def _date(en: str, fr: str, **kwargs: Any) -> forms.DateField:
    return forms.DateField(
        label=_label(en, fr),
        required=kwargs.pop("required", False),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        **kwargs,
    )


_CONTRACTS = [(key, say_later(name)) for key, name in CONTRACT_NAMES.items()]


class _Choice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A row of the convention; the list is given when the form is made."""

    def __init__(self, en: str, fr: str, **kwargs: Any) -> None:
        super().__init__(queryset=None, required=False, label=_label(en, fr), **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        """Return the words of a row."""
        if isinstance(obj, Request):
            return f"n° {obj.number} · {obj.title or obj.beneficiary or ''}"
        return str(obj)


class ProofForm(forms.Form):
    """A document of the convention, or a new file that becomes one."""

    proof = _Choice("Document already there", "Pièce déjà déposée")
    proof_file = forms.FileField(
        label=_label("or a new file", "ou un nouveau fichier"),
        required=False,
        help_text=_label(
            "Hide the names in what proves a job: a post is followed, never a person.",
            "Masquez les noms sur un justificatif d'emploi : un poste est suivi, jamais une personne.",
        ),
    )

    def __init__(self, convention: Convention, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["proof"].queryset = list_shown_documents(convention)  # type: ignore[attr-defined]


class JobForm(ProofForm):
    """A post of the register."""

    label = forms.CharField(
        label=_label("What the post is", "Intitulé du poste"),
        max_length=160,
        help_text=_label(
            'A trade or a workshop, for example "fitter, second shift". Never the name of who holds it.',
            "Un métier ou un atelier, par exemple « ajusteur, équipe du soir ». Jamais le nom de qui l'occupe.",
        ),
    )
    number = forms.IntegerField(
        label=_label("How many identical posts", "Nombre de postes identiques"),
        min_value=1,
        max_value=MOST_AT_ONCE,
        initial=1,
    )
    kept = forms.BooleanField(
        label=_label("Existing post, maintained", "Poste existant, maintenu"),
        required=False,
        help_text=_label("Leave empty for a new post.", "Laissez vide pour un poste créé."),
    )
    fte = AmountField(
        label=_label("Full-time equivalent of one post", "Équivalent temps plein d'un poste"),
        required=True,
        initial=Decimal(1),
    )
    contract = forms.ChoiceField(
        label=_label("Contract", "Contrat"),
        required=False,
        choices=[
            ("", _label("not known yet", "pas encore connu")),
            *((k, say_later(v)) for k, v in CONTRACT_NAMES.items()),
        ],
    )
    request = _Choice("Request of aid", "Demande d'aide")
    action = _Choice("Action", "Action")
    commune = forms.RegexField(
        r"^[0-9AB]{5}$",
        label=_label("Commune (INSEE code)", "Commune (code Insee)"),
        required=False,
        error_messages={
            "invalid": _label(
                "An INSEE code has five characters, for example 59350: it is not the postcode.",
                "Un code Insee a cinq caractères, par exemple 59350 : ce n'est pas le code postal.",
            )
        },
    )
    sector = forms.CharField(label=_label("Sector", "Secteur"), max_length=160, required=False)
    programmed_on = _date("Programmed on (project sheet)", "Programmé le (fiche projet)")
    committed_on = _date("Committed on (decision)", "Engagé le (décision)")
    hired_on = _date(
        "Started on (contract, or proof that it is maintained)", "Commencé le (contrat ou maintien prouvé)"
    )
    left_on = _date("Ended on", "Terminé le")
    seen_at = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, convention: Convention, *args: Any, changing: bool = False, **kwargs: Any) -> None:
        super().__init__(convention, *args, **kwargs)
        requests = Request.objects.filter(convention=convention).select_related("beneficiary")
        self.fields["request"].queryset = requests  # type: ignore[attr-defined]
        self.fields["action"].queryset = Action.objects.filter(convention=convention)  # type: ignore[attr-defined]
        if changing:
            del self.fields["number"]
        order = [name for name in self.fields if name not in ("proof", "proof_file")]
        self.order_fields([*order, "proof", "proof_file"])


class JobFilter(forms.Form):
    """What is shown of the register."""

    action = _Choice("Action", "Action", empty_label=_label("All", "Toutes"))
    request = _Choice("Request", "Demande", empty_label=_label("All", "Toutes"))
    commune = forms.CharField(
        label=_label("Commune (INSEE code)", "Commune (code Insee)"), max_length=5, required=False
    )
    contract = forms.ChoiceField(
        label=_label("Contract", "Contrat"),
        required=False,
        choices=[("", _label("All", "Tous")), *_CONTRACTS],
    )
    stage = forms.ChoiceField(
        label=_label("Stage", "Étape"),
        required=False,
        choices=[("", _label("All", "Toutes")), *((k, say_later(v)) for k, v in STAGE_NAMES.items())],
    )
    on = _date("Counted on", "Compté au")

    def __init__(self, convention: Convention, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["action"].queryset = Action.objects.filter(convention=convention)  # type: ignore[attr-defined]
        requests = Request.objects.filter(convention=convention).select_related("beneficiary")
        self.fields["request"].queryset = requests  # type: ignore[attr-defined]


class WorkForm(ProofForm):
    """Work of a provider."""

    provider = forms.CharField(label=_label("Provider (a body)", "Prestataire (un organisme)"), max_length=160)
    on = _date("Day, or last day of the period", "Jour, ou dernier jour de la période", required=True)
    days = AmountField(
        label=_label("Person-days", "Jours-personnes"),
        required=True,
        digits=4,
    )
    amount = AmountField(
        label=_label("Amount (EUR)", "Montant (€)"),
        required=True,
    )
    label = forms.CharField(
        label=_label("What was done", "Objet"),
        max_length=200,
        help_text=_label(
            "For example: visits of firms, instruction of requests, committee.",
            "Par exemple : visites d'entreprises, instruction des demandes, comité.",
        ),
    )
    action = _Choice("Action", "Action")

    def __init__(self, convention: Convention, *args: Any, **kwargs: Any) -> None:
        super().__init__(convention, *args, **kwargs)
        self.fields["action"].queryset = Action.objects.filter(convention=convention)  # type: ignore[attr-defined]
        self.order_fields(["provider", "on", "days", "amount", "label", "action", "proof", "proof_file"])


class CandidateForm(forms.Form):
    """A use of the residual, typed by hand."""

    kind = forms.ChoiceField(
        label=_label("What it pays for", "Nature"),
        choices=[(key, say_later(name)) for key, name in ACTION_NAMES.items()],
        initial="coaching",
    )
    name = forms.CharField(label=_label("Name", "Nom"), max_length=160)
    cost = AmountField(
        label=_label("Asked of the convention (EUR)", "Demandé à la convention (€)"),
        required=True,
    )
    value = AmountField(label=_label("Yearly value", "Valeur annuelle"), required=True)
    unit = forms.ChoiceField(
        label=_label("Unit of the value", "Unité de la valeur"),
        choices=[(key, say_later(name)) for key, name in UNIT_NAMES.items()],
        help_text=_label(
            "Uses are only compared with those of the same unit.",
            "Un emploi n'est comparé qu'à ceux de la même unité.",
        ),
    )
    ground = forms.CharField(
        label=_label("Where the value comes from", "Justification de la valeur"),
        max_length=300,
        help_text=_label(
            "A study, an evaluation, or a hypothesis said as such.",
            "Une étude, une évaluation, ou une hypothèse annoncée comme telle.",
        ),
    )
    commune = forms.RegexField(
        r"^[0-9AB]{5}$",
        label=_label("Commune (INSEE code)", "Commune (code Insee)"),
        required=False,
        help_text=_label("Outside the basins, it is refused.", "Hors des bassins, l'emploi est refusé."),
    )
    ready_by = _date("Can be committed by", "Engageable au plus tard le")
