"""Population: size, trend, and distance from the attraction of towns."""

from __future__ import annotations

from itertools import pairwise

import polars as pl

from ancrage.diagnosis.model import Indicator, Level
from ancrage.diagnosis.thresholds import PERIMETER_JUMP, PERIMETER_JUMP_PEOPLE
from ancrage.diagnosis.workspace import (
    build_count_rows,
    build_empty_rows,
    build_ratio_rows,
    build_vintage,
    compute_once,
    fold_arrondissements,
    has_column,
    read_communes,
)
from ancrage.language import Text
from ancrage.territory.tables import Tables, scan_communes

_SERIES = "population_2013_2022"
# Category of a commune outside the attraction area of any town (INSEE, 2020).
_OUTSIDE = "30"


def compute_population(tables: Tables, level: Level) -> pl.DataFrame:
    """Return the municipal population of the latest year known [inhabitants]."""
    return build_count_rows(
        tables, level, read_communes(tables).select("code", pl.col("population").alias("numerator"))
    )


def _name_population_vintage(tables: Tables) -> str:
    return scan_communes(tables, ())[1].removeprefix("population_")


def _read_ends(tables: Tables) -> tuple[int, int, pl.DataFrame] | None:
    """Return the first and last years, and code, first, last [inhabitants] of communes with one perimeter."""
    if not has_column(tables, _SERIES, "population"):
        return None

    def read() -> tuple[int, int, pl.DataFrame] | None:
        series = tables.scan(_SERIES).select(
            "code", pl.col("year").cast(pl.Int64), pl.col("population").cast(pl.Float64)
        )
        # Paris, Lyon and Marseille are given by arrondissement in some years and whole in others.
        folded = fold_arrondissements(pl.col("code"))
        cut = (
            series.filter(folded != pl.col("code"))
            .group_by(folded.alias("code"), "year")
            .agg(pl.col("population").sum())
        )
        series = pl.concat([series.filter(folded == pl.col("code")), cut])
        years = sorted(series.select(pl.col("year").unique()).drop_nulls().collect()["year"].to_list())
        if not years:
            return None
        first, last = years[0], years[-1]
        people = series.filter(pl.col("population") > 0)
        wide = people.filter(pl.col("year") == last).select("code", pl.col("population").alias(str(last)))
        for year in years[:-1]:
            one = people.filter(pl.col("year") == year).select("code", pl.col("population").alias(str(year)))
            wide = wide.join(one, on="code", how="left")
        jumps = [_is_jump(pl.col(str(y)), pl.col(str(z))) for y, z in pairwise(years)]
        ends = (
            wide.filter(~pl.any_horizontal(jumps) if jumps else pl.lit(value=True))
            .select("code", pl.col(str(first)).alias("first"), pl.col(str(last)).alias("last"))
            .drop_nulls()
            .collect()
        )
        return first, last, ends

    return compute_once(tables, "population_ends", read)


def _is_jump(before: pl.Expr, after: pl.Expr) -> pl.Expr:
    """Say where a population changes too much in a year to be the same perimeter (both senses)."""
    change = (after - before).abs()
    return ((change > PERIMETER_JUMP * pl.min_horizontal(before, after)) & (change > PERIMETER_JUMP_PEOPLE)).fill_null(
        value=False
    )


def compute_population_growth(tables: Tables, level: Level) -> pl.DataFrame:
    """Return the mean annual growth [%]: 100 x ((last / first) ** (1 / years) - 1).

    Communes without both ends, or with a jump that betrays a change of perimeter, are left out of both sums.
    """
    ends = _read_ends(tables)
    if ends is None or ends[0] == ends[1]:
        return build_empty_rows()
    first, last, frame = ends
    atoms = frame.select("code", pl.col("last").alias("numerator"), pl.col("first").alias("denominator"))
    return build_ratio_rows(tables, level, atoms, scale=1.0).with_columns(
        (100 * (pl.col("value") ** (1.0 / (last - first)) - 1)).alias("value")
    )


def _name_growth_vintage(tables: Tables) -> str:
    ends = _read_ends(tables)
    return f"{ends[0]}-{ends[1]}" if ends else "?"


def compute_outside_attraction(tables: Tables, level: Level) -> pl.DataFrame:
    """Return 100 x inhabitants of communes outside the attraction area of any town / inhabitants."""
    if not has_column(tables, "communes", "aav2020_category"):
        return build_empty_rows()
    known = pl.col("aav2020_category").is_not_null()
    return build_ratio_rows(
        tables,
        level,
        read_communes(tables).select(
            "code",
            pl.when(pl.col("aav2020_category") == _OUTSIDE)
            .then(pl.col("population"))
            .otherwise(pl.when(known).then(0.0))
            .alias("numerator"),
            pl.when(known).then(pl.col("population")).alias("denominator"),
        ),
    )


INDICATORS = (
    Indicator(
        id="population",
        family="population",
        label=Text("Population", "Population"),
        reading=Text("Municipal population.", "Population municipale."),
        unit="people",
        decimals=0,
        tables=("communes", "epci"),
        vintage=_name_population_vintage,
        compute=compute_population,
    ),
    Indicator(
        id="population_growth",
        family="population",
        label=Text("Mean annual population growth", "Croissance annuelle moyenne de la population"),
        reading=Text(
            "Above zero, the territory gains people.", "Au-dessus de zéro, le territoire gagne des habitants."
        ),
        unit="% per year",
        decimals=2,
        tables=(_SERIES, "communes", "epci"),
        vintage=_name_growth_vintage,
        compute=compute_population_growth,
        favourable="high",
    ),
    Indicator(
        id="outside_attraction_share",
        family="population",
        label=Text(
            "Population outside the attraction of any town", "Population hors de l'aire d'attraction d'une ville"
        ),
        reading=Text("The higher, the more isolated.", "Plus elle est haute, plus le territoire est isolé."),
        unit="%",
        decimals=1,
        tables=("communes", "epci"),
        vintage=build_vintage("communes"),
        compute=compute_outside_attraction,
    ),
)
