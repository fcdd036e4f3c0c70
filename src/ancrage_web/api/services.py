"""Making, finding and withdrawing the tokens of an organisation."""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django_scopes import scopes_disabled

from ancrage.errors import InputError
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.secret_texts import compute_fingerprint, create_secret
from ancrage_web.api.enums import Scope
from ancrage_web.api.models import ApiToken
from ancrage_web.audit.services import record

MAXIMUM_DAYS = 365
USE_PRECISION = timedelta(minutes=1)
_PREFIX_BYTES = 4
_PREFIX_LENGTH = len("anc_") + 2 * _PREFIX_BYTES
_SHAPE = re.compile(r"anc_[0-9a-f]{8}_[A-Za-z0-9_-]{43}")


def list_tokens() -> QuerySet[ApiToken]:
    """Return the tokens of the organisation of the scope, the newest first."""
    return ApiToken.objects.select_related("created_by")


def get_token(token_id: uuid.UUID) -> ApiToken:
    """Return a token of the organisation of the scope.

    Raises
    ------
    Http404
        If there is none.
    """
    token = ApiToken.objects.filter(pk=token_id).first()
    if token is None:
        raise Http404
    return token


def create_token(actor: Actor, *, name: str, scopes: Sequence[str], days: int) -> tuple[ApiToken, str]:
    """Create a token and return it with its text, which can never be read again.

    Parameters
    ----------
    days : its life, 1 to 365.

    Raises
    ------
    InputError
        If the name is empty, no scope is chosen, one is unknown, or the life is out of bounds.
    ForbiddenError
        If the actor is no administrator.
    """
    actor.require(Role.ADMINISTRATOR)
    name = name.strip()
    if not name or len(name) > 80:
        raise InputError(
            f"The name has {len(name)} characters: write 1 to 80, saying which program uses the token.",
            f"Le nom a {len(name)} caractères : écrivez-en 1 à 80, qui disent quel programme utilise le jeton.",
        )
    unknown = sorted(set(scopes) - set(Scope.values))
    if unknown or not scopes:
        received = ", ".join(unknown)
        raise InputError(
            f"Rights received: '{received}'. Choose at least one of {', '.join(Scope.values)}.",
            f"Droits reçus : « {received} ». Choisissez-en au moins un parmi {', '.join(Scope.values)}.",
        )
    if not 1 <= days <= MAXIMUM_DAYS:
        raise InputError(
            f"A life of {days} days is not possible: choose 1 to {MAXIMUM_DAYS} days.",
            f"Une durée de {days} jours n'est pas possible : choisissez de 1 à {MAXIMUM_DAYS} jours.",
        )
    prefix = f"anc_{secrets.token_hex(_PREFIX_BYTES)}"
    text = f"{prefix}_{create_secret()}"
    now = timezone.now()
    with transaction.atomic():
        token = ApiToken.objects.create(
            organisation=actor.organisation,
            name=name,
            prefix=prefix,
            token_hash=compute_fingerprint(text),
            scopes=sorted(set(scopes)),
            created_by=actor.user,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        after = {"prefix": prefix, "scopes": token.scopes, "expires_at": token.expires_at.isoformat()}
        record(actor, "token.created", "token", token.pk, after=after)
    return token, text


def revoke_token(actor: Actor, token: ApiToken) -> None:
    """Withdraw a token for good; one that is already withdrawn stays as it is.

    Raises
    ------
    ForbiddenError
        If the actor is no administrator.
    """
    actor.require(Role.ADMINISTRATOR)
    now = timezone.now()
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
            after = {"prefix": token.prefix, "revoked_at": now.isoformat()}
            record(actor, "token.revoked", "token", token.pk, before={"revoked_at": None}, after=after)
    token.refresh_from_db(fields=["revoked_at"])


def find_token(text: str) -> ApiToken | None:
    """Return the valid token that a program shows, and note that it was used; None for any other text."""
    # The secret may hold "_" too: the prefix has a fixed length.
    prefix = text[:_PREFIX_LENGTH]
    if not _SHAPE.fullmatch(text):
        return None
    now = timezone.now()
    # The organisation is not known yet: the token decides of the scope.
    with scopes_disabled():
        token = ApiToken.objects.select_related("organisation").filter(prefix=prefix).first()
        if token is None or not constant_time_compare(token.token_hash, compute_fingerprint(text)):
            return None
        if not token.is_valid(now):
            return None
        if token.last_used_at is None or now - token.last_used_at >= USE_PRECISION:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token
