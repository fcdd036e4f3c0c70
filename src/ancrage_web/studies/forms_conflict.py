"""Two people changed one scenario: what each changed, setting by setting, and what is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ancrage.language import Text, format_number
from ancrage_web.design.words import say
from ancrage_web.studies.forms import write_number
from ancrage_web.studies.forms_coefficients import get_default
from ancrage_web.studies.forms_communes import CHOICE_NAMES, CommuneRow, find_code
from ancrage_web.studies.forms_scenario import OBJECTIVES, PRESETS, get_setting_default

_PLAIN = ("objective", "budget", "places", "preset", "keep_existing", "draws", "seed", "epsilon", "alternatives")
_LABELS: dict[str, Text] = {
    "name": Text("Name of the scenario", "Nom du scénario"),
    "objective": Text("Objective", "Objectif"),
    "budget": Text("Yearly budget", "Budget annuel"),
    "places": Text("Largest number of places", "Nombre de lieux au plus"),
    "preset": Text("How much telework", "Quelle part de télétravail"),
    "keep_existing": Text("Places already there", "Lieux déjà là"),
    "draws": Text("Number of simulations", "Nombre de simulations"),
    "seed": Text("Seed of the simulations", "Graine des simulations"),
    "epsilon": Text("Loss accepted by the alternatives", "Perte acceptée par les variantes"),
    "alternatives": Text("Number of alternatives", "Nombre de variantes"),
}
_NOTHING = Text("nothing", "rien")
_DEFAULT = Text("default", "par défaut")


@dataclass(frozen=True)
class Difference:
    """One setting that is not the same in what is saved and in what the person typed.

    Attributes
    ----------
    before, theirs, mine : written out; choice : "theirs" or "mine", what the page proposes.
    both : both people changed it: it is theirs to settle.
    """

    key: str
    label: str
    before: str
    theirs: str
    mine: str
    choice: str
    both: bool


def flatten(name: str, settings: Mapping[str, Any], communes: Sequence[CommuneRow]) -> dict[str, Any]:
    """Return every setting under its own key: one per coefficient, per commune and per zone."""
    flat: dict[str, Any] = {"name": name}
    for key in _PLAIN:
        flat[key] = settings.get(key, get_setting_default(key))
    for key, value in settings.get("parameters", {}).items():
        flat[f"parameter:{key}"] = value
    for choice in ("keep", "exclude"):
        for asked in settings.get(choice, ()):
            flat[f"commune:{find_code(asked, communes) or asked}"] = choice
    for floor in settings.get("floors", ()):
        flat[f"floor:{floor['name']}"] = {"share": floor["share"], "communes": sorted(floor["communes"])}
    return flat


def unflatten(flat: Mapping[str, Any], saved: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the name and the settings of flat keys; what no key tells is kept from `saved`."""
    settings: dict[str, Any] = {
        key: value for key, value in saved.items() if key not in {*_PLAIN, "parameters", "keep", "exclude", "floors"}
    }
    settings |= {key: flat[key] for key in _PLAIN if flat.get(key) is not None}
    settings["parameters"] = _list_under(flat, "parameter:")
    chosen = _list_under(flat, "commune:")
    for choice in ("keep", "exclude"):
        settings[choice] = sorted(code for code, value in chosen.items() if value == choice)
    settings["floors"] = [{"name": name, **value} for name, value in _list_under(flat, "floor:").items()]
    return str(flat["name"]), settings


def _list_under(flat: Mapping[str, Any], start: str) -> dict[str, Any]:
    return {
        key.removeprefix(start): value for key, value in flat.items() if key.startswith(start) and value is not None
    }


def list_differences(
    base: Mapping[str, Any], theirs: Mapping[str, Any], mine: Mapping[str, Any], communes: Sequence[CommuneRow]
) -> list[Difference]:
    """Return the settings that differ; what only one person changed is proposed as that person left it."""
    found = []
    for key in dict.fromkeys([*theirs, *mine]):
        if theirs.get(key) == mine.get(key):
            continue
        i_changed, they_changed = mine.get(key) != base.get(key), theirs.get(key) != base.get(key)
        found.append(
            Difference(
                key,
                label_key(key, communes),
                write_value(key, base.get(key), communes),
                write_value(key, theirs.get(key), communes),
                write_value(key, mine.get(key), communes),
                "mine" if i_changed else "theirs",
                i_changed and they_changed,
            )
        )
    return found


def merge(theirs: Mapping[str, Any], mine: Mapping[str, Any], choices: Mapping[str, str]) -> dict[str, Any]:
    """Return `theirs` with the keys for which the choice is "mine" taken from `mine` (None removes a key)."""
    merged = dict(theirs)
    for key in dict.fromkeys([*theirs, *mine]):
        if choices.get(key) == "mine":
            merged[key] = mine.get(key)
    return merged


def label_key(key: str, communes: Sequence[CommuneRow]) -> str:
    """Return the name of a setting for a reader."""
    kind, _, name = key.partition(":")
    if kind == "parameter":
        return say(get_default(name).label).replace("CO2", "CO₂")
    if kind == "commune":
        return next((row.name for row in communes if row.code == name), name)
    if kind == "floor":
        return say(Text(f"Zone “{name}”", f"Zone « {name} »"))
    return say(_LABELS[key])


def write_value(key: str, value: Any, communes: Sequence[CommuneRow]) -> str:
    """Return a setting written out for a reader."""
    kind = key.partition(":")[0]
    if kind == "commune":
        return say(CHOICE_NAMES[value or "free"])
    if kind == "parameter":
        return say(_DEFAULT) if value is None else _write_coefficient(value)
    if value is None:
        return say(_NOTHING)
    if kind == "floor":
        names = {row.code: row.name for row in communes}
        listed = ", ".join(names.get(code, code) for code in value["communes"])
        share = write_number(100 * value["share"])
        return say(Text(f"{share}% of {listed}", f"{share} % de {listed}"))
    if key == "keep_existing":
        return say(Text("kept", "gardés") if value else Text("not kept", "non gardés"))
    if key == "epsilon":
        return say(Text(f"{write_number(100 * value)}%", f"{write_number(100 * value)} %"))
    if key == "objective":
        return say(OBJECTIVES[value][0])
    if key == "preset":
        return say(PRESETS[value][0])
    if key == "budget":
        decimals = 0 if value == int(value) else 2
        written = Text(format_number(value, decimals, "en"), format_number(value, decimals, "fr"))
        return say(Text(f"EUR {written.en} per year", f"{written.fr} € par an"))
    return value if isinstance(value, str) else write_number(value)


def _write_coefficient(value: Any) -> str:
    if not isinstance(value, Mapping):
        return write_number(value)
    low, high = write_number(value["low"]), write_number(value["high"])
    return say(
        Text(f"{write_number(value['value'])} ({low} to {high})", f"{write_number(value['value'])} ({low} à {high})")
    )
