"""All indicators, in display order, and their values for every EPCI or commune at once."""

from __future__ import annotations

import polars as pl

from ancrage.diagnosis import (
    commuting,
    employment,
    housing,
    income,
    labour,
    places,
    population,
    programmes,
    services,
    telework,
    unpublished,
)
from ancrage.diagnosis.model import Indicator, Level
from ancrage.diagnosis.workspace import build_workspace, read_communes
from ancrage.language import Text
from ancrage.territory.tables import Tables

# Families in display order, with their headings.
FAMILIES: dict[str, Text] = {
    "employment": Text("Employment", "Emploi"),
    "commuting": Text("Commuting", "Déplacements domicile-travail"),
    "telework": Text("Telework", "Télétravail"),
    "labour": Text("Labour", "Population active"),
    "population": Text("Population", "Population"),
    "housing": Text("Housing", "Logement"),
    "services": Text("Services", "Services"),
    "income": Text("Income", "Revenus"),
    "brownfields": Text("Brownfields", "Friches"),
    "places": Text("Third places", "Tiers-lieux"),
    "programmes": Text("Programmes", "Programmes"),
}

# Units as written in `Indicator.unit`, and as a reader sees them.
UNITS: dict[str, Text] = {
    "%": Text("%", "%"),
    "% per year": Text("% per year", "% par an"),
    "EUR per year": Text("EUR per year", "€ par an"),
    "communes": Text("communes", "communes"),
    "jobs": Text("jobs", "emplois"),
    "jobs per 100 employed residents": Text("jobs per 100 employed residents", "emplois pour 100 actifs occupés"),
    "m2": Text("m²", "m²"),
    "minutes": Text("minutes", "minutes"),
    "people": Text("people", "personnes"),
    "places": Text("places", "lieux"),
    "schools": Text("schools", "écoles"),
    "sites": Text("sites", "sites"),
    "types": Text("types", "types"),
}

_MODULES = (
    employment,
    commuting,
    telework,
    labour,
    population,
    housing,
    services,
    income,
    places,
    programmes,
    unpublished,
)


def list_indicators() -> tuple[Indicator, ...]:
    """Return every indicator in display order: by family, then as its family lists them."""
    order = list(FAMILIES)
    every = [indicator for module in _MODULES for indicator in module.INDICATORS]
    return tuple(sorted(every, key=lambda indicator: order.index(indicator.family)))


def compute_indicators(tables: Tables, level: Level) -> pl.DataFrame:
    """Return every indicator of the level for all its EPCI (or communes), in long form.

    Returns
    -------
    Columns indicator, code, value, numerator, denominator, coverage (0..1 or null), status ("published",
    "not_published" or "secret") and vintage. One row per indicator and code for the codes of the table `epci`
    (or `communes`): what a table does not publish has a null value, never a missing row.

    Raises
    ------
    MissingDataError
        If the store has no `communes` or no `epci` table.
    """
    workspace = build_workspace(tables)
    if level == "epci":
        codes = workspace.scan("epci").select(pl.col("epci_code").alias("code"))
    else:
        codes = read_communes(workspace).lazy().select("code")
    frames = []
    for indicator in list_indicators():
        if level not in indicator.levels:
            continue
        rows = indicator.compute(workspace, level)
        frames.append(
            codes.join(rows.lazy(), on="code", how="left", maintain_order="left").select(
                pl.lit(indicator.id).alias("indicator"),
                "code",
                "value",
                "numerator",
                "denominator",
                "coverage",
                pl.col("status").fill_null("not_published"),
                pl.col("vintage").fill_null(indicator.vintage(workspace)),
            )
        )
    return pl.concat(frames).collect()
