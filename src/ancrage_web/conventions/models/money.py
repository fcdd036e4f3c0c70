"""Actions, funders and the ledger."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django_scopes import ScopedManager

from ancrage.conventions import ledger
from ancrage_web.conventions.enums import ActionKind, FunderNature
from ancrage_web.conventions.models.agreement import Convention, Document


class Action(models.Model):
    """A measure (axis) of the convention.

    Attributes
    ----------
    budget : forecast written in the convention [EUR] (D1233-40); what is planned in the ledger may differ from it.
    lent, loan_cost : of loans (R11); market_value, sale_price : of a property (R12).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    convention = models.ForeignKey(Convention, on_delete=models.CASCADE, related_name="actions")
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=14, choices=ActionKind.choices)
    name = models.CharField(max_length=160)
    terms = models.TextField(blank=True)
    deadline = models.DateField(null=True, blank=True)
    budget = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    operator = models.CharField(max_length=160, blank=True)
    jobs_target = models.PositiveIntegerField(null=True, blank=True)
    started_on = models.DateField(null=True, blank=True)
    framework_document = models.BooleanField(default=False)
    lent = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    loan_cost = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    market_value = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    sale_price = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    open_to_requests = models.BooleanField(default=False)

    objects: ClassVar[models.Manager[Action]] = ScopedManager(organisation="convention__organisation")

    class Meta:
        ordering: ClassVar = ["position", "name"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=ActionKind.values), name="action_kind_known"),
            models.UniqueConstraint(fields=["convention", "name"], name="action_once_in_convention"),
            models.CheckConstraint(condition=Q(budget__isnull=True) | Q(budget__gte=0), name="action_budget_positive"),
        ]

    def __str__(self) -> str:
        return self.name


class Funder(models.Model):
    """Who brings money to the convention, and of which nature it is (Cour des comptes 2015, recommendation 7)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    convention = models.ForeignKey(Convention, on_delete=models.CASCADE, related_name="funders")
    name = models.CharField(max_length=160)
    nature = models.CharField(max_length=8, choices=FunderNature.choices)

    objects: ClassVar[models.Manager[Funder]] = ScopedManager(organisation="convention__organisation")

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(nature__in=FunderNature.values), name="funder_nature_known"),
            models.UniqueConstraint(fields=["convention", "name"], name="funder_once_in_convention"),
        ]

    def __str__(self) -> str:
        return self.name


class Entry(models.Model):
    """One line of the ledger; the database refuses to change or delete one (triggers).

    Attributes
    ----------
    number : 1, 2, 3... in the convention, without a gap; on : day it counts from.
    kind : key of `ledger.MOVES`; document : the piece that justifies it; label : what it is about.
    reverses : the entry that this one undoes in full.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    convention = models.ForeignKey(Convention, on_delete=models.PROTECT, related_name="entries")
    number = models.PositiveIntegerField()
    on = models.DateField()
    kind = models.CharField(max_length=10)
    funder = models.ForeignKey(Funder, on_delete=models.PROTECT, related_name="entries")
    action = models.ForeignKey(Action, on_delete=models.PROTECT, null=True, related_name="entries")
    request = models.ForeignKey("conventions.Request", on_delete=models.PROTECT, null=True, related_name="entries")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="entries")
    label = models.CharField(max_length=200, blank=True)
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="reversed_by")
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Entry]] = ScopedManager(organisation="convention__organisation")

    class Meta:
        ordering: ClassVar = ["on", "number"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=tuple(ledger.MOVES)), name="entry_kind_known"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="entry_amount_above_zero"),
            models.UniqueConstraint(fields=["convention", "number"], name="entry_number_once"),
            models.CheckConstraint(
                condition=Q(kind__in=("contribute", "withdraw"), action__isnull=True)
                | (~Q(kind__in=("contribute", "withdraw")) & Q(action__isnull=False)),
                name="entry_action_where_needed",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=("contribute", "withdraw", "plan", "unplan"), request__isnull=True)
                | (~Q(kind__in=("contribute", "withdraw", "plan", "unplan")) & Q(request__isnull=False)),
                name="entry_request_where_needed",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["convention", "on"], name="entry_by_day")]


class Account(models.Model):
    """What an account holds after every entry: the database refuses it below zero, whoever writes at once.

    Attributes
    ----------
    key : "stage|funder|action|request", identifiers or nothing: what makes the account unique.
    """

    convention = models.ForeignKey(Convention, on_delete=models.PROTECT, related_name="accounts")
    key = models.CharField(max_length=160)
    stage = models.CharField(max_length=10)
    funder = models.ForeignKey(Funder, on_delete=models.PROTECT, related_name="+")
    action = models.ForeignKey(Action, on_delete=models.PROTECT, null=True, related_name="+")
    request = models.ForeignKey("conventions.Request", on_delete=models.PROTECT, null=True, related_name="+")
    amount = models.DecimalField(max_digits=14, decimal_places=2)

    objects: ClassVar[models.Manager[Account]] = ScopedManager(organisation="convention__organisation")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["convention", "key"], name="account_once"),
            models.CheckConstraint(condition=Q(stage__in=tuple(ledger.STAGE_NAMES)), name="account_stage_known"),
            models.CheckConstraint(condition=Q(stage="funder") | Q(amount__gte=0), name="account_not_below_zero"),
            models.CheckConstraint(condition=~Q(stage="funder") | Q(amount__lte=0), name="account_funder_not_above"),
        ]
