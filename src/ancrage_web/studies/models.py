"""Studies, scenarios, runs and their frozen results."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django_scopes import ScopedManager

from ancrage_web.studies.enums import FINAL, OPEN, Status


class Study(models.Model):
    """A question asked of a territory: one or several EPCI, and the scenarios that answer it.

    Attributes
    ----------
    epci : SIREN codes of the studied EPCI (they may be several, and may leave the store: no foreign key).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="studies")
    name = models.CharField(max_length=160)
    epci = models.JSONField()
    notes = models.TextField(blank=True)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Study]] = ScopedManager(organisation="organisation")

    class Meta:
        ordering: ClassVar = ["-updated_at"]

    def __str__(self) -> str:
        return self.name


class Scenario(models.Model):
    """One set of settings of a study.

    Attributes
    ----------
    settings : fields of `StudySettings` (JSON), without `epci`, which is that of the study.
    version : raised at each save; a save states the version it started from.
    result : the last result that a run of this scenario gave, or None.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="scenarios")
    name = models.CharField(max_length=160)
    settings = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    updated_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    result = models.ForeignKey("studies.Result", on_delete=models.PROTECT, null=True, related_name="scenarios")

    objects: ClassVar[models.Manager[Scenario]] = ScopedManager(organisation="study__organisation")

    class Meta:
        ordering: ClassVar = ["created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["study", "name"], name="scenario_name_once_in_study"),
        ]

    def __str__(self) -> str:
        return self.name


class Result(models.Model):
    """What a run gave, frozen with its inputs: never changed afterwards.

    Attributes
    ----------
    key : SHA-256 of settings, checksums of the tables, travel provider and version of the code.
    settings : the whole `StudySettings`; inputs : SHA-256 of each table by name; version : of the code.
    summary : {"fr": ..., "en": ...}, what a list shows: the sentence to remember and the key figures, each
        {"id", "label", "written", "unit", "interval", "value"}, so that no list reads the whole pages.
    pages : {"fr": ..., "en": ...}, the report as plain values (ancrage.reports.pages.build_pages).
    map : GeoJSON of communes, catchments and places, and what each point of the frontier opens.
    folder : where its files are, under MEDIA_ROOT: LANGUAGE/report.pdf and so on. Frozen files may be read by the
        results of two organisations after a study was handed over.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="results")
    key = models.CharField(max_length=64)
    settings = models.JSONField()
    inputs = models.JSONField()
    version = models.CharField(max_length=40)
    summary = models.JSONField()
    pages = models.JSONField()
    map = models.JSONField()
    folder = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Result]] = ScopedManager(organisation="organisation")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "key"], name="result_once_per_inputs"),
        ]


class Run(models.Model):
    """A computation asked for, in the background.

    Attributes
    ----------
    scenario_version, settings : what was asked, frozen when it was asked.
    progress : 0..1; step, error : texts {"fr": ..., "en": ...}.
    heartbeat_at : last sign of life; a running run that gives none is interrupted.
    task : identifier of the background task, empty where the stored result answered at once.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scenario = models.ForeignKey(Scenario, on_delete=models.CASCADE, related_name="runs")
    scenario_version = models.PositiveIntegerField()
    settings = models.JSONField()
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.WAITING)
    progress = models.FloatField(default=0.0)
    step = models.JSONField(null=True)
    error = models.JSONField(null=True)
    task = models.CharField(max_length=64, blank=True)
    asked_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cancel_asked_at = models.DateTimeField(null=True)
    result = models.ForeignKey(Result, on_delete=models.PROTECT, null=True, related_name="runs")

    objects: ClassVar[models.Manager[Run]] = ScopedManager(organisation="scenario__study__organisation")

    class Meta:
        ordering: ClassVar = ["-asked_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="run_status_known"),
            models.CheckConstraint(condition=Q(progress__gte=0, progress__lte=1), name="run_progress_is_a_share"),
            models.CheckConstraint(
                condition=Q(status=Status.DONE, result__isnull=False)
                | (~Q(status=Status.DONE) & Q(result__isnull=True)),
                name="run_done_has_a_result",
            ),
            models.CheckConstraint(
                condition=Q(status__in=FINAL, ended_at__isnull=False)
                | (~Q(status__in=FINAL) & Q(ended_at__isnull=True)),
                name="run_final_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(started_at__isnull=True) | Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="run_ends_after_its_start",
            ),
            # One computation at a time for a scenario: a second request is shown the first.
            models.UniqueConstraint(
                fields=["scenario"],
                condition=Q(status__in=OPEN),
                name="run_one_at_a_time_per_scenario",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["status"], condition=Q(status__in=OPEN), name="run_open")]


class Comment(models.Model):
    """A remark on a study, or on one of its scenarios."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="comments")
    scenario = models.ForeignKey(Scenario, on_delete=models.CASCADE, null=True, related_name="comments")
    author = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Comment]] = ScopedManager(organisation="study__organisation")

    class Meta:
        ordering: ClassVar = ["created_at"]


class ShareLink(models.Model):
    """A read-only address of a study for someone without an account; only its fingerprint is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="share_links")
    token_hash = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[ShareLink]] = ScopedManager(organisation="study__organisation")


class HandOver(models.Model):
    """A study offered to another organisation, which takes it or not; the giver may withdraw the offer before."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="hand_overs")
    giver = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="offered_studies")
    receiver = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="received_studies")
    offered_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    offered_at = models.DateTimeField(auto_now_add=True)
    accepted_at = models.DateTimeField(null=True)
    declined_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[HandOver]] = ScopedManager(organisation="study__organisation")

    class Meta:
        ordering: ClassVar = ["-offered_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(declined_at__isnull=True, withdrawn_at__isnull=True)
                | Q(accepted_at__isnull=True, withdrawn_at__isnull=True)
                | Q(accepted_at__isnull=True, declined_at__isnull=True),
                name="hand_over_one_answer",
            ),
            models.CheckConstraint(condition=~Q(giver=F("receiver")), name="hand_over_to_another"),
            models.UniqueConstraint(
                fields=["study"],
                condition=Q(accepted_at__isnull=True, declined_at__isnull=True, withdrawn_at__isnull=True),
                name="hand_over_one_open_offer",
            ),
        ]
