"""Commune codes of a file brought to those of the store: arrondissements, passage table, foreign places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

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
_FIRST_ODD = 36**5
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


def build_code_number(code: pl.Expr, odd: Sequence[str] = ()) -> pl.Expr:
    """Return a code of four or five letters and figures as a number; null where it is anything else.

    The five characters are the digits of the number in base 36. Numbers are many times faster to read and compare
    than text, and the leading zero that spreadsheets drop comes back. The codes of `odd`, of any other form, are
    numbered from 36^5 on.
    """
    number = code.str.to_integer(base=36, strict=False)
    number = pl.when(code.str.len_bytes().is_between(4, 5) & (number >= 0)).then(number).cast(pl.UInt32)
    if not odd:
        return number
    numbers = {text: _FIRST_ODD + i for i, text in enumerate(odd)}
    return pl.coalesce(number, code.replace_strict(numbers, default=None, return_dtype=pl.UInt32))


def build_clean_code(code: pl.Expr) -> pl.Expr:
    """Return a code without spaces, in capitals, with the leading zero that spreadsheets drop."""
    clean = code.str.strip_chars().str.to_uppercase()
    return pl.when(clean.str.len_bytes() == 4).then("0" + clean).otherwise(clean)


def build_codes(numbers: NDArray[np.uint32], odd: Sequence[str]) -> pl.DataFrame:
    """Return number and code of each of the numbers that `build_code_number` made, once, in order."""
    present = np.zeros(_FIRST_ODD + len(odd), dtype=bool)
    present[numbers] = True
    found = np.flatnonzero(present)
    usual = found[: np.searchsorted(found, _FIRST_ODD)]
    letters = _DIGITS[usual[:, None] // 36 ** np.arange(4, -1, -1) % 36]
    codes = np.ascontiguousarray(letters).view("U5").ravel().tolist()
    codes += [odd[number - _FIRST_ODD] for number in found[len(usual) :]]
    return pl.DataFrame({"number": found, "code": codes}, schema={"number": pl.UInt32, "code": pl.String})


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
    number, code, code_2025 (null where the store knows no such commune), weight, foreign, folded, first (True for
    the first step of a code).
    """
    if code_map is None:
        steps = written.with_columns(code_2025=pl.col("code").replace(ARRONDISSEMENTS), weight=pl.lit(1.0))
    else:
        steps = written.join(code_map, on="code", how="left").with_columns(pl.col("weight").fill_null(1.0))
    steps = steps.with_columns(foreign=pl.col("code").str.contains(FOREIGN) & abroad)
    if abroad:
        steps = steps.with_columns(code_2025=pl.when("foreign").then("code").otherwise("code_2025"))
    folded = pl.col("code").is_in(list(ARRONDISSEMENTS)) & (pl.col("code") != pl.col("code_2025"))
    return (
        steps.with_columns(folded=folded.fill_null(value=False))
        .sort("code_2025", "code", nulls_last=True)
        .with_columns(first=pl.col("number").is_first_distinct())
    )


def choose_steps(numbers: NDArray[np.uint32], steps: pl.DataFrame) -> tuple[NDArray[np.int32], NDArray[np.intp] | None]:
    """Return the rows of `steps` for each number, and how many each number has; None when each has one."""
    order = steps.with_row_index("rank").sort("number", maintain_order=True)
    codes, start, count = np.unique(order["number"].to_numpy(), return_index=True, return_counts=True)
    # A table over every possible number: few of its pages are ever touched, and nothing is faster.
    place = np.zeros(int(codes[-1]) + 1, dtype=np.int32)
    ranks = order["rank"].to_numpy().astype(np.int32)
    if len(codes) == len(order):
        place[codes] = ranks
        return place[numbers], None
    place[codes] = np.arange(len(codes))
    found = place[numbers]
    times = count[found]
    # Position of each repeated line among the steps of its own number.
    within = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    return ranks[np.repeat(start[found], times) + within], times
