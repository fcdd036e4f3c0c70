"""Lists ask as many questions of the database for thirty rows as for two."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.models import Invitation
from ancrage_web.api.services import create_token
from ancrage_web.audit.services import record
from ancrage_web.studies.models import Comment, HandOver, Run, Scenario, ShareLink, Study
from web.conftest import World, create_person
from web.study_samples import StudySample

Fill = Callable[[World, StudySample, int], None]
MANY = 30


def add_members(world: World, _sample: StudySample, number: int) -> None:
    create_person(f"member-{number}@example.org", f"Personne {number}", world.organisation, Role.READER)


def add_invitations(world: World, _sample: StudySample, number: int) -> None:
    Invitation.objects.create(
        organisation=world.organisation,
        email=f"guest-{number}@example.org",
        role=Role.READER,
        token_hash=f"{number}",
        expires_at=timezone.now() + timedelta(days=1),
    )


def add_tokens(world: World, _sample: StudySample, number: int) -> None:
    create_token(world.get_actor("administrator"), name=f"Programme {number}", scopes=["studies:read"], days=30)


def add_lines(world: World, sample: StudySample, number: int) -> None:
    actor = world.get_actor("officer" if number % 2 else "administrator")
    record(actor, "study.changed", "study", sample.study.pk)
    record(actor, "scenario.deleted", "scenario", uuid4(), before={"draws": number})
    record(actor, "member.removed", "member", uuid4())


def add_studies(world: World, sample: StudySample, number: int) -> None:
    study = Study.objects.create(
        organisation=world.organisation, name=f"Étude {number}", epci=sample.study.epci, created_by=sample.run.asked_by
    )
    scenario = Scenario.objects.create(
        study=study, name="Base", settings=sample.scenario.settings, result=sample.result
    )
    copy_run(sample, scenario)


def add_scenarios(_world: World, sample: StudySample, number: int) -> None:
    scenario = Scenario.objects.create(
        study=sample.study, name=f"Scénario {number}", settings=sample.scenario.settings, result=sample.result
    )
    copy_run(sample, scenario)


def add_runs(_world: World, sample: StudySample, _number: int) -> None:
    copy_run(sample, sample.scenario)


def copy_run(sample: StudySample, scenario: Scenario) -> None:
    run = Run.objects.get(pk=sample.run.pk)
    run.pk, run.scenario = uuid4(), scenario
    run.save(force_insert=True)


def add_comments(world: World, sample: StudySample, number: int) -> None:
    author = world.people["officer" if number % 2 else "administrator"]
    Comment.objects.create(study=sample.study, scenario=sample.scenario, author=author, text=f"Remarque {number}")


def add_links(world: World, sample: StudySample, number: int) -> None:
    ShareLink.objects.create(
        study=sample.study,
        token_hash=f"{number}",
        created_by=world.people["officer"],
        expires_at=timezone.now() + timedelta(days=1),
    )


def add_offers(world: World, _sample: StudySample, number: int) -> None:
    with scope(organisation=world.other):
        study = Study.objects.create(organisation=world.other, name=f"Offre {number}", epci=["000000001"])
        HandOver.objects.create(study=study, giver=world.other, receiver=world.organisation)


PAGES: dict[str, tuple[str, Fill]] = {
    "members": ("organisation", add_members),
    "invitations": ("organisation", add_invitations),
    "tokens": ("tokens", add_tokens),
    "trail": ("trail", add_lines),
    "trail as a table": ("trail_csv", add_lines),
    "studies": ("studies", add_studies),
    "offers": ("studies", add_offers),
    "scenarios": ("study", add_scenarios),
    "comments of a study": ("study", add_comments),
    "comments": ("study-comments", add_comments),
    "comments of a scenario": ("scenario", add_comments),
    "scenarios to compare": ("study-compare", add_scenarios),
    "links": ("study-share", add_links),
    "studies of the interface": ("api-studies", add_studies),
    "scenarios of the interface": ("api-scenarios", add_scenarios),
    "runs of the interface": ("api-runs", add_runs),
    "results of the interface": ("api-results", add_scenarios),
    "comments of the interface": ("api-comments", add_comments),
}

# What the addresses name, where it is more than the organisation, or less.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("study", "study-comments", "study-compare", "study-share"), ("organisation", "study")),
    "scenario": ("organisation", "study", "scenario"),
    "api-studies": (),
    **dict.fromkeys(("api-scenarios", "api-results", "api-comments"), ("study",)),
    "api-runs": ("study", "scenario"),
}


def count_queries(browser: Client, address: str, headers: dict[str, str]) -> int:
    """Return how many questions a page asks; those that only hold a place in a transaction do not count."""
    with CaptureQueriesContext(connection) as asked:
        answered = browser.get(address, headers=headers)
        if answered.streaming:
            b"".join(answered.streaming_content)  # type: ignore[attr-defined]
    assert answered.status_code == 200
    return len([query for query in asked if "SAVEPOINT" not in query["sql"]])


@pytest.mark.parametrize("page", PAGES)
def test_list_of_thirty_asks_as_much_as_a_list_of_two(page: str, world: World, study_sample: StudySample) -> None:
    route, fill = PAGES[page]
    sample, headers = study_sample, {}
    given: dict[str, Any] = {
        "organisation": world.organisation.slug,
        "study": sample.study.pk,
        "scenario": sample.scenario.pk,
    }
    address = reverse(route, kwargs={name: given[name] for name in ARGUMENTS.get(route, ("organisation",))})
    if route.startswith("api-"):
        address += "?page_size=100"
        _, text = create_token(world.get_actor("administrator"), name="Test", scopes=["studies:read"], days=1)
        headers["Authorization"] = f"Bearer {text}"
    browser = world.sign_in("administrator")
    with scope(organisation=world.organisation):
        fill(world, sample, 0)
        fill(world, sample, 1)
    count_queries(browser, address, headers)
    few = count_queries(browser, address, headers)
    with scope(organisation=world.organisation):
        for number in range(2, MANY):
            fill(world, sample, number)
    assert count_queries(browser, address, headers) == few
