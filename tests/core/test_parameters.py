"""Parameters: the bundled values, and how they are asked for."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ancrage.errors import ParameterError
from ancrage.parameters import LETTERS, TELE_SHARE_BY_CLASS, UNITS, load_parameters

# First day, hourly [EUR], monthly for 35 hours [EUR], twice and four times the monthly amount.
SMIC = [
    ("2008-05-01", "8.63", "1308.88", "2617.76", "5235.52"),
    ("2008-07-01", "8.71", "1321.02", "2642.04", "5284.08"),
    ("2009-07-01", "8.82", "1337.70", "2675.40", "5350.80"),
    ("2010-01-01", "8.86", "1343.77", "2687.54", "5375.08"),
    ("2011-01-01", "9.00", "1365.00", "2730.00", "5460.00"),
    ("2011-12-01", "9.19", "1393.82", "2787.64", "5575.28"),
    ("2012-01-01", "9.22", "1398.37", "2796.74", "5593.48"),
    ("2012-07-01", "9.40", "1425.67", "2851.34", "5702.68"),
    ("2013-01-01", "9.43", "1430.22", "2860.44", "5720.88"),
    ("2014-01-01", "9.53", "1445.38", "2890.76", "5781.52"),
    ("2015-01-01", "9.61", "1457.52", "2915.04", "5830.08"),
    ("2016-01-01", "9.67", "1466.62", "2933.24", "5866.48"),
    ("2017-01-01", "9.76", "1480.27", "2960.54", "5921.08"),
    ("2018-01-01", "9.88", "1498.47", "2996.94", "5993.88"),
    ("2019-01-01", "10.03", "1521.22", "3042.44", "6084.88"),
    ("2020-01-01", "10.15", "1539.42", "3078.84", "6157.68"),
    ("2021-01-01", "10.25", "1554.58", "3109.16", "6218.32"),
    ("2021-10-01", "10.48", "1589.47", "3178.94", "6357.88"),
    ("2022-01-01", "10.57", "1603.12", "3206.24", "6412.48"),
    ("2022-05-01", "10.85", "1645.58", "3291.16", "6582.32"),
    ("2022-08-01", "11.07", "1678.95", "3357.90", "6715.80"),
    ("2023-01-01", "11.27", "1709.28", "3418.56", "6837.12"),
    ("2023-05-01", "11.52", "1747.20", "3494.40", "6988.80"),
    ("2024-01-01", "11.65", "1766.92", "3533.84", "7067.68"),
    ("2024-11-01", "11.88", "1801.80", "3603.60", "7207.20"),
    ("2026-01-01", "12.02", "1823.03", "3646.06", "7292.12"),
    ("2026-06-01", "12.31", "1867.02", "3734.04", "7468.08"),
]
STARTS = [date.fromisoformat(row[0]) for row in SMIC]

# Name, central, low, high, letter.
EXPECTED = [
    ("tele_share_cadres", 0.72, 0.65, 0.80, "S"),
    ("tele_share_prof_inter", 0.48, 0.40, 0.55, "S"),
    ("tele_share_employes", 0.36, 0.21, 0.40, "S"),
    ("tele_share_artisans_chefs", 0.33, 0.25, 0.40, "S"),
    ("tele_share_ouvriers", 0.02, 0.00, 0.04, "S"),
    ("tele_share_agriculteurs", 0.03, 0.00, 0.05, "S"),
    ("takeup_if_teleworkable", 0.70, 0.50, 0.80, "S"),
    ("days_per_week", 1.9, 1.4, 2.1, "S"),
    ("days_target_founding_text", 2.5, 2, 3, "S"),
    ("weeks_per_year", 46, 44, 47, "S"),
    ("employer_allows_other_place", 0.18, 0.10, 0.31, "S"),
    ("share_telework_days_in_tl", 0.05, 0.01, 0.15, "A"),
    ("max_access_time_tl", 15, 10, 30, "S"),
    ("min_time_saved", 10, 5, 20, "S"),
    ("distance_decay_half", 5, 3, 8, "A"),
    ("rural_commute_median", 13, 10, 20, "S"),
    ("road_detour", 1.3, 1.2, 1.4, "A"),
    ("car_share_rural", 0.90, 0.80, 0.95, "A"),
    ("commute_occupancy", 1.1, 1.0, 1.4, "A"),
    ("ef_car_use", 0.193, 0.168, 0.212, "D"),
    ("ef_car_use_plus_build", 0.228, 0.20, 0.25, "D"),
    ("ef_ev_use", 0.019, 0.018, 0.024, "D"),
    ("rebound_home", 0.25, 0.15, 0.33, "S"),
    ("tl_building_energy", 0.3, 0.1, 0.8, "A"),
    ("check_saving_ademe", 271, 170, 460, "S"),
    ("indep_share_of_users", 0.60, 0.40, 0.80, "A"),
    ("indep_counterfactual_home", 0.70, 0.50, 0.90, "A"),
    ("marginal_car_cost", 0.18, 0.13, 0.25, "D"),
    ("full_car_cost_5cv", 0.473, 0.427, 0.636, "D"),
    ("value_of_time_commute", 12.6, 10.6, 15, "S"),
    ("commute_speed", 50, 40, 60, "A"),
    ("check_time_saved", 73, 50, 80, "S"),
    ("check_purchasing_power", 124, 60, 124, "S"),
    ("local_spend_per_day", 8, 4, 15, "A"),
    ("spend_displacement", 0.5, 0.3, 0.8, "A"),
    ("local_multiplier_income", 1.2, 1.1, 1.4, "A"),
    ("tradable_job_multiplier", 0.8, 0.3, 1.2, "S"),
    ("carbon_value", 250, 100, 300, "A"),
    ("gross_m2_per_desk", 12, 8, 15, "A"),
    ("capex_per_m2", 1000, 750, 1750, "S"),
    ("rent_share_of_costs", 0.50, 0.40, 0.60, "S"),
    ("rent_province", 180, 60, 300, "A"),
    ("facilitator_fte", 0.5, 0, 1, "A"),
    ("price_day", 15, 10, 26, "S"),
    ("price_month", 170, 150, 350, "S"),
    ("occupancy_y1", 0.20, 0.10, 0.35, "A"),
    ("occupancy_y2", 0.40, 0.25, 0.55, "A"),
    ("occupancy_y3", 0.55, 0.40, 0.70, "A"),
    ("public_subsidy_share", 0.50, 0.20, 0.70, "S"),
    ("revit_cost_per_job_target", 5100, 3700, 7470, "D"),
    ("aid_per_job_created", 3000, 1000, 5000, "A"),
    ("office_day_share", 0.50, 0.25, 0.75, "A"),
    ("half_time", 7.5, 4.5, 12, "D"),
    ("indep_adoption", 0.05, 0.02, 0.10, "A"),
    ("indep_days", 2, 1, 3, "A"),
    ("indep_other_km", 10, 5, 20, "A"),
    ("peak_share", 0.25, 0.22, 0.35, "A"),
    ("occupancy_max", 0.80, 0.70, 0.90, "A"),
    ("desks_min", 4, 3, 6, "A"),
    ("desks_max", 40, 20, 60, "A"),
    ("existing_place_desks", 12, 8, 20, "D"),
    ("facilitator_cost_fte", 48000, 36000, 60000, "D"),
    ("running_cost_m2", 120, 90, 240, "D"),
    ("loan_rate", 0.04, 0.03, 0.05, "A"),
    ("loan_life", 15, 10, 20, "A"),
]


# --- Bundled values


@pytest.mark.parametrize(("since", "hourly", "monthly", "twice", "four_times"), SMIC)
def test_smic_matches_the_official_table(since, hourly, monthly, twice, four_times):
    day = date.fromisoformat(since)
    amount = load_parameters().get("smic_monthly_gross", on=day).money

    assert load_parameters().get("smic_hourly_gross", on=day).money == Decimal(hourly)
    assert amount == Decimal(monthly)
    assert 2 * amount == Decimal(twice)
    assert 4 * amount == Decimal(four_times)


def test_smic_monthly_follows_from_the_hourly_amount_rounded_half_up():
    params = load_parameters()
    hourly, monthly = params.list_periods("smic_hourly_gross"), params.list_periods("smic_monthly_gross")

    computed = [
        (row.since, row.until, (row.money * 35 * 52 / 12).quantize(Decimal("0.01"), ROUND_HALF_UP)) for row in hourly
    ]

    assert len(monthly) == 27
    assert [(row.since, row.until, row.money) for row in monthly] == computed


def test_smic_periods_follow_each_other_without_hole():
    periods = load_parameters().list_periods("smic_monthly_gross")

    assert [period.since for period in periods] == STARTS
    assert all(before.until + timedelta(days=1) == after.since for before, after in pairwise(periods))
    assert periods[-1].until == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("jobs", "times", "day", "expected"),
    [
        (180, 2, date(2026, 1, 1), "656290.80"),
        (180, 4, date(2026, 1, 1), "1312581.60"),
        (180, 2, date(2026, 6, 1), "672127.20"),
        (180, 4, date(2026, 6, 1), "1344254.40"),
        (120, 2, date(2026, 6, 30), "448084.80"),
        (120, 3, date(2026, 6, 30), "672127.20"),
        (120, 4, date(2026, 6, 30), "896169.60"),
        (290, 4, date(2010, 5, 3), "1558773.20"),
    ],
)
def test_smic_gives_known_contributions(jobs, times, day, expected):
    assert load_parameters().get("smic_monthly_gross", on=day).money * jobs * times == Decimal(expected)


@pytest.mark.parametrize("day", [date(2008, 4, 30), date(1990, 1, 1), date(2027, 1, 1), date(2030, 6, 1)])
def test_smic_outside_known_periods_is_an_error_never_the_nearest(day):
    with pytest.raises(ParameterError) as caught:
        load_parameters().get("smic_monthly_gross", on=day)

    for sentence in (caught.value.text.en, caught.value.text.fr):
        assert f"{day}" in sentence
        assert "2008-05-01" in sentence
        assert "2026-12-31" in sentence


@given(st.dates(date(2008, 5, 1), date(2026, 12, 31)))
def test_smic_of_a_day_is_the_latest_that_has_started(day):
    period = load_parameters().get("smic_hourly_gross", on=day)

    assert period.since == max(start for start in STARTS if start <= day)
    assert period.until >= day


def test_smic_without_date_is_an_error():
    with pytest.raises(ParameterError, match=r"'smic_monthly_gross' changes with time .* a date is needed"):
        load_parameters().get("smic_monthly_gross")


@pytest.mark.parametrize(("name", "value", "low", "high", "letter"), EXPECTED)
def test_coefficient_has_its_published_value(name, value, low, high, letter):
    found = load_parameters().get(name)

    assert (found.value, found.low, found.high, found.letter) == (value, low, high, letter)


@pytest.mark.parametrize("name", load_parameters().names())
def test_every_parameter_is_sourced_and_named_in_both_languages(name):
    for period in load_parameters().list_periods(name):
        assert period.name == name
        assert period.letter in LETTERS
        assert period.unit in UNITS
        assert all((period.label.en, period.label.fr, period.render_source("en"), period.render_source("fr")))
        assert bool(period.render_note("en")) == bool(period.render_note("fr"))
        assert period.topic in load_parameters().list_topics()


def test_every_assumption_says_so_in_its_source():
    for coefficient in load_parameters().list():
        if coefficient.letter == "A":
            assert "ssumption of the project" in coefficient.source, coefficient.name
            assert "ypothèse du projet" in coefficient.source_fr, coefficient.name


def test_legal_values_say_that_they_are_to_be_checked():
    for name in ("smic_hourly_gross", "smic_monthly_gross", "full_car_cost_5cv", "revit_cost_per_job_target"):
        for period in load_parameters().list_periods(name):
            assert "o be checked against Légifrance" in period.note
            assert "vérifier sur Légifrance" in period.note_fr


def test_smic_is_verified_on_the_day_it_was_read():
    assert {row.verified_on for row in load_parameters().list_periods("smic_hourly_gross")} == {date(2026, 7, 23)}


def test_telework_shares_give_the_worked_example():
    params = load_parameters()
    residents = {1: 300, 2: 700, 3: 1100, 4: 2100, 5: 2300, 6: 2000}

    jobs = sum(count * params.get(TELE_SHARE_BY_CLASS[cs1]).value for cs1, count in residents.items())

    assert round(jobs) == 2908
    assert round(jobs * params.get("takeup_if_teleworkable").value) == 2036


def test_derived_values_follow_from_their_arithmetic():
    params = load_parameters()
    decay, half_time = params.get("distance_decay_half"), params.get("half_time")
    running = params.get("running_cost_m2")

    assert [x / 40 * 60 for x in (decay.low, decay.value, decay.high)] == [4.5, half_time.value, half_time.high]
    assert (running.low, running.high) == (1500 * 12 / 200, 4000 * 12 / 200)
    assert int(150 / params.get("gross_m2_per_desk").value) == params.get("existing_place_desks").value
    assert params.get("full_car_cost_5cv").value == round(5679 / 12000, 3)
    assert params.get("ef_ev_use").value == round(0.0121 * 1.6, 3)
    assert params.get("ef_car_use_plus_build").value == round((0.1106 + 0.0317) * 1.6, 3)
    assert params.get("ef_car_use").low == round(4.68 * 1.17 * 3.07 / 100, 3)
    assert params.get("ef_car_use").high == round(6.49 * 1.21 * 2.70 / 100, 3)


# --- Questions


def test_unknown_parameter_offers_the_nearest_names():
    with pytest.raises(ParameterError) as caught:
        load_parameters().get("price_dai")

    assert caught.value.text.en.startswith("Unknown parameter 'price_dai'. Did you mean: price_day")
    assert caught.value.text.fr.startswith("Paramètre « price_dai » inconnu. Vouliez-vous dire : price_day")


def test_undated_parameter_holds_on_any_day():
    params = load_parameters()

    assert params.get("price_day", on=date(1950, 1, 1)) == params.get("price_day")


def test_money_is_refused_for_what_is_not_euros():
    with pytest.raises(ParameterError, match="'weeks_per_year' is in week/year, not in euros"):
        _ = load_parameters().get("weeks_per_year").money


def test_list_without_date_gives_every_period():
    params = load_parameters()

    listed = params.list()

    # 27 minimum wages, hourly and monthly; two periods each for the time of the prefect, the share of property, de
    # minimis and three URSSAF values.
    assert len(listed) == len(params.names()) - 8 + 2 * 27 + 6 * 2
    assert list(dict.fromkeys(coefficient.name for coefficient in listed)) == list(params.names())


def test_list_on_a_day_gives_each_value_once_and_leaves_out_the_unknown():
    params = load_parameters()

    assert [found.name for found in params.list(date(2026, 6, 1))] == list(params.names())
    missing = set(params.names()) - {found.name for found in params.list(date(2027, 1, 1))}
    yearly = {name for name in params.names() if name.startswith(("smic_", "urssaf_", "km_scale_"))}
    assert missing == yearly
