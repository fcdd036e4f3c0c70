"""The jobs register on the site: written with requests, proved by documents, checked afterwards."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from django_scopes import scope

from ancrage.errors import InputError
from ancrage_web.accounts.actors import ForbiddenError
from ancrage_web.conventions.models import Job
from ancrage_web.conventions.queries.jobs import read_job_counts
from ancrage_web.conventions.services import jobs as services
from web.convention_samples import Sample, build_sample, open_to_partner

if TYPE_CHECKING:
    from django.test import Client

    from web.conftest import World

QUERIES = 9
pytestmark = pytest.mark.django_db


@pytest.fixture
def sample(world: World) -> Sample:
    return build_sample(world)


def _address(sample: Sample, route: str = "convention-jobs", *more: Any) -> str:
    return reverse(route, args=[sample.access.actor.organisation.slug, sample.convention.pk, *more])


def test_request_writes_its_posts_once_and_follows_a_correction(sample: Sample, world: World) -> None:
    with scope(organisation=world.organisation):
        assert services.programme_jobs(sample.access, sample.request) == 4
        assert services.programme_jobs(sample.access, sample.request) == 4
        sample.request.jobs_created, sample.request.jobs_maintained = 2, 1
        assert services.programme_jobs(sample.access, sample.request) == 3
        counts = read_job_counts(sample.convention, date(2025, 9, 1))
        assert (counts.programmed.posts, counts.programmed_kept.posts, counts.committed.posts) == (3, 1, 0)
        assert services.commit_jobs(sample.access, sample.request, date(2025, 10, 1)) == 3
        assert read_job_counts(sample.convention, date(2025, 9, 30)).committed.posts == 0
        assert read_job_counts(sample.convention, date(2025, 10, 1)).committed.posts == 3
        # What is committed is never taken out by a later correction.
        sample.request.jobs_created = 0
        assert services.programme_jobs(sample.access, sample.request) == 3


def test_hire_counts_only_with_its_document(sample: Sample, world: World) -> None:
    with scope(organisation=world.organisation):
        (job,) = services.add_jobs(sample.access, number=1, label="Ajusteur", action=sample.action)
        with pytest.raises(InputError, match="No document"):
            services.record_hire(sample.access, job, hired_on=date(2025, 10, 1), contract="cdi", proof=None)
        services.save_job(sample.access, job=job, hired_on=date(2025, 10, 1), contract="cdi")
        counts = read_job_counts(sample.convention, date(2025, 12, 1))
        assert (counts.declared.posts, counts.created.posts) == (1, 0)
        services.record_hire(
            sample.access, job, hired_on=date(2025, 10, 1), contract="cdi", proof=sample.document, fte=Decimal("0.80")
        )
        counts = read_job_counts(sample.convention, date(2025, 12, 1))
        assert (counts.declared.posts, counts.created.posts, counts.created.fte) == (0, 1, Decimal("0.80"))


def test_presence_is_refused_before_its_day_and_after_the_end(sample: Sample, world: World) -> None:
    with scope(organisation=world.organisation):
        (job,) = services.add_jobs(
            sample.access, number=1, label="Ajusteur", hired_on=date(2025, 8, 31), contract="cdi", proof=sample.document
        )
        with pytest.raises(InputError, match="28 February 2026"):
            services.check_presence(sample.access, job, months=6, present=True, on=date(2026, 2, 27))
        services.record_departure(sample.access, job, left_on=date(2026, 1, 15))
        job.refresh_from_db()
        with pytest.raises(InputError, match="cannot be there"):
            services.check_presence(sample.access, job, months=6, present=True, on=date(2026, 3, 1))


def test_line_with_a_promise_stays_in_the_register(sample: Sample, world: World) -> None:
    with scope(organisation=world.organisation):
        kept, mistake = services.add_jobs(sample.access, number=2, label="Ajusteur")
        services.save_job(sample.access, job=kept, committed_on=date(2025, 10, 1))
        with pytest.raises(InputError, match="stays in the register"):
            services.remove_job(sample.access, kept)
        services.remove_job(sample.access, mistake)
        assert list(Job.objects.filter(convention=sample.convention)) == [kept]


def test_partner_who_reads_writes_nothing(sample: Sample, world: World) -> None:
    state = open_to_partner(world, sample.convention, "state")
    with scope(organisation=world.organisation), pytest.raises(ForbiddenError):
        services.save_job(state, label="Ajusteur")


def test_two_people_do_not_overwrite_one_another(sample: Sample, world: World) -> None:
    with scope(organisation=world.organisation):
        (job,) = services.add_jobs(sample.access, number=1, label="Ajusteur")
        seen = job.updated_at
        services.save_job(sample.access, job=job, seen_at=seen, commune="00001")
        with pytest.raises(InputError, match="Someone else"):
            services.save_job(sample.access, job=job, seen_at=seen, commune="00002")


def test_page_shows_totals_with_their_definitions(sample: Sample, world: World, client: Client) -> None:
    with scope(organisation=world.organisation):
        services.programme_jobs(sample.access, sample.request)
    client.force_login(world.people["reader"])
    page = client.get(_address(sample)).content.decode()
    assert "Quatre postes d&#x27;atelier (1)" in page
    assert "Postes inscrits dans une fiche projet déposée" in page
    assert "Ajouter des postes" not in page
    csv = client.get(_address(sample, "convention-jobs-csv")).content.decode("utf-8-sig").splitlines()
    assert len(csv) == 5
    assert csv[1].startswith("Quatre postes d'atelier (1);à créer;1;")


def test_form_adds_identical_posts_and_keeps_what_was_typed(sample: Sample, world: World, client: Client) -> None:
    client.force_login(world.people["officer"])
    address = _address(sample, "convention-job-new")
    fields = {"label": "Soudeur", "number": "3", "fte": "0,8", "hired_on": "2025-11-03"}
    refused = client.post(address, fields)
    assert refused.status_code == 400
    assert "Soudeur" in refused.content.decode()
    assert client.post(address, {**fields, "contract": "cdi", "proof": sample.document.pk}).status_code == 302
    with scope(organisation=world.organisation):
        assert read_job_counts(sample.convention, date(2025, 11, 3)).created.fte == Decimal("2.40")


def test_checks_that_are_due_are_ticked_in_the_list(
    sample: Sample, world: World, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *_: date(2026, 7, 1))
    with scope(organisation=world.organisation):
        (job,) = services.add_jobs(
            sample.access, number=1, label="Ajusteur", hired_on=date(2025, 10, 1), contract="cdi", proof=sample.document
        )
    client.force_login(world.people["officer"])
    assert f"{job.pk}-6" in client.get(_address(sample)).content.decode()
    client.post(_address(sample, "convention-jobs-check"), {f"{job.pk}-6": "oui", "junk-6": "oui"})
    with scope(organisation=world.organisation):
        counts = read_job_counts(sample.convention, date(2026, 7, 1))
    assert (counts.present_6.present.posts, counts.present_6.unknown.posts) == (1, 0)
    page = client.get(_address(sample, "convention-job", job.pk)).content.decode()
    assert "présent à 6 mois" in page


def test_queries_of_the_register_do_not_grow(
    sample: Sample, world: World, client: Client, django_assert_num_queries: Any
) -> None:
    client.force_login(world.people["reader"])
    with scope(organisation=world.organisation):
        services.add_jobs(sample.access, number=1, label="Ajusteur", request=sample.request)
    client.get(_address(sample))
    with django_assert_num_queries(QUERIES):
        client.get(_address(sample))
    with scope(organisation=world.organisation):
        services.add_jobs(sample.access, number=2, label="Soudeur", request=sample.request)
    with django_assert_num_queries(QUERIES):
        client.get(_address(sample))
