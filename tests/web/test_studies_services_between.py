"""Studies that leave the organisation: read-only links, and hand-overs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.http import Http404
from django.utils import timezone
from django_scopes import scope

from ancrage.errors import InputError
from ancrage_web.accounts.actors import Actor, ForbiddenError
from ancrage_web.audit.models import AuditLine
from ancrage_web.studies import queries, services
from ancrage_web.studies.enums import Status
from ancrage_web.studies.models import Result, Run, Scenario, ShareLink, Study
from web.conftest import World
from web.study_samples import Computed, StudySample, create_result


@pytest.fixture(autouse=True)
def _inside(world: World) -> Iterator[None]:
    with scope(organisation=world.organisation):
        yield


@pytest.fixture
def officer(world: World) -> Actor:
    return world.get_actor("officer")


@pytest.fixture
def consultant(world: World) -> Actor:
    return world.get_actor("consultant")


def list_trail(actor: Actor) -> list[tuple[str, str, object]]:
    with scope(organisation=actor.organisation):
        return [(line.action, line.object_id, line.actor) for line in AuditLine.objects.order_by("sequence")]


def test_share_link_opens_its_study_and_keeps_no_token(officer: Actor, study_sample: StudySample) -> None:
    link, token = services.share_study(officer, study_sample.study, days=30)
    assert services.open_share(token) == study_sample.study
    assert token not in str(vars(ShareLink.objects.get(pk=link.pk)))
    assert timedelta(days=29) < link.expires_at - timezone.now() < timedelta(days=31)
    line = AuditLine.objects.get(action="study.shared")
    assert line.after == {"link": str(link.pk), "days": 30}


def test_share_link_opens_without_a_scope_nor_an_account(officer: Actor, study_sample: StudySample) -> None:
    from django_scopes.state import state

    _, token = services.share_study(officer, study_sample.study, days=30)
    outside = state.set({})
    try:
        opened = services.open_share(token)
    finally:
        state.reset(outside)
    assert opened == study_sample.study
    assert opened.organisation == officer.organisation


@pytest.mark.parametrize("token", ["", "x", "é" * 40])
def test_wrong_token_opens_nothing(study_sample: StudySample, officer: Actor, token: str) -> None:
    services.share_study(officer, study_sample.study, days=1)
    assert services.open_share(token) is None


def test_expired_revoked_or_archived_share_opens_nothing(officer: Actor, study_sample: StudySample) -> None:
    link, token = services.share_study(officer, study_sample.study, days=1)
    other, revoked = services.share_study(officer, study_sample.study, days=1)
    services.revoke_share(officer, other)
    services.revoke_share(officer, other)
    assert services.open_share(revoked) is None
    assert AuditLine.objects.filter(action="share.revoked").count() == 1
    assert {row.pk: row.is_open for row in queries.list_share_links(study_sample.study)} == {  # type: ignore[attr-defined]
        link.pk: True,
        other.pk: False,
    }
    services.archive_study(officer, study_sample.study)
    assert services.open_share(token) is None
    services.restore_study(officer, study_sample.study)
    assert services.open_share(token) == study_sample.study
    ShareLink.objects.filter(pk=link.pk).update(expires_at=timezone.now())
    assert services.open_share(token) is None


@pytest.mark.parametrize("days", [0, -3, 366])
def test_share_of_an_odd_length_is_refused(officer: Actor, study_sample: StudySample, days: int) -> None:
    with pytest.raises(InputError) as refusal:
        services.share_study(officer, study_sample.study, days=days)
    assert refusal.value.text.fr == f"Un lien de {days} jours n'est pas possible : choisissez de 1 à 365 jours."


def test_archived_study_is_neither_shared_nor_offered(officer: Actor, study_sample: StudySample) -> None:
    offer = services.offer_study(officer, study_sample.study, receiver="cabinet-rebond")
    services.archive_study(officer, study_sample.study)
    offer.refresh_from_db()
    assert offer.withdrawn_at is not None
    with pytest.raises(InputError, match="is archived: restore it, then offer it"):
        services.offer_study(officer, study_sample.study, receiver="cabinet-rebond")
    with pytest.raises(InputError, match="restore it, then share it"):
        services.share_study(officer, study_sample.study, days=1)
    with pytest.raises(InputError, match="restore it, then ask for the computation"):
        services.ask_run(officer, study_sample.scenario)


@pytest.mark.parametrize(
    ("receiver", "told"),
    [
        (
            "inconnue",
            (
                "Aucune organisation n'a l'identifiant « inconnue » sur ce site. Demandez au destinataire "
                "l'identifiant affiché sur la page de son organisation."
            ),
        ),
        ("cc-vallee", "L'étude est déjà dans cette organisation : indiquez-en une autre."),
    ],
)
def test_offer_to_nobody_is_refused(officer: Actor, study_sample: StudySample, receiver: str, told: str) -> None:
    with pytest.raises(InputError) as refusal:
        services.offer_study(officer, study_sample.study, receiver=receiver)
    assert refusal.value.text.fr == told
    assert queries.find_open_offer(study_sample.study) is None


def test_study_is_offered_once_at_a_time(officer: Actor, study_sample: StudySample) -> None:
    offer = services.offer_study(officer, study_sample.study, receiver=" Cabinet-Rebond ")
    with pytest.raises(InputError, match="already offered"):
        services.offer_study(officer, study_sample.study, receiver="cabinet-rebond")
    services.withdraw_hand_over(officer, offer)
    again = services.offer_study(officer, study_sample.study, receiver="cabinet-rebond")
    assert queries.find_open_offer(study_sample.study) == again
    assert [line[0] for line in list_trail(officer)] == ["study.offered", "study.offer_withdrawn", "study.offered"]


def test_only_the_receiver_sees_and_answers_an_offer(
    world: World, officer: Actor, consultant: Actor, study_sample: StudySample
) -> None:
    offer = services.offer_study(officer, study_sample.study, receiver="cabinet-rebond")
    with scope(organisation=world.other):
        received = list(queries.list_received_offers(world.other))
        assert [(o.study.name, o.giver.name) for o in received] == [(study_sample.study.name, "CC de la Vallée")]
        with pytest.raises(Http404):
            queries.get_study(study_sample.study.pk)
    assert list(queries.list_received_offers(world.organisation)) == []
    with pytest.raises(Http404):
        queries.get_received_offer(world.organisation, offer.pk)
    for answer in (services.accept_hand_over, services.decline_hand_over):
        with pytest.raises(InputError, match="not open any more"):
            answer(officer, offer)
        with pytest.raises(ForbiddenError):
            answer(world.get_actor("reader"), offer)


def test_declined_study_stays_and_both_are_told(officer: Actor, consultant: Actor, study_sample: StudySample) -> None:
    offer = services.offer_study(officer, study_sample.study, receiver="cabinet-rebond")
    with scope(organisation=consultant.organisation):
        services.decline_hand_over(consultant, queries.get_received_offer(consultant.organisation, offer.pk))
        assert list(queries.list_received_offers(consultant.organisation)) == []
        with pytest.raises(InputError, match="not open any more"):
            services.accept_hand_over(consultant, offer)
    assert queries.get_study(study_sample.study.pk).organisation == officer.organisation
    key = str(study_sample.study.pk)
    # Who answered is known to their own organisation only.
    assert list_trail(officer)[-1] == ("study.declined", key, None)
    assert list_trail(consultant) == [("study.declined", key, consultant.user)]


def test_accepted_study_moves_with_all_it_holds(
    officer: Actor,
    consultant: Actor,
    study_sample: StudySample,
    study_folders: Path,
    django_capture_on_commit_callbacks: Any,
) -> None:
    _, token = services.share_study(officer, study_sample.study, days=30)
    services.add_comment(officer, study_sample.study, text="À vous", scenario=study_sample.scenario)
    offer = services.offer_study(officer, study_sample.study, receiver="cabinet-rebond")
    with scope(organisation=consultant.organisation), django_capture_on_commit_callbacks(execute=True):
        moved = services.accept_hand_over(consultant, queries.get_received_offer(consultant.organisation, offer.pk))
    # Nothing is left behind.
    assert list(queries.list_studies()) == []
    assert not Result.objects.exists()
    assert not Scenario.objects.exists()
    assert not Run.objects.exists()
    assert services.open_share(token) is None
    with scope(organisation=consultant.organisation):
        assert queries.get_study(study_sample.study.pk) == moved
        assert moved.organisation == consultant.organisation
        assert list(queries.list_results_of(moved)) == [study_sample.result]
        assert queries.get_run(study_sample.run.pk).result_id == study_sample.result.pk
        assert [c.text for c in queries.list_comments(moved)] == ["À vous"]
        assert (study_folders / Result.objects.get().folder).is_dir()
    key = str(moved.pk)
    assert list_trail(officer)[-1] == ("study.handed_over", key, None)
    assert list_trail(consultant) == [("study.received", key, consultant.user)]


def test_result_shown_elsewhere_is_copied_with_the_same_files(
    officer: Actor,
    consultant: Actor,
    study_sample: StudySample,
    study_folders: Path,
    django_capture_on_commit_callbacks: Any,
) -> None:
    kept = services.duplicate_study(officer, study_sample.study, name="Copie gardée")
    offer = services.offer_study(officer, study_sample.study, receiver="cabinet-rebond")
    with scope(organisation=consultant.organisation), django_capture_on_commit_callbacks(execute=True):
        moved = services.accept_hand_over(consultant, offer)
        copied = queries.list_results_of(moved).get()
        assert queries.list_scenarios(moved)[0].result_id == copied.pk
    assert list(queries.list_results_of(kept)) == [study_sample.result]
    assert copied.pk != study_sample.result.pk
    for field in ("key", "settings", "inputs", "version", "summary", "pages", "map", "folder", "created_at"):
        assert getattr(copied, field) == getattr(study_sample.result, field)
    # The files go with their last reader.
    folder = study_folders / copied.folder
    with django_capture_on_commit_callbacks(execute=True):
        services.delete_scenario(officer, queries.list_scenarios(kept)[0])
    assert not Result.objects.exists()
    assert folder.is_dir()
    with scope(organisation=consultant.organisation), django_capture_on_commit_callbacks(execute=True):
        services.delete_scenario(consultant, queries.list_scenarios(moved)[0])
    assert not folder.exists()


def test_result_that_the_receiver_holds_already_is_not_doubled(
    officer: Actor,
    consultant: Actor,
    study_sample: StudySample,
    computed: Computed,
    study_folders: Path,
    django_capture_on_commit_callbacks: Any,
) -> None:
    with scope(organisation=consultant.organisation):
        held = create_result(consultant.organisation, computed, study_folders)
    offer = services.offer_study(officer, study_sample.study, receiver="cabinet-rebond")
    with scope(organisation=consultant.organisation), django_capture_on_commit_callbacks(execute=True):
        moved = services.accept_hand_over(consultant, offer)
        assert list(Result.objects.all()) == [held]
        assert queries.list_scenarios(moved)[0].result_id == held.pk
        assert Run.objects.get().result_id == held.pk
    assert not Result.objects.exists()
    assert not (study_folders / study_sample.result.folder).exists()
    assert (study_folders / held.folder).is_dir()


def test_study_being_computed_neither_moves_nor_goes(
    world: World, officer: Actor, consultant: Actor, study_sample: StudySample
) -> None:
    offer = services.offer_study(officer, study_sample.study, receiver="cabinet-rebond")
    Scenario.objects.filter(pk=study_sample.scenario.pk).update(settings={**study_sample.scenario.settings, "seed": 7})
    run = services.ask_run(officer, study_sample.scenario)
    assert run.status == Status.WAITING
    with scope(organisation=consultant.organisation), pytest.raises(InputError, match="is being computed"):
        services.accept_hand_over(consultant, offer)
    for removal in (
        lambda: services.delete_study(world.get_actor("administrator"), study_sample.study),
        lambda: services.delete_scenario(officer, study_sample.scenario),
    ):
        with pytest.raises(InputError, match="is being computed"):
            removal()
    services.cancel_run(officer, run)
    with scope(organisation=consultant.organisation):
        assert services.accept_hand_over(consultant, offer) == Study.objects.get()
