"""What an official file says of communes, once read: the form that every geography importer gives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import polars as pl

from ancrage.errors import InputError
from ancrage.opendata.text_file import find_year

# Contours, composition of EPCI, list of communes (COG), municipal populations, passage between codes.
Kind: TypeAlias = Literal["contours", "epci", "cog", "population", "passage"]

_CODE = re.compile(r"(?:\d\d|2[AB])\d{3}")


@dataclass(frozen=True)
class Geography:
    """An official file about communes, read and checked.

    Attributes
    ----------
    kind : what the file is.
    file : its name, with the member of the archive when there is one.
    vintage : year of the geography, or of the populations.
    producer, licence : as the producer states them.
    communes : code (one row each) and the columns the file gives.
    epci : epci_code (one row each), name and nature; None where the file does not list EPCI.
    polygons : code and geometry (WKB, WGS84); None where the file holds none.
    summary : counts of the reading.
    """

    kind: Kind
    file: str
    vintage: int
    producer: str
    licence: str
    communes: pl.DataFrame
    epci: pl.DataFrame | None = None
    polygons: pl.DataFrame | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)


def choose_vintage(path: Path, file: str, vintage: int | None) -> int:
    """Return the year in the name of the file, else `vintage`.

    Raises
    ------
    InputError
        If there is neither.
    """
    year = find_year(path.name) or find_year(file) or vintage
    if year is None:
        raise InputError(
            f"The name '{file}' gives no year, and the file holds none. Add --vintage YEAR (the year of the "
            "populations, or the 1 January of the geography).",
            f"Le nom « {file} » ne donne pas d'année, et le fichier non plus. Ajoutez --vintage ANNÉE (l'année des "
            "populations, ou le 1er janvier de la géographie).",
        )
    return year


def read_code(value: str | None) -> str | None:
    """Return a commune code in five characters, with the zero that spreadsheets drop; None where it is no code."""
    code = (value or "").strip().upper()
    code = "0" + code if len(code) == 4 else code
    return code if _CODE.fullmatch(code) else None


def build_code_error(file: str, place: tuple[str, str], column: str, value: str | None) -> InputError:
    """Return the error of a field that should hold a commune code.

    Parameters
    ----------
    place : where in the file, in English and in French ("line 3", "ligne 3").
    """
    shown = (value or "")[:40]
    return InputError(
        f"'{file}', {place[0]}, column {column}: '{shown}' is not a commune code (five characters, such as 77001 or "
        "2A004). Nothing was imported: correct it, or download the file again.",
        f"« {file} », {place[1]}, colonne {column} : « {shown} » n'est pas un code commune (cinq caractères, par "
        "exemple 77001 ou 2A004). Rien n'a été importé : corrigez-le, ou téléchargez le fichier à nouveau.",
    )


def check_codes(file: str, column: str, codes: pl.Series) -> None:
    """Check that a file names each commune once, and at least one.

    Raises
    ------
    InputError
        If it names none, or one twice.
    """
    if codes.is_empty():
        raise InputError(
            f"'{file}' holds no commune. Download it again.",
            f"« {file} » ne contient aucune commune. Retéléchargez-le.",
        )
    if codes.is_duplicated().any():
        code = codes.filter(codes.is_duplicated()).sort()[0]
        raise InputError(
            f"'{file}', column {column}: the commune {code} is there twice. Nothing was imported: give the file as the "
            "producer publishes it.",
            f"« {file} », colonne {column} : la commune {code} y figure deux fois. Rien n'a été importé : donnez le "
            "fichier tel que le publie le producteur.",
        )
