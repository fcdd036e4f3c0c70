"""Amendments in a spreadsheet: one line for each value changed, read as the sheet where that value stands; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ancrage.errors import InputError
from ancrage_web.conventions.exchange_sheets import AMENDED, AMENDMENTS, BASINS
from ancrage_web.conventions.exchange_workbook import restore
from ancrage_web.conventions.import_reading import Reading, Row
from ancrage_web.conventions.import_values import read_value
from ancrage_web.conventions.rules import ACTION_FIELDS, SIGNED, pack_value


def write_changed(field: str, packed: Any) -> Any:
    """Return a value of `Amendment.changes` as a cell shows it.

    Parameters
    ----------
    field : key of `AMENDED`; packed : value as the amendment stores it.
    """
    if packed is None:
        return None
    if field == "basins":
        return "\n".join(f"{basin['name']} : {' '.join(basin['communes'])}" for basin in packed)
    kind = AMENDED[field].format
    if kind == "date":
        return date.fromisoformat(packed)
    return Decimal(str(packed)) if kind in ("money", "decimal") else packed


def pack_changed(field: str, value: Any) -> Any:
    """Return a value that was read as an amendment stores it."""
    return value if field == "basins" else pack_value(value)


def read_changed(field: str, value: Any) -> Any:
    """Return what a cell says of a field: a value of the model, or basins as an amendment stores them.

    Raises
    ------
    InputError
        With what was read and what the field waits for.
    """
    column = AMENDED[field]
    if value is None or (isinstance(value, str) and not value.strip()):
        return [] if field == "basins" else column.default
    if field != "basins":
        return read_value(column, value)[0]
    basins = []
    for line in restore(str(value)).splitlines():
        if not line.strip():
            continue
        name, mark, codes = line.rpartition(":")
        if not mark or not name.strip():
            raise InputError(
                f"'{line.strip()[:40]}' names no basin: write one by line, as 'Millau basin: 12145 12146'.",
                f"« {line.strip()[:40]} » ne nomme pas de bassin : écrivez-en un par ligne, comme « Bassin de Millau : "
                "12145 12146 ».",
            )
        basins.append({"name": read_value(BASINS.columns[0], name)[0], "communes": read_value(column, codes)[0]})
    return sorted(basins, key=lambda basin: str(basin["name"]))


def name_change(row: Row) -> tuple[str, str]:
    """Return what a line changes: the name of an action or nothing, and the field."""
    return row.values["action"], row.values["field"]


def check_amendments(reading: Reading) -> None:
    """Read the values of each line, and refuse what no chain of amendments can be; tell what does not follow."""
    rows = reading.rows[AMENDMENTS.key]
    rows.sort(key=lambda row: (row.values["number"] or 0, row.line))
    for row in rows:
        _check_field(reading, row)
    _check_numbers(reading, rows)
    _check_days(reading, rows)
    _check_chain(reading, rows)


def _check_field(reading: Reading, row: Row) -> None:
    if "field" in row.wrong:
        # What its two values are is not known.
        row.wrong |= {"before", "after"}
        return
    field = row.values["field"]
    for key in ("before", "after"):
        if key in row.wrong:
            continue
        try:
            row.values[key] = read_changed(field, row.values[key])
        except InputError as error:
            row.wrong.add(key)
            reading.add(row, key, error.text.en, error.text.fr)
    if not row.wrong & {"before", "after"} and row.values["before"] == row.values["after"]:
        reading.add(
            row,
            "after",
            "The same value before and after: an amendment changes it. Correct one, or remove the line.",
            "La même valeur avant et après : un avenant la change. Corrigez l'une, ou retirez la ligne.",
        )
    if field in ACTION_FIELDS and not row.values["action"] and "action" not in row.wrong:
        reading.add(row, "action", "Name the action whose value changed.", "Nommez l'action dont la valeur a changé.")
    if field not in ACTION_FIELDS and row.values["action"]:
        reading.add(
            row,
            "action",
            "This field is of the whole convention: empty this cell.",
            "Ce champ est celui de toute la convention : videz cette cellule.",
        )


def _check_numbers(reading: Reading, rows: Sequence[Row]) -> None:
    first: dict[int, Row] = {}
    for row in rows:
        number = row.values["number"]
        if "number" in row.wrong:
            continue
        if number not in first and number != len(first) + 1:
            reading.add(
                row,
                "number",
                f"Amendment {number} does not follow {len(first)}: number them 1, 2, 3.",
                f"L'avenant n° {number} ne suit pas le n° {len(first)} : numérotez-les 1, 2, 3.",
            )
        head = first.setdefault(number, row)
        for key in ("signed_on", "effective_on", "reason"):
            if not {key} & (row.wrong | head.wrong) and row.values[key] != head.values[key]:
                reading.add(
                    row,
                    key,
                    f"Line {head.line} says something else of amendment {number}: write the same on each of its lines.",
                    f"La ligne {head.line} dit autre chose de l'avenant n° {number} : écrivez la même chose sur "
                    "chacune de ses lignes.",
                )


def _check_days(reading: Reading, rows: Sequence[Row]) -> None:
    convention = reading.rows["convention"][0] if reading.rows["convention"] else None
    if convention is None:
        return
    signed, status = convention.values["signed_on"], convention.values["status"]
    if rows and status not in SIGNED and "status" not in convention.wrong:
        reading.add(
            rows[0],
            "number",
            "The convention is not signed: an amendment changes a signed one. Correct its status, or remove the line.",
            "La convention n'est pas signée : un avenant modifie une convention signée. Corrigez son statut, ou "
            "retirez la ligne.",
        )
    latest: date | None = signed
    for row in rows:
        for key in ("signed_on", "effective_on"):
            day = row.values[key]
            if signed is not None and day is not None and day < signed:
                reading.add(
                    row,
                    key,
                    f"{day.isoformat()} is before the signature of the convention, {signed.isoformat()}: correct it.",
                    f"Le {day:%d/%m/%Y} précède la signature de la convention, le {signed:%d/%m/%Y} : corrigez.",
                )
        day = row.values["signed_on"]
        if day is None:
            continue
        if latest is not None and signed is not None and signed <= day < latest:
            reading.add(
                row,
                "signed_on",
                "Signed before the amendment that precedes it: correct its day or its number.",
                "Signé avant l'avenant qui le précède : corrigez sa date ou son numéro.",
            )
        latest = day if latest is None else max(latest, day)


def _check_chain(reading: Reading, rows: Sequence[Row]) -> None:
    """Tell where a value does not start from what the former amendment left, or does not end in force."""
    last: dict[tuple[str, str], Row] = {}
    for row in rows:
        if row.wrong & {"number", "field", "action", "before", "after"}:
            return
        former = last.get(name_change(row))
        if former is not None and former.values["after"] != row.values["before"]:
            reading.add(
                row,
                "before",
                f"Line {former.line} left another value: check.",
                f"La ligne {former.line} laissait une autre valeur : vérifiez.",
                "warning",
            )
        last[name_change(row)] = row
    for (action, field), row in last.items():
        name = BASINS.name if field == "basins" else AMENDED[field].header
        found, value = _find_in_force(reading, action, field)
        if found and value != row.values["after"]:
            reading.add(
                row,
                "after",
                f"Another value is in force in its own sheet ({name.en}): check.",
                f"Une autre valeur est en vigueur dans sa feuille ({name.fr}) : vérifiez.",
                "warning",
            )


def _find_in_force(reading: Reading, action: str, field: str) -> tuple[bool, Any]:
    if field == "basins":
        basins = [{key: row.values[key] for key in ("name", "communes")} for row in reading.rows["basins"]]
        return True, sorted(basins, key=lambda basin: str(basin["name"]))
    rows = reading.rows["actions"] if field in ACTION_FIELDS else reading.rows["convention"]
    for row in rows:
        if field not in ACTION_FIELDS or row.values["name"] == action:
            return field not in row.wrong, row.values[field]
    return False, None


def build_changes(rows: Sequence[Row], actions: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the changes of one amendment as its model stores them.

    Parameters
    ----------
    actions : by name, with their `pk`.
    """
    changes = {}
    for row in rows:
        action, field = name_change(row)
        key = f"action:{actions[action].pk}:{field}" if action else field
        changes[key] = [pack_changed(field, row.values[side]) for side in ("before", "after")]
    return changes
