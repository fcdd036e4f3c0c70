"""Reading of the environment: the only place settings come from; an odd value stops the start with a sentence."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ancrage.errors import InputError

_TRUE, _FALSE = {"1", "true", "yes", "oui"}, {"0", "false", "no", "non", ""}


@dataclass(frozen=True)
class Environment:
    """Values of the environment, read with checks.

    Attributes
    ----------
    values : by name; a secret may also come from a file named by NAME_FILE.
    """

    values: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def read_text(self, name: str, default: str = "") -> str:
        """Return a text, or `default` where it is absent or empty."""
        return self.values.get(name, "").strip() or default

    def read_secret(self, name: str) -> str:
        """Return a secret from NAME or from the file named by NAME_FILE; empty when neither is given.

        Raises
        ------
        InputError
            If the file cannot be read.
        """
        named = self.values.get(f"{name}_FILE", "").strip()
        if not named:
            return self.read_text(name)
        try:
            return Path(named).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise InputError(
                f"{name}_FILE: the file '{named}' cannot be read ({error.strerror}). Check its path and its rights.",
                f"{name}_FILE : le fichier « {named} » est illisible ({error.strerror}). Vérifiez son chemin et ses "
                "droits.",
            ) from error

    def read_flag(self, name: str, *, default: bool = False) -> bool:
        """Return a yes or a no.

        Raises
        ------
        InputError
            If the value is neither.
        """
        value = self.values.get(name)
        if value is None:
            return default
        if value.strip().lower() in _TRUE:
            return True
        if value.strip().lower() in _FALSE:
            return False
        raise InputError(
            f"{name}='{value}' is neither yes nor no: write 1 or 0.",
            f"{name}=« {value} » n'est ni oui ni non : écrivez 1 ou 0.",
        )

    def read_number(self, name: str, default: int, minimum: int = 0) -> int:
        """Return a whole number.

        Raises
        ------
        InputError
            If it is not one, or is below `minimum`.
        """
        value = self.read_text(name, str(default))
        if not value.isascii() or not value.isdigit() or int(value) < minimum:
            raise InputError(
                f"{name}='{value}' is not a whole number of at least {minimum}.",
                f"{name}=« {value} » n'est pas un nombre entier d'au moins {minimum}.",
            )
        return int(value)

    def read_list(self, name: str, default: str = "") -> list[str]:
        """Return the parts of a text separated by commas."""
        return [part.strip() for part in self.read_text(name, default).split(",") if part.strip()]

    def read_database(self, name: str, default: str) -> dict[str, Any]:
        """Return Django's description of a database from its address.

        `sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://user:password@host:port/name`.

        Raises
        ------
        InputError
            If the address is of another kind.
        """
        address = self.read_secret(name) or default
        parts = urlsplit(address)
        path = unquote(parts.path)
        if parts.scheme == "sqlite" and len(path) > 1:
            return {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": path[1:],
                "OPTIONS": {
                    # Writers wait for their turn instead of failing in the middle of a transaction.
                    "transaction_mode": "IMMEDIATE",
                    "timeout": 20,
                    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;",
                },
            }
        if parts.scheme in ("postgres", "postgresql") and len(path) > 1:
            database: dict[str, Any] = {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": path[1:],
                "USER": unquote(parts.username or ""),
                "PASSWORD": unquote(parts.password or ""),
                "HOST": unquote(parts.hostname or ""),
                "PORT": str(parts.port or ""),
                "CONN_MAX_AGE": 60,
                "CONN_HEALTH_CHECKS": True,
            }
            query = dict(part.partition("=")[::2] for part in parts.query.split("&") if part)
            if "host" in query:  # the folder of a socket, as libpq writes it
                database["HOST"] = unquote(query.pop("host"))
            if query:
                database["OPTIONS"] = {key: unquote(value) for key, value in query.items()}
            return database
        raise InputError(
            f"{name} is not the address of a database: write sqlite:///path or postgresql://user:password@host/name.",
            f"{name} n'est pas l'adresse d'une base : écrivez sqlite:///chemin ou "
            "postgresql://utilisateur:motdepasse@hôte/nom.",
        )
