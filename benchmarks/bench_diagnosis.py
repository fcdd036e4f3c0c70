"""The diagnosis of every EPCI in one run: what is national is computed once, then each EPCI is placed in it."""

from __future__ import annotations

import time
from typing import Any

from ancrage.diagnosis import build_diagnosis, build_workspace, compute_indicators
from ancrage.opendata.store import open_store
from benchmarks.measure import REAL_DATA, write_result

SIZES = (1, 10, 100, 1255)


def run(sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """Measure and write build/bench/diagnosis.json: seconds for the first 1, 10, 100 and 1,255 EPCI."""
    rows: list[dict[str, Any]] = []
    codes = open_store(REAL_DATA).scan("epci").collect()["epci_code"].to_list()
    start = time.perf_counter()
    compute_indicators(open_store(REAL_DATA), "epci")
    rows.append({"what": "national indicators", "epci": len(codes), "seconds": time.perf_counter() - start})
    for size in sizes:
        workspace = build_workspace(open_store(REAL_DATA))
        start = time.perf_counter()
        for code in codes[:size]:
            build_diagnosis(workspace, code)
        seconds = time.perf_counter() - start
        done = min(size, len(codes))
        rows.append({"what": "diagnosis", "epci": done, "seconds": seconds, "ms_per_epci": 1000 * seconds / done})
    write_result("diagnosis", {"rows": rows})
    return rows


if __name__ == "__main__":
    print(f"{'what':<20} {'EPCI':>6} {'seconds':>9} {'ms each':>9}")
    for row in run():
        each = f"{row['ms_per_epci']:9.1f}" if "ms_per_epci" in row else ""
        print(f"{row['what']:<20} {row['epci']:>6} {row['seconds']:>9.2f} {each}")
