"""Reads reference travel times, commune to commune, to judge a provider against them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ancrage.errors import InputError
from ancrage.territory.travel import Points

_PLACE_COLUMNS = ("origin_lon", "origin_lat", "destination_lon", "destination_lat")


@dataclass(frozen=True)
class ReferencePairs:
    """Reference car times between places.

    Attributes
    ----------
    points : places; density and area come from the store, by code.
    origins, destinations : (k,) rows of `points`.
    minutes : (k,) reference minutes, one way.
    dropped : rows left out: place unknown, time missing or not positive, or origin and destination alike.
    """

    points: Points
    origins: NDArray[np.int64]
    destinations: NDArray[np.int64]
    minutes: NDArray[np.float64]
    dropped: int


def read_reference(path: Path, communes: Points) -> ReferencePairs:
    """Read a Parquet table: origin, destination, minutes, and coordinates of both ends where it has them.

    Without coordinates, those of the communes of the store are taken, by code.

    Raises
    ------
    InputError
        If the file is absent, unreadable, empty, lacks a column, or has no usable pair.
    """
    table = _read_table(path)
    placed = all(name in table.columns for name in _PLACE_COLUMNS)
    coordinates = ("lon", "lat") if placed else ()
    ends = [
        table.select(pl.col(end).alias("code"), *(pl.col(f"{end}_{x}").cast(pl.Float64).alias(x) for x in coordinates))
        for end in ("origin", "destination")
    ]
    store = pl.DataFrame(
        {
            "code": communes.code.tolist(),
            "store_lon": communes.lon,
            "store_lat": communes.lat,
            "density": communes.density,
            "area_km2": communes.area_km2,
        },
        schema_overrides={"code": pl.String},
    ).unique("code", keep="first", maintain_order=True)
    places = pl.concat(ends).unique(maintain_order=True).with_row_index("row")
    known = places.join(store, on="code", how="left", maintain_order="left")
    if not placed:
        known = known.with_columns(lon="store_lon", lat="store_lat")
    columns = {name: _to_numbers(known[name]) for name in ("lon", "lat", "density", "area_km2")}
    points = Points(np.asarray(known["code"].fill_null("").to_list(), dtype=np.str_), **columns)
    keys = [name for name in places.columns if name != "row"]
    origins, destinations = (
        frame.join(places, on=keys, how="left", nulls_equal=True, maintain_order="left")["row"]
        .to_numpy()
        .astype(np.int64)
        for frame in ends
    )
    minutes = _to_numbers(table["minutes"])
    usable = np.isfinite(points.lon) & np.isfinite(points.lat)
    kept = usable[origins] & usable[destinations] & (origins != destinations) & np.isfinite(minutes) & (minutes > 0)
    if not kept.any():
        raise InputError(
            f"None of the {len(table)} pairs of '{path}' can be used: their codes are not in the communes of the "
            "store, or their minutes are not positive numbers.",
            f"Aucun des {len(table)} couples de « {path} » n'est utilisable : leurs codes ne sont pas dans les "
            "communes du magasin, ou leurs minutes ne sont pas des nombres positifs.",
        )
    return ReferencePairs(points, origins[kept], destinations[kept], minutes[kept], dropped=int((~kept).sum()))


def _read_table(path: Path) -> pl.DataFrame:
    """Return the table with codes as text, refused where it cannot be used."""
    if not path.is_file():
        raise InputError(
            f"'{path}' does not exist: give a Parquet file of pairs.",
            f"« {path} » n'existe pas : donnez un fichier Parquet de couples.",
        )
    try:
        table = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"'{path}' is not a Parquet file that can be read ({reason}): export the pairs again.",
            f"« {path} » n'est pas un fichier Parquet lisible ({reason}) : exportez de nouveau les couples.",
        ) from error
    missing = [name for name in ("origin", "destination", "minutes") if name not in table.columns]
    if missing:
        told, held = ", ".join(missing), ", ".join(table.columns) or "-"
        raise InputError(
            f"'{path}' lacks the columns {told} (it has: {held}). Name them so, and add {', '.join(_PLACE_COLUMNS)} "
            "if you have them.",
            f"« {path} » n'a pas les colonnes {told} (il a : {held}). Nommez-les ainsi, et ajoutez "
            f"{', '.join(_PLACE_COLUMNS)} si vous les avez.",
        )
    if table.is_empty():
        raise InputError(f"'{path}' holds no pair.", f"« {path} » ne contient aucun couple.")
    numbers = ["minutes", *(name for name in _PLACE_COLUMNS if name in table.columns)]
    wrong = [name for name in numbers if not table.schema[name].is_numeric()]
    if wrong:
        told = ", ".join(f"{name} ({table.schema[name]})" for name in wrong)
        raise InputError(
            f"In '{path}', these columns must hold numbers: {told}.",
            f"Dans « {path} », ces colonnes doivent contenir des nombres : {told}.",
        )
    # Codes read as numbers lost their leading zero: 1001 is 01001.
    codes = [pl.col(name).cast(pl.String).str.zfill(5) for name in ("origin", "destination")]
    return table.with_columns(codes)


def _to_numbers(column: pl.Series) -> NDArray[np.float64]:
    return np.asarray(column.cast(pl.Float64).fill_null(np.nan).to_numpy(), dtype=np.float64)
