"""The sweep: a region on real flows, the whole of France on SYNTHETIC ones, and what finer units would take."""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ancrage.cli.sweep_worker import Job, compute_input_checksums, plan_task
from ancrage.opendata.store import open_store
from ancrage.study.sweep import SweepSettings, list_tasks
from benchmarks.measure import REAL_DATA, find_command, write_result
from benchmarks.synthetic_flows import write_synthetic_store

WORKERS = 2
# Units of France: INSEE's IRIS (about 49,000 with the communes that are not cut), inhabited cells of the 200 m grid.
FINER = {"IRIS": 49_000, "inhabited 200 m cells": 2_300_000}
# Five EPCI of Seine-et-Marne, of 19 to 42 communes.
GROWN = ("200072544", "247700107", "200023240", "200037133", "200040251")
PIECES = (1, 2, 4, 8, 16)
GROWTH_DEADLINE = 5.0


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
        time.sleep(2)


def measure_growth(real: Path, pieces: Sequence[int] = PIECES) -> list[dict[str, Any]]:
    """Return the processor seconds of some EPCI whose communes are cut into more and more units.

    Every commune of Seine-et-Marne is cut into k units of equal population and area on a circle around its chef-lieu,
    and the real flows of 2014 between communes are spread over their units: each home unit sends its k-th of a flow to
    one unit. Homes, sites and commutes are then k times as many in the same land, as with finer units.
    """
    rows = []
    for count in pieces:
        with tempfile.TemporaryDirectory() as name:
            write_cut_store(real, Path(name), count)
            job = Job(
                name,
                SweepSettings(euros_per_inhabitant=5, deadline=GROWTH_DEADLINE),
                tuple(compute_input_checksums(Path(name)).items()),
            )
            tasks = list_tasks(open_store(Path(name)), codes=GROWN)
            plan_task(job, tasks[0])
            start = time.process_time()
            found = [plan_task(job, task) for task in tasks]
            rows.append(
                {
                    "pieces": count,
                    "sites": sum(_count_units(Path(name), task.code) for task in tasks) / len(tasks),
                    "seconds": (time.process_time() - start) / len(tasks),
                    "proven": sum(row.status == "proven" for row in found),
                    "epci": len(tasks),
                    "worst_gap": max((row.gap or 0.0 for row in found), default=0.0),
                }
            )
            print(rows[-1], flush=True)
    return rows


def _count_units(folder: Path, epci: str) -> int:
    frame = pl.scan_parquet(folder / "communes.parquet").filter(pl.col("epci_code") == epci)
    return int(frame.select(pl.len()).collect().item())


def write_cut_store(real: Path, folder: Path, count: int) -> None:
    """Write Ile-de-France with each commune of Seine-et-Marne cut into `count` units (see `measure_growth`)."""
    unit = pl.DataFrame({"unit": np.arange(count)})
    communes = pl.read_parquet(real / "communes.parquet").filter(pl.col("region") == "11")
    radius = (pl.col("area_km2") / np.pi).sqrt() * (0.6 if count > 1 else 0.0)
    angle = 2 * np.pi * pl.col("unit") / count
    cut = (
        communes.filter(pl.col("departement") == "77")
        .join(unit, how="cross")
        .with_columns(
            code=pl.format("{}-{}", "code", "unit"),
            lon=pl.col("lon") + radius * angle.cos() / (111.2 * pl.col("lat").radians().cos()),
            lat=pl.col("lat") + radius * angle.sin() / 111.2,
            area_km2=pl.col("area_km2") / count,
            population_2022=(pl.col("population_2022") / count).round().cast(pl.Int64),
        )
        .select(communes.columns)
    )
    pl.concat([communes.filter(pl.col("departement") != "77"), cut]).write_parquet(folder / "communes.parquet")
    inside = pl.col("destination_2025").str.starts_with("77")
    flows = pl.read_parquet(real / "flows.parquet").filter(
        pl.col("vintage") == 2014, pl.col("origin_2025").str.starts_with("77")
    )
    spread = (
        flows.with_row_index("rank")
        .join(unit, how="cross")
        .select(
            origin_commune=pl.format("{}-{}", "origin_2025", "unit"),
            destination_commune=pl.when(inside)
            .then(pl.format("{}-{}", "destination_2025", (pl.col("unit") + pl.col("rank")) % count))
            .otherwise("destination_2025"),
            workers=pl.col("workers") / count,
            vintage="vintage",
        )
    )
    spread.write_parquet(folder / "flows.parquet")


def project(rows: Sequence[dict[str, Any]], seconds: float, communes: int = 34_875) -> dict[str, Any]:
    """Return the projected processor hours of a sweep of France over finer units: seconds * pieces ** power.

    `power` is fitted on the logs of the measured cuts from 2 pieces on, where the fixed part no longer hides the
    growth; `seconds` is the processor time measured for France by commune. A projection, not a measure: it carries the
    growth beyond the cuts measured, with the same time limit for each search.
    """
    large = [row for row in rows if row["pieces"] >= 2]
    power = float(np.polyfit(np.log([r["pieces"] for r in large]), np.log([r["seconds"] for r in large]), 1)[0])
    found = {
        name: {"units": units, "pieces": units / communes, "hours": seconds * (units / communes) ** power / 3600}
        for name, units in FINER.items()
    }
    return {"power": power, "finer": found}


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
            found["growth"] = measure_growth(REAL_DATA)
            found["projection"] = project(found["growth"], float(rows[-1]["processor_seconds"]))
    write_result("sweep", found)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--region-only", action="store_true", help="leave France out")
    print(json.dumps(run(france=not parser.parse_args().region_only), indent=2, default=str))
