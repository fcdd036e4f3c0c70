"""The territory store: a folder of Parquet tables, with a manifest or without."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from ancrage.errors import MissingDataError
from ancrage.opendata.known_tables import build_source
from ancrage.opendata.manifest import read_manifest
from ancrage.territory.tables import Tables


def list_table_files(folder: Path) -> list[Path]:
    """Return the Parquet tables of a folder in the order of their names; empty when there is none."""
    return sorted(folder.glob("[!.]*.parquet")) if folder.is_dir() else []


def open_store(folder: Path) -> Tables:
    """Open a store, or a plain folder of tables, for reading; nothing is read before it is asked for.

    The source of a table comes from the manifest, else from the built-in catalogue, else only bears its name.

    Raises
    ------
    MissingDataError
        If the folder does not exist or holds no table.
    InputError
        If its manifest cannot be read.
    """
    files = list_table_files(folder)
    if not files:
        raise MissingDataError(
            f"No data in '{folder}'. Try 'ancrage demo', or import files with 'ancrage data import FILE --data DIR'.",
            f"Aucune donnée dans « {folder} ». Essayez « ancrage demo », ou importez des fichiers avec "
            "« ancrage data import FICHIER --data DOSSIER ».",
        )
    manifest = read_manifest(folder)
    entries = manifest.tables if manifest else {}
    sources = {
        path.stem: entries[path.stem].source if path.stem in entries else build_source(path.stem) for path in files
    }
    frames = {path.stem: pl.scan_parquet(path) for path in files}
    return Tables(frames, sources, fictional=manifest.fictional if manifest else False)
