"""The map layers as a GeoPackage and as GeoJSON, both in longitude and latitude (WGS84)."""

from __future__ import annotations

import json
import math
import sqlite3
import struct
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import shapely

from ancrage.reports.model import Layer, Report

_SRS = 4326
_SQL_TYPES = {"text": "TEXT", "real": "DOUBLE", "integer": "INTEGER"}
_WGS84 = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],'
    'AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],'
    'UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]]'
)
# Tables that every GeoPackage holds (OGC 12-128r19, GeoPackage 1.4, annex C).
_SCHEMA = """
PRAGMA application_id = 1196444487;
PRAGMA user_version = 10400;
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
  z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
"""


def write_geopackage(report: Report, path: Path) -> None:
    """Write the layers places, catchments and communes as a GeoPackage; an older file of that name is replaced.

    Written with SQLite alone: a GeoPackage is a few tables, and the geographic libraries take longer to load than the
    whole report takes to write.
    """
    write_layers(report.layers, path, f"Ancrage {report.version}, {report.territory}", report.on)


def write_layers(layers: Sequence[Layer], path: Path, description: str, on: date | None = None) -> None:
    """Write map layers as a GeoPackage; an older file of that name is replaced.

    Parameters
    ----------
    description : of every layer; on : their date, by default a fixed one, so that the same layers give the same bytes.
    """
    path.unlink(missing_ok=True)
    day = on or date(2000, 1, 1)
    with closing(sqlite3.connect(path)) as base, base:
        base.executescript(_SCHEMA)
        base.executemany(
            "INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)",
            (
                ("WGS 84 geodetic", _SRS, "EPSG", _SRS, _WGS84, "longitude, latitude in degrees"),
                ("Undefined cartesian SRS", -1, "NONE", -1, "undefined", None),
                ("Undefined geographic SRS", 0, "NONE", 0, "undefined", None),
            ),
        )
        for layer in layers:
            _write_layer(base, layer, day, description)


def _write_layer(base: sqlite3.Connection, layer: Layer, day: date, description: str) -> None:
    if layer.geometry_type == "None":
        _write_table(base, layer, day, description)
        return
    # Names of layers and fields are those of the code, never of the data.
    fields = ", ".join(f'"{name}" {_SQL_TYPES[kind]}' for name, kind in layer.fields)
    base.execute(f'CREATE TABLE "{layer.name}" (fid INTEGER PRIMARY KEY, geom {layer.geometry_type.upper()}, {fields})')
    bounds = shapely.total_bounds([g for g in layer.geometry if not g.is_empty] or [shapely.Point(0, 0)])
    base.execute(
        "INSERT INTO gpkg_contents VALUES (?, 'features', ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            layer.name,
            layer.name,
            description,
            f"{day.isoformat()}T00:00:00.000Z",
            *(float(bound) for bound in bounds),
            _SRS,
        ),
    )
    base.execute(
        "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)",
        (layer.name, layer.geometry_type.upper(), _SRS),
    )
    marks = ", ".join("?" * (2 + len(layer.fields)))
    base.executemany(
        f'INSERT INTO "{layer.name}" VALUES ({marks})',  # noqa: S608 - names of layers are in the code
        (
            (fid, _build_blob(geometry), *(_build_value(value) for value in row))
            for fid, (geometry, row) in enumerate(zip(layer.geometry, layer.rows, strict=True), start=1)
        ),
    )


def _write_table(base: sqlite3.Connection, layer: Layer, day: date, description: str) -> None:
    """Write rows without geometry (GeoPackage 1.4, 2.4: attributes)."""
    fields = ", ".join(f'"{name}" {_SQL_TYPES[kind]}' for name, kind in layer.fields)
    base.execute(f'CREATE TABLE "{layer.name}" (fid INTEGER PRIMARY KEY, {fields})')
    base.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change) "
        "VALUES (?, 'attributes', ?, ?, ?)",
        (layer.name, layer.name, description, f"{day.isoformat()}T00:00:00.000Z"),
    )
    marks = ", ".join("?" * (1 + len(layer.fields)))
    base.executemany(
        f'INSERT INTO "{layer.name}" VALUES ({marks})',  # noqa: S608 - names of layers are in the code
        ((fid, *(_build_value(value) for value in row)) for fid, row in enumerate(layer.rows, start=1)),
    )


def _build_blob(geometry: Any) -> bytes:
    """Return a geometry in the binary form of GeoPackage: header, envelope, then WKB (OGC 12-128r19, 2.1.3)."""
    empty = geometry.is_empty
    # Bit 0: little endian; bits 1 to 3: envelope in x and y; bit 4: empty.
    flags = 0b0001_0001 if empty else 0b0000_0011
    header = struct.pack("<2sBBi", b"GP", 0, flags, _SRS)
    envelope = b"" if empty else struct.pack("<4d", *(geometry.bounds[k] for k in (0, 2, 1, 3)))
    return header + envelope + bytes(shapely.to_wkb(geometry, byte_order=1))


def _build_value(value: str | float | int | None) -> str | float | int | None:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_geojson(report: Report, path: Path) -> None:
    """Write places and catchments in one GeoJSON file (RFC 7946); the property "layer" tells them apart."""
    features = [
        {
            "type": "Feature",
            "properties": {
                "layer": layer.name,
                **{name: _build_value(value) for (name, _), value in zip(layer.fields, row, strict=True)},
            },
            "geometry": _build_geometry(geometry),
        }
        for layer in report.layers
        if layer.name in ("places", "catchments")
        for geometry, row in zip(layer.geometry, layer.rows, strict=True)
    ]
    content = {
        "type": "FeatureCollection",
        "name": report.territory,
        "fictional": report.fictional,
        "features": features,
    }
    path.write_text(json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _build_geometry(geometry: Any) -> Any:
    if geometry.is_empty:
        return None
    # RFC 7946 wants outer rings counterclockwise.
    return json.loads(shapely.to_geojson(shapely.orient_polygons(geometry)))
