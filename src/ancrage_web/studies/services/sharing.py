"""Read-only addresses of a study."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from ancrage.errors import InputError
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.secret_texts import compute_fingerprint, create_secret
from ancrage_web.audit.services import record
from ancrage_web.studies.models import ShareLink, Study
from ancrage_web.studies.queries import open_share
from ancrage_web.studies.rules import SHARE_DAYS
from ancrage_web.studies.services.studies import lock_study

__all__ = ["open_share", "revoke_share", "share_study"]


def share_study(actor: Actor, study: Study, *, days: int) -> tuple[ShareLink, str]:
    """Make a read-only link to a study; its token is returned once and never stored.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    InputError
        If the number of days is out of 1..365, or the study is archived.
    """
    actor.require(Role.EDITOR)
    if not 1 <= days <= SHARE_DAYS:
        raise InputError(
            f"A link of {days} days cannot be made: choose from 1 to {SHARE_DAYS} days.",
            f"Un lien de {days} jours n'est pas possible : choisissez de 1 à {SHARE_DAYS} jours.",
        )
    token = create_secret()
    with transaction.atomic():
        saved = lock_study(study)
        if saved.archived_at is not None:
            raise InputError(
                f"'{saved}' is archived, and a link to an archived study opens nothing: restore it, then share it.",
                f"« {saved} » est archivée, et un lien vers une étude archivée n'ouvre rien : restaurez-la, puis "
                "partagez-la.",
            )
        link = ShareLink.objects.create(
            study=saved,
            token_hash=compute_fingerprint(token),
            created_by=actor.user,
            expires_at=timezone.now() + timedelta(days=days),
        )
        record(actor, "study.shared", "study", saved.pk, after={"link": str(link.pk), "days": days})
    return link, token


def revoke_share(actor: Actor, link: ShareLink) -> ShareLink:
    """Close a link for good.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    """
    actor.require(Role.EDITOR)
    with transaction.atomic():
        saved = ShareLink.objects.select_for_update(of=("self",), no_key=True).get(pk=link.pk)
        if saved.revoked_at is None:
            saved.revoked_at = timezone.now()
            saved.save(update_fields=["revoked_at"])
            record(actor, "share.revoked", "study", saved.study_id, after={"link": str(saved.pk)})
    return saved
