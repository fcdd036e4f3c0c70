"""The form of a scenario: every setting of a study, checked field by field before the service checks it again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import QueryDict

from ancrage.language import Text
from ancrage.study.settings import StudySettings
from ancrage_web.design.words import say
from ancrage_web.studies import forms_coefficients, forms_communes
from ancrage_web.studies.forms import NumberField, build_label, build_name_field
from ancrage_web.studies.forms_communes import CommuneRow, FloorRow

OBJECTIVES: dict[str, tuple[Text, Text]] = {
    "co2": (
        Text("Greenhouse gases", "Gaz à effet de serre"),
        Text(
            "The network that avoids most CO₂, after what the places themselves emit and part of the saving lost "
            "elsewhere.",
            "Le réseau qui évite le plus de CO₂, une fois retirés ce qu'émettent les lieux et la part du gain perdue "
            "ailleurs.",
        ),
    ),
    "km": (
        Text("Kilometres", "Kilomètres"),
        Text(
            "The network that takes most kilometres off the roads between home and work.",
            "Le réseau qui retire le plus de kilomètres des routes entre le domicile et le travail.",
        ),
    ),
    "hours": (
        Text("Time", "Temps"),
        Text(
            "The network that gives back most hours to residents who commute.",
            "Le réseau qui rend le plus d'heures aux habitants qui font la navette.",
        ),
    ),
    "value": (
        Text("Value for all", "Valeur pour tous"),
        Text(
            "The network that is worth most in euros once time, kilometres, CO₂ and public money are counted together.",
            "Le réseau qui vaut le plus en euros quand on compte ensemble le temps, les kilomètres, le CO₂ et l'argent "
            "public.",
        ),
    ),
}
PRESETS: dict[str, tuple[Text, Text]] = {
    "observed": (
        Text("As today", "Comme aujourd'hui"),
        Text("What surveys observe", "Ce que les enquêtes observent"),
    ),
    "central": (Text("Central", "Central"), Text("A reasonable step further", "Un pas de plus, raisonnable")),
    "ambition": (Text("Ambition", "Ambition"), Text("The goal of the project", "L'objectif du projet")),
}
MOST_DRAWS = 5000


def describe_preset(name: str) -> Text:
    """Return the note of a preset: its values in one sentence."""
    return forms_coefficients.load_bundled().list_presets()[name].note


class ScenarioForm(forms.Form):
    """Every setting of a scenario.

    Parameters
    ----------
    settings : stored settings, shown when nothing was posted; communes : of the study area, free.

    Attributes
    ----------
    communes, floors, groups : rows of the controls that no Django field holds.
    settings : after `is_valid`, what to save.
    """

    name = build_name_field(build_label("Name of the scenario", "Nom du scénario"))
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    base = forms.CharField(widget=forms.HiddenInput, required=False)
    objective = forms.ChoiceField(
        label=build_label("What the network should do best", "Ce que le réseau doit faire le mieux"),
        choices=[(key, build_label(name.en, name.fr)) for key, (name, _) in OBJECTIVES.items()],
        widget=forms.RadioSelect,
    )
    budget = NumberField(
        label=build_label("Yearly budget (EUR per year)", "Budget annuel (euros par an)"),
        required=False,
        above=0,
        maximum=1e9,
        help_text=build_label(
            "Net public cost allowed each year, once users have paid: rent, works spread over the loan, running costs, "
            "staff.",
            "Coût public net accepté chaque année, une fois les usagers passés à la caisse : loyer, travaux étalés sur "
            "l'emprunt, charges, animation.",
        ),
    )
    places = NumberField(
        label=build_label("Largest number of places", "Nombre de lieux au plus"),
        required=False,
        whole=True,
        minimum=1,
        maximum=1000,
        help_text=build_label("Existing places included.", "Lieux existants compris."),
    )
    preset = forms.ChoiceField(
        label=build_label("How much telework", "Quelle part de télétravail"),
        choices=[(key, build_label(name.en, name.fr)) for key, (name, _) in PRESETS.items()],
        widget=forms.RadioSelect,
    )
    keep_existing = forms.BooleanField(
        label=build_label("Keep the places already there", "Garder les lieux déjà là"),
        required=False,
        help_text=build_label(
            "They stay open outside of the budget, and the new places are chosen around them.",
            "Les lieux déjà là restent ouverts, hors du budget, et les nouveaux sont choisis autour d'eux.",
        ),
    )
    desks_min = NumberField(
        label=build_label("Fewest desks in a new place", "Postes au moins dans un nouveau lieu"),
        required=False,
        whole=True,
        minimum=1,
        maximum=500,
    )
    desks_max = NumberField(
        label=build_label("Most desks in a new place", "Postes au plus dans un nouveau lieu"),
        required=False,
        whole=True,
        minimum=1,
        maximum=1000,
    )
    draws = NumberField(
        label=build_label("Number of simulations", "Nombre de simulations"),
        whole=True,
        minimum=0,
        maximum=MOST_DRAWS,
        help_text=build_label(
            "Each simulation draws every uncertain coefficient between its low and high values; the intervals come "
            "from them. 0 gives no interval; 1,000 is a good choice.",
            "Chaque simulation tire chaque coefficient incertain entre ses valeurs basse et haute ; les intervalles en "
            "viennent. 0 : pas d'intervalle ; 1 000 est un bon choix.",
        ),
    )
    seed = NumberField(
        label=build_label("Seed of the simulations", "Graine des simulations"),
        whole=True,
        minimum=0,
        maximum=2**31,
        help_text=build_label(
            "The same seed gives the same draws: keep it to compare scenarios.",
            "La même graine donne les mêmes tirages : gardez-la pour comparer des scénarios.",
        ),
    )
    epsilon = NumberField(
        label=build_label(
            "Loss accepted by the alternatives (% of the best value)",
            "Perte acceptée par les variantes (% de la meilleure valeur)",
        ),
        above=0,
        maximum=99,
        help_text=build_label(
            "Other networks are looked for that lose at most this much.",
            "D'autres réseaux sont cherchés, qui perdent au plus cette part.",
        ),
    )
    alternatives = NumberField(
        label=build_label("Number of alternatives", "Nombre de variantes"), whole=True, minimum=0, maximum=20
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        name: str,
        version: int,
        settings: Mapping[str, Any],
        communes: Sequence[CommuneRow],
    ) -> None:
        initial = {**build_initial(settings), "name": name, "version": version}
        initial["base"] = json.dumps({"name": name, "settings": settings}, ensure_ascii=False, sort_keys=True)
        super().__init__(data, initial=initial)
        self.stored = settings
        self.communes = list(communes)
        self.settings: dict[str, Any] = {}
        self.unknown: tuple[str, ...] = ()
        self.coefficient_errors: dict[str, Text] = {}
        self.floors: list[FloorRow]
        if data is None:
            self.unknown = forms_communes.mark_choices(self.communes, settings)
            self.floors = forms_communes.build_floors(settings.get("floors", ()), self.communes)
        else:
            forms_communes.read_choices(self.communes, data)
            self.floors = forms_communes.read_floors(data)
        for field in self.fields.values():
            if isinstance(field, NumberField):
                field.error_messages["required"] = say(
                    Text("This field is empty: give a number.", "Ce champ est vide : donnez un nombre.")
                )

    @property
    def chosen_preset(self) -> str:
        """Return the preset in force in the page."""
        chosen = str(self.data.get("preset", "")) if self.is_bound else self.stored.get("preset", "central")
        return chosen if chosen in PRESETS else "central"

    @property
    def groups(self) -> list[forms_coefficients.CoefficientGroup]:
        """Return the fields of the coefficients, by topic."""
        return forms_coefficients.build_groups(
            self.chosen_preset,
            self.stored.get("parameters", {}),
            self.data if self.is_bound else None,
            self.coefficient_errors,
        )

    @property
    def changed_coefficients(self) -> int:
        """Return the number of coefficients whose default is replaced."""
        return sum(group.changed for group in self.groups)

    @property
    def chosen_count(self) -> int:
        """Return the number of communes kept or excluded."""
        return sum(row.choice != "free" for row in self.communes)

    @property
    def advanced_wrong(self) -> bool:
        """Return whether a field of the advanced settings was refused."""
        return self.is_bound and bool({"draws", "seed", "alternatives", "epsilon"} & set(self.errors))

    @property
    def size_defaults(self) -> dict[str, float]:
        """Return the default sizes of a place."""
        return {name: forms_coefficients.get_default(name).value for name in forms_coefficients.SIZES}

    def clean(self) -> dict[str, Any]:
        """Put the fields together into settings, and check what concerns several of them."""
        found = super().clean() or {}
        parameters, self.coefficient_errors = forms_coefficients.read_coefficients(self.chosen_preset, self.data)
        parameters.update(self._read_sizes(found))
        floors = forms_communes.check_floors(self.floors, self.communes)
        if found.get("budget") is None and found.get("places") is None and not {"budget", "places"} & set(self.errors):
            self.add_error(
                "budget",
                say(
                    Text(
                        "There is neither a budget nor a number of places: give one of them, or both.",
                        "Il n'y a ni budget ni nombre de lieux : donnez l'un des deux, ou les deux.",
                    )
                ),
            )
        for name, error in self.coefficient_errors.items():
            self.add_error(None, ValidationError(say(error), code=f"c-{name}-value"))
        for row in self.floors:
            for text in row.errors:
                self.add_error(None, ValidationError(text, code=f"floor-{row.number}-name"))
        # An empty field is left out; what the form does not show (from the API) stays as it was.
        settings = {key: value for key, value in self.stored.items() if key not in _SHOWN}
        settings |= {key: found.get(key) for key in _DIRECT if found.get(key) is not None}
        if found.get("epsilon") is not None:
            settings["epsilon"] = _keep_stored(self.stored.get("epsilon"), found["epsilon"] / 100)
        settings["keep"] = forms_communes.list_chosen(self.communes, "keep")
        settings["exclude"] = forms_communes.list_chosen(self.communes, "exclude")
        settings["parameters"] = parameters
        settings["floors"] = floors
        self.settings = settings
        return found

    def _read_sizes(self, found: Mapping[str, Any]) -> dict[str, Any]:
        stored = self.stored.get("parameters", {})
        sizes: dict[str, Any] = {}
        for name in forms_coefficients.SIZES:
            value = found.get(name)
            if value is None:
                continue
            given = stored.get(name)
            # An interval given through the API stays when its central value was not touched.
            central = given["value"] if isinstance(given, Mapping) else given
            sizes[name] = given if central == value else float(value)
        least = found.get("desks_min") or self.size_defaults["desks_min"]
        most = found.get("desks_max") or self.size_defaults["desks_max"]
        if least > most and not {"desks_min", "desks_max"} & set(self.errors):
            self.add_error(
                "desks_max",
                say(
                    Text(
                        f"A place cannot have at least {least:g} desks and at most {most:g}: correct one of the two.",
                        f"Un lieu ne peut pas avoir au moins {least:g} postes et au plus {most:g} : corrigez l'un des "
                        "deux.",
                    )
                ),
            )
        return sizes

    def list_problems(self) -> list[tuple[str, str]]:
        """Return (identifier of the control, sentence) for the summary of errors at the top of the page."""
        problems: list[tuple[str, str]] = []
        for name, errors in self.errors.as_data().items():
            for error in errors:
                where = f"id_{name}"
                if name == NON_FIELD_ERRORS:
                    where = error.code if error.code and error.code.startswith(("c-", "floor-")) else "content"
                elif isinstance(self.fields[name].widget, forms.RadioSelect):
                    where = f"id_{name}_0"
                problems += [(where, self._name_control(name, where) + message) for message in error.messages]
        return problems

    def _name_control(self, name: str, where: str) -> str:
        if name in self.fields:
            label = str(self.fields[name].label or "")
        elif where.startswith("c-"):
            found = forms_coefficients.get_default(where.removeprefix("c-").removesuffix("-value"))
            label = say(found.label).replace("CO2", "CO₂")
        else:
            return ""
        return f"{label} – "


_DIRECT = ("objective", "budget", "places", "preset", "keep_existing", "draws", "seed", "alternatives")
_SHOWN = frozenset({*_DIRECT, "epsilon", "keep", "exclude", "parameters", "floors"})


def _keep_stored(stored: Any, value: float) -> float:
    # 0.02 shown as 2 % must come back as 0.02, not as its neighbour.
    return float(stored) if stored is not None and abs(stored - value) < 1e-12 else value


def get_setting_default(name: str) -> Any:
    """Return the default of a field of the settings."""
    return StudySettings.model_fields[name].default


def build_initial(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the fields from stored settings."""
    initial = {name: settings.get(name, get_setting_default(name)) for name in _DIRECT}
    initial["epsilon"] = round(100 * settings.get("epsilon", get_setting_default("epsilon")), 10)
    for name in forms_coefficients.SIZES:
        given = settings.get("parameters", {}).get(name)
        initial[name] = given["value"] if isinstance(given, Mapping) else given
    return initial


def clear_coefficient(data: QueryDict, name: str) -> QueryDict:
    """Return what was posted with one coefficient back to its default; "*" clears them all."""
    cleared = data.copy()
    for found in forms_coefficients.list_study_coefficients():
        if name in ("*", found):
            for bound in forms_coefficients.BOUNDS:
                cleared[f"c-{found}-{bound}"] = ""
    return cleared


def add_floor(data: QueryDict) -> QueryDict:
    """Return what was posted with one more zone, empty."""
    grown = data.copy()
    count = len(forms_communes.read_floors(data))
    grown["floors"] = str(min(count + 1, forms_communes.MOST_FLOORS))
    return grown


def remove_floor(data: QueryDict, number: int) -> QueryDict:
    """Return what was posted without one zone."""
    rows = [row for row in forms_communes.read_floors(data) if row.number != number]
    kept = data.copy()
    for key in [key for key in kept if key.startswith("floor-")]:
        del kept[key]
    for place, row in enumerate(rows):
        kept[f"floor-{place}-name"], kept[f"floor-{place}-share"] = row.name, row.share
        kept.setlist(f"floor-{place}-communes", list(row.communes))
    kept["floors"] = str(len(rows))
    return kept
