"""Housing: dwellings empty for more than two years."""

from __future__ import annotations

import polars as pl

from ancrage.diagnosis.model import Indicator, Level
from ancrage.diagnosis.workspace import (
    build_empty_rows,
    build_ratio_rows,
    build_vintage,
    fold_arrondissements,
    has_column,
)
from ancrage.language import Text
from ancrage.territory.tables import Tables

_LOVAC = "housing_vacancy_communes_2021"


def compute_long_vacancy(tables: Tables, level: Level) -> pl.DataFrame:
    """Return 100 x private dwellings empty for more than two years / private dwellings.

    The source gives a percentage by commune and withholds it below a threshold; percentages are weighted by
    dwellings. Coverage: share of the population that lives in communes with a value.
    """
    if not has_column(tables, _LOVAC, "vacant_2y_share_pct"):
        return build_empty_rows()
    known = pl.col("vacant_2y_share_pct").is_not_null() & pl.col("private_dwellings_2022").is_not_null()
    atoms = (
        tables.scan(_LOVAC)
        .select(
            fold_arrondissements(pl.col("code")).alias("code"),
            pl.when(known)
            .then(pl.col("vacant_2y_share_pct") * pl.col("private_dwellings_2022") / 100)
            .alias("numerator"),
            pl.when(known).then(pl.col("private_dwellings_2022")).alias("denominator"),
            (~known).alias("secret"),
        )
        .group_by("code")
        .agg(
            # A sum without any value is null, not zero: nothing is known there.
            *(
                pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name)
                for name in ("numerator", "denominator")
            ),
            pl.col("secret").any(),
        )
        .collect()
    )
    return build_ratio_rows(tables, level, atoms)


INDICATORS = (
    Indicator(
        id="long_vacancy_share",
        family="housing",
        label=Text("Private dwellings empty for over two years", "Logements privés vacants depuis plus de deux ans"),
        reading=Text("Long-term vacancy, over the communes published.", "Vacance durable, sur les communes publiées."),
        unit="%",
        decimals=1,
        tables=(_LOVAC, "communes", "epci"),
        vintage=build_vintage(_LOVAC),
        compute=compute_long_vacancy,
        favourable="low",
    ),
)
