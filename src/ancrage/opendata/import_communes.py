"""Importing the official files about communes: contours, EPCI, list of communes and populations.

Each file gives some columns of the table `communes`; files are merged by code, whatever their order.
"""

from __future__ import annotations

import csv
import json
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfileobj
from typing import Any

import polars as pl
import shapely

from ancrage.errors import InputError
from ancrage.figures import Source
from ancrage.language import Text
from ancrage.opendata.import_geography import Geography, Kind
from ancrage.opendata.import_geography_contours import read_contours
from ancrage.opendata.import_geography_lists import COG_COLUMNS, read_cog, read_epci, read_populations
from ancrage.opendata.import_passage import import_passage_file
from ancrage.opendata.manifest import NewTable
from ancrage.opendata.text_file import Progress
from ancrage.territory.tables import find_population

_CONTOURS = (".geojson", ".json", ".geojson.gz", ".json.gz")
_WORKBOOKS = (".xlsx", ".xls")
_TEXTS = (".csv", ".txt")
_HEAD = 1 << 16
# Where two files of the same year give the same column, the later of this list wins: the list of communes is the
# reference for names, the composition of EPCI for EPCI.
_KINDS: tuple[Kind, ...] = ("contours", "epci", "cog", "population")
# What each file is called where the vintages of a table are told; these words are the same in both languages.
_NAMES = {"contours": "contours", "epci": "EPCI", "cog": "COG", "population": "population"}
# The EPCI and its name go together, and so do the coordinates of a place and what the place is.
_POINT = ("lon", "lat", "point_kind")
# A file that wins over whatever is held.
_WINS = ("population", 9999)
_TITLES = {
    "communes": Text(
        "Communes: EPCI, positions, areas, populations", "Communes : EPCI, positions, surfaces, populations"
    ),
    "epci": Text("Intercommunalities (EPCI)", "Intercommunalités (EPCI à fiscalité propre)"),
    "commune_polygons": Text("Contours of communes", "Contours des communes"),
    "populations": Text("Municipal populations, codes as published", "Populations municipales, codes tels que publiés"),
}


@dataclass(frozen=True)
class CommuneFile:
    """An official file about communes, recognised by its name and its header.

    Attributes
    ----------
    path : the file; kind : what it is.
    member : the file to read inside a zip archive; None for a plain file.
    """

    path: Path
    kind: Kind
    member: str | None = None


def find_commune_file(path: Path) -> CommuneFile | None:
    """Say which official file about communes `path` is; None for anything else, which other importers judge."""
    lower = path.name.lower()
    if not path.is_file() or lower.endswith(".parquet"):
        return None
    if lower.endswith(_CONTOURS):
        return CommuneFile(path, "contours")
    if lower.endswith(_WORKBOOKS):
        return CommuneFile(path, _choose_workbook(lower))
    try:
        if lower.endswith(".zip"):
            return _find_member(path)
        with path.open("rb") as file:
            kind = _find_kind(file.read(_HEAD))
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        return None
    return CommuneFile(path, kind) if kind else None


def _find_member(path: Path) -> CommuneFile | None:
    """Return the largest table about communes of an archive, else its workbook when it holds no other table."""
    with zipfile.ZipFile(path) as archive:
        members = sorted(archive.infolist(), key=lambda info: info.file_size, reverse=True)
        texts = [info for info in members if info.filename.lower().endswith(_TEXTS)]
        for info in texts:
            with archive.open(info) as file:
                kind = _find_kind(file.read(_HEAD))
            if kind:
                return CommuneFile(path, kind, info.filename)
        workbooks = [info for info in members if info.filename.lower().endswith(_WORKBOOKS)]
        if not workbooks or texts:
            return None
        name = workbooks[0].filename
        return CommuneFile(path, _choose_workbook(f"{path.name} {name}".lower()), name)


def _choose_workbook(name: str) -> Kind:
    """INSEE publishes two workbooks that are read here; the name tells which."""
    return "passage" if "passage" in name else "epci"


def _find_kind(head: bytes) -> Kind | None:
    line = head.split(b"\n", 1)[0].decode("utf-8-sig", errors="replace").strip()
    separator = max(";,\t", key=line.count)
    columns = {column.strip().upper() for column in next(csv.reader([line], delimiter=separator), [])}
    if columns >= COG_COLUMNS:
        return "cog"
    return "population" if "PMUN" in columns and columns & {"CODGEO", "COM", "CODCOM"} else None


def import_commune_file(
    file: CommuneFile, held: Mapping[str, NewTable], aside: Path, vintage: int | None, progress: Progress
) -> list[NewTable]:
    """Read an official file about communes and merge it with the tables held, into finished tables, still aside.

    For each column the newest file wins; of the same year, the list of communes, then the composition of EPCI, then
    the contours. What a file does not give is kept, and what a table imported otherwise says of the position of a
    commune is never replaced by a point inside its contour. Populations do not list communes: they have a table of
    their own, from which `communes` takes those of its codes, and a code of another year makes no commune.

    Parameters
    ----------
    held : the tables of the store, and those made before in the same import.
    vintage : year, when the name of the file gives none.

    Returns
    -------
    `communes` where a file lists them; `epci` where the EPCI are known by name; `populations` and `commune_polygons`
    after the files that give them; `passage` alone after the passage table.

    Raises
    ------
    InputError
        If the file cannot be used.
    """
    progress("read", 0, 0)
    if file.kind == "passage":
        return [import_passage_file(*_open_member(file, aside), aside)]
    new = _read_file(file, aside, vintage, progress)
    made: list[NewTable] = []
    counted = held.get("populations")
    populations = _read_held(held.get("populations"))
    if new.kind == "population":
        populations = new.communes if populations is None else _merge(populations, new.communes, "code", {}, _WINS)
        counted = _finish("populations", populations.sort("code"), counted, new, aside)
        made.append(counted)
    merged = _merge_communes(held.get("communes"), new)
    if merged is not None:
        communes, given_by = merged
        counts: dict[str, Any] = {"given_by": given_by}
        if populations is not None:
            counts |= _count_unknown(populations, communes)
            known = populations.join(communes.select("code"), on="code", how="semi")
            communes = _merge(communes, known, "code", {}, _WINS)
        counts |= _count_missing(communes)
        listed = _finish("communes", communes.sort("code"), held.get("communes"), new, aside, counts, counted)
        made.append(listed)
        epci = _merge_epci(held.get("epci"), new, communes)
        if epci is not None:
            made.append(_finish("epci", epci, held.get("epci"), new, aside, parts=listed))
    if new.polygons is not None:
        polygons = _merge_polygons(held.get("commune_polygons"), new.polygons)
        made.append(_finish("commune_polygons", polygons, held.get("commune_polygons"), new, aside))
    return made


def _read_file(file: CommuneFile, aside: Path, vintage: int | None, progress: Progress) -> Geography:
    if file.kind == "contours":
        return read_contours(file.path, vintage)
    path, name = _open_member(file, aside)
    if file.kind == "epci":
        return read_epci(path, name, file.path, vintage)
    read = read_cog if file.kind == "cog" else read_populations
    return read(path, name, file.path, vintage, aside, progress)


def _open_member(file: CommuneFile, aside: Path) -> tuple[Path, str]:
    """Return the path of a file, out of its archive if it is in one, and its name for messages."""
    if file.member is None:
        return file.path, file.path.name
    return _extract(file.path, file.member, aside), f"{file.path.name}/{file.member}"


def _extract(archive: Path, member: str, aside: Path) -> Path:
    path = aside / f"member{Path(member).suffix.lower()}"
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(member) as source, path.open("wb") as copy:
            copyfileobj(source, copy)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise InputError(
            f"The archive '{archive.name}' is damaged or truncated ({error}). Download it again.",
            f"L'archive « {archive.name} » est endommagée ou tronquée ({error}). Téléchargez-la à nouveau.",
        ) from error
    return path


def _compute_rank(given: Sequence[Any] | None) -> tuple[int, int]:
    """Return how much a file counts for a column: the newest first, then the order of `_KINDS`."""
    return (int(given[1]), _KINDS.index(given[0])) if given else (0, -1)


def _read_held(held: NewTable | None) -> pl.DataFrame | None:
    return None if held is None else pl.read_parquet(held.aside)


def _merge_communes(held: NewTable | None, new: Geography) -> tuple[pl.DataFrame, dict[str, list[str | int]]] | None:
    """Return the communes listed so far and which file gives each column; None when no file lists them."""
    old = _read_held(held)
    given_by: dict[str, list[str | int]] = dict(held.summary.get("given_by", {})) if held else {}
    if new.kind == "population":
        return None if old is None else (old, given_by)
    mine: list[str | int] = [new.kind, new.vintage]
    merged = new.communes
    if old is not None:
        old = old.with_columns(pl.col("code").cast(pl.String))
        merged = _name_epci(_merge(old, new.communes, "code", given_by, mine), old, new.communes)
    for column in new.communes.columns[1:]:
        if _compute_rank(mine) >= _compute_rank(given_by.get(column)):
            given_by[column] = mine
    return merged, given_by


def _count_unknown(populations: pl.DataFrame, communes: pl.DataFrame) -> dict[str, Any]:
    """Count the codes and inhabitants of the populations that are of no commune listed: codes of another year."""
    latest = find_population(populations.columns)
    unknown = populations.join(communes.select("code"), on="code", how="anti")
    return {
        "unknown_communes": unknown.height,
        "unknown_inhabitants": int(unknown[latest].sum()) if latest else 0,
        "unknown_codes": unknown["code"].sort().head(10).to_list(),
    }


def _count_missing(communes: pl.DataFrame) -> dict[str, int]:
    """Count the communes without position, EPCI or population."""
    columns = {
        "without_position": "lon",
        "without_epci": "epci_code",
        "without_population": find_population(communes.columns) or "population",
    }
    return {
        label: communes[column].null_count() if column in communes.columns else communes.height
        for label, column in columns.items()
    }


def _merge(
    old: pl.DataFrame, new: pl.DataFrame, key: str, given_by: Mapping[str, Sequence[Any]], mine: Sequence[Any]
) -> pl.DataFrame:
    """Return the rows of both tables; where both give a column, the file that counts more wins, cell by cell."""
    shared = [column for column in new.columns if column in old.columns and column != key]
    new = new.with_columns(pl.col(column).cast(old.schema[column], strict=False) for column in shared)
    joined = old.join(new, on=key, how="full", coalesce=True, suffix=":new")
    kept = pl.lit(value=False)
    if "lon" in shared and "lon" not in given_by:
        # A position that was imported otherwise is that of the chef-lieu: better than a point inside the contour.
        kept = pl.col("lon").is_not_null() & pl.col("lat").is_not_null()
    columns = []
    for column in shared:
        wins = _compute_rank(mine) >= _compute_rank(given_by.get(column))
        ours, theirs = pl.col(f"{column}:new"), pl.col(column)
        chosen = pl.coalesce(ours, theirs) if wins else pl.coalesce(theirs, ours)
        columns.append((pl.when(kept).then(theirs).otherwise(chosen) if column in _POINT else chosen).alias(column))
    if "point_kind" in new.columns and "point_kind" not in shared:
        columns.append(pl.when(~kept).then("point_kind").alias("point_kind"))
    return joined.with_columns(columns).select(pl.exclude("^.*:new$"))


def _name_epci(merged: pl.DataFrame, old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Give each commune the name of its EPCI, where the codes and the names come from different files."""
    if "epci_name" not in merged.columns:
        return merged
    names = [frame.select("epci_code", "epci_name") for frame in (merged, new, old) if "epci_name" in frame.columns]
    # The pairs of one file are sure; those of the merged table may join a code and a name of two files.
    pairs = pl.concat(names[1:], how="vertical_relaxed").drop_nulls().unique("epci_code", maintain_order=True)
    return merged.drop("epci_name").join(pairs, on="epci_code", how="left", maintain_order="left")


def _merge_epci(held: NewTable | None, new: Geography, communes: pl.DataFrame) -> pl.DataFrame | None:
    """Return the EPCI that have communes, with counts and sums over these; None where no file names them."""
    listed = new.epci
    if held is not None:
        old = pl.read_parquet(held.aside)
        dated = int(held.summary.get("files", {}).get("epci", {}).get("vintage", 0))
        given = {column: ["epci", dated] for column in ("name", "nature")} if dated else {}
        listed = old if listed is None else _merge(old, listed, "epci_code", given, ["epci", new.vintage])
    if listed is None or "epci_code" not in communes.columns:
        return None
    populations = [column for column in communes.columns if re.fullmatch(r"population_\d{4}", column)]
    totals = [column for column in (*populations, "area_km2") if column in communes.columns]
    places = [column for column in ("departement", "region") if column in communes.columns]
    sums = (
        communes.drop_nulls("epci_code")
        .group_by("epci_code")
        .agg(
            pl.len().cast(pl.Int64).alias("n_communes"),
            # A sum over a part of the communes would pass for that of the EPCI.
            *(pl.when(pl.col(c).null_count() == 0).then(pl.col(c).sort().sum()).alias(c) for c in totals),
            *(pl.col(c).drop_nulls().unique().sort().str.join("|").alias(f"{c}s") for c in places),
        )
        .with_columns(pl.col("area_km2").round(4) if "area_km2" in totals else [])
    )
    return listed.drop(sums.columns[1:], strict=False).join(sums, on="epci_code").sort("epci_code")


def _merge_polygons(held: NewTable | None, new: pl.DataFrame) -> pl.DataFrame:
    if held is None:
        return new
    old = pl.read_parquet(held.aside).select("code", "geometry")
    if old.schema["geometry"] != pl.Binary:
        # GeoParquet marks the column with an extension type, which Polars keeps around the bytes.
        old = old.with_columns(old["geometry"].ext.storage().alias("geometry"))
    return pl.concat([old.join(new, on="code", how="anti"), new]).sort("code")


def _finish(
    name: str,
    table: pl.DataFrame,
    held: NewTable | None,
    new: Geography,
    aside: Path,
    counts: Mapping[str, Any] | None = None,
    parts: NewTable | None = None,
) -> NewTable:
    """Write a table aside, and say which files it comes from: those of `held`, those of `parts`, and the new one."""
    files = dict(held.summary.get("files", {})) if held else {}
    base = held.summary.get("base") if held else None
    if held is not None and not files:
        base = {"producer": held.source.producer, "vintage": held.source.vintage, "licence": held.source.licence}
    files |= parts.summary.get("files", {}) if parts else {}
    if new.vintage >= files.get(new.kind, {}).get("vintage", 0):
        files[new.kind] = {
            "file": new.file,
            "vintage": new.vintage,
            "producer": new.producer,
            "licence": new.licence,
        }
    origins = [*([base] if base else []), *(files[kind] for kind in _KINDS if kind in files)]
    dates = [str(base["vintage"])] if base and base["vintage"] else []
    dates += [f"{_NAMES[kind]} {files[kind]['vintage']}" for kind in _KINDS if kind in files]
    source = Source(
        name,
        _TITLES[name],
        producer=", ".join(dict.fromkeys(part["producer"] for part in origins if part["producer"])),
        vintage=", ".join(dates),
        licence=", ".join(dict.fromkeys(part["licence"] for part in origins if part["licence"])),
    )
    metadata = {"geo": build_geo_metadata(table["geometry"])} if name == "commune_polygons" else None
    target = aside / f"{name}.parquet"
    table.write_parquet(target, compression="zstd", compression_level=3, metadata=metadata)
    summary: dict[str, Any] = {"file": new.file, "files": files}
    if base:
        summary["base"] = base
    if name in ("communes", "populations"):
        summary |= {"vintage": new.vintage, **new.summary, **(counts or {})}
    return NewTable(target, source, table.height, summary)


def build_geo_metadata(geometry: pl.Series) -> str:
    """Return the "geo" entry of a GeoParquet 1.1 file; without "crs" the standard says WGS84, longitude first."""
    outlines = shapely.from_wkb(geometry.to_numpy())
    column = {
        "encoding": "WKB",
        "geometry_types": sorted({outline.geom_type for outline in outlines}),
        "bbox": [float(v) for v in shapely.total_bounds(outlines)],
    }
    return json.dumps({"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}})
