"""Run every measurement, one process each, so that none inherits the memory or the caches of another."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.measure import REAL_DATA, ROOT

MODULES = (
    "bench_plan",
    "bench_draws",
    "bench_diagnosis",
    "bench_import",
    "bench_siting",
    "bench_median",
    "bench_national",
    "bench_region",
    "bench_peers",
    "bench_travel",
    "bench_sweep",
    "bench_site",
    "bench_convention",
)


def main() -> int:
    """Return how many measurements failed."""
    if not (REAL_DATA / "flows.parquet").exists():
        print(f"The benchmarks need a folder of real tables, and {REAL_DATA} holds none: set ANCRAGE_REAL_DATA.")
        return 1
    failed = 0
    for module in MODULES:
        print(f"\n== {module}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{module}"], cwd=ROOT, check=False)
        failed += done.returncode != 0
    subprocess.run([sys.executable, "-m", "benchmarks.page"], cwd=ROOT, check=True)
    print(f"\nResults: {ROOT / 'build' / 'bench'}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
