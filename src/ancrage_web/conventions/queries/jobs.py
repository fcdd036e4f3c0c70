"""Reading of the jobs register, inside the scope of the organisation that owns the convention."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from ancrage.conventions.jobs import JobCounts, JobRecord, count_jobs
from ancrage_web.conventions.models import Convention, Job

_FIELDS = (
    "fte",
    "kept",
    "programmed_on",
    "committed_on",
    "hired_on",
    "left_on",
    "proof_id",
    "present_6",
    "present_12",
    "present_24",
    "action_id",
    "request_id",
    "commune",
    "contract",
    "request__status",
    "request__decided_on",
    "request__ended_on",
)


def list_jobs(convention: Convention) -> QuerySet[Job]:
    """Return the posts of a convention with their action, request and proof."""
    return (
        Job.objects.filter(convention=convention)
        .select_related("action", "request__beneficiary", "proof")
        .order_by("created_at", "label", "pk")
    )


def get_job(convention: Convention, key: UUID) -> Job:
    """Return a post of a convention.

    Raises
    ------
    Http404
        If it is not one of the convention.
    """
    job = list_jobs(convention).filter(pk=key).first()
    if job is None:
        raise Http404
    return job


def build_record(job: Job) -> JobRecord:
    """Return what the library counts of a post."""
    return _build(tuple(_read(job, name) for name in _FIELDS))


def build_records(jobs: Iterable[Job]) -> list[JobRecord]:
    """Return what the library counts of some posts."""
    return [build_record(job) for job in jobs]


def read_keyed_records(jobs: QuerySet[Job]) -> list[tuple[UUID, JobRecord]]:
    """Return the identifier and the record of some posts, in their order, in one query.

    A thousand rows with all that they refer to cost ten times as much to build: only those shown are (`read_jobs`).
    """
    return [(key, _build(tuple(row))) for key, *row in jobs.values_list("pk", *_FIELDS)]


def read_jobs(convention: Convention, keys: Iterable[UUID]) -> dict[UUID, Job]:
    """Return some posts of a convention by identifier, with their action, request and proof, in one query."""
    return {job.pk: job for job in list_jobs(convention).filter(pk__in=set(keys))}


def read_job_records(convention: Convention) -> list[JobRecord]:
    """Return all posts of a convention, in one query."""
    return [_build(row) for row in Job.objects.filter(convention=convention).values_list(*_FIELDS)]


def read_job_counts(convention: Convention, on: date | None = None) -> JobCounts:
    """Count the posts of a convention at the end of a day (None: today), in one query."""
    return count_jobs(read_job_records(convention), on or timezone.localdate())


def read_counts_of(conventions: Iterable[UUID], on: date) -> dict[UUID, JobCounts]:
    """Count the posts of several conventions at the end of a day, in one query; those without a post are absent."""
    records: dict[UUID, list[JobRecord]] = {}
    for key, *row in Job.objects.filter(convention__in=conventions).order_by().values_list("convention_id", *_FIELDS):
        records.setdefault(key, []).append(_build(tuple(row)))
    return {key: count_jobs(found, on) for key, found in records.items()}


def _read(job: Job, name: str) -> Any:
    first, _, rest = name.partition("__")
    found = getattr(job, first)
    return found if found is None or not rest else getattr(found, rest)


def _build(row: tuple[Any, ...]) -> JobRecord:
    values = dict(zip(_FIELDS, row, strict=True))
    return JobRecord(
        fte=values["fte"],
        kept=bool(values["kept"]),
        programmed_on=values["programmed_on"],
        committed_on=values["committed_on"],
        hired_on=values["hired_on"],
        left_on=values["left_on"],
        dropped_on=_find_drop(values),
        proved=values["proof_id"] is not None,
        present={
            6: values["present_6"],
            12: values["present_12"],
            24: values["present_24"],
        },
        action=str(values["action_id"] or ""),
        request=str(values["request_id"] or ""),
        commune=str(values["commune"]),
        contract=str(values["contract"]),
    )


def _find_drop(values: dict[str, Any]) -> date | None:
    """Return the day on which the request of a post was refused or withdrawn."""
    if values["request__status"] == "refused":
        return cast("date | None", values["request__decided_on"])
    if values["request__status"] == "withdrawn":
        return cast("date | None", values["request__ended_on"])
    return None
