"""`ancrage site restore`: an archive in the place of what an instance holds, checked before anything is touched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from ancrage.errors import InputError
from ancrage_web.cli import archives
from ancrage_web.cli.backup import list_kept
from ancrage_web.cli.database_copies import check_copy, put_back
from ancrage_web.cli.opening import create_folders
from ancrage_web.config.supervisor import hold_lock

# Both are beside what they replace: a file enters its place by a rename, never by a copy.
UNPACKED, HELD = "restore.aside", "replaced.aside"


@dataclass(frozen=True)
class Restored:
    """A backup that was put back."""

    made_at: str
    version: str
    files: int


def restore_backup(path: Path, *, replace: bool) -> Restored:
    """Put back an archive, all of it or nothing.

    Raises
    ------
    InputError
        If the archive is missing, damaged, of another database or of a newer version; if the site runs; if the
        instance holds something and `replace` is not asked.
    """
    if not path.is_file():
        raise InputError(
            f"There is no file '{path}': check its path.", f"Il n'y a pas de fichier « {path} » : vérifiez son chemin."
        )
    create_folders()
    lock = hold_lock(settings.FILES, alone=True)
    if lock is None:
        raise InputError(
            "The site runs: stop 'ancrage serve' before restoring.",
            "Le site tourne : arrêtez « ancrage serve » avant de restaurer.",
        )
    with lock:
        if not replace and holds_something():
            raise InputError(
                "This instance already holds accounts or files. Back it up, then add --replace: they will be lost.",
                "Cette instance contient déjà des comptes ou des fichiers. Sauvegardez-la, puis ajoutez --replace : "
                "ils seront perdus.",
            )
        with _empty_folder(settings.FILES / UNPACKED) as unpacked:
            manifest = archives.unpack_archive(path, unpacked)
            check_manifest(manifest, path)
            copy = unpacked / archives.DATABASE
            check_copy(copy, path)
            with _empty_folder(_find_held()) as held, put_back(copy, manifest.migrations, held):
                _swap_files(unpacked / archives.FILES, held)
    kept = sum(name.startswith(f"{archives.FILES}/") for name in manifest.checksums)
    return Restored(manifest.made_at, manifest.version, kept)


def holds_something() -> bool:
    """Say whether the instance holds files or accounts."""
    if list_kept():
        return True
    tables = connection.introspection.table_names()
    if "accounts_user" not in tables:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM accounts_user)")
        return bool(cursor.fetchone()[0])


def check_manifest(manifest: archives.Manifest, path: Path) -> None:
    """Refuse a backup of another kind of database, or made by a newer version.

    Raises
    ------
    InputError
        Says which.
    """
    if manifest.engine != connection.vendor:
        raise InputError(
            f"'{path}' is a backup of {manifest.engine}, and this instance is on {connection.vendor}. Nothing was "
            "changed: restore it into an instance of the same kind (ANCRAGE_DATABASE_URL).",
            f"« {path} » est une sauvegarde de {manifest.engine}, et cette instance est sur {connection.vendor}. "
            "Rien n'a été changé : restaurez-la dans une instance de même sorte (ANCRAGE_DATABASE_URL).",
        )
    loader = MigrationLoader(None, ignore_no_migrations=True)
    known = {f"{app}.{name}" for app, name in loader.disk_migrations or {}}
    unknown = sorted(set(manifest.migrations) - known)
    if unknown:
        raise InputError(
            f"'{path}' was made by version {manifest.version}, which this one does not know ({unknown[0]}). Nothing "
            "was changed: install that version or a later one.",
            f"« {path} » vient de la version {manifest.version}, que celle-ci ne connaît pas ({unknown[0]}). Rien "
            "n'a été changé : installez cette version ou une plus récente.",
        )


def _find_held() -> Path:
    """Return the folder where what is replaced waits, on the disk of the database when that is a file."""
    if connection.vendor == "sqlite":
        return Path(settings.DATABASES["default"]["NAME"]).with_name(HELD)
    return Path(settings.FILES / HELD)


@contextmanager
def _empty_folder(folder: Path) -> Iterator[Path]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _swap_files(restored: Path, held: Path) -> None:
    """Put the restored files in place of those there; put those back if it fails half-way."""
    restored.mkdir(exist_ok=True)
    waiting = held / "files"
    waiting.mkdir()
    before, after = list_kept(), sorted(restored.iterdir())
    try:
        for path in before:
            shutil.move(path, waiting / path.name)
        for path in after:
            path.rename(settings.FILES / path.name)
    except BaseException:
        for path in after:
            if not path.exists() and (settings.FILES / path.name).exists():
                (settings.FILES / path.name).rename(path)
        for path in before:
            if (waiting / path.name).exists():
                shutil.move(waiting / path.name, path)
        raise
