"""Reach, commutes and desk-days, against sums done by hand and a direct reading of the formula."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ancrage.demand.desk_days import COEFFICIENTS, compute_acceptance, compute_desk_days
from ancrage.demand.reach import build_commutes, build_reach, list_commute_pairs
from ancrage.parameters import TELE_SHARE_BY_CLASS, load_parameters
from ancrage.territory.model import Flows, Mode
from ancrage.territory.travel import TravelPairs


def build_flows(rows):
    home, work, occupation, mode, workers = (np.array(column) for column in zip(*rows, strict=True))
    return Flows(
        home.astype(np.int64),
        work.astype(np.int64),
        occupation.astype(np.int8),
        mode.astype(np.int8),
        workers.astype(np.float64),
        2021,
        "observed",
        "observed",
    )


def prepare(flows, minutes, km, max_minutes=30.0, sites=(0, 1)):
    """Return reach and commutes of square travel tables `minutes` and `km`; every commune is a home."""
    n = len(minutes)
    homes, site_rows = np.arange(n), np.array(sites)
    origins, destinations = (x.ravel() for x in np.indices((n, len(sites))))
    reach = build_reach(
        homes,
        site_rows,
        origins,
        destinations,
        TravelPairs(minutes[origins, site_rows[destinations]], km[origins, site_rows[destinations]], True),
        max_minutes,
    )
    home, work, cell_pair = list_commute_pairs(flows)
    commutes = build_commutes(homes, flows, cell_pair, TravelPairs(minutes[home, work], km[home, work], True))
    return reach, commutes


def read_coefficients(**changed):
    parameters = load_parameters().with_preset("central")
    return {name: np.array([changed.get(name, parameters.get(name).value)]) for name in COEFFICIENTS}


MINUTES = np.array([[2.0, 12.0, 50.0], [12.0, 2.0, 60.0], [50.0, 60.0, 2.0]])
KM = np.array([[1.0, 9.0, 45.0], [9.0, 1.0, 52.0], [45.0, 52.0, 1.0]])


def test_acceptance_halves_at_the_half_time():
    assert compute_acceptance(np.array([0.0, 7.5, 15.0]), 7.5) == pytest.approx([1.0, 0.5, 0.25])


def test_desk_days_of_one_flow_match_the_formula():
    flows = build_flows([(0, 2, 3, Mode.CAR, 100.0)])
    reach, commutes = prepare(flows, MINUTES, KM)
    days = compute_desk_days(reach, commutes, read_coefficients())
    expected = 100 * 0.72 * 0.70 * 2.0 * 0.10 * 2 ** (-2.0 / 7.5)
    first = (reach.home == 0) & (reach.site == 0)
    assert days.employees[0, first] == pytest.approx([expected])
    assert days.office_km[0, first] == pytest.approx([expected * 45.0])
    assert days.office_minutes[0, first] == pytest.approx([expected * 50.0])
    assert days.car[0, first] == pytest.approx([expected])
    second = (reach.home == 0) & (reach.site == 1)
    assert days.employees[0, second] == pytest.approx([100 * 0.72 * 0.70 * 2.0 * 0.10 * 2 ** (-12.0 / 7.5)])


def test_a_flow_that_saves_less_than_the_minimum_is_not_eligible():
    flows = build_flows([(0, 1, 3, Mode.CAR, 100.0)])
    reach, commutes = prepare(flows, MINUTES, KM)
    assert compute_desk_days(reach, commutes, read_coefficients(min_time_saved=10.0)).employees[0, 0] == pytest.approx(
        100 * 0.72 * 0.70 * 2.0 * 0.10 * 2 ** (-2.0 / 7.5)
    )
    assert compute_desk_days(reach, commutes, read_coefficients(min_time_saved=10.5)).employees.sum() == 0.0


def test_a_site_beyond_the_access_time_gets_nobody():
    flows = build_flows([(0, 2, 3, Mode.CAR, 100.0)])
    reach, commutes = prepare(flows, MINUTES, KM)
    days = compute_desk_days(reach, commutes, read_coefficients(max_access_time_tl=5.0))
    assert days.employees[0, (reach.home == 0) & (reach.site == 1)].sum() == 0.0


def test_people_at_home_do_not_commute_but_the_self_employed_among_them_are_users():
    flows = build_flows([(0, 0, 3, Mode.HOME, 50.0), (0, 0, 2, Mode.HOME, 40.0)])
    reach, commutes = prepare(flows, MINUTES, KM)
    days = compute_desk_days(reach, commutes, read_coefficients())
    assert days.employees.sum() == 0.0
    assert days.independents[0, 0] == pytest.approx(40.0 * 0.05 * 2.0 * 2 ** (-2.0 / 7.5))


def test_workers_without_a_known_time_are_counted_apart():
    flows = build_flows([(0, -1, 3, Mode.CAR, 30.0), (0, 2, 3, Mode.CAR, 70.0)])
    _, commutes = prepare(flows, MINUTES, KM)
    assert commutes.without_minutes == 30.0
    assert commutes.workers[0] == 100.0


def test_unreachable_sites_have_no_arc():
    minutes = MINUTES.copy()
    minutes[0, 1] = np.nan
    reach, _ = prepare(build_flows([(0, 2, 3, Mode.CAR, 1.0)]), minutes, KM)
    assert reach.site[reach.home == 0].tolist() == [0]


def test_car_share_leaves_out_people_at_home():
    flows = build_flows([(0, 2, 3, Mode.CAR, 60.0), (0, 2, 3, Mode.PUBLIC_TRANSPORT, 40.0), (0, 0, 2, Mode.HOME, 99.0)])
    _, commutes = prepare(flows, MINUTES, KM)
    assert commutes.car_share[0] == pytest.approx(0.6)
    assert commutes.car_share[1] == 1.0


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(-1, 2), st.integers(1, 6), st.sampled_from(list(Mode)), st.floats(0.1, 500)
        ),
        min_size=1,
        max_size=25,
    ),
    st.floats(0, 20),
    st.floats(5, 40),
)
def test_desk_days_equal_a_direct_reading_of_the_formula(rows, min_saved, max_access):
    flows = build_flows(rows)
    reach, commutes = prepare(flows, MINUTES, KM, max_minutes=40.0)
    coefficients = read_coefficients(min_time_saved=min_saved, max_access_time_tl=max_access)
    days = compute_desk_days(reach, commutes, coefficients)
    value = {name: float(array[0]) for name, array in coefficients.items()}
    for arc in range(len(reach.home)):
        home, minutes = reach.home[arc], reach.minutes[arc]
        employees = office_km = 0.0
        for h, w, c, mode, workers in rows:
            if h != home or w < 0 or mode == Mode.HOME or minutes > max_access:
                continue
            if MINUTES[h, w] - minutes < min_saved:
                # At the exact threshold both readings are legitimate up to rounding of the sum.
                if abs(MINUTES[h, w] - minutes - min_saved) < 1e-6:
                    return
                continue
            part = (
                workers
                * value[TELE_SHARE_BY_CLASS[c]]
                * value["takeup_if_teleworkable"]
                * value["days_per_week"]
                * value["share_telework_days_in_tl"]
                * 2 ** (-minutes / value["half_time"])
            )
            employees += part
            office_km += part * KM[h, w]
        assert days.employees[0, arc] == pytest.approx(employees, rel=1e-9, abs=1e-9)
        assert days.office_km[0, arc] == pytest.approx(office_km, rel=1e-9, abs=1e-9)
