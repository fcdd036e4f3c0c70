"""Tables of programmes and of past grants: what a CSV says, with its mistakes by line and column."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from ancrage.conventions.programme_sources import (
    BUSINESS_COLUMNS,
    EVERY,
    GRANT_COLUMNS,
    PROGRAMME_COLUMNS,
    convert_business_aid,
)
from ancrage.conventions.programmes import NATURE_NAMES, STAGE_NAMES
from ancrage.conventions.project import ORIGIN_NAMES
from ancrage.language import Text

MOST_PROBLEMS = 200


@dataclass(frozen=True)
class Problem:
    """A mistake in a table: line 1 is that of the names of columns."""

    line: int
    column: str
    says: Text


@dataclass
class Table:
    """What was read: rows only where there is no problem at all may be stored.

    Attributes
    ----------
    rows : values by column; problems : the first 200; count : how many lines were read, without the head.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    count: int = 0

    def add_problem(self, line: int, column: str, en: str, fr: str) -> None:
        """Keep a problem, the first ones only: a wrong file would have thousands."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(line, column, Text(en, fr)))


def read_programme_table(text: str) -> Table:
    """Read programmes from a CSV, in our columns or in those of Transition écologique des entreprises."""
    rows, table = _open(text)
    if rows is None:
        return table
    seen: dict[str, int] = {}
    if set(rows.fieldnames or ()) >= BUSINESS_COLUMNS:
        source: Iterable[tuple[int, Mapping[str, str]]] = (
            (line, convert_business_aid(row)) for line, row in _iterate(rows, table)
        )
    else:
        if not _check_head(rows.fieldnames or (), ("key", "name"), PROGRAMME_COLUMNS, table):
            return table
        source = _iterate(rows, table)
    for line, row in source:
        table.count += 1
        reader = _Row(table, line, row)
        found: dict[str, Any] = {
            "key": reader.read_text("key", 160, needed=True),
            "name": reader.read_text("name", 240, needed=True),
            "operator": reader.read_text("operator", 240),
            "nature": reader.read_choice("nature", NATURE_NAMES, "grant"),
            "origin": reader.read_choice("origin", {k: v for k, v in ORIGIN_NAMES.items() if k != "own"}, "public"),
            "rate_max": reader.read_rate("rate_max"),
            "ceiling": reader.read_amount("ceiling"),
            "investment_only": reader.read_yes("investment_only"),
            "detr": reader.read_yes("detr"),
            "employees_min": reader.read_count("employees_min"),
            "employees_max": reader.read_count("employees_max"),
            "sectors": reader.read_list("sectors"),
            "places": reader.read_list("places"),
            "stages": reader.read_list("stages", STAGE_NAMES),
            "description": reader.read_text("description", 20_000),
            "eligibility": reader.read_text("eligibility", 20_000),
            "amount_text": reader.read_text("amount_text", 2_000),
            "url": reader.read_url("url"),
            "valid_until": reader.read_date("valid_until"),
            "source": reader.read_text("source", 240, needed=True),
            "licence": reader.read_text("licence", 120),
            "verified_on": reader.read_date("verified_on"),
        }
        least, most = found["employees_min"], found["employees_max"]
        if least is not None and most is not None and least > most:
            reader.refuse(
                "employees_max",
                f"{most} is less than employees_min ({least}): swap the two.",
                f"{most} est inférieur à employees_min ({least}) : échangez les deux.",
            )
        if found["key"] in seen:
            reader.refuse(
                "key",
                f"'{found['key']}' is already on line {seen[found['key']]}: give each programme its own key.",
                f"« {found['key']} » est déjà à la ligne {seen[found['key']]} : donnez à chaque programme sa clé.",
            )
        seen.setdefault(found["key"], line)
        table.rows.append(found)
    return table


def read_grant_table(text: str) -> Table:
    """Read past grants from a CSV in our columns."""
    rows, table = _open(text)
    if rows is None or not _check_head(
        rows.fieldnames or (), ("scheme", "year", "description", "amount", "source"), GRANT_COLUMNS, table
    ):
        return table
    for line, row in _iterate(rows, table):
        table.count += 1
        reader = _Row(table, line, row)
        year = reader.read_count("year")
        if year is None or not 1980 <= year <= 2100:
            if row.get("year", "").strip().isdigit() or not row.get("year", "").strip():
                reader.refuse(
                    "year",
                    f"'{row.get('year', '')}' is not a year: give one from 1980 on.",
                    f"« {row.get('year', '')} » n'est pas une année : donnez-en une depuis 1980.",
                )
            year = 1980
        amount = reader.read_amount("amount")
        if amount is None and not row.get("amount", "").strip():
            reader.refuse("amount", "It is empty: give the grant in euros.", "Vide : donnez la subvention en euros.")
        lon, lat = reader.read_degree("lon", 180), reader.read_degree("lat", 90)
        table.rows.append(
            {
                "scheme": reader.read_text("scheme", 80, needed=True),
                "year": year,
                "commune": reader.read_text("commune", 5),
                "departement": reader.read_text("departement", 3),
                "beneficiary": reader.read_text("beneficiary", 200),
                "description": reader.read_text("description", 4_000, needed=True),
                "category": reader.read_text("category", 160),
                "cost": reader.read_amount("cost"),
                "amount": amount or Decimal(0),
                "lon": None if lat is None else lon,
                "lat": None if lon is None else lat,
                "source": reader.read_text("source", 240, needed=True),
                "licence": reader.read_text("licence", 120),
            }
        )
    return table


def write_table(columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a CSV with semicolons, as a French spreadsheet opens it; a mark of UTF-8 at its head.

    A cell that a spreadsheet would run as a formula starts with an apostrophe, which `read_...` takes off again.
    """
    written = io.StringIO()
    names = list(columns)
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_write_cell(name, row.get(name)) for name in names])
    return "\ufeff" + written.getvalue()


def _open(text: str) -> tuple[csv.DictReader[str] | None, Table]:
    table = Table()
    text = text.removeprefix("\ufeff")
    if not text.strip():
        table.add_problem(1, "", "The file is empty: choose another.", "Le fichier est vide : choisissez-en un autre.")
        return None, table
    head = text.split("\n", 1)[0]
    delimiter = max(";,\t", key=head.count)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restkey="_more", restval="")
    rows.fieldnames = [name.strip() for name in rows.fieldnames or ()]
    return rows, table


def _iterate(rows: csv.DictReader[str], table: Table) -> Iterator[tuple[int, Mapping[str, str]]]:
    try:
        for row in rows:
            values: Mapping[str, str] = {name: value or "" for name, value in row.items() if name != "_more"}
            if row.get("_more"):
                table.add_problem(
                    rows.line_num,
                    "",
                    "This line has more cells than the head: a separator is inside a text without quotes.",
                    "Cette ligne a plus de cellules que l'en-tête : un séparateur est dans un texte sans guillemets.",
                )
            if any(value.strip() for value in values.values()):
                yield rows.line_num, values
    except csv.Error as error:
        table.add_problem(
            rows.line_num + 1,
            "",
            f"This line cannot be read ({error}): save the file as CSV in UTF-8 again.",
            "Cette ligne est illisible : enregistrez à nouveau le fichier en CSV UTF-8.",
        )


def _check_head(names: Iterable[str], needed: Iterable[str], known: Iterable[str], table: Table) -> bool:
    given = list(names)
    for name in needed:
        if name not in given:
            table.add_problem(
                1,
                name,
                f"The column '{name}' is missing: start from the template.",
                f"La colonne « {name} » manque : partez du modèle.",
            )
    for name in given:
        if name not in tuple(known):
            table.add_problem(
                1,
                name,
                f"The column '{name}' is not known: remove it, or correct its name.",
                f"La colonne « {name} » est inconnue : retirez-la, ou corrigez son nom.",
            )
    return not table.problems


class _Row:
    def __init__(self, table: Table, line: int, row: Mapping[str, str]) -> None:
        self.table, self.line, self.row = table, line, row

    def refuse(self, column: str, en: str, fr: str) -> None:
        self.table.add_problem(self.line, column, en, fr)

    def get(self, column: str) -> str:
        value = (self.row.get(column) or "").strip()
        if "\x00" in value:
            self.refuse(column, "It has a null character: remove it.", "Caractère nul : retirez-le.")
            return value.replace("\x00", "")
        return value[1:] if len(value) > 1 and value[0] == "'" and value[1] in "=+-@" else value

    def read_text(self, column: str, length: int, *, needed: bool = False) -> str:
        value = self.get(column)
        if needed and not value:
            self.refuse(column, "It is empty: fill it.", "Vide : remplissez-la.")
        if len(value) > length:
            self.refuse(
                column,
                f"{len(value)} characters, {length} at most: shorten it.",
                f"{len(value)} caractères, {length} au plus : raccourcissez.",
            )
        return value

    def read_choice(self, column: str, choices: Mapping[Any, Text], default: str) -> str:
        value = self.get(column).lower()
        by_name = {name: key for key, text in choices.items() for name in (key, text.fr.lower(), text.en.lower())}
        if value and value not in by_name:
            listed = ", ".join(choices)
            self.refuse(
                column, f"'{value}' is not known: use {listed}.", f"« {value} » est inconnu : utilisez {listed}."
            )
        return str(by_name.get(value, default))

    def read_list(self, column: str, choices: Mapping[str, Text] | None = None) -> list[str] | None:
        value = self.get(column)
        if not value:
            return None
        if value.lower() in (EVERY, "toutes", "all"):
            return []
        parts = [part.strip() for part in re.split(r"[|,]", value) if part.strip()]
        for part in parts:
            if choices is not None and part not in choices:
                listed = ", ".join(choices)
                self.refuse(column, f"'{part}' is not known: use {listed}.", f"« {part} » inconnu : utilisez {listed}.")
        return parts

    def read_amount(self, column: str) -> Decimal | None:
        number = self._read_decimal(column)
        if number is not None and (number < 0 or number >= 10**12):
            self.refuse(
                column,
                f"{number} is not an amount: give 0 or more euros.",
                f"{number} n'est pas un montant : donnez 0 euro ou plus.",
            )
            return None
        return None if number is None else number.quantize(Decimal("0.01"))

    def read_rate(self, column: str) -> Decimal | None:
        value = self.get(column)
        number = self._read_decimal(column, value.removesuffix("%").strip())
        if number is not None and value.endswith("%"):
            number /= 100
        if number is not None and not 0 < number <= 1:
            self.refuse(
                column,
                f"'{value}' is not a rate: write 0.4 or 40 %.",
                f"« {value} » n'est pas un taux : écrivez 0,4 ou 40 %.",
            )
            return None
        return None if number is None else number.quantize(Decimal("0.0001"))

    def read_count(self, column: str) -> int | None:
        value = self.get(column)
        if not value:
            return None
        if not re.fullmatch(r"[0-9]{1,6}", value):
            self.refuse(
                column, f"'{value}' is not a whole number: write digits.", f"« {value} » n'est pas un nombre entier."
            )
            return None
        return int(value)

    def read_degree(self, column: str, most: int) -> float | None:
        number = self._read_decimal(column)
        if number is not None and not -most <= number <= most:
            self.refuse(
                column,
                f"{number} is not between -{most} and {most} degrees: points are in WGS84.",
                f"{number} n'est pas entre -{most} et {most} degrés : les points sont en WGS84.",
            )
            return None
        return None if number is None else float(number)

    def read_yes(self, column: str) -> bool:
        value = self.get(column).lower()
        if value not in ("", "oui", "non", "yes", "no", "1", "0", "true", "false", "vrai", "faux"):
            self.refuse(column, f"'{value}': write oui or non.", f"« {value} » : écrivez oui ou non.")
        return value in ("oui", "yes", "1", "true", "vrai")

    def read_date(self, column: str) -> date | None:
        value = self.get(column)
        if not value:
            return None
        french = re.fullmatch(r"(\d{2})/(\d{2})/(\d{4})", value)
        try:
            return date.fromisoformat(f"{french[3]}-{french[2]}-{french[1]}" if french else value)
        except ValueError:
            pass
        self.refuse(
            column, f"'{value}' is not a day: write 2027-01-31.", f"« {value} » n'est pas un jour : écrivez 31/01/2027."
        )
        return None

    def read_url(self, column: str) -> str:
        value = self.read_text(column, 500)
        if value and not re.fullmatch(r"https?://[^\s<>\"]+", value):
            self.refuse(
                column,
                f"'{value}' is not the address of a page: it starts with https://.",
                f"« {value} » n'est pas l'adresse d'une page : elle commence par https://.",
            )
        return value

    def _read_decimal(self, column: str, value: str | None = None) -> Decimal | None:
        written = self.get(column) if value is None else value
        if not written:
            return None
        compact = re.sub(r"[\s\u00a0\u202f€]", "", written).replace(",", ".")
        try:
            number = Decimal(compact)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            self.refuse(
                column,
                f"'{written}' is not a number: write digits, such as 1234.50.",
                f"« {written} » n'est pas un nombre : écrivez des chiffres, comme 1234,50.",
            )
            return None
        return number


def _write_cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, list | tuple):
        return "|".join(str(part) for part in value) if value else EVERY
    written = str(value)
    # A longitude may well be negative: only texts are read by a spreadsheet as formulas.
    is_number = name in ("lon", "lat", "cost", "amount")
    return "'" + written if written[:1] in tuple("=+-@") and not is_number else written
