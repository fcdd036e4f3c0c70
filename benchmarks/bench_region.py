"""Île-de-France as one problem: savings by number of places, then frontiers of 50 limits.

Three problems on the same region. Savings: census flows, places cost nothing (`bench_siting.build_benefits`). Equal
costs: the same, every place at the same cost, under a budget. Sized: the problem that `ancrage plan` would solve on
the whole region (desks in whole numbers, costs and income by desk), under a budget.
Run: python -m benchmarks.bench_region [--limits 50].
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from ancrage.opendata.load import load_territory
from ancrage.opendata.store import open_store
from ancrage.opendata.travel_points import read_points
from ancrage.parameters import load_parameters
from ancrage.siting.evaluate import check_plan
from ancrage.siting.explore import compute_frontier
from ancrage.siting.facility import warm_up_all
from ancrage.siting.problem import SitingProblem
from ancrage.siting.solve import solve, warm_up
from ancrage.study.inputs import build_inputs, build_problem, compute_effects, compute_use, read_central
from ancrage.study.run import choose_parameters
from ancrage.study.settings import StudySettings
from ancrage.territory.travel_estimate import build_estimate
from benchmarks.bench_siting import build_benefits
from benchmarks.measure import REAL_DATA, write_result

GAP = 1e-4
COST = 50_000.0


def build_sized(budget: float) -> SitingProblem:
    """Return the problem of a study of the whole region."""
    tables = open_store(REAL_DATA)
    communes = tables.scan("communes").select("epci_code", "region").unique().collect()
    area = sorted({code for code, region in communes.iter_rows() if region == "11" and code})
    provider = build_estimate(read_points(tables))
    settings = StudySettings(epci=tuple(area), budget=budget, draws=0)
    parameters = choose_parameters(settings, load_parameters())
    territory = load_territory(tables, settings.epci, provider, 30.0)
    inputs = build_inputs(settings, territory, parameters, provider)
    central = read_central(parameters)
    use = compute_use(inputs, central)
    return build_problem(settings, inputs, central, use, compute_effects(inputs, use, central, slice(None)))


def measure_frontier(
    name: str, problem: SitingProblem, limits: Sequence[float], by: Literal["budget", "places"], deadline: float
) -> dict[str, Any]:
    """Return seconds and gaps of one sweep over the limits; every plan is checked."""
    start = time.perf_counter()
    points = compute_frontier(problem, limits, by, deadline=deadline, clock=time.perf_counter, gap=GAP)
    seconds = time.perf_counter() - start
    for point in points:
        limited = replace(problem, **({"budget": point.limit} if by == "budget" else {"max_places": int(point.limit)}))
        check_plan(limited, point.plan)
    gaps = np.array([point.plan.gap for point in points])
    row = {
        "name": name,
        "homes": problem.home_code.size,
        "sites": problem.site_code.size,
        "arcs": problem.site.size,
        "limits": len(points),
        "seconds": seconds,
        "within": int(np.sum(gaps <= GAP)),
        "median_gap": float(np.median(gaps)),
        "worst_gap": float(gaps.max()),
    }
    print(row, flush=True)
    return row


def run(count: int) -> None:
    """Print and write build/bench/region.json."""
    warm_up()
    warm_up_all()
    savings = build_benefits(REAL_DATA, None)
    rows = []
    for places in (5, 10, 20, 30, 50, 75, 100):
        limited = replace(savings, max_places=places)
        plan = solve(limited, deadline=60.0, clock=time.perf_counter, gap=GAP / 10)
        check_plan(limited, plan)
        rows.append({"places": places, "value": plan.evaluation.value, "gap": plan.gap, "seconds": plan.seconds})
        print(rows[-1], flush=True)
    limits = np.linspace(2, 100, count).round()
    paid = replace(savings, max_places=None, fixed_cost=np.full(savings.site_code.size, COST))
    sized = build_sized(1e6)
    frontiers = [
        measure_frontier("number of places", savings, list(limits), "places", 5.0),
        measure_frontier("budget, equal costs", paid, list(limits * COST), "budget", 5.0),
        measure_frontier("budget, desks in whole numbers", sized, list(np.linspace(5e5, 2.5e7, count)), "budget", 2.0),
    ]
    write_result("region", {"gap": GAP, "rows": rows, "frontiers": frontiers})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limits", type=int, default=50)
    run(parser.parse_args().limits)
