"""Maximal coverage and set covering: complete enumeration, bounds that hold, refusals, determinism."""

from __future__ import annotations

import time
from itertools import combinations, count

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from ancrage.errors import InputError
from ancrage.siting._benefits import Benefits, build_benefits, compute_value
from ancrage.siting._cover import Prices, build_prices, improve_prices, settle_node
from ancrage.siting._cover_anneal import build_cover, choose_half
from ancrage.siting._cover_exact import build_core, list_dominated, solve_core
from ancrage.siting.cover import is_cover, solve_cover, solve_covering

few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def build_case(reach, weight, fixed=None, state=None, places=2) -> Benefits:
    """Return benefits from a 0/1 matrix of homes and sites."""
    reach = np.asarray(reach, dtype=bool)
    row = np.concatenate([[0], np.cumsum(reach.sum(axis=1))])
    m = reach.shape[1]
    return build_benefits(
        row,
        np.nonzero(reach)[1],
        np.repeat(np.asarray(weight, dtype=float), reach.sum(axis=1)),
        fixed=np.zeros(m) if fixed is None else np.asarray(fixed, dtype=float),
        state=np.zeros(m, dtype=np.int8) if state is None else np.asarray(state, dtype=np.int8),
        places=places,
    )


def list_plans(benefits: Benefits):
    """Return every set of sites that respects the constraints."""
    imposed = np.flatnonzero(benefits.state > 0)
    free = np.flatnonzero(benefits.state == 0)
    for size in range(benefits.places - imposed.size + 1):
        for chosen in combinations(free, size):
            opened = benefits.state > 0
            opened[list(chosen)] = True
            yield opened


@st.composite
def cases(draw, fixed=True):
    n, m = draw(st.integers(0, 9)), draw(st.integers(1, 7))
    reach = draw(st.lists(st.lists(st.booleans(), min_size=m, max_size=m), min_size=n, max_size=n))
    weight = draw(st.lists(st.sampled_from([0, 1, 1, 2, 5, 9, 0.3]), min_size=n, max_size=n))
    costs = draw(st.lists(st.sampled_from([0, 0, 1, 3, -1]), min_size=m, max_size=m)) if fixed else None
    state = np.array(draw(st.lists(st.sampled_from([0, 0, 0, 1, -1]), min_size=m, max_size=m)))
    places = draw(st.integers(int((state > 0).sum()), m))
    return build_case(np.array(reach, dtype=bool).reshape(n, m), weight, costs, state, places)


def draw_case(n: int, places: int, seed: int) -> Benefits:
    """Return points of a square that cover those near them."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 1, (n, 2))
    near = ((points[:, None] - points) ** 2).sum(axis=2) <= 1.2 / (np.pi * places)
    return build_case(near, rng.integers(1, 100, n), places=places)


@few
@given(cases())
def test_solve_cover_finds_the_best_of_all_plans(benefits):
    best = max(compute_value(benefits, opened) for opened in list_plans(benefits))
    found = solve_cover(benefits)
    assert found.proven
    assert found.value == pytest.approx(best, abs=1e-9)
    assert found.value == compute_value(benefits, found.open)
    assert found.bound >= best - 1e-12
    assert found.open.sum() <= benefits.places
    assert found.open[benefits.state > 0].all()
    assert not found.open[benefits.state < 0].any()


@few
@given(cases(fixed=False), st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]))
def test_solve_covering_finds_the_fewest_sites(benefits, share):
    wide = benefits._replace(places=benefits.fixed.size)
    wanted = share * build_cover(benefits).weight.sum() - 1e-9
    fewest = min(int(o.sum()) for o in list_plans(wide) if compute_value(wide, o) >= wanted)
    found = solve_covering(benefits, share)
    assert (found.count, found.bound, found.proven) == (fewest, fewest, True)
    assert found.covered >= wanted
    assert found.open[benefits.state > 0].all()


@few
@given(cases(), st.integers(0, 3))
def test_bound_holds_when_the_search_is_cancelled(benefits, patience):
    best = max(compute_value(benefits, opened) for opened in list_plans(benefits))
    asked = count()
    found = solve_cover(benefits, cancelled=lambda: next(asked) >= patience)
    assert found.value <= best + 1e-9
    assert best - 1e-9 <= found.bound


def bound_prices(benefits: Benefits) -> Prices:
    """Return prices of the whole after some steps."""
    cover = build_cover(benefits)
    prices = build_prices(cover.weight.size, cover.fixed.size)
    prices.state[:] = benefits.state
    base = settle_node(cover, prices, benefits.places)
    prices.score[:] = [np.inf, 1.0, 0.0, -np.inf, -np.inf]
    improve_prices(cover, prices, base, 100)
    return prices


@few
@given(cases(), st.sampled_from([-1e-7, -1.0, 0.5]))
def test_integer_programme_finds_the_best_of_all_plans(benefits, above):
    best = max(compute_value(benefits, opened) for opened in list_plans(benefits))
    prices = bound_prices(benefits)
    core = build_core(build_cover(benefits), prices, benefits.places, best + above)
    plan, bound = solve_core(core, best + above, None)
    if above > 0.0:
        assert (plan, bound) == (None, best + above)
    else:
        assert plan is not None
        assert compute_value(benefits, plan) == pytest.approx(best, abs=1e-6)
        assert plan.sum() <= benefits.places
        assert best - 1e-9 <= bound <= best + 1e-4


def test_programme_out_of_time_keeps_no_bound():
    benefits = draw_case(300, 12, 5)
    core = build_core(build_cover(benefits), bound_prices(benefits), benefits.places, 0.0)
    assert solve_core(core, 1.0, 0.0) == (None, np.inf)


def test_dominated_sites_keep_one_of_equals_and_those_that_earn():
    # Sites 0 and 1 are equal, 2 covers less, 3 covers less and earns, 4 is cheaper than 0 and covers the same.
    reach = csr_array(np.array([[1.0, 1, 1, 1, 1, 0], [1, 1, 0, 0, 1, 0], [0, 0, 0, 0, 0, 1]]))
    fixed = np.array([2.0, 2, 2, -1, 1, 0])
    assert list_dominated(reach, fixed).tolist() == [True, True, True, False, False, False]
    assert list_dominated(reach, np.zeros(6)).tolist() == [False, True, True, True, True, False]


def test_core_makes_one_row_of_homes_that_the_same_sites_cover():
    benefits = build_case([[1, 1, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]], [1, 2, 4, 8], places=2)
    core = build_core(build_cover(benefits), bound_prices(benefits), 2, -np.inf)
    assert (core.base, core.places, sorted(core.weight)) == (0.0, 2, [3.0, 4.0, 8.0])
    # Site 1 covers all that site 0 covers.
    assert core.site.tolist() == [1, 2]


def test_deadline_leaves_time_to_the_programme_and_proves():
    benefits = draw_case(300, 12, 5)
    found = solve_cover(benefits, deadline=30.0, clock=time.perf_counter)
    assert found.proven
    assert found.value == solve_cover(benefits).value


def test_solve_cover_proves_a_case_with_an_integrality_gap():
    # Three homes, each pair shares a site: the relaxed plan covers all with 1.5 sites, one site covers two.
    found = solve_cover(build_case([[1, 1, 0], [1, 0, 1], [0, 1, 1]], [1, 1, 1], places=1))
    assert (found.value, found.bound, found.proven) == (2.0, 2.0, True)


def test_coverage_grows_with_places_and_keeps_its_bound():
    found = [solve_cover(draw_case(60, 5, 3)._replace(places=p)) for p in range(7)]
    values = [each.value for each in found]
    assert values == sorted(values)
    assert values[0] == 0.0
    assert all(each.proven for each in found)


def test_solve_cover_is_the_same_for_a_seed():
    benefits = draw_case(80, 6, 1)
    first, again = solve_cover(benefits, seed=4), solve_cover(benefits, seed=4)
    assert np.array_equal(first.open, again.open)
    assert (first.value, first.bound, first.nodes) == (again.value, again.bound, again.nodes)


def test_warm_plan_is_never_lost():
    benefits = draw_case(300, 12, 2)
    good = solve_cover(benefits, gap=0.02)
    found = solve_cover(benefits, warm=good.open, cancelled=lambda: True)
    assert found.value >= good.value


def test_deadline_ends_the_search_with_a_valid_bound():
    benefits = draw_case(300, 12, 5)
    ticks = count()
    seen = []
    found = solve_cover(benefits, deadline=40, clock=lambda: float(next(ticks)), progress=seen.append)
    assert found.bound >= found.value > 0.0
    assert seen[-1].seconds >= 40 or found.proven
    assert [s.value for s in seen] == sorted(s.value for s in seen)
    assert [s.bound for s in seen] == sorted((s.bound for s in seen), reverse=True)


def test_halves_share_no_home():
    benefits = draw_case(400, 40, 6)
    cover = build_cover(benefits)
    half = np.zeros(cover.fixed.size, dtype=np.int8)
    choose_half(cover, 17, half)
    home = np.repeat(np.arange(400), np.diff(cover.row))
    touched = [np.unique(home[half[cover.site] == side]) for side in (0, 1)]
    assert np.intersect1d(*touched).size == 0
    assert min(each.size for each in touched) > 50


def test_is_cover_tells_coverage_from_other_benefits():
    benefits = build_case([[1, 1], [0, 1]], [2, 3])
    assert is_cover(benefits)
    assert is_cover(build_case(np.zeros((2, 2)), [1, 1]))
    mixed = benefits._replace(value=np.array([2.0, 1.0, 3.0]))
    assert not is_cover(mixed)
    with pytest.raises(InputError, match="different values to one home"):
        solve_cover(mixed)


def test_solve_covering_says_what_can_be_covered():
    benefits = build_case([[1, 0], [0, 0], [0, 1]], [1, 2, 1])
    with pytest.raises(InputError, match=r"cover 0\.5 of the weight"):
        solve_covering(benefits, 0.75, total=4.0)
    assert solve_covering(benefits, 0.5, total=4.0).count == 2
    assert solve_covering(benefits, 1.0).count == 2


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_solve_covering_refuses_a_share_out_of_range(share):
    with pytest.raises(InputError, match="between 0 and 1"):
        solve_covering(build_case([[1]], [1]), share)


def test_a_deadline_needs_a_clock():
    benefits = build_case([[1]], [1])
    with pytest.raises(InputError, match="without a clock"):
        solve_cover(benefits, deadline=1.0)
    with pytest.raises(InputError, match="without a clock"):
        solve_covering(benefits, 1.0, deadline=1.0)
