"""Forms of the catalogue: a programme, a file to import, a firm to match."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.text import slugify

from ancrage.conventions.programme_sources import EVERY
from ancrage.conventions.programmes import NATURE_NAMES, STAGE_NAMES
from ancrage.conventions.project import ORIGIN_NAMES
from ancrage.language import Text
from ancrage_web.cofunding.forms import DecimalField, build_choices, build_label
from ancrage_web.design.words import say

# A table of 35,000 grants weighs about 8 MB.
MOST_BYTES = 30 * 1024 * 1024
_ORIGINS = {key: text for key, text in ORIGIN_NAMES.items() if key != "own"}


class ListField(forms.CharField):
    """Codes with commas in between; empty where nothing is said, "tous" where all are welcome."""

    def prepare_value(self, value: Any) -> Any:
        """Return what the field shows."""
        if isinstance(value, list):
            return ", ".join(value) if value else EVERY
        return value

    def clean(self, value: Any) -> Any:
        """Return the list, [] for all, None for nothing said."""
        written = super().clean(value).strip()
        if not written:
            return None
        if written.lower() in (EVERY, "toutes", "all"):
            return []
        return [part.strip() for part in re.split(r"[,|;]", written) if part.strip()]


class DayField(forms.DateField):
    """A day."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            input_formats=["%Y-%m-%d", "%d/%m/%Y"],
            error_messages={
                "invalid": build_label(
                    "This is not a day: write it as 2027-01-31.", "Ce n'est pas un jour : écrivez-le 31/01/2027."
                )
            },
            **kwargs,
        )


class ProgrammeForm(forms.Form):
    """A programme of the catalogue."""

    name = forms.CharField(label=build_label("Name", "Nom"), max_length=240)
    operator = forms.CharField(
        label=build_label("Body that runs it", "Organisme qui le porte"), max_length=240, required=False
    )
    nature = forms.ChoiceField(label=build_label("Nature", "Nature"), choices=build_choices(NATURE_NAMES))
    origin = forms.ChoiceField(
        label=build_label("Origin of the money", "Origine de l'argent"),
        choices=build_choices(_ORIGINS),
        initial="public",
        help_text=build_label(
            "Private money stands outside the base of the own share.",
            "L'argent privé est hors de l'assiette de la participation minimale.",
        ),
    )
    description = forms.CharField(
        label=build_label("Description", "Description"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    rate_max = DecimalField(
        label=build_label("Highest rate, %", "Taux maximal, %"),
        percent=True,
        required=False,
        help_text=build_label("Of the eligible expense.", "De la dépense éligible."),
    )
    ceiling = DecimalField(
        label=build_label("Ceiling, EUR", "Plafond, €"),
        required=False,
        help_text=build_label("Largest amount for one project.", "Montant maximal pour un projet."),
    )
    amount_text = forms.CharField(
        label=build_label("Amount in words", "Montant, en clair"),
        max_length=2000,
        required=False,
        help_text=build_label(
            "As the source writes it: shown in the lists.",
            "Comme l'écrit la source : c'est ce que montrent les listes.",
        ),
    )
    investment_only = forms.BooleanField(
        label=build_label("Pays investment only", "Ne paie que l'investissement"), required=False
    )
    detr = forms.BooleanField(
        label=build_label("It is the DETR grant (its rules are checked)", "C'est la DETR (ses règles sont vérifiées)"),
        required=False,
    )
    employees_min = forms.IntegerField(
        label=build_label("Least number of employees", "Effectif minimal"),
        required=False,
        min_value=0,
        max_value=999_999,
        help_text=build_label("0 for every size, empty if not said.", "0 pour toutes tailles, vide si non précisé."),
    )
    employees_max = forms.IntegerField(
        label=build_label("Largest number of employees", "Effectif maximal"),
        required=False,
        min_value=0,
        max_value=999_999,
        help_text=build_label("Empty without a limit.", "Vide s'il n'y a pas de limite."),
    )
    sectors = ListField(
        label=build_label("Beginnings of NAF codes", "Débuts de codes NAF"),
        required=False,
        max_length=2000,
        help_text=build_label(
            "Such as 10, 25.1; tous for every sector, empty if not said.",
            "Par exemple 10, 25.1 ; « tous » pour tous secteurs, vide si non précisé.",
        ),
    )
    places = ListField(
        label=build_label("Codes of places", "Codes des lieux"),
        required=False,
        max_length=2000,
        help_text=build_label(
            "Regions (R84), départements (77), EPCI (SIREN), communes; tous for the country, empty if not said.",
            "Régions (R84), départements (77), EPCI (SIREN), communes ; « tous » pour la France, vide si non précisé.",
        ),
    )
    stages = forms.MultipleChoiceField(
        label=build_label("Stages of the project", "Étapes du projet"),
        required=False,
        choices=[(EVERY, build_label("every stage", "toutes étapes")), *build_choices(STAGE_NAMES)],
        widget=forms.CheckboxSelectMultiple,
        help_text=build_label("None ticked if not said.", "Aucune cochée si non précisé."),
    )
    eligibility = forms.CharField(
        label=build_label("Other conditions", "Autres conditions"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    url = forms.URLField(
        label=build_label("Page of the programme", "Page du programme"),
        required=False,
        max_length=500,
        assume_scheme="https",
    )
    valid_until = DayField(label=build_label("Open until", "Ouvert jusqu'au"), required=False)
    source = forms.CharField(
        label=build_label("Where it was read", "Où l'information a été lue"), max_length=240, required=False
    )
    licence = forms.CharField(
        label=build_label("Licence of the source", "Licence de la source"), max_length=120, required=False
    )
    verified_on = DayField(
        label=build_label("Checked at its source on", "Vérifié à la source le"),
        required=False,
    )
    key = forms.CharField(
        label=build_label("Key", "Clé"),
        max_length=160,
        required=False,
        help_text=build_label(
            "An import replaces the programme that has the same key. Made from the name when empty.",
            "Un import remplace le programme qui a la même clé. Tirée du nom si elle est vide.",
        ),
    )

    @property
    def has_advanced(self) -> bool:
        """Whether something rare is written, or wrong."""
        names = ("origin", "detr", "licence", "key")
        wrong = self.is_bound and any(name in self.errors for name in names)
        return wrong or self["origin"].value() == "private" or bool(self["detr"].value())

    def clean_url(self) -> str:
        """Refuse what is not a page of the web.

        Raises
        ------
        ValidationError
            If the address is not http or https.
        """
        url = str(self.cleaned_data["url"])
        if url and not url.startswith(("https://", "http://")):
            raise forms.ValidationError(say(Text("Give an https:// address.", "Donnez une adresse https://.")))
        return url

    def build_fields(self) -> dict[str, Any]:
        """Return the fields of the programme."""
        given = dict(self.cleaned_data)
        given["key"] = given["key"].strip() or slugify(given["name"])[:160]
        stages = given["stages"]
        given["stages"] = [] if EVERY in stages else stages or None
        return given


class FileForm(forms.Form):
    """A CSV to check, then to import."""

    file = forms.FileField(
        label=build_label("CSV file", "Fichier CSV"),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
        error_messages={
            "required": build_label("No file is chosen: choose one.", "Aucun fichier choisi : choisissez-en un."),
            "empty": build_label("The file is empty: choose another.", "Le fichier est vide : choisissez-en un autre."),
        },
    )

    def read_text(self) -> str:
        """Return the text of the file, in UTF-8 or as a French spreadsheet of Windows writes it."""
        content: bytes = self.cleaned_data["file"].read()
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content.decode("cp1252", errors="replace")

    def clean_file(self) -> Any:
        """Refuse a file that is too large.

        Raises
        ------
        ValidationError
            Says the limit.
        """
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            text = Text(
                "The file is over 30 MB: cut it in several files.", "Le fichier dépasse 30 Mo : coupez-le en plusieurs."
            )
            raise forms.ValidationError(say(text))
        return file


class FirmForm(forms.Form):
    """What is known of a firm; every field may stay empty."""

    effectif = forms.IntegerField(
        label=build_label("Employees", "Effectif"), required=False, min_value=0, max_value=999_999
    )
    naf = forms.RegexField(
        label=build_label("NAF code", "Code NAF"),
        regex=r"^[0-9]{2}\.?[0-9]{0,2}[A-Za-z]?$",
        required=False,
        error_messages={"invalid": build_label("A NAF code is such as 25.11Z.", "Un code NAF s'écrit comme 25.11Z.")},
        widget=forms.TextInput(attrs={"size": 8}),
    )
    commune = forms.CharField(
        label=build_label("Commune or INSEE code", "Commune ou code INSEE"), required=False, max_length=120
    )
    etape = forms.ChoiceField(
        label=build_label("Stage of the project", "Étape du projet"),
        required=False,
        choices=[("", build_label("not said", "non précisée")), *build_choices(STAGE_NAMES)],
    )
    nature = forms.ChoiceField(
        label=build_label("Nature of the aid", "Nature de l'aide"),
        required=False,
        choices=[("", build_label("all", "toutes")), *build_choices(NATURE_NAMES)],
    )
