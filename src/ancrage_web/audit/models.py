"""Lines of the trail; the database itself refuses to change or delete one (migration 0002)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django_scopes import ScopedManager


class AuditLine(models.Model):
    """One action, chained to the line before it in the same organisation by its hash.

    Attributes
    ----------
    sequence : 1, 2, 3... in the organisation, without a gap.
    actor : None for a token (then `token`) or the system; names are looked up when shown, never stored.
    action : stable word such as "scenario.saved"; object_type, object_id : what it was done to.
    before, after : the fields that changed, without personal data.
    previous_hash, hash : SHA-256 in hexadecimal; the first line follows 64 zeros.
    """

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT, related_name="audit_lines")
    sequence = models.PositiveIntegerField()
    at = models.DateTimeField()
    actor = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="+")
    token = models.CharField(max_length=40, blank=True)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects: ClassVar[models.Manager[AuditLine]] = ScopedManager(organisation="organisation")

    class Meta:
        ordering: ClassVar = ["organisation", "sequence"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "sequence"], name="audit_line_sequence_once"),
        ]
