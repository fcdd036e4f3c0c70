"""The territory store: a folder of Parquet tables with a manifest."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from ancrage.errors import MissingDataError
from ancrage.figures import Source
from ancrage.language import Text
from ancrage.territory.tables import Tables


def open_store(folder: Path) -> Tables:
    """Open a store, or a plain folder of tables, for reading; nothing is read before it is asked for.

    Raises
    ------
    MissingDataError
        If the folder does not exist or holds no table.
    """
    names = sorted(folder.glob("*.parquet")) if folder.is_dir() else []
    if not names:
        raise MissingDataError(
            f"No data in '{folder}'. Try 'ancrage demo', or import files with 'ancrage data import FILE --data DIR'.",
            f"Aucune donnée dans « {folder} ». Essayez « ancrage demo », ou importez des fichiers avec "
            "« ancrage data import FICHIER --data DOSSIER ».",
        )
    frames = {path.stem: pl.scan_parquet(path) for path in names}
    sources = {
        name: Source(name, Text(name, name), producer="", vintage="", licence="") for name in frames
    }
    return Tables(frames, sources)
