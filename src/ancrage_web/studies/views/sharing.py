"""Read-only links to a study: making, listing, revoking."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.design.words import say
from ancrage_web.studies import queries, services
from ancrage_web.studies.forms import ShareForm


@never_cache
@organisation_view(Role.EDITOR)
def share_study(request: HttpRequest, actor: Actor, study: UUID) -> HttpResponse:
    """List the links of a study and make one, whose address is shown this once."""
    found = queries.get_study(study)
    form = ShareForm(request.POST if request.method == "POST" else None)
    address = ""
    if request.method == "POST" and form.is_valid():
        try:
            _, token = services.share_study(actor, found, days=form.cleaned_data["days"])
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            address = settings.SITE_URL + reverse("shared", kwargs={"token": token})
            form = ShareForm()
    context = {
        "study": found,
        "form": form,
        "address": address,
        "links": list(queries.list_share_links(found)),
        "results_count": found.scenarios.filter(result__isnull=False).count(),
    }
    return render(request, "studies/share.html", context, status=400 if form.errors else 200)


@organisation_view(Role.EDITOR)
def revoke_share(request: HttpRequest, actor: Actor, study: UUID, link: UUID) -> HttpResponse:
    """Close a link for good, after a confirmation."""
    found = queries.get_study(study)
    shared = queries.get_share_link(found, link)
    if request.method == "POST":
        services.revoke_share(actor, shared)
        messages.success(
            request,
            say(
                Text(
                    "The link is revoked: whoever opens it is told that it leads nowhere.",
                    "Le lien est révoqué : il ne mène plus nulle part.",
                )
            ),
        )
        return redirect("study-share", organisation=actor.organisation.slug, study=found.id)
    return render(request, "studies/share_revoke.html", {"study": found, "link": shared})
