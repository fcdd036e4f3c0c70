"""Rules of studies that need no database: names, settings, tokens, and the errors that explain a refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ErrorType

from ancrage.errors import InputError, ParameterError
from ancrage.language import Text
from ancrage.reports.study_file import describe_problems
from ancrage.study.settings import CoefficientOverride, StudySettings

if TYPE_CHECKING:
    from ancrage.parameters import Parameters

NAME_LENGTH = 160
NOTES_LENGTH = 20_000
COMMENT_LENGTH = 5_000
SHARE_DAYS = 365
# EPCI of one study, and computations of one organisation that wait or go on: the queue is that of every organisation.
MOST_EPCI = 12
MOST_OPEN_RUNS = 20
# Budget proposed for a first scenario [EUR per inhabitant and per year]: the assumption of `ancrage sweep`.
EUROS_PER_INHABITANT = 5.0

_KINDS = frozenset(get_args(ErrorType))

SETTING_NAMES: dict[str, Text] = {
    "name": Text("Name", "Nom"),
    "notes": Text("Notes", "Notes"),
    "epci": Text("Territory", "Territoire"),
    "objective": Text("Objective", "Objectif"),
    "budget": Text("Budget (EUR per year)", "Budget (€ par an)"),
    "places": Text("Number of places", "Nombre de lieux"),
    "preset": Text("Set of coefficients", "Jeu de coefficients"),
    "parameters": Text("Coefficients changed", "Coefficients modifiés"),
    "keep": Text("Communes kept", "Communes gardées"),
    "exclude": Text("Communes excluded", "Communes exclues"),
    "floors": Text("Floors by sub-territory", "Planchers par sous-territoire"),
    "keep_existing": Text("Existing places stay open", "Lieux existants maintenus"),
    "draws": Text("Simulations", "Simulations"),
    "seed": Text("Seed of the simulations", "Graine des simulations"),
    "epsilon": Text("Loss allowed to an alternative", "Perte admise d'une variante"),
    "alternatives": Text("Alternatives looked for", "Variantes cherchées"),
    "comment": Text("Comment", "Commentaire"),
}


@dataclass(frozen=True)
class Change:
    """A field that two people left with different values.

    Attributes
    ----------
    field : its name, a key of `SETTING_NAMES`; theirs : the saved value; yours : the value that was refused.
    """

    field: str
    theirs: Any
    yours: Any


class ConflictError(InputError):
    """Someone saved meanwhile: nothing was written, and both versions are told.

    Attributes
    ----------
    saved : what is stored now (a `Study` or a `Scenario`); changes : the fields that differ.
    """

    def __init__(self, saved: Any, changes: Sequence[Change]) -> None:
        en = ", ".join(SETTING_NAMES[change.field].en for change in changes)
        fr = ", ".join(SETTING_NAMES[change.field].fr for change in changes)
        super().__init__(
            f"Someone saved '{saved}' while you were changing it. Your version differs on: {en}. Nothing was "
            "overwritten: choose what to keep, then save again.",
            f"Quelqu'un a enregistré « {saved} » pendant que vous le modifiiez. Votre version diffère sur : {fr}. "
            "Rien n'a été écrasé : choisissez ce que vous gardez, puis enregistrez à nouveau.",
        )
        self.saved = saved
        self.changes = tuple(changes)


class SettingsError(InputError):
    """Settings that cannot be used.

    Attributes
    ----------
    fields : the sentence about each field refused, by its name with dots ("budget", "parameters.price_day",
        "floors.0.share"); "" for what no field alone explains.
    """

    def __init__(self, fields: Mapping[str, Text]) -> None:
        super().__init__(
            "These settings cannot be used. " + " ".join(text.en for text in fields.values()),
            "Ces réglages ne peuvent pas être utilisés. " + " ".join(text.fr for text in fields.values()),
        )
        self.fields = dict(fields)


def check_text(text: str, field: str, length: int, *, needed: bool = True) -> str:
    """Return a text without spaces around.

    Raises
    ------
    InputError
        If it is empty though needed, or longer than `length` characters.
    """
    cleaned = text.strip()
    label = SETTING_NAMES.get(field, Text("Text", "Texte"))
    if needed and not cleaned:
        raise InputError(f"{label.en}: it is empty. Write one.", f"{label.fr} : vide. Écrivez-le.")
    if len(cleaned) > length:
        raise InputError(
            f"{label.en}: {len(cleaned)} characters, {length} at most. Shorten it.",
            f"{label.fr} : {len(cleaned)} caractères, {length} au plus. Raccourcissez-le.",
        )
    return cleaned


def read_settings(epci: Sequence[str], settings: Mapping[str, Any]) -> StudySettings:
    """Return the settings of a scenario of a study on `epci`, checked as a study file is.

    Parameters
    ----------
    settings : fields of `StudySettings`, without `epci`.

    Raises
    ------
    SettingsError
        If a field is missing, unknown or impossible, or a coefficient unknown or out of its bounds.
    """
    content = {name: value for name, value in settings.items() if name != "epci"}
    try:
        checked = StudySettings.model_validate({"epci": list(epci), **content})
    except ValidationError as error:
        raise SettingsError(_list_problems(error)) from error
    problems: dict[str, Text] = {}
    preset = load_coefficients().with_preset(checked.preset)
    for name, given in checked.parameters.items():
        try:
            preset.with_overrides({name: _unpack(given)})
        except (InputError, ParameterError) as error:
            problems[f"parameters.{name}"] = error.text
    both = sorted(set(checked.keep) & set(checked.exclude))
    if both:
        problems["exclude"] = Text(
            f"Commune {both[0]} is both kept and excluded: remove it from one of the two lists.",
            f"La commune {both[0]} est à la fois gardée et exclue : retirez-la d'une des deux listes.",
        )
    if problems:
        raise SettingsError(problems)
    return checked


def pack_settings(settings: StudySettings) -> dict[str, Any]:
    """Return every field of the settings of a scenario as it is stored: a later default changes none of them."""
    return settings.model_dump(mode="json", exclude={"epci"})


def list_changes(saved: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the fields whose value differs, in the order of the form."""
    return tuple(
        Change(name, saved.get(name), given.get(name))
        for name in SETTING_NAMES
        if (name in saved or name in given) and saved.get(name) != given.get(name)
    )


@cache
def load_coefficients() -> Parameters:
    """Return the coefficients of the library, read once by process."""
    from ancrage.parameters import load_parameters

    return load_parameters()


def _unpack(given: float | CoefficientOverride) -> float | tuple[float, float, float]:
    return (given.low, given.value, given.high) if isinstance(given, CoefficientOverride) else given


def _list_problems(error: ValidationError) -> dict[str, Text]:
    problems: dict[str, Text] = {}
    for problem in error.errors():
        # pydantic adds the tried type to the path of a coefficient, which may be a number or three.
        place = tuple(part for part in problem["loc"] if part not in ("float", "CoefficientOverride"))
        name = ".".join(str(part) for part in place)
        kind, is_known = problem["type"], problem["type"] in _KINDS and bool(place)
        details = InitErrorDetails(
            # Checks of our own have kinds that pydantic does not know by name.
            type=kind if is_known else PydanticCustomError(kind, "refused"),
            loc=problem["loc"],
            input=problem["input"],
            ctx=problem.get("ctx", {}),
        )
        problems[name] = describe_problems(ValidationError.from_exception_data("StudySettings", [details]))
    return problems
