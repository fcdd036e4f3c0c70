"""Names and layout of the demo territory: invented, and none of them an existing French commune."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Character = Literal["industrial", "farming", "residential", "urban"]

LABEL = "Territoire fictif / Fictional territory"
SUFFIX = "(territoire fictif)"
RIVER_SUFFIX = "-sur-Ombrève"


@dataclass(frozen=True)
class TownPlan:
    """A town with a fixed role: position [km from the centre of the map], inhabitants, jobs per employed resident."""

    name: str
    x: float
    y: float
    population: int
    jobs_ratio: float


@dataclass(frozen=True)
class EpciPlan:
    """An intercommunality: centre [km], number of communes, inhabitants, towns (largest first).

    `trend` is the mean growth of the population in % per year, `village_jobs` the jobs per employed resident
    of
    its villages.
    """

    name: str
    nature: str
    character: Character
    x: float
    y: float
    n_communes: int
    population: int
    village_jobs: float
    trend: float
    towns: tuple[TownPlan, ...]


# The first EPCI is the studied one; its second town lost its factory. The second EPCI is the metropolis.
EPCI_PLANS: tuple[EpciPlan, ...] = (
    EpciPlan(
        "CC des Vallées d'Ombreval", "CC", "industrial", -34, 1, 40, 32_000, 0.32, -0.45,
        (
            TownPlan("Marchelune", -33.5, 1.5, 6_100, 1.06),
            TownPlan("Fargecombe", -40.0, -3.2, 3_850, 0.56),
            TownPlan("Aigremer", -28.0, 7.5, 2_450, 0.88),
        ),
    ),
    EpciPlan(
        "Corvanne Métropole", "ME", "urban", 9, 0, 12, 250_000, 0.62, 0.35,
        (TownPlan("Corvanne", 5.5, 0, 140_000, 0.0),),  # its jobs balance those of the region
    ),
    EpciPlan(
        "CA du Pays de Tourvanne", "CA", "urban", -7, -18, 22, 54_000, 0.50, -0.10,
        (TownPlan("Tourvanne", -11, -17.5, 27_500, 1.55),),
    ),
    EpciPlan(
        "CC du Haut Valorge", "CC", "industrial", -23, 17, 21, 18_600, 0.50, -0.40,
        (TownPlan("Valorge", -22.5, 17, 3_300, 1.30),),
    ),
    EpciPlan(
        "CC des Plateaux de Brézanges", "CC", "farming", -25, -16, 21, 17_200, 0.52, -0.30,
        (TownPlan("Brézanges", -25, -15.5, 2_900, 1.35),),
    ),
    EpciPlan(
        "CC entre Ombrève et Corvanne", "CC", "residential", -16, 1, 27, 25_400, 0.41, 0.40,
        (TownPlan("Vaubrelle", -15, 0.5, 3_600, 1.15),),
    ),
    EpciPlan(
        "CC des Forges de Montorbel", "CC", "industrial", -5, 17, 22, 29_500, 0.50, -0.15,
        (TownPlan("Montorbel", -10.5, 16.5, 12_300, 1.45),),
    ),
    EpciPlan(
        "CC des Coteaux de Lorvan", "CC", "residential", 9, 13, 20, 25_200, 0.42, 0.60,
        (TownPlan("Lorvan-la-Neuve", 9, 13.5, 4_100, 1.05),),
    ),
    EpciPlan(
        "CC du Val de Charvel", "CC", "residential", 10, -13, 20, 27_000, 0.42, 0.55,
        (TownPlan("Charvel", 6, -12, 4_500, 1.05),),
    ),
    EpciPlan(
        "CC de la Plaine d'Orvel", "CC", "residential", 23, 3, 19, 25_200, 0.44, 0.50,
        (TownPlan("Orvel", 22, 4.5, 4_300, 1.10),),
    ),
    EpciPlan(
        "CC des Hautes Landes de Mirvol", "CC", "farming", 12, 25, 18, 13_400, 0.53, -0.20,
        (TownPlan("Mirvol", 11.5, 24.5, 2_600, 1.35),),
    ),
    EpciPlan(
        "CC du Bocage de Drevan", "CC", "farming", 24, 16, 18, 16_300, 0.53, -0.05,
        (TownPlan("Drevan", 24, 16, 3_000, 1.30),),
    ),
    EpciPlan(
        "CC des Trois Combes", "CC", "residential", 25, -10, 18, 20_900, 0.45, 0.35,
        (TownPlan("Castelorme", 25, -9.5, 3_700, 1.15),),
    ),
    EpciPlan(
        "CC des Sources de Resolle", "CC", "farming", 10, -25, 17, 13_900, 0.53, -0.35,
        (TownPlan("Resolle", 6, -25, 2_700, 1.35),),
    ),
    EpciPlan(
        "CC du Bassin de Gravanches", "CC", "industrial", 30, -18, 19, 19_900, 0.50, -0.30,
        (TownPlan("Gravanches", 28, -19.5, 9_100, 1.35),),
    ),
    EpciPlan(
        "CC des Ateliers de l'Est", "CC", "industrial", 39, 5, 19, 15_700, 0.52, -0.45,
        (TownPlan("Sarvelay", 39, 5, 3_200, 1.40),),
    ),
    EpciPlan(
        "CC des Terres de Quervan", "CC", "farming", 40, -6, 17, 12_900, 0.53, -0.25,
        (TownPlan("Quervan", 39.5, -6.5, 2_500, 1.35),),
    ),
)  # fmt: skip

# The river Ombrève flows from west to east [km]: past the factory town, the market town and the metropolis.
RIVER: tuple[tuple[float, float], ...] = (
    (-54, -9), (-46, -6.5), (-40, -3.2), (-36.5, 0.5), (-33.5, 1.5), (-28, -0.5), (-21, 1.5), (-15, 0.5),
    (-8, -2.5), (0, -1), (6, 0), (14, 4), (22, 4.5), (31, 1.5), (39, 5), (54, 4),
)  # fmt: skip

_STARTS = (
    "Aubrel", "Barvin", "Bresol", "Cadrel", "Charvin", "Corvel", "Drevin", "Esclor", "Fargel", "Fresol",
    "Gartel", "Gravel", "Hautrel", "Jarvel", "Lambrel", "Lorvin", "Marzel", "Mirvel", "Nerval", "Orvin",
    "Palvin", "Peyrov", "Quervol", "Rauvel", "Sarvin", "Taldor", "Tarvin", "Umbrel", "Valdor", "Vernol",
)  # fmt: skip
_ENDS = (
    "ange", "anches", "elles", "ière", "oux", "ondes", "euil", "igny", "ac", "at", "ombe", "isse", "ay", "as",
)  # fmt: skip
_SAINTS = (
    "Saint-Orvaud", "Saint-Brédan", "Saint-Fulvier", "Saint-Aldomin", "Saint-Guérold", "Saint-Tévenin",
    "Saint-Rodel", "Saint-Ansevin", "Saint-Clairval", "Saint-Osmer", "Saint-Perval", "Saint-Sévold",
    "Saint-Vorlain", "Sainte-Aubrine", "Sainte-Mélisende", "Sainte-Séverade", "Sainte-Thiébaude",
)  # fmt: skip
_QUALIFIERS = ("", "-des-Bois", "-le-Haut", "-en-Plaine", "-la-Combe")


def list_village_names() -> tuple[str, ...]:
    """Return every village name that can be chosen, in a fixed order."""
    villages = [start + end for start in _STARTS for end in _ENDS]
    saints = [saint + qualifier for saint in _SAINTS for qualifier in _QUALIFIERS]
    return (*villages, *saints)


def choose_village_names(draws: Sequence[float]) -> list[str]:
    """Return as many distinct village names as there are draws (uniform on 0..1, one per village)."""
    pool = list(list_village_names())
    return [pool.pop(int(draw * len(pool))) for draw in draws]
