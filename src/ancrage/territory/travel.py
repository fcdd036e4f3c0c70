"""What a travel-time provider promises (method.md, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ancrage.language import Text


@dataclass(frozen=True)
class Points:
    """Places to travel between, one row each.

    Attributes
    ----------
    code : (n,) commune codes, or any identifier.
    lon, lat : (n,) degrees, WGS84.
    density : (n,) inhabitants per km2 around the point (NaN when unknown).
    area_km2 : (n,) area of the commune [km2], for trips inside it (NaN when unknown).
    """

    code: NDArray[np.str_]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    density: NDArray[np.float64]
    area_km2: NDArray[np.float64]


@dataclass(frozen=True)
class TravelPairs:
    """Car travel between pairs of points.

    Attributes
    ----------
    minutes, km : (k,) one way; NaN where the destination cannot be reached, never zero for that reason.
    estimated : True when no road network was used; every figure that rests on them says so.
    """

    minutes: NDArray[np.float64]
    km: NDArray[np.float64]
    estimated: bool


class TravelProvider(Protocol):
    """Turns pairs of points into car minutes and kilometres."""

    @property
    def name(self) -> str:
        """Short identifier, used as a cache key with `version`."""

    @property
    def version(self) -> str:
        """Engine, profile and data version, so that a cached result is never reused for other data."""

    @property
    def label(self) -> Text:
        """One sentence for reports: how the times were obtained, and their measured error."""

    def compute_pairs(self, points: Points, origins: NDArray[np.int64], destinations: NDArray[np.int64]) -> TravelPairs:
        """Return car travel from points[origins[k]] to points[destinations[k]] for every k."""
