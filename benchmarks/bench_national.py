"""All of France: p-median and coverage within 15 minutes, then growth of time and memory with the number of communes.

Run: python -m benchmarks.bench_national [--seconds 60] [--runs 1].
"""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.facility import run_instance
from benchmarks.measure import write_result

MEDIAN_GAP, COVERAGE_GAP = 1e-4, 2e-3
SIZES = (100, 300, 1_000, 3_000, 10_000, 20_000, 34_875)


def show(label: str, found: dict[str, Any]) -> None:
    """Print one line."""
    print(
        f"{label:28} {found['value']:15.0f} gap {found['gap']:9.5%} {found['seconds']:7.2f} s"
        f" {found['peak_mb']:6.0f} MB {found['entries']:10} entries",
        flush=True,
    )


def run(seconds: float, runs: int) -> None:
    """Print and write build/bench/national.json."""
    rows = []
    for places in (100, 1_000, 2_500):
        found = run_instance("france-median", "", places, seconds, MEDIAN_GAP, runs)
        rows.append({"problem": "p-median", "places": places, **found})
        show(f"p-median, {places} places", found)
    found = run_instance("france-coverage", "", 1_000, 2 * seconds, COVERAGE_GAP, runs)
    rows.append({"problem": "coverage", "places": 1_000, **found})
    show("coverage, 1,000 places", found)
    growth: list[dict[str, Any]] = []
    gaps = {"median": MEDIAN_GAP, "coverage": COVERAGE_GAP}
    result = {"seconds_allowed": seconds, "gaps": gaps, "rows": rows, "growth": growth}
    write_result("national", result)
    for kind, gap in (("growth-median", MEDIAN_GAP), ("growth-coverage", COVERAGE_GAP)):
        for n in SIZES:
            found = run_instance(kind, str(n), max(2, round(n / 35)), seconds / 2, gap, runs)
            growth.append({"problem": kind.removeprefix("growth-"), "n": n, **found})
            show(f"{kind} {n}", found)
            write_result("national", result)
    write_result("national", result)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    run(options.seconds, options.runs)
