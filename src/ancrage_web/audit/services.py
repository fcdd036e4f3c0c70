"""Writing and checking of the trail."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from ancrage.language import Text
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
        # The row of the organisation is the lock of its chain (SQLite has one writer at a time). Its key stays free:
        # a row that names the organisation, in a transaction that goes on, must not make two writers wait for each
        # other.
        type(actor.organisation).objects.select_for_update(of=("self",), no_key=True).get(pk=actor.organisation.pk)
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
            before=build_storable(before or {}),
            after=build_storable(after or {}),
            previous_hash=FIRST_HASH if last is None else last.hash,
        )
        line.hash = compute_hash(line)
        line.save(force_insert=True)
    return line


def build_storable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as any database gives them back, so that their hash can be computed again.

    Text keys, lists, and whole numbers without a decimal part: PostgreSQL gives 1e20 back as an integer.
    """

    def settle(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: settle(part) for key, part in value.items()}
        if isinstance(value, list):
            return [settle(part) for part in value]
        return int(value) if isinstance(value, float) and value.is_integer() else value

    settled: dict[str, Any] = settle(json.loads(json.dumps(dict(values), allow_nan=False)))
    return settled


def build_content(line: AuditLine) -> dict[str, Any]:
    """Return what the hash of a line covers."""
    at: datetime = line.at
    return {
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


def compute_hash(line: AuditLine) -> str:
    """Return the SHA-256 of a line and of the hash before it."""
    content = json.dumps(build_content(line), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


@dataclass(frozen=True)
class Checked:
    """What a check of a trail found.

    Attributes
    ----------
    lines : how many were read; last_hash : of the last one. To note both elsewhere is what proves, later, that no
        line was taken from the end.
    broken : sequence of the first line that does not fit, or None; reason : why.
    """

    lines: int
    last_hash: str
    broken: int | None = None
    reason: Text | None = None


def check_trail(organisation: Any) -> Checked:
    """Read the chain of an organisation again from its first line, and stop at the first that does not fit."""
    lines, previous = 0, FIRST_HASH
    with scope(organisation=organisation):
        for line in AuditLine.objects.order_by("sequence").iterator(chunk_size=1000):
            reason = find_break(line, lines + 1, previous)
            if reason is not None:
                return Checked(lines, previous, lines + 1, reason)
            lines, previous = lines + 1, line.hash
    return Checked(lines, previous)


def find_break(line: AuditLine, sequence: int, previous_hash: str) -> Text | None:
    """Return why a line does not continue the chain, or None where it does."""
    if line.sequence != sequence:
        return Text(
            f"line {sequence} is missing: it was deleted (the next one is {line.sequence})",
            f"la ligne {sequence} manque : elle a été supprimée (la suivante est la {line.sequence})",
        )
    if line.previous_hash != previous_hash:
        return Text(
            f"line {sequence} does not follow line {sequence - 1}: one of the two was replaced",
            f"la ligne {sequence} ne suit pas la ligne {sequence - 1} : l'une des deux a été remplacée",
        )
    if line.hash != compute_hash(line):
        return Text(
            f"line {sequence} was changed after it was written",
            f"la ligne {sequence} a été modifiée après son écriture",
        )
    return None
