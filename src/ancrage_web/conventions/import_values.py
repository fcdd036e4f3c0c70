"""Reading of one cell of a spreadsheet: what it says for its column, or a sentence on why it cannot be read."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.rules import check_siren, check_siret
from ancrage_web.conventions.exchange_columns import Column
from ancrage_web.conventions.exchange_workbook import restore

_YES = {"oui": True, "yes": True, "vrai": True, "true": True, "x": True, "1": True}
_NO = {"non": False, "no": False, "faux": False, "false": False, "0": False}
_MOST_MONEY = Decimal("999999999999.99")
# A longer list is read in the spreadsheet.
_MOST_CHOICES = 9
_FIRST_DAY, _LAST_DAY = date(1990, 1, 1), date(2100, 12, 31)


def simplify(text: str) -> str:
    """Return a name without capitals, accents, units nor needless spaces, to compare what people type."""
    bare = unicodedata.normalize("NFKD", text.replace("’", "'")).casefold()
    bare = "".join(c for c in bare if not unicodedata.combining(c))
    return " ".join(re.sub(r"\[.*?\]|\*", " ", bare).split())


def read_value(column: Column, value: Any) -> tuple[Any, Text | None]:
    """Return what a cell says, and a warning where something had to be put right.

    Raises
    ------
    InputError
        With what was read and what the column waits for.
    """
    if isinstance(value, str) and value.strip().startswith("#") and value.strip().upper() in _ERRORS:
        raise InputError(
            f"The cell holds the error {value}: correct its formula.",
            f"La cellule contient l'erreur {value} : corrigez sa formule.",
        )
    reader = _READERS.get(column.format, _read_text)
    return reader(column, value)


_ERRORS = {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#VALEUR!", "#NOM?", "#NOMBRE!"}


def _write(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()


def _read_text(column: Column, value: Any) -> tuple[Any, Text | None]:
    text = restore(_write(value))
    # What a database cannot keep, and what no document needs.
    text = "".join(c for c in text if c in "\n\t" or not unicodedata.category(c).startswith("C")).strip()
    if column.format != "long":
        text = " ".join(text.split())
    if len(text) > column.longest:
        raise InputError(
            f"This text has {len(text)} characters, more than {column.longest}: shorten it.",
            f"Ce texte compte {len(text)} caractères, plus de {column.longest} : raccourcissez-le.",
        )
    if not text and column.needed:
        raise InputError("This cell holds nothing readable.", "Cette cellule ne contient rien de lisible.")
    if column.key == "contact_email" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text):
        raise InputError(f"'{text}' is not an e-mail address.", f"« {text} » n'est pas une adresse de courriel.")
    return text, None


def _read_date(_column: Column, value: Any) -> tuple[Any, Text | None]:
    day: date | None = None
    if isinstance(value, datetime):
        day = value.date()
    elif isinstance(value, date):
        day = value
    elif isinstance(value, str):
        for pattern in ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y"):
            try:
                day = datetime.strptime(value.strip(), pattern).date()  # noqa: DTZ007 - a day has no time zone
                break
            except ValueError:
                continue
    if day is None:
        raise InputError(
            f"'{str(value)[:40]}' is not a date: write it as 31/12/2026, and give the cell the format of a date.",
            f"« {str(value)[:40]} » n'est pas une date : écrivez 31/12/2026, et donnez à la cellule le format date.",
        )
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise InputError(
            f"{day.isoformat()} is not a day of a convention (1990 to 2100): check the year.",
            f"{day:%d/%m/%Y} n'est pas un jour de convention (1990 à 2100) : vérifiez l'année.",
        )
    return day, None


def _parse_number(value: Any) -> Decimal:
    if isinstance(value, bool | date):
        raise _build_not_a_number(value)
    if isinstance(value, int | float):
        # A spreadsheet keeps binary numbers: what it shows is the shortest one that reads back.
        number = Decimal(repr(value))
    else:
        text = re.sub(r"[\s\u00a0\u202f€]|EUR", "", str(value)).replace("−", "-")
        if "," in text and "." in text:
            # Whichever comes last is the decimal mark.
            text = text.replace("." if text.rindex(",") > text.rindex(".") else ",", "")
        text = text.replace(",", ".")
        # ASCII figures only, and no exponent: neither a billion of zeros nor a fraction sign gets through.
        if not re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,12})?", text):
            raise _build_not_a_number(value)
        number = Decimal(text)
    if not number.is_finite() or abs(number) > Decimal(10) ** 15:
        raise _build_not_a_number(value)
    return number


def _build_not_a_number(value: Any) -> InputError:
    return InputError(
        f"'{str(value)[:40]}' is not a number: write figures only.",
        f"« {str(value)[:40]} » n'est pas un nombre : n'écrivez que des chiffres.",
    )


def _read_decimals(value: Any, decimals: int, highest: Decimal) -> Decimal:
    number = _parse_number(value)
    if number < 0:
        raise InputError(
            f"{number} is negative: write a number above zero; in the ledger, a reversal names the entry it undoes.",
            f"{number} est négatif : écrivez un nombre positif ; au registre, une contre-passation cite l'écriture "
            "qu'elle annule.",
        )
    if number > highest:
        raise InputError(
            f"{number} is more than {highest}, the most that fits here: check it.",
            f"{number} dépasse {highest}, le plus grand nombre admis ici : vérifiez.",
        )
    rounded = number.quantize(Decimal(1).scaleb(-decimals))
    # Sums made by a spreadsheet miss the cent by a billionth.
    if abs(rounded - number) > Decimal("0.0000001"):
        raise InputError(
            f"{number} has more than {decimals} decimals: round it.",
            f"{number} a plus de {decimals} décimales : arrondissez.",
        )
    return rounded


def _read_money(_column: Column, value: Any) -> tuple[Any, Text | None]:
    return _read_decimals(value, 2, _MOST_MONEY), None


def _read_decimal(column: Column, value: Any) -> tuple[Any, Text | None]:
    return _read_decimals(value, column.decimals, Decimal(column.highest)), None


def _read_whole(column: Column, value: Any) -> tuple[Any, Text | None]:
    return int(_read_decimals(value, 0, Decimal(column.highest))), None


def _read_yes_no(_column: Column, value: Any) -> tuple[Any, Text | None]:
    if isinstance(value, bool):
        return value, None
    word = simplify(_write(value))
    for words in (_YES, _NO):
        if word in words:
            return words[word], None
    raise InputError(f"'{str(value)[:40]}': write yes or no.", f"« {str(value)[:40]} » : écrivez oui ou non.")


def _read_choice(column: Column, value: Any) -> tuple[Any, Text | None]:
    word = simplify(_write(value))
    for key, name in column.choices.items():
        if word in (simplify(name.en), simplify(name.fr), simplify(str(key))):
            return str(key), None
    known = list(column.choices.values())
    if len(known) > _MOST_CHOICES:
        raise InputError(
            f"'{str(value)[:40]}' is not in the list: choose one of the {len(known)} values of the list of the cell.",
            f"« {str(value)[:40]} » n'est pas dans la liste : prenez l'une des {len(known)} valeurs de la liste de la "
            "cellule.",
        )
    raise InputError(
        f"'{str(value)[:40]}' is not in the list: {'; '.join(name.en for name in known)}.",
        f"« {str(value)[:40]} » n'est pas dans la liste : {' ; '.join(name.fr for name in known)}.",
    )


def _read_siren(column: Column, value: Any) -> tuple[Any, Text | None]:
    digits = re.sub(r"\s", "", restore(_write(value)))
    if column.format == "siret" and len(digits) != 9:
        return check_siret(digits), None
    return check_siren(digits), None


def _read_commune(_column: Column, value: Any) -> tuple[Any, Text | None]:
    written = restore(_write(value))
    code = written.upper()
    warning = None
    if len(code) == 4 and code.isascii() and code.isdigit():
        # A spreadsheet takes the zero of the Ain for nothing.
        warning = Text(f"Read as 0{code}: its first zero was missing.", f"Lu 0{code} : son premier zéro manquait.")
        code = f"0{code}"
    if not re.fullmatch(r"[0-9](?:[0-9]|[AB])[0-9]{3}", code):
        raise InputError(
            f"'{written[:20]}' is not the INSEE code of a commune: five characters, such as 01004 or 2A004 (not a "
            "postal code).",
            f"« {written[:20]} » n'est pas le code INSEE d'une commune : cinq caractères, comme 01004 ou 2A004 (pas un "
            "code postal).",
        )
    return code, warning


def _read_communes(column: Column, value: Any) -> tuple[Any, Text | None]:
    parts = [part for part in re.split(r"[\s,;]+", restore(_write(value))) if part]
    read = [_read_commune(column, part) for part in parts]
    return list(dict.fromkeys(code for code, _ in read)), next((warning for _, warning in read if warning), None)


def _read_any(_column: Column, value: Any) -> tuple[Any, Text | None]:
    return value, None


_READERS = {
    "any": _read_any,
    "date": _read_date,
    "money": _read_money,
    "decimal": _read_decimal,
    "whole": _read_whole,
    "yes_no": _read_yes_no,
    "choice": _read_choice,
    "siren": _read_siren,
    "siret": _read_siren,
    "commune": _read_commune,
    "communes": _read_communes,
}
