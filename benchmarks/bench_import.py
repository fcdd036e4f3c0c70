"""Import speed: the commune-to-commune base against pandas, the detail file against a bare scan.

Run with `python -m benchmarks.bench_import`. Files are generated (seeded) with the size and the columns of INSEE's;
each run is a new process, so that its peak memory is its own. Results go to build/bench/import.json.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ancrage.opendata.commune_codes import ARRONDISSEMENTS
from ancrage.opendata.importing import import_files
from benchmarks.measure import write_result

BASE_ROWS = 1_000_000
DETAIL_ROWS = 8_000_000
CHUNK = 1_000_000
# Columns of the detail file that the import does not read, with how many values each takes (31 columns in all).
OTHER_COLUMNS = {
    "AGEREVQ": 20, "DCFLT": 3, "DEROU": 4, "DIPL": 12, "EMPL": 9, "ILT": 7, "ILTUU": 4, "IMMI": 2, "INATC": 2,
    "INEEM": 6, "INPERM": 9, "LPRM": 9, "METRODOM": 2, "NA5": 5, "NPERR": 7, "REGION": 18, "REGLT": 18, "SEXE": 2,
    "STAT": 5, "STOCD": 8, "TACT": 2, "TP": 2, "TYPL": 6, "TYPMR": 12, "VOIT": 4,
}  # fmt: skip


def build_codes() -> np.ndarray[Any, Any]:
    """Return 35,000 codes shaped like those of communes, with the 45 arrondissements."""
    plain = [f"{dep:02d}{number:03d}" for dep in range(1, 96) for number in range(1, 369)]
    return np.array([*plain[: 35_000 - len(ARRONDISSEMENTS)], *ARRONDISSEMENTS])


def write_base(path: Path, rows: int) -> None:
    """Write a commune-to-commune base of `rows` distinct pairs."""
    rng = np.random.default_rng(1)
    codes = build_codes()
    pairs = rng.choice(len(codes) ** 2, size=rows, replace=False)
    home, work = codes[pairs // len(codes)], codes[pairs % len(codes)]
    pl.DataFrame(
        {
            "CODGEO": home,
            "LIBGEO": np.char.add("Commune de ", home),
            "DCLT": work,
            "L_DCLT": np.char.add("Commune de ", work),
            "NBFLUX_C21_ACTOCC15P": rng.gamma(0.5, 30.0, rows),
        }
    ).write_csv(path, separator=";")


def write_detail(path: Path, rows: int) -> None:
    """Write a detail file of `rows` people over a million pairs of communes, chunk after chunk."""
    rng = np.random.default_rng(2)
    codes = build_codes()
    arms = set(ARRONDISSEMENTS)
    pairs = rng.choice(len(codes) ** 2, size=1_000_000, replace=False)
    with path.open("wb") as file:
        for start in range(0, rows, CHUNK):
            count = min(CHUNK, rows - start)
            drawn = pairs[(len(pairs) * rng.random(count) ** 2).astype(np.int64)]
            home, work = codes[drawn // len(codes)], codes[drawn % len(codes)]
            is_arm = np.isin(home, list(arms))
            columns: dict[str, Any] = {
                "COMMUNE": np.where(is_arm, "75056", home),
                "ARM": np.where(is_arm, home, "ZZZZZ"),
                "CS1": rng.integers(1, 7, count),
                "DCLT": work,
                "IPONDI": rng.gamma(4.0, 0.8, count),
                "TRANS": rng.integers(1, 7, count),
            }
            columns |= {name: rng.integers(0, values, count) for name, values in OTHER_COLUMNS.items()}
            pl.DataFrame(columns).write_csv(file, separator=";", include_header=start == 0)


def run_import(path: Path) -> float:
    """Import a file into a new store."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        start = time.perf_counter()
        import_files([path], Path(folder) / "store")
        return time.perf_counter() - start


def run_pandas(path: Path) -> float:
    """Do the work of the base's import with pandas, as one ordinarily would.

    Without pyarrow pandas writes no Parquet: Polars writes it from its columns, which is faster than `to_csv`.
    """
    import pandas as pd

    start = time.perf_counter()
    table = pd.read_csv(path, sep=";", dtype=str)
    table["workers"] = pd.to_numeric(table["NBFLUX_C21_ACTOCC15P"])
    if not (np.isfinite(table["workers"]).all() and (table["workers"] >= 0).all()):
        raise ValueError("workers")
    for column, current in (("CODGEO", "origin_2025"), ("DCLT", "destination_2025")):
        table[current] = table[column].map(ARRONDISSEMENTS).fillna(table[column])
    keys = ["origin_2025", "destination_2025", "CODGEO", "DCLT"]
    flows = table.groupby(keys, as_index=False)["workers"].sum()
    columns = {key: flows[key].to_numpy(dtype=object) for key in keys}
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        frame = pl.DataFrame({**columns, "workers": flows["workers"].to_numpy()})
        frame.with_columns(vintage=2021).write_parquet(Path(folder) / "flows.parquet", compression="zstd")
    return time.perf_counter() - start


def run_scan(path: Path, *columns: str) -> float:
    """Merely scan the detail file: how many fields its columns hold (all of them, or those named)."""
    start = time.perf_counter()
    fields = pl.col(columns) if columns else pl.all()
    pl.scan_csv(path, separator=";", infer_schema=False).select(fields.count()).collect(engine="streaming")
    return time.perf_counter() - start


def run_scan_needed(path: Path) -> float:
    """Scan the six columns that the import needs."""
    return run_scan(path, "COMMUNE", "ARM", "DCLT", "CS1", "TRANS", "IPONDI")


def run_scan_weight(path: Path) -> float:
    """Scan one column, the least that a scan can be."""
    return run_scan(path, "IPONDI")


RUNS = {
    "import": run_import,
    "pandas": run_pandas,
    "scan": run_scan,
    "scan_needed": run_scan_needed,
    "scan_weight": run_scan_weight,
}


def measure(kind: str, path: Path, times: int) -> dict[str, float]:
    """Return the median seconds and the largest peak memory [MB] of several new processes."""
    found = [
        json.loads(
            subprocess.run(
                [sys.executable, "-m", "benchmarks.bench_import", kind, str(path)],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for _ in range(times)
    ]
    return {
        "seconds": round(statistics.median(run["seconds"] for run in found), 3),
        "peak_mb": round(max(run["peak_mb"] for run in found), 1),
    }


def main() -> None:
    """Generate the files, measure, print a table and write the result."""
    with tempfile.TemporaryDirectory() as name:
        base, detail = Path(name) / "base-2021.csv", Path(name) / "FD_MOBPRO_2021.csv"
        write_base(base, BASE_ROWS)
        results: dict[str, Any] = {
            "base_import": measure("import", base, 5),
            "base_pandas": measure("pandas", base, 5),
        }
        base.unlink()
        write_detail(detail, DETAIL_ROWS)
        results["detail_bytes"] = detail.stat().st_size
        results |= {
            f"detail_{kind}": measure(kind, detail, 3) for kind in ("import", "scan", "scan_needed", "scan_weight")
        }
    faster = results["base_pandas"]["seconds"] / results["base_import"]["seconds"]
    results["base_times_faster_than_pandas"] = round(faster, 2)
    for scan in ("scan", "scan_needed", "scan_weight"):
        ratio = results["detail_import"]["seconds"] / results[f"detail_{scan}"]["seconds"]
        results[f"detail_times_{scan}"] = round(ratio, 2)
    write_result("import", results)
    for key, value in results.items():
        if isinstance(value, dict):
            print(f"{key:<20}{value['seconds']:>9.2f} s{value['peak_mb']:>9.0f} MB")
    print(f"base: {faster:.1f} times faster than pandas (target: 5 or more)")
    print(
        f"detail: {results['detail_times_scan']} times a scan of the file, {results['detail_times_scan_needed']} times "
        f"a scan of the six columns it needs, {results['detail_times_scan_weight']} times a scan of the weights alone "
        "(target: 3 or less, under 2,000 MB)"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        seconds = RUNS[sys.argv[1]](Path(sys.argv[2]))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "peak_mb": peak}))
    else:
        main()
