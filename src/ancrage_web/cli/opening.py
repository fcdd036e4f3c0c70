"""Opening of the site by a command: its settings, its database, what it says when they are not there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from ancrage.cli import session
from ancrage.errors import InputError, MissingDataError


def check_extra() -> None:
    """Refuse to go on without the packages of the site.

    Raises
    ------
    MissingDataError
        Says how to install them.
    """
    missing = [name for name in ("django", "allauth", "granian") if find_spec(name) is None]
    if missing:
        raise MissingDataError(
            f"The site needs packages that are not installed ({', '.join(missing)}). Install them: "
            "pip install 'ancrage[site]'.",
            f"Le site a besoin de paquets qui ne sont pas installés ({', '.join(missing)}). Installez-les : "
            "pip install 'ancrage[site]'.",
        )


def choose_settings() -> None:
    """Name the settings, and give the language of the terminal to the processes started from here."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ancrage_web.config.settings")
    os.environ["ANCRAGE_LANG"] = session.get_language()


@contextmanager
def open_site() -> Iterator[None]:
    """Load Django with the settings of the environment; its errors become sentences.

    Raises
    ------
    MissingDataError
        If a package is missing or the database does not answer.
    InputError
        If a variable of the environment is odd, or if a command of Django refuses to go on.
    """
    check_extra()
    choose_settings()
    import django
    from django.core.management.base import CommandError
    from django.db.utils import OperationalError
    from django.utils import translation

    django.setup()
    try:
        with translation.override(session.get_language()):
            yield
    except CommandError as error:
        raise InputError(str(error), str(error)) from error
    except OperationalError as error:
        if is_sqlite() and not find_database().exists():
            raise MissingDataError(
                f"There is no instance yet at '{find_database()}'. Type 'ancrage site init'.",
                f"Il n'y a pas encore d'instance dans « {find_database()} ». Tapez « ancrage site init ».",
            ) from error
        reason = str(error).strip().splitlines()[0]
        raise MissingDataError(
            f"The database does not answer ({reason}). Check ANCRAGE_DATABASE_URL and that the server runs.",
            f"La base de données ne répond pas ({reason}). Vérifiez ANCRAGE_DATABASE_URL et que le serveur tourne.",
        ) from error


def create_folders() -> None:
    """Create the folder of the files, closed to other users, where it is missing.

    Raises
    ------
    InputError
        If it cannot be made or written.
    """
    from django.conf import settings

    for folder in {settings.FILES, find_database().parent if is_sqlite() else settings.FILES}:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise InputError(
                f"The folder '{folder}' cannot be made ({error.strerror}). Make it, or choose another with "
                "ANCRAGE_FILES.",
                f"Le dossier « {folder} » ne peut pas être créé ({error.strerror}). Créez-le, ou choisissez-en un "
                "autre avec ANCRAGE_FILES.",
            ) from error
        if not os.access(folder, os.W_OK):
            raise InputError(
                f"The folder '{folder}' cannot be written by this user. Change its owner or its rights.",
                f"Le dossier « {folder} » ne peut pas être écrit par cet utilisateur. Changez son propriétaire ou ses "
                "droits.",
            )


def is_sqlite() -> bool:
    """Say whether the database is a SQLite file."""
    from django.db import connection

    return connection.vendor == "sqlite"


def find_database() -> Path:
    """Return the file of a SQLite database."""
    from django.conf import settings

    return Path(settings.DATABASES["default"]["NAME"])


def list_pending() -> list[str]:
    """Return the migrations that the database has not had, "app.name"."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def refuse_pending() -> None:
    """Refuse a database that is not that of this version.

    Raises
    ------
    MissingDataError
        Says which command brings it up to date.
    """
    pending = list_pending()
    if pending:
        raise MissingDataError(
            f"The database is not up to date: {len(pending)} migrations are waiting. Back it up ('ancrage site "
            "backup'), then type 'ancrage site migrate' ('ancrage site init' for a new instance).",
            f"La base n'est pas à jour : {len(pending)} migrations attendent. Sauvegardez-la (« ancrage site "
            "backup »), puis tapez « ancrage site migrate » (« ancrage site init » pour une nouvelle instance).",
        )


def migrate() -> None:
    """Bring the database to this version."""
    from django.core.management import call_command

    create_folders()
    call_command("migrate", interactive=False, verbosity=0)
