"""The list of conventions and the summary of one."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from ancrage.conventions.jobs import count_jobs
from ancrage.conventions.ledger import Balance
from ancrage_web.conventions.models import (
    Account,
    Committee,
    Convention,
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
from web.conftest import World
from web.convention_samples import (
    Sample,
    build_convention,
    build_sample,
    fill_jobs,
    open_to_partner,
    read_page,
    sign_in,
)

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


# The list ------------------------------------------------------------------------------------------------------------


def test_list_explains_itself_when_it_is_empty(world: World) -> None:
    assert "Votre première convention" in read_page(world.sign_in("officer"), "conventions")
    assert "demandez à un administrateur" in read_page(world.sign_in("reader"), "conventions")


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
    page = read_page(world.sign_in("reader"), "conventions")
    assert "570 368,80 €" in page
    assert "78 000,00 €" in page


def test_list_counts_jobs_as_the_library_defines_them(world: World) -> None:
    sample = build_sample(world)
    with scope(organisation=world.organisation):
        fill_jobs(sample)
        # A promised post of a request given up counts no more.
        sample.convention.requests.filter(pk=sample.request.pk).update(status="withdrawn", ended_on=TODAY)
        sample.convention.jobs.create(request=sample.request, label="Poste promis", programmed_on=date(2025, 9, 1))
        counted = count_jobs(read_job_records(sample.convention), TODAY)
        assert counted.programmed.posts < sample.convention.jobs.filter(programmed_on__lte=TODAY).count()
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
    page = read_page(world.sign_in("reader"), "conventions", query=f"?{query}").replace("&#x27;", "'")

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
    page = read_page(world.sign_in("reader"), "conventions", query=f"?tri={sort}")

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
    read_page(client, "conventions")

    with django_assert_num_queries(13):
        page = read_page(client, "conventions", query=f"?tri={sort}")
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
    page = read_page(world.sign_in("officer"), "convention", convention=convention.pk)

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
    page = read_page(world.sign_in("reader"), "convention", convention=sample.convention.pk)
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
    read_page(client, "convention", convention=sample.convention.pk)

    with django_assert_num_queries(19):
        read_page(client, "convention", convention=sample.convention.pk)
