"""The life of a request of aid: its sheet, its way to the committee, its agreement, its payments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast

from django.db import transaction
from django.utils import timezone

from ancrage.conventions import requests
from ancrage.errors import InputError
from ancrage.language import format_money
from ancrage_web.audit.services import record
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.enums import OUTCOME_NAMES, Outcome
from ancrage_web.conventions.models import Document, Funder, Request
from ancrage_web.conventions.queries import aid
from ancrage_web.conventions.services.beneficiaries import lock_beneficiaries
from ancrage_web.conventions.services.jobs import commit_jobs, programme_jobs
from ancrage_web.conventions.services.ledger import post_entries
from ancrage_web.conventions.services.locks import lock_open
from ancrage_web.conventions.services.payments import end_request, give_money_back, pay_request
from ancrage_web.conventions.services.request_mails import queue_mail
from ancrage_web.conventions.services.request_money import (
    DECISION,
    SUBMISSION,
    StaleError,
    build_draft,
    check_order,
    free_commitment,
    lock_request,
    need_document,
    release_money,
)
from ancrage_web.conventions.services.request_sheets import BASIS, check_sheet, next_number, submit_sheet

__all__ = [
    "StaleError",
    "create_request",
    "decide_request",
    "end_request",
    "give_money_back",
    "instruct_request",
    "pay_request",
    "reopen_request",
    "return_request",
    "save_request",
    "sign_agreement",
    "submit_request",
    "withdraw_request",
]

_ZERO = Decimal(0)


def create_request(access: Access, **sheet: Any) -> Request:
    """Write the project sheet of a new request, as a draft.

    Parameters
    ----------
    sheet : fields of `SHEET`.

    Raises
    ------
    ForbiddenError
        If they may not edit.
    InputError
        If a field cannot be, or the convention is closed or archived.
    """
    access.require_edit()
    with transaction.atomic():
        convention = lock_open(access.convention)
        values = check_sheet(convention, sheet)
        created = Request.objects.create(
            convention=convention, number=next_number(convention), created_by=access.user, **values
        )
        record(access, "request.created", "request", created.pk, after=_describe(created))
    return created


def save_request(access: Access, request: Request, *, version: int | None = None, **sheet: Any) -> Request:
    """Change the project sheet while it can be written; during the instruction, only what is said of its basis.

    Raises
    ------
    ForbiddenError
        If they may not edit.
    InputError
        If the sheet is no longer open, or a field cannot be. StaleError if someone saved meanwhile.
    """
    access.require_edit()
    with transaction.atomic():
        saved = lock_request(access, request, version)
        if saved.status not in requests.WRITABLE and not (
            saved.status in ("submitted", "instructed") and set(sheet) <= set(BASIS)
        ):
            status = requests.STATUS_NAMES[cast(requests.Status, saved.status)]
            raise InputError(
                f"The project sheet of a request that is '{status.en}' no longer changes: send it back to be completed "
                "first.",
                f"La fiche projet d'une demande « {status.fr} » ne change plus : renvoyez-la d'abord à compléter.",
            )
        values = check_sheet(access.convention, sheet)
        changed = sorted(name for name, value in values.items() if getattr(saved, name) != value)
        if not changed:
            return saved
        for name in changed:
            setattr(saved, name, values[name])
        _save(saved)
        record(access, "request.changed", "request", saved.pk, after={"fields": changed})
    return saved


def submit_request(access: Access, request: Request, *, on: date | None = None, version: int | None = None) -> Request:
    """Submit a request for the beneficiary, who gave it on paper; the posts it promises enter the register.

    Raises
    ------
    ForbiddenError
        If they may not edit.
    InputError
        If it cannot be submitted, or its sheet is incomplete: says what is missing.
    """
    access.require_edit()
    with transaction.atomic():
        saved = lock_request(access, request, version)
        requests.check_transition(_status(saved), "submitted", "manager")
        if saved.status == "instructed":
            raise InputError(
                "This request is ready for the committee: take it back from there instead.",
                "Cette demande est prête pour le comité : reprenez plutôt l'instruction.",
            )
        submit_sheet(saved, on or timezone.localdate())
        record(access, "request.submitted", "request", saved.pk, after=_describe(saved))
        programme_jobs(access, saved)
        queue_mail(saved, "submitted")
    return saved


def return_request(access: Access, request: Request, *, reason: str, version: int | None = None) -> Request:
    """Send a request back to be completed, saying what is missing.

    Raises
    ------
    ForbiddenError
        If they may not edit.
    InputError
        If it is not a submitted request, or nothing says what is missing.
    """
    access.require_edit()
    said = reason.strip()
    if not said:
        raise InputError(
            "Nothing says what must be completed: write it, the beneficiary reads it.",
            "Rien ne dit ce qu'il faut compléter : écrivez-le, le bénéficiaire le lira.",
        )
    with transaction.atomic():
        saved = lock_request(access, request, version)
        before = _move(saved, "returned")
        saved.decision_note = said[:5000]
        _save(saved)
        _record_move(access, saved, "request.returned", before)
        queue_mail(saved, "returned")
    return saved


def instruct_request(
    access: Access,
    request: Request,
    *,
    shares: Sequence[tuple[Funder, Decimal]],
    on: date,
    document: Document,
    version: int | None = None,
) -> Request:
    """Make a request ready for the committee: the money proposed is set aside, funder by funder.

    Raises
    ------
    ForbiddenError
        If they may not edit.
    InputError
        If it is not a submitted request, the day is before its submission, nothing is set aside, more than what is
        asked for, or more than what the action still has.
    """
    access.require_edit()
    with transaction.atomic():
        saved = lock_request(access, request, version)
        before = _move(saved, "instructed")
        check_order(on, saved.submitted_on, SUBMISSION)
        _check_total(shares, saved.amount_asked or _ZERO)
        _save(saved)
        post_entries(
            access, [build_draft(saved, on, "reserve", funder, part, document) for funder, part in shares if part]
        )
        _record_move(access, saved, "request.instructed", before)
    return saved


def reopen_request(
    access: Access, request: Request, *, on: date, document: Document, version: int | None = None
) -> Request:
    """Take a request back from the committee's list; what was set aside is free again.

    Raises
    ------
    ForbiddenError
        If they may not edit.
    InputError
        If it is not ready for the committee.
    """
    access.require_edit()
    with transaction.atomic():
        saved = lock_request(access, request, version)
        before = _move(saved, "submitted")
        _save(saved)
        release_money(access, saved, on, document)
        _record_move(access, saved, "request.reopened", before)
    return saved


def decide_request(
    access: Access,
    request: Request,
    *,
    outcome: str,
    amount: Decimal | None,
    conditions: str,
    on: date,
    document: Document,
    version: int | None = None,
) -> Request:
    """Apply the decision of a committee: commit what it grants and free the rest, or free everything.

    The posts of a granted request are committed with it. A request that is postponed stays ready for the next
    committee, its money set aside.

    Parameters
    ----------
    outcome : value of `enums.Outcome`; amount : granted [EUR], only with "granted".

    Raises
    ------
    ForbiddenError
        If they may not edit.
    InputError
        If the request is not ready for the committee, the amount is above what was set aside or breaks the de minimis
        ceiling, or an aid outside de minimis says no legal basis.
    """
    access.require_edit()
    if outcome not in OUTCOME_NAMES:
        raise InputError(
            f"'{outcome}' is not a decision. Possible: {', '.join(t.en for t in OUTCOME_NAMES.values())}.",
            f"« {outcome} » n'est pas une décision. Possibles : {', '.join(t.fr for t in OUTCOME_NAMES.values())}.",
        )
    with transaction.atomic():
        saved = lock_request(access, request, version)
        check_order(on, saved.submitted_on, SUBMISSION)
        if outcome == Outcome.POSTPONED:
            requests.check_transition(_status(saved), "granted", "manager")
            saved.decision_note = conditions.strip()[:5000]
            _save(saved)
            record(access, "request.postponed", "request", saved.pk, after={"status": saved.status})
            return saved
        before = _move(saved, "granted" if outcome == Outcome.GRANTED else "refused")
        saved.decided_on = on
        saved.decision_note = conditions.strip()[:5000]
        if outcome == Outcome.GRANTED:
            _grant(access, saved, amount, on, document)
        else:
            _save(saved)
            release_money(access, saved, on, document)
        _record_move(access, saved, f"request.{saved.status}", before)
        if saved.status == "granted":
            commit_jobs(access, saved, on)
        queue_mail(saved, saved.status)
    return saved


def _grant(access: Access, saved: Request, amount: Decimal | None, on: date, document: Document) -> None:
    if amount is None or amount <= 0:
        raise InputError(
            "The amount granted is missing: give a positive amount, or refuse the request.",
            "Il manque le montant accordé : donnez un montant positif, ou refusez la demande.",
        )
    # Of two conventions that grant at once to the same undertaking, the second sees what the first granted.
    lock_beneficiaries(access.organisation)
    check_grant(saved, amount, on)
    held = {holding.funder: holding.reserved for holding in aid.read_holdings(saved)}
    parts = requests.allocate_amount(amount, held)
    saved.amount_granted = amount
    _save(saved)
    drafts = [build_draft(saved, on, "commit", funder, part, document) for funder, part in parts.items() if part]
    rest = [
        build_draft(saved, on, "release", funder, held[funder] - part, document)
        for funder, part in parts.items()
        if held[funder] > part
    ]
    post_entries(access, [*drafts, *rest])


def check_grant(request: Request, amount: Decimal, on: date) -> None:
    """Refuse an aid that no rule allows: above the de minimis ceiling, or outside of it without a legal basis.

    Raises
    ------
    InputError
        Says what stands in the way.
    """
    if not request.de_minimis and request.nature != "service" and not request.other_basis.strip():
        raise InputError(
            "This aid is not counted as de minimis, and nothing says on which basis it is given: write the regime "
            "(block exemption, approved scheme, private money outside State aid...) in the legal basis of the request.",
            "Cette aide n'est pas comptée de minimis et rien ne dit sur quelle base elle est donnée : écrivez le "
            "régime (régime exempté, régime notifié, argent privé hors aide d'État...) dans la base juridique de la "
            "demande.",
        )
    finding = aid.check_request(request, amount, on)
    if finding is not None and finding.level == "error":
        raise InputError(
            f"De minimis (R17): {finding.says.en} {finding.todo.en}",
            f"De minimis (R17) : {finding.says.fr} {finding.todo.fr}",
        )


def sign_agreement(
    access: Access, request: Request, *, on: date, document: Document, version: int | None = None
) -> Request:
    """Record that the agreement with the beneficiary is signed: payments are open.

    Raises
    ------
    ForbiddenError
        If they may not edit.
    InputError
        If the request is not granted, or the day is before the decision.
    """
    access.require_edit()
    with transaction.atomic():
        saved = lock_request(access, request, version)
        before = _move(saved, "agreed")
        check_order(on, saved.decided_on, DECISION)
        _check_document(access, document)
        saved.agreed_on = on
        _save(saved)
        _record_move(access, saved, "request.agreed", before, document=document)
    return saved


def withdraw_request(
    access: Access,
    request: Request,
    *,
    on: date | None = None,
    document: Document | None = None,
    version: int | None = None,
) -> Request:
    """Withdraw a request; what was set aside or committed is free again, with the piece that says so.

    Raises
    ------
    ForbiddenError
        If they may not edit.
    InputError
        If it can no longer be withdrawn, the day is before its submission or the decision, or money must move and no
        document says why.
    """
    access.require_edit()
    with transaction.atomic():
        saved = lock_request(access, request, version)
        before = _move(saved, "withdrawn")
        day = on or timezone.localdate()
        check_order(day, saved.submitted_on, SUBMISSION)
        check_order(day, saved.decided_on, DECISION)
        saved.ended_on = day
        _save(saved)
        if before == "instructed":
            release_money(access, saved, day, need_document(document))
        elif before == "granted":
            free_commitment(access, saved, day, document)
        _record_move(access, saved, "request.withdrawn", before)
    return saved


def _status(saved: Request) -> requests.Status:
    return cast(requests.Status, saved.status)


def _move(saved: Request, end: requests.Status) -> str:
    """Give a locked request its next status, as the table allows it to the manager; return the former one."""
    before = saved.status
    requests.check_transition(_status(saved), end, "manager")
    saved.status = end
    return before


def _save(saved: Request) -> None:
    saved.version += 1
    saved.save()


def _record_move(access: Access, saved: Request, action: str, before: str, document: Document | None = None) -> None:
    after = _describe(saved)
    if document is not None:
        after["document"] = str(document.pk)
    record(access, action, "request", saved.pk, before={"status": before}, after=after)


def _describe(request: Request) -> dict[str, Any]:
    told: dict[str, Any] = {"number": request.number, "status": request.status}
    for name in ("amount_asked", "amount_granted"):
        value = getattr(request, name)
        if value is not None:
            told[name] = str(value)
    return told


def _check_total(shares: Sequence[tuple[Funder, Decimal]], asked: Decimal) -> None:
    total = sum((part for _, part in shares), _ZERO)
    if total <= 0 or any(part < 0 for _, part in shares):
        raise InputError(
            "No money is set aside: give an amount to one funder at least.",
            "Aucun montant n'est réservé : donnez un montant pour un financeur au moins.",
        )
    if total > asked:
        raise InputError(
            f"{format_money(total, 'en')} is more than the {format_money(asked, 'en')} asked for: lower the shares.",
            f"{format_money(total, 'fr')} dépassent les {format_money(asked, 'fr')} demandés : réduisez les parts.",
        )


def _check_document(access: Access, document: Document) -> None:
    if document.convention_id != access.convention.pk:
        raise InputError("This document is of another convention.", "Cette pièce est d'une autre convention.")
