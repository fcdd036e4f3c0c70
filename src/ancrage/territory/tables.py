"""Named tables with their sources, as the store hands them to the domain."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import polars as pl

from ancrage.errors import MissingDataError
from ancrage.figures import Source

_POPULATION = re.compile(r"population_\d{4}")


@dataclass(frozen=True)
class Tables:
    """Lazy tables by name (column names as in the documentation of the store) and their sources."""

    frames: Mapping[str, pl.LazyFrame]
    sources: Mapping[str, Source] = field(default_factory=dict)
    fictional: bool = False

    def __contains__(self, name: str) -> bool:
        return name in self.frames

    def scan(self, name: str) -> pl.LazyFrame:
        """Return the lazy table `name`.

        Raises
        ------
        MissingDataError
            If the store does not hold it.
        """
        if name not in self.frames:
            held = ", ".join(sorted(self.frames)) or "-"
            raise MissingDataError(
                f"The store has no table '{name}'. It holds: {held}. Import it with 'ancrage data import'.",
                f"Le magasin de données n'a pas de table « {name} ». Il contient : {held}. "
                "Importez-la avec « ancrage data import ».",
            )
        return self.frames[name]


def find_population(columns: Collection[str]) -> str | None:
    """Return the latest of the columns `population_YYYY`, or None."""
    return max((name for name in columns if _POPULATION.fullmatch(name)), default=None)


def scan_communes(tables: Tables, wanted: Collection[str]) -> tuple[pl.LazyFrame, str]:
    """Return the lazy table `communes` and the name of its latest column of population.

    Raises
    ------
    MissingDataError
        If the store has no such table, or it lacks one of the columns `wanted` or any population.
    """
    frame = tables.scan("communes")
    columns = frame.collect_schema().names()
    population = find_population(columns)
    missing = ", ".join([*(c for c in wanted if c not in columns), *([] if population else ["population_YYYY"])])
    if missing or population is None:
        raise MissingDataError(
            f"The table 'communes' lacks {missing}. Import with 'ancrage data import' the official files that give "
            "them: the contours of communes (positions, areas), INSEE's composition of EPCI (epci_code, epci_name) and "
            "its populations (population_YYYY).",
            f"Il manque à la table « communes » : {missing}. Importez avec « ancrage data import » les fichiers "
            "officiels qui les donnent : les contours des communes (positions, surfaces), la composition des EPCI "
            "(epci_code, epci_name) et les populations (population_AAAA) de l'INSEE.",
        )
    return frame, population
