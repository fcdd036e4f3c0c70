"""Numbers, units and sentences as a reader sees them, in one language."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ancrage.diagnosis.indicators import UNITS as INDICATOR_UNITS
from ancrage.language import Language, Text, format_date, format_number
from ancrage.parameters.model import UNITS
from ancrage.reports.model import Cell, Column

MISSING = Text("not published", "non publié")
NARROW_SPACE = "\u202f"
_NO_BREAK_SPACE = "\u00a0"
_THIN_BEFORE = re.compile(r" ([;?!%€»])")

# Units that cannot be translated word by word.
_UNIT_PHRASES: dict[str, Text] = {
    "kgCO2e/year per weekly day": Text("kg CO₂e/year per weekly day", "kg CO₂e/an par jour hebdomadaire"),
}

# Words that units are made of, as written in the code, and as a reader sees them.
_UNIT_WORDS: dict[str, Text] = {
    "%": Text("%", "%"),
    "EUR": Text("€", "€"),
    "EUR2022": Text("€ of 2022", "€ de 2022"),
    "veh-km": Text("vehicle-km", "véhicule-km"),
    "t": Text("t CO₂e", "t CO₂e"),
    "kgCO2e": Text("kg CO₂e", "kg CO₂e"),
    "tCO2e": Text("t CO₂e", "t CO₂e"),
    "km": Text("km", "km"),
    "km2": Text("km²", "km²"),
    "m2": Text("m²", "m²"),
    "min": Text("min", "min"),
    "minutes": Text("minutes", "minutes"),
    "hour": Text("hour", "heure"),
    "hours": Text("hours", "heures"),
    "h": Text("h", "h"),
    "day": Text("day", "jour"),
    "days": Text("days", "jours"),
    "week": Text("week", "semaine"),
    "month": Text("month", "mois"),
    "year": Text("year", "an"),
    "years": Text("years", "ans"),
    "per": Text("per", "pour"),
    "of": Text("of", "de"),
    "desk": Text("desk", "poste"),
    "desks": Text("desks", "postes"),
    "desk-day": Text("desk-day", "jour-poste"),
    "desk-days": Text("desk-days", "jours-postes"),
    "user": Text("user", "usager"),
    "users": Text("users", "usagers"),
    "place": Text("place", "lieu"),
    "places": Text("places", "lieux"),
    "job": Text("job", "emploi"),
    "jobs": Text("jobs", "emplois"),
    "worker": Text("worker", "actif"),
    "workers": Text("workers", "actifs"),
    "resident": Text("resident", "habitant"),
    "residents": Text("residents", "habitants"),
    "inhabitant": Text("inhabitant", "habitant"),
    "inhabitants": Text("inhabitants", "habitants"),
    "person": Text("person", "personne"),
    "people": Text("people", "personnes"),
    "share": Text("share", "part"),
    "points": Text("points", "points"),
    "facilities": Text("facilities", "équipements"),
    "types": Text("types", "types"),
    "sites": Text("sites", "sites"),
    "number": Text("number", "nombre"),
    "ha": Text("ha", "ha"),
}


def render_unit(unit: str, language: Language) -> str:
    """Return a unit for a reader: a unit of the parameters, else word by word; an unknown word stays as it is."""
    phrase = _find_phrase(unit)
    if phrase is not None:
        return phrase.render(language)
    words = re.split(r"([/ ])", unit)
    return "".join(_UNIT_WORDS[w].render(language) if w in _UNIT_WORDS else w for w in words)


def _find_phrase(unit: str) -> Text | None:
    if unit in _UNIT_PHRASES:
        return _UNIT_PHRASES[unit]
    # Amounts and emissions are written with signs, word by word: € rather than EUR, CO₂ rather than CO2.
    if unit.startswith(("EUR/", "EUR2022/", "kgCO2e/")):
        return None
    if unit in INDICATOR_UNITS:
        return INDICATOR_UNITS[unit]
    return UNITS[unit].label if unit in UNITS else None


def list_unknown_unit_words(unit: str) -> tuple[str, ...]:
    """Return the words of a unit that have no translation (numbers apart)."""
    if _find_phrase(unit) is not None:
        return ()
    words = re.split(r"[/ ]", unit)
    return tuple(w for w in words if w and w not in _UNIT_WORDS and not re.fullmatch(r"[\d,.]+", w))


def compute_display_scale(unit: str) -> tuple[float, str]:
    """Return the factor and the unit in which a figure is shown: tonnes of CO2 rather than kilograms."""
    return (0.001, "tCO2e" + unit.removeprefix("kgCO2e")) if unit == "kgCO2e/year" else (1.0, unit)


def compute_digits(*values: float | None) -> int:
    """Return the decimals that keep three significant digits of the largest value; negative for tens, hundreds..."""
    known = [abs(v) for v in values if v is not None and math.isfinite(v)]
    largest = max(known, default=0.0)
    return 0 if largest == 0 else 2 - math.floor(math.log10(largest))


def compute_decimals(*values: float | None) -> int:
    """Return the decimals that write every value as it was given, four at most."""
    known = [v for v in values if v is not None and math.isfinite(v)]
    return next((d for d in range(4) if all(round(v, d) == v for v in known)), 4)


@dataclass(frozen=True)
class Pen:
    """Writes in one language."""

    language: Language

    def say(self, en: str, fr: str) -> str:
        """Return the sentence in the language, with French spaces."""
        return space_french(fr) if self.language == "fr" else en

    def text(self, text: Text) -> str:
        """Return `text` in the language, with French spaces."""
        return self.say(text.en, text.fr)

    def number(
        self, value: float | None, decimals: int | Literal["exact"] | None = 0, digits: int | None = None
    ) -> str:
        """Return a number; `decimals` None rounds to three significant digits, or to `digits` decimals."""
        if value is None or math.isnan(value):
            return self.text(MISSING)
        if decimals == "exact":
            decimals = compute_decimals(value) if digits is None else digits
        if decimals is None:
            wanted = compute_digits(value) if digits is None else digits
            return format_number(round(value, wanted), max(wanted, 0), self.language)
        return format_number(value, decimals, self.language)

    def share(self, value: float | None, decimals: int = 0) -> str:
        """Return a share 0..1 as a percentage."""
        if value is None or math.isnan(value):
            return self.text(MISSING)
        return self.number(100 * value, decimals) + (f"{NARROW_SPACE}%" if self.language == "fr" else "%")

    def interval(self, low: float | None, high: float | None, decimals: int | Literal["exact"] | None = None) -> str:
        """Return "low – high", both rounded alike; empty where there is no interval."""
        if low is None or high is None:
            return ""
        digits = compute_decimals(low, high) if decimals == "exact" else compute_digits(low, high)
        return f"{self.number(low, decimals, digits)} – {self.number(high, decimals, digits)}"

    def quantity(self, value: float | None, unit: str, decimals: int | None = None) -> str:
        """Return a number and its unit (as written in the code), never parted at the end of a line."""
        if value is None or math.isnan(value):
            return self.text(MISSING)
        return f"{self.number(value, decimals)}{_NO_BREAK_SPACE}{self.unit(unit)}"

    def unit(self, unit: str) -> str:
        """Return a unit as a reader sees it."""
        return render_unit(unit, self.language)

    def count(self, number: int, en: tuple[str, str], fr: tuple[str, str]) -> str:
        """Return "1 place", "3 places": the noun agrees as each language wants (0 is singular in French)."""
        plural = number > 1 if self.language == "fr" else number != 1
        noun = (fr if self.language == "fr" else en)[int(plural)]
        return f"{self.number(number)}{_NO_BREAK_SPACE}{noun}"

    def join(self, names: tuple[str, ...]) -> str:
        """Return "a, b and c"."""
        if len(names) < 2:
            return "".join(names)
        return ", ".join(names[:-1]) + self.say(" and ", " et ") + names[-1]

    def day(self, on: date) -> str:
        """Return a date in words."""
        return format_date(on, self.language)

    def cell(self, cell: Cell, column: Column) -> str:
        """Return the cell of a table as printed."""
        if column.kind == "text":
            return space_french(str(cell or "")) if self.language == "fr" else str(cell or "")
        if column.kind == "interval":
            return self.interval(cell[0], cell[1], column.decimals) if isinstance(cell, tuple) else "–"
        if isinstance(cell, str | tuple):
            raise TypeError(f"column '{column.key}' holds numbers, not {cell!r}")
        if cell is None or math.isnan(cell):
            return "–"
        if column.kind == "share":
            return self.share(cell, column.decimals if isinstance(column.decimals, int) else 0)
        return self.number(cell, column.decimals)


def space_french(text: str) -> str:
    """Put the no-break spaces that French typography wants before ; ? ! % » and :, and after «."""
    spaced = _THIN_BEFORE.sub(NARROW_SPACE + r"\1", text)
    return spaced.replace(" :", f"{_NO_BREAK_SPACE}:").replace("« ", f"«{_NO_BREAK_SPACE}")
