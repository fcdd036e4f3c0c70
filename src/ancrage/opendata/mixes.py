"""Occupation and mode mixes where a flow file does not split its workers (method.md, section 2).

The mix of the home commune is applied, else that of its EPCI, its département, France. A wider level is the
mean of the commune mixes weighted by population (assumption: workers are spread like inhabitants).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import polars as pl

from ancrage.opendata.flow_tables import EXTRACT_BELOW, FlowTable
from ancrage.opendata.national_mix import build_national_mix
from ancrage.territory.tables import Tables

LEVELS: tuple[str, ...] = ("commune", "epci", "departement", "france")
OBSERVED = "observed"

LABOUR = "labour_csp_communes_2000plus_2018"
MOBILITY = "commune_mobility_income_2021"
_LABOUR_CLASSES = {
    "active_cs1_farmers": 1,
    "active_cs2_self_employed": 2,
    "active_cs3_executives": 3,
    "active_cs4_intermediate": 4,
    "active_cs5_clerical": 5,
    "active_cs6_workers": 6,
}


def compute_filled_flows(
    tables: Tables,
    flow_tables: Sequence[FlowTable],
    flows: pl.DataFrame,
    communes: pl.DataFrame,
    kind: Literal["csp", "mode"],
) -> tuple[pl.DataFrame, str, tuple[str, ...]]:
    """Split the workers whose class (or mode) is unknown by the mix of their home commune.

    Parameters
    ----------
    flows : as `choose_flows` returns them.
    communes : every commune of the store: code, epci_code, departement, population.
    kind : the column to fill.

    Returns
    -------
    The flows without null in `kind` (workers preserved), the coarsest level used ("observed" when nothing was
    missing), and the names of the tables that gave the mix. Where no table of the store gives any, the mix is that
    of France (`national_mix`).
    """
    missing = flows.filter(pl.col(kind).is_null())
    if missing.is_empty():
        return flows, OBSERVED, ()
    needs = missing.group_by("home").agg(pl.col("workers").sum().alias("needed"))
    shares, used = _read_shares(tables, flow_tables, needs, kind)
    if shares.is_empty():
        mixes, name = build_national_mix(kind)
        split, level, used = missing.drop(kind).join(mixes, how="cross"), "france", (name,)
    else:
        mixes = _choose_levels(shares, needs, communes, kind)
        split = missing.drop(kind).join(mixes.select("home", kind, "share"), on="home")
        level = max(mixes["level"].unique().to_list(), key=LEVELS.index)
    filled = split.with_columns(pl.col("workers") * pl.col("share")).filter(pl.col("workers") > 0).select(flows.columns)
    return pl.concat([flows.filter(pl.col(kind).is_not_null()), filled]), level, used


def _read_shares(
    tables: Tables, flow_tables: Sequence[FlowTable], needs: pl.DataFrame, kind: Literal["csp", "mode"]
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return code, kind, share (sums to 1 by code): from detailed flows, else from census tables."""
    detailed = [t for t in flow_tables if (t.has_class if kind == "csp" else t.has_mode)]
    counts = pl.concat(
        [
            pl.DataFrame(
                schema={
                    "code": pl.String,
                    "vintage": pl.Int64,
                    kind: pl.Int8 if kind == "csp" else pl.String,
                    "persons": pl.Float64,
                    "table": pl.String,
                }
            ),
            *(
                t.frame.filter(pl.col(kind).is_not_null())
                .group_by(pl.col("home").alias("code"), "vintage", kind)
                .agg(pl.col("workers").sum().alias("persons"))
                .with_columns(table=pl.lit(t.name))
                .collect()
                for t in detailed
            ),
        ]
    )
    # One table per commune: no extract (see EXTRACT_BELOW), the newest vintage first.
    best = (
        counts.group_by("code", "vintage", "table")
        .agg(pl.col("persons").sum().alias("total"))
        .join(needs, left_on="code", right_on="home", how="left")
        .filter(
            pl.col("total") > 0,
            pl.col("needed").is_null() | (pl.col("total") >= EXTRACT_BELOW * pl.col("needed")),
            pl.col("total") >= EXTRACT_BELOW * pl.col("total").max().over("code"),
        )
        .sort("code", "vintage", "table", descending=[False, True, False])
        .unique("code", keep="first", maintain_order=True)
    )
    observed = counts.join(best, on=["code", "vintage", "table"]).select(
        "code", kind, share=pl.col("persons") / pl.col("total")
    )
    census = LABOUR if kind == "csp" else MOBILITY
    used = tuple(best["table"].unique().sort())
    if census not in tables:
        return observed, used
    stated = _read_class_shares(tables) if kind == "csp" else _read_mode_shares(tables, counts)
    return pl.concat([observed, stated.join(observed, on="code", how="anti")]), (*used, census)


def _read_class_shares(tables: Tables) -> pl.DataFrame:
    return (
        tables.scan(LABOUR)
        .select("code", *_LABOUR_CLASSES)
        .unpivot(index="code", variable_name="class", value_name="persons")
        .with_columns(csp=pl.col("class").replace_strict(_LABOUR_CLASSES, return_dtype=pl.Int8))
        .with_columns(share=pl.col("persons") / pl.col("persons").sum().over("code"))
        .filter(pl.col("share").is_finite())
        .select("code", "csp", "share")
        .collect()
    )


def _read_mode_shares(tables: Tables, counts: pl.DataFrame) -> pl.DataFrame:
    """Return the mode shares of the census percentages.

    The source gives car and public transport; what remains is home, walk, bike and motorbike together. It is
    split between home and walk_bike as in the flows of the store that know the mode (all of them together),
    and
    goes to walk_bike where there is none.
    """
    soft = counts.filter(pl.col("mode").is_in(["home", "walk_bike"]))
    at_home = float(soft.filter(pl.col("mode") == "home")["persons"].sum())
    total = float(soft["persons"].sum())
    home_part = at_home / total if total else 0.0
    rest = (100 - pl.col("car") - pl.col("public_transport")).clip(lower_bound=0)
    return (
        tables.scan(MOBILITY)
        .select("code", car="commute_car_pct", public_transport="commute_public_transport_pct")
        .drop_nulls()
        .with_columns(home=rest * home_part, walk_bike=rest * (1 - home_part))
        .unpivot(index="code", variable_name="mode", value_name="share")
        .with_columns(pl.col("share") / pl.col("share").sum().over("code"))
        .filter(pl.col("share").is_finite())
        .collect()
    )


def _choose_levels(shares: pl.DataFrame, needs: pl.DataFrame, communes: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Return home, kind, share, level: for each home the finest level that has a mix."""
    weighted = shares.join(communes, on="code").with_columns(weight=pl.col("share") * pl.col("population"))
    places = needs.select("home").join(communes, left_on="home", right_on="code", how="left")
    found = [shares.join(places, left_on="code", right_on="home", how="semi").rename({"code": "home"})]
    found[0] = found[0].with_columns(level=pl.lit("commune"))
    for level, column in (("epci", "epci_code"), ("departement", "departement"), ("france", "country")):
        if column == "country":
            weighted = weighted.with_columns(country=pl.lit("FR"))
            places = places.with_columns(country=pl.lit("FR"))
        mix = (
            weighted.group_by(column, kind)
            .agg(pl.col("weight").sum())
            .with_columns(share=pl.col("weight") / pl.col("weight").sum().over(column))
            .filter(pl.col("share").is_finite())
        )
        left = places.join(pl.concat([f.select("home") for f in found]), on="home", how="anti")
        found.append(left.join(mix, on=column).select("home", kind, "share", level=pl.lit(level)))
    return pl.concat([f.select("home", kind, "share", "level") for f in found])
