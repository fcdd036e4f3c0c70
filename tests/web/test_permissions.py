"""Every route, for every person: a route without a case fails."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from web.conftest import PEOPLE, World
from web.permission_cases import Case

CASES: dict[str, Case] = {}
for _path in sorted(Path(__file__).parent.glob("permissions_*.py")):
    CASES.update(importlib.import_module(f"web.{_path.stem}").ROUTES)


def list_routes(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    """Yield the full name of every route; a route without a name is yielded by its pattern."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from list_routes(entry, namespace + (f"{entry.namespace}:" if entry.namespace else ""))
        elif isinstance(entry, URLPattern):
            yield namespace + (entry.name or str(entry.pattern))


def test_routes_all_have_a_permission_case() -> None:
    # A route with two methods has a second case, "name post".
    assert set(list_routes(get_resolver())) == {name.partition(" ")[0] for name in CASES}


# Rights do not depend on the database, queries do: on PostgreSQL, whoever is let in everywhere is enough.
@pytest.mark.parametrize("person", PEOPLE if connection.vendor == "sqlite" else ("administrator",))
@pytest.mark.parametrize("route", sorted(CASES))
def test_route_answers_as_the_role_allows(route: str, person: str, world: World) -> None:
    case = CASES[route]
    address = reverse(route.partition(" ")[0], kwargs=dict(case.build(world)))
    send = getattr(world.sign_in(person), case.method)
    answered = send(address, data=dict(case.data(world)), headers=dict(case.headers))
    # A file that is sent stays open until its answer is closed.
    answered.close()
    assert answered.status_code == case.expected[person], (person, address)
