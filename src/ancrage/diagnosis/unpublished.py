"""Indicators that readers expect and that no table of the store allows: said so, with the reason, and no proxy."""

from __future__ import annotations

import polars as pl

from ancrage.diagnosis.model import Indicator, Level
from ancrage.diagnosis.workspace import build_empty_rows
from ancrage.language import Text
from ancrage.territory.tables import Tables


def compute_none(tables: Tables, level: Level) -> pl.DataFrame:  # noqa: ARG001
    """Return no row."""
    return build_empty_rows()


def _build_unpublished(id: str, family: str, label: Text, reading: Text, reason: Text) -> Indicator:  # noqa: A002
    return Indicator(
        id=id,
        family=family,
        label=label,
        reading=reading,
        unit="%",
        decimals=1,
        tables=(),
        vintage=lambda _: "?",
        compute=compute_none,
        levels=("epci",),
        unpublished=reason,
    )


INDICATORS = (
    _build_unpublished(
        "industrial_legacy",
        "employment",
        Text("Industrial jobs lost since 1975", "Emplois industriels perdus depuis 1975"),
        Text("Share of industrial jobs then and now.", "Part des emplois industriels alors et maintenant."),
        Text(
            "Jobs by sector since 1968 are in the store for France only, not by EPCI.",
            "Les emplois par secteur depuis 1968 ne sont là que pour la France, pas par EPCI.",
        ),
    ),
    _build_unpublished(
        "ageing",
        "population",
        Text("People aged 65 or over", "Personnes de 65 ans ou plus"),
        Text("Share of the population.", "Part de la population."),
        Text("The store has no population by age.", "Le magasin de données n'a pas de population par âge."),
    ),
    _build_unpublished(
        "presential_jobs_share",
        "employment",
        Text("Jobs that serve people on the spot", "Emplois de la sphère présentielle"),
        Text("Share of the jobs.", "Part des emplois."),
        Text("The store has no jobs by sector and EPCI.", "Le magasin n'a pas d'emplois par secteur et EPCI."),
    ),
    _build_unpublished(
        "shop_vacancy",
        "services",
        Text("Empty shops", "Commerces vacants"),
        Text("Share of ground-floor premises.", "Part des locaux en rez-de-chaussée."),
        Text(
            "No open national source exists: it takes a field survey.",
            "Aucune source nationale ouverte n'existe : il faut un relevé de terrain.",
        ),
    ),
)
