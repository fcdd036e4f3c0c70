"""A published instance with a known optimum: OR-Library p-median, where the siting engine has no cost to weigh."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ancrage.siting.evaluate import check_plan
from ancrage.siting.problem import SitingProblem
from ancrage.siting.solve import solve


def read_p_median(folder: Path, name: str, n: int, places: int) -> tuple[SitingProblem, float]:
    """Read a p-median instance as a siting problem: value = largest cost - cost, nearest site first."""
    path = folder / "siting" / "orlib_pmed.npz"
    if not path.exists():
        pytest.skip("the OR-Library instances are not in the folder of real data")
    upper = np.load(path)[name].astype(np.float64)
    cost = np.zeros((n, n))
    cost[np.triu_indices(n, 1)] = upper
    cost += cost.T
    order = np.argsort(cost, axis=1, kind="stable")
    largest = float(cost.max())
    value = largest - np.take_along_axis(cost, order, axis=1)
    codes = np.arange(n).astype(str)
    nothing = np.zeros(n)
    closed = np.zeros(n, dtype=np.bool_)
    problem = SitingProblem(
        home_code=codes,
        site_code=codes,
        row=np.arange(n + 1) * n,
        site=order.ravel(),
        value=value.ravel(),
        demand=np.ones(n * n),
        fixed_cost=nothing,
        desk_cost=nothing,
        income=nothing,
        desks_per_day=1.0,
        desks_min=np.zeros(n, dtype=np.int64),
        desks_max=np.full(n, n),
        imposed=closed,
        excluded=closed,
        budget=None,
        max_places=places,
        unit="cost avoided",
    )
    return problem, n * largest


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "n", "places", "optimum"), [("pmed1", 100, 5, 5819), ("pmed3", 100, 10, 4250)])
def test_solve_proves_the_published_optimum_of_a_p_median(real_data, name, n, places, optimum):
    problem, whole = read_p_median(real_data, name, n, places)
    plan = solve(problem)
    check_plan(problem, plan)
    assert plan.status == "optimal"
    assert whole - plan.evaluation.value == optimum
