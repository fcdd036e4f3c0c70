"""p-median on published instances: the OR-Library at hand, then sets of points up to 13,509.

Run: python -m benchmarks.bench_median [--seconds 30] [--runs 1].
"""

from __future__ import annotations

import argparse

from benchmarks.facility import run_instance
from benchmarks.instances import list_published
from benchmarks.measure import write_result

WANTED_GAP = 0.0


def run(seconds: float, runs: int) -> None:
    """Print both tables and write build/bench/median.json."""
    orlib = run_instance("orlib", seconds=600.0, runs=runs)
    right = sum(row["proven"] and row["value"] == row["optimum"] for row in orlib["rows"])
    print(
        f"OR-Library: {right} of {len(orlib['rows'])} proven, equal to the published optimum: {orlib['seconds']:.2f} s"
    )
    rows = []
    for name, places, best_known in list_published():
        found = run_instance("published", name, places, seconds, WANTED_GAP, runs)
        rows.append({"instance": name, "places": places, "best_known": best_known, **found})
        print(
            f"{name:9} {places:5} {found['value']:12.0f} {found['value'] / best_known - 1:9.4%} gap {found['gap']:9.5%}"
            f" {found['seconds']:7.2f} s {found['peak_mb']:6.0f} MB",
            flush=True,
        )
    write_result("median", {"seconds_allowed": seconds, "orlib": orlib, "rows": rows})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=25.0)
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    run(options.seconds, options.runs)
