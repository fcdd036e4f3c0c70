"""The list of conventions, the summary of one, partners, remarks, archive and deletion."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from ancrage.conventions.jobs import count_jobs
from ancrage.conventions.ledger import Balance
from ancrage.errors import InputError
from ancrage_web.accounts.actors import ForbiddenError
from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.models import User
from ancrage_web.accounts.personal_data import erase_person
from ancrage_web.audit.models import AuditLine
from ancrage_web.conventions.access import Access, find_access
from ancrage_web.conventions.models import (
    Account,
    Beneficiary,
    Committee,
    Convention,
    Document,
    Entry,
    Job,
    Partner,
    Remark,
    Request,
)
from ancrage_web.conventions.queries.jobs import read_job_records
from ancrage_web.conventions.queries.pilot import (
    JOB_WORDS,
    Filters,
    build_lines,
    compute_totals,
    list_conventions,
    read_stage_balances,
)
from ancrage_web.conventions.queries.summary import build_sentence, read_summary
from ancrage_web.conventions.services.archiving import archive_convention, delete_convention, restore_convention
from ancrage_web.conventions.services.partners import close_to, open_to
from ancrage_web.conventions.services.remarks import add_remark, delete_remark
from web.conftest import World
from web.convention_samples import Sample, build_convention, build_document, build_sample, open_to_partner

TODAY = date(2026, 11, 23)


def fill_accounts(sample: Sample, *amounts: tuple[str, str, bool, bool]) -> None:
    """Write accounts as the ledger would leave them: stage, amount, of the action, of the request."""
    for number, (stage, amount, with_action, with_request) in enumerate(amounts):
        Account.objects.create(
            convention=sample.convention,
            key=f"{stage}|{number}",
            stage=stage,
            funder=sample.funder,
            action=sample.action if with_action else None,
            request=sample.request if with_request else None,
            amount=Decimal(amount),
        )


def fill_money(sample: Sample) -> None:
    """Bring 100,000 EUR: 90,000 in the action, of which 10,000 reserved, 8,000 committed and not paid, 4,000 paid."""
    fill_accounts(
        sample,
        ("funder", "-100000.00", False, False),
        ("source", "10000.00", False, False),
        ("planned", "68000.00", True, False),
        ("reserved", "10000.00", True, True),
        ("committed", "8000.00", True, True),
        ("paid", "4000.00", True, True),
    )


def fill_jobs(sample: Sample) -> None:
    """Write a post of each kind."""
    days = {"programmed_on": date(2025, 9, 1), "committed_on": date(2025, 11, 1)}
    hired = {"contract": "cdi", "hired_on": date(2026, 1, 5)}
    posts: tuple[dict[str, Any], ...] = (
        {"programmed_on": date(2025, 9, 1)},
        days,
        {**days, **hired, "proof": sample.document},
        {**days, **hired, "proof": sample.document, "kept": True},
        {**days, **hired},
        {**days, "contract": "cdi", "hired_on": TODAY + timedelta(days=9999), "proof": sample.document},
    )
    for number, fields in enumerate(posts):
        Job.objects.create(convention=sample.convention, action=sample.action, label=f"Poste {number}", **fields)


def read(client: Client, route: str, status: int = 200, query: str = "", **keys: Any) -> str:
    """Return the text of a page of the first organisation."""
    answered = client.get(reverse(route, kwargs={"organisation": "cc-vallee", **keys}) + query)
    assert answered.status_code == status
    return answered.content.decode().replace("\u202f", " ").replace("\xa0", " ")


def get_access(world: World, name: str, convention: Convention) -> Access:
    access = find_access(world.get_actor(name), convention.pk)
    assert access is not None
    return access


def sign_in(access: Access) -> Client:
    client = Client()
    assert access.user is not None
    client.force_login(access.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


# The list ------------------------------------------------------------------------------------------------------------


def test_list_explains_itself_when_it_is_empty(world: World) -> None:
    assert "Votre première convention" in read(world.sign_in("officer"), "conventions")
    assert "demandez à un administrateur" in read(world.sign_in("reader"), "conventions")


def test_list_adds_up_money_and_jobs_of_what_it_shows(world: World) -> None:
    sample = build_sample(world)
    build_convention(world, name="Autre usine", amount=Decimal("1000.00"))
    build_convention(world, name="Rangée", amount=Decimal("7.00"), archived_at=timezone.now())
    with scope(organisation=world.organisation):
        fill_money(sample)
        fill_jobs(sample)
    lines = build_lines(list_conventions(world.get_actor("reader"), Filters()), TODAY)
    totals = compute_totals(lines)

    assert (totals.count, totals.owed) == (2, Decimal("570368.80"))
    money = totals.balance
    assert money == Balance(
        contributed=Decimal(100000),
        planned=Decimal(90000),
        reserved=Decimal(10000),
        committed=Decimal(12000),
        paid=Decimal(4000),
        left=Decimal(68000),
        unplanned=Decimal(10000),
    )
    assert money.residual == 78000
    assert dict(totals.jobs) == {"programmed": 6, "committed": 5, "created": 1, "maintained": 1}
    page = read(world.sign_in("reader"), "conventions")
    assert "570 368,80 €" in page
    assert "78 000,00 €" in page


def test_list_counts_jobs_as_the_library_defines_them(world: World) -> None:
    sample = build_sample(world)
    with scope(organisation=world.organisation):
        fill_jobs(sample)
        counted = count_jobs(read_job_records(sample.convention), TODAY)
    (line,) = build_lines(list_conventions(world.get_actor("reader"), Filters()), TODAY)

    assert dict(line.jobs) == {word: getattr(counted, word).posts for word in JOB_WORDS}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=fonderie", ["Fonderie d'Essai 2025", "Seconde"]),
        ("q=seconde", ["Seconde"]),
        ("q=introuvable", []),
        ("statut=notified", ["Seconde"]),
        ("voie=voluntary", ["Seconde"]),
        ("annee=2025", ["Fonderie d'Essai 2025"]),
        ("annee=2024", ["Seconde"]),
        ("annee=1x", ["Fonderie d'Essai 2025", "Seconde"]),
        ("archivees=1", ["Rangée"]),
        ("statut=nonsense&tri=nonsense&page=99", ["Fonderie d'Essai 2025", "Seconde"]),
    ],
)
def test_list_is_filtered(query: str, found: list[str], world: World) -> None:
    build_convention(world)
    build_convention(
        world, name="Seconde", status="notified", way="voluntary", signed_on=None, owed_since=date(2024, 5, 1)
    )
    build_convention(world, name="Rangée", archived_at=timezone.now())
    page = read(world.sign_in("reader"), "conventions", query=f"?{query}").replace("&#x27;", "'")

    names = ["Fonderie d'Essai 2025", "Seconde", "Rangée"]
    assert [name for name in names if f"{name}</a>" in page] == found


@pytest.mark.parametrize(
    ("sort", "first"), [("name", "Aciérie"), ("amount", "Grande"), ("deadline", "Pressée"), ("status", "Pressée")]
)
def test_list_is_sorted(sort: str, first: str, world: World) -> None:
    build_convention(world, name="Grande", amount=Decimal("9000000.00"))
    build_convention(world, name="Aciérie", amount=Decimal("2.00"))
    # Owed since long ago, with no choice of the company: the oldest late deadline.
    build_convention(
        world,
        name="Pressée",
        amount=Decimal("3.00"),
        status="notified",
        owed_since=date(2020, 1, 1),
        option_on=None,
        signed_on=None,
    )
    page = read(world.sign_in("reader"), "conventions", query=f"?tri={sort}")

    assert min(("Grande", "Aciérie", "Pressée"), key=lambda name: page.index(f"{name}</a>")) == first


def test_list_shows_what_a_partner_opened_and_nothing_else(world: World) -> None:
    opened, hidden = build_convention(world), build_convention(world, name="Cachée")
    state = open_to_partner(world, opened, "state")
    client = sign_in(state)
    slug = state.actor.organisation.slug
    page = client.get(reverse("conventions", kwargs={"organisation": slug})).content.decode()

    assert "Ouverte par CC de la Vallée" in page
    assert "Cachée" not in page
    assert "convention-new" not in page
    assert client.get(reverse("convention", args=[slug, opened.pk])).status_code == 200
    assert client.get(reverse("convention", args=[slug, hidden.pk])).status_code == 404


def test_list_of_a_state_service_says_how_one_is_opened(world: World) -> None:
    convention = build_convention(world)
    state = open_to_partner(world, convention, "state")
    with scope(organisation=world.organisation):
        Partner.objects.all().delete()
    slug = state.actor.organisation.slug
    page = sign_in(state).get(reverse("conventions", kwargs={"organisation": slug})).content.decode()

    assert f"avec votre identifiant : {slug}" in page


@pytest.mark.parametrize("count", [1, 3, 30])
@pytest.mark.parametrize("sort", ["", "deadline"])
def test_list_takes_as_many_queries_whatever_it_shows(
    sort: str, count: int, world: World, django_assert_num_queries: Any
) -> None:
    build_sample(world)
    for number in range(count - 1):
        build_convention(world, name=f"Convention {number}")
    client = world.sign_in("reader")
    read(client, "conventions")

    with django_assert_num_queries(13):
        page = read(client, "conventions", query=f"?tri={sort}")
    assert page.count('<th scope="row">') == count


def test_list_is_sent_as_csv_with_its_filters(world: World) -> None:
    sample = build_sample(world, name="=1+1")
    build_convention(world, name="Autre")
    with scope(organisation=world.organisation):
        fill_money(sample)
    where = reverse("conventions-csv", kwargs={"organisation": "cc-vallee"})
    answered = world.sign_in("reader").get(where + "?q=1")
    rows = list(csv.reader(io.StringIO(answered.content.decode("utf-8-sig")), delimiter=";"))

    assert [row[0] for row in rows] == ["Convention", "'=1+1"]
    line = dict(zip(rows[0], rows[1], strict=True))
    assert (line["Due (€)"], line["Payée (€)"], line["Disponible (€)"]) == ("569368,8", "4000", "78000")


# The summary ---------------------------------------------------------------------------------------------------------


def test_summary_says_in_a_sentence_what_was_owed(world: World) -> None:
    convention = build_convention(world)

    text = build_sentence(convention, 158)
    assert text.fr.replace("\u202f", " ").replace("\xa0", " ") == (
        "Convention locale de 569 368,80 € pour 158 emplois supprimés, signée le 10 juillet 2025, "
        "jusqu'au 9 juillet 2028."
    )
    assert text.en == (
        "Local convention of €569,368.80 for 158 jobs removed, signed on 10 July 2025, until 9 July 2028."
    )


def test_summary_of_a_convention_of_which_nothing_is_known(world: World) -> None:
    with scope(organisation=world.organisation):
        convention = Convention.objects.create(organisation=world.organisation, name="À peine née")
        summary = read_summary(convention, TODAY)
    page = read(world.sign_in("officer"), "convention", convention=convention.pk)

    assert summary.sentence.fr == "Convention locale."
    assert (summary.amount, summary.jobs_owed, summary.per_job, summary.months_left) == (None, None, None, None)
    assert "Rien n’est dû ni apporté" in page
    assert "ne sont encore connus" in page


def test_summary_adds_up_what_was_owed_done_and_left(world: World) -> None:
    sample = build_sample(world)
    with scope(organisation=world.organisation):
        fill_money(sample)
        fill_jobs(sample)
        summary = read_summary(sample.convention, TODAY)
        whole = read_stage_balances([sample.convention.pk])[sample.convention.pk]

    assert (summary.jobs_owed, summary.per_job, summary.months_left) == (158, Decimal("3603.60"), 19)
    assert summary.balance == whole
    lines = {line.action.name: line for line in summary.actions}
    assert lines["Aide aux entreprises"].balance.planned == 90000
    assert (lines["Aide aux entreprises"].committed, lines["Aide aux entreprises"].realised) == (5, 2)
    assert lines["Ingénierie"].balance.planned == 0
    assert summary.jobs_target == 130
    # The parts of the bar add up to what is owed: what is left of the contribution is to be brought.
    page = read(world.sign_in("reader"), "convention", convention=sample.convention.pk)
    assert "469 368,80 €" in page
    assert page.count('<rect class="share-paid"') == 2
    assert "158" in page


def test_summary_lists_what_waits_with_the_late_deadline_first(world: World) -> None:
    sample = build_sample(world)
    with scope(organisation=world.organisation):
        Committee.objects.create(convention=sample.convention, day=date(2026, 6, 10))
        summary = read_summary(sample.convention, TODAY)

    tasks = {task.key: task.count for task in summary.tasks}
    assert tasks["instruct"] == 1
    assert tasks["minutes"] == 1
    assert "sign" not in tasks
    assert [deadline.day for deadline in summary.awaited] == sorted(deadline.day for deadline in summary.awaited)
    assert summary.awaited[0].key.startswith("report-")


@pytest.mark.parametrize("count", [1, 40])
def test_summary_takes_as_many_queries_whatever_it_holds(
    count: int, world: World, django_assert_num_queries: Any
) -> None:
    sample = build_sample(world)
    with scope(organisation=world.organisation):
        for number in range(count):
            Request.objects.create(convention=sample.convention, number=10 + number)
            Job.objects.create(convention=sample.convention, label="Poste", action=sample.action)
            Committee.objects.create(convention=sample.convention, day=date(2026, 1, 1) + timedelta(days=number))
            Remark.objects.create(
                convention=sample.convention,
                author=world.people["officer"],
                author_organisation=world.organisation,
                text="Essai",
            )
    client = world.sign_in("reader")
    read(client, "convention", convention=sample.convention.pk)

    with django_assert_num_queries(19):
        read(client, "convention", convention=sample.convention.pk)


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
    page = read(client, "convention-remarks", convention=sample.convention.pk)

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
    page = read(world.sign_in("reader"), "convention-remarks", convention=convention.pk)

    assert "Personne effacée" in page
    assert "Dominique" not in page


# Archive and deletion ------------------------------------------------------------------------------------------------


def test_convention_is_archived_and_restored(world: World) -> None:
    convention = build_convention(world)
    client = world.sign_in("officer")
    client.post(reverse("convention-archive", args=["cc-vallee", convention.pk]))

    assert "archivée" in read(client, "convention", convention=convention.pk)
    assert "Fonderie" not in read(client, "conventions")
    client.post(reverse("convention-restore", args=["cc-vallee", convention.pk]))
    assert "Fonderie" in read(client, "conventions")
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
