"""Partners of a convention, its remarks, its archive and its deletion."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse
from django_scopes import scope

from ancrage.errors import InputError
from ancrage_web.accounts.actors import ForbiddenError
from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.models import User
from ancrage_web.accounts.personal_data import erase_person
from ancrage_web.audit.models import AuditLine
from ancrage_web.conventions.access import find_access
from ancrage_web.conventions.models import (
    Beneficiary,
    Committee,
    Convention,
    Document,
    Entry,
    Job,
    Remark,
    Request,
)
from ancrage_web.conventions.services.archiving import archive_convention, delete_convention, restore_convention
from ancrage_web.conventions.services.partners import close_to, open_to
from ancrage_web.conventions.services.remarks import add_remark, delete_remark
from web.conftest import World
from web.convention_samples import (
    build_convention,
    build_document,
    build_sample,
    fill_jobs,
    get_access,
    open_to_partner,
    read_page,
    sign_in,
)

# Partners ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "read_status", "edit_status", "comment_status"),
    [("consultant", 200, 403, 302), ("epci", 200, 403, 302), ("state", 200, 403, 302), ("company", 200, 403, 302)],
)
def test_partner_reads_and_comments_and_never_opens_to_others(
    part: Any, read_status: int, edit_status: int, comment_status: int, world: World
) -> None:
    access = open_to_partner(world, build_convention(world), part)
    client, keys = sign_in(access), [access.actor.organisation.slug, access.convention.pk]

    for route in ("convention", "convention-calendar", "convention-partners", "convention-remarks"):
        assert client.get(reverse(route, args=keys)).status_code == read_status
    for route in ("convention-archive", "convention-delete"):
        assert client.post(reverse(route, args=keys)).status_code == edit_status
    given = {"receiver": "cabinet-rebond", "part": "consultant"}
    assert client.post(reverse("convention-partners", args=keys), given).status_code == edit_status
    assert client.post(reverse("convention-remarks", args=keys), {"text": "Vu."}).status_code == comment_status


def test_reader_of_a_partner_makes_no_remark(world: World) -> None:
    access = open_to_partner(world, build_convention(world), "state", Role.READER)
    where = reverse("convention-remarks", args=[access.actor.organisation.slug, access.convention.pk])

    assert sign_in(access).post(where, {"text": "Vu."}).status_code == 403
    assert "pas d’en faire" in sign_in(access).get(where).content.decode()


def test_convention_opens_to_an_organisation_and_closes(world: World) -> None:
    convention = build_convention(world)
    officer = get_access(world, "officer", convention)
    with scope(organisation=world.organisation):
        partner = open_to(officer, organisation_slug=" Cabinet-Rebond ", part="consultant")
        assert find_access(world.get_actor("consultant"), convention.pk) is not None
        with pytest.raises(InputError, match="already open"):
            open_to(officer, organisation_slug="cabinet-rebond", part="consultant")
        close_to(officer, partner)
        # Closed twice, as two people may: the second has nothing left to do.
        close_to(officer, partner)
        actions = list(AuditLine.objects.order_by("sequence").values_list("action", flat=True))
    assert find_access(world.get_actor("consultant"), convention.pk) is None
    assert actions == ["convention.opened_to", "convention.closed_to"]


@pytest.mark.parametrize(
    ("slug", "part", "said"),
    [
        ("nulle-part", "epci", "Aucune organisation"),
        ("cc-vallee", "epci", "tient déjà"),
        ("cabinet-rebond", "state", "cabinet"),
        ("cabinet-rebond", "nonsense", "choisissez"),
    ],
)
def test_convention_does_not_open_to_just_anything(slug: str, part: str, said: str, world: World) -> None:
    officer = get_access(world, "officer", build_convention(world))
    with scope(organisation=world.organisation), pytest.raises(InputError) as refused:
        open_to(officer, organisation_slug=slug, part=part)
    assert said in refused.value.text.fr


def test_partner_form_keeps_what_was_typed(world: World) -> None:
    convention = build_convention(world)
    where = reverse("convention-partners", args=["cc-vallee", convention.pk])
    answered = world.sign_in("officer").post(where, {"receiver": "nulle-part", "part": "state"})
    page = answered.content.decode()

    assert answered.status_code == 400
    assert 'value="nulle-part"' in page
    assert 'aria-invalid="true"' in page
    assert "Aucune organisation" in page


# Remarks -------------------------------------------------------------------------------------------------------------


def test_remark_is_written_read_and_deleted_by_its_author(world: World) -> None:
    sample = build_sample(world)
    client = world.sign_in("officer")
    where = reverse("convention-remarks", args=["cc-vallee", sample.convention.pk])
    client.post(where + f"?demande={sample.request.pk}", {"text": "Pièce <b>manquante</b>"})
    page = read_page(client, "convention-remarks", convention=sample.convention.pk)

    assert "Pièce &lt;b&gt;manquante&lt;/b&gt;" in page
    assert "Dominique Agent</strong> (CC de la Vallée)" in page
    assert "sur la demande n° 2" in page
    with scope(organisation=world.organisation):
        remark = Remark.objects.get()
    where = reverse("convention-remark-delete", args=["cc-vallee", sample.convention.pk, remark.pk])
    assert client.post(where).status_code == 302
    with scope(organisation=world.organisation):
        assert not Remark.objects.exists()


def test_remark_is_refused_when_it_says_nothing_too_much_or_of_another(world: World) -> None:
    sample, other = build_sample(world), build_convention(world, name="Autre")
    with scope(organisation=world.organisation):
        access = get_access(world, "officer", other)
        for text, said in ((" \n", "empty"), ("x" * 5001, "5001 characters")):
            with pytest.raises(InputError, match=said):
                add_remark(access, text=text)
        with pytest.raises(InputError, match="not one of this convention"):
            add_remark(access, text="Vu.", request=sample.request)
    where = reverse("convention-remarks", args=["cc-vallee", other.pk])
    client = world.sign_in("officer")
    assert client.get(f"{where}?demande={sample.request.pk}").status_code == 404
    assert client.get(f"{where}?demande=x").status_code == 404


def test_remark_of_someone_else_is_deleted_by_an_administrator_only(world: World) -> None:
    convention = build_convention(world)
    state = open_to_partner(world, convention, "state")
    with scope(organisation=world.organisation):
        remark = add_remark(state, text="Bilan attendu.")
        with pytest.raises(ForbiddenError):
            delete_remark(get_access(world, "officer", convention), remark)
        delete_remark(get_access(world, "administrator", convention), remark)
        assert not Remark.objects.exists()


def test_remark_of_an_erased_person_stays_without_a_name(world: World) -> None:
    convention = build_convention(world)
    with scope(organisation=world.organisation):
        add_remark(get_access(world, "officer", convention), text="Vu.")
    officer = world.people["officer"]
    assert isinstance(officer, User)
    erase_person(officer)
    page = read_page(world.sign_in("reader"), "convention-remarks", convention=convention.pk)

    assert "Personne effacée" in page
    assert "Dominique" not in page


# Archive and deletion ------------------------------------------------------------------------------------------------


def test_convention_is_archived_and_restored(world: World) -> None:
    convention = build_convention(world)
    client = world.sign_in("officer")
    client.post(reverse("convention-archive", args=["cc-vallee", convention.pk]))

    assert "archivée" in read_page(client, "convention", convention=convention.pk)
    assert "Fonderie" not in read_page(client, "conventions")
    client.post(reverse("convention-restore", args=["cc-vallee", convention.pk]))
    assert "Fonderie" in read_page(client, "conventions")
    with scope(organisation=world.organisation):
        actions = list(AuditLine.objects.order_by("sequence").values_list("action", flat=True))
    assert actions == ["convention.archived", "convention.restored"]


def test_archiving_twice_is_recorded_once(world: World) -> None:
    convention = build_convention(world)
    with scope(organisation=world.organisation):
        access = get_access(world, "officer", convention)
        for change in (archive_convention, archive_convention, restore_convention, restore_convention):
            change(access)
        assert AuditLine.objects.count() == 2


def test_convention_without_a_ledger_is_deleted_with_all_it_holds(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    sample = build_sample(world)
    joined = build_document(sample.convention, name="jointe.pdf", request=sample.request)
    with scope(organisation=world.organisation):
        fill_jobs(sample)
        Committee.objects.create(convention=sample.convention, day=date(2026, 12, 10))
        files = [Path(settings.MEDIA_ROOT) / path for path in Document.objects.values_list("path", flat=True)]
        assert joined.path in [str(path.relative_to(settings.MEDIA_ROOT)) for path in files]
        with django_capture_on_commit_callbacks(execute=True):
            delete_convention(get_access(world, "administrator", sample.convention))
        for model in (Convention, Request, Document, Job, Committee):
            assert not model.objects.exists()
        assert Beneficiary.objects.count() == 1
    assert not any(path.exists() for path in files)


def test_convention_with_a_ledger_is_kept(world: World) -> None:
    sample = build_sample(world)
    with scope(organisation=world.organisation):
        Entry.objects.create(
            convention=sample.convention,
            number=1,
            on=date(2025, 8, 1),
            kind="contribute",
            funder=sample.funder,
            amount=Decimal("10.00"),
            document=sample.document,
        )
    client = world.sign_in("administrator")
    where = reverse("convention-delete", args=["cc-vallee", sample.convention.pk])

    assert "ne peut pas être supprimée" in client.get(where).content.decode()
    assert client.post(where, {"sure": "on"}).status_code == 400
    with scope(organisation=world.organisation):
        assert Convention.objects.exists()


def test_deletion_wants_a_tick(world: World) -> None:
    convention = build_convention(world)
    where = reverse("convention-delete", args=["cc-vallee", convention.pk])
    answered = world.sign_in("administrator").post(where)

    assert answered.status_code == 400
    assert "cochez la case" in answered.content.decode()
