"""Reading of the YAML files of parameters; a value without source, unit, letter or label is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from ancrage.errors import ParameterError
from ancrage.language import Text
from ancrage.parameters.collection import Parameters
from ancrage.parameters.model import LETTERS, UNITS, Coefficient, Preset, check_interval

if TYPE_CHECKING:
    from yaml import SafeLoader as _Base
else:
    # The C loader is about ten times faster; a PyYAML built without libyaml has only the other one.
    _Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

DEFAULT_PRESET = "observed"

_FILE_FIELDS = {"topic", "verified_on", "parameters"}
_ALLOWED = {"label", "unit", "letter", "source", "note", "verified_on", "positive"}
_VALUE_FIELDS = {"value", "low", "high"}
_DATED_FIELDS = {"periods", "known_until"}
_PERIOD_FIELDS = _VALUE_FIELDS | {"since", "until", "source", "note"}
_PRESET_FIELDS = {"label", "note", "values"}
_PRESET_VALUE_FIELDS = _VALUE_FIELDS | {"letter", "source", "note"}


class _Loader(_Base):
    """A safe loader that refuses a key written twice, where YAML would silently keep the last one."""


def _read_mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if not isinstance(key, str):
            raise ParameterError(
                f"line {line}: {key!r} is not a name. Write 'name: value' lines, quoting the name if needed.",
                f"ligne {line} : {key!r} n'est pas un nom. Écrire « nom: valeur », le nom entre guillemets au besoin.",
            )
        if key in mapping:
            raise ParameterError(
                f"line {line}: '{key}' is written twice. Keep one of the two.",
                f"ligne {line} : « {key} » est écrit deux fois. N'en garder qu'un.",
            )
        mapping[key] = loader.construct_object(value_node, deep=True)
    return mapping


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _read_mapping)


@lru_cache(maxsize=1)
def load_parameters() -> Parameters:
    """Return the parameters that come with the package, under the preset "observed".

    The files are read and checked once; the result is immutable and shared.

    Raises
    ------
    ParameterError
        If a bundled file is damaged.
    """
    folder = resources.files("ancrage.parameters") / "values"
    texts = {
        entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".yaml")
    }
    return read_parameters(dict(sorted(texts.items())))


def read_parameters(texts: Mapping[str, str]) -> Parameters:
    """Read and check parameters from the text of YAML files.

    Parameters
    ----------
    texts : by file name, the text. The file that has a key `presets` gives the presets; the others give
        parameters (see docs/method/parameters.md for the fields).

    Raises
    ------
    ParameterError
        If a file is not YAML, a field is missing or unknown, a value has no source, letter, unit or label, an
        interval is out of order or out of the range of the unit, two periods overlap, or a name appears twice.
        The message names the file and the field.
    """
    coefficients: dict[str, tuple[Coefficient, ...]] = {}
    topics: dict[str, Text] = {}
    presets_found: list[tuple[str, dict[str, Any]]] = []
    for file, text in texts.items():
        content = _read_yaml(file, text)
        if "presets" in content:
            presets_found.append((file, content))
            continue
        _check_fields(file, content, required=_FILE_FIELDS, allowed=_FILE_FIELDS)
        topics[file.removesuffix(".yaml")] = _read_text(f"{file}, topic", content["topic"])
        for name, fields in _read_section(f"{file}, parameters", content["parameters"]).items():
            if name in coefficients:
                raise _refuse(
                    f"{file}, {name}",
                    f"this name is already used in {coefficients[name][0].topic}.yaml. Keep one of the two.",
                    f"ce nom est déjà pris dans {coefficients[name][0].topic}.yaml. N'en garder qu'un.",
                )
            coefficients[name] = _read_parameter(file, name, fields, content["verified_on"])
    presets: dict[str, Preset] = {}
    for file, content in presets_found:
        _check_fields(file, content, required={"presets"}, allowed={"presets"})
        for name, fields in _read_section(f"{file}, presets", content["presets"]).items():
            presets[name] = _read_preset(f"{file}, {name}", fields, coefficients)
    if DEFAULT_PRESET not in presets:
        raise _refuse(
            ", ".join(texts),
            f"no preset '{DEFAULT_PRESET}'. Add it: it is the one in force by default.",
            f"pas de préréglage « {DEFAULT_PRESET} ». L'ajouter : c'est celui en vigueur par défaut.",
        )
    return Parameters(coefficients, presets, DEFAULT_PRESET, _topics=topics)


def _read_yaml(file: str, text: str) -> dict[str, Any]:
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 -- a subclass of the safe loader
    except yaml.YAMLError as error:
        raise _refuse(
            file,
            f"this is not valid YAML ({' '.join(str(error).split())}). Correct the line named.",
            f"ce n'est pas du YAML valide ({' '.join(str(error).split())}). Corriger la ligne indiquée.",
        ) from error
    except ParameterError as error:
        raise _refuse(file, error.text.en, error.text.fr) from error
    return _read_section(file, content)


def _read_section(where: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _refuse(
            where,
            f"received {value!r} where named fields are expected. Write 'name: value' lines.",
            f"reçu {value!r} là où des champs nommés sont attendus. Écrire des lignes « nom: valeur ».",
        )
    return value


def _check_fields(where: str, fields: Mapping[str, Any], *, required: set[str], allowed: set[str]) -> None:
    for name in sorted(required - set(fields)):
        raise _refuse(where, f"the field '{name}' is missing. Add it.", f"le champ « {name} » manque. L'ajouter.")
    for name in sorted(set(fields) - allowed):
        choices = ", ".join(sorted(allowed))
        raise _refuse(
            where,
            f"unknown field '{name}'. The fields are: {choices}.",
            f"champ « {name} » inconnu. Les champs sont : {choices}.",
        )


def _read_parameter(file: str, name: str, value: object, verified_by_file: object) -> tuple[Coefficient, ...]:
    """Read one parameter: a single value, or one value per period."""
    where = f"{file}, {name}"
    fields = _read_section(where, value)
    dated = "periods" in fields
    own = _DATED_FIELDS if dated else _VALUE_FIELDS
    _check_fields(
        where,
        fields,
        required={"label", "unit", "letter", "source", "periods" if dated else "value"},
        allowed=_ALLOWED | own,
    )
    unit = fields["unit"]
    if not isinstance(unit, str) or unit not in UNITS:
        raise _refuse(
            f"{where}, unit",
            f"unknown unit {unit!r}. The units are: {', '.join(UNITS)}.",
            f"unité {unit!r} inconnue. Les unités sont : {', '.join(UNITS)}.",
        )
    source = _read_text(f"{where}, source", fields["source"])
    note = _read_text(f"{where}, note", fields["note"]) if "note" in fields else Text("", "")
    verified_on = fields.get("verified_on", verified_by_file)
    positive = fields.get("positive", False)
    if not isinstance(positive, bool):
        raise _refuse(f"{where}, positive", "expected true or false.", "« true » ou « false » attendu.")
    base = Coefficient(
        name=name,
        value=0.0,
        low=None,
        high=None,
        unit=unit,
        letter=_read_letter(f"{where}, letter", fields["letter"]),
        label=_read_text(f"{where}, label", fields["label"]),
        source=source.en,
        source_fr=source.fr,
        note=note.en,
        note_fr=note.fr,
        verified_on=None if verified_on is None else _read_date(f"{where}, verified_on", verified_on),
        topic=file.removesuffix(".yaml"),
        positive=positive,
    )
    if not dated:
        return (_fill_value(where, base, fields),)
    known_until = fields.get("known_until")
    return _read_periods(
        where,
        base,
        fields["periods"],
        None if known_until is None else _read_date(f"{where}, known_until", known_until),
    )


def _read_periods(where: str, base: Coefficient, listed: object, known_until: date | None) -> tuple[Coefficient, ...]:
    """Read dated values; without `until`, a period ends on the eve of the next, and the last on `known_until`."""
    if not isinstance(listed, list) or not listed:
        raise _refuse(
            f"{where}, periods",
            "at least one period is expected. Write a list of 'since' and 'value'.",
            "au moins une période est attendue. Écrire une liste de « since » et « value ».",
        )
    periods: list[Coefficient] = []
    rows = [_read_section(f"{where}, periods", row) for row in listed]
    for row in rows:
        _check_fields(f"{where}, periods", row, required={"since", "value"}, allowed=_PERIOD_FIELDS)
    starts = [_read_date(f"{where}, since", row["since"]) for row in rows]
    for index, (row, since) in enumerate(zip(rows, starts, strict=True)):
        here = f"{where}, since {since}"
        following = starts[index + 1] if index + 1 < len(starts) else None
        if following is not None and following <= since:
            raise _refuse(
                here,
                f"the next period starts on {following}, so the two overlap. List each start once, oldest first.",
                f"la période suivante commence le {following} : les deux se chevauchent. Écrire chaque "
                "début une fois, du plus ancien au plus récent.",
            )
        implied = following - timedelta(days=1) if following is not None else known_until
        until = _read_date(f"{here}, until", row["until"]) if "until" in row else implied
        if until is not None and until < since:
            raise _refuse(
                here,
                f"it would end on {until}, before it starts.",
                f"elle finirait le {until}, avant de commencer.",
            )
        if until is not None and implied is not None and until > implied:
            raise _refuse(
                here,
                f"it ends on {until} and overlaps what follows (limit {implied}). Shorten it or correct the dates.",
                f"elle finit le {until} et chevauche la suite (limite {implied}). La raccourcir ou corriger les dates.",
            )
        dated = replace(base, since=since, until=until)
        if "source" in row:
            source = _read_text(f"{here}, source", row["source"])
            dated = replace(dated, source=source.en, source_fr=source.fr)
        if "note" in row:
            note = _read_text(f"{here}, note", row["note"])
            dated = replace(dated, note=note.en, note_fr=note.fr)
        periods.append(_fill_value(here, dated, row))
    return tuple(periods)


def _fill_value(where: str, base: Coefficient, fields: Mapping[str, Any]) -> Coefficient:
    """Return `base` with the value and the interval of `fields`, checked."""
    if ("low" in fields) != ("high" in fields):
        raise _refuse(
            where,
            "'low' and 'high' go together. Give both, or neither.",
            "« low » et « high » vont ensemble. Donner les deux, ou aucun.",
        )
    value = _read_number(f"{where}, value", fields["value"])
    low = _read_number(f"{where}, low", fields["low"]) if "low" in fields else None
    high = _read_number(f"{where}, high", fields["high"]) if "high" in fields else None
    check_interval(Text(where, where), base.unit, value, low, high, positive=base.positive)
    return replace(base, value=value, low=low, high=high)


def _read_preset(where: str, value: object, known: Mapping[str, tuple[Coefficient, ...]]) -> Preset:
    """Read a preset: each value is that of a parameter (`from`), or carries its own letter and source."""
    fields = _read_section(where, value)
    _check_fields(where, fields, required=_PRESET_FIELDS, allowed=_PRESET_FIELDS)
    values: dict[str, Coefficient] = {}
    for name, entry in _read_section(f"{where}, values", fields["values"]).items():
        here = f"{where}, {name}"
        given = _read_section(here, entry)
        target = _get_undated(here, name, known)
        if "from" in given:
            _check_fields(here, given, required={"from"}, allowed={"from", "note"})
            model = _get_undated(here, given["from"], known)
            check_interval(Text(here, here), target.unit, model.value, model.low, model.high, positive=target.positive)
            taken = replace(model, name=name, unit=target.unit, label=target.label, topic=target.topic)
            note = _read_text(f"{here}, note", given["note"]) if "note" in given else Text(model.note, model.note_fr)
            values[name] = replace(taken, note=note.en, note_fr=note.fr, positive=target.positive)
            continue
        _check_fields(here, given, required={"value", "letter", "source"}, allowed=_PRESET_VALUE_FIELDS)
        source = _read_text(f"{here}, source", given["source"])
        note = _read_text(f"{here}, note", given["note"]) if "note" in given else Text("", "")
        own = replace(
            target,
            letter=_read_letter(f"{here}, letter", given["letter"]),
            source=source.en,
            source_fr=source.fr,
            note=note.en,
            note_fr=note.fr,
        )
        values[name] = _fill_value(here, own, given)
    label = _read_text(f"{where}, label", fields["label"])
    return Preset(label, _read_text(f"{where}, note", fields["note"]), values)


def _get_undated(where: str, name: object, known: Mapping[str, tuple[Coefficient, ...]]) -> Coefficient:
    periods = known.get(name, ()) if isinstance(name, str) else ()
    if len(periods) != 1 or periods[0].since is not None:
        raise _refuse(
            where,
            f"{name!r} is not an undated parameter. Correct the name.",
            f"{name!r} n'est pas un paramètre sans date. Corriger le nom.",
        )
    return periods[0]


def _read_text(where: str, value: object) -> Text:
    """Read a text in both languages; a plain string (a citation) reads the same in both."""
    if isinstance(value, str) and value.strip():
        return Text(value.strip(), value.strip())
    if isinstance(value, dict) and set(value) == {"en", "fr"}:
        english, french = value["en"], value["fr"]
        if isinstance(english, str) and isinstance(french, str) and english.strip() and french.strip():
            return Text(english.strip(), french.strip())
    raise _refuse(
        where,
        f"received {value!r}. Write a text, or 'en:' and 'fr:' texts, not empty.",
        f"reçu {value!r}. Écrire un texte, ou des textes « en: » et « fr: », non vides.",
    )


def _read_letter(where: str, value: object) -> Any:
    if isinstance(value, str) and value in LETTERS:
        return value
    raise _refuse(
        where,
        f"received {value!r}. Write S (sourced), D (derived) or A (assumption).",
        f"reçu {value!r}. Écrire S (sourcé), D (dérivé) ou A (hypothèse).",
    )


def _read_number(where: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise _refuse(where, f"received {value!r}. Write a number.", f"reçu {value!r}. Écrire un nombre.")


def _read_date(where: str, value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise _refuse(
        where, f"received {value!r}. Write a day, YYYY-MM-DD.", f"reçu {value!r}. Écrire un jour, AAAA-MM-JJ."
    )


def _refuse(where: str, en: str, fr: str) -> ParameterError:
    return ParameterError(f"{where}: {en}", f"{where} : {fr}")
