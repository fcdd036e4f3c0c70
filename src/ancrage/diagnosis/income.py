"""Income: what is published of living standards, commune by commune."""

from __future__ import annotations

import polars as pl

from ancrage.diagnosis.model import Indicator, Level
from ancrage.diagnosis.workspace import build_empty_rows, build_vintage, has_column, read_communes
from ancrage.language import Text
from ancrage.territory.tables import Tables

_INCOME = "commune_mobility_income_2021"


def compute_living_standard(tables: Tables, level: Level) -> pl.DataFrame:
    """Return the median living standard of the commune; for an EPCI, the median of its published communes.

    The second is not the median living standard of the EPCI, which the store does not hold: each published
    commune counts once. Coverage: share of the population that lives in a published commune.
    """
    if not has_column(tables, _INCOME, "median_living_standard_eur"):
        return build_empty_rows()
    published = tables.scan(_INCOME).select("code", pl.col("median_living_standard_eur").alias("value")).collect()
    joined = (
        read_communes(tables)
        .select("code", "epci_code", "population")
        .join(
            published.with_columns(pl.col("value").is_null().alias("secret")),
            on="code",
            how="left",
            maintain_order="left",
        )
    )
    known = pl.col("value").is_not_null()
    if level == "epci":
        rows = (
            joined.drop_nulls("epci_code")
            .group_by(pl.col("epci_code").alias("code"), maintain_order=True)
            .agg(
                pl.col("value").median(),
                pl.col("population").filter(known).sum().alias("known"),
                pl.col("population").sum().alias("total"),
                pl.col("secret").any(),
            )
        )
    else:
        rows = joined.with_columns(
            pl.when(known).then(pl.col("population")).otherwise(0.0).alias("known"),
            pl.col("population").alias("total"),
        )
    return rows.select(
        "code",
        pl.col("value").cast(pl.Float64),
        pl.lit(None, pl.Float64).alias("numerator"),
        pl.lit(None, pl.Float64).alias("denominator"),
        pl.when(pl.col("total") > 0).then(pl.col("known") / pl.col("total")).alias("coverage"),
        pl.when(known)
        .then(pl.lit("published"))
        .when(pl.col("secret").fill_null(value=False))
        .then(pl.lit("secret"))
        .otherwise(pl.lit("not_published"))
        .alias("status"),
        pl.lit(None, pl.String).alias("vintage"),
    )


INDICATORS = (
    Indicator(
        id="median_of_commune_living_standards",
        family="income",
        label=Text("Median of the communes' living standards", "Médiane des niveaux de vie communaux"),
        reading=Text(
            "Middle value of the published communes; not the median living standard of the EPCI.",
            "Valeur du milieu des communes publiées ; ce n'est pas le niveau de vie médian de l'EPCI.",
        ),
        unit="EUR per year",
        decimals=0,
        tables=(_INCOME, "communes", "epci"),
        vintage=build_vintage(_INCOME),
        compute=compute_living_standard,
        favourable="high",
    ),
)
