"""An instance with two organisations and the people around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client, TransactionTestCase
from django.utils.translation import override
from django_scopes import scope

from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Kind, Role
from ancrage_web.accounts.models import Membership, Organisation, User
from ancrage_web.audit.triggers import TRAIL
from ancrage_web.conventions.triggers import LEDGER
from ancrage_web.design.keeping import keeper
from ancrage_web.territories.models import Store
from web.study_samples import computed, computed_larger, study_folders, study_sample

# Fixtures of studies, for every test of the site.
__all__ = ["computed", "computed_larger", "study_folders", "study_sample"]

PASSWORD = "a long password for tests"
PEOPLE = ("anonymous", "stranger", "consultant", "reader", "officer", "administrator")


@dataclass(frozen=True)
class World:
    """Two organisations, and people: the officer edits for the first, the consultant edits for the second only.

    Attributes
    ----------
    people : by name (see `PEOPLE`); "stranger" is signed in and member of nothing, "anonymous" is None.
    """

    organisation: Organisation
    other: Organisation
    people: dict[str, User | None]

    def get_actor(self, name: str) -> Actor:
        """Return someone acting for the organisation they are a member of."""
        user = self.people[name]
        assert user is not None
        organisation = self.other if name == "consultant" else self.organisation
        with scope(organisation=organisation):
            return Actor(organisation, Role(Membership.objects.get(user=user).role), user)

    def sign_in(self, name: str) -> Client:
        """Return a browser where this person is signed in."""
        client = Client()
        user = self.people[name]
        if user is not None:
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client


def create_person(email: str, name: str, organisation: Organisation | None = None, role: str = "") -> User:
    """Create someone who can sign in, member of an organisation or of none."""
    user = User.objects.create_user(email, PASSWORD, name=name)
    user.emailaddress_set.create(email=email, verified=True, primary=True)
    if organisation is not None:
        with scope(organisation=organisation):
            Membership.objects.create(organisation=organisation, user=user, role=role)
    return user


@pytest.fixture(autouse=True)
def fresh_process() -> Iterator[None]:
    """Forget the limits of sign-in, the pages kept and the language of the test before."""
    cache.clear()
    keeper.clear()
    with override("fr"):
        yield


@pytest.fixture(scope="session", autouse=True)
def emptied_trail() -> Iterator[None]:
    """Let tests with real transactions empty the base: its triggers refuse to empty the trail and the ledgers."""
    empty = TransactionTestCase._fixture_teardown
    if empty.__name__ == "empty_with_trail":  # the journeys in a browser share this fixture, in the same run
        yield
        return

    def empty_with_trail(case: TransactionTestCase) -> None:
        for connection in (connections[name] for name in case._databases_names(include_mirrors=False)):
            for guard in (TRAIL, LEDGER):
                guard.drop(connection)
        empty(case)
        for connection in (connections[name] for name in case._databases_names(include_mirrors=False)):
            for guard in (TRAIL, LEDGER):
                guard.create(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_with_trail)
        yield


@pytest.fixture
def world(db: Any) -> World:
    """Return the organisations and the people of the tests."""
    first = Organisation.objects.create(name="CC de la Vallée", slug="cc-vallee", kind=Kind.EPCI)
    second = Organisation.objects.create(name="Cabinet Rebond", slug="cabinet-rebond", kind=Kind.CONSULTANCY)
    return World(
        first,
        second,
        {
            "anonymous": None,
            "stranger": create_person("stranger@example.org", "Sacha Étranger"),
            "consultant": create_person("consultant@example.org", "Camille Conseil", second, Role.EDITOR),
            "reader": create_person("reader@example.org", "Lou Lecture", first, Role.READER),
            "officer": create_person("officer@example.org", "Dominique Agent", first, Role.EDITOR),
            "administrator": create_person("admin@example.org", "Alex Admin", first, Role.ADMINISTRATOR),
        },
    )


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a demo store, written once."""
    from ancrage.opendata.demo import write_demo_store

    folder = tmp_path_factory.mktemp("demo")
    write_demo_store(folder)
    return folder


@pytest.fixture(scope="session")
def demo_portraits(demo_folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the arguments of `build_store` for the demo store, and its portraits as lines, computed once."""
    from ancrage_web.territories.loading import build_portraits, open_for_loading
    from ancrage_web.territories.services import build_line

    opened = open_for_loading(demo_folder)
    about = {"folder": demo_folder, "checksum": opened.checksum, "catalogue": opened.catalogue, "fictional": True}
    return about, [build_line(loaded) for loaded in build_portraits(opened)]


@pytest.fixture
def territories(db: Any, demo_portraits: tuple[dict[str, Any], list[dict[str, Any]]]) -> Store:
    """Load the demo territory (EPCI 000000001 and its neighbours) into the database."""
    from ancrage_web.territories.services import build_store, replace_portraits

    about, lines = demo_portraits
    return replace_portraits(build_store(**about), lines, [])
