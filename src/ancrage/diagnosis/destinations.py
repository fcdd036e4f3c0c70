"""Where the residents of an EPCI work, without showing cells that the census cannot vouch for."""

from __future__ import annotations

import polars as pl

from ancrage.diagnosis.flows import read_flows
from ancrage.diagnosis.thresholds import MIN_CELL_WORKERS
from ancrage.diagnosis.workspace import read_communes
from ancrage.territory.tables import Tables

OTHER = "other"
_SCHEMA = {
    "code": pl.String,
    "name": pl.String,
    "workers": pl.Float64,
    "share_pct": pl.Float64,
    "crow_km": pl.Float64,
    "inside": pl.Boolean,
}


def build_destinations(tables: Tables, epci_code: str) -> pl.DataFrame:
    """Return the work communes of the residents, largest first, then those under 200 workers in one row.

    Columns: code ("other" for the last row), name (null for it), workers, share_pct (of the employed
    residents), crow_km (mean over the workers whose distance is known), inside (True in the EPCI; null for
    the last row). No row when the EPCI has no flows.
    """
    flows = read_flows(tables)
    rows = None if flows is None else flows.residents.filter(pl.col("home_epci") == epci_code)
    if rows is None or not len(rows):
        return pl.DataFrame(schema=_SCHEMA)
    total = float(rows["workers"].sum())
    known = pl.col("km").is_not_null()
    mean_km = ((pl.col("km") * pl.col("workers")).filter(known).sum() / pl.col("workers").filter(known).sum()).fill_nan(
        None
    )
    names = read_communes(tables).select(pl.col("code").alias("work"), "name")
    by_work = (
        rows.group_by("work", "work_epci")
        .agg(pl.col("workers").sum(), mean_km.alias("km"))
        .join(names, on="work", how="left")
        .with_columns((pl.col("work_epci") == epci_code).fill_null(value=False).alias("inside"))
        .sort(["workers", "work"], descending=[True, False])
    )
    shown = (pl.col("workers") >= MIN_CELL_WORKERS) & pl.col("work").is_not_null()
    small = by_work.filter(~shown)
    if len(small) == 1:
        # One hidden cell is total minus the others: hide the smallest shown one with it.
        shown = shown & (pl.col("workers") > by_work.filter(shown)["workers"].min())
        small = by_work.filter(~shown)
    listed = by_work.filter(shown).select(
        pl.col("work").alias("code"),
        "name",
        "workers",
        (100 * pl.col("workers") / total).alias("share_pct"),
        pl.col("km").alias("crow_km"),
        "inside",
    )
    if not len(small):
        return listed.cast(_SCHEMA)  # type: ignore[arg-type]
    rest = small.select(
        pl.lit(OTHER).alias("code"),
        pl.lit(None, pl.String).alias("name"),
        pl.col("workers").sum(),
        (100 * pl.col("workers").sum() / total).alias("share_pct"),
        mean_km.alias("crow_km"),
        pl.lit(None, pl.Boolean).alias("inside"),
    )
    return pl.concat([listed, rest]).cast(_SCHEMA)  # type: ignore[arg-type]
