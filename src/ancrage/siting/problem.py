"""The siting problem and its plans, apart from any solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
ConstraintKind = Literal["imposed", "excluded", "floor"]


@dataclass(frozen=True)
class Floors:
    """At least a share of the weight of each zone must be served (set covering, equity between sub-territories).

    Attributes
    ----------
    zone_code : (z,) names of the zones, for messages.
    zone : (n,) zone of each home, -1 for none.
    weight : (n,) what a home counts for (people, desk-days...), >= 0.
    share : (z,) least share of the weight of the zone that must be served, 0..1. A home is served in the
        proportion of the place that it uses.
    """

    zone_code: NDArray[np.str_]
    zone: IntArray
    weight: FloatArray
    share: FloatArray


@dataclass(frozen=True)
class SitingProblem:
    """Choose open sites and desks for n homes and m candidate sites.

    People of a home go to the **nearest open site** of their list (method.md, section 4). Arcs are stored by home,
    nearest first, so the first open site of a row is the one used. A site opens as many desks as its users need
    (at least `desks_min`); beyond `desks_max` everyone there is served in the same proportion.

    Attributes
    ----------
    home_code : (n,) and site_code : (m,) commune codes.
    row : (n + 1,) start of each home in the arc arrays.
    site : (k,) site of the arc.
    value : (k,) objective per year if the home uses the site [unit]; may be negative.
    demand : (k,) desk-days per week if the home uses the site, >= 0.
    fixed_cost : (m,) [EUR/year] of an open site; desk_cost : (m,) [EUR/desk/year].
    income : (m,) [EUR/year] per weekly desk-day served.
    desks_per_day : desks needed per weekly desk-day (peak_share / occupancy_max).
    desks_min, desks_max : (m,) integers.
    imposed, excluded : (m,) sites that must be open, or closed.
    budget : [EUR/year] upper bound of the net cost, or None.
    max_places : upper bound of the number of open sites (imposed ones included), or None.
    unit : unit of `value`, for display ("km/year").
    cost_weight : objective lost per EUR/year of net cost: 0 where the cost only meets the budget, 1 where the
        objective is in euros and net of cost.
    floors : least shares to serve by zone, or None.
    """

    home_code: NDArray[np.str_]
    site_code: NDArray[np.str_]
    row: IntArray
    site: IntArray
    value: FloatArray
    demand: FloatArray
    fixed_cost: FloatArray
    desk_cost: FloatArray
    income: FloatArray
    desks_per_day: float
    desks_min: IntArray
    desks_max: IntArray
    imposed: BoolArray
    excluded: BoolArray
    budget: float | None
    max_places: int | None
    unit: str
    cost_weight: float = 0.0
    floors: Floors | None = None


@dataclass(frozen=True)
class Evaluation:
    """What a set of open sites gives, recomputed from the arcs without any solver.

    Attributes
    ----------
    used : (n,) site used by each home, -1 for none.
    desks : (m,) desks opened; load : (m,) desk-days per week asked there.
    served : (m,) share of the load that finds a desk, 0..1 (1 where nobody asks).
    value : objective [unit]; cost : net cost [EUR/year].
    """

    used: IntArray
    desks: IntArray
    load: FloatArray
    served: FloatArray
    value: float
    cost: float


@dataclass(frozen=True)
class SitingPlan:
    """A plan and its proof.

    Attributes
    ----------
    open : (m,) open sites; evaluation : what they give.
    bound : no plan can do better [unit]; gap : (bound - value) / max(|value|, tiny).
    status : "optimal" (gap proven null), "feasible" (stopped before the proof) or "infeasible".
    nodes, seconds : work done.
    """

    open: BoolArray
    evaluation: Evaluation
    bound: float
    gap: float
    status: Literal["optimal", "feasible", "infeasible"]
    nodes: int
    seconds: float


@dataclass(frozen=True)
class SearchState:
    """How far a search has come, given to its `progress` callback.

    Attributes
    ----------
    value : of the best plan so far [unit], -inf when there is none; bound : no plan can do better [unit].
    gap : (bound - value) / max(|value|, tiny); nodes : nodes of the tree closed or open; seconds : by the clock given.
    """

    value: float
    bound: float
    gap: float
    nodes: int
    seconds: float


@dataclass(frozen=True)
class FrontierPoint:
    """The best plan for one budget (or one number of places)."""

    limit: float
    plan: SitingPlan


@dataclass(frozen=True)
class Alternative:
    """A plan within epsilon of the best that differs from it.

    Attributes
    ----------
    loss : share of the best value given up, 0..epsilon; differs : sites open in one and not in the other.
    """

    plan: SitingPlan
    loss: float
    differs: int


@dataclass(frozen=True)
class ConstraintPrice:
    """What an imposed site, an excluded site or a floor costs: value of the best plan without it, minus with it.

    `site` is -1 for a floor, whose zone is named by `zone` ("" for a site).
    """

    site: int
    constraint: ConstraintKind
    price: float
    plan_without: SitingPlan
    zone: str = ""


@dataclass(frozen=True)
class SitingDraws:
    """R draws of the uncertain data of a problem, on the same arcs.

    Attributes
    ----------
    value, demand : (R, k) ; fixed_cost, desk_cost, income : (R, m) ; desks_per_day : (R,).
    An arc out of reach in a draw has null value and demand (then so have the farther arcs of its home).
    """

    value: FloatArray
    demand: FloatArray
    fixed_cost: FloatArray
    desk_cost: FloatArray
    income: FloatArray
    desks_per_day: FloatArray


@dataclass(frozen=True)
class Robustness:
    """How a plan stands when coefficients move.

    Attributes
    ----------
    site_share : (m,) share of draws in which the site belongs to the best network of the draw.
    best_value, plan_value : (R,) best value of the draw, and value of the plan kept as it is [unit].
    plan_cost : (R,) net cost of the plan [EUR/year].
    regret : (R,) best_value - plan_value where the plan stays within the budget, >= 0; it is capped below at 0 only
        when the plan overspends the draw's budget (see `over_budget`).
    over_budget : share of draws in which the plan costs more than the budget.
    proven : share of draws whose best network is proven optimal.
    """

    site_share: FloatArray
    best_value: FloatArray
    plan_value: FloatArray
    plan_cost: FloatArray
    regret: FloatArray
    over_budget: float
    proven: float
