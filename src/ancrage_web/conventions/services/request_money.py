"""What every service of a request of aid rests on: its lock, its version, its lines in the ledger."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, cast

from ancrage.errors import InputError
from ancrage.language import Text, format_date
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.models import Document, Funder, Request
from ancrage_web.conventions.queries import aid
from ancrage_web.conventions.services.ledger import Draft, post_entries
from ancrage_web.conventions.services.locks import lock_open


class StaleError(InputError):
    """The request changed since the page was opened: nothing was done."""

    def __init__(self) -> None:
        super().__init__(
            "This request has changed since you opened the page (perhaps your own click was sent twice). Nothing was "
            "done this time: read where it stands, then start again if needed.",
            "Cette demande a changé depuis l'ouverture de la page (peut-être par votre propre clic, envoyé deux fois). "
            "Rien n'a été fait cette fois : relisez où elle en est, puis recommencez s'il le faut.",
        )


def lock_request(access: Access, request: Request, version: int | None = None) -> Request:
    """Lock the convention, then the request, and return it as it is now.

    Raises
    ------
    ForbiddenError
        If they may not edit.
    InputError
        If the request is not of this convention, or that is closed or archived. StaleError if the version is not that
        of now.
    """
    access.require_edit()
    convention = lock_open(access.convention)
    saved = (
        Request.objects.select_for_update(of=("self",), no_key=True)
        .select_related("action", "beneficiary")
        .filter(pk=request.pk, convention=convention)
        .first()
    )
    if saved is None:
        raise InputError("This request is not one of this convention.", "Cette demande n'est pas de cette convention.")
    if version is not None and version != saved.version:
        raise StaleError
    return saved


def check_order(on: date, earlier: date | None, what: Text) -> None:
    """Refuse a day that precedes the step before it.

    Parameters
    ----------
    what : name of that step, with its article in French.

    Raises
    ------
    InputError
        Names both days.
    """
    if earlier is not None and on < earlier:
        raise InputError(
            f"{format_date(on, 'en')} is before the {what.en} ({format_date(earlier, 'en')}): correct the day.",
            f"Le {format_date(on, 'fr')} précède {what.fr} ({format_date(earlier, 'fr')}) : corrigez la date.",
        )


SUBMISSION = Text("submission", "le dépôt")
DECISION = Text("decision", "la décision")
AGREEMENT = Text("agreement", "la convention d'aide")


def free_commitment(access: Access, saved: Request, on: date, document: Document | None) -> None:
    """Take back what is committed and not paid of a locked request.

    Raises
    ------
    InputError
        If there is some, and no document says why.
    """
    held = [(holding.funder, holding.committed) for holding in aid.read_holdings(saved) if holding.committed > 0]
    if held:
        proof = need_document(document)
        post_entries(access, [build_draft(saved, on, "decommit", funder, part, proof) for funder, part in held])


def release_money(access: Access, saved: Request, on: date, document: Document) -> None:
    """Free what is set aside for a locked request."""
    held = [(holding.funder, holding.reserved) for holding in aid.read_holdings(saved) if holding.reserved > 0]
    if held:
        post_entries(access, [build_draft(saved, on, "release", funder, part, document) for funder, part in held])


def build_draft(request: Request, on: date, kind: str, funder: Funder, amount: Decimal, document: Document) -> Draft:
    """Return a line of the ledger about a request, named by its title."""
    return Draft(
        on=on,
        kind=cast(Any, kind),
        funder=funder,
        amount=amount,
        document=document,
        action=request.action,
        request=request,
        label=request.title[:200],
    )


def need_document(document: Document | None) -> Document:
    """Return the document that justifies a move of money.

    Raises
    ------
    InputError
        If there is none.
    """
    if document is None:
        raise InputError(
            "Money of this request must be freed, and no document says why: join one (letter, minutes).",
            "De l'argent de cette demande doit être libéré et aucune pièce ne dit pourquoi : joignez-en une (courrier, "
            "relevé de décisions).",
        )
    return document
