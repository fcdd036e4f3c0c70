"""The page that the link of an invitation opens."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.adapters import INVITATION_KEY
from ancrage_web.accounts.enums import ROLE_NAMES
from ancrage_web.accounts.invitations import State, accept_invitation, find_invitation, is_for
from ancrage_web.accounts.models import User
from ancrage_web.design.words import say

STATUSES = {State.OPEN: 200, State.UNKNOWN: 404, State.EXPIRED: 410, State.REVOKED: 410, State.USED: 410}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show what one is invited to, and accept it once signed in."""
    found = find_invitation(token)
    user = request.user if isinstance(request.user, User) else None
    context: dict[str, object] = {"state": found.state.value, "invitation": found.invitation, "token": token}
    if found.state is not State.OPEN or found.invitation is None:
        request.session.pop(INVITATION_KEY, None)
        return render(request, "accounts/invitation_closed.html", context, status=STATUSES[found.state])
    if user is None:
        # Whoever signs up or in from here comes back here.
        request.session[INVITATION_KEY] = token
    elif request.method == "POST":
        try:
            organisation = accept_invitation(token, user)
        except InputError as error:
            messages.error(request, say(error.text))
            return redirect("invitation", token=token)
        request.session.pop(INVITATION_KEY, None)
        text = Text(
            f"Welcome: you are now a member of {organisation}.", f"Bienvenue : vous êtes membre de {organisation}."
        )
        messages.success(request, say(text))
        return redirect("organisation", organisation=organisation.slug)
    context |= {
        "role": ROLE_NAMES[found.invitation.role],
        "is_for_reader": user is not None and is_for(found.invitation, user),
    }
    return render(request, "accounts/invitation.html", context)
