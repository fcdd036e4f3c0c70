"""Putting a convention away, taking it back, deleting one that never held money."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ancrage.errors import InputError
from ancrage_web.accounts.enums import Role
from ancrage_web.audit.services import record
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.models import (
    Account,
    Action,
    Amendment,
    Committee,
    CommitteeFile,
    Convention,
    Decision,
    Document,
    EngineeringDays,
    Entry,
    Job,
    Request,
)
from ancrage_web.conventions.services.partners import lock_convention, require_owner


def archive_convention(access: Access) -> Convention:
    """Put a convention away: it leaves the lists and sends no more reminders; nothing is lost.

    Raises
    ------
    ForbiddenError
        If the actor is no editor of the organisation that owns it.
    """
    require_owner(access)
    with transaction.atomic():
        convention = lock_convention(access)
        if convention.archived_at is None:
            convention.archived_at = timezone.now()
            convention.save(update_fields=["archived_at", "updated_at"])
            record(access, "convention.archived", "convention", convention.pk)
    return convention


def restore_convention(access: Access) -> Convention:
    """Take an archived convention back.

    Raises
    ------
    ForbiddenError
        If the actor is no editor of the organisation that owns it.
    """
    require_owner(access)
    with transaction.atomic():
        convention = lock_convention(access)
        if convention.archived_at is not None:
            convention.archived_at = None
            convention.save(update_fields=["archived_at", "updated_at"])
            record(access, "convention.restored", "convention", convention.pk)
    return convention


def delete_convention(access: Access) -> None:
    """Delete a convention for good, with its requests, jobs, documents and remarks; never one with a ledger.

    Beneficiaries stay: other conventions of the organisation may know them.

    Raises
    ------
    ForbiddenError
        If the actor is no administrator of the organisation that owns it.
    InputError
        If the ledger holds an entry, or a committee was held.
    """
    require_owner(access)
    access.actor.require(Role.ADMINISTRATOR)
    with transaction.atomic():
        convention = lock_convention(access)
        entries = Entry.objects.filter(convention=convention).count()
        if entries:
            raise InputError(
                f"The ledger of '{convention}' holds {entries} entries: what moved money is never deleted. Archive the "
                "convention instead.",
                f"Le registre de « {convention} » contient {entries} écritures : ce qui a mû de l'argent ne se "
                "supprime pas. Archivez plutôt la convention.",
            )
        if Committee.objects.filter(convention=convention, held_at__isnull=False).exists():
            raise InputError(
                f"A committee of '{convention}' was held: its minutes are kept. Archive the convention instead.",
                f"Un comité de « {convention} » s'est tenu : son relevé de décisions se conserve. Archivez plutôt la "
                "convention.",
            )
        files = list(Document.objects.filter(convention=convention).values_list("path", flat=True))
        frozen = CommitteeFile.objects.filter(committee__convention=convention)
        folders = list(frozen.values_list("folder", flat=True))
        # In the order in which one names another.
        Decision.objects.filter(committee__convention=convention).delete()
        frozen.delete()
        Committee.objects.filter(convention=convention).delete()
        Job.objects.filter(convention=convention).delete()
        EngineeringDays.objects.filter(convention=convention).delete()
        Amendment.objects.filter(convention=convention).delete()
        Account.objects.filter(convention=convention).delete()
        Document.objects.filter(convention=convention).delete()
        Request.objects.filter(convention=convention).delete()
        Action.objects.filter(convention=convention).delete()
        key, name = convention.pk, {"status": convention.status}
        convention.delete()
        record(access, "convention.deleted", "convention", key, before=name)
        transaction.on_commit(lambda: _remove_files(files, folders))


def _remove_files(files: list[str], folders: list[str]) -> None:
    """Remove the files of what is deleted; one that resists does not bring the rows back."""
    root = Path(settings.MEDIA_ROOT)
    for path in files:
        with suppress(OSError):
            (root / path).unlink(missing_ok=True)
    for folder in folders:
        # The deepest first, so that a folder is empty when its turn comes.
        for each in sorted((root / folder).rglob("*"), reverse=True):
            with suppress(OSError):
                each.rmdir() if each.is_dir() else each.unlink(missing_ok=True)
        with suppress(OSError):
            (root / folder).rmdir()
