"""Forms of a convention: its creation, its facts, its parties, its basins and its statuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from ancrage.conventions.life import WAY_NAMES
from ancrage.language import Text
from ancrage_web.conventions.enums import PARTY_NAMES
from ancrage_web.conventions.forms_life_fields import AmountField, CountField, DayField, build_label
from ancrage_web.conventions.rules import CONTRACTUAL, FIELD_NAMES, INSOLVENCY_NAMES, SIGNED
from ancrage_web.design.words import say, say_later

_HELP: dict[str, Text] = {
    "employees": Text("At the notification of the project.", "À la notification du projet."),
    "group_employees": Text("Company included; 0 without a group.", "Entreprise comprise ; 0 sans groupe."),
    "affects_basin": Text(
        "What the prefect says; it is no computation.", "C'est le préfet qui le constate, pas un calcul."
    ),
    "dismissed": Text("On the list of article L1233-47.", "Sur la liste de l'article L1233-47."),
    "redeployed_in_basin": Text(
        "In the company or its group, secured at the end of the consultation (D1233-43).",
        "Dans l'entreprise ou son groupe, reclassement acquis à la fin de la consultation (D1233-43).",
    ),
    "redeployed_elsewhere": Text(
        "Counts in a national framework only.", "Ne compte que pour une convention-cadre nationale."
    ),
    "refilled": Text(
        "Counts in a national framework with a rupture conventionnelle collective only.",
        "Ne compte que pour une convention-cadre nationale avec rupture conventionnelle collective.",
    ),
    "departements": Text(
        "From 3, a national framework is signed first.", "À partir de 3, une convention-cadre nationale précède."
    ),
    "notified_on": Text(
        "L1233-46: the six months to sign run from this day.",
        "L1233-46 : les six mois pour signer courent de ce jour.",
    ),
    "decided_on": Text("The time of the prefect runs from this day.", "Le délai du préfet court de ce jour."),
    "owed_since": Text("The company then has one month to choose.", "L'entreprise a ensuite un mois pour choisir."),
    "reference_on": Text(
        "The law does not say which day's minimum wage counts: the parties choose it.",
        "La loi ne dit pas le SMIC de quel jour s'applique : les parties le choisissent.",
    ),
    "multiple": Text("2 at least, 4 at most in practice.", "2 au moins, 4 au plus dans la pratique."),
    "amount": Text(
        "Leave empty to take the multiple; a written amount prevails over it.",
        "Laissez vide pour retenir le multiple ; un montant écrit l'emporte.",
    ),
    "unable": Text(
        "Less than the floor is possible for it alone, after the opinion of CODEFI or CIRI.",
        "Elle seule permet moins que le minimum, après avis du CODEFI ou du CIRI.",
    ),
    "ends_on": Text(
        "Three years at most without special circumstances.", "Trois ans au plus, sauf circonstances particulières."
    ),
    "follow_up": Text("Mandatory content (D1233-40, 5°).", "Contenu obligatoire (D1233-40, 5°)."),
    "notes": Text("Seen by everyone the convention is open to.", "Lues par tous ceux à qui la convention est ouverte."),
    "jobs_target": Text("Written in the convention.", "Inscrit dans la convention."),
}


@dataclass(frozen=True)
class Group:
    """Fields framed together."""

    key: str
    title: Text
    names: tuple[str, ...]


GROUPS: tuple[Group, ...] = (
    Group("general", Text("The convention", "La convention"), ("name", "way", "notes")),
    Group(
        "company",
        Text("The company", "L'entreprise"),
        ("employees", "group_employees", "insolvency", "affects_basin"),
    ),
    Group(
        "project",
        Text("The redundancy project", "Le projet de licenciement"),
        (
            "rcc",
            "dismissed",
            "redeployed_in_basin",
            "redeployed_elsewhere",
            "refilled",
            "departements",
            "notified_on",
            "decided_on",
            "owed_since",
            "option_on",
        ),
    ),
    Group(
        "obligation",
        Text("The contribution", "La contribution"),
        ("reference_on", "multiple", "amount", "unable", "opinion", "reduction_ground"),
    ),
    Group(
        "agreement",
        Text("Collective agreement instead", "Accord collectif à la place"),
        ("agreement_commitments", "agreement_requested_on"),
    ),
    Group(
        "text",
        Text("Signature, duration, follow-up", "Signature, durée, suivi"),
        (
            "framework_signed_on",
            "signed_on",
            "starts_on",
            "ends_on",
            "special_circumstances",
            "jobs_target",
            "follow_up",
        ),
    ),
)
_DAYS = frozenset(name for name in FIELD_NAMES if name.endswith("_on") or name == "owed_since")
_ZERO = frozenset({"group_employees", "redeployed_in_basin", "redeployed_elsewhere", "refilled"})


def build_fact_field(name: str) -> forms.Field:
    """Build the field of a fact; it carries the value that the person saw, so that only what they change is saved."""
    label, help_text = say_later(FIELD_NAMES[name]), say_later(_HELP[name]) if name in _HELP else ""
    about: dict[str, Any] = {"label": label, "help_text": help_text, "required": False, "show_hidden_initial": True}
    if name == "name":
        return forms.CharField(
            **{**about, "required": True},
            max_length=160,
            error_messages={"required": build_label("It is empty: give a name.", "Le nom est vide : donnez-en un.")},
        )
    if name in _DAYS:
        return DayField(**about)
    if name in ("rcc", "unable", "special_circumstances"):
        return forms.BooleanField(**about)
    if name in ("amount", "agreement_commitments"):
        return AmountField(**about)
    if name == "multiple":
        return AmountField(**about, decimals=3, digits=3)
    if name in ("notes", "reduction_ground", "follow_up"):
        return forms.CharField(**about, max_length=20_000, widget=forms.Textarea(attrs={"rows": 4}))
    if name in _CHOICES:
        return forms.TypedChoiceField(
            **about,
            choices=[(key, build_label(text.en, text.fr)) for key, text in _CHOICES[name]],
            coerce=_YES_NO.get if name == "affects_basin" else str,
            empty_value=None if name == "affects_basin" else "",
        )
    empty = 1 if name == "departements" else 0 if name in _ZERO else None
    return CountField(**about, empty=empty)


_YES_NO: dict[str, bool | None] = {"": None, "True": True, "False": False}
_CHOICES: dict[str, Sequence[tuple[str, Text]]] = {
    "way": tuple(WAY_NAMES.items()),
    "insolvency": tuple(INSOLVENCY_NAMES.items()),
    "affects_basin": (
        ("", Text("not known yet", "pas encore connu")),
        ("True", Text("yes: a contribution is owed", "oui : une contribution est due")),
        ("False", Text("no", "non")),
    ),
    "opinion": (("", Text("none", "aucun")), ("CODEFI", Text("CODEFI", "CODEFI")), ("CIRI", Text("CIRI", "CIRI"))),
}


class FactsForm(forms.Form):
    """Every fact that may still be typed, in groups; what the signed text fixes is shown apart."""

    def __init__(self, *args: Any, convention: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {name: getattr(convention, name) for name in FIELD_NAMES if name != "basins"})
        super().__init__(*args, **kwargs)
        self.locked = tuple(name for name in FIELD_NAMES if name != "basins" and is_locked(convention, name))
        for group in GROUPS:
            for name in group.names:
                if name not in self.locked:
                    self.fields[name] = build_fact_field(name)
        self.fields["version"] = forms.IntegerField(widget=forms.HiddenInput, initial=convention.version)

    @property
    def groups(self) -> list[dict[str, Any]]:
        """Return the groups of fields for the page."""
        found = []
        for group in GROUPS:
            names = [name for name in group.names if name in self.fields]
            if names:
                found.append({"key": group.key, "title": group.title, "fields": [self[name] for name in names]})
        return found

    def list_changes(self) -> dict[str, Any]:
        """Return what the person changed from what they saw."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name != "version"}


def is_locked(convention: Any, name: str) -> bool:
    """Say whether a fact can no longer be typed here (`rules.list_locked`)."""
    if convention.status == "closed":
        return name not in ("name", "notes")
    fixed = name in CONTRACTUAL or name == "way"
    return convention.status in SIGNED and fixed and getattr(convention, name) not in (None, "")


class CreateForm(forms.Form):
    """A new convention: what is known on the first day, all but the name optional."""

    name = build_fact_field("name")
    way = build_fact_field("way")
    company = forms.CharField(
        label=build_label("Company", "Entreprise"),
        required=False,
        max_length=160,
    )
    siret = forms.CharField(
        label=build_label("SIREN or SIRET", "SIREN ou SIRET"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": 18}),
        help_text=build_label(
            "9 or 14 digits; their control digit is checked.", "9 ou 14 chiffres ; leur clé de contrôle est vérifiée."
        ),
    )
    dismissed = build_fact_field("dismissed")
    redeployed_in_basin = build_fact_field("redeployed_in_basin")
    reference_on = build_fact_field("reference_on")
    multiple = build_fact_field("multiple")
    basin = forms.CharField(
        label=build_label("Name of the basin", "Nom du bassin"),
        required=False,
        max_length=160,
        help_text=build_label(
            "Needed with communes; other basins are added afterwards.",
            "À donner avec des communes ; d'autres bassins s'ajoutent ensuite.",
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = False

    def clean(self) -> dict[str, Any]:
        """Ask for the name of the company where its number is given."""
        cleaned = super().clean() or {}
        if cleaned.get("siret") and not cleaned.get("company"):
            self.add_error(
                "company",
                say(
                    Text(
                        "A number is given without a name: write the name of the company.",
                        "Un numéro est donné sans nom : écrivez le nom de l'entreprise.",
                    )
                ),
            )
        return cleaned


class PartyForm(forms.Form):
    """A party: what it is to the convention, its name, its number."""

    kind = forms.ChoiceField(
        label=build_label("Part", "Qualité"),
        choices=[(key, build_label(text.en, text.fr)) for key, text in PARTY_NAMES.items()],
    )
    name = forms.CharField(
        label=build_label("Name of the body", "Nom de l'organisme"),
        max_length=160,
        help_text=build_label("A body, never a person.", "Un organisme, jamais une personne."),
        error_messages={"required": build_label("It is empty: give a name.", "Le nom est vide : donnez-en un.")},
    )
    siret = forms.CharField(
        label=build_label("SIREN or SIRET", "SIREN ou SIRET"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": 18}),
        help_text=build_label(
            "9 or 14 digits. For an establishment of La Poste, whose numbers follow another rule, give the SIREN.",
            "9 ou 14 chiffres. Pour un établissement de La Poste, dont les numéros suivent une autre règle, donnez le "
            "SIREN.",
        ),
    )
    commune = forms.CharField(
        label=build_label("INSEE code of its commune", "Code INSEE de sa commune"),
        required=False,
        max_length=5,
        widget=forms.TextInput(attrs={"autocomplete": "off", "size": 6}),
    )


class StatusForm(forms.Form):
    """The next status, why, and the day it needs where it is not known."""

    status = forms.CharField(widget=forms.HiddenInput)
    on = DayField(label=build_label("Day", "Date"))
    reason = forms.CharField(
        label=build_label("Reason", "Motif"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=build_label(
            "Read by everyone the convention is open to.", "Lu par tous ceux à qui la convention est ouverte."
        ),
    )


class SimulateForm(forms.Form):
    """Number of jobs and day of reference of the simulator."""

    jobs = CountField(label=build_label("Jobs removed", "Emplois supprimés"))
    on = DayField(label=say_later(FIELD_NAMES["reference_on"]))
