"""The main job as a user waits for it: `ancrage plan` with 1,000 draws and every report, and `ancrage diagnose`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.measure import REAL_DATA, Measure, find_command, list_measures, measure_command, write_result

EPCI = "200072544"


def run() -> list[Measure]:
    """Measure and write build/bench/plan.json."""
    ancrage = find_command()
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "report")
        commands = [
            [ancrage, "plan", EPCI, "--budget", "150000", "--data", str(REAL_DATA), "--out", out],
            [ancrage, "plan", EPCI, "--budget", "150000", "--data", str(REAL_DATA), "--no-report"],
            [ancrage, "plan", EPCI, "--budget", "150000", "--draws", "0", "--data", str(REAL_DATA), "--no-report"],
            [ancrage, "diagnose", EPCI, "--data", str(REAL_DATA)],
            [ancrage, "--version"],
        ]
        measures = [measure_command(command, cwd=Path(folder)) for command in commands]
    write_result("plan", {"measures": list_measures(measures)})
    return measures


if __name__ == "__main__":
    for measure in run():
        print(f"{measure.seconds:7.2f} s  {measure.peak_mb:6.0f} MB  {measure.command}")
