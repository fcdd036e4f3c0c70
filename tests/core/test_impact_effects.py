"""What one desk-day changes, against the worked examples of the method (T22 to T24)."""

from __future__ import annotations

import numpy as np
import pytest

from ancrage.impact.costs import compute_annuity, compute_break_even_occupancy, compute_place_costs
from ancrage.impact.effects import compute_yearly_effects

BASE = {
    "weeks_per_year": 44.0,
    "office_day_share": 1.0,
    "indep_counterfactual_home": 1.0,
    "indep_other_km": 10.0,
    "commute_speed": 50.0,
    "commute_occupancy": 1.0,
    "ef_car_use": 0.193,
    "rebound_home": 0.25,
    "tl_building_energy": 0.0,
    "marginal_car_cost": 0.18,
    "value_of_time_commute": 12.6,
    "carbon_value": 250.0,
}


def run_effects(*, employees=0.0, office_km=0.0, independents=0.0, place_km=5.0, car=None, **changed):
    coefficients = {name: np.array([changed.get(name, value)]) for name, value in BASE.items()}
    drivers = employees if car is None else car
    return compute_yearly_effects(
        employees=np.array([employees]),
        office_km=np.array([employees * office_km]),
        office_minutes=np.array([employees * office_km * 1.2]),
        car=np.array([drivers]),
        car_office_km=np.array([drivers * office_km]),
        independents=np.array([independents]),
        independent_car_share=np.array([1.0]),
        place_km=np.array([place_km]),
        place_minutes=np.array([place_km * 1.2]),
        coefficients=coefficients,
    )


def test_effects_of_an_employee_match_case_t22():
    effects = run_effects(employees=2.0, office_km=35.0)
    assert effects.km[0] == pytest.approx(5280.0)
    assert effects.co2_gross[0] == pytest.approx(1019.04)
    assert effects.co2_net[0] == pytest.approx(764.28)
    assert effects.car_cost[0] == pytest.approx(950.40)
    assert effects.hours[0] == pytest.approx(2 * 2 * 44 * 30 * 1.2 / 60)


def test_effects_of_an_independent_who_worked_at_home_are_a_loss_as_in_case_t23():
    effects = run_effects(independents=2.0)
    assert effects.km[0] == pytest.approx(-880.0)
    assert effects.co2_gross[0] == pytest.approx(-169.84)
    # A loss has no rebound: it is not made smaller.
    assert effects.co2_net[0] == pytest.approx(-169.84)
    assert effects.car_cost[0] == pytest.approx(-158.40)


def test_effects_of_one_weekly_day_at_20_km_match_case_t24():
    effects = run_effects(employees=1.0, office_km=20.0, place_km=0.0, weeks_per_year=46.0)
    assert effects.km[0] == pytest.approx(1840.0)
    assert effects.co2_gross[0] == pytest.approx(355.12)
    assert effects.co2_net[0] == pytest.approx(266.34)


def test_effects_of_a_home_telework_day_are_negative_for_an_employee():
    effects = run_effects(employees=2.0, office_km=35.0, office_day_share=0.0)
    assert effects.km[0] == pytest.approx(-880.0)
    assert effects.co2_net[0] == pytest.approx(-169.84)


def test_effects_on_co2_count_car_users_only():
    effects = run_effects(employees=2.0, office_km=35.0, car=1.0)
    assert effects.km[0] == pytest.approx(5280.0)
    assert effects.car_km[0] == pytest.approx(2640.0)
    assert effects.co2_gross[0] == pytest.approx(509.52)


def test_effects_on_co2_subtract_the_energy_of_the_place():
    effects = run_effects(employees=2.0, office_km=35.0, tl_building_energy=0.3)
    assert effects.co2_building[0] == pytest.approx(2 * 44 * 0.3)
    assert effects.co2_net[0] == pytest.approx(764.28 - 26.4)


def test_effects_share_a_car_between_its_occupants():
    assert run_effects(employees=2.0, office_km=35.0, commute_occupancy=1.1).car_km[0] == pytest.approx(4800.0)


def test_social_value_adds_time_car_cost_and_carbon():
    effects = run_effects(employees=2.0, office_km=35.0)
    expected = effects.hours[0] * 12.6 + 950.40 + 0.76428 * 250.0
    assert effects.social_value[0] == pytest.approx(expected)


@pytest.mark.parametrize(("rate", "years", "expected"), [(0.0, 10.0, 0.1), (0.04, 15.0, 0.0899411), (0.05, 1.0, 1.05)])
def test_annuity_matches_hand_values(rate, years, expected):
    assert float(compute_annuity(np.array(rate), np.array(years))) == pytest.approx(expected, abs=1e-6)


def build_cost_coefficients():
    values = {
        "capex_per_m2": 1000.0,
        "gross_m2_per_desk": 12.0,
        "rent_province": 180.0,
        "running_cost_m2": 120.0,
        "facilitator_fte": 0.5,
        "facilitator_cost_fte": 48000.0,
        "loan_rate": 0.0,
        "loan_life": 10.0,
        "price_day": 15.0,
        "weeks_per_year": 46.0,
        "peak_share": 0.25,
        "occupancy_max": 0.8,
    }
    return {name: np.array([value]) for name, value in values.items()}


def test_place_costs_match_a_hand_sum():
    costs = compute_place_costs(build_cost_coefficients())
    assert costs.fixed[0] == 24_000.0
    assert costs.per_desk[0] == pytest.approx(12 * (100 + 180 + 120))
    assert costs.income[0] == 690.0
    assert costs.desks_per_day[0] == pytest.approx(0.3125)


def test_break_even_occupancy_matches_a_hand_sum():
    coefficients = build_cost_coefficients()
    costs = compute_place_costs(coefficients)
    # (24 000 + 8 x 4 800) / (8 desks x 5 days x 46 weeks x 15 EUR) = 62 400 / 27 600: never on sales alone.
    needed = compute_break_even_occupancy(costs, 8.0, coefficients["weeks_per_year"], coefficients["price_day"])
    assert float(needed[0]) == pytest.approx(62_400 / 27_600)
