"""Two to four results side by side: what was asked, what each gives, where each opens; to read and to download."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ancrage.errors import InputError
from ancrage.language import Language, Text, format_number
from ancrage_web.design.spreadsheets import MARK, write_rows
from ancrage_web.studies.models import Result
from ancrage_web.studies.rules import SETTING_NAMES, load_coefficients

FEWEST, MOST = 2, 4

_NONE = Text("none", "aucun")
_DEFAULT = Text("value of the set", "valeur du jeu")


@dataclass(frozen=True)
class SettingRow:
    """A setting that differs: its name, and its value in each result."""

    name: str
    label: Text
    values: tuple[Text, ...]


@dataclass(frozen=True)
class FigureCell:
    """A figure of one result.

    Attributes
    ----------
    value, low, high : None where the result does not give them; written, interval : in both languages.
    difference : to the first result, None for the first itself or where one of the two is unknown.
    difference_written : with its sign; "=" when there is none at the precision shown; empty for None.
    """

    value: float | None
    low: float | None
    high: float | None
    written: Text
    interval: Text
    difference: float | None
    difference_written: Text


@dataclass(frozen=True)
class FigureRow:
    """A figure of the report, in each result."""

    id: str
    label: Text
    unit: Text
    cells: tuple[FigureCell, ...]


@dataclass(frozen=True)
class PlaceRow:
    """A commune where at least one of the results has a place.

    Attributes
    ----------
    kinds : "chosen", "kept", "existing"..., as the map says; empty where the result has no place there.
    desks : number of desks; None where there is no place.
    """

    code: str
    name: str
    kinds: tuple[str, ...]
    desks: tuple[int | None, ...]


@dataclass(frozen=True)
class CommuneRow:
    """A commune with its name."""

    code: str
    name: str


@dataclass(frozen=True)
class Shift:
    """What a result changes to the first one.

    Attributes
    ----------
    opened, closed : communes that gain a place, that lose one.
    gained, lost : communes of the territory whose commuters would use a place, and did not with the first; and the
        reverse.
    """

    opened: tuple[CommuneRow, ...]
    closed: tuple[CommuneRow, ...]
    gained: tuple[CommuneRow, ...]
    lost: tuple[CommuneRow, ...]


@dataclass(frozen=True)
class Comparison:
    """Results side by side, the first being what the others are compared with.

    Attributes
    ----------
    names : of the results (the names of their scenarios).
    warnings : what makes the results hard to compare (other data, another version).
    settings : those that differ; figures : those of the report; places : the union of the places.
    shifts : one by result after the first.
    """

    names: tuple[str, ...]
    warnings: tuple[Text, ...]
    settings: tuple[SettingRow, ...]
    figures: tuple[FigureRow, ...]
    places: tuple[PlaceRow, ...]
    shifts: tuple[Shift, ...]


def compare_results(results: Sequence[Result], names: Sequence[str] = ()) -> Comparison:
    """Compare two to four results of the same territory with the first of them.

    Parameters
    ----------
    names : what the columns are called; letters from A on where none are given.

    Raises
    ------
    InputError
        If there are fewer than two or more than four, or they are about other territories.
    """
    if not FEWEST <= len(results) <= MOST:
        raise InputError(
            f"{len(results)} results were chosen: choose from {FEWEST} to {MOST} of them.",
            f"{len(results)} résultats ont été choisis : choisissez-en de {FEWEST} à {MOST}.",
        )
    if len({tuple(sorted(result.settings["epci"])) for result in results}) > 1:
        raise InputError(
            "The results are not about the same territory: choose results of one study.",
            "Les résultats ne portent pas sur le même territoire : choisissez des résultats d'une même étude.",
        )
    titles = tuple(names) or tuple("ABCD"[: len(results)])
    return Comparison(
        titles,
        _list_warnings(results),
        _list_settings(results),
        (_build_places_row(results), *_list_figures(results)),
        _list_places(results),
        tuple(_build_shift(results[0], other) for other in results[1:]),
    )


def write_difference(comparison: Comparison, language: Language) -> bytes:
    """Return the comparison as a workbook (XLSX): figures, settings, places, communes."""
    import xlsxwriter

    held = io.BytesIO()
    # Texts that people wrote are never read as formulas or addresses.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(held, options) as book:
        title = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        number = book.add_format({"num_format": "#,##0.##"})
        for name, lines in _list_sheets(comparison, language):
            sheet = book.add_worksheet(name)
            for row, line in enumerate(lines):
                for column, cell in enumerate(line):
                    if isinstance(cell, str):
                        sheet.write_string(row, column, cell, title if row == 0 else None)
                    elif cell is not None:
                        sheet.write_number(row, column, cell, number)
            sheet.freeze_panes(1, 1)
            sheet.set_column(0, 0, 44)
            sheet.set_column(1, 20, 18)
    return held.getvalue()


def write_difference_csv(comparison: Comparison, language: Language) -> bytes:
    """Return the comparison as one table of text that a spreadsheet opens (UTF-8 with its mark)."""
    tables = (write_rows([[name], *lines, []], language) for name, lines in _list_sheets(comparison, language))
    return (MARK + "".join(tables)).encode()


def _list_warnings(results: Sequence[Result]) -> tuple[Text, ...]:
    warnings = []
    if any(result.inputs != results[0].inputs for result in results):
        warnings.append(
            Text(
                "These results were not computed with the same data: a part of the differences may come from it. "
                "Compute the older ones again.",
                "Ces résultats n'ont pas été calculés avec les mêmes données : une partie des écarts peut en venir. "
                "Recalculez les plus anciens.",
            )
        )
    if any(result.version != results[0].version for result in results):
        warnings.append(
            Text(
                "These results were not computed by the same version of Ancrage: a part of the differences may come "
                "from it. Compute the older ones again.",
                "Ces résultats n'ont pas été calculés par la même version d'Ancrage : une partie des écarts peut en "
                "venir. Recalculez les plus anciens.",
            )
        )
    return tuple(warnings)


def _list_settings(results: Sequence[Result]) -> tuple[SettingRow, ...]:
    names = _list_names(results)
    rows = []
    for field, label in SETTING_NAMES.items():
        values = [result.settings.get(field) for result in results]
        if field == "parameters" or all(value == values[0] for value in values):
            continue
        rows.append(SettingRow(field, label, tuple(_say_setting(field, value, names) for value in values)))
    replaced = [result.settings.get("parameters") or {} for result in results]
    known = load_coefficients()
    for coefficient in sorted({name for given in replaced for name in given}):
        values = [given.get(coefficient) for given in replaced]
        if all(value == values[0] for value in values):
            continue
        label = known.get(coefficient).label if coefficient in known.names() else Text(coefficient, coefficient)
        rows.append(SettingRow(f"parameters.{coefficient}", label, tuple(_say_coefficient(v) for v in values)))
    return tuple(rows)


def _say_setting(field: str, value: Any, names: Mapping[str, str]) -> Text:
    if value is None:
        return _NONE
    if value in ([], {}):
        # Communes and zones.
        return Text("none", "aucune")
    if isinstance(value, bool):
        return Text("yes", "oui") if value else Text("no", "non")
    if isinstance(value, int | float):
        return _write(value)
    if field == "objective":
        return _OBJECTIVES.get(value, Text(value, value))
    if field == "preset":
        preset = load_coefficients().list_presets().get(value)
        return Text(value, value) if preset is None else preset.label
    if field == "floors":
        return _join(_say_floor(floor, names) for floor in value)
    if isinstance(value, list):
        listed = ", ".join(names.get(str(item), str(item)) for item in value)
        return Text(listed, listed)
    return Text(str(value), str(value))


_OBJECTIVES = {
    "km": Text("kilometres avoided", "kilomètres évités"),
    "hours": Text("hours of travel saved", "heures de trajet gagnées"),
    "co2": Text("net CO₂ avoided", "CO₂ net évité"),
    "value": Text("net social value", "valeur sociale nette"),
}


def _say_floor(floor: Mapping[str, Any], names: Mapping[str, str]) -> Text:
    share = float(floor["share"]) * 100
    listed = ", ".join(names.get(str(code), str(code)) for code in floor["communes"])
    return Text(
        f"{floor['name']}: {format_number(share, 0, 'en')}% ({listed})",
        f"{floor['name']} : {format_number(share, 0, 'fr')} % ({listed})",
    )


def _say_coefficient(given: Any) -> Text:
    if given is None:
        return _DEFAULT
    if isinstance(given, Mapping):
        value, low, high = _write(given["value"]), _write(given["low"]), _write(given["high"])
        return Text(f"{value.en} ({low.en} to {high.en})", f"{value.fr} ({low.fr} à {high.fr})")
    return _write(given)


def _list_figures(results: Sequence[Result]) -> Iterator[FigureRow]:
    pages = [{language: _index(result, language) for language in ("fr", "en")} for result in results]
    order = list(dict.fromkeys(key for held in pages for key in held["fr"]))
    for key in order:
        held = [page["fr"].get(key) for page in pages]
        found = [figure for figure in held if figure is not None]
        # The aim is written in its own unit: aims of two kinds are not compared (the effects below are).
        if len({figure["unit"] for figure in found}) > 1 or len({figure["label"] for figure in found}) > 1:
            continue
        english = next(page["en"][key] for page in pages if key in page["en"])
        values = [None if figure is None else figure["value"] for figure in held]
        differences = [None, *(_subtract(value, values[0]) for value in values[1:])]
        cells = tuple(
            FigureCell(
                values[rank],
                None if figure is None else figure["low"],
                None if figure is None else figure["high"],
                _pair(pages[rank], key, "written"),
                _pair(pages[rank], key, "interval"),
                differences[rank],
                _write_signed(differences[rank], values[0]),
            )
            for rank, figure in enumerate(held)
        )
        yield FigureRow(
            key,
            Text(english["label"], found[0]["label"]),
            Text(english["unit"], found[0]["unit"]),
            cells,
        )


def _build_places_row(results: Sequence[Result]) -> FigureRow:
    counts = [float(len(result.map["places"])) for result in results]
    cells = []
    for rank, count in enumerate(counts):
        difference = None if rank == 0 else count - counts[0]
        cells.append(
            FigureCell(count, None, None, _write(count), Text("", ""), difference, _write_signed(difference, counts[0]))
        )
    return FigureRow("places", Text("Places open", "Lieux ouverts"), Text("places", "lieux"), tuple(cells))


def _list_places(results: Sequence[Result]) -> tuple[PlaceRow, ...]:
    names = {place["code"]: place["name"] for result in results for place in result.map["places"]}
    by_code = [{place["code"]: place for place in result.map["places"]} for result in results]
    rows = [
        PlaceRow(
            code,
            name,
            tuple(held[code]["kind"] if code in held else "" for held in by_code),
            tuple(round(held[code]["desks"]) if code in held else None for held in by_code),
        )
        for code, name in names.items()
    ]
    # First those that most results open, then the largest.
    return tuple(
        sorted(
            rows,
            key=lambda row: (
                sum(desks is None for desks in row.desks),
                -max(desks or 0 for desks in row.desks),
                row.name,
                row.code,
            ),
        )
    )


def _build_shift(first: Result, other: Result) -> Shift:
    names = _list_names((first, other))
    before, after = ({place["code"] for place in result.map["places"]} for result in (first, other))
    served_before, served_after = _list_served(first), _list_served(other)

    def name(codes: set[str]) -> tuple[CommuneRow, ...]:
        rows = [CommuneRow(code, names.get(code, code)) for code in codes]
        return tuple(sorted(rows, key=lambda row: (row.name, row.code)))

    return Shift(
        name(after - before),
        name(before - after),
        name(served_after - served_before),
        name(served_before - served_after),
    )


def _list_served(result: Result) -> set[str]:
    communes = (feature["properties"] for feature in result.map["communes"]["features"])
    return {commune["code"] for commune in communes if commune["inside"] and commune["place"]}


def _list_names(results: Iterable[Result]) -> dict[str, str]:
    names: dict[str, str] = {}
    for result in results:
        for feature in result.map["communes"]["features"]:
            names[feature["properties"]["code"]] = feature["properties"]["name"]
    return names


def _index(result: Result, language: str) -> dict[str, Any]:
    return {figure["id"]: figure for figure in result.pages[language]["figures"]}


def _pair(page: Mapping[str, Mapping[str, Any]], key: str, field: str) -> Text:
    return Text(*(page[language].get(key, {}).get(field, "") for language in ("en", "fr")))


def _subtract(value: float | None, first: float | None) -> float | None:
    return None if value is None or first is None else value - first


def _write(value: float, digits: int = 3) -> Text:
    """Return a number in both languages: whole when it is, else with the significant digits of the report."""
    if value == int(value):
        return Text(format_number(value, 0, "en"), format_number(value, 0, "fr"))
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return Text(format_number(value, decimals, "en"), format_number(value, decimals, "fr"))


def _write_signed(difference: float | None, first: float | None) -> Text:
    """Return a difference with its sign, at the precision of the figure that it is taken from; whole between counts."""
    if difference is None or first is None:
        return Text("", "")
    size = max(abs(difference), abs(first))
    step = 1.0 if size == 0 else 10.0 ** (math.floor(math.log10(size)) - 2)
    if difference == int(difference) and first == int(first):
        step = max(step, 1.0)
    rounded = round(difference / step) * step
    if rounded == 0:
        return Text("=", "=")
    decimals = max(0, -math.floor(math.log10(step)))
    sign = "+" if rounded > 0 else ""
    return Text(sign + format_number(rounded, decimals, "en"), sign + format_number(rounded, decimals, "fr"))


def _join(texts: Iterable[Text]) -> Text:
    listed = list(texts)
    return Text("; ".join(text.en for text in listed), " ; ".join(text.fr for text in listed))


_Cell = str | float | None
_Where = Literal["opened", "closed", "gained", "lost"]
_SHIFTS: dict[_Where, Text] = {
    "opened": Text("place opened", "lieu ouvert"),
    "closed": Text("place not opened any more", "lieu qui n'ouvre plus"),
    "gained": Text("commune served", "commune desservie"),
    "lost": Text("commune not served any more", "commune qui n'est plus desservie"),
}


def _list_sheets(comparison: Comparison, language: Language) -> Iterator[tuple[str, list[list[_Cell]]]]:
    """Yield the name and the lines of each table, the first line being its titles."""

    def say(en: str, fr: str) -> str:
        return Text(en, fr).render(language)

    first, others = comparison.names[0], comparison.names[1:]
    minus = [say(f"{name} − {first}", f"{name} − {first}") for name in others]
    yield (
        say("Figures", "Chiffres"),
        [
            [say("Figure", "Chiffre"), say("Unit", "Unité"), *comparison.names, *minus],
            *(
                [
                    row.label.render(language),
                    row.unit.render(language),
                    *(cell.value for cell in row.cells),
                    *(cell.difference for cell in row.cells[1:]),
                ]
                for row in comparison.figures
            ),
        ],
    )
    asked: list[list[_Cell]] = [[say("Setting that differs", "Réglage qui diffère"), *comparison.names]]
    asked += [[row.label.render(language), *(v.render(language) for v in row.values)] for row in comparison.settings]
    yield say("Settings", "Réglages"), asked
    desks = [say(f"Desks: {name}", f"Postes : {name}") for name in comparison.names]
    yield (
        say("Places", "Lieux"),
        [
            [say("Commune", "Commune"), say("Code", "Code"), *desks],
            *(
                [row.name, row.code, *(None if count is None else float(count) for count in row.desks)]
                for row in comparison.places
            ),
        ],
    )
    lines: list[list[_Cell]] = [
        [
            say("Commune", "Commune"),
            say("Code", "Code"),
            say("Scenario", "Scénario"),
            say(f"Change from {first}", f"Changement par rapport à {first}"),
        ]
    ]
    for name, shift in zip(others, comparison.shifts, strict=True):
        for where, told in _SHIFTS.items():
            lines += [[row.name, row.code, name, told.render(language)] for row in getattr(shift, where)]
    yield say("Communes", "Communes"), lines
    if comparison.warnings:
        told_lines: list[list[_Cell]] = [[say("Warning", "Avertissement")]]
        told_lines += [[text.render(language)] for text in comparison.warnings]
        yield say("Warnings", "Avertissements"), told_lines
