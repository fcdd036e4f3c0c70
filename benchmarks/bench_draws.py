"""Robustness: seconds, share of draws proven and mean best value, against the work allowed per draw."""

from __future__ import annotations

import time

from ancrage.opendata.load import load_territory
from ancrage.opendata.store import open_store
from ancrage.opendata.travel_points import read_points
from ancrage.parameters import load_parameters
from ancrage.siting import robustness
from ancrage.siting.solve import solve, warm_up
from ancrage.study.draws import draw_network
from ancrage.study.inputs import build_inputs, build_problem, compute_effects, compute_use, read_central
from ancrage.study.run import choose_parameters
from ancrage.study.settings import StudySettings
from ancrage.territory.travel_estimate import build_estimate
from benchmarks.measure import REAL_DATA, write_result

EPCI, BUDGET = "200072544", 150_000.0


def run() -> list[dict[str, float]]:
    """Measure and write build/bench/draws.json."""
    warm_up()
    tables = open_store(REAL_DATA)
    provider = build_estimate(read_points(tables))
    settings = StudySettings(epci=(EPCI,), budget=BUDGET)
    parameters = choose_parameters(settings, load_parameters())
    territory = load_territory(tables, settings.epci, provider, 30.0)
    inputs = build_inputs(settings, territory, parameters, provider)
    central = read_central(parameters)
    use = compute_use(inputs, central)
    problem = build_problem(settings, inputs, central, use, compute_effects(inputs, use, central, slice(None)))
    best = solve(problem)
    drawn = draw_network(settings, inputs, parameters, best.open)
    rows = []
    in_use = robustness.DRAW_WORK
    for work in (100_000, in_use, 400_000, 1_000_000, 4_000_000):
        robustness.DRAW_WORK = work
        start = time.perf_counter()
        found = robustness.solve_draws(problem, drawn.draws, best)
        seconds = time.perf_counter() - start
        rows.append(
            {"work": work, "seconds": seconds, "proven": found.proven, "mean_best": float(found.best_value.mean())}
        )
    robustness.DRAW_WORK = in_use
    write_result("draws", {"draws": settings.draws, "in_use": in_use, "rows": rows})
    return rows


if __name__ == "__main__":
    for row in run():
        shown = f"{row['seconds']:6.2f} s  {row['proven']:6.1%} proven  mean {row['mean_best']:9.1f}"
        print(f"{row['work']:>9,} arcs  {shown}")
