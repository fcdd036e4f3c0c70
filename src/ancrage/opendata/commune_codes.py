"""Commune codes of a file brought to those of the store: arrondissements, passage table, foreign places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
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

# The number after those of codes of five characters; codes of any other form are numbered from it.
FIRST_ODD = 36**5
_DIGITS = np.array(list("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))


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


def build_code_number(code: pl.Expr) -> pl.Expr:
    """Return a code of four or five letters and figures as a number; null where it is anything else.

    The five characters are the digits of the number in base 36: numbers are in the order of the codes, are many
    times faster to group than text, and give back the leading zero that spreadsheets drop.
    """
    number = code.str.to_integer(base=36, strict=False)
    return pl.when(code.str.len_bytes().is_between(4, 5) & (number >= 0)).then(number).cast(pl.UInt64)


def build_clean_code(code: pl.Expr) -> pl.Expr:
    """Return a code without spaces, in capitals, with the leading zero that spreadsheets drop."""
    clean = code.str.strip_chars().str.to_uppercase()
    return pl.when(clean.str.len_bytes() == 4).then("0" + clean).otherwise(clean)


def build_code_texts(numbers: pl.Series, odd: Sequence[str]) -> pl.Series:
    """Return the codes of numbers made by `build_code_number`; from FIRST_ODD on, those of `odd` in its order."""
    values = numbers.to_numpy()
    powers = 36 ** np.arange(4, -1, -1, dtype=np.uint64)
    letters = _DIGITS[(values[:, None] // powers) % np.uint64(36)]
    texts = pl.Series("code", np.ascontiguousarray(letters).view("U5").ravel(), dtype=pl.String)
    if not odd:
        return texts
    places = (values.astype(np.int64) - FIRST_ODD).clip(0)
    return texts.zip_with(numbers < FIRST_ODD, pl.Series("code", odd, dtype=pl.String).gather(places))


def build_steps(written: pl.DataFrame, code_map: pl.DataFrame | None, *, abroad: bool) -> pl.DataFrame:
    """Return how each code of a file becomes a code of the store, in order of current codes, nulls last.

    Workers of a commune that was split are shared between its successors: it has as many steps.

    Parameters
    ----------
    written : number, code; one row per code of the file.
    code_map : see `build_code_map`; None leaves every code as it is, arrondissements folded.
    abroad : True where places abroad are expected (destinations): they then keep their code.

    Returns
    -------
    number, code, code_2025 (null where the store knows no such commune), weight, foreign, folded.
    """
    if code_map is None:
        steps = written.with_columns(code_2025=pl.col("code").replace(ARRONDISSEMENTS), weight=pl.lit(1.0))
    else:
        steps = written.join(code_map, on="code", how="left").with_columns(pl.col("weight").fill_null(1.0))
    steps = steps.with_columns(foreign=pl.col("code").str.contains(FOREIGN) & abroad)
    if abroad:
        steps = steps.with_columns(code_2025=pl.when("foreign").then("code").otherwise("code_2025"))
    return steps.with_columns(
        folded=(pl.col("code").is_in(list(ARRONDISSEMENTS)) & (pl.col("code") != pl.col("code_2025"))).fill_null(
            value=False
        )
    ).sort("code_2025", "code", nulls_last=True)
