"""Tables with what has already been read from them, and how commune rows become EPCI rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import polars as pl

from ancrage.diagnosis.model import Level
from ancrage.territory.tables import Tables, scan_communes

T = TypeVar("T")

ROW_SCHEMA = pl.Schema(
    {
        "code": pl.String,
        "value": pl.Float64,
        "numerator": pl.Float64,
        "denominator": pl.Float64,
        "coverage": pl.Float64,
        "status": pl.String,
        "vintage": pl.String,
    }
)

_DIGITS = 10

# Columns of `communes` that a diagnosis can use; the first are required, the others may be missing.
_REQUIRED = ("code", "name", "epci_code", "lon", "lat")
_OPTIONAL = (
    "centroid_lon",
    "centroid_lat",
    "aav2020",
    "aav2020_category",
    "density_3",
    "rurality_type",
    "petite_ville_de_demain_id",
    "territoire_industrie_id",
    "frr_2025",
)


@dataclass(frozen=True)
class Workspace(Tables):
    """Tables that remember what was read from them, so that indicators of one family share their work."""

    kept: dict[str, Any] = field(default_factory=dict)


def build_workspace(tables: Tables) -> Workspace:
    """Return `tables` with a memory (the same object when it has one already)."""
    if isinstance(tables, Workspace):
        return tables
    return Workspace(tables.frames, tables.sources, tables.fictional)


def compute_once(tables: Tables, key: str, compute: Callable[[], T]) -> T:
    """Return what `compute` returns, computed once per workspace (every time for bare tables)."""
    if not isinstance(tables, Workspace):
        return compute()
    if key not in tables.kept:
        tables.kept[key] = compute()
    kept: T = tables.kept[key]
    return kept


def read_communes(tables: Tables) -> pl.DataFrame:
    """Return one row per commune: the columns above, latest population as Float64, lon and lat, else the centroid.

    Optional columns that the store does not have are null; `nature` is that of the EPCI.
    """

    def read() -> pl.DataFrame:
        frame, population = scan_communes(tables, _REQUIRED)
        held = set(frame.collect_schema().names())
        communes = frame.select(
            *_REQUIRED,
            pl.col(population).cast(pl.Float64).alias("population"),
            *(name if name in held else pl.lit(None, pl.String).alias(name) for name in _OPTIONAL),
        ).with_columns(
            pl.coalesce(pl.col("lon"), pl.col("centroid_lon").cast(pl.Float64)).alias("lon"),
            pl.coalesce(pl.col("lat"), pl.col("centroid_lat").cast(pl.Float64)).alias("lat"),
        )
        nature = tables.scan("epci").select("epci_code", "nature")
        return communes.join(nature, on="epci_code", how="left", maintain_order="left").collect()

    return compute_once(tables, "communes", read)


def has_column(tables: Tables, table: str, column: str) -> bool:
    """Say whether the store holds `column` in `table`."""
    return table in tables and column in tables.scan(table).collect_schema().names()


def build_vintage(*names: str) -> Callable[[Tables], str]:
    """Return the function that names the vintage of these tables, as their sources state it."""

    def name_vintage(tables: Tables) -> str:
        stated = [tables.sources[name].vintage for name in names if name in tables.sources]
        return ", ".join(dict.fromkeys(v for v in stated if v)) or "?"

    return name_vintage


def fold_arrondissements(code: pl.Expr) -> pl.Expr:
    """Return commune codes with the arrondissements of Paris, Lyon and Marseille put back in their commune."""
    code = code.cast(pl.String)
    return (
        pl.when(code.str.starts_with("751"))
        .then(pl.lit("75056"))
        .when(code.str.starts_with("132"))
        .then(pl.lit("13055"))
        .when(code.str.starts_with("6938"))
        .then(pl.lit("69123"))
        .otherwise(code)
    )


def build_empty_rows() -> pl.DataFrame:
    """Return no row at all: an indicator that nothing in the store allows."""
    return pl.DataFrame(schema=ROW_SCHEMA)


def build_ratio_rows(tables: Tables, level: Level, atoms: pl.DataFrame, scale: float = 100.0) -> pl.DataFrame:
    """Return `scale` x sum(numerator) / sum(denominator) by commune or by EPCI.

    Parameters
    ----------
    atoms : code (commune), numerator, denominator; a row with a null in either is left out of both sums.
        Optional: known and total (weights of the coverage; by default the population of the communes with
        both, over that of all), secret (True where the producer withheld the value).
    """
    both = pl.col("numerator").is_not_null() & pl.col("denominator").is_not_null()
    joined = _join_atoms(tables, atoms).with_columns(
        pl.when(both).then(pl.col("numerator")), pl.when(both).then(pl.col("denominator"))
    )
    rows = _sum_rows(joined, level, known=pl.col("denominator").is_not_null())
    return _close_rows(
        rows.with_columns(
            pl.when(pl.col("denominator") > 0).then(scale * pl.col("numerator") / pl.col("denominator")).alias("value")
        )
    )


def build_count_rows(tables: Tables, level: Level, atoms: pl.DataFrame) -> pl.DataFrame:
    """Return sum(numerator) by commune or by EPCI; `atoms` as in `build_ratio_rows`, without denominator.

    A null numerator is left out; an EPCI of which every commune is null has no value.
    """
    joined = _join_atoms(tables, atoms.with_columns(pl.lit(None, pl.Float64).alias("denominator")))
    rows = _sum_rows(joined, level, known=pl.col("numerator").is_not_null())
    return _close_rows(
        rows.with_columns(
            pl.when(pl.col("present")).then(pl.col("numerator")).alias("value"),
            pl.lit(None, pl.Float64).alias("denominator"),
        )
    )


def build_code_rows(values: pl.DataFrame) -> pl.DataFrame:
    """Return rows from a frame of code and value, for figures that a source publishes ready-made."""
    nothing = pl.lit(None, pl.Float64)
    return _close_rows(
        values.lazy().select(
            "code",
            pl.col("value").cast(pl.Float64),
            nothing.alias("numerator"),
            nothing.alias("denominator"),
            nothing.alias("coverage"),
            pl.lit(value=False).alias("secret"),
        )
    )


def _join_atoms(tables: Tables, atoms: pl.DataFrame) -> pl.LazyFrame:
    """Return one row per commune of the store, with weights and secrecy even where `atoms` has none."""
    joined = (
        read_communes(tables)
        .lazy()
        .select("code", "epci_code", "population")
        .join(atoms.lazy(), on="code", how="left", maintain_order="left")
        .with_columns(pl.col("numerator", "denominator").cast(pl.Float64))
    )
    if "secret" not in atoms.columns:
        joined = joined.with_columns(pl.lit(value=False).alias("secret"))
    if "total" not in atoms.columns:
        joined = joined.with_columns(pl.lit(None, pl.Float64).alias("known"), pl.col("population").alias("total"))
    return joined


def _sum_rows(joined: pl.LazyFrame, level: Level, known: pl.Expr) -> pl.LazyFrame:
    joined = joined.with_columns(
        known.alias("present"),
        pl.coalesce("known", pl.when(known).then(pl.col("total")).otherwise(0.0)).alias("known"),
    )
    if level == "epci":
        joined = (
            joined.filter(pl.col("epci_code").is_not_null())
            .group_by(pl.col("epci_code").alias("code"))
            .agg(
                pl.col("numerator", "denominator", "known", "total").sum(),
                pl.col("secret", "present").any(),
            )
        )
    return joined.with_columns(
        pl.when(pl.col("total") > 0).then((pl.col("known") / pl.col("total")).clip(0.0, 1.0)).alias("coverage")
    )


def _close_rows(rows: pl.LazyFrame) -> pl.DataFrame:
    published = pl.col("value").is_not_null()
    return rows.select(
        "code",
        # Sums run in parallel: their last digits depend on the order, and equal values must stay equal.
        pl.col("value").round(_DIGITS),
        pl.when(published).then(pl.col("numerator")).alias("numerator").round(_DIGITS),
        pl.when(published).then(pl.col("denominator")).alias("denominator").round(_DIGITS),
        pl.col("coverage").round(_DIGITS),
        pl.when(published)
        .then(pl.lit("published"))
        .when(pl.col("secret").fill_null(value=False))
        .then(pl.lit("secret"))
        .otherwise(pl.lit("not_published"))
        .alias("status"),
        pl.lit(None, pl.String).alias("vintage"),
    ).collect()
