"""Two people at the same moment, on a database that lets both write: nobody waits for ever, nothing is done twice.

SQLite has one writer at a time; these tests need PostgreSQL (`python tests/postgres.py pytest tests/web`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django_scopes import scope

from ancrage.errors import InputError
from ancrage_web.accounts import invitations
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.models import Membership, Organisation
from ancrage_web.audit.services import check_trail
from ancrage_web.studies import services
from ancrage_web.studies.models import HandOver, Run, Scenario, Study
from ancrage_web.studies.services import comments, hand_overs, runs, scenarios
from web.conftest import World

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]
_PAUSE = 0.3


@pytest.fixture
def slow_trail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every service wait before it writes the trail, so that two of them meet half-way."""
    for module in (invitations, comments, hand_overs, runs, scenarios):
        real = module.record

        def write(*args: Any, real: Callable[..., Any] = real, **kwargs: Any) -> Any:
            time.sleep(_PAUSE)
            return real(*args, **kwargs)

        monkeypatch.setattr(module, "record", write)


def run_together(*calls: tuple[Organisation, Callable[[], Any]]) -> list[Any]:
    """Call each in a thread of its own, in the scope of its organisation; return answers and errors in order."""
    answers: list[Any] = [None] * len(calls)

    def call(rank: int, organisation: Organisation, service: Callable[[], Any]) -> None:
        try:
            time.sleep(rank * _PAUSE / 3)
            with scope(organisation=organisation):
                answers[rank] = service()
        except Exception as error:  # noqa: BLE001 - it is the answer
            answers[rank] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=call, args=(rank, *each)) for rank, each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


def create_scenario(organisation: Organisation) -> Scenario:
    """Store a study with one scenario that was never computed."""
    with scope(organisation=organisation):
        study = Study.objects.create(organisation=organisation, name="Étude", epci=["000000001"])
        return Scenario.objects.create(study=study, name="Base", settings={"budget": 1000.0})


@pytest.mark.usefixtures("slow_trail")
def test_invitation_accepted_while_it_is_revoked_is_one_or_the_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = world.get_actor("administrator")
    monkeypatch.setattr(invitations, "create_secret", lambda: "the link")
    invitation = invitations.invite_member(admin, "stranger@example.org", "editor")
    stranger = world.people["stranger"]
    assert stranger is not None
    revoked, accepted = run_together(
        (world.organisation, lambda: invitations.revoke_invitation(admin, invitation.pk)),
        (world.organisation, lambda: invitations.accept_invitation("the link", stranger)),
    )
    assert (revoked, type(accepted)) == (None, InputError)
    with scope(organisation=world.organisation):
        assert not Membership.objects.filter(user=stranger).exists()


@pytest.mark.usefixtures("slow_trail")
def test_comment_written_while_its_scenario_is_saved_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    actor, scenario = world.get_actor("officer"), create_scenario(world.organisation)
    monkeypatch.setattr(scenarios, "check_settings", lambda study, given: scenarios.read_settings(study.epci, given))
    commented, saved = run_together(
        (
            world.organisation,
            lambda: services.add_comment(actor, scenario.study, text="Bien", scenario=scenario),
        ),
        (
            world.organisation,
            lambda: services.save_scenario(actor, scenario, version=1, name="Autre", settings={"budget": 2000.0}),
        ),
    )
    assert (commented.text, saved.version) == ("Bien", 2)
    assert check_trail(world.organisation).lines == 2


@pytest.mark.usefixtures("slow_trail")
def test_two_organisations_that_take_a_study_of_each_other_both_get_it(world: World) -> None:
    first, second = world.organisation, world.other
    given, taken = create_scenario(first).study, create_scenario(second).study
    with scope(organisation=first):
        to_second = HandOver.objects.create(study=given, giver=first, receiver=second)
    with scope(organisation=second):
        to_first = HandOver.objects.create(study=taken, giver=second, receiver=first)
    answers = run_together(
        (second, lambda: services.accept_hand_over(Actor(second, Role.EDITOR), to_second)),
        (first, lambda: services.accept_hand_over(Actor(first, Role.EDITOR), to_first)),
    )
    assert [getattr(study, "organisation_id", study) for study in answers] == [second.pk, first.pk]
    assert (check_trail(first).lines, check_trail(second).lines) == (2, 2)


@pytest.mark.usefixtures("slow_trail")
def test_study_that_is_being_handed_over_gets_no_new_computation(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = world.organisation, world.other
    scenario = create_scenario(first)
    with scope(organisation=first):
        offer = HandOver.objects.create(study=scenario.study, giver=first, receiver=second)
    monkeypatch.setattr(runs, "read_inputs", dict)
    monkeypatch.setattr(runs, "check_settings", lambda study, given: scenarios.read_settings(study.epci, given))
    accepted, asked = run_together(
        (second, lambda: services.accept_hand_over(Actor(second, Role.EDITOR), offer)),
        (first, lambda: services.ask_run(world.get_actor("officer"), scenario)),
    )
    assert accepted.organisation_id == second.pk
    assert isinstance(asked, InputError)
    with scope(organisation=second):
        assert not Run.objects.filter(scenario=scenario).exists()


def test_creations_at_once_of_organisations_of_one_name_get_two_addresses(world: World) -> None:
    from ancrage_web.accounts.services import create_organisation

    person = world.people["administrator"]
    assert person is not None
    person.is_staff = True

    def create() -> str:
        return create_organisation("Pays du Lac", "epci", administrator=person).slug

    answers = run_together(*[(world.organisation, create)] * 4)
    assert sorted(answers, key=str) == ["pays-du-lac", "pays-du-lac-2", "pays-du-lac-3", "pays-du-lac-4"]
