"""The sweep: a region on real flows, the whole of France on SYNTHETIC ones, and what finer units would take."""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.measure import REAL_DATA, find_command, write_result
from benchmarks.synthetic_flows import write_synthetic_store

WORKERS = 2
# Units of France: INSEE's IRIS (about 49,000 with the communes that are not cut), inhabited cells of the 200 m grid.
FINER = {"IRIS": 49_000, "inhabited 200 m cells": 2_300_000}


def measure_sweep(data: Path, output: Path, *arguments: str) -> dict[str, Any]:
    """Run a sweep in processes of its own; return seconds, processor seconds and the peak memory of all together [MB].

    Raises
    ------
    RuntimeError
        If it fails.
    """
    command = [find_command(), "--lang", "en", "sweep", "--data", str(data), "--output", str(output), "--json"]
    command += ["--workers", str(WORKERS), "--restart", *arguments]
    peak = [0.0]
    start, before = time.perf_counter(), _read_children_seconds()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        watch = threading.Thread(target=_watch_memory, args=(process, peak), daemon=True)
        watch.start()
        said, _ = process.communicate()
    if process.returncode not in (0, 3):
        raise RuntimeError(f"{' '.join(command)}: exit {process.returncode}")
    told = json.loads(said)
    return {
        "command": " ".join(arguments),
        "epci": told["epci"],
        "statuses": told["statuses"],
        "seconds": time.perf_counter() - start,
        "processor_seconds": _read_children_seconds() - before,
        "peak_mb": peak[0],
    }


def _read_children_seconds() -> float:
    import resource

    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _watch_memory(process: subprocess.Popen[str], peak: list[float]) -> None:
    """Keep the largest sum of the proportional memory of a process and of its descendants [MB]."""
    while process.poll() is None:
        family, total = {process.pid}, 0.0
        parents = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
        for _ in range(4):
            family |= {child for child, parent in parents.items() if parent in family}
        for pid in family:
            try:
                text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024
        peak[0] = max(peak[0], total)
        time.sleep(0.5)


def project(results: Path, communes: Path) -> dict[str, Any]:
    """Return the projected hours of a sweep of finer units on one core, from the growth measured over the EPCI.

    The seconds of the proven EPCI are fitted by seconds = base + factor * n ** power on their number of communes n
    (least squares on logs, beyond 20 communes, where the size counts). Each EPCI of finer units then has n * units /
    communes of them. A projection, not a measure: it supposes that density raises the time as size does.
    """
    sizes = (
        pl.read_parquet(communes)
        .filter(pl.col("epci_code").is_not_null())
        .group_by(pl.col("epci_code").alias("code"))
        .agg(pl.len().alias("n"))
    )
    rows = pl.read_parquet(results).join(sizes, on="code")
    done = rows.filter(pl.col("status") == "proven")
    base = float(done["seconds"].quantile(0.05) or 0.0)
    large = done.filter(pl.col("n") >= 20, pl.col("seconds") > base)
    n, seconds = large["n"].to_numpy(), large["seconds"].to_numpy() - base
    power, constant = np.polyfit(np.log(n), np.log(seconds), 1)
    total = int(sizes["n"].sum())
    found = {}
    for name, units in FINER.items():
        each = base + np.exp(constant) * (sizes["n"].to_numpy() * units / total) ** power
        found[name] = {"units": units, "hours": float(each.sum() / 3600), "largest_seconds": float(each.max())}
    return {"base": base, "power": float(power), "fitted": large.height, "finer": found}


def run(*, france: bool = True) -> dict[str, Any]:
    """Measure and write build/bench/sweep.json."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [{"data": "real", **measure_sweep(REAL_DATA, folder / "region", "--region", "11", "--no-report")}]
        found: dict[str, Any] = {"workers": WORKERS, "rows": rows}
        if france:
            gravity = write_synthetic_store(folder / "data")
            rows.append({"data": "SYNTHETIC", **measure_sweep(folder / "data", folder / "france", "--all")})
            found["gravity"] = vars(gravity)
            found["projection"] = project(folder / "france" / "results.parquet", folder / "data" / "communes.parquet")
    write_result("sweep", found)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--region-only", action="store_true", help="leave France out")
    print(json.dumps(run(france=not parser.parse_args().region_only), indent=2, default=str))
