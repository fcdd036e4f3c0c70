"""What a study produces: the one model that every report, export and page reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ancrage.figures import Figure, Source
from ancrage.language import Text
from ancrage.parameters import Coefficient, Override
from ancrage.siting.problem import SitingPlan, SitingProblem
from ancrage.study.settings import StudySettings

Zone = Literal["inside", "halo"]


@dataclass(frozen=True)
class PlaceResult:
    """One place of the network.

    Attributes
    ----------
    code, name : commune; lon, lat : its chef-lieu (WGS84).
    kind : "existing" (found in the data, outside the budget), "kept" (imposed by the study) or "chosen".
    label : name of the existing place, else empty.
    desks : desks to open, P10-P90 over the draws in which the network is kept as it is.
    desk_days : weekly desk-days; users : regular users they stand for (desk-days / days a week).
    served : share of the demand that finds a desk, 0..1.
    cost : net cost [EUR/year], after income.
    loss : objective lost if this place alone is removed; in the objective's unit.
    site_share : share of draws in which the commune belongs to the best network, 0..1; None without draws.
    catchment : codes of the communes whose users come here, by decreasing desk-days.
    """

    code: str
    name: str
    lon: float
    lat: float
    kind: Literal["existing", "kept", "chosen"]
    label: str
    desks: Figure
    desk_days: Figure
    users: Figure
    served: float
    cost: Figure
    loss: float
    site_share: float | None
    catchment: tuple[str, ...]


@dataclass(frozen=True)
class CommuneResult:
    """One home commune: who uses which place.

    Attributes
    ----------
    zone : inside the study area, or in its halo.
    workers : employed residents in the flows; place : code of the place used, or "".
    minutes, km : travel to that place; desk_days : weekly desk-days.
    """

    code: str
    name: str
    zone: Zone
    lon: float
    lat: float
    workers: float
    place: str
    minutes: float | None
    km: float | None
    desk_days: float


@dataclass(frozen=True)
class ImpactLine:
    """One effect for one beneficiary.

    Attributes
    ----------
    id : stable key ("commuter_km", "co2_net", ...).
    beneficiary : "commuters", "climate", "shops", "authority", "jobs", "employers".
    figure : the whole network; added : only what the places beyond the existing ones add.
    inside, halo : central value by zone of the home commune, where it makes sense.
    ceiling : True for a figure that is an upper bound, never a prediction.
    """

    id: str
    beneficiary: str
    label: Text
    figure: Figure
    added: float | None
    inside: float | None
    halo: float | None
    ceiling: bool = False
    note: Text | None = None


@dataclass(frozen=True)
class ControlTotal:
    """A published total set beside ours: a check of the order of magnitude, never a prediction."""

    label: Text
    ours: float
    published: float
    unit: str
    source: str
    source_fr: str = ""


@dataclass(frozen=True)
class FrontierRow:
    """The best network for one limit: value in the objective's unit, cost in EUR/year, desks, codes of the places."""

    limit: float
    value: float
    cost: float
    bound: float
    gap: float
    places: tuple[str, ...]
    desks: int


@dataclass(frozen=True)
class AlternativeRow:
    """A network close to the best: what it loses, what it opens and closes; `within` the epsilon asked, or beyond."""

    value: float
    loss: float
    cost: float
    desks: int
    places: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    within: bool = True


@dataclass(frozen=True)
class ConstraintRow:
    """The price of one imposed or excluded commune, or of one floor, in the objective's unit per year.

    Attributes
    ----------
    code : of the commune, empty for a floor; name : of the commune or of the floor.
    asked, served : share of the zone that the floor asks for and that the plan serves, 0..1; None for a commune.
    """

    code: str
    name: str
    constraint: Literal["imposed", "excluded", "floor"]
    price: float
    asked: float | None = None
    served: float | None = None


@dataclass(frozen=True)
class RobustnessResult:
    """How the network stands over the draws.

    Attributes
    ----------
    draws : number; proven : share of draws whose best network is proven optimal.
    site_share : (code, name, share of draws in the best network), by decreasing share, those above 1 %.
    regret_median, regret_p90 : share of the draw's best value lost by keeping the plan, 0..1, over the draws in
        which the plan stays within the budget; NaN when there is none.
    over_budget : share of draws in which the plan costs more than the budget.
    values : (R,) value of the plan; best : (R,) best value of the draw [objective unit].
    """

    draws: int
    proven: float
    site_share: tuple[tuple[str, str, float], ...]
    regret_median: float
    regret_p90: float
    over_budget: float
    values: NDArray[np.float64]
    best: NDArray[np.float64]


@dataclass(frozen=True)
class StudyResult:
    """A planned network.

    Attributes
    ----------
    territory, inside_codes : name and communes of the study area.
    value : objective with its interval; unit of the objective in `value.unit`; objective_label for readers.
    plan, problem : the optimisation itself, for checks.
    cost, desks, desk_days : totals of the network.
    eligible_workers : employed residents with at least one commute that a site could shorten.
    frontier_by : "budget" or "places".
    coefficients : every coefficient used, as used (preset and overrides applied).
    overrides : what the user changed; settings : what was asked; warnings : beside every figure.
    travel_label : how times were obtained; travel_version : provider and version.
    not_modelled : what the figures leave out (method.md, section 10).
    version : of the code.
    """

    territory: str
    epci_codes: tuple[str, ...]
    inside_codes: tuple[str, ...]
    fictional: bool
    settings: StudySettings
    objective_label: Text
    value: Figure
    cost: Figure
    desks: Figure
    desk_days: Figure
    residents_workers: float
    eligible_workers: float
    coverage: float | None
    flows_vintage: int
    class_level: str
    mode_level: str
    places: tuple[PlaceResult, ...]
    communes: tuple[CommuneResult, ...]
    impact: tuple[ImpactLine, ...]
    controls: tuple[ControlTotal, ...]
    frontier_by: Literal["budget", "places"]
    frontier: tuple[FrontierRow, ...]
    alternatives: tuple[AlternativeRow, ...]
    constraints: tuple[ConstraintRow, ...]
    robustness: RobustnessResult | None
    proof: Text
    plan: SitingPlan
    problem: SitingProblem
    coefficients: tuple[Coefficient, ...]
    overrides: tuple[Override, ...]
    warnings: tuple[Text, ...]
    travel_label: Text
    travel_version: str
    sources: tuple[Source, ...]
    not_modelled: tuple[Text, ...]
    version: str
