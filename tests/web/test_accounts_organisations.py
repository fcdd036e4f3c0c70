"""Organisations, members and roles."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.urls import reverse
from django_scopes import scope

from ancrage.errors import InputError
from ancrage_web.accounts import services
from ancrage_web.accounts.actors import ForbiddenError
from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.models import Membership, Organisation
from ancrage_web.accounts.rules import build_slug, check_organisation_name, check_siren
from ancrage_web.audit.models import AuditLine
from web.conftest import World, create_person


def read_trail(organisation: Organisation) -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Return the trail of an organisation as (action, object type, before, after)."""
    with scope(organisation=organisation):
        return [(line.action, line.object_type, line.before, line.after) for line in AuditLine.objects.all()]


@pytest.mark.parametrize(("text", "expected"), [("200 072 544", "200072544"), ("", ""), ("  ", "")])
def test_siren_is_stored_as_nine_digits(text: str, expected: str) -> None:
    assert check_siren(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("20007254", "qui compte neuf chiffres"),
        ("20007254X", "qui compte neuf chiffres"),
        ("٢٠٠٠٧٢٥٤٤", "qui compte neuf chiffres"),
        ("200072545", "clé de contrôle fausse"),
    ],
)
def test_siren_that_cannot_be_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        check_siren(text)
    assert reason in caught.value.text.fr


def test_name_loses_needless_spaces_and_cannot_be_empty() -> None:
    assert check_organisation_name("  CC   des Monts ") == "CC des Monts"
    with pytest.raises(InputError):
        check_organisation_name(" x ")


def test_slug_avoids_taken_and_reserved_words() -> None:
    assert build_slug("CC de l'Île", lambda _word: False) == "cc-de-lile"
    assert build_slug("Nouvelle", lambda _word: False) == "nouvelle-2"
    assert build_slug("CC", {"cc", "cc-2"}.__contains__) == "cc-3"
    assert build_slug("日本", lambda _word: False) == "organisation"
    assert len(build_slug("x" * 200, lambda word: len(word) < 78)) <= 80


def test_first_administrator_creates_the_first_organisation(db: None) -> None:
    user = services.create_administrator("Chef@Example.org", "Chef", "quatre mots sans rapport")
    organisation = services.create_organisation("CC des Monts", "epci", "200072544", administrator=user)
    assert (user.email, user.is_staff) == ("chef@example.org", True)
    assert user.emailaddress_set.get().verified is True
    assert (organisation.slug, organisation.siren) == ("cc-des-monts", "200072544")
    assert read_trail(organisation) == [
        (
            "organisation.created",
            "organisation",
            {},
            {"name": "CC des Monts", "kind": "epci", "siren": "200072544"},
        ),
        ("member.added", "member", {}, {"role": "administrator"}),
    ]


def test_administrator_with_a_weak_password_or_a_known_address_is_refused(world: World) -> None:
    with pytest.raises(InputError) as weak:
        services.create_administrator("chef@example.org", "Chef", "1234")
    assert "trop court" in weak.value.text.fr
    assert "too short" in weak.value.text.en
    with pytest.raises(InputError) as known:
        services.create_administrator("ADMIN@example.org")
    assert "a déjà un compte" in known.value.text.fr
    with pytest.raises(InputError) as odd:
        services.create_administrator("nobody")
    assert "n'est pas une adresse e-mail" in odd.value.text.fr


def test_organisations_are_created_by_staff_or_where_sign_up_is_open(world: World, settings: Any) -> None:
    stranger = world.people["stranger"]
    assert stranger is not None
    with pytest.raises(ForbiddenError):
        services.create_organisation("CC des Monts", "epci", administrator=stranger)
    settings.SIGNUP = "open"
    browser = world.sign_in("stranger")
    answered = browser.post(
        reverse("organisation_create"), {"name": "CC des Monts", "kind": "epci", "siren": "200 072 544"}
    )
    assert answered["Location"] == "/organisations/cc-des-monts/"
    with scope(organisation=Organisation.objects.get(slug="cc-des-monts")):
        assert Membership.objects.get().role == Role.ADMINISTRATOR


def test_creation_with_a_wrong_siren_says_so_beside_the_field(world: World, settings: Any) -> None:
    settings.SIGNUP = "open"
    answered = world.sign_in("stranger").post(
        reverse("organisation_create"), {"name": "CC", "kind": "epci", "siren": "123456789"}
    )
    assert answered.status_code == 422
    assert "clé de contrôle fausse" in answered.content.decode()
    assert 'aria-invalid="true"' in answered.content.decode()
    assert not Organisation.objects.filter(name="CC").exists()


def test_organisation_changes_are_recorded_field_by_field(world: World) -> None:
    actor = world.get_actor("administrator")
    services.change_organisation(actor, "CC de la Vallée", "epci", "200072544")
    services.change_organisation(actor, "CC de la Vallée", "epci", "200072544")
    assert read_trail(world.organisation) == [
        ("organisation.changed", "organisation", {"siren": ""}, {"siren": "200072544"})
    ]


def test_unknown_words_are_refused(world: World) -> None:
    actor = world.get_actor("administrator")
    with pytest.raises(InputError):
        services.change_organisation(actor, "CC", "kingdom")
    assert actor.user is not None
    with pytest.raises(InputError):
        services.change_role(actor, actor.user.pk, "king")


def test_role_changes_and_is_recorded(world: World) -> None:
    reader = world.people["reader"]
    assert reader is not None
    answered = world.sign_in("administrator").post(
        reverse("member_role", kwargs={"organisation": "cc-vallee", "person": reader.pk}), {"role": "editor"}
    )
    assert answered["Location"] == "/organisations/cc-vallee/"
    assert world.get_actor("reader").role == Role.EDITOR
    assert read_trail(world.organisation) == [("member.role_changed", "member", {"role": "reader"}, {"role": "editor"})]


def test_last_administrator_can_neither_leave_nor_be_demoted_nor_removed(world: World) -> None:
    actor = world.get_actor("administrator")
    assert actor.user is not None
    for attempt in (
        lambda: services.leave_organisation(actor),
        lambda: services.change_role(actor, actor.user.pk, "editor"),
        lambda: services.remove_member(actor, actor.user.pk),
    ):
        with pytest.raises(InputError) as caught:
            attempt()
        assert "n'aurait plus d'administrateur" in caught.value.text.fr
    assert world.get_actor("administrator").role == Role.ADMINISTRATOR
    assert read_trail(world.organisation) == []
    page = world.sign_in("administrator").get(reverse("organisation_leave", kwargs={"organisation": "cc-vallee"}))
    assert "dernier administrateur" in page.content.decode()


def test_administrator_leaves_once_there_is_another(world: World) -> None:
    actor = world.get_actor("administrator")
    reader = world.people["reader"]
    assert reader is not None
    services.change_role(actor, reader.pk, "administrator")
    browser = world.sign_in("administrator")
    address = reverse("organisation_leave", kwargs={"organisation": "cc-vallee"})
    assert browser.post(address, {}).status_code == 422
    assert browser.post(address, {"sure": "on"})["Location"] == "/organisations/"
    assert browser.get(reverse("organisation", kwargs={"organisation": "cc-vallee"})).status_code == 404


def test_removed_member_loses_access_at_once(world: World) -> None:
    browser = world.sign_in("reader")
    page = reverse("organisation", kwargs={"organisation": "cc-vallee"})
    assert browser.get(page).status_code == 200
    reader = world.people["reader"]
    assert reader is not None
    services.remove_member(world.get_actor("administrator"), reader.pk)
    assert browser.get(page).status_code == 404
    assert read_trail(world.organisation) == [("member.removed", "member", {"role": "reader"}, {})]


def test_person_of_another_organisation_is_not_a_member(world: World) -> None:
    consultant = world.people["consultant"]
    assert consultant is not None
    for person in (consultant.pk, uuid.uuid4()):
        with pytest.raises(InputError) as caught:
            services.remove_member(world.get_actor("administrator"), person)
        assert "n'est pas membre" in caught.value.text.fr


def test_addresses_of_members_are_shown_to_administrators_only(world: World) -> None:
    page = reverse("organisation", kwargs={"organisation": "cc-vallee"})
    assert "officer@example.org" in world.sign_in("administrator").get(page).content.decode()
    read = world.sign_in("reader").get(page).content.decode()
    assert "Dominique Agent" in read
    assert "officer@example.org" not in read


def test_list_says_what_to_do_when_one_is_member_of_nothing(world: World) -> None:
    page = world.sign_in("stranger").get(reverse("organisations")).content.decode()
    assert "aucune organisation" in page
    assert "stranger@example.org" in page


@pytest.mark.parametrize("count", [1, 3])
def test_list_of_organisations_costs_the_same_whatever_their_number(
    world: World, count: int, django_assert_num_queries: Any
) -> None:
    reader = world.people["reader"]
    for number in range(count - 1):
        organisation = Organisation.objects.create(name=f"CC {number}", slug=f"cc-{number}", kind="epci")
        with scope(organisation=organisation):
            Membership.objects.create(organisation=organisation, user=reader, role=Role.READER)
    browser = world.sign_in("reader")
    # The session, the person, the memberships.
    with django_assert_num_queries(3):
        page = browser.get(reverse("organisations"))
    assert page.content.decode().count("card-link") == count


@pytest.mark.parametrize("count", [1, 3])
def test_page_of_an_organisation_costs_the_same_whatever_its_members(
    world: World, count: int, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        create_person(f"more{number}@example.org", f"More {number}", world.organisation, Role.READER)
    browser = world.sign_in("administrator")
    # The session, the person, the membership, the members, the invitations, one's other organisations.
    with django_assert_num_queries(6):
        page = browser.get(reverse("organisation", kwargs={"organisation": "cc-vallee"}))
    assert page.content.decode().count("@example.org</td>") == count + 3
