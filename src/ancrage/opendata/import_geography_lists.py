"""Reading INSEE's lists of communes: composition of EPCI (workbook), populations and geographic code (CSV)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from ancrage.errors import InputError
from ancrage.opendata.commune_codes import ARRONDISSEMENTS
from ancrage.opendata.import_geography import Geography, build_code_error, check_codes, choose_vintage, read_code
from ancrage.opendata.text_file import Progress, TextFile, open_text

COG_COLUMNS = frozenset({"TYPECOM", "COM", "REG", "DEP", "LIBELLE"})
_PRODUCER = "INSEE"
_LICENCE = "Licence Ouverte 2.0"
_COMPOSITION = ("CODGEO", "LIBGEO", "EPCI", "LIBEPCI", "DEP", "REG")
_LIST = ("EPCI", "LIBEPCI", "NATURE_EPCI")
_SIREN = re.compile(r"\d{9}")


def read_epci(path: Path, name: str, source: Path, vintage: int | None) -> Geography:
    """Read INSEE's workbook of EPCI: sheets Composition_communale and EPCI, headers wherever they are.

    A commune without EPCI (code ZZZZZZZZZ) has none.

    Parameters
    ----------
    path : the workbook; name : as the user named it; source : the file the user gave.

    Raises
    ------
    InputError
        If a sheet or a column is missing, or a commune or EPCI has an unusable code or is there twice.
    """
    year = choose_vintage(source, name, vintage)
    members = _read_sheet(path, name, "Composition_communale", _COMPOSITION)
    listed = _read_sheet(path, name, "EPCI", _LIST).filter(pl.col("EPCI").str.contains(r"^\d{9}$"))
    if listed["EPCI"].is_duplicated().any():
        code = listed["EPCI"].filter(listed["EPCI"].is_duplicated())[0]
        raise InputError(
            f"'{name}', sheet EPCI: the EPCI {code} is there twice. Give the workbook as INSEE publishes it.",
            f"« {name} », feuille EPCI : l'EPCI {code} y figure deux fois. Donnez le classeur tel que le "
            "publie l'INSEE.",
        )
    rows = []
    for codgeo, libgeo, epci, libepci, dep, reg in members.select(_COMPOSITION).iter_rows():
        code = read_code(codgeo)
        if code is None:
            place = (f"sheet Composition_communale, row of '{libgeo}'", f"feuille Composition_communale, « {libgeo} »")
            raise build_code_error(name, place, "CODGEO", codgeo)
        inside = bool(_SIREN.fullmatch(epci or ""))
        rows.append((code, libgeo, epci if inside else None, libepci if inside else None, dep, reg))
    columns = ("code", "name", "epci_code", "epci_name", "departement", "region")
    communes = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    check_codes(name, "CODGEO", communes["code"])
    return Geography(
        kind="epci",
        file=name,
        vintage=year,
        producer=_PRODUCER,
        licence=_LICENCE,
        communes=communes.sort("code"),
        epci=listed.select(epci_code="EPCI", name="LIBEPCI", nature="NATURE_EPCI").sort("epci_code"),
        summary={"rows_read": len(rows)},
    )


def _read_sheet(path: Path, name: str, sheet: str, wanted: Sequence[str]) -> pl.DataFrame:
    """Return a sheet as text, from the first row that holds the wanted headings; rows without the first are dropped."""
    try:
        cells = pl.read_excel(
            path, sheet_name=sheet, engine="calamine", has_header=False, read_options={"dtypes": "string"}
        )
    except Exception as error:
        # The reader has its own exceptions, outside any public hierarchy.
        cause = str(error).strip().split("\n", 1)[0][:160]
        raise InputError(
            f"'{name}': the sheet '{sheet}' cannot be read ({cause}). Expected INSEE's workbook of EPCI, with the "
            "sheets Composition_communale and EPCI.",
            f"« {name} » : la feuille « {sheet} » est illisible ({cause}). Attendu : le classeur des EPCI de "
            "l'INSEE, avec les feuilles Composition_communale et EPCI.",
        ) from error
    for number, row in enumerate(cells.iter_rows()):
        headings = [(value or "").strip().upper() for value in row]
        if set(wanted) <= set(headings):
            table = cells.slice(number + 1).select(
                pl.col(cells.columns[headings.index(column)]).str.strip_chars().replace("", None).alias(column)
                for column in wanted
            )
            return table.drop_nulls(wanted[0])
    raise InputError(
        f"'{name}', sheet '{sheet}': no row holds the columns {', '.join(wanted)}. Give INSEE's workbook of EPCI as it "
        "is published.",
        f"« {name} », feuille « {sheet} » : aucune ligne ne porte les colonnes {', '.join(wanted)}. Donnez le "
        "classeur des EPCI de l'INSEE tel qu'il est publié.",
    )


def read_cog(path: Path, name: str, source: Path, vintage: int | None, aside: Path, progress: Progress) -> Geography:
    """Read INSEE's list of communes (v_commune_AAAA.csv): the rows of type COM give code, name, departement, region.

    Delegated and associated communes and municipal arrondissements are left out, and counted.

    Raises
    ------
    InputError
        If a line cannot be used.
    """
    year = choose_vintage(source, name, vintage)
    text = open_text(path, aside, progress)
    columns = [column.strip().upper() for column in text.columns]
    kind, com, label, dep, reg = (columns.index(c) for c in ("TYPECOM", "COM", "LIBELLE", "DEP", "REG"))
    rows, others = [], 0
    for line, row in _read_rows(text, name):
        if row[kind].strip() != "COM":
            others += 1
            continue
        code = read_code(row[com])
        if code is None:
            raise build_code_error(name, (f"line {line}", f"ligne {line}"), "COM", row[com])
        rows.append((code, *(row[place].strip() or None for place in (label, dep, reg))))
    schema = dict.fromkeys(("code", "name", "departement", "region"), pl.String)
    communes = pl.DataFrame(rows, schema=schema, orient="row")
    check_codes(name, "COM", communes["code"])
    summary = {"rows_read": len(rows) + others, "other_types_left_out": others}
    return Geography("cog", name, year, _PRODUCER, _LICENCE, communes.sort("code"), summary=summary)


def read_populations(
    path: Path, name: str, source: Path, vintage: int | None, aside: Path, progress: Progress
) -> Geography:
    """Read INSEE's municipal populations (donnees_communes.csv): the column PMUN becomes population_YYYY.

    The code is CODGEO, or COM; in the older files where COM is a name, the departement and the number of the commune
    (CODDEP and CODCOM). Arrondissements are added up where their commune has no line of its own, as INSEE publishes.

    Raises
    ------
    InputError
        If a line cannot be used, or the year is unknown.
    """
    year = choose_vintage(source, name, vintage)
    text = open_text(path, aside, progress)
    columns = [column.strip().upper() for column in text.columns]
    count = columns.index("PMUN")
    rows: dict[str, int] = {}
    place: Sequence[int] = ()
    for line, row in _read_rows(text, name):
        place = place or _choose_code_columns(columns, row)
        code = _build_code([row[i] for i in place])
        if code is None:
            shown = "+".join(row[i] for i in place)
            where = (f"line {line}", f"ligne {line}")
            raise build_code_error(name, where, "+".join(columns[i] for i in place), shown)
        if code in rows:
            check_codes(name, "+".join(columns[i] for i in place), pl.Series([code, code]))
        people = re.sub(r"\s", "", row[count])
        if not people.isdecimal():
            raise InputError(
                f"'{name}', line {line}, column PMUN: '{row[count][:40]}' is not a whole number of inhabitants. "
                "Nothing was imported: correct the line, or download the file again.",
                f"« {name} », ligne {line}, colonne PMUN : « {row[count][:40]} » n'est pas un nombre entier "
                "d'habitants. Rien n'a été importé : corrigez la ligne, ou téléchargez le fichier à nouveau.",
            )
        rows[code] = int(people)
    read, folded = len(rows), 0
    parents = set(ARRONDISSEMENTS.values()) & set(rows)
    for code in [code for code in rows if code in ARRONDISSEMENTS]:
        people_of, parent = rows.pop(code), ARRONDISSEMENTS[code]
        folded += 1
        if parent not in parents:
            rows[parent] = rows.get(parent, 0) + people_of
    column = f"population_{year}"
    communes = pl.DataFrame(
        {"code": list(rows), column: list(rows.values())}, schema={"code": pl.String, column: pl.Int64}
    )
    check_codes(name, "PMUN", communes["code"])
    summary = {"rows_read": read, "folded_arrondissements": folded, "inhabitants": int(communes[column].sum())}
    return Geography("population", name, year, _PRODUCER, _LICENCE, communes.sort("code"), summary=summary)


def _choose_code_columns(columns: Sequence[str], row: Sequence[str]) -> tuple[int, ...]:
    for column in ("CODGEO", "COM"):
        if column in columns and read_code(row[columns.index(column)]):
            return (columns.index(column),)
    if "CODCOM" in columns and {"CODDEP", "DEP"} & set(columns):
        return columns.index("CODDEP" if "CODDEP" in columns else "DEP"), columns.index("CODCOM")
    return (columns.index("CODGEO" if "CODGEO" in columns else "COM"),)


def _build_code(parts: Sequence[str]) -> str | None:
    if len(parts) == 1:
        return read_code(parts[0])
    departement, number = parts[0].strip().upper().zfill(2), parts[1].strip().zfill(3)
    # Overseas the departement has three figures, the last of which the number repeats (971 and 101 give 97101).
    return read_code(departement[:2] + number)


def _read_rows(text: TextFile, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields of each line but the header and blank ones.

    Raises
    ------
    InputError
        If a line has not as many fields as the header.
    """
    with text.path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        reader = csv.reader(lines, delimiter=text.separator)
        next(reader)
        for row in reader:
            if not any(field.strip() for field in row):
                continue
            if len(row) != len(text.columns):
                raise InputError(
                    f"'{name}', line {reader.line_num}: {len(row)} fields where the header has {len(text.columns)}. "
                    "Nothing was imported: correct the line, or download the file again.",
                    f"« {name} », ligne {reader.line_num} : {len(row)} champs alors que l'en-tête en a "
                    f"{len(text.columns)}. Rien n'a été importé : corrigez la ligne, ou téléchargez le fichier à "
                    "nouveau.",
                )
            yield reader.line_num, row
