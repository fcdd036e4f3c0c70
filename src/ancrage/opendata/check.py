"""What a store holds, and whether it can be trusted: columns, checksums, coverage, commune codes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ancrage.errors import MissingDataError
from ancrage.figures import Source
from ancrage.language import Text
from ancrage.opendata.commune_codes import ARRONDISSEMENTS, FOREIGN, build_code_map
from ancrage.opendata.known_tables import read_known_tables
from ancrage.opendata.manifest import compute_checksum, read_manifest
from ancrage.opendata.store import list_table_files, open_store
from ancrage.territory.tables import Tables, find_population


@dataclass(frozen=True)
class HeldTable:
    """A table of a store.

    Attributes
    ----------
    source : title, producer, vintage, licence (empty where unknown).
    role : what it is for, from the built-in catalogue; "flows" for imported flows; "unknown" otherwise.
    rows, size : number of rows; bytes on disk. rows is None when the file cannot be read.
    columns : names of its columns.
    """

    source: Source
    role: str
    rows: int | None
    size: int
    columns: tuple[str, ...]


@dataclass(frozen=True)
class FlowCheck:
    """What a flow table covers, and what its commune codes lose.

    Attributes
    ----------
    table : its name.
    workers : persons in all.
    homes : communes of the store with flows; communes : communes of the store.
    lost_as_written : share of the workers whose home or work code, as in the source, is no commune of the store
        (arrondissements folded, foreign places set aside), 0..1.
    lost : the same once codes are brought to those of the store with its passage table, 0..1; what studies lose.
    passage : True when the store has a passage table.
    """

    table: str
    workers: float
    homes: int
    communes: int
    lost_as_written: float
    lost: float
    passage: bool


@dataclass(frozen=True)
class StoreCheck:
    """Tables of a store, its flow tables in detail, and the problems found (none when it is sound)."""

    tables: tuple[HeldTable, ...]
    flows: tuple[FlowCheck, ...]
    problems: tuple[Text, ...]


def list_tables(folder: Path) -> tuple[HeldTable, ...]:
    """Return the tables of a store in the order of their names.

    Raises
    ------
    MissingDataError
        If the folder holds no table.
    """
    tables = open_store(folder)
    known = read_known_tables()
    found = []
    for path in list_table_files(folder):
        try:
            columns = tuple(tables.scan(path.stem).collect_schema().names())
            rows: int | None = int(tables.scan(path.stem).select(pl.len()).collect().item())
        except (pl.exceptions.PolarsError, OSError):
            columns, rows = (), None
        role = known[path.stem].role if path.stem in known else "unknown"
        if path.stem.startswith("flows"):
            role = "flows"
        found.append(HeldTable(tables.sources[path.stem], role, rows, path.stat().st_size, columns))
    return tuple(found)


def check_store(folder: Path) -> StoreCheck:
    """Check every table of a store against its manifest, the catalogue and the communes.

    Raises
    ------
    MissingDataError
        If the folder holds no table.
    """
    tables = open_store(folder)
    held = list_tables(folder)
    problems = [*_check_manifest(folder), *_check_columns(held)]
    readable = {table.source.table for table in held if table.rows is not None}
    flows = tuple(
        _check_flows(tables, table.source.table)
        for table in held
        if table.role == "flows"
        and table.source.table in readable
        and "communes" in readable
        and {"origin_commune", "destination_commune", "workers"} <= set(table.columns)
    )
    return StoreCheck(held, flows, tuple(problems))


def _check_manifest(folder: Path) -> list[Text]:
    manifest = read_manifest(folder)
    if manifest is None:
        return []
    problems = []
    for name, entry in manifest.tables.items():
        path = folder / f"{name}.parquet"
        if not path.exists():
            problems.append(
                Text(
                    f"{name}: in the manifest, but '{path.name}' is not in the folder. Import it again.",
                    f"{name} : dans le manifeste, mais « {path.name} » n'est pas dans le dossier. Réimportez-la.",
                )
            )
        elif entry.source.checksum and compute_checksum(path) != entry.source.checksum:
            problems.append(
                Text(
                    f"{name}: the file is not the one the manifest describes (SHA-256 differs). Import it again.",
                    f"{name} : le fichier n'est pas celui que décrit le manifeste (SHA-256 différent). Réimportez-la.",
                )
            )
    return problems


def _check_columns(held: tuple[HeldTable, ...]) -> list[Text]:
    known = read_known_tables()
    problems = []
    for table in held:
        name = table.source.table
        if table.rows is None:
            problems.append(
                Text(
                    f"{name}: not a readable Parquet file. Import it again.",
                    f"{name} : fichier Parquet illisible. Réimportez-la.",
                )
            )
            continue
        wanted = known[name].columns if name in known else ()
        if table.role == "flows" and name not in known:
            wanted = ("origin_commune", "destination_commune", "workers")
        absent = [column for column in wanted if column not in table.columns]
        if name == "communes" and find_population(table.columns) is None:
            absent.append("population_YYYY")
        missing = ", ".join(absent)
        if missing:
            problems.append(
                Text(
                    f"{name}: lacks the column(s) {missing}. Import the table again in the documented form.",
                    f"{name} : il manque la ou les colonnes {missing}. Réimportez la table sous la forme documentée.",
                )
            )
    return problems


def _check_flows(tables: Tables, name: str) -> FlowCheck:
    code_map = build_code_map(tables)
    if code_map is None:
        raise MissingDataError("No 'communes' table.", "Pas de table « communes ».")
    known = tables.scan("communes").select("code").collect()["code"].implode()
    mapped = code_map["code"].implode()
    frame = tables.scan(name)
    current = "origin_2025" in frame.collect_schema().names()

    def lost(side: str, *, as_written: bool) -> pl.Expr:
        raw = pl.col(f"{side}_commune").cast(pl.String)
        if as_written:
            absent = ~raw.replace(ARRONDISSEMENTS).is_in(known) & ~raw.is_in(known)
        elif current:
            # A null code is one that the import could not map; a passage table added since may know it.
            absent = ~pl.coalesce(pl.col(f"{side}_2025").cast(pl.String).is_in(known), raw.is_in(mapped))
        else:
            absent = ~raw.is_in(mapped)
        return absent & ~raw.str.contains(FOREIGN)

    workers = pl.col("workers").cast(pl.Float64)
    home = pl.col("origin_2025" if current else "origin_commune").cast(pl.String)
    row = (
        frame.select(
            total=workers.sum(),
            homes=home.filter(home.is_in(known) & (workers > 0)).n_unique(),
            before=workers.filter(lost("origin", as_written=True) | lost("destination", as_written=True)).sum(),
            after=workers.filter(lost("origin", as_written=False) | lost("destination", as_written=False)).sum(),
        )
        .collect()
        .row(0, named=True)
    )
    total = float(row["total"])
    return FlowCheck(
        table=name,
        workers=total,
        homes=int(row["homes"]),
        communes=len(known[0]),
        lost_as_written=float(row["before"]) / total if total else 0.0,
        lost=float(row["after"]) / total if total else 0.0,
        passage="passage" in tables,
    )
