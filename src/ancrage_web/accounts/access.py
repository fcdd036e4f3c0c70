"""The door of every page of an organisation: membership, role and scope."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django_scopes import scope, scopes_disabled

from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.models import Membership, User

P = ParamSpec("P")


def find_actor(user: User, slug: str) -> Actor | None:
    """Return what the person is in the organisation, or None for a stranger; one query."""
    # The one look-up that cannot be scoped: it decides of the scope.
    with scopes_disabled():
        membership = (
            Membership.objects.select_related("organisation").filter(user=user, organisation__slug=slug).first()
        )
    return None if membership is None else Actor(membership.organisation, Role(membership.role), user)


def organisation_view(
    needed: Role,
) -> Callable[[Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Open a view to the members of the organisation of its address (`<slug:organisation>`), from a role on.

    The view is called with (request, actor, ...), inside the scope of the organisation; `request.actor` is set for
    the templates. Someone who is not signed in is sent to sign in; a stranger gets 404, so that nothing tells
    whether the organisation exists; a member without the role gets 403.
    """

    def decorate(
        view: Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase],
    ) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        @login_required
        def open_view(request: HttpRequest, organisation: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            assert isinstance(request.user, User)
            actor = find_actor(request.user, organisation)
            if actor is None:
                raise Http404
            actor.require(needed)
            request.actor = actor  # type: ignore[attr-defined]
            with scope(organisation=actor.organisation):
                response = view(request, actor, *args, **kwargs)
                if hasattr(response, "render") and not getattr(response, "is_rendered", True):
                    response = response.render()
                return response

        return open_view

    return decorate
