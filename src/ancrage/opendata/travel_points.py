"""The communes of the store as points to travel between."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ancrage.errors import MissingDataError
from ancrage.territory.tables import Tables, find_population
from ancrage.territory.travel import Points


def read_points(tables: Tables) -> Points:
    """Return every commune of the store: all of them make the graph of `build_estimate`.

    The density is the latest `population_YYYY` of the table `communes` over `area_km2`; NaN where either is unknown.

    Raises
    ------
    MissingDataError
        If the store has no table `communes`, or it lacks its code or coordinates.
    """
    frame = tables.scan("communes")
    columns = frame.collect_schema().names()
    missing = [name for name in ("code", "lon", "lat") if name not in columns]
    if missing:
        told = ", ".join(missing)
        raise MissingDataError(
            f"The table 'communes' lacks the columns {told}: without them no travel time can be estimated. "
            "Import the table again.",
            f"La table « communes » n'a pas les colonnes {told} : sans elles, aucun temps de trajet ne peut être "
            "estimé. Importez de nouveau la table.",
        )
    latest = find_population(columns)
    population = pl.col(latest) if latest else pl.lit(None)
    area = pl.col("area_km2") if "area_km2" in columns else pl.lit(None)
    table = frame.select(
        pl.col("code").cast(pl.String),
        pl.col("lon", "lat").cast(pl.Float64),
        population=population.cast(pl.Float64),
        area_km2=area.cast(pl.Float64),
    ).collect()
    surface = _to_numbers(table["area_km2"])
    density = np.full(len(table), np.nan)
    np.divide(_to_numbers(table["population"]), surface, out=density, where=surface > 0)
    codes = np.asarray(table["code"].fill_null("").to_list(), dtype=np.str_)
    return Points(codes, _to_numbers(table["lon"]), _to_numbers(table["lat"]), density, surface)


def _to_numbers(column: pl.Series) -> NDArray[np.float64]:
    return np.asarray(column.fill_null(np.nan).to_numpy(), dtype=np.float64)
