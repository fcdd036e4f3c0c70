"""Employment: residents at work, jobs, and how many jobs there are for them."""

from __future__ import annotations

import polars as pl

from ancrage.diagnosis.flows import build_flow_rows, name_flow_vintage
from ancrage.diagnosis.model import Indicator, Level
from ancrage.diagnosis.thresholds import MIN_CELL_WORKERS
from ancrage.language import Text
from ancrage.territory.tables import Tables


def compute_employed_residents(tables: Tables, level: Level) -> pl.DataFrame:
    """Return employed residents in the flows [people]."""
    return build_flow_rows(tables, level, "residents")


def compute_jobs(tables: Tables, level: Level) -> pl.DataFrame:
    """Return jobs held in the territory by people of the flow file [jobs]."""
    return build_flow_rows(tables, level, "jobs")


def compute_concentration(tables: Tables, level: Level) -> pl.DataFrame:
    """Return 100 x jobs / employed residents (INSEE, indicateur de concentration d'emploi)."""
    rows = build_flow_rows(tables, level, "jobs", "residents")
    if level == "epci":
        return rows
    # Here the numerator is a sum of flows of its own: it would otherwise show a count below the threshold.
    weak = (pl.col("numerator") < MIN_CELL_WORKERS).fill_null(value=False)
    return rows.with_columns(
        *(pl.when(~weak).then(pl.col(c)).alias(c) for c in ("value", "numerator", "denominator")),
        pl.when(weak).then(pl.lit("not_published")).otherwise(pl.col("status")).alias("status"),
    )


INDICATORS = (
    Indicator(
        id="employed_residents",
        family="employment",
        label=Text("Employed residents", "Actifs occupés résidents"),
        reading=Text("People in work who live here.", "Personnes en emploi qui habitent ici."),
        unit="people",
        decimals=0,
        tables=("flows", "communes", "epci"),
        vintage=name_flow_vintage,
        compute=compute_employed_residents,
    ),
    Indicator(
        id="jobs",
        family="employment",
        label=Text("Jobs", "Emplois au lieu de travail"),
        reading=Text(
            "Jobs here, held by people who live in the area of the flow file.",
            "Emplois situés ici, occupés par des habitants de la zone du fichier de flux.",
        ),
        unit="jobs",
        decimals=0,
        tables=("flows", "communes", "epci"),
        vintage=name_flow_vintage,
        compute=compute_jobs,
        favourable="high",
    ),
    Indicator(
        id="employment_concentration",
        family="employment",
        label=Text("Employment concentration", "Indicateur de concentration d'emploi"),
        reading=Text(
            "Below 100, residents must leave to find work; above, the territory draws workers in.",
            "Sous 100, les habitants doivent sortir pour travailler ; au-dessus, le territoire attire.",
        ),
        unit="jobs per 100 employed residents",
        decimals=1,
        tables=("flows", "communes", "epci"),
        vintage=name_flow_vintage,
        compute=compute_concentration,
        favourable="high",
    ),
)
