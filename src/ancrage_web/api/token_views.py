"""Pages where an administrator makes and withdraws the tokens of the organisation."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.api import services
from ancrage_web.api.enums import SCOPE_NAMES
from ancrage_web.api.forms import TokenForm
from ancrage_web.design.words import say


@require_safe
@organisation_view(Role.ADMINISTRATOR)
def list_tokens(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the tokens, their rights and when they were last used."""
    now = timezone.now()
    tokens = [
        {"token": token, "scopes": [SCOPE_NAMES[scope] for scope in token.scopes], "valid": token.is_valid(now)}
        for token in services.list_tokens()
    ]
    return render(request, "api/tokens.html", {"tokens": tokens, "organisation": actor.organisation})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@organisation_view(Role.ADMINISTRATOR)
def create_token(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Make a token and show its text, this once."""
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        try:
            token, text = services.create_token(
                actor, name=chosen["name"], scopes=chosen["scopes"], days=chosen["days"]
            )
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            shown = {"token": token, "text": text, "organisation": actor.organisation}
            return render(request, "api/token_created.html", shown)
    return render(request, "api/token_new.html", {"form": form, "organisation": actor.organisation})


@require_http_methods(["GET", "HEAD", "POST"])
@organisation_view(Role.ADMINISTRATOR)
def revoke_token(request: HttpRequest, actor: Actor, token_id: uuid.UUID) -> HttpResponse:
    """Ask for a confirmation, then withdraw a token."""
    token = services.get_token(token_id)
    if request.method != "POST":
        return render(request, "api/token_revoke.html", {"token": token, "organisation": actor.organisation})
    services.revoke_token(actor, token)
    done = Text(f"The token “{token.name}” opens nothing any more.", f"Le jeton « {token.name} » n'ouvre plus rien.")
    messages.success(request, say(done))
    return redirect("tokens", organisation=actor.organisation.slug)
