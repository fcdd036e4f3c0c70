"""An instance of the site in processes of its own, as an operator has it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

EMAIL, ORGANISATION = "admin@example.org", "CC de la Vallée"
VARIABLE = "ANCRAGE_TEST_DATABASE_URL"


@dataclass
class Instance:
    """An instance: its folder and its environment.

    Attributes
    ----------
    folder : holds `site` (ANCRAGE_FILES) and whatever the test writes.
    """

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def files(self) -> Path:
        return self.folder / "site"

    @property
    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANCRAGE_", "DJANGO_"))}
        return {**clean, **self.variables}

    def run(self, *words: str, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run `ancrage` with these words, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "ancrage.cli.main", "--lang", "en", *words],
            env={**self.environment, **(variables or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def execute(self, code: str) -> str:
        """Run Python inside the site and return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "ancrage_web", "shell", "--no-imports", "-c", code],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        return done.stdout

    @contextmanager
    def start(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """Start `ancrage` with these words; it is killed at the end of the block if it is still there."""
        with subprocess.Popen(
            [sys.executable, "-m", "ancrage.cli.main", "--lang", "en", *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()


def create_instance(folder: Path) -> Instance:
    """Create an instance with its first administrator, on the kind of database that the tests run on."""
    password = folder / "password"
    password.write_text("a long password for tests\n", encoding="utf-8")
    variables = {
        "ANCRAGE_SECRET_KEY": "a key for the tests only, long enough for the checks of a start",
        "ANCRAGE_EMAIL_URL": "console",
        "ANCRAGE_FILES": str(folder / "site"),
        "ANCRAGE_ADMIN_PASSWORD_FILE": str(password),
    }
    if VARIABLE in os.environ:
        variables["ANCRAGE_DATABASE_URL"] = create_database(os.environ[VARIABLE])
    instance = Instance(folder, variables)
    done = instance.run(
        "site", "init", "--email", EMAIL, "--name", "A", "--organisation", ORGANISATION, "--kind", "epci"
    )
    assert done.returncode == 0, done.stderr
    return instance


def create_database(address: str) -> str:
    """Create an empty database beside the one of an address, and return its address."""
    name = f"instance_{uuid4().hex[:12]}"
    with connect(address) as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    before, _, options = address.partition("?")
    return f"{before.rpartition('/')[0]}/{name}?{options}"


@contextmanager
def connect(address: str) -> Iterator[Any]:
    """Open a cursor on a PostgreSQL database, outside of any transaction."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection, connection.cursor() as cursor:
        yield cursor
