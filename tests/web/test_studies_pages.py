"""Pages of studies: the list, the study itself, its life, comments, shares and hand-overs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from ancrage_web.studies import services
from ancrage_web.studies.models import Comment, HandOver, Scenario, ShareLink, Study
from web.conftest import World
from web.study_samples import DEMO_EPCI, Computed, StudySample, create_sample

Reverse = Callable[..., str]


@pytest.fixture
def address(world: World) -> Reverse:
    """Return what gives the address of a page of the first organisation."""

    def get_address(name: str, /, **keys: Any) -> str:
        return reverse(name, kwargs={"organisation": world.organisation.slug, **keys})

    return get_address


def read(client: Client, where: str, status: int = 200) -> str:
    """Return the text of a page."""
    answered = client.get(where)
    assert answered.status_code == status
    return answered.content.decode()


def test_studies_are_explained_when_there_is_none(world: World, address: Reverse) -> None:
    page = read(world.sign_in("officer"), address("studies"))

    assert "Votre première étude" in page
    assert address("study-new") in page
    assert address("study-new") not in read(world.sign_in("reader"), address("studies"))


def test_studies_show_the_figures_of_the_last_result(world: World, address: Reverse, study_sample: StudySample) -> None:
    page = read(world.sign_in("reader"), address("studies"))

    figures = {figure["id"]: figure for figure in study_sample.result.summary["fr"]["figures"]}
    for name in ("impact.commuter_km", "desks", "cost"):
        assert f"{figures[name]['written']} <span" in page
    assert "Tiers-lieux de la vallée" in page
    assert "1 scénario" in page


def test_studies_are_searched_and_filtered(world: World, address: Reverse, study_sample: StudySample) -> None:
    officer = world.get_actor("officer")
    with scope(organisation=world.organisation):
        away = services.duplicate_study(officer, study_sample.study, name="Rangée")
        services.archive_study(officer, away)
    client = world.sign_in("reader")

    assert "Aucune étude ne correspond" in read(client, address("studies") + "?q=introuvable")
    assert "Tiers-lieux de la vallée" in read(client, address("studies") + "?q=vallée")
    assert "Rangée" not in read(client, address("studies"))
    assert "Rangée" in read(client, address("studies") + "?archivees=1")
    assert "1 étude" in read(client, address("studies") + f"?territoire={DEMO_EPCI}")


@pytest.mark.parametrize("count", [1, 3])
def test_studies_take_as_many_queries_whatever_their_number(
    count: int,
    world: World,
    address: Reverse,
    study_sample: StudySample,
    django_assert_num_queries: Any,
) -> None:
    with scope(organisation=world.organisation):
        for number in range(count - 1):
            services.duplicate_study(world.get_actor("officer"), study_sample.study, name=f"Étude {number}")
    client = world.sign_in("reader")
    client.get(address("studies"))

    with django_assert_num_queries(9):
        page = read(client, address("studies"))
    assert page.count('<article class="card') == count


@pytest.mark.parametrize("count", [1, 3])
def test_study_takes_as_many_queries_whatever_its_scenarios(
    count: int, world: World, address: Reverse, study_sample: StudySample, django_assert_num_queries: Any
) -> None:
    with scope(organisation=world.organisation):
        for number in range(count - 1):
            services.duplicate_scenario(world.get_actor("officer"), study_sample.scenario, name=f"Scénario {number}")
    client = world.sign_in("reader")
    where = address("study", study=study_sample.study.pk)
    client.get(where)

    with django_assert_num_queries(10):
        page = read(client, where)
    assert page.count('<article class="card') == count


def test_study_is_created_with_a_first_scenario(world: World, address: Reverse, territories: Any) -> None:
    client = world.sign_in("officer")
    page = read(client, address("study-new") + f"?territoire={DEMO_EPCI}")
    name = re.search(r'name="proposed" value="([^"]+)"', page)
    assert name is not None

    answered = client.post(
        address("study-new"), {"territoire": DEMO_EPCI, "name": name[1], "notes": "", "action": "create"}
    )

    with scope(organisation=world.organisation):
        scenario = Scenario.objects.select_related("study").get()
    assert scenario.study.epci == [DEMO_EPCI]
    assert scenario.study.name.startswith("Tiers-lieux – CC des Vallées")
    assert scenario.settings["budget"] > 0
    assert answered.headers["Location"] == address("scenario", study=scenario.study_id, scenario=scenario.pk)


def test_study_asks_for_its_territory(world: World, address: Reverse, territories: Any) -> None:
    answered = world.sign_in("officer").post(address("study-new"), {"name": "Sans lieu", "action": "create"})

    assert answered.status_code == 400
    assert "Aucun territoire n&#x27;est choisi" in answered.content.decode()
    with scope(organisation=world.organisation):
        assert not Study.objects.exists()


def test_study_finds_its_territory_by_a_commune(world: World, address: Reverse, territories: Any) -> None:
    page = read(world.sign_in("officer"), address("study-new") + "?q=Aigremer")

    assert "par la commune Aigremer" in page
    assert f'name="territoire" value="{DEMO_EPCI}"' in page


def test_study_shows_a_reader_no_control(world: World, address: Reverse, study_sample: StudySample) -> None:
    where = address("study", study=study_sample.study.pk)
    reader, officer = read(world.sign_in("reader"), where), read(world.sign_in("officer"), where)

    for name in ("study-share", "study-change", "study-duplicate", "study-hand-over", "study-archive"):
        assert address(name, study=study_sample.study.pk) in officer
        assert address(name, study=study_sample.study.pk) not in reader
    assert '<form method="post"' not in reader.partition("<main")[2].partition("</main>")[0]


def test_study_is_told_what_another_person_wrote(world: World, address: Reverse, study_sample: StudySample) -> None:
    study = study_sample.study
    seen = study.updated_at.isoformat()
    client = world.sign_in("officer")
    where = address("study-change", study=study.pk)
    with scope(organisation=world.organisation):
        services.change_study(
            world.get_actor("administrator"), study, name=study.name, notes="Vu en bureau.", updated_at=study.updated_at
        )

    answered = client.post(where, {"name": study.name, "notes": "À revoir.", "updated_at": seen})

    assert answered.status_code == 400
    page = answered.content.decode()
    assert "Vu en bureau." in page
    assert "À revoir." in page
    again = re.search(r'name="updated_at" value="([^"]+)"', page)
    assert again is not None
    assert client.post(where, {"name": study.name, "notes": "Les deux.", "updated_at": again[1]}).status_code == 302
    with scope(organisation=world.organisation):
        assert Study.objects.get().notes == "Les deux."


def test_study_is_archived_then_taken_back(world: World, address: Reverse, study_sample: StudySample) -> None:
    client = world.sign_in("officer")
    key = {"study": study_sample.study.pk}

    page = client.post(address("study-archive", **key), follow=True).content.decode()
    assert "est archivée" in page
    assert address("study-restore", **key) in page
    assert address("study-share", **key) not in page
    assert "est de retour" in client.post(address("study-restore", **key), follow=True).content.decode()


def test_study_is_deleted_only_after_a_tick(world: World, address: Reverse, study_sample: StudySample) -> None:
    client = world.sign_in("administrator")
    where = address("study-delete", study=study_sample.study.pk)

    assert client.post(where).status_code == 400
    with scope(organisation=world.organisation):
        assert Study.objects.count() == 1
    assert client.post(where, {"sure": "on"}).status_code == 302
    with scope(organisation=world.organisation):
        assert not Study.objects.exists()


def test_comment_is_added_and_deleted_by_its_author(world: World, address: Reverse, study_sample: StudySample) -> None:
    client = world.sign_in("officer")
    key = {"study": study_sample.study.pk}
    client.post(address("study-comments", **key), {"text": "<b>Et le bus ?</b>", "scenario": study_sample.scenario.pk})

    page = read(world.sign_in("reader"), address("study", **key))
    assert "&lt;b&gt;Et le bus ?&lt;/b&gt;" in page
    assert "Dominique Agent" in page
    assert "sur le scénario Budget de base" in page
    with scope(organisation=world.organisation):
        comment = Comment.objects.get()
    client.post(address("study-comment-delete", comment=comment.pk, **key))
    with scope(organisation=world.organisation):
        assert not Comment.objects.exists()


def test_comment_is_refused_when_empty(world: World, address: Reverse, study_sample: StudySample) -> None:
    answered = world.sign_in("officer").post(address("study-comments", study=study_sample.study.pk), {"text": " "})

    assert answered.status_code == 400
    assert "Le commentaire est vide" in answered.content.decode()


def share(world: World, address: Reverse, study: Study) -> str:
    """Make a share link through the page; return its address without the host."""
    page = world.sign_in("officer").post(address("study-share", study=study.pk), {"days": "30"}).content.decode()
    found = re.search(r'id="share-address"[^>]*value="https?://[^/]+([^"]+)"', page)
    assert found is not None
    return found[1]


def test_share_link_is_shown_once_and_opens_the_results(
    world: World, address: Reverse, study_sample: StudySample
) -> None:
    study = study_sample.study
    where = share(world, address, study)
    with scope(organisation=world.organisation):
        services.add_comment(world.get_actor("officer"), study, text="Entre nous")

    assert where not in read(world.sign_in("officer"), address("study-share", study=study.pk))
    page = read(Client(), where)
    assert study.name in page
    assert "Entre nous" not in page
    answered = Client().get(f"{where}{study_sample.scenario.pk}/")
    assert answered.status_code == 200
    assert answered.headers["Referrer-Policy"] == "no-referrer"
    assert answered.headers["X-Robots-Tag"] == "noindex, nofollow"
    shown = answered.content.decode()
    assert study_sample.result.pages["fr"]["answer"].partition(";")[0].strip() in shown
    assert "/organisations/" not in shown.partition("<main")[2].partition("</main>")[0]
    assert Client().get(f"{where}{study_sample.scenario.pk}/detail/").status_code == 200
    assert Client().get(f"{where}{study_sample.scenario.pk}/carte.json").json() == study_sample.result.map
    file = Client().get(f"{where}{study_sample.scenario.pk}/fichiers/report.pdf")
    assert b"".join(file.streaming_content).startswith(b"%PDF")  # type: ignore[attr-defined]
    file.close()
    assert Client().post(where).status_code == 405


@pytest.mark.parametrize("change", ["revoked", "expired", "archived", "mistyped"])
def test_share_link_that_is_closed_leads_nowhere(
    change: str, world: World, address: Reverse, study_sample: StudySample
) -> None:
    study = study_sample.study
    where = share(world, address, study)
    client = world.sign_in("officer")
    with scope(organisation=world.organisation):
        link = ShareLink.objects.get()
    if change == "revoked":
        client.post(address("study-share-revoke", study=study.pk, link=link.pk))
    elif change == "expired":
        with scope(organisation=world.organisation):
            ShareLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif change == "archived":
        client.post(address("study-archive", study=study.pk))
    else:
        where = where[:-2] + ("A/" if where[-2] != "A" else "B/")

    for part in ("", f"{study_sample.scenario.pk}/", f"{study_sample.scenario.pk}/fichiers/report.pdf"):
        answered = Client().get(where + part)
        assert answered.status_code == 404
        assert "Ce lien ne mène nulle part" in answered.content.decode()


def test_share_link_shows_no_other_study(
    world: World, address: Reverse, study_sample: StudySample, computed_larger: Computed, study_folders: Any
) -> None:
    other = create_sample(world, computed_larger, study_folders, name="Confidentielle")
    where = share(world, address, study_sample.study)

    assert Client().get(f"{where}{other.scenario.pk}/").status_code == 404
    assert "Confidentielle" not in read(Client(), where)


def test_hand_over_moves_the_study_when_it_is_accepted(
    world: World, address: Reverse, study_sample: StudySample
) -> None:
    giver, receiver = world.sign_in("officer"), world.sign_in("consultant")
    key = {"study": study_sample.study.pk}
    giver.post(address("study-hand-over", **key), {"receiver": "cabinet-rebond"})
    theirs = reverse("studies", kwargs={"organisation": "cabinet-rebond"})

    assert "Tiers-lieux de la vallée" in read(receiver, theirs)
    with scope(organisation=world.organisation):
        offer = HandOver.objects.get()
    answer = {"organisation": "cabinet-rebond", "hand_over": offer.pk}
    assert "Accepter cette étude ?" in read(receiver, reverse("hand-over-accept", kwargs=answer))
    receiver.post(reverse("hand-over-accept", kwargs=answer))

    assert giver.get(address("study", **key)).status_code == 404
    moved = reverse("study", kwargs={"organisation": "cabinet-rebond", **key})
    assert "Budget de base" in read(receiver, moved)


def test_hand_over_is_withdrawn_or_declined(world: World, address: Reverse, study_sample: StudySample) -> None:
    giver, receiver = world.sign_in("officer"), world.sign_in("consultant")
    key = {"study": study_sample.study.pk}
    theirs = reverse("studies", kwargs={"organisation": "cabinet-rebond"})
    giver.post(address("study-hand-over", **key), {"receiver": "cabinet-rebond"})
    giver.post(address("study-hand-over-withdraw", **key))
    assert "On vous propose" not in read(receiver, theirs)

    giver.post(address("study-hand-over", **key), {"receiver": "cabinet-rebond"})
    with scope(organisation=world.organisation):
        offer = HandOver.objects.get(withdrawn_at__isnull=True)
    receiver.post(reverse("hand-over-decline", kwargs={"organisation": "cabinet-rebond", "hand_over": offer.pk}))
    assert "On vous propose" not in read(receiver, theirs)
    assert giver.get(address("study", **key)).status_code == 200


def test_hand_over_names_an_unknown_receiver(world: World, address: Reverse, study_sample: StudySample) -> None:
    answered = world.sign_in("officer").post(
        address("study-hand-over", study=study_sample.study.pk), {"receiver": "inconnue"}
    )

    assert answered.status_code == 400
    assert "inconnue" in answered.content.decode()


def test_pages_are_complete_in_english(world: World, study_sample: StudySample) -> None:
    keys = {"organisation": world.organisation.slug, "study": study_sample.study.pk}
    page = read(world.sign_in("officer"), f"/en{reverse('study', kwargs=keys)}")

    assert "Add a scenario" in page
    assert study_sample.result.summary["en"]["figures"][0]["label"] in page or "Desks" in page
    assert "Ajouter un scénario" not in page
