"""The lock of everything that is written about a convention, and what an archived or closed one refuses."""

from __future__ import annotations

from ancrage.errors import InputError
from ancrage_web.conventions.models import Convention


def lock_convention(convention: Convention) -> Convention:
    """Return the convention as stored now, its row locked until the end of the transaction.

    Its key stays free, so that rows that name it are written meanwhile. Locks are taken in one order everywhere: the
    convention, the request, the committee, the organisation.

    Raises
    ------
    InputError
        If it was deleted meanwhile.
    """
    saved = (
        Convention.objects.select_for_update(of=("self",), no_key=True)
        .select_related("organisation")
        .filter(pk=convention.pk)
        .first()
    )
    if saved is None:
        raise InputError(
            f"'{convention}' was deleted meanwhile: go back to the list of conventions.",
            f"« {convention} » a été supprimée entre-temps : revenez à la liste des conventions.",
        )
    return saved


def lock_kept(convention: Convention) -> Convention:
    """Lock a convention that is not archived (see `lock_convention`).

    Raises
    ------
    InputError
        If it is archived.
    """
    saved = lock_convention(convention)
    if saved.archived_at is not None:
        raise InputError(
            f"'{saved}' is archived and does not change: take it back first, from its page.",
            f"« {saved} » est archivée et ne change plus : désarchivez-la d'abord, depuis sa page.",
        )
    return saved


def lock_open(convention: Convention) -> Convention:
    """Lock a convention that is neither archived nor closed (see `lock_convention`).

    Raises
    ------
    InputError
        If it is archived or closed: its final balance is what the State received, nothing under it changes.
    """
    saved = lock_kept(convention)
    if saved.status == "closed":
        raise InputError(
            f"'{saved}' is closed: its final balance is what the State received, and nothing under it changes.",
            f"« {saved} » est close : son bilan final est celui remis à l'État, et rien de ce qu'il contient ne "
            "change plus.",
        )
    return saved
