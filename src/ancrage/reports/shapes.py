"""Outlines of the communes of a report, read from the store; a report can do without."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import shapely

from ancrage.errors import InputError
from ancrage.study.results import StudyResult
from ancrage.territory.tables import Tables

TABLE = "commune_polygons"


@dataclass(frozen=True)
class Shapes:
    """Outlines by commune code (shapely, longitude and latitude WGS84); empty where the store has none."""

    by_code: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.by_code)


def list_codes(result: StudyResult) -> frozenset[str]:
    """Return the communes whose outlines a report of this study draws."""
    codes = {c.code for c in result.communes} | set(result.inside_codes) | {p.code for p in result.places}
    return frozenset(codes)


def read_shapes(tables: Tables, codes: Collection[str], table: str = TABLE, key: str = "code") -> Shapes:
    """Read the outlines of `codes` only, from `table` (`key`, geometry as WKB) if it is there.

    By default the communes; the outlines of EPCI are in `epci_polygons`, by `epci_code`.

    Raises
    ------
    InputError
        If the table does not hold the two columns, or a geometry is not WKB.
    """
    if table not in tables:
        return Shapes()
    try:
        frame = tables.scan(table).filter(pl.col(key).is_in(sorted(codes))).select(key, "geometry").collect()
        column = frame["geometry"]
        # GeoParquet marks the column with an extension type, which Polars keeps around the bytes.
        wkb = column if column.dtype == pl.Binary else column.ext.storage()
        geometries = shapely.make_valid(shapely.from_wkb(wkb.to_numpy()))
    except (pl.exceptions.PolarsError, shapely.errors.ShapelyError, AttributeError, TypeError) as error:
        raise InputError(
            f"The table '{table}' cannot be read ({error}). It needs the columns '{key}' and 'geometry' (WKB, WGS84): "
            "import it again, or remove it to draw maps with points only.",
            f"La table « {table} » est illisible ({error}). Il lui faut les colonnes « {key} » et « geometry » (WKB, "
            "WGS84) : importez-la de nouveau, ou retirez-la pour des cartes en points seulement.",
        ) from error
    outlines = dict(zip(frame[key].to_list(), geometries, strict=True))
    return Shapes({code: outline for code, outline in outlines.items() if outline is not None})
