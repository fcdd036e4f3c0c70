"""Columns and sheets of a spreadsheet of a convention: what they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ancrage.language import Text

Format: TypeAlias = Literal[
    "text",
    "long",
    "date",
    "money",
    "decimal",
    "whole",
    "yes_no",
    "choice",
    "siren",
    "siret",
    "commune",
    "communes",
    "any",
]

NOTHING = Text("", "")
_OF_ACTION = Text("name of an action of the sheet Actions", "nom d'une action de la feuille Actions")
_MEMORY = Text("for your memory: not imported", "pour mémoire : n'est pas importée")


@dataclass(frozen=True)
class Column:
    """A column of a sheet, or a line of the sheet of the convention itself.

    Attributes
    ----------
    key : field of the model that it fills, or a name of the import's own.
    needed : an empty cell is an error; default : what an empty cell means.
    choices : what is allowed, with its names; longest : characters of a text.
    format : "any" takes what another column of the same row calls for.
    decimals, highest : of a number; refers : sheet whose rows it names.
    """

    key: str
    header: Text
    format: Format = "text"
    needed: bool = False
    default: object = ""
    choices: Mapping[str, Text] = field(default_factory=dict)
    longest: int = 160
    decimals: int = 2
    highest: int = 2_000_000_000
    refers: str = ""
    note: Text = NOTHING


@dataclass(frozen=True)
class Sheet:
    """A sheet: its name, its columns, what it holds.

    Attributes
    ----------
    upright : one field by line (the convention itself) instead of one by column.
    unique : keys of the columns that, together, name a row once.
    """

    key: str
    name: Text
    about: Text
    columns: tuple[Column, ...]
    upright: bool = False
    unique: tuple[str, ...] = ()


def build_date(key: str, en: str, fr: str, note: Text = NOTHING, *, needed: bool = False) -> Column:
    """Return a column of days."""
    return Column(key, Text(en, fr), "date", needed=needed, default=None, note=note)


def build_money(key: str, en: str, fr: str, note: Text = NOTHING, *, needed: bool = False) -> Column:
    """Return a column of amounts [EUR]."""
    return Column(key, Text(en, fr), "money", needed=needed, default=None, note=note)


def build_whole(key: str, en: str, fr: str, note: Text = NOTHING, *, default: int | None = None) -> Column:
    """Return a column of whole numbers."""
    return Column(key, Text(en, fr), "whole", default=default, note=note)


def build_yes(key: str, en: str, fr: str, note: Text = NOTHING, *, default: bool | None = False) -> Column:
    """Return a column of yes or no."""
    return Column(key, Text(en, fr), "yes_no", default=default, note=note)


def build_long(key: str, en: str, fr: str, note: Text = NOTHING, *, needed: bool = False) -> Column:
    """Return a column of long texts."""
    return Column(key, Text(en, fr), "long", needed=needed, longest=20_000, note=note)


def build_commune(key: str = "commune") -> Column:
    """Return a column of INSEE codes."""
    note = Text("INSEE code, five characters: 01004, 2A004", "code INSEE, cinq caractères : 01004, 2A004")
    return Column(key, Text("Commune (INSEE code)", "Commune (code INSEE)"), "commune", longest=5, note=note)


def build_action(note: Text = _OF_ACTION, *, needed: bool = False) -> Column:
    """Return a column that names actions."""
    return Column("action", Text("Action", "Action"), needed=needed, refers="actions", note=note)


def build_piece(note: Text = _MEMORY) -> Column:
    """Return a column that names the document of a row."""
    return Column("piece", Text("Document", "Pièce"), longest=200, note=note)


def build_request(*, needed: bool = False) -> Column:
    """Return a column that names requests of aid."""
    note = Text("number of the sheet Requests", "numéro de la feuille Demandes")
    return Column(
        "request",
        Text("Request No", "N° de demande"),
        "whole",
        needed=needed,
        default=None,
        refers="requests",
        note=note,
    )


def build_choice(key: str, en: str, fr: str, choices: Mapping[str, Text], *, default: object = None) -> Column:
    """Return a column with a list."""
    needed = default is None
    return Column(key, Text(en, fr), "choice", needed=needed, default=default, choices=choices)
