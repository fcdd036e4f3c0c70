"""Eight processes on the same money, and one killed half-way: what fits is written, the rest is refused whole."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django_scopes import scope

from ancrage_web.conventions.services.ledger import Draft, post_entry
from web.conftest import World
from web.convention_samples import build_sample

WRITER = """
import django, json, sys, time
django.setup()
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID
from django_scopes import scope, scopes_disabled
from ancrage.errors import InputError
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.models import Organisation
from ancrage_web.conventions.access import find_access
from ancrage_web.conventions.models import Action, Document, Funder
from ancrage_web.conventions.services import ledger
given = json.loads(sys.argv[1])
access = find_access(Actor(Organisation.objects.get(pk=given["organisation"]), Role.EDITOR), UUID(given["convention"]))
with scope(organisation=access.organisation):
    draft = ledger.Draft(
        date(2025, 10, 1), "plan", Funder.objects.get(pk=given["funder"]), Decimal("30.00"),
        Document.objects.get(pk=given["document"]), Action.objects.get(pk=given["action"]),
    )
    if given["hang"]:
        def hang(*args, **kwargs):
            Path(given["hang"]).touch()
            time.sleep(60)
        ledger.record = hang
    while not Path(given["start"]).exists():
        time.sleep(0.005)
    for _ in range(3):
        try:
            ledger.post_entry(access, draft)
            print("written")
        except InputError as error:
            print(error.text.en)
"""


READER = """
import django, json, sys
django.setup()
from uuid import UUID
from django_scopes import scope, scopes_disabled
from ancrage_web.conventions.models import Convention, Entry
from ancrage_web.conventions.queries import money
from ancrage_web.conventions.services.ledger import check_ledger
with scopes_disabled():
    convention = Convention.objects.select_related("organisation").get(pk=UUID(sys.argv[1]))
checked = check_ledger(convention)
with scope(organisation=convention.organisation):
    total = money.read_balances(convention).total
    numbers = sorted(Entry.objects.values_list("number", flat=True))
print(json.dumps([checked.entries, len(checked.problems), str(total.planned), str(total.unplanned), numbers]))
"""


def start(code: str, given: dict[str, str], word: str) -> subprocess.Popen[str]:
    folder = Path(given["start"]).parent
    path = os.pathsep.join([str(folder), str(Path(__file__).parent.parent)])
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "writer_settings", "PYTHONPATH": path}
    return subprocess.Popen([sys.executable, "-c", code, word], env=environment, stdout=subprocess.PIPE, text=True)


def start_writer(given: dict[str, str]) -> subprocess.Popen[str]:
    return start(WRITER, given, json.dumps(given))


def read_ledger(given: dict[str, str]) -> Any:
    return json.loads(start(READER, given, given["convention"]).communicate(timeout=120)[0])


def share_base(folder: Path) -> None:
    """Let other processes see the base of the tests: that of SQLite is in memory, a copy of it is not."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        name = str(folder / "shared.sqlite3")
        with closing(sqlite3.connect(name)) as copy:
            connection.connection.backup(copy)
    settings = f"from web_settings import *\nDATABASES['default']['NAME'] = {name!r}\n"
    (folder / "writer_settings.py").write_text(settings, encoding="utf-8")


@pytest.fixture
def given(world: World, tmp_path: Path) -> dict[str, str]:
    sample = build_sample(world)
    with scope(organisation=world.organisation):
        drafts = Draft(sample.convention.starts_on, "contribute", sample.funder, Decimal("200.00"), sample.document)  # type: ignore[arg-type]
        post_entry(sample.access, drafts)
    share_base(tmp_path)
    return {
        "organisation": str(world.organisation.pk),
        "convention": str(sample.convention.pk),
        "funder": str(sample.funder.pk),
        "document": str(sample.document.pk),
        "action": str(sample.action.pk),
        "start": str(tmp_path / "start"),
        "hang": "",
    }


@pytest.mark.django_db(transaction=True)
def test_eight_processes_plan_exactly_what_there_is(given: dict[str, str]) -> None:
    processes = [start_writer(given) for _ in range(8)]
    Path(given["start"]).touch()
    told = [line for process in processes for line in process.communicate(timeout=120)[0].splitlines()]
    # 24 times 30 are asked for, 200 are there.
    assert len(told) == 24
    assert told.count("written") == 6
    assert all("only €20.00 not yet given to an action" in line for line in told if line != "written")
    assert read_ledger(given) == [7, 0, "180.00", "20.00", [1, 2, 3, 4, 5, 6, 7]]


@pytest.mark.django_db(transaction=True)
def test_process_killed_half_way_leaves_nothing(given: dict[str, str], tmp_path: Path) -> None:
    reached = tmp_path / "reached"
    process = start_writer({**given, "hang": str(reached)})
    Path(given["start"]).touch()
    limit = time.monotonic() + 60
    while not reached.exists() and time.monotonic() < limit:
        time.sleep(0.02)
    # Its entry and its accounts are written, its transaction is not ended.
    assert reached.exists()
    process.kill()
    process.communicate(timeout=30)
    assert read_ledger(given) == [1, 0, "0", "200.00", [1]]
    told = start_writer(given).communicate(timeout=60)[0].splitlines()
    assert told == ["written"] * 3
    assert read_ledger(given) == [4, 0, "90.00", "110.00", [1, 2, 3, 4]]
