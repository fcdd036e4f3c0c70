"""Tokens of the programming interface."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django_scopes import ScopedManager

from ancrage_web.accounts.enums import Role
from ancrage_web.api.enums import Scope


class ApiToken(models.Model):
    """A key that a program shows to act for an organisation; only its fingerprint is kept.

    Attributes
    ----------
    prefix : the start of the token ("anc_1a2b3c4d"), by which it is found and named in the trail.
    token_hash : SHA-256 of the whole token, in hexadecimal.
    scopes : values of `Scope`.
    last_used_at : written at most once a minute.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=20, unique=True)
    token_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField()
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[ApiToken]] = ScopedManager(organisation="organisation")

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="token_expires_after_creation"),
        ]

    def __str__(self) -> str:
        return self.prefix

    def is_valid(self, now: datetime) -> bool:
        """Say whether the token opens anything at `now`."""
        return self.revoked_at is None and now < self.expires_at

    def get_role(self) -> Role:
        """Return the role it acts with: an editor's when it may write, never more."""
        return Role.EDITOR if {Scope.STUDIES_WRITE, Scope.RUNS_WRITE} & set(self.scopes) else Role.READER
