"""What other tools find on the same instance: spopt with HiGHS, and a sparse model given to HiGHS alone.

Run in a process of its own (its memory is measured): python -m benchmarks.peers PEER PROBLEM N PLACES SECONDS
prints one line of JSON. Points come from `draw_points(N)`; costs are Euclidean distances rounded down.
"""

from __future__ import annotations

import json
import math
import resource
import sys
import time
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from benchmarks.instances import compute_costs, draw_points

FloatArray = NDArray[np.float64]
SEED = 1
MEMORY = 8 * 1024**3
"""Bytes that a peer may take."""


def choose_radius(n: int, places: int) -> float:
    """Return the radius for which `places` discs have the area of the square: some 65 to 70 % can be covered."""
    del n
    return math.floor(math.sqrt(1000.0 * 1000.0 / (math.pi * places)))


def solve_spopt(problem: str, costs: FloatArray, weight: FloatArray, places: int, seconds: float) -> tuple[float, str]:
    """Return value and status of spopt with HiGHS through PuLP."""
    import pulp
    from spopt.locate import MCLP, PMedian

    solver = pulp.HiGHS(msg=False, timeLimit=seconds, gapRel=0.0)
    if problem == "p-median":
        model = PMedian.from_cost_matrix(costs, weight, p_facilities=places)
    else:
        model = MCLP.from_cost_matrix(costs, weight, choose_radius(len(costs), places), p_facilities=places)
    model.problem.solve(solver)
    return float(pulp.value(model.problem.objective) or math.nan), pulp.LpStatus[model.problem.status]


def solve_highs(problem: str, costs: FloatArray, weight: FloatArray, places: int, seconds: float) -> tuple[float, str]:
    """Return value and status of HiGHS on a sparse model: covered homes, or uses of sites."""
    n, m = costs.shape
    median = problem == "p-median"
    home, site = np.nonzero(np.ones_like(costs) if median else costs <= choose_radius(n, places))
    k = home.size
    lp = highspy.HighsLp()
    if median:
        # Columns: m openings, k uses. Rows: a home is served once (n), only by an open site (k), `places` sites (1).
        lp.num_col_, lp.num_row_ = m + k, n + k + 1
        lp.col_cost_ = np.concatenate([np.zeros(m), weight[home] * costs[home, site]])
        lp.row_lower_ = np.concatenate([np.ones(n), np.full(k, -highspy.kHighsInf), [places]])
        lp.row_upper_ = np.concatenate([np.ones(n), np.zeros(k), [places]])
        lp.integrality_ = [highspy.HighsVarType.kInteger] * m + [highspy.HighsVarType.kContinuous] * k
        column = np.concatenate([site, np.arange(m), m + np.arange(k), m + np.arange(k)])
        line = np.concatenate([n + np.arange(k), np.full(m, n + k), home, n + np.arange(k)])
        number = np.concatenate([-np.ones(k), np.ones(m), np.ones(k), np.ones(k)])
    else:
        # Columns: m openings, n homes covered. Rows: a home is covered by an open site (n), `places` sites (1).
        lp.num_col_, lp.num_row_ = m + n, n + 1
        lp.col_cost_ = np.concatenate([np.zeros(m), -weight])
        lp.row_lower_ = np.concatenate([np.full(n, -highspy.kHighsInf), [places]])
        lp.row_upper_ = np.concatenate([np.zeros(n), [places]])
        lp.integrality_ = [highspy.HighsVarType.kInteger] * m + [highspy.HighsVarType.kContinuous] * n
        column = np.concatenate([site, np.arange(m), m + np.arange(n)])
        line = np.concatenate([home, np.full(m, n), np.arange(n)])
        number = np.concatenate([-np.ones(k), np.ones(m), np.ones(n)])
    lp.col_lower_, lp.col_upper_ = np.zeros(lp.num_col_), np.ones(lp.num_col_)
    order = np.argsort(column, kind="stable")
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(np.bincount(column, minlength=lp.num_col_))])
    lp.a_matrix_.index_, lp.a_matrix_.value_ = line[order], number[order]
    model = highspy.Highs()
    model.silent()
    model.setOptionValue("mip_rel_gap", 0.0)
    model.setOptionValue("time_limit", seconds)
    model.passModel(lp)
    model.run()
    value = model.getInfo().objective_function_value
    return (value if median else -value), model.modelStatusToString(model.getModelStatus())


def main() -> None:
    """Solve one instance and print what was found."""
    peer, problem, n, places, seconds = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    points = draw_points(int(n), SEED)
    costs = compute_costs(points)
    start = time.perf_counter()
    solver = {"spopt": solve_spopt, "highs": solve_highs}[peer]
    value, status = solver(problem, costs, points.weight, int(places), float(seconds))
    found: dict[str, Any] = {
        "value": value,
        "status": status,
        "seconds": time.perf_counter() - start,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
