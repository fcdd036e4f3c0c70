"""p-median and coverage against spopt with HiGHS and a sparse model in HiGHS, on the same random points.

A peer is stopped past a time (its best plan, if any, is shown) and past a memory. spopt builds a variable for every
pair of points in p-median: it is not tried above the first size at which it stopped.
Run: python -m benchmarks.bench_peers [--seconds 200].
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import Any

from benchmarks.facility import run_instance
from benchmarks.measure import ROOT, write_result

SIZES = (500, 1_000, 2_000, 5_000)


def run_peer(peer: str, problem: str, n: int, places: int, seconds: float) -> dict[str, Any]:
    """Return what a peer found, or how it ended."""
    command = [sys.executable, "-m", "benchmarks.peers", peer, problem, str(n), str(places), str(seconds)]
    try:
        # Building the model is not stopped by the solver's own limit.
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=1.5 * seconds)
    except subprocess.TimeoutExpired:
        return {"status": f"stopped after {1.5 * seconds:.0f} s"}
    if done.returncode:
        cause = "memory" if "Memory" in done.stderr or "bad_alloc" in done.stderr else done.stderr.strip()[-200:]
        return {"status": f"failed: {cause}"}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def run(seconds: float) -> None:
    """Print and write build/bench/peers.json."""
    rows = []
    for problem in ("p-median", "coverage"):
        gone = set()
        for n in SIZES:
            places = n // 50
            kind = "random-median" if problem == "p-median" else "random-coverage"
            row: dict[str, Any] = {"problem": problem, "n": n, "places": places}
            row["ancrage"] = run_instance(kind, str(n), places, seconds, 0.0, runs=1)
            for peer in ("spopt", "highs"):
                if peer in gone:
                    row[peer] = {"status": "not tried"}
                    continue
                row[peer] = run_peer(peer, problem, n, places, seconds)
                if row[peer]["status"] != "Optimal":
                    gone.add(peer)
            rows.append(row)
            print(json.dumps(row), flush=True)
    write_result("peers", {"seconds_allowed": seconds, "rows": rows})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=200.0)
    options = parser.parse_args()
    run(options.seconds)
