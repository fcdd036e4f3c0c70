"""The manifest of a store, and the only way to add tables to it: written aside, renamed, manifest last."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ancrage.errors import InputError
from ancrage.figures import Source
from ancrage.language import Text

MANIFEST = "manifest.json"
LOCK = ".lock"
_FORMAT = 1


@dataclass(frozen=True)
class Entry:
    """One table of a manifest.

    Attributes
    ----------
    source : where the table comes from; its checksum is the SHA-256 of the Parquet file.
    rows : number of rows.
    summary : counts of the import that made it (rows read, workers, folded...); empty when not imported.
    """

    source: Source
    rows: int
    summary: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """What a store says of itself: its tables, and whether its territory is fictional."""

    tables: Mapping[str, Entry] = field(default_factory=dict)
    fictional: bool = False


@dataclass(frozen=True)
class NewTable:
    """A finished Parquet file, still aside, with what the manifest will say of it."""

    aside: Path
    source: Source
    rows: int
    summary: Mapping[str, Any] = field(default_factory=dict)


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of `folder`, or None where there is none.

    Raises
    ------
    InputError
        If the manifest is not JSON, or not in the form this version writes.
    """
    path = folder / MANIFEST
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        content = json.loads(text)
        if content["format"] != _FORMAT:
            raise ValueError(f"format {content['format']}")
        return Manifest(
            {name: _build_entry(name, entry) for name, entry in content["tables"].items()},
            bool(content["fictional"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"The manifest '{path}' cannot be read ({error}). Import the tables again into an empty folder, "
            "or "
            "remove the manifest: the tables then keep what the built-in catalogue says of them.",
            f"Le manifeste « {path} » est illisible ({error}). Réimportez les tables dans un dossier vide, "
            "ou "
            "supprimez le manifeste : les tables gardent alors ce que dit d'elles le catalogue intégré.",
        ) from error


def _build_entry(name: str, entry: Mapping[str, Any]) -> Entry:
    source = Source(
        name,
        Text(entry["title"]["en"], entry["title"]["fr"]),
        producer=entry["producer"],
        vintage=entry["vintage"],
        licence=entry["licence"],
        url=entry["url"],
        checksum=entry["sha256"],
    )
    return Entry(source, int(entry["rows"]), entry.get("summary", {}))


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest of `folder` at once: a reader sees the old one or the new one, never a part."""
    content = {
        "format": _FORMAT,
        "fictional": manifest.fictional,
        "tables": {
            name: {
                "title": {"en": entry.source.title.en, "fr": entry.source.title.fr},
                "producer": entry.source.producer,
                "vintage": entry.source.vintage,
                "licence": entry.source.licence,
                "url": entry.source.url,
                "sha256": entry.source.checksum,
                "rows": entry.rows,
                "summary": dict(entry.summary),
            }
            for name, entry in sorted(manifest.tables.items())
        },
    }
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    aside = folder / f".{MANIFEST}.part"
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(folder / MANIFEST)


def compute_checksum(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def open_aside(folder: Path) -> Iterator[Path]:
    """Give a private folder on the same disk as `folder`, removed at the end with what is left in it.

    Files are finished there, then moved by `commit_tables`. A killed run leaves at most that hidden folder,
    which
    no reader looks into and which the next run removes.

    Raises
    ------
    InputError
        If the folder cannot be created or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(folder)
        aside = tempfile.TemporaryDirectory(prefix=f".import-{os.getpid()}-", dir=folder, ignore_cleanup_errors=True)
    except OSError as error:
        raise InputError(
            f"Nothing can be written in '{folder}' ({error.strerror}). Choose another folder with --data.",
            f"Impossible d'écrire dans « {folder} » ({error.strerror}). Choisissez un autre dossier avec --data.",
        ) from error
    with aside as name:
        yield Path(name)


def _remove_abandoned(folder: Path) -> None:
    import shutil

    for left in folder.glob(".import-*"):
        pid = left.name.split("-")[1]
        if not (pid.isdigit() and _is_running(int(pid))):
            shutil.rmtree(left, ignore_errors=True)


def _is_running(pid: int) -> bool:
    if sys.platform == "win32":
        return True  # signal 0 ends a process there: leave the folder to its owner
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def commit_tables(folder: Path, tables: Sequence[NewTable], *, fictional: bool = False) -> Manifest:
    """Move finished tables into the store, then write the manifest, under a lock.

    The lock is taken only for the renames, so that two imports at once both end up in the manifest.

    Raises
    ------
    InputError
        If the store already holds a territory that is fictional where the new tables are real, or the
        reverse.
    """
    entries = {
        table.source.table: Entry(
            Source(
                table.source.table,
                table.source.title,
                table.source.producer,
                table.source.vintage,
                table.source.licence,
                table.source.url,
                checksum=compute_checksum(table.aside),
            ),
            table.rows,
            table.summary,
        )
        for table in tables
    }
    with _open_lock(folder):
        held = read_manifest(folder)
        if held is not None and held.tables and held.fictional != fictional:
            raise InputError(
                f"The store '{folder}' is {'fictional' if held.fictional else 'real'} and the new tables are "
                "not: "
                "mixing them would give figures about no territory. Choose another folder with --data.",
                f"Le magasin « {folder} » est {'fictif' if held.fictional else 'réel'} et pas les nouvelles "
                "tables : "
                "les mélanger donnerait des chiffres sur aucun territoire. Choisissez un autre dossier avec "
                "--data.",
            )
        for table in tables:
            table.aside.replace(folder / f"{table.source.table}.parquet")
        manifest = Manifest({**(held.tables if held else {}), **entries}, fictional)
        write_manifest(folder, manifest)
    return manifest


@contextmanager
def _open_lock(folder: Path) -> Iterator[None]:
    with (folder / LOCK).open("a+b") as file:
        _hold(file)
        # Closing the file releases the lock, and so does the end of a killed process.
        yield


def _hold(file: BinaryIO) -> None:
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
    else:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
