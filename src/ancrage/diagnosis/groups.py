"""Comparison groups: EPCI of the same nature, density and rurality, widened where too few have a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ancrage.diagnosis.thresholds import MIN_GROUP
from ancrage.diagnosis.workspace import has_column, read_communes
from ancrage.language import Text
from ancrage.territory.tables import Tables

_NATURES = {
    "CC": Text("communautés de communes", "communautés de communes"),
    "CA": Text("communautés d'agglomération", "communautés d'agglomération"),
    "CU": Text("communautés urbaines", "communautés urbaines"),
    "ME": Text("métropoles", "métropoles"),
}
_DENSITIES = {
    "1": Text("dense urban", "urbain dense"),
    "2": Text("intermediate urban", "urbain intermédiaire"),
    "3": Text("rural", "rural"),
}


@dataclass(frozen=True)
class Groups:
    """Comparison groups of every EPCI, from the narrowest to the widest.

    Attributes
    ----------
    codes : (n,) EPCI codes.
    keys : one (n,) integer array per step: EPCI with the same number are in the same group.
    labels : one tuple of n labels per step.
    """

    codes: tuple[str, ...]
    keys: tuple[NDArray[np.int64], ...]
    labels: tuple[tuple[Text, ...], ...]

    def choose(self, row: int, usable: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Text] | None:
        """Return the mask and label of the narrowest group of EPCI `row` with `MIN_GROUP` usable members.

        Rurality is dropped first, then density; None when even the nature has too few.
        """
        for key, labels in zip(self.keys, self.labels, strict=True):
            mask = (key == key[row]) & usable
            if np.count_nonzero(mask) >= MIN_GROUP:
                return mask, labels[row]
        return None


def build_groups(tables: Tables) -> Groups:
    """Return the comparison groups: nature, density and rurality; then without rurality; then nature alone.

    The rurality type of an EPCI is the one in which most of its inhabitants live (ANCT typology, by commune);
    ties go to the first in alphabetical order.
    """
    # A store made of official files may not know the density: an unknown part takes no part in the comparison.
    density = pl.col("density_3") if has_column(tables, "epci", "density_3") else pl.lit(None, pl.String)
    epci = tables.scan("epci").select("epci_code", "nature", density.alias("density_3")).collect()
    rurality = (
        read_communes(tables)
        .drop_nulls(["epci_code", "rurality_type"])
        .group_by("epci_code", "rurality_type")
        .agg(pl.col("population").sum())
        .sort(["epci_code", "population", "rurality_type"], descending=[False, True, False])
        .group_by("epci_code", maintain_order=True)
        .first()
        .select("epci_code", "rurality_type")
    )
    joined = (
        epci.join(rurality, on="epci_code", how="left", maintain_order="left")
        .with_columns(pl.col("nature", "density_3", "rurality_type").cast(pl.String).fill_null(""))
        .with_columns(
            pl.struct("nature", "density_3", "rurality_type").rank("dense").cast(pl.Int64).alias("narrow"),
            pl.struct("nature", "density_3").rank("dense").cast(pl.Int64).alias("middle"),
            pl.col("nature").rank("dense").cast(pl.Int64).alias("wide"),
        )
    )
    narrow, middle, wide = [], [], []
    for nature, density, kind in joined.select("nature", "density_3", "rurality_type").iter_rows():
        parts = [_NATURES.get(nature, Text(nature or "?", nature or "?"))]
        wide.append(_join(parts))
        parts += [_DENSITIES.get(density, Text(density, density))] if density else []
        middle.append(_join(parts))
        parts += [Text(kind, kind)] if kind else []
        narrow.append(_join(parts))
    return Groups(
        tuple(joined["epci_code"].to_list()),
        tuple(joined[name].to_numpy() for name in ("narrow", "middle", "wide")),
        (tuple(narrow), tuple(middle), tuple(wide)),
    )


def _join(parts: Sequence[Text]) -> Text:
    return Text(", ".join(part.en for part in parts), ", ".join(part.fr for part in parts))
