"""Time whole processes, as a user would wait for them."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REAL_DATA = Path(os.environ.get("ANCRAGE_REAL_DATA", ROOT.parent / "shared" / "data"))
RESULTS = ROOT / "build" / "bench"


@dataclass(frozen=True)
class Measure:
    """Wall seconds and peak memory of one command: medians, and the extremes of the seconds."""

    command: str
    runs: int
    seconds: float
    fastest: float
    slowest: float
    peak_mb: float


def measure_command(arguments: Sequence[str], runs: int = 5, warmup: int = 1, cwd: Path | None = None) -> Measure:
    """Run a command several times after a warm-up and return its medians.

    Raises
    ------
    RuntimeError
        If a run fails: a benchmark of a failure means nothing.
    """
    seconds, memory = [], []
    for run in range(warmup + runs):
        start = time.perf_counter()
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=cwd)
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        elapsed = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{' '.join(arguments)}: exit {process.returncode}\n{said.decode(errors='replace')}")
        if run >= warmup:
            seconds.append(elapsed)
            memory.append(usage.ru_maxrss / 1024)
    shown = " ".join(Path(arguments[0]).name if not i else a for i, a in enumerate(arguments))
    return Measure(
        shown.replace(str(REAL_DATA), "DATA"),
        runs,
        statistics.median(seconds),
        min(seconds),
        max(seconds),
        statistics.median(memory),
    )


def describe_machine() -> dict[str, str]:
    """Return what the figures depend on: processors, system, versions."""
    import importlib.metadata as metadata

    names = ("numba", "numpy", "polars", "highspy", "typst", "vl-convert-python")
    versions = {name: metadata.version(name) for name in names}
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].partition(":")[2].strip() if lines else model
    return {
        "processor": model,
        "cores": str(os.cpu_count()),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        **versions,
    }


def write_result(name: str, content: Mapping[str, Any]) -> Path:
    """Write build/bench/NAME.json."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"machine": describe_machine(), **content}, indent=2, ensure_ascii=False) + "\n")
    return path


def list_measures(measures: Sequence[Measure]) -> list[dict[str, Any]]:
    """Return measures as plain dictionaries."""
    return [asdict(measure) for measure in measures]


def find_command() -> str:
    """Return the `ancrage` command beside the running Python."""
    return str(Path(sys.executable).with_name("ancrage"))
