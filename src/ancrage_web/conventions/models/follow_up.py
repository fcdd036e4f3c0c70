"""What is followed: jobs, engineering, committees, reminders."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django_scopes import ScopedManager

from ancrage.conventions.residual import UNITS
from ancrage_web.conventions.enums import ActionKind, CommitteeKind, Contract, Outcome
from ancrage_web.conventions.models.agreement import Convention, Document
from ancrage_web.conventions.models.aid import Request
from ancrage_web.conventions.models.money import Action


class Job(models.Model):
    """One job of the register; a post, never a person.

    Attributes
    ----------
    kept : an existing job that was threatened and is maintained, instead of a new one.
    programmed_on : of the project sheet; committed_on : of the committee's decision; hired_on : of the contract (or
        of the proof that it is maintained); left_on : of its end.
    present_6, present_12, present_24 : still there that many months after the hire; None while it was not checked.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    convention = models.ForeignKey(Convention, on_delete=models.CASCADE, related_name="jobs")
    request = models.ForeignKey(Request, on_delete=models.PROTECT, null=True, blank=True, related_name="jobs")
    action = models.ForeignKey(Action, on_delete=models.PROTECT, null=True, blank=True, related_name="jobs")
    label = models.CharField(max_length=160)
    kept = models.BooleanField(default=False)
    contract = models.CharField(max_length=16, choices=Contract.choices, blank=True)
    fte = models.DecimalField(max_digits=4, decimal_places=2, default=1)
    sector = models.CharField(max_length=160, blank=True)
    commune = models.CharField(max_length=5, blank=True)
    programmed_on = models.DateField(null=True, blank=True)
    committed_on = models.DateField(null=True, blank=True)
    hired_on = models.DateField(null=True, blank=True)
    left_on = models.DateField(null=True, blank=True)
    present_6 = models.BooleanField(null=True, blank=True)
    present_12 = models.BooleanField(null=True, blank=True)
    present_24 = models.BooleanField(null=True, blank=True)
    proof = models.ForeignKey(Document, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager[Job]] = ScopedManager(organisation="convention__organisation")

    class Meta:
        ordering: ClassVar = ["created_at", "label"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(fte__gt=0, fte__lte=1), name="job_fte_is_a_share"),
            models.CheckConstraint(condition=Q(contract__in=("", *Contract.values)), name="job_contract_known"),
            models.CheckConstraint(
                condition=Q(left_on__isnull=True) | Q(hired_on__isnull=False, left_on__gte=F("hired_on")),
                name="job_left_after_its_hire",
            ),
            models.CheckConstraint(
                condition=Q(hired_on__isnull=True) | ~Q(contract=""), name="job_hired_has_a_contract"
            ),
        ]

    def __str__(self) -> str:
        return self.label


class EngineeringDays(models.Model):
    """Work of a provider paid by the convention, in person-days (Cour des comptes 2015, recommendation 5)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    convention = models.ForeignKey(Convention, on_delete=models.CASCADE, related_name="engineering")
    action = models.ForeignKey(Action, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    provider = models.CharField(max_length=160)
    on = models.DateField()
    days = models.DecimalField(max_digits=6, decimal_places=2)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    label = models.CharField(max_length=200)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[EngineeringDays]] = ScopedManager(organisation="convention__organisation")

    class Meta:
        ordering: ClassVar = ["on", "created_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(days__gt=0), name="engineering_days_above_zero"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="engineering_amount_not_negative"),
        ]


class Candidate(models.Model):
    """Something that the money left could pay: a planned third place of a study, a coaching action, or another use.

    Attributes
    ----------
    kind : key of `enums.ActionKind`; key : what makes a place of a study unique ("result:code"), empty when typed.
    cost : asked of the convention [EUR]; value : a year, in `unit` ("h", "km", "kg CO2", "EUR").
    ground : where the value comes from; computed_on : day of the study, None when typed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    convention = models.ForeignKey(Convention, on_delete=models.CASCADE, related_name="candidates")
    kind = models.CharField(max_length=14, choices=ActionKind.choices)
    name = models.CharField(max_length=160)
    commune = models.CharField(max_length=5, blank=True)
    cost = models.DecimalField(max_digits=14, decimal_places=2)
    value = models.FloatField()
    unit = models.CharField(max_length=8)
    ready_by = models.DateField(null=True, blank=True)
    ground = models.CharField(max_length=300)
    key = models.CharField(max_length=80, blank=True)
    computed_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Candidate]] = ScopedManager(organisation="convention__organisation")

    class Meta:
        ordering: ClassVar = ["created_at", "name"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=ActionKind.values), name="candidate_kind_known"),
            models.CheckConstraint(condition=Q(unit__in=UNITS), name="candidate_unit_known"),
            models.CheckConstraint(condition=Q(cost__gt=0, value__gte=0), name="candidate_cost_above_zero"),
            models.UniqueConstraint(
                fields=["convention", "key"], condition=~Q(key=""), name="candidate_once_in_convention"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Committee(models.Model):
    """A committee: its day, what is written for it, its minutes. Its frozen figures are in `CommitteeFile`.

    Attributes
    ----------
    agenda : points that are no request of aid; notes : {identifier of an action: comment}, written in the file.
    residual_note : what becomes of the money left, for the final balance.
    held_at : when its minutes were recorded; nothing of it changes afterwards.
    version : raised at each change; a change states the version it started from.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    convention = models.ForeignKey(Convention, on_delete=models.PROTECT, related_name="committees")
    kind = models.CharField(max_length=10, choices=CommitteeKind.choices, default=CommitteeKind.FOLLOW_UP)
    day = models.DateField()
    report_sent_on = models.DateField(null=True, blank=True)
    agenda = models.TextField(blank=True)
    notes = models.JSONField(default=dict, blank=True)
    residual_note = models.TextField(blank=True)
    minutes = models.TextField(blank=True)
    minutes_document = models.ForeignKey(Document, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    held_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Committee]] = ScopedManager(organisation="convention__organisation")

    class Meta:
        ordering: ClassVar = ["day", "created_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=CommitteeKind.values), name="committee_kind_known"),
            models.UniqueConstraint(fields=["convention", "day"], name="committee_once_a_day"),
        ]


class CommitteeFile(models.Model):
    """The figures of a committee, frozen at a day; freezing again adds a version, and none is ever changed.

    Attributes
    ----------
    number : 1, 2, 3... of the committee; frozen_on : day whose figures they are.
    content : those figures as plain values (`ancrage.conventions.committee`); sha256 : of its canonical JSON.
    status : "waiting", "making", "made" or "failed": where the PDF, DOCX and XLSX files stand.
    folder : where they are, under MEDIA_ROOT: LANGUAGE/NAME.pdf...
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="files")
    number = models.PositiveSmallIntegerField()
    frozen_on = models.DateField()
    frozen_at = models.DateTimeField(auto_now_add=True)
    frozen_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)
    status = models.CharField(max_length=8, default="waiting")
    asked_at = models.DateTimeField()
    folder = models.CharField(max_length=200)

    objects: ClassVar[models.Manager[CommitteeFile]] = ScopedManager(organisation="committee__convention__organisation")

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["committee", "number"], name="committee_file_number_once"),
            models.CheckConstraint(
                condition=Q(status__in=("waiting", "making", "made", "failed")), name="committee_file_status_known"
            ),
        ]


class Decision(models.Model):
    """What a committee said of a request of aid; recorded with the minutes, applied to the request and the ledger."""

    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="decisions")
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="decisions")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    conditions = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Decision]] = ScopedManager(organisation="committee__convention__organisation")

    class Meta:
        ordering: ClassVar = ["request__number"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="decision_outcome_known"),
            models.UniqueConstraint(fields=["committee", "request"], name="decision_once_in_committee"),
            models.CheckConstraint(
                condition=Q(outcome="granted", amount__gt=0) | (~Q(outcome="granted") & Q(amount__isnull=True)),
                name="decision_granted_has_an_amount",
            ),
        ]


class CalendarLink(models.Model):
    """The address of an iCalendar feed of the deadlines that someone may see; only its fingerprint is kept."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[CalendarLink]] = ScopedManager(organisation="organisation")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "user"], name="calendar_link_once"),
        ]


class ReminderSubscription(models.Model):
    """Someone who wants an e-mail this many days before each deadline of a convention."""

    convention = models.ForeignKey(Convention, on_delete=models.CASCADE, related_name="subscriptions")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    days_before = models.PositiveSmallIntegerField(default=15)

    objects: ClassVar[models.Manager[ReminderSubscription]] = ScopedManager(organisation="convention__organisation")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["convention", "user"], name="reminder_subscription_once"),
        ]


class ReminderSent(models.Model):
    """A reminder that was sent, so that it is sent once."""

    subscription = models.ForeignKey(ReminderSubscription, on_delete=models.CASCADE, related_name="sent")
    key = models.CharField(max_length=40)
    day = models.DateField()
    sent_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[ReminderSent]] = ScopedManager(
        organisation="subscription__convention__organisation"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subscription", "key", "day"], name="reminder_sent_once"),
        ]


class ImportDraft(models.Model):
    """A spreadsheet being imported: checked, shown, then confirmed or forgotten.

    Attributes
    ----------
    path : of the file under MEDIA_ROOT; sha256 : of its bytes, checked again at the confirmation.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    path = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    created_by = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[ImportDraft]] = ScopedManager(organisation="organisation")
