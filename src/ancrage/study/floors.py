"""Floors: a least share of the people of each sub-territory who must have a place within reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ancrage.errors import InputError, UnaffordableError
from ancrage.language import Text, format_number
from ancrage.siting.evaluate import compute_floor_shares
from ancrage.siting.problem import Floors, SitingDraws, SitingPlan, SitingProblem
from ancrage.siting.solve import NoPlanError, solve
from ancrage.study.inputs import StudyInputs, mark_sites
from ancrage.study.settings import Floor, StudySettings
from ancrage.territory.model import Territory

FloatArray = NDArray[np.float64]

# Halvings that find the share of the floors that can be met together, to about one point.
_HALVINGS = 7


def compute_eligible(inputs: StudyInputs, central: Mapping[str, FloatArray]) -> FloatArray:
    """Return the workers of each home who could use a place, (n,).

    They are the employed residents with a commute that the nearest candidate site would shorten by `min_time_saved` at
    least, this site being within `max_access_time_tl`.
    """
    site_reach, commutes = inputs.reach, inputs.commutes
    eligible = np.zeros(len(site_reach.homes))
    within = site_reach.minutes <= central["max_access_time_tl"][0]
    for home in np.unique(site_reach.home[within]):
        nearest = site_reach.minutes[site_reach.row[home]]
        rows = slice(commutes.start[home], commutes.start[home + 1])
        last = int((commutes.minutes[rows] >= nearest + central["min_time_saved"][0]).sum()) - 1
        eligible[home] = commutes.sums[commutes.start[home] + last, 0].sum()
    return eligible


def build_floors(
    settings: StudySettings, territory: Territory, inputs: StudyInputs, central: Mapping[str, FloatArray]
) -> Floors | None:
    """Return the floors of a study for its siting problem, or None.

    A home weighs the workers who could use a place (`compute_eligible`): elsewhere nobody would come whatever opens,
    and counting them would make floors that no network can meet. A home is served by the nearest open place where it
    lies within reach and somebody would come, in the proportion of the people who find a desk there.

    Raises
    ------
    InputError
        If a commune is not one of the study area, is in two floors, or nobody of a zone could use a place.
    """
    if not settings.floors:
        return None
    communes = territory.communes
    position = {str(code): rank for rank, code in enumerate(inputs.site_codes)}
    names = {str(c): str(n) for c, n in zip(communes.code, communes.name, strict=True) if str(c) in position}
    owner = {str(c): str(e) for c, e in zip(communes.code, communes.epci_code, strict=True) if str(c) in position}
    home_of = {str(code): home for home, code in enumerate(inputs.home_codes)}
    zone = np.full(len(inputs.home_codes), -1, dtype=np.int64)
    for rank, floor in enumerate(settings.floors):
        for code in _list_members(floor, position, names, owner, territory.name):
            home = home_of[code]
            if zone[home] not in (-1, rank):
                first = settings.floors[zone[home]].name
                raise InputError(
                    f"Commune {names[code]} ({code}) is in two floors, '{first}' and '{floor.name}': keep it in one.",
                    f"La commune {names[code]} ({code}) est dans deux planchers, « {first} » et « {floor.name} » : "
                    "gardez-la dans un seul.",
                )
            zone[home] = rank
    weight = compute_eligible(inputs, central)
    for rank, floor in enumerate(settings.floors):
        if not weight[zone == rank].sum():
            raise InputError(
                f"Floor '{floor.name}': nobody of its communes has a commute that a place would shorten enough, so "
                "there is nobody to serve. Remove this floor or give it other communes.",
                f"Plancher « {floor.name} » : personne, dans ses communes, n'a de trajet qu'un lieu raccourcirait "
                "assez : il n'y a personne à servir. Retirez ce plancher ou donnez-lui d'autres communes.",
            )
    return Floors(
        zone_code=np.array([floor.name for floor in settings.floors]),
        zone=zone,
        weight=np.where(zone >= 0, weight, 0.0),
        share=np.array([floor.share for floor in settings.floors]),
    )


def _list_members(
    floor: Floor, position: Mapping[str, int], names: Mapping[str, str], owner: Mapping[str, str], area: str
) -> list[str]:
    """Return the codes of the communes of a floor, an EPCI of the study standing for all of its own."""
    members: dict[str, None] = {}
    for asked in floor.communes:
        own = [code for code, epci in owner.items() if epci == asked]
        marked = np.flatnonzero(mark_sites((asked,), position, names, area)) if not own else ()
        codes = list(position)
        members.update(dict.fromkeys(own or [codes[site] for site in marked]))
    return list(members)


def leave_unused_arcs(problem: SitingProblem) -> SitingProblem:
    """Return the problem without the arcs that nobody would take: a place there serves no one, so it meets no floor.

    Values and costs of every network are unchanged: such an arc brings nothing, and nor do the farther ones.
    """
    used = problem.demand > 0
    home = np.repeat(np.arange(problem.home_code.size), np.diff(problem.row))
    row = np.zeros_like(problem.row)
    np.cumsum(np.bincount(home[used], minlength=problem.home_code.size), out=row[1:])
    return replace(problem, row=row, site=problem.site[used], value=problem.value[used], demand=problem.demand[used])


def add_witnesses(problem: SitingProblem, draws: SitingDraws) -> tuple[SitingProblem, SitingDraws]:
    """Return a problem with floors, and its draws, in which floors look at the reach of the central coefficients.

    The draws need arcs that are out of reach at the central coefficients, which must meet no floor. So each home of a
    zone hands its weight over to a witness: another home, with the arcs used at the central coefficients alone, who
    asks for nothing and brings nothing. A witness is served by the nearest open place within the central reach, in the
    proportion of the people who find a desk there in the draw.

    Parameters
    ----------
    problem : at the central coefficients, with every arc of the draws.
    """
    floors = problem.floors
    assert floors is not None
    homes = np.flatnonzero((floors.zone >= 0) & (floors.weight > 0))
    home = np.repeat(np.arange(problem.home_code.size), np.diff(problem.row))
    arcs = np.flatnonzero((problem.demand > 0) & np.isin(home, homes))
    rank = np.searchsorted(homes, home[arcs])
    ends = problem.site.size + np.cumsum(np.bincount(rank, minlength=homes.size))
    none = np.zeros(arcs.size)
    count = draws.value.shape[0]
    nothing = np.zeros((count, arcs.size))
    with_witnesses = replace(
        problem,
        home_code=np.concatenate([problem.home_code, np.char.add(problem.home_code[homes].astype(str), " (witness)")]),
        row=np.concatenate([problem.row, ends]),
        site=np.concatenate([problem.site, problem.site[arcs]]),
        value=np.concatenate([problem.value, none]),
        demand=np.concatenate([problem.demand, none]),
        floors=replace(
            floors,
            zone=np.concatenate([np.full(problem.home_code.size, -1), floors.zone[homes]]),
            weight=np.concatenate([np.zeros(problem.home_code.size), floors.weight[homes]]),
        ),
    )
    widened = replace(
        draws,
        value=np.concatenate([draws.value, nothing], axis=1),
        demand=np.concatenate([draws.demand, nothing], axis=1),
    )
    return with_witnesses, widened


def compute_served_shares(problem: SitingProblem, plan: SitingPlan) -> FloatArray:
    """Return the share of each zone that a plan serves, (z,); empty without floors."""
    if problem.floors is None:
        return np.zeros(0)
    return compute_floor_shares(problem.floors, plan.evaluation.used, plan.evaluation.served)


def build_floors_refusal(
    problem: SitingProblem, deadline: float | None, clock: Callable[[], float] | None
) -> UnaffordableError:
    """Return why the floors of a problem without any plan cannot be met, and what could be at most.

    Parameters
    ----------
    deadline : seconds allowed for each of the searches that this takes, counted by `clock`.
    """
    floors = problem.floors
    assert floors is not None
    wanted = np.flatnonzero(floors.share > 0)
    most = {int(z): _compute_most(problem, floors, int(z), deadline, clock) for z in wanted}
    missed = [z for z in wanted if most[int(z)] < floors.share[z] - 1e-9]
    if missed:
        parts = [(str(floors.zone_code[z]), float(floors.share[z]), most[int(z)]) for z in missed]
        told = Text(
            ", ".join(
                f"'{n}' asks for {a:.0%} and {_write_share(b, 'en')}% at most can be served" for n, a, b in parts
            ),
            ", ".join(
                f"« {n} » demande {_write_share(a, 'fr')} % et {_write_share(b, 'fr')} % au plus peuvent être servis"
                for n, a, b in parts
            ),
        )
    else:
        together = _compute_common(problem, floors, deadline, clock)
        names_en = ", ".join(f"'{name}'" for name in floors.zone_code[wanted])
        names_fr = ", ".join(f"« {name} »" for name in floors.zone_code[wanted])
        told = Text(
            f"each of {names_en} can be met alone, but not together; lowered in the same proportion, they can be met "
            f"up to {_write_share(together, 'en')}% of what is asked",
            f"chacun de {names_fr} peut être atteint seul, mais pas ensemble ; abaissés dans la même proportion, ils "
            f"peuvent l'être jusqu'à {_write_share(together, 'fr')} % de ce qui est demandé",
        )
    return UnaffordableError(
        f"The floors cannot be met within the limits of the study: {told.en}. Lower the floors, or raise the budget or "
        "the number of places.",
        f"Les planchers ne peuvent pas être atteints dans les limites de l'étude : {told.fr}. Abaissez les planchers, "
        "ou augmentez le budget ou le nombre de lieux.",
    )


def _write_share(share: float, language: str) -> str:
    # Rounded down: what is announced can be met.
    return format_number(np.floor(share * 1000 + 1e-6) / 10, 1, "fr" if language == "fr" else "en")


def _compute_most(
    problem: SitingProblem,
    floors: Floors,
    zone: int,
    deadline: float | None,
    clock: Callable[[], float] | None,
) -> float:
    """Return the largest share of a zone that a network within the other limits serves, the other floors left out."""
    home = np.repeat(np.arange(problem.home_code.size), np.diff(problem.row))
    weight = np.where(floors.zone == zone, floors.weight, 0.0)
    alone = replace(problem, value=weight[home], cost_weight=0.0, floors=None)
    plan = solve(alone, deadline=deadline, clock=clock)
    return 0.0 if plan.status == "infeasible" else plan.evaluation.value / float(weight.sum())


def _compute_common(
    problem: SitingProblem, floors: Floors, deadline: float | None, clock: Callable[[], float] | None
) -> float:
    """Return the largest part of all the floors that a network meets, to about one point."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        lowered = replace(problem, floors=replace(floors, share=floors.share * middle))
        try:
            met = solve(lowered, deadline=deadline, clock=clock).status != "infeasible"
        except NoPlanError:
            # Out of time without a plan: not known to be met.
            met = False
        low, high = (middle, high) if met else (low, middle)
    return low
