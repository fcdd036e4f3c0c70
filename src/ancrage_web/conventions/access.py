"""Who may do what to a convention: its organisation, and those it was opened to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from uuid import UUID

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django_scopes import scope, scopes_disabled

from ancrage.conventions.life import ROLE_NAMES
from ancrage.conventions.life import Role as Part
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor, ForbiddenError
from ancrage_web.accounts.enums import Kind, Role
from ancrage_web.accounts.models import Organisation, User
from ancrage_web.conventions.models import Convention, Partner

P = ParamSpec("P")

EDITING_PARTS: frozenset[Part] = frozenset({"consultant", "epci"})
# What an organisation is decides of its part in what it owns; others do not own conventions.
OWNER_PARTS: dict[str, Part] = {Kind.EPCI: "epci", Kind.CONSULTANCY: "consultant"}


@dataclass(frozen=True)
class Access:
    """Someone in front of a convention: the first argument of every service of an existing convention.

    It is what the trail of the convention's own organisation needs (`audit.services.Acting`).

    Attributes
    ----------
    actor : the person and the organisation they come from; part : the part of that organisation here.
    """

    actor: Actor
    convention: Convention
    part: Part

    @property
    def organisation(self) -> Organisation:
        """Organisation that owns the convention: its scope, its trail."""
        return self.convention.organisation

    @property
    def user(self) -> User | None:
        """Person who acts, or None for a token."""
        return self.actor.user

    @property
    def token(self) -> str:
        """Token that acts, or nothing for a person."""
        return self.actor.token

    @property
    def may_edit(self) -> bool:
        """Whether they may change the convention."""
        return self.part in EDITING_PARTS and self.actor.role.allows(Role.EDITOR)

    @property
    def may_change(self) -> bool:
        """Whether they may change what a closed convention leaves open (`locks.lock_kept`)."""
        return self.may_edit and self.convention.archived_at is None

    @property
    def may_write(self) -> bool:
        """Whether they may change what a closed convention refuses (`locks.lock_open`): money, requests, jobs..."""
        return self.may_change and self.convention.status != "closed"

    @property
    def may_comment(self) -> bool:
        """Whether they may comment, and change the status where their part allows it."""
        return self.actor.role.allows(Role.EDITOR)

    def require_edit(self) -> None:
        """Refuse to someone who may only read.

        Raises
        ------
        ForbiddenError
            Says who may.
        """
        if self.may_edit:
            return
        self.actor.require(Role.EDITOR)
        part = ROLE_NAMES[self.part]
        raise ForbiddenError(
            f"Your organisation takes part in this convention as '{part.en}': it reads and comments. The EPCI or the "
            "consultant makes the changes.",
            f"Votre organisation participe à cette convention au titre de « {part.fr} » : elle lit et commente. L'EPCI "
            "ou le cabinet fait les modifications.",
        )

    def require_comment(self) -> None:
        """Refuse to a reader.

        Raises
        ------
        ForbiddenError
            Says which role is needed.
        """
        self.actor.require(Role.EDITOR)


def find_access(actor: Actor, key: UUID) -> Access | None:
    """Return what the actor is in front of a convention, or None for a stranger to it; two queries at most."""
    # The one look-up of a convention that no scope fits: it decides of the scope.
    with scopes_disabled():
        convention = Convention.objects.select_related("organisation").filter(pk=key).first()
        if convention is None:
            return None
        if convention.organisation_id == actor.organisation.pk:
            return Access(actor, convention, OWNER_PARTS.get(actor.organisation.kind, "company"))
        partner = Partner.objects.filter(convention=convention, organisation=actor.organisation).first()
    return None if partner is None else Access(actor, convention, cast(Part, partner.part))


def convention_view(
    needed: str = "read",
) -> Callable[[Callable[Concatenate[HttpRequest, Access, P], HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Open a view of a convention (`<slug:organisation>/conventions/<uuid:convention>/...`) to those who take part.

    The view is called with (request, access, ...) inside the scope of the convention's own organisation, whatever
    the organisation the person comes from; `request.access` is set for the templates. A stranger gets 404,
    someone without the right 403.

    Parameters
    ----------
    needed : "read", "comment" (an editor of any organisation that takes part) or "edit".
    """

    def decorate(
        view: Callable[Concatenate[HttpRequest, Access, P], HttpResponseBase],
    ) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def open_view(
            request: HttpRequest, actor: Actor, convention: UUID, *args: Any, **kwargs: Any
        ) -> HttpResponseBase:
            access = find_access(actor, convention)
            if access is None:
                raise Http404
            if needed == "edit":
                access.require_edit()
            elif needed == "comment":
                access.require_comment()
            request.access = access  # type: ignore[attr-defined]
            with scope(organisation=access.organisation):
                response = view(request, access, *args, **kwargs)
                if hasattr(response, "render") and not getattr(response, "is_rendered", True):
                    response = response.render()
                return response

        return organisation_view(Role.READER)(cast(Any, open_view))

    return decorate
