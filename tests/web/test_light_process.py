"""The process that answers web requests stays small: what computes is loaded elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CODE = """
import json, sys
from pathlib import Path
import django
django.setup()
from django.core.management import call_command
from django.test import Client
import ancrage_web.config.urls, ancrage_web.config.wsgi
from ancrage_web.studies.rules import load_coefficients
from ancrage_web.territories.models import Epci
from ancrage_web.territories.services import build_store, replace_portraits
call_command("migrate", verbosity=0)
about, lines = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
replace_portraits(build_store(**about), lines, [])
epci = Epci.objects.get(code="000000001")
address = f"/territoires/{epci.code}-{epci.slug}/"
file = f"/territoires/{epci.code}/fichiers/json/"
for page in ("/", "/territoires/", address, f"/en{address}", "/territoires/?q=val", file):
    answer = Client().get(page)
    print(answer.status_code, page)
load_coefficients()
heavy = {
    "altair", "docx", "fastexcel", "geopandas", "numba", "numpy", "pandas", "polars", "pyogrio", "scipy", "shapely",
    "typst", "vl_convert", "xlsxwriter",
}
print(sorted(heavy & set(sys.modules)))
"""


def test_pages_load_no_library_that_computes(
    demo_portraits: tuple[dict[str, Any], list[dict[str, Any]]], tmp_path: Path
) -> None:
    about, lines = demo_portraits
    kept = tmp_path / "portraits.json"
    kept.write_text(json.dumps([{**about, "folder": str(about["folder"])}, lines]), encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "DJANGO_SETTINGS_MODULE": "web_settings",
        "ANCRAGE_TEST_DATABASE_URL": f"sqlite:///{tmp_path / 'site.sqlite3'}",
    }
    command = [sys.executable, "-c", CODE, str(kept)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=240)
    assert ended.returncode == 0, ended.stderr
    *pages, loaded = ended.stdout.splitlines()
    assert [page.split()[0] for page in pages] == ["200"] * 6, pages
    assert loaded == "[]"
