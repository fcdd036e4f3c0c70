"""From a territory and settings to a siting problem: who can go where, what it changes, what it costs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ancrage.demand import desk_days
from ancrage.demand.desk_days import DeskDays, compute_desk_days
from ancrage.demand.reach import Commutes, Reach, build_commutes, build_reach, list_commute_pairs
from ancrage.errors import InputError, MissingDataError, NoFlowsError
from ancrage.impact import costs, effects
from ancrage.impact.costs import PlaceCosts, compute_place_costs
from ancrage.impact.effects import YearlyEffects, compute_yearly_effects
from ancrage.parameters import Parameters
from ancrage.siting.problem import Floors, SitingProblem
from ancrage.study.settings import Objective, StudySettings
from ancrage.territory.model import Territory
from ancrage.territory.travel import Points, TravelProvider

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

COEFFICIENTS: tuple[str, ...] = tuple(
    dict.fromkeys(
        (
            *desk_days.COEFFICIENTS,
            *effects.COEFFICIENTS,
            *costs.COEFFICIENTS,
            "desks_min",
            "desks_max",
            "existing_place_desks",
            "local_spend_per_day",
            "spend_displacement",
            "local_multiplier_income",
            "turnover_per_job",
            "occupancy_y1",
            "occupancy_y2",
            "occupancy_y3",
        )
    )
)
# Sizes are decisions or facts of the place, not uncertain behaviour: they keep their central value in the draws.
NOT_DRAWN: frozenset[str] = frozenset(
    {"desks_min", "desks_max", "existing_place_desks", "occupancy_y1", "occupancy_y2", "occupancy_y3"}
)

UNITS: dict[Objective, str] = {
    "km": "km/year",
    "hours": "hours/year",
    "co2": "kgCO2e/year",
    "value": "EUR/year",
}


@dataclass(frozen=True)
class StudyInputs:
    """What stays the same whatever the coefficients.

    Attributes
    ----------
    reach : arcs up to the widest access time of the draws; commutes : sums by home.
    home_codes, site_codes : commune codes of the homes and of the candidate sites.
    existing_desks : (m,) number of existing places of the site x desks of such a place, 0 elsewhere.
    imposed, excluded : (m,).
    unreached : names of the communes of the study area that the travel provider links to no other site of it.
    """

    reach: Reach
    commutes: Commutes
    home_codes: NDArray[np.str_]
    site_codes: NDArray[np.str_]
    existing_desks: IntArray
    imposed: BoolArray
    excluded: BoolArray
    unreached: tuple[str, ...]


def read_central(parameters: Parameters) -> dict[str, FloatArray]:
    """Return every coefficient of a study at its central value, one draw: name -> (1,)."""
    return {name: np.array([parameters.get(name).value]) for name in COEFFICIENTS}


def draw_coefficients(parameters: Parameters, count: int, seed: int) -> dict[str, FloatArray]:
    """Draw every uncertain coefficient `count` times (triangular, seeded); sizes keep their central value."""
    drawn = dict(parameters.draw([n for n in COEFFICIENTS if n not in NOT_DRAWN], count, seed))
    for name in NOT_DRAWN:
        drawn[name] = np.full(count, parameters.get(name).value)
    return drawn


def build_points(territory: Territory) -> Points:
    """Return the communes of a territory as points to travel between."""
    communes = territory.communes
    with np.errstate(divide="ignore", invalid="ignore"):
        density = np.where(communes.area_km2 > 0, communes.population / communes.area_km2, np.nan)
    return Points(communes.code, communes.lon, communes.lat, density, communes.area_km2)


def compute_widest_access(settings: StudySettings, parameters: Parameters) -> float:
    """Return the longest access time that a study looks at [min]: that of its draws, else the central one."""
    access = parameters.get("max_access_time_tl")
    return access.value if access.high is None or not settings.draws else access.high


def build_inputs(
    settings: StudySettings, territory: Territory, parameters: Parameters, provider: TravelProvider
) -> StudyInputs:
    """Travel, sum the commutes and read the constraints of a study.

    Raises
    ------
    NoFlowsError
        If no flow starts from the study area.
    InputError
        If a kept or excluded commune is not one of the study area, or both at once.
    """
    if not len(territory.flows.home) or not territory.flows.workers[territory.inside[territory.flows.home]].sum():
        raise NoFlowsError(
            f"No home-work flow starts from {territory.name}: import the INSEE flows that cover it "
            "('ancrage data import').",
            f"Aucun flux domicile-travail ne part de {territory.name} : importez les flux de l'INSEE qui le couvrent "
            "(« ancrage data import »).",
        )
    widest = compute_widest_access(settings, parameters)
    points = build_points(territory)
    sites = np.flatnonzero(territory.inside)
    homes = np.flatnonzero(territory.inside | territory.halo)

    origins, destinations = (x.ravel() for x in np.indices((len(homes), len(sites))))
    access_travel = provider.compute_pairs(points, homes[origins], sites[destinations])
    site_reach = build_reach(homes, sites, origins, destinations, access_travel, widest)
    # A trip inside a commune needs no road network: only the others tell whether the provider knows the place.
    elsewhere = homes[origins] != sites[destinations]
    known = (~np.isnan(access_travel.minutes) & elsewhere).reshape(len(homes), len(sites)).any(axis=1)
    lost = ~known & territory.inside[homes] & (len(sites) > 1)
    if lost.sum() == len(sites):
        raise MissingDataError(
            f"The travel times '{provider.name}' link no commune of {territory.name}: build a road network that "
            "covers it, or use --travel estimate.",
            f"Les temps de trajet « {provider.name} » ne relient aucune commune de {territory.name} : construisez un "
            "réseau routier qui la couvre, ou utilisez --travel estimate.",
        )

    home_of_pair, work_of_pair, cell_pair = list_commute_pairs(territory.flows)
    work_travel = provider.compute_pairs(points, home_of_pair, work_of_pair)
    commutes = build_commutes(homes, territory.flows, cell_pair, work_travel)

    codes = territory.communes.code
    position = {str(codes[s]): rank for rank, s in enumerate(sites)}
    names = {str(codes[s]): str(territory.communes.name[s]) for s in sites}
    both = sorted(set(settings.keep) & set(settings.exclude))
    if both:
        raise InputError(
            f"Commune {both[0]} is both kept and excluded: remove it from one of the two lists.",
            f"La commune {both[0]} est à la fois gardée et exclue : retirez-la de l'une des deux listes.",
        )
    imposed = mark_sites(settings.keep, position, names, territory.name)
    excluded = mark_sites(settings.exclude, position, names, territory.name)
    size = round(parameters.get("existing_place_desks").value)
    existing = np.zeros(len(sites), dtype=np.int64)
    if settings.keep_existing:
        for place in territory.existing:
            if place.commune in position:
                existing[position[place.commune]] += size
    imposed |= (existing > 0) & ~excluded
    unreached = tuple(str(name) for name in territory.communes.name[homes][lost])
    return StudyInputs(site_reach, commutes, codes[homes], codes[sites], existing, imposed, excluded, unreached)


def mark_sites(codes: Iterable[str], position: Mapping[str, int], names: Mapping[str, str], area: str) -> BoolArray:
    """Return the sites named by codes or by names, (m,).

    Parameters
    ----------
    position : rank of each site by code; names : of the sites by code; area : name of the study area, for messages.

    Raises
    ------
    InputError
        If one is not in the study area; the nearest names are offered.
    """
    marked = np.zeros(len(position), dtype=np.bool_)
    by_name = {name.casefold(): code for code, name in names.items()}
    for asked in codes:
        code = asked if asked in position else by_name.get(asked.casefold())
        if code is None:
            near = difflib.get_close_matches(asked, [*position, *names.values()], n=3, cutoff=0.4)
            listed = ", ".join(f"{names.get(n, n)} ({by_name.get(n.casefold(), n)})" for n in near) or "-"
            raise InputError(
                f"'{asked}' is not a commune of {area}. Nearest: {listed}.",
                f"« {asked} » n'est pas une commune de {area}. Les plus proches : {listed}.",
            )
        marked[position[code]] = True
    return marked


def compute_use(inputs: StudyInputs, coefficients: Mapping[str, FloatArray]) -> DeskDays:
    """Return the weekly desk-days of every arc: shapes (R, k) for coefficients of shape (R,)."""
    return compute_desk_days(inputs.reach, inputs.commutes, coefficients)


def compute_effects(
    inputs: StudyInputs, use: DeskDays, coefficients: Mapping[str, FloatArray], arcs: IntArray | slice
) -> YearlyEffects:
    """Return the yearly effects of `arcs`, everybody being served: shapes (R, arcs)."""
    site_reach = inputs.reach
    return compute_yearly_effects(
        employees=use.employees[:, arcs],
        office_km=use.office_km[:, arcs],
        office_minutes=use.office_minutes[:, arcs],
        car=use.car[:, arcs],
        car_office_km=use.car_office_km[:, arcs],
        independents=use.independents[:, arcs],
        independent_car_share=inputs.commutes.car_share[site_reach.home[arcs]],
        place_km=site_reach.km[arcs],
        place_minutes=site_reach.minutes[arcs],
        coefficients={name: coefficients[name][:, None] for name in effects.COEFFICIENTS},
    )


def select_objective(objective: Objective, yearly: YearlyEffects) -> FloatArray:
    """Return what the network maximises, in the unit of `UNITS`; costs of "value" are counted by the problem."""
    if objective == "km":
        return yearly.km
    if objective == "hours":
        return yearly.hours
    if objective == "co2":
        return yearly.co2_net
    return yearly.social_value


def build_site_costs(inputs: StudyInputs, place: PlaceCosts) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return fixed cost, cost per desk and income by draw and site, (R, m); an existing place is outside the budget."""
    new = (inputs.existing_desks == 0).astype(np.float64)
    return place.fixed[:, None] * new, place.per_desk[:, None] * new, place.income[:, None] * new


def build_problem(
    settings: StudySettings,
    inputs: StudyInputs,
    coefficients: Mapping[str, FloatArray],
    use: DeskDays,
    yearly: YearlyEffects,
    floors: Floors | None = None,
) -> SitingProblem:
    """Build the siting problem at central coefficients (shapes (1, k)), with the floors of `study.floors`."""
    place = compute_place_costs(coefficients)
    fixed, per_desk, income = build_site_costs(inputs, place)
    existing = inputs.existing_desks
    return SitingProblem(
        home_code=inputs.home_codes,
        site_code=inputs.site_codes,
        row=inputs.reach.row,
        site=inputs.reach.site,
        value=select_objective(settings.objective, yearly)[0],
        demand=use.total[0],
        fixed_cost=fixed[0],
        desk_cost=per_desk[0],
        income=income[0],
        desks_per_day=float(place.desks_per_day[0]),
        desks_min=np.where(existing > 0, existing, round(coefficients["desks_min"][0])).astype(np.int64),
        desks_max=np.where(existing > 0, existing, round(coefficients["desks_max"][0])).astype(np.int64),
        imposed=inputs.imposed,
        excluded=inputs.excluded,
        budget=settings.budget,
        max_places=settings.places,
        unit=UNITS[settings.objective],
        cost_weight=1.0 if settings.objective == "value" else 0.0,
        floors=floors,
    )
