"""Payments of an aid on proof, money given back, and the end of a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import cast
from uuid import UUID

from django.db import transaction

from ancrage.conventions import requests
from ancrage.errors import InputError
from ancrage.language import format_money
from ancrage_web.audit.services import record
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.models import Document, Funder, Request
from ancrage_web.conventions.queries import aid
from ancrage_web.conventions.services.ledger import post_entries
from ancrage_web.conventions.services.request_money import (
    AGREEMENT,
    build_draft,
    check_order,
    free_commitment,
    lock_request,
)

__all__ = ["end_request", "give_money_back", "pay_request"]

_ZERO = Decimal(0)


def pay_request(
    access: Access,
    request: Request,
    *,
    amounts: Sequence[tuple[Funder, Decimal]],
    on: date,
    document: Document,
    version: int | None = None,
) -> Request:
    """Record a payment on proof, funder by funder.

    Parameters
    ----------
    version : that of the page the person saw; a click sent twice pays once.

    Raises
    ------
    ForbiddenError
        If they may not edit.
    InputError
        If there is no signed agreement, the day is before it, nothing is paid, or a funder has less left to pay.
        StaleError if the request changed meanwhile.
    """
    access.require_edit()
    with transaction.atomic():
        saved = lock_request(access, request, version)
        if saved.status != "agreed" or saved.agreed_on is None:
            raise InputError(
                "Nothing is paid before the agreement with the beneficiary is signed, nor after the request is ended: "
                "record the agreement first.",
                "Rien n'est payé avant la signature de la convention d'aide, ni après le solde de la demande : "
                "enregistrez d'abord la signature.",
            )
        check_order(on, saved.agreed_on, AGREEMENT)
        held = {holding.funder.pk: holding.committed for holding in aid.read_holdings(saved)}
        _post(access, saved, "pay", amounts, held, on, document)
    return saved


def give_money_back(
    access: Access,
    request: Request,
    *,
    amounts: Sequence[tuple[Funder, Decimal]],
    on: date,
    document: Document,
    version: int | None = None,
) -> Request:
    """Record money that a beneficiary gives back: it is free again in the action.

    Raises
    ------
    ForbiddenError
        If they may not edit.
    InputError
        If nothing was paid, the day is before the agreement, or more is given back than a funder paid. StaleError if
        the request changed meanwhile.
    """
    access.require_edit()
    with transaction.atomic():
        saved = lock_request(access, request, version)
        check_order(on, saved.agreed_on, AGREEMENT)
        held = {holding.funder.pk: holding.paid for holding in aid.read_holdings(saved)}
        _post(access, saved, "give_back", amounts, held, on, document)
    return saved


def end_request(
    access: Access, request: Request, *, on: date, document: Document | None = None, version: int | None = None
) -> Request:
    """End a request: what was committed and not paid goes back to the action, with the piece that says why.

    Raises
    ------
    ForbiddenError
        If they may not edit.
    InputError
        If there is no signed agreement, the day is before it, or money is taken back without a document.
    """
    access.require_edit()
    with transaction.atomic():
        saved = lock_request(access, request, version)
        requests.check_transition(cast(requests.Status, saved.status), "ended", "manager")
        check_order(on, saved.agreed_on, AGREEMENT)
        saved.status, saved.ended_on = "ended", on
        saved.version += 1
        saved.save()
        free_commitment(access, saved, on, document)
        record(access, "request.ended", "request", saved.pk, before={"status": "agreed"}, after={"status": "ended"})
    return saved


def _post(
    access: Access,
    saved: Request,
    kind: str,
    amounts: Sequence[tuple[Funder, Decimal]],
    held: Mapping[UUID, Decimal],
    on: date,
    document: Document,
) -> None:
    wanted = [(funder, amount) for funder, amount in amounts if amount]
    if not wanted or any(amount < 0 for _, amount in wanted):
        raise InputError(
            "No amount is given: write what each funder pays, above zero for one at least.",
            "Aucun montant n'est donné : écrivez la part de chaque financeur, au-dessus de zéro pour un au moins.",
        )
    for funder, amount in wanted:
        most = held.get(funder.pk, _ZERO)
        if amount > most:
            en, fr = ("left to pay", "restant à payer") if kind == "pay" else ("paid", "payés")
            raise InputError(
                f"{funder.name}: {format_money(amount, 'en')} is more than the {format_money(most, 'en')} {en}. Lower "
                "the amount.",
                f"{funder.name} : {format_money(amount, 'fr')} dépassent les {format_money(most, 'fr')} {fr}. Réduisez "
                "le montant.",
            )
    saved.version += 1
    saved.save(update_fields=["version", "updated_at"])
    drafts = [build_draft(saved, on, kind, funder, amount, document) for funder, amount in wanted]
    post_entries(access, drafts)
    total = sum((amount for _, amount in wanted), _ZERO)
    record(
        access,
        "request.paid" if kind == "pay" else "request.given_back",
        "request",
        saved.pk,
        after={"amount": str(total), "document": str(document.pk)},
    )
