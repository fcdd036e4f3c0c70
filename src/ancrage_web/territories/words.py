"""Words of the portraits that are not in the library: natures of EPCI, units beside a number, years."""

from __future__ import annotations

from ancrage.language import Language, Text, format_number

NATURE_NAMES: dict[str, Text] = {
    "CC": Text("Community of communes", "Communauté de communes"),
    "CA": Text("Agglomeration community", "Communauté d'agglomération"),
    "CU": Text("Urban community", "Communauté urbaine"),
    "ME": Text("Metropolis", "Métropole"),
}
# What the administrator of the site types to add what is missing.
LOAD_COMMAND = Text("ancrage site load FOLDER", "ancrage site load DOSSIER")
ADD_FLOWS = Text(
    f"ancrage data import base-flux-mobilite-domicile-lieu-travail.csv --data FOLDER\n{LOAD_COMMAND.en}",
    f"ancrage data import base-flux-mobilite-domicile-lieu-travail.csv --data DOSSIER\n{LOAD_COMMAND.fr}",
)
# Units written after a number; the plural is the library's, the singular is for one (and, in French, for less).
_SINGULAR: dict[str, Text] = {
    "people": Text("person", "personne"),
    "jobs": Text("job", "emploi"),
    "sites": Text("site", "site"),
    "places": Text("place", "lieu"),
    "schools": Text("school", "école"),
    "communes": Text("commune", "commune"),
    "types": Text("type", "type"),
    "minutes": Text("minute", "minute"),
}
_PLURAL: dict[str, Text] = {
    "% per year": Text("% per year", "% par an"),
    "EUR per year": Text("EUR per year", "€ par an"),
    "communes": Text("communes", "communes"),
    "jobs": Text("jobs", "emplois"),
    "jobs per 100 employed residents": Text("jobs per 100 employed residents", "emplois pour 100 actifs occupés"),
    "km": Text("km", "km"),
    "m2": Text("m²", "m²"),
    "minutes": Text("minutes", "minutes"),
    "people": Text("people", "personnes"),
    "places": Text("places", "lieux"),
    "schools": Text("schools", "écoles"),
    "sites": Text("sites", "sites"),
    "types": Text("types", "types"),
}


def split_value(value: float | None, unit: str, decimals: int, language: Language) -> tuple[str, str]:
    """Return a value and its unit apart, for a page that sets them in two sizes; a percent sign stays with its number.

    The unit agrees with the number: one site, and in French "0 site". Nothing follows an en dash (None).
    """
    number = format_number(value, decimals, language)
    if value is None or not unit:
        return number, ""
    if unit.startswith("%"):
        percent = f"{number}\u202f%" if language == "fr" else f"{number}%"
        return percent, _PLURAL[unit].render(language).removeprefix("%").strip() if unit in _PLURAL else ""
    alone = round(abs(value), decimals) < 2 if language == "fr" else round(value, decimals) == 1
    words = _SINGULAR if alone and unit in _SINGULAR else _PLURAL
    return number, words[unit].render(language) if unit in words else unit


def write_value(value: float | None, unit: str, decimals: int, language: Language) -> str:
    """Return a value with its unit, as a sentence would hold it; an en dash for None."""
    number, after = split_value(value, unit, decimals, language)
    return f"{number}\u00a0{after}" if after else number


def write_unit(unit: str, language: Language) -> str:
    """Return a unit alone, as a legend holds it."""
    return _PLURAL[unit].render(language) if unit in _PLURAL else unit
