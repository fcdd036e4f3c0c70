"""What every template may know of the person; nothing is read before a template shows it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from ancrage_web.accounts.adapters import can_sign_up
from ancrage_web.accounts.queries import list_memberships


def describe_person(request: HttpRequest) -> dict[str, Any]:
    """Return the memberships of the person, and whether someone without an account may create one."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"own_memberships": [], "signup_is_open": SimpleLazyObject(lambda: can_sign_up(request))}
    return {"own_memberships": SimpleLazyObject(lambda: list_memberships(user)), "signup_is_open": False}
