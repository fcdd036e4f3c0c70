"""Good plans on sparse benefits, against every set of sites of small cases and against sums from scratch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ancrage.siting import _benefit_moves as moves
from ancrage.siting import _benefit_state as states
from ancrage.siting._benefit_plan import (
    build_plan_state,
    grow_greedy,
    improve_plan,
    load_plan,
    search_locally,
)
from ancrage.siting._benefits import Benefits, build_benefits, compute_value


def draw_benefits(
    seed: int, *, homes: int = 10, sites: int = 8, whole: bool | None = None, costs: bool | None = None
) -> Benefits:
    """Draw a case of any kind: ties or not, costs or not (some negative), imposed and excluded sites, empty rows."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(0, homes + 1)), int(rng.integers(1, sites + 1))
    whole = bool(rng.random() < 0.5) if whole is None else whole
    costs = bool(rng.random() < 0.5) if costs is None else costs
    lists = [rng.permutation(m)[: rng.integers(0, m + 1)] for _ in range(n)]
    site = np.concatenate([np.zeros(0, dtype=np.int64), *lists]).astype(np.int64)
    value = rng.integers(0, 5, site.size).astype(np.float64) if whole else rng.uniform(0, 5, site.size)
    state = rng.choice([-1, 0, 0, 0, 0, 1], m).astype(np.int8)
    fixed = rng.integers(-1, 5, m).astype(np.float64) if costs else np.zeros(m)
    row = np.cumsum([0, *map(len, lists)])
    places = int(rng.integers((state > 0).sum(), m + 1))
    return build_benefits(row, site, value, fixed=fixed, state=state, places=places)


def draw_points(seed: int, n: int, places: int, *, costs: float = 0.0, reach: float | None = None) -> Benefits:
    """Draw points of a square: p-median with whole distances, or coverage within `reach`; every point is a site."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 1000, (n, 2))
    distance = np.floor(np.hypot(*(points[:, None] - points[None, :]).transpose(2, 0, 1)))
    value = 400.0 - distance if reach is None else np.where(distance <= reach, rng.integers(1, 9, n)[:, None], 0.0)
    return build_benefits(
        np.arange(n + 1) * n,
        np.tile(np.arange(n), n),
        value.ravel(),
        fixed=np.full(n, costs),
        state=np.zeros(n, dtype=np.int8),
        places=places,
    )


def list_plans(benefits: Benefits) -> dict[tuple[bool, ...], float]:
    """Return the value of every set of sites that respects the constraints."""
    plans = {}
    for chosen in itertools.product([False, True], repeat=benefits.fixed.size):
        opened = np.array(chosen)
        wrong = np.any(opened & (benefits.state < 0)) or np.any(~opened & (benefits.state > 0))
        if not wrong and opened.sum() <= benefits.places:
            plans[chosen] = compute_value(benefits, opened)
    return plans


def check_state(benefits: Benefits, state: states.PlanState) -> None:
    """Compare what was kept up to date move after move with what a new state sums from scratch."""
    fresh = build_plan_state(benefits)
    load_plan(benefits, fresh, state.opened.copy())
    for name in ("opened", "rank1", "rank2", "site1", "value1", "value2"):
        np.testing.assert_array_equal(getattr(state, name), getattr(fresh, name), name)
    np.testing.assert_allclose(state.loss[state.opened], fresh.loss[fresh.opened], rtol=1e-9, atol=1e-9)
    assert state.tally[states.OPEN] == fresh.tally[states.OPEN] == state.opened.sum()
    least = state.key.min()
    assert state.tree[1] == np.flatnonzero(state.key == least)[0]


def start_search(benefits: Benefits) -> tuple[states.PlanState, np.ndarray, np.ndarray, float]:
    """Return a state that holds a local optimum, its plan, every site as a candidate, and its value."""
    state = build_plan_state(benefits)
    opened = np.zeros(benefits.fixed.size, dtype=np.bool_)
    everyone = np.ones(benefits.fixed.size, dtype=np.bool_)
    grow_greedy(benefits, state, opened)
    return state, opened, everyone, improve_plan(benefits, state, opened, everyone)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_greedy_respects_the_constraints_and_returns_its_value(seed):
    benefits = draw_benefits(seed)
    state = build_plan_state(benefits)
    opened = np.zeros(benefits.fixed.size, dtype=np.bool_)
    value = grow_greedy(benefits, state, opened)
    plans = list_plans(benefits)
    assert value == plans[tuple(opened.tolist())]
    gains = [other - value for plan, other in plans.items() if np.all(opened <= np.array(plan))]
    assert opened.sum() == benefits.places or max(gains) <= 1e-9


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_greedy_opens_the_site_that_gains_most_at_each_step(seed):
    benefits = draw_benefits(seed, whole=True)
    expected = benefits.state > 0
    while expected.sum() < benefits.places:
        value = compute_value(benefits, expected)
        gains = np.full(expected.size, -np.inf)
        for s in np.flatnonzero(~expected & (benefits.state == 0)):
            gains[s] = compute_value(benefits, expected | (np.arange(expected.size) == s)) - value
        if not gains.size or gains.max() <= 0:
            break
        expected[np.argmax(gains)] = True
    opened = np.zeros(expected.size, dtype=np.bool_)
    grow_greedy(benefits, build_plan_state(benefits), opened)
    np.testing.assert_array_equal(opened, expected)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_greedy_keeps_its_guarantee_without_costs(seed):
    benefits = draw_benefits(seed, costs=False)._replace(state=np.zeros(8, dtype=np.int8))
    benefits = benefits._replace(state=np.zeros(benefits.fixed.size, dtype=np.int8))
    opened = np.zeros(benefits.fixed.size, dtype=np.bool_)
    value = grow_greedy(benefits, build_plan_state(benefits), opened)
    assert value >= (1 - 1 / np.e) * max(list_plans(benefits).values()) - 1e-9


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_improved_plan_has_no_better_neighbour(seed, empty):
    benefits = draw_benefits(seed)
    state = build_plan_state(benefits)
    opened = np.zeros(benefits.fixed.size, dtype=np.bool_)
    if not empty:
        grow_greedy(benefits, state, opened)
    value = improve_plan(benefits, state, opened, np.ones(opened.size, dtype=np.bool_))
    plans = list_plans(benefits)
    assert value == plans[tuple(opened.tolist())]
    for plan, other in plans.items():
        differs = np.array(plan) != opened
        if differs.sum() == 1 or (differs.sum() == 2 and sum(plan) == opened.sum()):
            assert other <= value + 1e-9
    check_state(benefits, state)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 300.0]), st.sampled_from([None, 150.0]))
def test_search_keeps_ranks_and_losses_up_to_date(seed, costs, reach):
    benefits = draw_points(seed, 40, 6, costs=costs, reach=reach)
    state, opened, everyone, value = start_search(benefits)
    found = search_locally(benefits, state, opened, everyone, 40, seed)
    assert found == compute_value(benefits, opened) >= value
    assert opened.sum() <= 6
    check_state(benefits, state)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_undo_puts_everything_back_bit_for_bit(seed, near):
    benefits = draw_points(seed, 30, 5, costs=0.1)
    state, _, _, _ = start_search(benefits)
    if not near:
        load_plan(benefits, state, state.opened.copy())
    rng = np.random.default_rng(seed)
    names = ("opened", "rank1", "rank2", "site1", "value1", "value2", "loss", "key", "tree")
    before = {name: getattr(state, name).copy() for name in names}
    total, value = int(state.tally[states.OPEN]), compute_value(benefits, state.opened)
    for _ in range(4):
        enter, leave = rng.choice(np.flatnonzero(~state.opened)), rng.choice(np.flatnonzero(state.opened))
        moves.apply_move(benefits, state, *[(enter, leave), (enter, -1), (-1, leave)][rng.integers(3)])
    change = compute_value(benefits, state.opened) - value
    assert moves.compute_change(benefits, state) == pytest.approx(change, abs=1e-9)
    moves.undo_moves(benefits, state)
    for name in names:
        np.testing.assert_array_equal(getattr(state, name), before[name], name)
    assert state.tally[states.OPEN] == total


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_best_swap_is_the_best_of_all_closures(seed):
    benefits = draw_points(seed, 25, 4, costs=1.5)
    state, opened, _, value = start_search(benefits)
    for enter in np.flatnonzero(~opened):
        gain, change, leave = moves.find_swap(benefits, state, enter)
        trial = opened.copy()
        trial[enter] = True
        assert gain == pytest.approx(compute_value(benefits, trial) - value, abs=1e-9)
        changes = {}
        for s in np.flatnonzero(opened):
            trial[s] = False
            changes[int(s)] = compute_value(benefits, trial) - value
            trial[s] = True
        assert change == pytest.approx(max(changes.values()), abs=1e-9)
        assert changes[leave] == pytest.approx(change, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_search_never_touches_imposed_nor_excluded_sites(seed):
    benefits = draw_points(seed, 30, 6)
    rng = np.random.default_rng(seed)
    state = rng.permutation(np.repeat([1, -1, 0], [3, 10, 17])).astype(np.int8)
    _, opened, everyone, _ = start_search(benefits._replace(state=state))
    plan = build_plan_state(benefits)
    search_locally(benefits._replace(state=state), plan, opened, everyone, 100, 1)
    assert np.all(opened[state > 0])
    assert not np.any(opened[state < 0])
    assert opened.sum() <= 6


def test_search_opens_only_candidates_besides_the_plan():
    benefits = draw_points(3, 60, 8)
    state, opened, _, _ = start_search(benefits)
    start = opened.copy()
    candidates = np.arange(60) % 5 == 0
    search_locally(benefits, state, opened, candidates, 500, 1)
    assert np.all(candidates | start | ~opened)


def test_search_goes_on_as_one_longer_call():
    benefits = draw_points(5, 120, 10, costs=0.37)
    results = []
    for calls in ([3000], [700, 1, 1299, 1000]):
        state, opened, everyone, _ = start_search(benefits)
        for kicks in calls:
            value = search_locally(benefits, state, opened, everyone, kicks, 7)
        results.append((value, opened.tolist(), state.opened.tolist(), state.loss.tolist(), int(state.random[0])))
    assert results[0] == results[1]


def test_search_follows_another_plan_given_to_it():
    benefits = draw_points(6, 60, 5)
    state, _, everyone, value = start_search(benefits)
    other = np.arange(60) < 5
    assert compute_value(benefits, other) < value
    assert search_locally(benefits, state, other, everyone, 1, 1) == compute_value(benefits, other)
    assert other.sum() == 5


def test_search_finds_the_best_plan_of_small_cases():
    for seed in range(20):
        benefits = draw_benefits(seed, homes=14, sites=10)
        state, opened, everyone, _ = start_search(benefits)
        value = search_locally(benefits, state, opened, everyone, 300, 1)
        assert value == pytest.approx(max(list_plans(benefits).values()), abs=1e-9)


def test_search_does_not_depend_on_the_order_of_homes_in_value():
    benefits = draw_points(8, 80, 7, reach=200.0)
    order = np.random.default_rng(0).permutation(80)
    rows = [slice(int(benefits.row[i]), int(benefits.row[i + 1])) for i in order]
    moved = build_benefits(
        np.cumsum([0, *(r.stop - r.start for r in rows)]),
        np.concatenate([benefits.site[r] for r in rows]),
        np.concatenate([benefits.value[r] for r in rows]),
        fixed=benefits.fixed,
        state=benefits.state,
        places=benefits.places,
    )
    first, second = start_search(benefits), start_search(moved)
    np.testing.assert_array_equal(first[1], second[1])
    assert first[3] == second[3]


@pytest.mark.parametrize("places", [0, 3])
def test_empty_rows_and_no_home_give_a_null_plan(places):
    for homes in (0, 4):
        benefits = build_benefits(
            np.zeros(homes + 1, dtype=np.int64),
            np.zeros(0, dtype=np.int64),
            np.zeros(0),
            fixed=np.zeros(3),
            state=np.zeros(3, dtype=np.int8),
            places=places,
        )
        state, opened, everyone, value = start_search(benefits)
        assert value == search_locally(benefits, state, opened, everyone, 50, 1) == 0.0
        assert opened.sum() <= places


def test_no_place_closes_what_was_open_and_opens_nothing():
    benefits = draw_points(9, 20, 0)
    state = build_plan_state(benefits)
    opened = np.ones(20, dtype=np.bool_)
    assert load_plan(benefits, state, opened) == 0.0
    assert not opened.any()
    assert search_locally(benefits, state, opened, np.ones(20, dtype=np.bool_), 50, 1) == 0.0
    assert not opened.any()


def test_site_that_earns_money_opens_without_any_home():
    benefits = build_benefits(
        np.array([0, 1]),
        np.array([0]),
        np.array([5.0]),
        fixed=np.array([1.0, -2.0, -3.0]),
        state=np.array([0, 0, -1], dtype=np.int8),
        places=3,
    )
    _, opened, _, value = start_search(benefits)
    assert opened.tolist() == [True, True, False]
    assert value == 6.0


def test_improvement_ends_from_an_empty_plan_of_great_values():
    benefits = draw_points(11, 60, 8)
    benefits = benefits._replace(value=benefits.value * (1e12 / 7))
    state = build_plan_state(benefits)
    opened = np.zeros(60, dtype=np.bool_)
    value = improve_plan(benefits, state, opened, np.ones(60, dtype=np.bool_))
    assert value == compute_value(benefits, opened)
    for enter, leave in itertools.product(np.flatnonzero(~opened), np.flatnonzero(opened)):
        trial = opened.copy()
        trial[[enter, leave]] = True, False
        assert compute_value(benefits, trial) <= value * (1 + 1e-11)
