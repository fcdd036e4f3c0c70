"""Importing files into a store: everything is finished aside, then enters the store at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ancrage.errors import InputError, MissingDataError
from ancrage.opendata.commune_codes import build_code_map
from ancrage.opendata.import_communes import find_commune_file, import_commune_file
from ancrage.opendata.import_flows import import_flow_file, open_flow_file
from ancrage.opendata.known_tables import build_source, read_known_tables
from ancrage.opendata.manifest import (
    Manifest,
    NewTable,
    commit_tables,
    compute_checksum,
    open_aside,
    read_manifest,
)
from ancrage.opendata.store import list_table_files, open_store
from ancrage.opendata.text_file import Progress
from ancrage.territory.tables import Tables

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Imported:
    """A table that entered the store.

    Attributes
    ----------
    table : its name; rows : its number of rows.
    summary : counts of the import (rows read, workers, foreign, folded, duplicates merged, unknown communes...).
    """

    table: str
    rows: int
    summary: Mapping[str, Any]


def import_files(
    paths: Sequence[Path], folder: Path, vintage: int | None = None, progress: Progress | None = None
) -> tuple[Imported, ...]:
    """Import official files or folders of tables into the store `folder`, all of them or none.

    Parameters
    ----------
    paths : official files about communes (contours, composition of EPCI, populations, list of communes), INSEE
        commune-to-commune base or detail file (CSV, zip or Parquet), a Parquet table of the store's form, or a
        folder of such tables with or without a manifest.
    folder : the store; created when absent.
    vintage : year of a file about communes or of a detail file whose name does not give it.
    progress : called with the stage, the bytes done and the bytes in all.

    Raises
    ------
    InputError
        If one of the files cannot be imported; the store is then as it was.
    MissingDataError
        If one of the paths does not exist, or a folder holds no table.
    """
    report = progress or _ignore
    for path in paths:
        if not path.exists():
            raise MissingDataError(
                f"'{path}' does not exist. Check the path.", f"« {path} » n'existe pas. Vérifiez le chemin."
            )
    made_here = not folder.exists()
    try:
        with open_aside(folder) as aside:
            tables, fictional = _import_aside(paths, folder, aside, vintage, report)
            commit_tables(folder, tables, fictional=fictional)
    except BaseException:
        if made_here and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        raise
    return tuple(Imported(table.source.table, table.rows, table.summary) for table in tables)


def _ignore(stage: str, done: int, size: int) -> None:
    pass


def _import_aside(
    paths: Sequence[Path], folder: Path, aside: Path, vintage: int | None, progress: Progress
) -> tuple[list[NewTable], bool]:
    made: dict[str, NewTable] = {}
    held = read_manifest(folder)
    fictional = held.fictional if held is not None and held.tables else False
    known = {path: find_commune_file(path) for path in paths}
    # Folders first, then files about communes: what they bring serves to map and check the codes of the flow files.
    for number, path in enumerate(sorted(paths, key=lambda p: (not p.is_dir(), known[p] is None))):
        room = aside / str(number)
        room.mkdir()
        if (file := known[path]) is not None:
            tables = import_commune_file(file, _list_held(folder) | made, room, vintage, progress)
            # Each merges with those before it; and what the State publishes is never fictional.
            made |= {table.source.table: table for table in tables}
            fictional = False
            continue
        if path.is_dir():
            source = read_manifest(path)
            fictional = source.fictional if source is not None else fictional
            new = _import_folder(path, folder, source, room, progress)
        else:
            new = [_import_file(path, folder, room, list(made.values()), vintage, progress)]
        for table in new:
            if table.source.table in made:
                raise InputError(
                    f"Two of the files give the table '{table.source.table}'. Import the one you want.",
                    f"Deux des fichiers donnent la table « {table.source.table} ». Importez celui que vous voulez.",
                )
            made[table.source.table] = table
    return list(made.values()), fictional


def _list_held(folder: Path) -> dict[str, NewTable]:
    """Return the tables of the store as if they had just been made, so that new ones can be merged with them."""
    manifest = read_manifest(folder)
    entries = manifest.tables if manifest else {}
    held = {}
    for path in list_table_files(folder):
        entry = entries.get(path.stem)
        source = entry.source if entry else build_source(path.stem)
        held[path.stem] = NewTable(path, source, entry.rows if entry else 0, entry.summary if entry else {})
    return held


def _import_file(
    path: Path, folder: Path, room: Path, made: Sequence[NewTable], vintage: int | None, progress: Progress
) -> NewTable:
    opened = open_flow_file(path, room, vintage, progress)
    if opened is None:
        return _import_table(path, None, room, progress)
    known = dict(open_store(folder).frames) if list_table_files(folder) else {}
    known |= {table.source.table: pl.scan_parquet(table.aside) for table in made}
    return import_flow_file(opened, build_code_map(Tables(known) if known else None), room, progress)


def _import_folder(
    path: Path, folder: Path, manifest: Manifest | None, room: Path, progress: Progress
) -> list[NewTable]:
    if folder.exists() and path.resolve() == folder.resolve():
        raise InputError(
            f"'{path}' is the store itself: it can be used as it is. Import it into another folder with --data.",
            f"« {path} » est le magasin lui-même : il s'utilise tel quel. Importez-le dans un autre dossier "
            "avec --data.",
        )
    files = list_table_files(path)
    if not files:
        raise MissingDataError(
            f"The folder '{path}' holds no Parquet table. Give a file, or a folder of tables.",
            f"Le dossier « {path} » ne contient aucune table Parquet. Donnez un fichier, ou un dossier de tables.",
        )
    return [_import_table(file, manifest, room, progress) for file in files]


def _import_table(path: Path, manifest: Manifest | None, room: Path, progress: Progress) -> NewTable:
    """Copy a Parquet table aside, check it, and find where it comes from."""
    name = path.stem
    entry = manifest.tables.get(name) if manifest else None
    target = room / f"{name}.parquet"
    size, done = path.stat().st_size, 0
    with path.open("rb") as source, target.open("wb") as copy:
        while block := source.read(_BLOCK):
            copy.write(block)
            done += len(block)
            progress(f"copy {name}", done, size)
    if entry and entry.source.checksum and compute_checksum(target) != entry.source.checksum:
        raise InputError(
            f"'{path}' is not the file its manifest describes (SHA-256 differs). Copy the folder again.",
            f"« {path} » n'est pas le fichier que décrit son manifeste (SHA-256 différent). Recopiez le dossier.",
        )
    try:
        frame = pl.scan_parquet(target)
        columns = frame.collect_schema().names()
        rows = int(frame.select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(
            f"'{path}' is not a readable Parquet file: it may be truncated. Copy it again.",
            f"« {path} » n'est pas un fichier Parquet lisible : il est peut-être tronqué. Recopiez-le.",
        ) from error
    known = read_known_tables().get(name)
    missing = [column for column in known.columns if column not in columns] if known else []
    if missing:
        raise InputError(
            f"Table '{path}' lacks the column(s) {', '.join(missing)}. Give the table in the documented "
            "form, or under another name.",
            f"Il manque à la table « {path} » la ou les colonnes {', '.join(missing)}. Donnez la table sous "
            "la forme documentée, ou sous un autre nom.",
        )
    if name.startswith("flows") and "workers" in columns:
        _check_workers(path, frame)
    return NewTable(
        target,
        entry.source if entry else build_source(name),
        rows,
        entry.summary if entry and entry.summary else {"file": path.name, "rows_read": rows},
    )


def _check_workers(path: Path, frame: pl.LazyFrame) -> None:
    faulty = (
        frame.select(line=pl.int_range(1, pl.len() + 1), value=pl.col("workers").cast(pl.Float64, strict=False))
        .filter(~(pl.col("value").is_finite() & (pl.col("value") >= 0)).fill_null(value=False))
        .head(1)
        .collect()
    )
    if faulty.height:
        line, value = faulty.row(0)
        raise InputError(
            f"'{path}', row {line}, column workers: '{value}' is not a number of persons, zero or more. "
            "Nothing was imported: correct the table.",
            f"« {path} », ligne {line}, colonne workers : « {value} » n'est pas un nombre de personnes, nul "
            "ou positif. Rien n'a été importé : corrigez la table.",
        )
