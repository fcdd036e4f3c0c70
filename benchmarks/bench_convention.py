"""A convention of 500 requests and 5,000 entries: its pages, its export and its import again, in one process."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from typing import Any

from benchmarks.measure import ROOT, write_result

PAGES = ("convention", "convention-ledger", "convention-requests", "convention-jobs", "convention-actions")
RUNS = 15


def time_call(call: Callable[[], Any], runs: int = 1) -> tuple[float, Any]:
    """Return the median time of a call [s] and its last answer."""
    seconds, answer = [], None
    for _ in range(runs):
        start = time.perf_counter()
        answer = call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), answer


def measure() -> dict[str, Any]:
    """Return medians, warm, on a database of tests (SQLite in memory, or ANCRAGE_TEST_DATABASE_URL)."""
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.db import connection
    from django.test import override_settings
    from django.urls import reverse
    from django.utils import timezone
    from django_scopes import scope

    from ancrage_web.conventions.services import exports, imports
    from web.conftest import world as build_world
    from web.large_conventions import build_large_convention

    with tempfile.TemporaryDirectory() as folder, override_settings(MEDIA_ROOT=folder):
        world = build_world.__wrapped__(None)  # type: ignore[attr-defined]
        sample = build_large_convention(world)
        client = world.sign_in("officer")
        where = {"organisation": world.organisation.slug, "convention": sample.convention.pk}
        rows: dict[str, Any] = {"database": connection.vendor}
        for route in PAGES:
            address = reverse(route, kwargs=where)
            assert client.get(address).status_code == 200
            rows[route] = time_call(lambda address=address: client.get(address), RUNS)[0]
        actor = world.get_actor("officer")
        with scope(organisation=world.organisation):
            rows["export"], stream = time_call(
                lambda: exports.export_convention(sample.access, "fr", timezone.localdate())
            )
            with stream, zipfile.ZipFile(stream) as archive:
                content = archive.read("convention.xlsx")
            upload = SimpleUploadedFile("convention.xlsx", content)
            draft = imports.keep_draft(actor, upload)
            rows["check"], plan = time_call(lambda: imports.read_plan(draft))
            assert plan.errors == [], plan.errors[:3]
            rows["import"], _ = time_call(lambda: imports.import_convention(actor, draft))
    return rows


def run() -> dict[str, Any]:
    """Measure and write build/bench/convention.json."""
    sys.path.insert(0, str(ROOT / "tests"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "web_settings"
    import django

    django.setup()
    from django.conf import settings
    from django.test.utils import get_runner, setup_test_environment

    setup_test_environment()
    runner = get_runner(settings)(verbosity=0, interactive=False)
    made = runner.setup_databases()
    try:
        rows = measure()
    finally:
        runner.teardown_databases(made)
    write_result("convention", rows)
    return rows


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:<24} {value if isinstance(value, str) else f'{value * 1000:8.0f} ms'}")
