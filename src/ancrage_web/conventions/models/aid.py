"""Beneficiaries and their requests of aid."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django_scopes import ScopedManager

from ancrage.conventions import requests
from ancrage_web.conventions.models.agreement import Convention
from ancrage_web.conventions.models.money import Action


class Beneficiary(models.Model):
    """A firm, association or self-employed person that asks for aid, known once in an organisation.

    Attributes
    ----------
    siren : nine digits, checked; commune : INSEE code; activity : NAF code or words.
    undertaking : name of the single undertaking it belongs to (linked companies share the de minimis ceiling); empty
        when it stands alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="beneficiaries")
    siren = models.CharField(max_length=9)
    name = models.CharField(max_length=160)
    commune = models.CharField(max_length=5, blank=True)
    activity = models.CharField(max_length=160, blank=True)
    employees = models.PositiveIntegerField(null=True, blank=True)
    undertaking = models.CharField(max_length=160, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager[Beneficiary]] = ScopedManager(organisation="organisation")

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "siren"], name="beneficiary_once_by_siren"),
        ]

    def __str__(self) -> str:
        return self.name


class DeclaredAid(models.Model):
    """A de minimis aid that a beneficiary declares, granted elsewhere."""

    beneficiary = models.ForeignKey(Beneficiary, on_delete=models.CASCADE, related_name="declared_aids")
    granted_on = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    source = models.CharField(max_length=160)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[DeclaredAid]] = ScopedManager(organisation="beneficiary__organisation")

    class Meta:
        ordering: ClassVar = ["granted_on"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="declared_aid_above_zero"),
        ]


class Request(models.Model):
    """A request of aid, from the project sheet to the last payment.

    Attributes
    ----------
    number : 1, 2, 3... in the convention.
    status : key of `requests.STATUS_NAMES`; nature : key of `requests.NATURE_NAMES`.
    amount_asked, amount_granted : [EUR]; project_cost : of the whole project [EUR].
    jobs_created, jobs_maintained : promised in the project sheet.
    de_minimis : the aid counts under regulation 2023/2831; other_basis : why it does not, in words.
    grant_equivalent : of a loan or a guarantee [EUR]: what counts as aid; None counts the whole amount.
    draft : what the public form holds while it is not submitted, field by field.
    token_hash : fingerprint of the link of the beneficiary, empty for a request written by the manager.
    contact_email : where the beneficiary is written to; erased on demand and with the retention rule.
    public : the beneficiary wrote it through the public form; draft : see above, never shown before it is submitted.
    mail_failed : the last e-mail to the beneficiary did not leave.
    ended_on : day it was closed: paid in full, or withdrawn.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    convention = models.ForeignKey(Convention, on_delete=models.PROTECT, related_name="requests")
    number = models.PositiveIntegerField()
    action = models.ForeignKey(Action, on_delete=models.PROTECT, null=True, related_name="requests")
    beneficiary = models.ForeignKey(Beneficiary, on_delete=models.PROTECT, null=True, related_name="requests")
    status = models.CharField(max_length=12, default="draft")
    nature = models.CharField(max_length=10, default="grant")
    title = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    commune = models.CharField(max_length=5, blank=True)
    project_cost = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    amount_asked = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    amount_granted = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    jobs_created = models.PositiveIntegerField(default=0)
    jobs_maintained = models.PositiveIntegerField(default=0)
    de_minimis = models.BooleanField(default=True)
    other_basis = models.CharField(max_length=400, blank=True)
    grant_equivalent = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    public = models.BooleanField(default=False)
    mail_failed = models.BooleanField(default=False)
    contact_email = models.EmailField(blank=True)
    draft = models.JSONField(default=dict)
    token_hash = models.CharField(max_length=64, blank=True)
    token_expires_at = models.DateTimeField(null=True, blank=True)
    submitted_on = models.DateField(null=True, blank=True)
    decided_on = models.DateField(null=True, blank=True)
    agreed_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    decision_note = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager[Request]] = ScopedManager(organisation="convention__organisation")

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["convention", "number"], name="request_number_once"),
            models.UniqueConstraint(fields=["token_hash"], condition=~Q(token_hash=""), name="request_link_once"),
            models.CheckConstraint(condition=Q(status__in=tuple(requests.STATUS_NAMES)), name="request_status_known"),
            models.CheckConstraint(condition=Q(nature__in=tuple(requests.NATURE_NAMES)), name="request_nature_known"),
            models.CheckConstraint(
                condition=Q(amount_granted__isnull=True) | Q(amount_granted__lte=F("amount_asked")),
                name="request_granted_within_asked",
            ),
            models.CheckConstraint(
                condition=Q(status__in=("draft", "returned", "withdrawn"))
                | Q(action__isnull=False, beneficiary__isnull=False, amount_asked__gt=0, submitted_on__isnull=False),
                name="request_submitted_is_complete",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=tuple(sorted(requests.FUNDED)))
                | Q(amount_granted__gt=0, decided_on__isnull=False),
                name="request_granted_has_its_amount",
            ),
            models.CheckConstraint(
                condition=Q(grant_equivalent__isnull=True) | Q(grant_equivalent__gte=0),
                name="request_grant_equivalent_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.title or str(self.number)


class CallLink(models.Model):
    """The public address where firms start a request of aid; one per convention, only its fingerprint is kept.

    Attributes
    ----------
    closed_at : since when it opens nothing; None while it is open. A new address replaces the fingerprint.
    """

    convention = models.OneToOneField(Convention, on_delete=models.CASCADE, related_name="call_link")
    token_hash = models.CharField(max_length=64, unique=True)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[CallLink]] = ScopedManager(organisation="convention__organisation")
