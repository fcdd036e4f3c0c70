"""Past grants: list, and what similar projects obtained nearby."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ancrage.conventions.programmes import compute_spread
from ancrage.language import Text
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.cofunding import queries
from ancrage_web.cofunding.services import catalogue as services
from ancrage_web.design.words import say

PAGE_SIZE = 25
RADII = (25, 50, 100, 200)
RADIUS = 50


@organisation_view(Role.READER)
def list_past_grants(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the past grants of the organisation, searched and filtered."""
    names = ("q", "departement", "dispositif", "categorie", "annee")
    given = {name: request.GET.get(name, "").replace("\x00", "").strip() for name in names}
    year = (
        int(given["annee"])
        if given["annee"].isascii() and given["annee"].isdecimal() and len(given["annee"]) == 4
        else None
    )
    rows = queries.list_past_grants(
        text=given["q"],
        departement=given["departement"],
        scheme=given["dispositif"],
        category=given["categorie"],
        year=year,
    )
    kept = request.GET.copy()
    kept.pop("page", None)
    return render(
        request,
        "cofunding/past_grants.html",
        {
            "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
            "given": given,
            "filtered": any(given.values()),
            "schemes": queries.list_schemes(),
            "categories": queries.list_categories(),
            "sets": queries.list_grant_sources(),
            "kept_query": kept.urlencode(),
            "can_edit": actor.role.allows(Role.EDITOR),
        },
    )


@require_POST
@organisation_view(Role.EDITOR)
def remove_grants(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Remove the past grants of one source; they can be imported again."""
    count = services.remove_grants(actor, request.POST.get("source", "").replace("\x00", ""))
    text = Text(f"{count} past grants removed.", f"{count} subventions passées supprimées.")
    messages.success(request, say(text))
    return redirect("past-grants", organisation=actor.organisation.slug)


@organisation_view(Role.READER)
def show_similar(request: HttpRequest, actor: Actor, project: UUID) -> HttpResponse:
    """Show what projects like this one obtained, nearby first asked for."""
    found = queries.get_project(project)
    wanted = request.GET.get("rayon", str(RADIUS))
    radius = int(wanted) if wanted in {str(km) for km in RADII} else None
    category = request.GET.get("categorie", "").replace("\x00", "")
    scheme = request.GET.get("dispositif", "").replace("\x00", "")
    commune = queries.find_commune(found.commune)
    compared = queries.find_similar(found, radius=radius, category=category, scheme=scheme)
    rows = queries.list_grants_by_key([entry.grant.key for entry in compared.similar])
    shown: list[dict[str, Any]] = [{"similar": entry, "row": rows[entry.grant.key]} for entry in compared.similar]
    return render(
        request,
        "cofunding/project_similar.html",
        {
            "project": found,
            "commune": commune,
            "shown": shown,
            "spread": compute_spread([entry.rate for entry in compared.similar]),
            "compared": compared,
            "radius": radius,
            "radii": RADII,
            "wider": None if radius is None else _write_wider(request, radius),
            "category": category,
            "scheme": scheme,
            "categories": queries.list_categories(),
            "schemes": queries.list_schemes(),
            "sets": queries.list_grant_sources(),
            "can_edit": actor.role.allows(Role.EDITOR),
        },
    )


def _write_wider(request: HttpRequest, radius: int) -> str:
    """Write the query of the same comparison with the next radius, or everywhere."""
    kept = request.GET.copy()
    kept["rayon"] = next((str(km) for km in RADII if km > radius), "tout")
    return kept.urlencode()
