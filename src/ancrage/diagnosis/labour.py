"""Labour: occupation classes, unemployment and part time."""

from __future__ import annotations

from functools import partial
from typing import Literal

import polars as pl

from ancrage.diagnosis.model import Indicator, Level
from ancrage.diagnosis.workspace import (
    build_code_rows,
    build_empty_rows,
    build_ratio_rows,
    build_vintage,
    compute_once,
    fold_arrondissements,
    has_column,
)
from ancrage.language import Text
from ancrage.territory.tables import Tables

LABOUR = "labour_csp_communes_2000plus_2018"
_EPCI = "labour_epci_indicators_2017"
CLASS_COLUMNS = (
    "active_cs1_farmers",
    "active_cs2_self_employed",
    "active_cs3_executives",
    "active_cs4_intermediate",
    "active_cs5_clerical",
    "active_cs6_workers",
)


def read_class_counts(tables: Tables) -> pl.DataFrame | None:
    """Return code, active people of each class and their sum (active), or None without the table."""
    if LABOUR not in tables:
        return None

    def read() -> pl.DataFrame:
        return (
            _scan_communes(tables)
            .select(fold_arrondissements(pl.col("code")).alias("code"), *CLASS_COLUMNS)
            .group_by("code")
            .agg(pl.col(*CLASS_COLUMNS).sum())
            .with_columns(pl.sum_horizontal(CLASS_COLUMNS).alias("active"))
            .collect()
        )

    return compute_once(tables, "class_counts", read)


def _scan_communes(tables: Tables) -> pl.LazyFrame:
    """Return the census table without the arrondissements of a commune that it also gives whole."""
    frame = tables.scan(LABOUR)
    folded = fold_arrondissements(pl.col("code"))
    held = frame.select("code").collect()["code"].to_list()
    return frame.filter((folded == pl.col("code")) | ~folded.is_in(held))


def read_employed(tables: Tables) -> pl.DataFrame:
    """Return code and employed (active people less the unemployed) for the communes of the census table."""
    if LABOUR not in tables:
        return pl.DataFrame(schema={"code": pl.String, "employed": pl.Float64})
    return (
        _scan_communes(tables)
        .group_by(fold_arrondissements(pl.col("code")).alias("code"))
        .agg((pl.col("active_15plus") - pl.col("unemployed_15plus")).sum().alias("employed"))
        .collect()
    )


def _compute_class_share(column: str, tables: Tables, level: Level) -> pl.DataFrame:
    """Return 100 x active people of one class / active people with a class; communes of 2,000 inhabitants or more."""
    counts = read_class_counts(tables)
    if counts is None:
        return build_empty_rows()
    return build_ratio_rows(
        tables,
        level,
        counts.select("code", pl.col(column).alias("numerator"), pl.col("active").alias("denominator")),
    )


def _compute_published(indicator: str, sex: Literal["women", "men"], tables: Tables, level: Level) -> pl.DataFrame:
    """Return a rate published ready-made for the EPCI by the Observatoire des territoires."""
    if level != "epci" or not has_column(tables, _EPCI, "indicator"):
        return build_empty_rows()
    return build_code_rows(
        tables.scan(_EPCI)
        .filter(pl.col("indicator") == indicator, pl.col("sex") == sex)
        .select(pl.col("epci_code").alias("code"), "value")
        .collect()
    )


def _build_class(id: str, label: Text, reading: Text, column: str) -> Indicator:  # noqa: A002
    return Indicator(
        id=id,
        family="labour",
        label=label,
        reading=reading,
        unit="%",
        decimals=1,
        tables=(LABOUR, "communes", "epci"),
        vintage=build_vintage(LABOUR),
        compute=partial(_compute_class_share, column),
    )


def _build_published(
    id: str,  # noqa: A002
    label: Text,
    reading: Text,
    indicator: str,
    sex: Literal["women", "men"],
) -> Indicator:
    return Indicator(
        id=id,
        family="labour",
        label=label,
        reading=reading,
        unit="%",
        decimals=1,
        tables=(_EPCI, "epci"),
        vintage=build_vintage(_EPCI),
        compute=partial(_compute_published, indicator, sex),
        levels=("epci",),
        favourable="low",
    )


_CENSUS = Text(
    "Census definition: higher than the ILO rate, not to be compared with it.",
    "Définition du recensement : plus haute que le taux BIT, à ne pas lui comparer.",
)

INDICATORS = (
    _build_class(
        "workers_share",
        Text("Manual workers among active people", "Ouvriers parmi les actifs"),
        Text("What remains of an industrial labour force.", "Ce qui reste d'une main-d'œuvre industrielle."),
        "active_cs6_workers",
    ),
    _build_class(
        "executives_share",
        Text("Executives among active people", "Cadres parmi les actifs"),
        Text("The class that teleworks most.", "La catégorie qui télétravaille le plus."),
        "active_cs3_executives",
    ),
    _build_published("unemployment_women", Text("Unemployment, women", "Chômage des femmes"), _CENSUS, "emp1", "women"),
    _build_published("unemployment_men", Text("Unemployment, men", "Chômage des hommes"), _CENSUS, "emp1", "men"),
    _build_published(
        "part_time_women",
        Text("Women working part time", "Femmes à temps partiel"),
        Text("Share of resident women in work who work part time.", "Part des femmes en emploi à temps partiel."),
        "emp3",
        "women",
    ),
)
