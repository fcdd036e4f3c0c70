"""What every command shares: the language, the data folder, the console and the error boundary."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ancrage.errors import InputError
from ancrage.language import DEFAULT_LANGUAGE, Language, Text

# Results go to standard output; everything said about the work goes to standard error.
out = Console(highlight=False)
notes = Console(stderr=True, highlight=False)

_language: Language = DEFAULT_LANGUAGE

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="Data folder: a store, or a folder of tables. Default: ANCRAGE_DATA, else the user's data folder.",
        show_default=False,
    ),
]
LangOption = Annotated[
    str | None,
    typer.Option("--lang", help="Language: fr (default) or en. Also ANCRAGE_LANG.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON alone on standard output.")]


def set_language(value: str | None) -> None:
    """Set the language of the messages from `--lang`, else ANCRAGE_LANG, else French.

    Raises
    ------
    InputError
        If the value is neither "fr" nor "en".
    """
    global _language
    chosen = value or os.environ.get("ANCRAGE_LANG") or DEFAULT_LANGUAGE
    if chosen == "fr":
        _language = "fr"
    elif chosen == "en":
        _language = "en"
    else:
        raise InputError(
            f"Unknown language '{chosen}': use 'fr' or 'en'.", f"Langue « {chosen} » inconnue : « fr » ou « en »."
        )


def choose_language(value: str | None) -> None:
    """Set the language from the `--lang` of a command, where it is given."""
    if value is not None:
        set_language(value)


def get_language() -> Language:
    """Return the language of the messages."""
    return _language


def say(text: Text) -> str:
    """Return `text` in the language of the messages."""
    return text.render(_language)


def find_data_folder(option: Path | None) -> Path:
    """Return the data folder: the option, else ANCRAGE_DATA, else the user's data folder."""
    if option is not None:
        return option
    named = os.environ.get("ANCRAGE_DATA")
    if named:
        return Path(named)
    from platformdirs import user_data_path

    return user_data_path("ancrage")


def print_json(value: Any) -> None:
    """Write JSON, and nothing else, on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))  # noqa: T201
