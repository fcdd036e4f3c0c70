"""The coefficients of a scenario as fields: value in force, default, interval, letter, source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ancrage.errors import ParameterError
from ancrage.language import Language, Text
from ancrage_web.design.words import get_site_language, say
from ancrage_web.studies.forms import read_number, write_number

if TYPE_CHECKING:
    from ancrage.parameters import Coefficient, Parameters

BOUNDS = ("low", "value", "high")
# Set beside the network, in their own fields, because they are choices rather than uncertain quantities.
SIZES = ("desks_min", "desks_max")


@dataclass
class CoefficientRow:
    """One coefficient with the three texts of its fields.

    Attributes
    ----------
    low, value, high : as typed or stored; empty where the default holds.
    default : of the preset in force, written out; presets : (label, value) for the presets that change it.
    letter : "S", "D" or "A"; letter_meaning, source, note : in the language of the page.
    error : what is wrong with what was typed, or nothing.
    """

    name: str
    label: str
    unit: str
    low: str
    value: str
    high: str
    default: str
    default_interval: str
    presets: tuple[tuple[str, str], ...]
    letter: str
    letter_meaning: str
    source: str
    note: str
    error: str = ""

    @property
    def changed(self) -> bool:
        """Return whether the default is replaced."""
        return bool(self.low or self.value or self.high)

    @property
    def opened(self) -> bool:
        """Return whether the group of this coefficient is shown open."""
        return self.changed or bool(self.error)


@dataclass
class CoefficientGroup:
    """Coefficients of one topic."""

    topic: str
    label: str
    rows: list[CoefficientRow]

    @property
    def changed(self) -> int:
        """Return the number of coefficients whose default is replaced."""
        return sum(row.changed for row in self.rows)

    @property
    def opened(self) -> bool:
        """Return whether the group is shown open."""
        return any(row.error for row in self.rows)


@lru_cache(maxsize=1)
def load_bundled() -> Parameters:
    """Return the bundled parameters, read once by a process."""
    from ancrage.parameters import load_parameters

    return load_parameters()


@lru_cache(maxsize=1)
def list_study_coefficients() -> tuple[str, ...]:
    """Return the names of the coefficients that a study reads, sizes apart, in the order of the files."""
    from ancrage.study.inputs import COEFFICIENTS

    return tuple(name for name in load_bundled().names() if name in COEFFICIENTS and name not in SIZES)


def get_default(name: str, preset: str = "central") -> Coefficient:
    """Return a coefficient as a preset gives it."""
    return load_bundled().with_preset(preset).get(name)


def build_groups(
    preset: str,
    parameters: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
    errors: Mapping[str, Text] | None = None,
) -> list[CoefficientGroup]:
    """Build the fields of every coefficient of a study.

    Parameters
    ----------
    parameters : overrides of the settings; data : what was typed, which is shown instead of them.
    """
    from ancrage.parameters import LETTERS, UNITS

    language = get_site_language()
    bundled = load_bundled()
    chosen = bundled.with_preset(preset)
    topics, presets = bundled.list_topics(), bundled.list_presets()
    groups: dict[str, CoefficientGroup] = {}
    for name in list_study_coefficients():
        found = chosen.get(name)
        texts = read_texts(name, data) if data is not None else write_texts(parameters.get(name))
        error = (errors or {}).get(name)
        row = CoefficientRow(
            name=name,
            label=found.label.render(language).replace("CO2", "CO₂"),
            unit=UNITS[found.unit].label.render(language),
            low=texts[0],
            value=texts[1],
            high=texts[2],
            default=write_number(found.value),
            default_interval=_write_interval(found, language),
            presets=tuple(
                (preset.label.render(language), write_number(preset.values[name].value))
                for preset in presets.values()
                if name in preset.values
            ),
            letter=found.letter,
            letter_meaning=LETTERS[found.letter].render(language),
            source=found.render_source(language),
            note=found.render_note(language),
            error="" if error is None else say(error),
        )
        group = groups.setdefault(found.topic, CoefficientGroup(found.topic, topics[found.topic].render(language), []))
        group.rows.append(row)
    return list(groups.values())


def _write_interval(coefficient: Coefficient, language: Language) -> str:
    if coefficient.low is None or coefficient.high is None:
        return ""
    low, high = write_number(coefficient.low), write_number(coefficient.high)
    return Text(f"{low} to {high}", f"{low} à {high}").render(language)


def write_texts(given: Any) -> tuple[str, str, str]:
    """Return the three texts of a stored override: a number fills the middle one only."""
    if given is None:
        return "", "", ""
    if isinstance(given, Mapping):
        return write_number(given["low"]), write_number(given["value"]), write_number(given["high"])
    return "", write_number(float(given)), ""


def read_texts(name: str, data: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return the three texts typed for a coefficient."""
    low, value, high = (str(data.get(f"c-{name}-{bound}", "")).strip() for bound in BOUNDS)
    return low, value, high


def read_coefficients(preset: str, data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Text]]:
    """Return the overrides typed, and what is wrong by name of coefficient.

    Three empty fields keep the default; the middle one alone fixes the value; three numbers give an interval.
    """
    given: dict[str, Any] = {}
    errors: dict[str, Text] = {}
    chosen = load_bundled().with_preset(preset)
    for name in list_study_coefficients():
        texts = read_texts(name, data)
        if not any(texts):
            continue
        numbers = [read_number(text) if text else None for text in texts]
        odd = [text for text, number in zip(texts, numbers, strict=True) if text and number is None]
        low, value, high = numbers
        if odd:
            errors[name] = Text(
                f"“{odd[0]}” is not a number: type digits, for example 0.25.",
                f"« {odd[0]} » n'est pas un nombre : écrivez des chiffres, par exemple 0,25.",
            )
            continue
        if value is None or (low is None) != (high is None):
            errors[name] = Text(
                "A number is missing: give the central value alone, or low, central and high.",
                "Il manque un nombre : donnez la valeur centrale seule, ou bas, central et haut.",
            )
            continue
        try:
            triple = (value, value, value) if low is None or high is None else (low, value, high)
            chosen.with_overrides({name: triple})
        except ParameterError as error:
            errors[name] = _drop_start(name, error.text)
            continue
        given[name] = value if low is None else {"low": low, "value": value, "high": high}
    return given, errors


def _drop_start(name: str, text: Text) -> Text:
    # The library names the coefficient by its identifier; the field it stands beside says it better.
    en = text.en.removeprefix(f"Value given for '{name}': ")
    fr = text.fr.removeprefix(f"Valeur donnée à « {name} » : ")
    return Text(en[:1].upper() + en[1:], fr[:1].upper() + fr[1:])
