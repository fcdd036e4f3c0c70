"""Remarks on a convention or on one of its requests of aid."""

from __future__ import annotations

from django.db import transaction

from ancrage.errors import InputError
from ancrage_web.accounts.actors import ForbiddenError
from ancrage_web.accounts.enums import Role
from ancrage_web.audit.services import record
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.models import Remark, Request
from ancrage_web.conventions.services.locks import lock_kept

REMARK_LENGTH = 5_000


def add_remark(access: Access, *, text: str, request: Request | None = None) -> Remark:
    """Add a remark to the convention, or to one of its requests; every organisation that takes part reads it.

    Raises
    ------
    ForbiddenError
        If the actor only reads.
    InputError
        If the text is empty or too long, or the request is of another convention.
    """
    access.require_comment()
    written = text.strip()
    if not written:
        raise InputError(
            "The remark is empty: write something before sending it.",
            "La remarque est vide : écrivez quelque chose avant de l'envoyer.",
        )
    if len(written) > REMARK_LENGTH:
        raise InputError(
            f"This remark has {len(written)} characters, {REMARK_LENGTH} at most: cut it in two.",
            f"Cette remarque compte {len(written)} caractères, {REMARK_LENGTH} au plus : coupez-la en deux.",
        )
    if request is not None and request.convention_id != access.convention.pk:
        raise InputError(
            f"Request {request.number} is not one of this convention: choose one of its own.",
            f"La demande n° {request.number} n'est pas de cette convention : choisissez l'une des siennes.",
        )
    with transaction.atomic():
        lock_kept(access.convention)
        remark = Remark.objects.create(
            convention=access.convention,
            request=request,
            author=access.user,
            author_organisation=access.actor.organisation,
            text=written,
        )
        after = {"convention": str(access.convention.pk), "request": None if request is None else str(request.pk)}
        record(access, "remark.added", "remark", remark.pk, after=after)
    return remark


def may_delete(access: Access, remark: Remark) -> bool:
    """Say whether someone may delete a remark: its author, and an administrator of who holds the convention."""
    if access.user is not None and remark.author_id == access.user.pk:
        return access.may_comment
    is_owner = access.actor.organisation.pk == access.organisation.pk
    return is_owner and access.actor.role.allows(Role.ADMINISTRATOR)


def delete_remark(access: Access, remark: Remark) -> None:
    """Delete a remark.

    Raises
    ------
    ForbiddenError
        If the actor neither wrote it nor administers the organisation that holds the convention.
    """
    access.require_comment()
    if remark.convention_id != access.convention.pk:
        raise InputError(
            "This remark is of another convention: open that one to delete it.",
            "Cette remarque est d'une autre convention : ouvrez celle-ci pour la supprimer.",
        )
    if not may_delete(access, remark):
        raise ForbiddenError(
            "This remark was written by someone else: only its author, or an administrator of the organisation that "
            "holds the convention, may delete it.",
            "Cette remarque a été écrite par quelqu'un d'autre : seuls son auteur ou un administrateur de "
            "l'organisation qui tient la convention peuvent la supprimer.",
        )
    with transaction.atomic():
        key, before = remark.pk, {"convention": str(remark.convention_id)}
        remark.delete()
        record(access, "remark.deleted", "remark", key, before=before)
