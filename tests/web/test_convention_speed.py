"""Pages of a convention ask the database as many questions for 500 requests and 5,000 entries as for a few."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_scopes import scope

from ancrage_web.conventions.services.ledger import check_ledger
from web.conftest import World
from web.large_conventions import build_large_convention


def count_queries(world: World, route: str, **size: int) -> int:
    sample = build_large_convention(world, **size)
    address = reverse(route, kwargs={"organisation": world.organisation.slug, "convention": sample.convention.pk})
    client = world.sign_in("officer")
    assert client.get(address).status_code == 200
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


@pytest.mark.parametrize(("requests", "entries"), [(60, 300), (500, 5000)])
@pytest.mark.parametrize(
    ("route", "queries"),
    [
        ("convention", 19),
        ("convention-ledger", 9),
        ("convention-requests", 12),
        ("convention-jobs", 10),
    ],
)
def test_page_asks_as_much_of_the_database_whatever_the_size(
    world: World, route: str, queries: int, requests: int, entries: int
) -> None:
    assert count_queries(world, route, requests=requests, entries=entries) == queries


def test_large_convention_is_consistent(world: World) -> None:
    sample = build_large_convention(world, requests=20, entries=200)
    with scope(organisation=world.organisation):
        checked: Any = check_ledger(sample.convention)
    assert (checked.entries, checked.problems) == (200, ())
