"""Projects with their expenses and sources, programmes of aid, and grants of the past."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django_scopes import ScopedManager

from ancrage.conventions import programmes, project

ORIGINS = ("own", "public", "private")


class Project(models.Model):
    """Something to pay for: opening a third place, refitting a building.

    Attributes
    ----------
    convention, study, scenario : what it comes from, by identifier (applications meet by ids only), or None.
    place_key : the place of the study's result that it opens, or empty; commune : INSEE code.
    lead_authority : the project owner leads this competence (L1111-9): another own share (R18).
    business : assumptions of the business plan of the place, as JSON; empty without one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="projects")
    name = models.CharField(max_length=160)
    description = models.TextField(blank=True)
    commune = models.CharField(max_length=5, blank=True)
    convention = models.UUIDField(null=True, blank=True)
    study = models.UUIDField(null=True, blank=True)
    scenario = models.UUIDField(null=True, blank=True)
    place_key = models.CharField(max_length=40, blank=True)
    lead_authority = models.BooleanField(default=False)
    business = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Project]] = ScopedManager(organisation="organisation")

    class Meta:
        ordering: ClassVar = ["-updated_at"]

    def __str__(self) -> str:
        return self.name


class Expense(models.Model):
    """An expense excluding tax [EUR], in the quarter that starts on `quarter`."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="expenses")
    label = models.CharField(max_length=160)
    nature = models.CharField(max_length=10)
    quarter = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)

    objects: ClassVar[models.Manager[Expense]] = ScopedManager(organisation="project__organisation")

    class Meta:
        ordering: ClassVar = ["quarter", "label"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(nature__in=tuple(project.NATURE_NAMES)), name="expense_nature_known"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="expense_not_negative"),
        ]


class Programme(models.Model):
    """A programme of aid, as the organisation knows it; nothing of it is law, everything can be edited.

    Attributes
    ----------
    nature : key of `programmes.NATURE_NAMES`; origin : as in `cofunding.Source`.
    rate_max : 0..1, ceiling : [EUR]; investment_only : running costs are not eligible; detr : rule R19 applies.
    employees_min, employees_max : size of the firms it is for; 0 as the least says that every size is welcome.
    sectors : beginnings of NAF codes; places : codes of regions, departements, EPCI or communes; stages : keys of
        `programmes.STAGE_NAMES`; in each, none for all and None where it is not said.
    source : where it was read, under which licence; verified_on : when someone checked it there.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="programmes")
    key = models.CharField(max_length=160)
    name = models.CharField(max_length=240)
    operator = models.CharField(max_length=240, blank=True)
    description = models.TextField(blank=True)
    nature = models.CharField(max_length=10, default="grant")
    origin = models.CharField(max_length=8, default="public")
    rate_max = models.DecimalField(max_digits=5, decimal_places=4, null=True, blank=True)
    ceiling = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    investment_only = models.BooleanField(default=False)
    detr = models.BooleanField(default=False)
    employees_min = models.PositiveIntegerField(null=True, blank=True)
    employees_max = models.PositiveIntegerField(null=True, blank=True)
    sectors = models.JSONField(null=True, blank=True)
    places = models.JSONField(null=True, blank=True)
    stages = models.JSONField(null=True, blank=True)
    eligibility = models.TextField(blank=True)
    amount_text = models.TextField(blank=True)
    url = models.URLField(max_length=500, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=240, blank=True)
    licence = models.CharField(max_length=120, blank=True)
    verified_on = models.DateField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Programme]] = ScopedManager(organisation="organisation")

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "key"], name="programme_key_once"),
            models.CheckConstraint(condition=Q(origin__in=ORIGINS), name="programme_origin_known"),
            models.CheckConstraint(
                condition=Q(nature__in=tuple(programmes.NATURE_NAMES)), name="programme_nature_known"
            ),
            models.CheckConstraint(
                condition=Q(rate_max__isnull=True) | Q(rate_max__gt=0, rate_max__lte=1),
                name="programme_rate_is_a_share",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Source(models.Model):
    """Money of a project: asked, obtained or refused.

    Attributes
    ----------
    kind : key of `project.SOURCE_KINDS`, which gives the origin; answer : key of `project.ANSWER_NAMES`.
    payments : [["2027-04-01", "0.30"], ...], quarters and shares.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="sources")
    programme = models.ForeignKey(Programme, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=160)
    kind = models.CharField(max_length=16)
    origin = models.CharField(max_length=8)
    asked = models.DecimalField(max_digits=14, decimal_places=2)
    answer = models.CharField(max_length=10, default="planned")
    obtained = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    rate_max = models.DecimalField(max_digits=5, decimal_places=4, null=True, blank=True)
    ceiling = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    investment_only = models.BooleanField(default=False)
    detr = models.BooleanField(default=False)
    payments = models.JSONField(default=list)

    objects: ClassVar[models.Manager[Source]] = ScopedManager(organisation="project__organisation")

    class Meta:
        ordering: ClassVar = ["position", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "name"], name="source_once_in_project"),
            models.CheckConstraint(condition=Q(kind__in=tuple(project.SOURCE_KINDS)), name="source_kind_known"),
            models.CheckConstraint(condition=Q(origin__in=ORIGINS), name="source_origin_known"),
            models.CheckConstraint(condition=Q(answer__in=tuple(project.ANSWER_NAMES)), name="source_answer_known"),
            models.CheckConstraint(condition=Q(asked__gte=0, obtained__gte=0), name="source_not_negative"),
            models.CheckConstraint(
                condition=~Q(answer="obtained") | Q(obtained__lte=F("asked")), name="source_obtained_within_asked"
            ),
        ]


class PastGrant(models.Model):
    """A grant that a project obtained, imported from open data, to see what similar projects obtained nearby."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="past_grants")
    scheme = models.CharField(max_length=80)
    year = models.PositiveSmallIntegerField()
    commune = models.CharField(max_length=5, blank=True)
    departement = models.CharField(max_length=3, blank=True)
    beneficiary = models.CharField(max_length=200, blank=True)
    description = models.TextField()
    category = models.CharField(max_length=160, blank=True)
    cost = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    source = models.CharField(max_length=240)
    licence = models.CharField(max_length=120, blank=True)

    objects: ClassVar[models.Manager[PastGrant]] = ScopedManager(organisation="organisation")

    class Meta:
        ordering: ClassVar = ["-year", "description"]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "departement"], name="past_grant_by_departement"),
            # What is nearby is first looked for in a band of latitudes.
            models.Index(fields=["organisation", "lat"], name="past_grant_by_latitude"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="past_grant_not_negative"),
        ]
