"""What the maps of a portrait can colour: the indicators chosen, their classes and their words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from ancrage.language import Text

# Indicators of communes that a map of the portrait can colour, in the order of the switch.
MAPPED = (
    "employment_concentration",
    "out_commuting_share",
    "long_commute_share",
    "car_share",
    "telework_potential_flows",
    "population_growth",
    "long_vacancy_share",
    "everyday_services_rate",
    "median_of_commune_living_standards",
)
_CLASSES = 5
# Fewer communes with a value than this and classes would say nothing.
_ENOUGH = 3


@dataclass(frozen=True)
class Classes:
    """Classes of a map, of about as many communes each.

    Attributes
    ----------
    breaks : limits between classes, ascending: class i holds breaks[i-1] <= value < breaks[i].
    """

    breaks: tuple[float, ...]


def choose_classes(values: Sequence[float], decimals: int) -> Classes | None:
    """Return quintiles told apart once rounded as they are written; None when a map would say nothing."""
    if len(values) < _ENOUGH or len(set(values)) < 2:
        return None
    limits = {round(limit, decimals) for limit in quantiles(values, n=_CLASSES, method="inclusive")}
    low, high = min(values), max(values)
    return Classes(tuple(sorted(limit for limit in limits if low < limit <= high)))


# Kinds of points, in the order of the legend.
SITE_NAMES: dict[str, Text] = {
    "third_place": Text("Third place", "Tiers-lieu"),
    "brownfield": Text("Confirmed brownfield", "Friche avérée"),
}
