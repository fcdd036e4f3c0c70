"""Which coefficients each figure of a study rests on."""

from __future__ import annotations

from ancrage.demand import desk_days
from ancrage.impact import costs
from ancrage.study.settings import Objective

_DEMAND = desk_days.COEFFICIENTS
# A new place is sized to its demand, and serves a part of it once full; an existing one has the size it has.
_NEW_SERVED = (*_DEMAND, "peak_share", "occupancy_max", "desks_max")
_SERVED = (*_NEW_SERVED, "existing_place_desks")
_DESKS = (*_SERVED, "desks_min")
_KM = (*_SERVED, "weeks_per_year", "office_day_share", "indep_counterfactual_home", "indep_other_km")
_HOURS = (*_KM, "commute_speed")
_CAR = (*_KM, "commute_occupancy")
_CO2_GROSS = (*_CAR, "ef_car_use")
_CO2_REBOUND = (*_CO2_GROSS, "rebound_home")
_CO2_BUILDING = (*_SERVED, "weeks_per_year", "tl_building_energy")
_CO2_NET = (*_CO2_REBOUND, "tl_building_energy")
_SPENDING = (*_SERVED, "weeks_per_year", "local_spend_per_day", "spend_displacement", "local_multiplier_income")
# Existing places are outside the budget.
_INCOME = (*_NEW_SERVED, "weeks_per_year", "price_day")
_BUILDING = tuple(name for name in costs.COEFFICIENTS if name not in ("weeks_per_year", "price_day"))
_GROSS = (*_NEW_SERVED, "desks_min", *_BUILDING)
_NET = (*_GROSS, "weeks_per_year", "price_day")

_BY_FORMULA: dict[str, tuple[str, ...]] = {
    "demand.desks": _DESKS,
    "demand.desk_days": _SERVED,
    "demand.users": _SERVED,
    "impact.commuter_km": _KM,
    "impact.commuter_hours": _HOURS,
    "impact.commuter_car_km": _CAR,
    "impact.commuter_cost": (*_CAR, "marginal_car_cost"),
    "impact.co2_gross": _CO2_GROSS,
    "impact.co2_rebound": _CO2_REBOUND,
    "impact.co2_building": _CO2_BUILDING,
    "impact.co2_net": _CO2_NET,
    "impact.co2_value": (*_CO2_NET, "carbon_value"),
    "impact.shop_spending": _SPENDING,
    "impact.jobs_ceiling": (*_SPENDING, "turnover_per_job"),
    "impact.authority_gross": _GROSS,
    "impact.authority_income": _INCOME,
    "impact.authority_net": _NET,
    "impact.authority_per_desk": _NET,
    "impact.authority_break_even": _NET,
}
_BY_OBJECTIVE: dict[Objective, tuple[str, ...]] = {
    "km": _KM,
    "hours": _HOURS,
    "co2": _CO2_NET,
    "value": (*_HOURS, *_CO2_NET, "marginal_car_cost", "value_of_time_commute", "carbon_value", *_NET),
}


def list_assumptions(formula: str, objective: Objective | None = None) -> tuple[str, ...]:
    """Return the names of the coefficients that move a figure, the network being kept as it is.

    Parameters
    ----------
    formula : as in `ancrage.figures.Figure`; objective : of the study, for its value ("siting.value").
    """
    if formula == "siting.value" and objective is not None:
        return tuple(dict.fromkeys(_BY_OBJECTIVE[objective]))
    return tuple(dict.fromkeys(_BY_FORMULA.get(formula, ())))
