"""What a parameter is: a value with its interval, unit, letter, source and dates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple, TypeAlias

from ancrage.errors import ParameterError
from ancrage.language import Language, Text

Letter: TypeAlias = Literal["S", "D", "A"]

LETTERS: dict[Letter, Text] = {
    "S": Text("sourced: read in the source named", "sourcé : lu dans la source citée"),
    "D": Text("derived: computed from sourced values", "dérivé : calculé à partir de valeurs sourcées"),
    "A": Text("assumption: to be replaced by a local survey", "hypothèse : à remplacer par une enquête locale"),
}

# Occupation classes of the census (CS1), and the coefficient that gives the share of their jobs open to telework.
TELE_SHARE_BY_CLASS: dict[int, str] = {
    1: "tele_share_agriculteurs",
    2: "tele_share_artisans_chefs",
    3: "tele_share_cadres",
    4: "tele_share_prof_inter",
    5: "tele_share_employes",
    6: "tele_share_ouvriers",
}


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit and the range of the values it can take.

    Attributes
    ----------
    label : how it is written for a reader.
    minimum, maximum : bounds, both included.
    """

    label: Text
    minimum: float = 0.0
    maximum: float = math.inf


# Every unit a parameter may use. None of the quantities below can be negative.
UNITS: dict[str, Unit] = {
    "share": Unit(Text("share", "part"), maximum=1.0),
    "share/year": Unit(Text("share per year", "part par an"), maximum=1.0),
    "x": Unit(Text("times", "fois")),
    "x straight line": Unit(Text("times the straight line", "fois le vol d'oiseau"), minimum=1.0),
    "day/week": Unit(Text("days/week", "jours/semaine"), maximum=7.0),
    "week/year": Unit(Text("weeks/year", "semaines/an"), maximum=53.0),
    "year": Unit(Text("years", "ans")),
    "month": Unit(Text("months", "mois")),
    "people": Unit(Text("people", "personnes")),
    "people/km2": Unit(Text("people/km²", "personnes/km²")),
    "departements": Unit(Text("départements", "départements")),
    "x SMIC": Unit(Text("times the monthly minimum wage", "fois le SMIC mensuel")),
    "EUR": Unit(Text("EUR", "EUR")),
    "min": Unit(Text("min", "min")),
    "min/day": Unit(Text("min/day", "min/jour"), maximum=1440.0),
    "km": Unit(Text("km", "km")),
    "km/h": Unit(Text("km/h", "km/h")),
    "person/car": Unit(Text("people/car", "personnes/voiture"), minimum=1.0),
    "kgCO2e/veh-km": Unit(Text("kgCO2e/vehicle-km", "kgCO2e/véhicule-km")),
    "kgCO2e/desk-day": Unit(Text("kgCO2e/desk-day", "kgCO2e/jour-poste")),
    "kgCO2e/year per weekly day": Unit(Text("kgCO2e/year per weekly day", "kgCO2e/an par jour hebdomadaire")),
    "job/job": Unit(Text("induced jobs per exposed job", "emplois induits par emploi exposé")),
    "FTE": Unit(Text("FTE", "ETP")),
    "desk": Unit(Text("desks", "postes")),
    "m2/desk": Unit(Text("m²/desk", "m²/poste")),
    "EUR/h": Unit(Text("EUR/hour", "EUR/heure")),
    "EUR2022/h": Unit(Text("EUR of 2022/hour", "EUR de 2022/heure")),
    "EUR/day": Unit(Text("EUR/day", "EUR/jour")),
    "EUR/month": Unit(Text("EUR/month", "EUR/mois")),
    "EUR/year": Unit(Text("EUR/year", "EUR/an")),
    "EUR/km": Unit(Text("EUR/km", "EUR/km")),
    "EUR/t": Unit(Text("EUR/tCO2e", "EUR/tCO2e")),
    "EUR/m2": Unit(Text("EUR/m²", "EUR/m²")),
    "EUR/m2/year": Unit(Text("EUR/m²/year", "EUR/m²/an")),
    "EUR/job": Unit(Text("EUR/job", "EUR/emploi")),
}


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One value of one parameter, over one period where it is dated.

    Attributes
    ----------
    value : central value [unit]; low, high : bounds of the interval, both None where none applies.
    unit : a key of `UNITS`.
    letter : "S" sourced, "D" derived, "A" assumption.
    source, note : in English (a citation may read the same in both languages).
    since, until : first and last day of the period; None where open or undated.
    verified_on : day the value was last read in its source; None while nobody has recorded it.
    overridden : the value was given by the user.
    topic : name of the file it comes from.
    source_fr, note_fr : in French where they differ.
    positive : zero is refused (the formulas divide by it).
    """

    name: str
    value: float
    low: float | None
    high: float | None
    unit: str
    letter: Letter
    label: Text
    source: str
    note: str = ""
    since: date | None = None
    until: date | None = None
    verified_on: date | None = None
    overridden: bool = False
    topic: str = ""
    source_fr: str = ""
    note_fr: str = ""
    positive: bool = False

    @property
    def money(self) -> Decimal:
        """Return the value as an exact decimal number of euros, as written in the file.

        Raises
        ------
        ParameterError
            If the unit is not an amount of euros.
        """
        if not self.unit.startswith("EUR"):
            raise ParameterError(
                f"'{self.name}' is in {self.unit}, not in euros: use its value instead of its amount.",
                f"« {self.name} » est en {UNITS[self.unit].label.fr}, pas en euros : prendre sa valeur, pas "
                "son montant.",
            )
        # repr gives the shortest decimal that reads back as the same float, which is the number of the file.
        return Decimal(repr(self.value))

    def render_source(self, language: Language) -> str:
        """Return the source in `language`."""
        return self.source_fr or self.source if language == "fr" else self.source

    def render_note(self, language: Language) -> str:
        """Return the note in `language`."""
        return self.note_fr or self.note if language == "fr" else self.note


@dataclass(frozen=True, slots=True)
class Override:
    """A value given by the user in place of the default.

    Attributes
    ----------
    default : value that the preset in force would have given [unit].
    value, low, high : what the user gave; the three are equal for a single number.
    """

    name: str
    unit: str
    default: float
    value: float
    low: float
    high: float


class Preset(NamedTuple):
    """A named set of values for the coefficients that carry the ambition of a plan.

    `values` gives, by name, the coefficient with its own letter and source.
    """

    label: Text
    note: Text
    values: Mapping[str, Coefficient]


def check_interval(
    where: Text, unit: str, value: float, low: float | None, high: float | None, *, positive: bool
) -> None:
    """Check that low <= value <= high and that the three are possible in `unit`.

    Parameters
    ----------
    where : what the message starts with, to name the file or the field.
    positive : zero is refused too.

    Raises
    ------
    ParameterError
        If a number is not finite, out of the range of the unit, or out of order.
    """
    numbers = (value,) if low is None or high is None else (low, value, high)
    for number in numbers:
        if not math.isfinite(number):
            raise ParameterError(
                f"{where.en}: {number} is not a finite number. Give an ordinary number.",
                f"{where.fr} : {number} n'est pas un nombre fini. Donner un nombre ordinaire.",
            )
    if list(numbers) != sorted(numbers):
        shown = ", ".join(f"{number:.10g}" for number in numbers)
        raise ParameterError(
            f"{where.en}: {shown} is not in the order low, central, high. Sort the three numbers.",
            f"{where.fr} : {shown} n'est pas dans l'ordre bas, central, haut. Ranger les trois nombres.",
        )
    kind = UNITS[unit]
    for number in numbers:
        if kind.minimum <= number <= kind.maximum and not (positive and number == 0):
            continue
        above_en, above_fr = (
            ("above 0", "supérieur à 0")
            if positive and kind.minimum == 0
            else (
                f"at least {kind.minimum:.10g}",
                f"au moins égal à {kind.minimum:.10g}",
            )
        )
        below_en, below_fr = (
            ("", "")
            if math.isinf(kind.maximum)
            else (
                f" and at most {kind.maximum:.10g}",
                f" et au plus égal à {kind.maximum:.10g}",
            )
        )
        raise ParameterError(
            f"{where.en}: {number:.10g} is impossible in '{kind.label.en}'. Give a number {above_en}{below_en}.",
            f"{where.fr} : {number:.10g} est impossible en « {kind.label.fr} ». Donner un nombre {above_fr}{below_fr}.",
        )
