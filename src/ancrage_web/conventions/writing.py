"""Values of a convention written out for a reader, in the language of the page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from ancrage.conventions.life import WAY_NAMES
from ancrage.language import Text, format_date, format_money, format_number
from ancrage_web.conventions.models import Action, Convention
from ancrage_web.conventions.rules import ACTION_FIELDS, FIELD_NAMES, INSOLVENCY_NAMES
from ancrage_web.design.words import get_site_language, say

_UNKNOWN = Text("not filled in", "non renseigné")
_MONEY = frozenset({"amount", "agreement_commitments", "budget"})


def write_term(name: str, value: Any, communes: Mapping[str, str]) -> str:
    """Return the value of a term, packed or not.

    Parameters
    ----------
    communes : names of communes by code, for basins.
    """
    language = get_site_language()
    if name == "basins":
        return " ; ".join(
            f"{row['name']} ({', '.join(communes.get(code, code) for code in row['communes'])})" for row in value or ()
        ) or say(_UNKNOWN)
    model: Any = Convention
    if name.startswith("action:"):
        model, name = Action, name.split(":")[2]
    if value in (None, ""):
        return say(_UNKNOWN)
    value = model._meta.get_field(name).to_python(value)
    if isinstance(value, bool):
        return say(Text("yes", "oui") if value else Text("no", "non"))
    if isinstance(value, date):
        return format_date(value, language)
    if isinstance(value, Decimal):
        return format_money(value, language) if name in _MONEY else write_decimal(value)
    if isinstance(value, int):
        return format_number(value, 0, language)
    if name == "way":
        return say(WAY_NAMES[value])
    return say(INSOLVENCY_NAMES[value]) if name == "insolvency" else str(value)


def write_decimal(value: Decimal) -> str:
    """Return a number without needless zeros: 2,5."""
    written = f"{value:f}"
    written = written.rstrip("0").rstrip(".") if "." in written else written
    return written.replace(".", ",") if get_site_language() == "fr" else written


def name_term(name: str, actions: Mapping[str, str]) -> str:
    """Return the name of a term; `actions`: names by identifier."""
    if not name.startswith("action:"):
        return say(FIELD_NAMES[name])
    _, key, field = name.split(":")
    called = actions.get(key, key)
    return say(Text(f"{called}: {ACTION_FIELDS[field].en}", f"{called} : {ACTION_FIELDS[field].fr}"))


def write_amount(value: Any, unit: str) -> str:
    """Return the value of a line of a computation (`ancrage.conventions.model.Line`) with its unit."""
    language = get_site_language()
    if isinstance(value, date):
        return format_date(value, language)
    if unit == "EUR":
        return format_money(Decimal(value), language)
    written = write_decimal(value) if isinstance(value, Decimal) else str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        written = format_number(value, 0, language)
    called = _UNITS.get(unit)
    return f"{written} {say(called) if called else unit}".strip()


_UNITS: dict[str, Text] = {
    "months": Text("months", "mois"),
    "days": Text("days", "jours"),
    "jobs": Text("jobs", "emplois"),
    "x SMIC": Text("× minimum wage", "× SMIC"),
}
