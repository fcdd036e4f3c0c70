"""Reading of the engineering of a convention."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from ancrage.conventions.engineering import Engineering, Work, compute_engineering
from ancrage_web.conventions.enums import ActionKind
from ancrage_web.conventions.models import Action, Convention, EngineeringDays
from ancrage_web.conventions.queries.money import read_balances


def list_work(convention: Convention) -> QuerySet[EngineeringDays]:
    """Return the work of the providers, the last first, with its action and its document."""
    return (
        EngineeringDays.objects.filter(convention=convention)
        .select_related("action", "document")
        .order_by("-on", "-created_at")
    )


def get_work(convention: Convention, key: UUID) -> EngineeringDays:
    """Return a line of work of a convention.

    Raises
    ------
    Http404
        If it is not one of the convention.
    """
    work = list_work(convention).filter(pk=key).first()
    if work is None:
        raise Http404
    return work


def read_engineering(convention: Convention, on: date | None = None) -> Engineering:
    """Add up the engineering of a convention until a day (None: all of it); three queries."""
    actions = {action.pk: action for action in Action.objects.filter(convention=convention)}
    rows = EngineeringDays.objects.filter(convention=convention).values_list(
        "on", "provider", "days", "amount", "action_id"
    )
    works = [
        Work(day, provider, days, amount, actions[action].name if action in actions else "")
        for day, provider, days, amount, action in rows
    ]
    balances = read_balances(convention, on, by_request=False).by_action
    paid = sum(
        (balance.paid for key, balance in balances.items() if actions[key].kind == ActionKind.ENGINEERING), Decimal(0)
    )
    return compute_engineering(works, convention.amount, paid, on)
