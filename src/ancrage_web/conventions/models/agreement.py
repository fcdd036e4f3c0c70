"""The convention itself: parties, basins, obligation, amendments, documents and remarks."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django_scopes import ScopedManager

from ancrage.conventions import life
from ancrage_web.conventions.enums import DocumentKind, PartyKind


class Convention(models.Model):
    """A convention de revitalisation, a framework, a collective agreement or a voluntary approach.

    Its fields hold what was last agreed, even where an amendment takes effect later; what was true before an amendment
    is in `Amendment.changes`, what changed before the signature in the trail.

    Attributes
    ----------
    way : key of `life.WAY_NAMES`; status : key of `life.STATUS_NAMES`.
    affects_basin : what the prefect says, None while it is not known.
    dismissed... : of the redundancy project; rcc : rupture conventionnelle collective.
    reference_on : day whose minimum wage counts; multiple : of it per job; amount : of the contribution [EUR].
    unable, opinion, reduction_ground : a contribution below the floor.
    version : raised at each save of the facts; a save states the version it started from.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT, related_name="conventions")
    name = models.CharField(max_length=160)
    way = models.CharField(max_length=12, default="local")
    status = models.CharField(max_length=16, default="in_preparation")
    notes = models.TextField(blank=True)

    employees = models.PositiveIntegerField(null=True, blank=True)
    group_employees = models.PositiveIntegerField(default=0)
    insolvency = models.CharField(max_length=12, default="none")
    affects_basin = models.BooleanField(null=True, blank=True)

    dismissed = models.PositiveIntegerField(null=True, blank=True)
    redeployed_in_basin = models.PositiveIntegerField(default=0)
    redeployed_elsewhere = models.PositiveIntegerField(default=0)
    refilled = models.PositiveIntegerField(default=0)
    rcc = models.BooleanField(default=False)
    departements = models.PositiveSmallIntegerField(default=1)
    notified_on = models.DateField(null=True, blank=True)
    decided_on = models.DateField(null=True, blank=True)
    owed_since = models.DateField(null=True, blank=True)
    option_on = models.DateField(null=True, blank=True)

    reference_on = models.DateField(null=True, blank=True)
    multiple = models.DecimalField(max_digits=6, decimal_places=3, null=True, blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    unable = models.BooleanField(default=False)
    opinion = models.CharField(max_length=6, blank=True)
    reduction_ground = models.TextField(blank=True)
    agreement_commitments = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    agreement_requested_on = models.DateField(null=True, blank=True)

    framework_signed_on = models.DateField(null=True, blank=True)
    signed_on = models.DateField(null=True, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    special_circumstances = models.BooleanField(default=False)
    follow_up = models.TextField(blank=True)
    jobs_target = models.PositiveIntegerField(null=True, blank=True)

    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Convention]] = ScopedManager(organisation="organisation")

    class Meta:
        ordering: ClassVar = ["-updated_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(way__in=tuple(life.WAY_NAMES)), name="convention_way_known"),
            models.CheckConstraint(condition=Q(status__in=tuple(life.STATUS_NAMES)), name="convention_status_known"),
            models.CheckConstraint(
                condition=Q(insolvency__in=("none", "redressement", "liquidation")), name="convention_insolvency_known"
            ),
            models.CheckConstraint(condition=Q(opinion__in=("", "CODEFI", "CIRI")), name="convention_opinion_known"),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gte=0), name="convention_amount_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="convention_ends_after_its_start",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=("signed", "running", "closing", "closed")) | Q(signed_on__isnull=False),
                name="convention_signed_has_its_day",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Party(models.Model):
    """Someone who signs, pays or carries out; a body, never a person.

    Attributes
    ----------
    siret : SIREN (9 digits) or SIRET (14 digits) with its control digit checked, or empty.
    """

    convention = models.ForeignKey(Convention, on_delete=models.CASCADE, related_name="parties")
    kind = models.CharField(max_length=14, choices=PartyKind.choices)
    name = models.CharField(max_length=160)
    siret = models.CharField(max_length=14, blank=True)
    commune = models.CharField(max_length=5, blank=True)

    objects: ClassVar[models.Manager[Party]] = ScopedManager(organisation="convention__organisation")

    class Meta:
        ordering: ClassVar = ["kind", "name"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=PartyKind.values), name="party_kind_known"),
            models.UniqueConstraint(fields=["convention", "kind", "name"], name="party_once_in_convention"),
        ]

    def __str__(self) -> str:
        return self.name


class Basin(models.Model):
    """An employment basin of the convention: INSEE codes of its communes."""

    convention = models.ForeignKey(Convention, on_delete=models.CASCADE, related_name="basins")
    name = models.CharField(max_length=160)
    communes = models.JSONField(default=list)

    objects: ClassVar[models.Manager[Basin]] = ScopedManager(organisation="convention__organisation")

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["convention", "name"], name="basin_once_in_convention"),
        ]

    def __str__(self) -> str:
        return self.name


class Partner(models.Model):
    """Another organisation that the convention is open to, and the part it plays there.

    Attributes
    ----------
    part : key of `life.ROLE_NAMES`: "consultant" and "epci" edit, "state" and "company" read and comment.
    """

    convention = models.ForeignKey(Convention, on_delete=models.CASCADE, related_name="partners")
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    part = models.CharField(max_length=10)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Partner]] = ScopedManager(organisation="convention__organisation")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(part__in=tuple(life.ROLE_NAMES)), name="partner_part_known"),
            models.UniqueConstraint(fields=["convention", "organisation"], name="partner_once_in_convention"),
        ]


class Document(models.Model):
    """A file that proves something; kept outside of the web root, handed over after a check, never replaced.

    Attributes
    ----------
    path : under MEDIA_ROOT; sha256 : of its bytes; request : the request of aid it was joined to, or None.
    by_firm : the firm joined it itself, through its secret link.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    convention = models.ForeignKey(Convention, on_delete=models.PROTECT, related_name="documents")
    request = models.ForeignKey("conventions.Request", on_delete=models.PROTECT, null=True, related_name="documents")
    kind = models.CharField(max_length=12, choices=DocumentKind.choices)
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=200)
    uploaded_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    by_firm = models.BooleanField(default=False)
    uploaded_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Document]] = ScopedManager(organisation="convention__organisation")

    class Meta:
        ordering: ClassVar = ["-uploaded_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=DocumentKind.values), name="document_kind_known"),
            models.CheckConstraint(condition=Q(size__gt=0), name="document_not_empty"),
        ]

    def __str__(self) -> str:
        return self.name


class Amendment(models.Model):
    """An avenant: what it supersedes from a day on, without erasing what was true before.

    Attributes
    ----------
    number : 1, 2, 3... in the convention.
    changes : {field: [before, after]}, values as JSON; a field of the convention, "basins", or "action:ID:field".
    """

    convention = models.ForeignKey(Convention, on_delete=models.CASCADE, related_name="amendments")
    number = models.PositiveSmallIntegerField()
    signed_on = models.DateField()
    effective_on = models.DateField()
    reason = models.TextField()
    changes = models.JSONField()
    document = models.ForeignKey(Document, on_delete=models.PROTECT, null=True, related_name="+")
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Amendment]] = ScopedManager(organisation="convention__organisation")

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["convention", "number"], name="amendment_number_once"),
        ]


class StatusChange(models.Model):
    """A change of status of the convention: when, by whom, why."""

    convention = models.ForeignKey(Convention, on_delete=models.CASCADE, related_name="status_changes")
    before = models.CharField(max_length=16)
    after = models.CharField(max_length=16)
    part = models.CharField(max_length=10)
    reason = models.TextField(blank=True)
    by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[StatusChange]] = ScopedManager(organisation="convention__organisation")

    class Meta:
        ordering: ClassVar = ["at", "id"]


class Remark(models.Model):
    """A comment of a partner, on the convention or on one of its requests of aid.

    Attributes
    ----------
    imported_from : who wrote it, as the spreadsheet of an import names them; empty when it was written here.
    """

    convention = models.ForeignKey(Convention, on_delete=models.CASCADE, related_name="remarks")
    request = models.ForeignKey("conventions.Request", on_delete=models.CASCADE, null=True, related_name="remarks")
    author = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    author_organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    imported_from = models.CharField(max_length=160, blank=True, default="")
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Remark]] = ScopedManager(organisation="convention__organisation")

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
