"""Reading of the environment: the only place settings come from; an odd value stops the start with a sentence."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from ancrage.errors import InputError

_TRUE, _FALSE = {"1", "true", "yes", "oui"}, {"0", "false", "no", "non", ""}
# What libpq understands in an address, as far as it is useful here.
_POSTGRESQL_OPTIONS = {"sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "application_name", "options"}
# A short key can be guessed; Django asks for as much.
SHORTEST_KEY = 50


@dataclass(frozen=True)
class Environment:
    """Values of the environment, read with checks.

    Attributes
    ----------
    values : by name; a secret may also come from a file named by NAME_FILE.
    asked : names read so far.
    """

    values: Mapping[str, str] = field(default_factory=lambda: os.environ)
    asked: set[str] = field(default_factory=set)

    def read_text(self, name: str, default: str = "") -> str:
        """Return a text, or `default` where it is absent or empty."""
        self.asked.add(name)
        return self.values.get(name, "").strip() or default

    def read_secret(self, name: str) -> str:
        """Return a secret from NAME or from the file named by NAME_FILE; empty when neither is given.

        Raises
        ------
        InputError
            If the file cannot be read, or is empty, or when both are given.
        """
        self.asked.add(f"{name}_FILE")
        given, named = self.read_text(name), self.values.get(f"{name}_FILE", "").strip()
        if not named:
            return given
        if given:
            raise InputError(
                f"{name} and {name}_FILE are both given: which one holds is not clear. Remove one of them.",
                f"{name} et {name}_FILE sont données toutes les deux : laquelle vaut ? Retirez l'une d'elles.",
            )
        try:
            content = Path(named).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise InputError(
                f"{name}_FILE: the file '{named}' cannot be read ({reason}). Check its path and its rights.",
                f"{name}_FILE : le fichier « {named} » est illisible ({reason}). Vérifiez son chemin et ses droits.",
            ) from error
        if not content:
            raise InputError(
                f"{name}_FILE: the file '{named}' is empty. Write the value in it.",
                f"{name}_FILE : le fichier « {named} » est vide. Écrivez-y la valeur.",
            )
        return content

    def read_key(self, name: str) -> str:
        """Return a secret of at least 50 characters, or nothing when none is given.

        Raises
        ------
        InputError
            If it is too short.
        """
        key = self.read_secret(name)
        if key and (len(key) < SHORTEST_KEY or len(set(key)) < 5):
            raise InputError(
                f"{name} has {len(key)} characters: at least {SHORTEST_KEY} are needed, at random. 'ancrage site key' "
                "makes one.",
                f"{name} a {len(key)} caractères : il en faut au moins {SHORTEST_KEY}, au hasard. « ancrage site key » "
                "en fait une.",
            )
        return key

    def read_flag(self, name: str, *, default: bool = False) -> bool:
        """Return a yes or a no.

        Raises
        ------
        InputError
            If the value is neither.
        """
        self.asked.add(name)
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

    def read_choice(self, name: str, choices: Collection[str], default: str) -> str:
        """Return one of several words.

        Raises
        ------
        InputError
            If the value is none of them.
        """
        value = self.read_text(name, default).lower()
        if value not in choices:
            listed = ", ".join(choices)
            raise InputError(
                f"{name}='{value}' is not known: choose among {listed}.",
                f"{name}=« {value} » est inconnue : choisissez parmi {listed}.",
            )
        return value

    def read_list(self, name: str, default: str = "") -> list[str]:
        """Return the parts of a text separated by commas."""
        return [part.strip() for part in self.read_text(name, default).split(",") if part.strip()]

    def read_site(self, name: str, default: str) -> SplitResult:
        """Return the public address of the instance: a scheme and a host, without a path.

        Raises
        ------
        InputError
            If it is anything else.
        """
        value = self.read_text(name, default).rstrip("/")
        parts = _split_address(value)
        bare = parts is not None and not (parts.path or parts.query or parts.fragment or parts.username)
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or not bare:
            raise InputError(
                f"{name}='{value}' is not the address of a site: write https://name.example, without a path.",
                f"{name}=« {value} » n'est pas l'adresse d'un site : écrivez https://nom.exemple, sans chemin.",
            )
        return parts

    def read_address(self, name: str) -> str:
        """Return the address of a page of the web, or nothing when none is given.

        Raises
        ------
        InputError
            If it is not an http(s) address with a host.
        """
        value = self.read_text(name)
        try:
            parts = urlsplit(value)
        except ValueError:
            parts = SplitResult("", "", "", "", "")
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise InputError(
                f"{name}='{value}' is not the address of a page: write it whole, for example https://example.org/page.",
                f"{name}=« {value} » n'est pas l'adresse d'une page : écrivez-la en entier, par exemple "
                "https://example.org/page.",
            )
        return value

    def read_folder(self, name: str, default: Path) -> Path:
        """Return a folder, made absolute; it may not exist yet.

        Raises
        ------
        InputError
            If a file bears this name.
        """
        path = Path(self.read_text(name, str(default))).expanduser().absolute()
        if path.exists() and not path.is_dir():
            raise InputError(
                f"{name}='{path}' is a file: give a folder.", f"{name}=« {path} » est un fichier : donnez un dossier."
            )
        return path

    def read_database(self, name: str, default: Path) -> dict[str, Any]:
        """Return Django's description of a database from its address; that of a SQLite file by default.

        `sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://user:password@host:port/name`.

        Raises
        ------
        InputError
            If the address is of another kind. The message never repeats it: it may hold a password.
        """
        address = self.read_secret(name)
        if not address:
            return _describe_sqlite(default)
        parts = _split_address(address)
        path = unquote(parts.path) if parts is not None else ""
        if parts is not None and len(path) > 1:
            if parts.scheme == "sqlite" and not parts.netloc:
                return _describe_sqlite(Path(path[1:]).absolute())
            if parts.scheme in ("postgres", "postgresql") and "/" not in path[1:]:
                return _describe_postgresql(name, parts, path[1:])
        raise InputError(
            f"{name} is not the address of a database: write sqlite:///path or postgresql://user:password@host/name.",
            f"{name} n'est pas l'adresse d'une base : écrivez sqlite:///chemin ou "
            "postgresql://utilisateur:motdepasse@hôte/nom.",
        )

    def read_email(self, name: str) -> dict[str, Any]:
        """Return Django's settings of e-mail from one address; nothing when none is given.

        `smtp://user:password@host:587?tls=1`, `smtps://user:password@host:465`, `file:///folder` or `console`.

        Raises
        ------
        InputError
            If the address is of another kind. The message never repeats it: it may hold a password.
        """
        address = self.read_secret(name)
        if not address:
            return {}
        if address in ("console", "console://"):
            return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
        parts = _split_address(address)
        if parts is not None and parts.scheme == "file" and not parts.netloc and len(parts.path) > 1:
            return {
                "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
                "EMAIL_FILE_PATH": unquote(parts.path),
            }
        options = dict(parse_qsl(parts.query, keep_blank_values=True)) if parts is not None else {}
        tls = options.pop("tls", "0")
        if (
            parts is not None
            and parts.scheme in ("smtp", "smtps")
            and parts.hostname
            and parts.path in ("", "/")
            and not options
            and tls in ("0", "1")
        ):
            secure = parts.scheme == "smtps"
            return {
                "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
                "EMAIL_HOST": parts.hostname,
                "EMAIL_PORT": parts.port or (465 if secure else 587 if tls == "1" else 25),
                "EMAIL_HOST_USER": unquote(parts.username or ""),
                "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
                "EMAIL_USE_SSL": secure,
                "EMAIL_USE_TLS": tls == "1" and not secure,
                "EMAIL_TIMEOUT": 10,
            }
        raise InputError(
            f"{name} does not say how to send e-mails: write smtp://user:password@host:587?tls=1, "
            "smtps://user:password@host, file:///folder or console.",
            f"{name} ne dit pas comment envoyer les courriels : écrivez smtp://utilisateur:motdepasse@hôte:587?tls=1, "
            "smtps://utilisateur:motdepasse@hôte, file:///dossier ou console.",
        )

    def check_names(self, known: Collection[str]) -> None:
        """Refuse a variable ANCRAGE_* that nothing reads: a typing error would pass unseen.

        Raises
        ------
        InputError
            Names the nearest known variable.
        """
        accepted = sorted(self.asked | set(known))
        for name in sorted(self.values):
            if name.startswith("ANCRAGE_") and name not in accepted:
                near = get_close_matches(name, accepted, n=1, cutoff=0.0)[0]
                raise InputError(
                    f"{name} is not a variable of Ancrage; the nearest is {near}. Correct or remove it.",
                    f"{name} n'est pas une variable d'Ancrage ; la plus proche est {near}. Corrigez-la ou retirez-la.",
                )


def _split_address(address: str) -> SplitResult | None:
    """Return the parts of an address, or None when its port or its host cannot be read."""
    try:
        parts = urlsplit(address)
        return parts if parts.port != 0 and not re.search(r"\s", address) else None
    except ValueError:
        return None


def _describe_sqlite(path: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        # Opening the file, with its pragmas and the functions that Django adds, costs as much as a small page.
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            # Writers wait for their turn instead of failing in the middle of a transaction.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;",
        },
    }


def _describe_postgresql(name: str, parts: SplitResult, database: str) -> dict[str, Any]:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    host = options.pop("host", None) or unquote(parts.hostname or "")  # a folder of a socket is written as libpq does
    odd = sorted(set(options) - _POSTGRESQL_OPTIONS)
    if odd:
        listed = ", ".join(sorted(_POSTGRESQL_OPTIONS | {"host"}))
        raise InputError(
            f"{name}: the option '{odd[0]}' is not known. Known options: {listed}.",
            f"{name} : l'option « {odd[0]} » est inconnue. Options connues : {listed}.",
        )
    described: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
    return {**described, "OPTIONS": options} if options else described


def check_accessibility(state: str, address: str) -> None:
    """Refuse a state of compliance that nothing published supports.

    Raises
    ------
    InputError
        If the state is partial or full without the address of the declaration.
    """
    if state != "none" and not address:
        raise InputError(
            f"ANCRAGE_ACCESSIBILITY='{state}' without ANCRAGE_ACCESSIBILITY_URL: only an audit allows this claim. "
            "Give the address of the declaration that follows it, or remove ANCRAGE_ACCESSIBILITY.",
            f"ANCRAGE_ACCESSIBILITY=« {state} » sans ANCRAGE_ACCESSIBILITY_URL : seul un audit permet de l'affirmer. "
            "Donnez l'adresse de la déclaration qui le suit, ou retirez ANCRAGE_ACCESSIBILITY.",
        )
