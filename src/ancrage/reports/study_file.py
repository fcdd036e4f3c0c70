"""The study file: what was asked, and what it was answered with, so that a run can be repeated exactly."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage.study.settings import CoefficientOverride, StudySettings

_HEADER = """\
# Étude Ancrage : réglages, graine, version et empreintes des données. / Ancrage study: settings, seed, version and
# checksums of the data. Rejouer / run again: ancrage plan --study study.toml
"""


@dataclass(frozen=True)
class StudyFile:
    """The content of a study file.

    Attributes
    ----------
    settings : what was asked.
    produced : version of the code, travel provider and date of the run; empty in a file written by hand.
    inputs : SHA-256 of each input table, by name.
    """

    settings: StudySettings
    produced: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)


def render_study_file(study: StudyFile) -> str:
    """Return the TOML text of a study: [study], [study.parameters], [[study.floors]], [produced] and [inputs]."""
    settings = study.settings
    lines = [_HEADER, "[study]"]
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if name not in ("parameters", "floors") and value is not None:
            lines.append(f"{name} = {_render_value(value)}")
    if settings.parameters:
        lines += ["", "[study.parameters]"]
        lines += [f"{_render_key(name)} = {_render_value(value)}" for name, value in settings.parameters.items()]
    for floor in settings.floors:
        lines += ["", "[[study.floors]]"]
        lines += [f"{name} = {_render_value(getattr(floor, name))}" for name in type(floor).model_fields]
    for title, content in (("produced", study.produced), ("inputs", study.inputs)):
        if content:
            lines += ["", f"[{title}]"]
            lines += [f"{_render_key(name)} = {_render_value(value)}" for name, value in content.items()]
    return "\n".join(lines) + "\n"


def write_study_file(study: StudyFile, path: Path) -> None:
    """Write a study file (UTF-8, TOML)."""
    path.write_text(render_study_file(study), encoding="utf-8")


def _render_key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def _render_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # A JSON string is a TOML basic string, except for DEL, which TOML wants escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, float):
        # repr gives the shortest decimal that reads back as the same number.
        return repr(value) if math.isfinite(value) else {math.inf: "inf", -math.inf: "-inf"}.get(value, "nan")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, CoefficientOverride):
        numbers = (("low", value.low), ("value", value.value), ("high", value.high))
        return "{ " + ", ".join(f"{name} = {_render_value(number)}" for name, number in numbers) + " }"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_render_value(item) for item in value) + "]"
    raise TypeError(f"no TOML form for {type(value).__name__}")


def read_study_file(path: Path) -> StudyFile:
    """Read a study file.

    Raises
    ------
    InputError
        If the file is absent, is not UTF-8 or TOML, has no [study], or a field is missing, unknown or impossible; the
        line is named where it is known.
    """
    try:
        text = path.read_bytes().decode("utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise InputError(
            f"The study file '{path}' cannot be read ({error.strerror}). Check its name.",
            f"Le fichier d'étude « {path} » est illisible ({error.strerror}). Vérifiez son nom.",
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"The study file '{path}' is not in UTF-8 (byte {error.start}). Save it again in UTF-8.",
            f"Le fichier d'étude « {path} » n'est pas en UTF-8 (octet {error.start}). Enregistrez-le en UTF-8.",
        ) from error
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+), column (\d+)", str(error))
        where_en = f"line {place[1]}, column {place[2]}" if place else "end of the file"
        where_fr = f"ligne {place[1]}, colonne {place[2]}" if place else "fin du fichier"
        raise InputError(
            f"The study file '{path}' is not valid TOML ({where_en}: {_shorten(str(error))}). Correct that line.",
            f"Le fichier d'étude « {path} » n'est pas du TOML valide ({where_fr}). Corrigez cette ligne.",
        ) from error
    asked = data.get("study")
    if not isinstance(asked, dict):
        raise InputError(
            f"The study file '{path}' has no table [study]: nothing says what to plan. Add [study] with at least "
            "'epci' and 'budget' or 'places'.",
            f"Le fichier d'étude « {path} » n'a pas de table [study] : rien ne dit quoi planifier. Ajoutez [study] "
            "avec au moins « epci » et « budget » ou « places ».",
        )
    return StudyFile(
        _read_settings(asked, path, text), _read_texts(path, data, "produced"), _read_texts(path, data, "inputs")
    )


def _read_texts(path: Path, data: Mapping[str, Any], title: str) -> dict[str, str]:
    content = data.get(title, {})
    if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
        raise InputError(
            f"The study file '{path}': [{title}] must hold names and texts only. Remove it: it is written again "
            "at each run.",
            f"Le fichier d'étude « {path} » : [{title}] ne doit contenir que des noms et des textes. Supprimez-la : "
            "elle est réécrite à chaque calcul.",
        )
    return dict(content)


def validate_settings(content: Mapping[str, Any]) -> StudySettings:
    """Return the settings that `content` holds, as in the table [study] of a study file.

    Raises
    ------
    InputError
        If a field is missing, unknown or impossible: one sentence for each.
    """
    return _read_settings(content, None, "")


def _read_settings(content: Mapping[str, Any], path: Path | None, text: str) -> StudySettings:
    try:
        return StudySettings.model_validate(content)
    except ValidationError as error:
        told = describe_problems(error, text)
        start = Text("These settings cannot be used. ", "Ces réglages ne peuvent pas être utilisés. ")
        if path is not None:
            start = Text(
                f"The study file '{path}' cannot be used. ",
                f"Le fichier d'étude « {path} » ne peut pas être utilisé. ",
            )
        raise InputError(start.en + told.en, start.fr + told.fr) from error


def describe_problems(error: ValidationError, text: str = "", model: type[BaseModel] = StudySettings) -> Text:
    """Return one sentence for each field refused.

    Parameters
    ----------
    text : the file that the fields were read from, to name the lines. model : what refused them.
    """
    sentences = _list_problems(text, error, model)
    return Text(" ".join(s.en for s in sentences), " ".join(s.fr for s in sentences))


def _list_problems(text: str, error: ValidationError, model: type[BaseModel]) -> list[Text]:
    # A coefficient may be a number or three: pydantic reports a problem for each form, of which the last tells most.
    by_field = {_list_location(problem): problem for problem in error.errors()}
    return [_describe_problem(text, location, dict(problem), model) for location, problem in by_field.items()]


def _list_location(problem: Mapping[str, Any]) -> tuple[str | int, ...]:
    # pydantic adds the tried type to the path of a union: only what the user wrote is shown.
    return tuple(part for part in problem["loc"] if part not in ("float", "CoefficientOverride"))


def _describe_problem(
    text: str, location: tuple[str | int, ...], problem: Mapping[str, Any], model: type[BaseModel]
) -> Text:
    # People count from one.
    name = ".".join(str(part + 1 if isinstance(part, int) else part) for part in location)
    line = _find_line(text, location)
    field_en = f"Field '{name}'" + (f" (line {line})" if line else "")
    field_fr = f"Champ « {name} »" + (f" (ligne {line})" if line else "")
    kind, context, received = problem["type"], problem.get("ctx", {}), problem.get("input")
    given = _shorten(str(received) if isinstance(received, Decimal) else repr(received))
    if not location:
        return Text(
            "There is neither 'budget' nor 'places': give a budget (EUR per year), a number of places, or both.",
            "Il n'y a ni « budget » ni « places » : donnez un budget (euros par an), un nombre de lieux, ou les deux.",
        )
    if kind == "missing":
        return Text(f"{field_en} is missing: add it.", f"{field_fr} : absent, ajoutez-le.")
    if kind == "extra_forbidden":
        known = ", ".join(_list_fields(location, model))
        return Text(f"{field_en} is unknown. Known: {known}.", f"{field_fr} : inconnu. Connus : {known}.")
    if kind == "literal_error":
        options = str(context.get("expected", ""))
        return Text(
            f"{field_en}: {given} is not one of {options}.",
            f"{field_fr} : {given} n'est pas parmi {options.replace(' or ', ' ou ')}.",
        )
    bounds = {
        "greater_than": ("greater than", "supérieur à", "gt"),
        "greater_than_equal": ("at least", "au moins égal à", "ge"),
        "less_than": ("less than", "inférieur à", "lt"),
        "less_than_equal": ("at most", "au plus égal à", "le"),
    }
    if kind in bounds:
        en, fr, key = bounds[kind]
        return Text(
            f"{field_en}: {given} must be {en} {context[key]:g}.",
            f"{field_fr} : {given} doit être {fr} {context[key]:g}.",
        )
    if kind in ("too_short", "string_too_short"):
        return Text(f"{field_en} is empty: give at least one value.", f"{field_fr} : vide, donnez au moins une valeur.")
    if kind == "same_name":
        return Text(
            f"{field_en}: two floors have the same name. Give each its own.",
            f"{field_fr} : deux planchers ont le même nom. Donnez à chacun le sien.",
        )
    expected = next((words for start, words in _EXPECTED.items() if kind.startswith(start)), None)
    if expected is None:
        return Text(
            f"{field_en}: {given} cannot be used ({problem['msg']}).", f"{field_fr} : {given} ne peut pas être utilisé."
        )
    return Text(f"{field_en}: {given} is not {expected.en}.", f"{field_fr} : {given} n'est pas {expected.fr}.")


def _list_fields(location: tuple[str | int, ...], model: type[BaseModel]) -> tuple[str, ...]:
    """Return the fields that are known where an unknown one was found."""
    for part in location[:-1]:
        # A place in a list and the name of a coefficient are no fields.
        if isinstance(part, str) and part in model.model_fields:
            model = next(_list_models(model.model_fields[part].annotation), model)
    return tuple(model.model_fields)


def _list_models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _list_models(inner)


_EXPECTED = {
    "finite_number": Text("a finite number", "un nombre fini"),
    "float": Text("a number", "un nombre"),
    "int": Text("a whole number", "un nombre entier"),
    "decimal": Text("an amount to the cent", "un montant au centime près"),
    "date": Text("a day (2026-06-01)", "une date (2026-06-01)"),
    "bool": Text("true or false", "true ou false"),
    "string": Text("a text between quotes", "un texte entre guillemets"),
    "tuple": Text("a list between brackets", "une liste entre crochets"),
    "dict": Text("a table", "une table"),
    "model": Text("a number, nor { low, value, high }", "un nombre, ni { low, value, high }"),
}


def _find_line(text: str, location: tuple[str | int, ...]) -> int | None:
    lines = text.splitlines()
    first, last = 0, len(lines)
    if location[:1] == ("floors",) and len(location) > 1:
        # Several tables hold the same names: only the one in question is looked at.
        starts = [number for number, line in enumerate(lines) if re.match(r"\s*\[\[\s*study\.floors\s*\]\]", line)]
        rank = location[1]
        if not isinstance(rank, int) or rank >= len(starts):
            return None
        first = starts[rank]
        last = next((k for k in range(first + 1, len(lines)) if lines[k].lstrip().startswith("[")), len(lines))
    names = [str(part) for part in location if isinstance(part, str)]
    for name in reversed(names):
        pattern = re.compile(rf'^\s*"?{re.escape(name)}"?\s*=')
        for number in range(first, last):
            if pattern.match(lines[number]):
                return number + 1
    return first + 1 if first else None


def _shorten(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
