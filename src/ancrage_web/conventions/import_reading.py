"""Reading of a spreadsheet of a convention: cell by cell, every problem noted, nothing guessed.

The file comes from outside: its size, what it unpacks to, its parts and its rows are bounded before they are read.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from ancrage.errors import AncrageError, InputError
from ancrage.language import Text
from ancrage_web.conventions.exchange_columns import Column, Sheet
from ancrage_web.conventions.exchange_sheets import HISTORY, READ_ME, SHEETS
from ancrage_web.conventions.import_values import read_value, simplify

# Lines of each sheet, by their number.
Grids: TypeAlias = dict[str, dict[int, tuple[Any, ...]]]

MOST_BYTES = 10_000_000
MOST_UNPACKED = 80_000_000
MOST_PARTS = 200
MOST_ROWS = 20_000
_WIDEST = 60


@dataclass(frozen=True)
class Problem:
    """Something to correct, or to look at, in one cell.

    Attributes
    ----------
    sheet : its name in the file; cell : "D12", or empty for the whole sheet.
    """

    sheet: str
    cell: str
    text: Text
    level: Literal["error", "warning"] = "error"

    @property
    def place(self) -> str:
        """Where it is, as spreadsheets write it."""
        return f"{self.sheet}!{self.cell}" if self.cell else self.sheet


@dataclass
class Row:
    """A row that was read: values by key of a column, and where each stands.

    Attributes
    ----------
    wrong : keys of the columns whose cell could not be read; their value is the default.
    """

    sheet: Sheet
    name: str
    line: int
    values: dict[str, Any]
    cells: dict[str, str]
    wrong: set[str] = field(default_factory=set)

    def locate(self, key: str) -> str:
        """Return the cell of a column, or the line where the sheet does without it."""
        return self.cells.get(key, f"A{self.line}")


@dataclass
class Reading:
    """What a file holds: rows by key of a sheet, and every problem found."""

    rows: dict[str, list[Row]]
    problems: list[Problem] = field(default_factory=list)

    def add(self, row: Row, key: str, en: str, fr: str, level: Literal["error", "warning"] = "error") -> None:
        """Note a problem of a cell."""
        self.problems.append(Problem(row.name, row.locate(key), Text(en, fr), level))

    def list_errors(self) -> list[Problem]:
        """Return what prevents the import."""
        return [problem for problem in self.problems if problem.level == "error"]


def read_workbook(content: bytes) -> Reading:
    """Read every known sheet of an XLSX.

    Raises
    ------
    InputError
        If it is not an XLSX that can be read safely.
    """
    has_formulas = check_package(content)
    return read_grids(load(content), load(content, with_formulas=True) if has_formulas else {})


def read_grids(cells: Grids, formulas: Grids) -> Reading:
    """Read the lines of every sheet, as `load` gives them: what cells show, and what they compute."""
    reading = Reading({sheet.key: [] for sheet in SHEETS})
    found: set[str] = set()
    for title, grid in cells.items():
        sheet = _find_sheet(title)
        if sheet is None:
            if simplify(title) not in _LEFT_ALONE:
                names = ", ".join(s.name.fr for s in SHEETS), ", ".join(s.name.en for s in SHEETS)
                reading.problems.append(
                    Problem(
                        title,
                        "",
                        Text(
                            f"This sheet is not one of the template and is not read. Known: {names[1]}.",
                            f"Cette feuille n'est pas du modèle et n'est pas lue. Connues : {names[0]}.",
                        ),
                        "warning",
                    )
                )
            continue
        if sheet.key in found:
            reading.problems.append(
                Problem(title, "", Text("This sheet is there twice: keep one.", "Cette feuille y est deux fois."))
            )
            continue
        found.add(sheet.key)
        _read_sheet(reading, sheet, title, grid, formulas.get(title, {}))
    if "convention" not in found:
        reading.problems.append(
            Problem(
                "Convention",
                "",
                Text(
                    "The sheet Convention is missing: start from the template.",
                    "La feuille Convention manque : partez du modèle.",
                ),
            )
        )
    return reading


def check_package(content: bytes) -> bool:
    """Refuse a file that is not a workbook, or that unpacks to too much; say whether it holds formulas.

    Raises
    ------
    InputError
        With what was received and what to do.
    """
    if len(content) > MOST_BYTES:
        raise InputError(
            f"The file has {len(content) / 1e6:.1f} MB, more than {MOST_BYTES // 1_000_000}: remove pictures and "
            "sheets that are not of the template.",
            f"Le fichier pèse {len(content) / 1e6:.1f} Mo, plus de {MOST_BYTES // 1_000_000} : retirez les images et "
            "les feuilles hors du modèle.",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
            if "xl/workbook.xml" not in package.namelist():
                raise _build_not_a_workbook()
            # Counted as it is unpacked: what the file announces of itself proves nothing.
            if len(parts) > MOST_PARTS:
                raise _build_too_large()
            unpacked, formulas = 0, False
            for part in parts:
                if part.flag_bits & 1:
                    raise _build_not_a_workbook()
                tail = b""
                with package.open(part) as stream:
                    while block := stream.read(1 << 16):
                        unpacked += len(block)
                        if unpacked > MOST_UNPACKED:
                            raise _build_too_large()
                        seen = tail + block
                        if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                            raise _build_not_a_workbook()
                        formulas = formulas or (
                            part.filename.startswith("xl/worksheets/") and re.search(rb"<f[ >/]", seen) is not None
                        )
                        tail = seen[-16:]
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, ValueError) as error:
        raise _build_not_a_workbook() from error
    except Exception as error:
        if isinstance(error, AncrageError):
            raise
        # zlib and lzma each have errors of their own for damaged content.
        raise _build_not_a_workbook() from error
    return formulas


def _build_not_a_workbook() -> InputError:
    return InputError(
        "The file is not an XLSX workbook that can be read (another format, a password, or damaged): save it as XLSX, "
        "without a password, and try again.",
        "Le fichier n'est pas un classeur XLSX lisible (autre format, mot de passe, ou fichier abîmé) : enregistrez-le "
        "en XLSX, sans mot de passe, puis recommencez.",
    )


def _build_too_large() -> InputError:
    return InputError(
        f"The file unpacks to more than {MOST_UNPACKED // 1_000_000} MB: copy its rows into a new template.",
        f"Le fichier décompressé dépasse {MOST_UNPACKED // 1_000_000} Mo : recopiez ses lignes dans un modèle neuf.",
    )


def load(content: bytes, *, with_formulas: bool = False) -> Grids:
    """Return the lines of each sheet that hold something, by their number.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    import openpyxl

    # openpyxl warns of what it leaves aside: cells that cannot be read become errors of their own.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _load_quietly(openpyxl.load_workbook, content, with_formulas=with_formulas)


def _load_quietly(load_workbook: Callable[..., Any], content: bytes, *, with_formulas: bool) -> Grids:
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=not with_formulas)
        try:
            grids: Grids = {}
            for opened in book.worksheets:
                # What a sheet says of its own size may be wrong, on purpose or not.
                opened.reset_dimensions()
                lines = opened.iter_rows(max_row=MOST_ROWS + 2, max_col=_WIDEST, values_only=True)
                grids[opened.title] = {
                    number: values
                    for number, values in enumerate(lines, start=1)
                    if any(not _is_empty(v) for v in values)
                }
        finally:
            book.close()
    except Exception as error:
        raise _build_not_a_workbook() from error
    return grids


_LEFT_ALONE = {
    simplify(name) for text in (READ_ME, Text("Lists", "Listes"), *HISTORY.values()) for name in (text.en, text.fr)
}
_SHEETS_BY_NAME = {simplify(name): sheet for sheet in SHEETS for name in (sheet.name.en, sheet.name.fr)}


def _find_sheet(title: str) -> Sheet | None:
    return _SHEETS_BY_NAME.get(simplify(title))


def _index_columns(sheet: Sheet) -> dict[str, Column]:
    return {
        simplify(name): column for column in sheet.columns for name in (column.header.en, column.header.fr, column.key)
    }


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def name_column(place: int) -> str:
    """Return the letters of a column: 0 is A, 26 is AA."""
    return chr(ord("A") + place) if place < 26 else name_column(place // 26 - 1) + name_column(place % 26)


def _read_sheet(
    reading: Reading,
    sheet: Sheet,
    title: str,
    grid: Mapping[int, tuple[Any, ...]],
    formulas: Mapping[int, tuple[Any, ...]],
) -> None:
    if sheet.upright:
        _read_upright(reading, sheet, title, dict(_stand_up(grid)))
    else:
        _read_table(reading, sheet, title, grid)
    empty = _list_empty_formulas(grid, formulas)
    # Said once: such a cell also looks empty.
    reading.problems[:] = [p for p in reading.problems if p.sheet != title or p.cell not in empty]
    reading.problems += [
        Problem(
            title,
            cell,
            Text(
                "This formula has no computed value: open the file in a spreadsheet program and save it, or paste the "
                "value.",
                "Cette formule n'a pas de valeur calculée : ouvrez le fichier dans un tableur et enregistrez-le, ou "
                "collez la valeur.",
            ),
        )
        for cell in empty
    ]


def _list_empty_formulas(
    grid: Mapping[int, tuple[Any, ...]], formulas: Mapping[int, tuple[Any, ...]]
) -> dict[str, None]:
    """Return the cells whose formula was never computed, in their order."""
    found: dict[str, None] = {}
    for line, typed in formulas.items():
        known = grid.get(line, ())
        for place, value in enumerate(typed):
            computed = known[place] if place < len(known) else None
            if isinstance(value, str) and value.startswith("=") and computed is None:
                found[f"{name_column(place)}{line}"] = None
    return found


def _stand_up(grid: Mapping[int, tuple[Any, ...]]) -> Iterator[tuple[int, tuple[Any, ...]]]:
    for line, values in grid.items():
        yield line, (*values, None, None)[:2]


def _read_upright(reading: Reading, sheet: Sheet, title: str, grid: Mapping[int, tuple[Any, ...]]) -> None:
    known = _index_columns(sheet)
    row = Row(sheet, title, 1, {column.key: column.default for column in sheet.columns}, {})
    for line, (label, value) in grid.items():
        if _is_empty(label) or simplify(str(label)) in ("champ", "field"):
            continue
        column = known.get(simplify(str(label)))
        if column is None:
            _refuse_unknown(reading, sheet, title, f"A{line}", str(label))
        elif column.key in row.cells:
            _refuse_twice(reading, title, f"A{line}", str(label))
        else:
            row.cells[column.key] = f"B{line}"
            _read_into(reading, row, column, value)
    for column in sheet.columns:
        if column.needed and column.key not in row.cells:
            row.wrong.add(column.key)
            _refuse_missing(reading, title, "", column)
    reading.rows[sheet.key].append(row)


def _read_table(reading: Reading, sheet: Sheet, title: str, grid: Mapping[int, tuple[Any, ...]]) -> None:
    if not grid:
        return
    first = min(grid)
    known = _index_columns(sheet)
    places: dict[int, Column] = {}
    for place, label in enumerate(grid[first]):
        if _is_empty(label):
            continue
        column = known.get(simplify(str(label)))
        cell = f"{name_column(place)}{first}"
        if column is None:
            _refuse_unknown(reading, sheet, title, cell, str(label))
        elif column in places.values():
            _refuse_twice(reading, title, cell, str(label))
        else:
            places[place] = column
    lines = [line for line in grid if line > first]
    if not lines:
        return
    absent = [column for column in sheet.columns if column.needed and column not in places.values()]
    for column in absent:
        _refuse_missing(reading, title, f"A{first}", column)
    if max(lines) > MOST_ROWS:
        reading.problems.append(
            Problem(
                title,
                f"A{max(lines)}",
                Text(
                    f"There is something below line {MOST_ROWS}: split the convention, or remove what is there.",
                    f"Il y a quelque chose sous la ligne {MOST_ROWS} : scindez la convention, ou retirez-le.",
                ),
            )
        )
        return
    for line in lines:
        values = grid[line]
        if all(_is_empty(values[place]) for place in places if place < len(values)):
            continue
        row = Row(sheet, title, line, {column.key: column.default for column in sheet.columns}, {})
        row.wrong |= {column.key for column in absent}
        for place, column in places.items():
            row.cells[column.key] = f"{name_column(place)}{line}"
            _read_into(reading, row, column, values[place] if place < len(values) else None)
        reading.rows[sheet.key].append(row)


def _read_into(reading: Reading, row: Row, column: Column, value: Any) -> None:
    if _is_empty(value):
        if column.needed:
            row.wrong.add(column.key)
            _refuse_missing(reading, row.name, row.locate(column.key), column)
        return
    try:
        row.values[column.key], warning = read_value(column, value)
    except InputError as error:
        row.wrong.add(column.key)
        reading.add(row, column.key, error.text.en, error.text.fr)
    else:
        if warning is not None:
            reading.add(row, column.key, warning.en, warning.fr, "warning")


def _refuse_unknown(reading: Reading, sheet: Sheet, title: str, cell: str, label: str) -> None:
    known = ", ".join(c.header.en for c in sheet.columns), ", ".join(c.header.fr for c in sheet.columns)
    reading.problems.append(
        Problem(
            title,
            cell,
            Text(
                f"'{label[:60]}' is not a heading of the template, and is not read. Known: {known[0]}.",
                f"« {label[:60]} » n'est pas un intitulé du modèle, et n'est pas lu. Connus : {known[1]}.",
            ),
            "warning",
        )
    )


def _refuse_twice(reading: Reading, title: str, cell: str, label: str) -> None:
    text = Text(f"'{label[:60]}' is there twice: keep one.", f"« {label[:60]} » y est deux fois : gardez-en un.")
    reading.problems.append(Problem(title, cell, text))


def _refuse_missing(reading: Reading, title: str, cell: str, column: Column) -> None:
    text = Text(
        f"'{column.header.en}' is missing: it is needed.", f"« {column.header.fr} » manque : c'est obligatoire."
    )
    reading.problems.append(Problem(title, cell, text))
