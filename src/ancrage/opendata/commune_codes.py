"""Commune codes of a file brought to those of the store: arrondissements, passage table, foreign places."""

from __future__ import annotations

import polars as pl

from ancrage.territory.tables import Tables

# Municipal arrondissements and their commune (INSEE, official geographic code).
ARRONDISSEMENTS: dict[str, str] = {
    **{f"751{i:02d}": "75056" for i in range(1, 21)},
    **{f"6938{i}": "69123" for i in range(1, 10)},
    **{f"132{i:02d}": "13055" for i in range(1, 17)},
}
# Abroad: 99 and a country, or the two letters of a neighbouring country (DCFLT codes); never Corsica (2A, 2B).
FOREIGN = r"^(?:99|[A-Z]{2})"


def build_code_map(tables: Tables | None) -> pl.DataFrame | None:
    """Return how a code of a file becomes codes of the store.

    A code of the passage table follows it (weights sum to 1 by old code); an arrondissement becomes its commune
    unless the store knows the arrondissement itself; any other code of `communes` stays as it is.

    Parameters
    ----------
    tables : the store; its optional tables are `communes` (code) and `passage` (code_old, code_new, share).

    Returns
    -------
    code, code_2025, weight; or None when the store has no `communes`: no code can then be checked.
    """
    if tables is None or "communes" not in tables:
        return None
    known = tables.scan("communes").select("code").drop_nulls().unique().collect()
    direct = known.with_columns(code_2025="code", weight=pl.lit(1.0))
    folded = pl.DataFrame({"code": ARRONDISSEMENTS.keys(), "code_2025": ARRONDISSEMENTS.values()}).with_columns(
        weight=pl.lit(1.0)
    )
    folded = folded.join(known, on="code", how="anti")
    passage = _read_passage(tables)
    # An arrondissement folds to a commune that may itself have moved since.
    moved = folded.join(passage, left_on="code_2025", right_on="code").select("code", "code_2025_right", "weight_right")
    moved = moved.rename({"code_2025_right": "code_2025", "weight_right": "weight"})
    folded = pl.concat([folded.join(moved, on="code", how="anti"), moved])
    passage = passage.join(folded, on="code", how="anti")
    stays = direct.join(passage, on="code", how="anti")
    return pl.concat([stays, folded, passage])


def _read_passage(tables: Tables) -> pl.DataFrame:
    if "passage" not in tables:
        return pl.DataFrame(schema={"code": pl.String, "code_2025": pl.String, "weight": pl.Float64})
    frame = tables.scan("passage")
    shared = "share" in frame.collect_schema().names()
    return (
        frame.select(
            code=pl.col("code_old").cast(pl.String),
            code_2025=pl.col("code_new").cast(pl.String),
            weight=pl.col("share").cast(pl.Float64) if shared else pl.lit(1.0),
        )
        .drop_nulls()
        .group_by("code", "code_2025")
        .agg(pl.col("weight").sum())
        .with_columns(pl.col("weight") / pl.col("weight").sum().over("code"))
        .filter(pl.col("weight") > 0)
        .collect()
    )


def compute_current_codes(flows: pl.LazyFrame, code_map: pl.DataFrame | None) -> pl.LazyFrame:
    """Add origin_2025 and destination_2025 to flows; null where the store knows no such commune.

    Workers of a commune that was split are shared between its successors. Foreign destinations keep their code.
    """
    for side in ("origin", "destination"):
        raw = pl.col(f"{side}_commune")
        if code_map is None:
            flows = flows.with_columns(raw.replace(ARRONDISSEMENTS).alias(f"{side}_2025"))
            continue
        flows = (
            flows.join(code_map.lazy(), left_on=f"{side}_commune", right_on="code", how="left")
            .with_columns(pl.col("workers") * pl.col("weight").fill_null(1.0))
            .rename({"code_2025": f"{side}_2025"})
            .drop("weight")
        )
        if side == "destination":
            flows = flows.with_columns(
                pl.when(raw.str.contains(FOREIGN))
                .then(raw)
                .otherwise(pl.col("destination_2025"))
                .alias("destination_2025")
            )
    return flows
