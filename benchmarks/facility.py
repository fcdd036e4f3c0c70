"""One solution of one instance in a process of its own, so that its memory is its own.

python -m benchmarks.facility KIND NAME PLACES SECONDS GAP prints one line of JSON. KIND: orlib (all instances in one
process), published, random-median, random-coverage, france-median, france-coverage, france-estimate, growth-median,
growth-coverage.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np

from ancrage.siting.facility import (
    FacilityPlan,
    solve_coverage,
    solve_coverage_points,
    solve_median,
    solve_median_points,
    warm_up_all,
)
from benchmarks import instances
from benchmarks.measure import ROOT
from benchmarks.peers import choose_radius

RUNS = 3


def solve_instance(kind: str, name: str, places: int, seconds: float, gap: float) -> FacilityPlan:
    """Return the plan of one instance; building it from points or costs is part of the work."""
    search: Any = {"deadline": seconds, "clock": time.perf_counter, "gap": gap}
    if kind == "published":
        return solve_median_points(instances.read_published(name).xy, places, metric="floor", **search)
    if kind.startswith("random"):
        points = instances.draw_points(int(name))
        if kind == "random-median":
            return solve_median_points(points.xy, places, metric="floor", weight=points.weight, **search)
        costs = instances.compute_costs(points)
        return solve_coverage(costs, places, choose_radius(len(costs), places), weight=points.weight, **search)
    france = instances.read_france()
    if name:
        # The communes around the middle of the country, so that small samples are as dense as large ones.
        middle = np.median(france.xy[france.xy[:, 1] > 40], axis=0)
        near = np.argsort(np.hypot(*((france.xy - middle) * [0.7, 1.0]).T), kind="stable")[: int(name)]
        france = instances.Points(name, france.xy[near], france.weight[near])
    if kind.endswith("median"):
        return solve_median_points(france.xy, places, metric="haversine", weight=france.weight, **search)
    return solve_coverage_points(
        france.xy, places, instances.COVERAGE_KM, metric="haversine", weight=france.weight, **search
    )


def solve_orlib(seconds: float) -> dict[str, Any]:
    """Return what the OR-Library instances at hand take together, and one line for each."""
    rows = []
    for name, costs, places, optimum in instances.read_orlib():
        start = time.perf_counter()
        plan = solve_median(costs, places, deadline=seconds, clock=time.perf_counter)
        rows.append(
            {
                "instance": name,
                "n": len(costs),
                "places": places,
                "value": plan.value,
                "optimum": optimum,
                "proven": plan.proven,
                "seconds": time.perf_counter() - start,
            }
        )
    return {"rows": rows, "seconds": sum(row["seconds"] for row in rows)}


def run_instance(
    kind: str, name: str = "", places: int = 0, seconds: float = 60.0, gap: float = 0.0, runs: int = RUNS
) -> dict[str, Any]:
    """Return the run of median time among `runs`, each in a process of its own.

    Raises
    ------
    RuntimeError : if a run fails.
    """
    found = []
    for _ in range(runs):
        command = [sys.executable, "-m", "benchmarks.facility", kind, name, str(places), str(seconds), str(gap)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command[2:])}: exit {done.returncode}\n{done.stderr}")
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return sorted(found, key=lambda run: run["seconds"])[len(found) // 2]


def main() -> None:
    """Solve and print."""
    kind, name, places, seconds, gap = sys.argv[1:]
    warm_up_all()
    if kind == "orlib":
        found = solve_orlib(float(seconds))
    else:
        start = time.perf_counter()
        plan = solve_instance(kind, name, int(places), float(seconds), float(gap))
        keys = ("value", "bound", "gap", "proven", "entries")
        found = {key: getattr(plan, key) for key in keys} | {"seconds": time.perf_counter() - start}
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found))


if __name__ == "__main__":
    main()
