"""Engineering of a convention, in person-days: added, changed, removed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from ancrage.conventions.engineering import Work, check_work
from ancrage.errors import InputError
from ancrage_web.audit.services import record
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.models import Action, Document, EngineeringDays
from ancrage_web.conventions.services.locks import lock_open


def save_work(
    access: Access,
    *,
    work: EngineeringDays | None = None,
    provider: str,
    on: date,
    days: Decimal,
    amount: Decimal,
    label: str,
    action: Action | None = None,
    document: Document | None = None,
) -> EngineeringDays:
    """Add work of a provider, or correct it.

    Raises
    ------
    ForbiddenError
        If the actor may not edit.
    InputError
        If the provider or what was done is missing, days are not above zero, the amount is negative, or the action or
        the document is of another convention.
    """
    access.require_edit()
    provider, label = provider.strip(), label.strip()
    if not provider or not label:
        raise InputError(
            "The provider or what was done is missing: say which body worked, and on what.",
            "Il manque le prestataire ou l'objet : dites quel organisme a travaillé, et à quoi.",
        )
    check_work(Work(on, provider, days, amount))
    for other in (action, document):
        if other is not None and other.convention_id != access.convention.pk:
            raise InputError(
                "The action or document chosen is not of this convention: choose another one.",
                "L'action ou la pièce choisie n'est pas de cette convention : choisissez-en une autre.",
            )
    with transaction.atomic():
        lock_open(access.convention)
        before = {} if work is None else _describe(_lock(access, work))
        saved = EngineeringDays(convention=access.convention) if work is None else _lock(access, work)
        saved.provider, saved.on, saved.days, saved.amount = provider, on, days, amount
        saved.label, saved.action, saved.document = label, action, document
        saved.save()
        name = "engineering.added" if work is None else "engineering.changed"
        record(access, name, "engineering", saved.pk, before=before, after=_describe(saved))
    return saved


def remove_work(access: Access, work: EngineeringDays) -> None:
    """Remove a line of work written by mistake; the trail keeps its figures.

    Raises
    ------
    ForbiddenError
        If the actor may not edit.
    """
    access.require_edit()
    with transaction.atomic():
        lock_open(access.convention)
        saved = _lock(access, work)
        record(access, "engineering.removed", "engineering", saved.pk, before=_describe(saved))
        saved.delete()


def _lock(access: Access, work: EngineeringDays) -> EngineeringDays:
    saved = (
        EngineeringDays.objects.select_for_update(of=("self",)).filter(convention=access.convention, pk=work.pk).first()
    )
    if saved is None:
        raise InputError(
            "This line no longer exists: someone removed it. Go back to the list.",
            "Cette ligne n'existe plus : quelqu'un l'a retirée. Revenez à la liste.",
        )
    return saved


def _describe(work: EngineeringDays) -> dict[str, Any]:
    return {
        "on": work.on.isoformat(),
        "days": str(work.days),
        "amount": str(work.amount),
        "action": None if work.action_id is None else str(work.action_id),
    }
