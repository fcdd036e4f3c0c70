"""Importing INSEE's passage table: what each former commune code has become."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from ancrage.errors import InputError
from ancrage.figures import Source
from ancrage.opendata.import_geography import read_code
from ancrage.opendata.known_tables import build_source
from ancrage.opendata.manifest import NewTable

_OLD = "CODGEO_INI"
_NEW = re.compile(r"CODGEO_(\d{4})")


def import_passage_file(path: Path, name: str, aside: Path) -> NewTable:
    """Read INSEE's workbook of passage between codes into a finished table `passage`, still aside.

    The sheet is the first that has a row of headings with CODGEO_INI and CODGEO_YYYY; the newest year is kept. A code
    that has not changed needs no line and has none.

    Parameters
    ----------
    path : the workbook; name : as the user named it.

    Raises
    ------
    InputError
        If it is no such workbook, a code cannot be used, or a former code has two successors.
    """
    try:
        sheets = pl.read_excel(path, sheet_id=0, engine="calamine", has_header=False, read_options={"dtypes": "string"})
    except Exception as error:
        # The reader has its own exceptions, outside any public hierarchy.
        cause = str(error).strip().split("\n", 1)[0][:160]
        raise InputError(
            f"'{name}' is not a readable workbook ({cause}). Download it again.",
            f"« {name} » n'est pas un classeur lisible ({cause}). Téléchargez-le à nouveau.",
        ) from error
    for cells in sheets.values():
        for number, row in enumerate(cells.iter_rows()):
            headings = [(value or "").strip().upper() for value in row]
            years = [int(match[1]) for heading in headings if (match := _NEW.fullmatch(heading))]
            if _OLD in headings and years:
                places = headings.index(_OLD), headings.index(f"CODGEO_{max(years)}")
                return _write_passage(cells.slice(number + 1), places, name, max(years), aside)
    raise InputError(
        f"'{name}': no sheet has the columns CODGEO_INI and CODGEO_YYYY. Give INSEE's passage table as it is "
        "published.",
        f"« {name} » : aucune feuille n'a les colonnes CODGEO_INI et CODGEO_AAAA. Donnez la table de passage de "
        "l'INSEE telle qu'elle est publiée.",
    )


def _write_passage(cells: pl.DataFrame, places: tuple[int, int], name: str, year: int, aside: Path) -> NewTable:
    old, new = places
    rows: dict[str, str] = {}
    read = 0
    for row in cells.iter_rows():
        if not (row[old] or "").strip():
            continue
        read += 1
        before, after = read_code(row[old]), read_code(row[new])
        if before is None or after is None:
            raise InputError(
                f"'{name}': '{row[old]}' -> '{row[new]}' is not a pair of commune codes. Give the passage table as "
                "INSEE publishes it.",
                f"« {name} » : « {row[old]} » -> « {row[new]} » n'est pas une paire de codes communes. Donnez la "
                "table de passage telle que la publie l'INSEE.",
            )
        if rows.setdefault(before, after) != after:
            raise InputError(
                f"'{name}': the code {before} has two successors, {rows[before]} and {after}. A split needs shares: "
                "give a Parquet table passage (code_old, code_new, share).",
                f"« {name} » : le code {before} a deux successeurs, {rows[before]} et {after}. Une scission demande "
                "des parts : donnez une table Parquet passage (code_old, code_new, share).",
            )
    changed = sorted((before, after) for before, after in rows.items() if before != after)
    table = pl.DataFrame(changed, schema={"code_old": pl.String, "code_new": pl.String}, orient="row")
    target = aside / "passage.parquet"
    table.write_parquet(target, compression="zstd", compression_level=3)
    known = build_source("passage")
    source = Source("passage", known.title, known.producer, str(year), known.licence)
    return NewTable(target, source, table.height, {"file": name, "vintage": year, "rows_read": read})
