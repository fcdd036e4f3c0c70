"""What one desk-day changes: kilometres, hours, CO2 and euros (method.md, section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

COEFFICIENTS: tuple[str, ...] = (
    "weeks_per_year",
    "office_day_share",
    "indep_counterfactual_home",
    "indep_other_km",
    "commute_speed",
    "commute_occupancy",
    "ef_car_use",
    "rebound_home",
    "tl_building_energy",
    "marginal_car_cost",
    "value_of_time_commute",
    "carbon_value",
)


@dataclass(frozen=True)
class YearlyEffects:
    """Effects per year, any shape (draws x arcs in practice); a loss is negative and never clipped.

    Attributes
    ----------
    km : person-kilometres avoided; hours : hours of travel saved.
    car_km : vehicle-kilometres avoided.
    co2_gross, co2_rebound, co2_building : [kgCO2e]; co2_net = gross - rebound - building.
    car_cost : [EUR] marginal cost of the vehicle-kilometres avoided.
    social_value : [EUR] hours, car cost and net CO2 at their reference values.
    desk_days : desk-days per year.
    """

    km: FloatArray
    hours: FloatArray
    car_km: FloatArray
    co2_gross: FloatArray
    co2_rebound: FloatArray
    co2_building: FloatArray
    car_cost: FloatArray
    social_value: FloatArray
    desk_days: FloatArray

    @property
    def co2_net(self) -> FloatArray:
        """Return the CO2 avoided after rebound and building energy [kgCO2e]."""
        return self.co2_gross - self.co2_rebound - self.co2_building


def compute_yearly_effects(
    *,
    employees: FloatArray,
    office_km: FloatArray,
    office_minutes: FloatArray,
    car: FloatArray,
    car_office_km: FloatArray,
    independents: FloatArray,
    independent_car_share: FloatArray,
    place_km: FloatArray,
    place_minutes: FloatArray,
    coefficients: Mapping[str, FloatArray],
) -> YearlyEffects:
    """Turn weekly desk-days into yearly effects.

    Parameters
    ----------
    employees, car, independents : weekly desk-days (people who commute, car users among them, self-employed at home).
    office_km, office_minutes, car_office_km : desk-days x one-way km or minutes to the work place.
    independent_car_share : share of the self-employed who would come by car.
    place_km, place_minutes : one-way travel to the place.
    coefficients : every name of COEFFICIENTS; arrays broadcast against the desk-days.

    Notes
    -----
    Employee: km = 2 (office_day_share l(home, work) - l(home, place)) per desk-day, the place day replacing an office
    day with probability office_day_share, else a telework day at home. Self-employed: -2 l(home, place) for those who
    would have stayed at home, 2 (l_other - l(home, place)) for the others. The rebound takes a share of a saving, never
    of a loss (domain.md T22 and T23).
    """
    c = coefficients
    trips = 2.0 * c["weeks_per_year"]
    office = c["office_day_share"]
    home = c["indep_counterfactual_home"]

    independent_trip_km = (1 - home) * c["indep_other_km"] - place_km
    other_minutes = 60.0 * c["indep_other_km"] / c["commute_speed"]
    independent_trip_minutes = (1 - home) * other_minutes - place_minutes

    km = trips * (office * office_km - employees * place_km + independents * independent_trip_km)
    hours = (
        trips * (office * office_minutes - employees * place_minutes + independents * independent_trip_minutes) / 60.0
    )
    employee_car_km = trips * (office * car_office_km - car * place_km) / c["commute_occupancy"]
    independent_car_km = trips * independents * independent_car_share * independent_trip_km / c["commute_occupancy"]
    car_km = employee_car_km + independent_car_km
    saved = np.maximum(employee_car_km, 0.0) + np.maximum(independent_car_km, 0.0)
    desk_days = c["weeks_per_year"] * (employees + independents)
    co2_gross = car_km * c["ef_car_use"]
    co2_rebound = saved * c["ef_car_use"] * c["rebound_home"]
    co2_building = desk_days * c["tl_building_energy"]
    car_cost = car_km * c["marginal_car_cost"]
    social_value = (
        hours * c["value_of_time_commute"]
        + car_cost
        + (co2_gross - co2_rebound - co2_building) / 1000.0 * c["carbon_value"]
    )
    return YearlyEffects(km, hours, car_km, co2_gross, co2_rebound, co2_building, car_cost, social_value, desk_days)
