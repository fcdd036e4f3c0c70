"""What the header knows of the person."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from ancrage_web.accounts.queries import list_memberships


def list_own_organisations(request: HttpRequest) -> dict[str, Any]:
    """Return the memberships of the person, read only where a template shows them."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"own_memberships": []}
    return {"own_memberships": SimpleLazyObject(lambda: list_memberships(user))}
