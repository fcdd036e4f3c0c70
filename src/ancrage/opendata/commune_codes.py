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
# Abroad: 99 and a country, or the letters of a neighbouring country and a number (DCFLT codes); never Corsica
FOREIGN = r"^(?:99\d{3}|[A-Z]{2}\d+)$"


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


def compute_current_codes(
    flows: pl.DataFrame, codes: pl.Series, code_map: pl.DataFrame | None
) -> tuple[pl.DataFrame, pl.Series]:
    """Add origin_2025 and destination_2025 to flows; null where the store knows no such commune.

    Workers of a commune that was split are shared between its successors. Foreign destinations keep their code.

    Parameters
    ----------
    flows : origin_commune, destination_commune (positions in `codes`), workers and any other column.
    codes : sorted commune codes of the file.
    code_map : see `build_code_map`; None leaves every code as it is, arrondissements folded.

    Returns
    -------
    The flows, and the sorted codes in which the positions of all four columns are now counted.
    """
    written = pl.DataFrame({"code": codes}).with_row_index("old")
    if code_map is None:
        current = written.with_columns(
            code_2025=pl.col("code").replace(ARRONDISSEMENTS), weight=pl.lit(1.0), abroad=pl.lit(value=False)
        )
    else:
        current = written.join(code_map, on="code", how="left").with_columns(
            pl.col("weight").fill_null(1.0), abroad=pl.col("code").str.contains(FOREIGN)
        )
    every = pl.concat([codes.rename("code"), current["code_2025"].rename("code")]).drop_nulls().unique().sort()
    position = pl.DataFrame({"code": every}).with_row_index("position")
    current = current.join(position, on="code").join(
        position.rename({"code": "code_2025", "position": "now"}), on="code_2025", how="left"
    )
    for side in ("origin", "destination"):
        now = pl.col("now")
        if side == "destination":
            now = pl.when(pl.col("abroad")).then(pl.col("position")).otherwise(now)
        steps = current.select(pl.col("old").alias(f"{side}_commune"), "position", "weight", now.alias(f"{side}_2025"))
        flows = (
            flows.join(steps, on=f"{side}_commune", how="left")
            .with_columns(pl.col("workers") * pl.col("weight"), pl.col("position").alias(f"{side}_commune"))
            .drop("position", "weight")
        )
    return flows, every
