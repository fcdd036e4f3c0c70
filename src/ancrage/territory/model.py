"""The study area in memory: communes, flows, existing places and what is known of their quality."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ancrage.figures import Source
from ancrage.language import Text


class Mode(IntEnum):
    """Main mode of the home-work trip."""

    HOME = 0
    WALK_BIKE = 1
    PUBLIC_TRANSPORT = 2
    CAR = 3


MODE_NAMES: dict[str, Mode] = {
    "home": Mode.HOME,
    "walk_bike": Mode.WALK_BIKE,
    "public_transport": Mode.PUBLIC_TRANSPORT,
    "car": Mode.CAR,
}

# INSEE's occupation classes (CS1 of people in work), in the order of the columns of a class axis.
CLASSES: tuple[int, ...] = (1, 2, 3, 4, 5, 6)


@dataclass(frozen=True)
class Communes:
    """Communes that take part in a study: homes, work places and candidate sites.

    Attributes
    ----------
    code, name, epci_code, departement : (n,) strings (official geographic code, INSEE).
    lon, lat : (n,) chef-lieu, degrees WGS84.
    area_km2 : (n,) [km2], NaN when unknown.
    population : (n,) inhabitants.
    """

    code: NDArray[np.str_]
    name: NDArray[np.str_]
    epci_code: NDArray[np.str_]
    departement: NDArray[np.str_]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    area_km2: NDArray[np.float64]
    population: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.code)


@dataclass(frozen=True)
class Flows:
    """Home-work flows, one row per cell (home, work, class, mode); method.md, section 2.

    Attributes
    ----------
    home, work : (m,) row of the commune in `Communes`; work is -1 where it lies outside the known communes.
    occupation : (m,) INSEE class 1..6.
    mode : (m,) a `Mode`.
    workers : (m,) weighted number of persons.
    vintage : census year.
    class_level, mode_level : "observed", or the level whose mix was applied
        ("commune", "epci", "departement", "france").
    """

    home: NDArray[np.int64]
    work: NDArray[np.int64]
    occupation: NDArray[np.int8]
    mode: NDArray[np.int8]
    workers: NDArray[np.float64]
    vintage: int
    class_level: str
    mode_level: str


@dataclass(frozen=True)
class ExistingPlace:
    """A third place that the data already knows, at commune precision or better."""

    commune: str
    name: str
    kind: str
    source: str


@dataclass(frozen=True)
class Territory:
    """A study area with its halo.

    Attributes
    ----------
    epci_codes, name : the studied EPCI.
    communes : every commune that matters: study area, halo, and work places of their residents.
    inside : (n,) True for communes of the study area.
    halo : (n,) True for communes outside it whose residents can reach a site of the study area.
    flows : flows of residents of the study area and of the halo.
    existing : places already there, inside the study area.
    coverage : share of the employed residents that the flow file explains (0..1+), or None when no
        other table allows the comparison.
    sources : every table used.
    warnings : what a reader must know beside the figures.
    fictional : True for the demo territory.
    """

    epci_codes: tuple[str, ...]
    name: str
    communes: Communes
    inside: NDArray[np.bool_]
    halo: NDArray[np.bool_]
    flows: Flows
    existing: tuple[ExistingPlace, ...]
    coverage: float | None
    sources: tuple[Source, ...]
    warnings: tuple[Text, ...]
    fictional: bool
