"""Presets, values given by the user, and draws."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from ancrage.errors import ParameterError
from ancrage.parameters import Override, load_parameters

# --- Presets


@pytest.mark.parametrize(
    ("preset", "days", "takeup", "in_place"),
    [
        ("observed", (1.4, 1.9, 2.1, "S"), (0.5, 0.7, 0.8, "S"), (0.01, 0.05, 0.15, "A")),
        ("central", (1.4, 2.0, 2.5, "A"), (0.5, 0.7, 0.8, "S"), (0.03, 0.10, 0.20, "A")),
        ("ambition", (2.0, 2.5, 3.0, "S"), (0.7, 0.8, 0.9, "A"), (0.15, 0.30, 0.45, "A")),
    ],
)
def test_preset_sets_its_three_coefficients(preset, days, takeup, in_place):
    params = load_parameters().with_preset(preset)
    names = ("days_per_week", "takeup_if_teleworkable", "share_telework_days_in_tl")
    found = [params.get(name) for name in names]

    assert params.preset == preset
    assert tuple(found) == tuple(params.list_presets()[preset].values[name] for name in names)
    assert [coefficient.name for coefficient in found] == list(names)
    assert [(c.low, c.value, c.high, c.letter) for c in found] == [days, takeup, in_place]
    assert params.overrides == ()
    assert not any(coefficient.overridden for coefficient in found)


def test_preset_in_force_by_default_is_observed():
    params = load_parameters()

    assert params.preset == "observed"
    assert params.list() == params.with_preset("observed").list()


def test_preset_leaves_other_coefficients_alone():
    before, after = load_parameters(), load_parameters().with_preset("ambition")

    changed = {x.name for x, y in zip(before.list(), after.list(), strict=True) if x != y}

    assert changed == {"days_per_week", "takeup_if_teleworkable", "share_telework_days_in_tl"}


def test_unknown_preset_offers_the_nearest_names():
    with pytest.raises(ParameterError) as caught:
        load_parameters().with_preset("ambitious")

    assert caught.value.text.en == "Unknown preset 'ambitious'. Did you mean: ambition?"


# --- Overrides


def test_override_with_a_number_fixes_the_value():
    params = load_parameters().with_overrides({"price_day": 18.0})
    found = params.get("price_day")

    assert (found.low, found.value, found.high, found.overridden) == (18.0, 18.0, 18.0, True)
    assert (found.letter, found.source, found.source_fr) == (
        "A",
        "value given by the user",
        "valeur donnée par l'utilisateur",
    )
    assert found.note.startswith("replaces 15 (10 - 26) [S]: neo-nomade 2016")
    assert found.money == Decimal("18.0")
    assert load_parameters().get("price_day").value == 15


def test_overrides_list_what_the_user_gave_in_file_order():
    params = load_parameters().with_overrides({"max_access_time_tl": (10, 15, 20)}).with_overrides({"price_day": 18})

    assert params.overrides == (
        Override("price_day", "EUR/day", default=15.0, value=18.0, low=18.0, high=18.0),
        Override("max_access_time_tl", "min", default=15.0, value=15.0, low=10.0, high=20.0),
    )


def test_override_wins_over_the_preset_in_either_order():
    first = load_parameters().with_preset("ambition").with_overrides({"days_per_week": 2.2})
    second = load_parameters().with_overrides({"days_per_week": 2.2}).with_preset("ambition")

    assert first.list() == second.list()
    assert first.overrides == second.overrides
    assert first.get("days_per_week").value == 2.2
    assert first.overrides[0].default == 2.5
    assert first.get("takeup_if_teleworkable").value == 0.8


def test_override_accepts_numpy_numbers_and_lists():
    params = load_parameters().with_overrides({"price_day": np.float64(12.5), "min_time_saved": [1, 2, 3]})

    assert [(o.name, o.low, o.value, o.high) for o in params.overrides] == [
        ("price_day", 12.5, 12.5, 12.5),
        ("min_time_saved", 1.0, 2.0, 3.0),
    ]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("price_dai", 3, "Unknown parameter 'price_dai'. Did you mean: price_day"),
        ("price_day", float("nan"), "nan is not a finite number"),
        ("price_day", float("inf"), "inf is not a finite number"),
        ("price_day", (10, float("nan"), 20), "nan is not a finite number"),
        ("price_day", -1, "-1 is impossible in 'EUR/day'. Give a number at least 0."),
        ("price_day", (20, 15, 10), "20, 15, 10 is not in the order low, central, high"),
        ("price_day", (10, 30, 20), "10, 30, 20 is not in the order low, central, high"),
        ("price_day", (10, 15), "(10, 15) is neither a number nor three numbers"),
        ("price_day", "18", "'18' is neither a number nor three numbers"),
        ("price_day", True, "True is neither a number nor three numbers"),
        ("price_day", None, "None is neither a number nor three numbers"),
        ("office_day_share", 1.2, "1.2 is impossible in 'share'"),
        ("office_day_share", (0.5, 0.9, 1.5), "1.5 is impossible in 'share'"),
        ("half_time", 0, "0 is impossible in 'min'. Give a number above 0."),
        ("occupancy_max", 0, "0 is impossible in 'share'. Give a number above 0 and at most 1."),
        ("commute_occupancy", 0.9, "0.9 is impossible in 'people/car'. Give a number at least 1."),
        ("days_per_week", 8, "8 is impossible in 'days/week'"),
        ("smic_monthly_gross", 2000, "'smic_monthly_gross' is a dated value"),
    ],
)
def test_override_refuses_a_wrong_value(name, value, message):
    with pytest.raises(ParameterError) as caught:
        load_parameters().with_overrides({name: value})

    assert message in caught.value.text.en
    assert name in caught.value.text.fr


# --- Draws


def test_draw_is_repeatable_and_each_name_keeps_its_stream():
    params = load_parameters()

    alone = params.draw(["price_day"], 50, seed=7)["price_day"]
    among = params.draw(["half_time", "price_day", "loan_rate"], 50, seed=7)

    assert alone.tolist() == among["price_day"].tolist()
    assert list(among) == ["half_time", "price_day", "loan_rate"]
    assert params.draw(["price_day"], 20, seed=7)["price_day"].tolist() == alone[:20].tolist()
    assert params.draw(["price_day"], 50, seed=8)["price_day"].tolist() != alone.tolist()


def test_draw_gives_the_same_numbers_on_every_machine():
    drawn = load_parameters().draw(["price_day"], 3, seed=1)["price_day"]

    assert drawn == pytest.approx([16.30700795, 16.62634137, 15.78406866], abs=1e-8)


def test_draw_gives_different_streams_to_equal_intervals():
    params = load_parameters().with_overrides({"price_day": (1, 2, 3), "indep_days": (1, 2, 3)})
    drawn = params.draw(["price_day", "indep_days"], 2000, seed=3)

    assert abs(np.corrcoef(drawn["price_day"], drawn["indep_days"])[0, 1]) < 0.1


def test_draw_follows_the_triangular_law():
    drawn = load_parameters().draw(["max_access_time_tl"], 20_000, seed=5)["max_access_time_tl"]

    assert drawn.min() >= 10
    assert drawn.max() <= 30
    # Mean (a + b + c) / 3 and probability below the mode (mode - low) / (high - low).
    assert drawn.mean() == pytest.approx(55 / 3, abs=0.1)
    assert (drawn < 15).mean() == pytest.approx(0.25, abs=0.01)


def test_draw_of_a_value_without_interval_is_constant():
    fixed = load_parameters().with_overrides({"price_day": 18})

    without_interval = "turnover_per_job"
    assert load_parameters().get(without_interval).low is None
    assert load_parameters().draw([without_interval], 2, seed=0)[without_interval].tolist() == [35500.0, 35500.0]
    assert fixed.draw(["price_day"], 2, seed=0)["price_day"].tolist() == [18.0, 18.0]


@pytest.mark.parametrize(("count", "seed"), [(0, 1), (-3, 1), (5, -1)])
def test_draw_refuses_an_impossible_request(count, seed):
    with pytest.raises(ParameterError, match=f"{count} draws with seed {seed} cannot be made"):
        load_parameters().draw(["price_day"], count, seed)


def test_draw_refuses_a_dated_parameter():
    with pytest.raises(ParameterError, match="a date is needed"):
        load_parameters().draw(["smic_hourly_gross"], 5, seed=1)
