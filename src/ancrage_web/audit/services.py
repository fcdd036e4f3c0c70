"""Writing and checking of the trail."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from ancrage_web.audit.models import AuditLine

FIRST_HASH = "0" * 64


class Acting(Protocol):
    """Who acts and for which organisation (`accounts.actors.Actor`)."""

    @property
    def organisation(self) -> Any:
        """Organisation whose trail is written."""

    @property
    def user(self) -> Any:
        """Person, or None."""

    @property
    def token(self) -> str:
        """Identifier of the API token, or nothing."""


def record(
    actor: Acting,
    action: str,
    object_type: str,
    object_id: object,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditLine:
    """Add a line to the trail of the actor's organisation, in the transaction of what it tells.

    Parameters
    ----------
    action : stable word, "thing.done" ("study.created", "member.removed").
    before, after : the fields that changed; never an e-mail address, a name of a person or a free text.
    """
    with transaction.atomic(), scope(organisation=actor.organisation):
        # The row of the organisation is the lock of its chain (SQLite has one writer at a time).
        type(actor.organisation).objects.select_for_update(of=("self",)).get(pk=actor.organisation.pk)
        last = AuditLine.objects.order_by("-sequence").first()
        line = AuditLine(
            organisation=actor.organisation,
            sequence=1 if last is None else last.sequence + 1,
            at=timezone.now(),
            actor=actor.user,
            token=actor.token,
            action=action,
            object_type=object_type,
            object_id=str(object_id),
            before=dict(before or {}),
            after=dict(after or {}),
            previous_hash=FIRST_HASH if last is None else last.hash,
        )
        line.hash = compute_hash(line)
        line.save(force_insert=True)
    return line


def compute_hash(line: AuditLine) -> str:
    """Return the SHA-256 of a line and of the hash before it."""
    at: datetime = line.at
    content = {
        "organisation": str(line.organisation_id),
        "sequence": line.sequence,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": None if line.actor_id is None else str(line.actor_id),
        "token": line.token,
        "action": line.action,
        "object_type": line.object_type,
        "object_id": line.object_id,
        "before": line.before,
        "after": line.after,
        "previous_hash": line.previous_hash,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
