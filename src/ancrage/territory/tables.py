"""Named tables with their sources, as the store hands them to the domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from ancrage.errors import MissingDataError
from ancrage.figures import Source


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
