"""Reading a page writes nothing and takes no lock: readers never wait for each other, nor for a load or a study."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from web.conftest import World
from web.test_permissions import CASES

# Taking the trail or a whole convention away is itself written in the trail.
RECORDED = {"trail_csv", "trail_json_lines", "convention-export-file"}
# PostgreSQL reads a long list through a cursor.
_READING = re.compile(r'SELECT |DECLARE "\w+" NO SCROLL CURSOR FOR SELECT ')
READ = sorted(
    name
    for name, case in CASES.items()
    if case.method == "get" and case.expected["administrator"] == 200 and name not in RECORDED
)


@pytest.mark.parametrize("route", READ)
def test_page_is_read_without_writing(route: str, world: World) -> None:
    case = CASES[route]
    address = reverse(route, kwargs=dict(case.build(world)))
    client = world.sign_in("administrator")
    with CaptureQueriesContext(connection) as captured:
        answered = client.get(address, data=dict(case.data(world)), headers=dict(case.headers))
        answered.close()
    assert answered.status_code == 200
    # A transaction (BEGIN, or SAVEPOINT within that of the test) would take the lock of writers on SQLite.
    assert [query["sql"] for query in captured if not _READING.match(query["sql"])] == []
