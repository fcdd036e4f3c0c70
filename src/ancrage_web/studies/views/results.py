"""Results: the page for elected members, the detail, the map, the files."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from ancrage.language import Text
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.design.keeping import render_kept
from ancrage_web.design.words import get_site_language, say
from ancrage_web.studies import queries, services
from ancrage_web.studies.models import Result, Run, Scenario
from ancrage_web.studies.results import ResultFile, find_file, list_files, read_frozen
from ancrage_web.studies.views import result_pages as pages

# Sections of the detail after the networks: what the plan is, what it changes, how far to trust it, what it rests on.
ORDER = ("network", "impact", "robustness", "assumptions", "limits", "diagnosis", "sources")
# A result never changes: a browser may keep its map and its files, for the person who was let in.
_KEPT = "private, max-age=86400, immutable"


@organisation_view(Role.READER)
def show_summary(request: HttpRequest, actor: Actor, study: UUID, scenario: UUID, result: UUID) -> HttpResponse:
    """Show the page for elected members."""
    found, of = _find_result(study, scenario, result)
    links = _build_links(actor, of, found)
    return render_summary(request, found, {"links": links, **_describe_member(actor, of, found)})


@organisation_view(Role.READER)
def show_detail(request: HttpRequest, actor: Actor, study: UUID, scenario: UUID, result: UUID) -> HttpResponse:
    """Show everything that the result holds."""
    found, of = _find_result(study, scenario, result)
    links = _build_links(actor, of, found)
    return render_detail(request, found, {"links": links, **_describe_member(actor, of, found)})


@organisation_view(Role.READER)
def send_map(_request: HttpRequest, _actor: Actor, study: UUID, scenario: UUID, result: UUID) -> HttpResponse:
    """Send what the map of the network draws."""
    found, _ = _find_result(study, scenario, result)
    return build_map_response(found)


@organisation_view(Role.READER)
def send_file(
    _request: HttpRequest, _actor: Actor, study: UUID, scenario: UUID, result: UUID, name: str
) -> HttpResponse:
    """Send one of the files of a result, in the language of the page."""
    found, of = _find_result(study, scenario, result)
    return build_file_response(find_file(found, get_site_language(), name), of)


@organisation_view(Role.EDITOR)
def choose_place(request: HttpRequest, _actor: Actor, study: UUID, scenario: UUID, result: UUID) -> HttpResponse:
    """Choose the place of the network whose funding is to be planned: each link proposes what is known of it."""
    found, of = _find_result(study, scenario, result)
    rows = read_frozen(found, lambda read: [_propose_project(place, of) for place in read.map["places"]])
    context = {"study": of.study, "scenario": of, "result": found, "rows": rows}
    return render(request, "studies/result_places.html", context)


def _propose_project(place: dict[str, Any], scenario: Scenario) -> dict[str, Any]:
    # Code, name and desks only: the cost of the network is net, and a business plan starts from the gross one.
    known = {
        "nom": say(Text(f"Third place of {place['name']}", f"Tiers-lieu de {place['name']}")),
        "commune": place["code"],
        "lieu": place["code"],
        "postes": max(1, round(place["desks"])),
        "etude": scenario.study_id,
        "scenario": scenario.pk,
    }
    return {"name": place["name"], "desks": known["postes"], "query": urlencode(known)}


def _find_result(study: UUID, scenario: UUID, result: UUID) -> tuple[Result, Scenario]:
    of = queries.get_scenario(study, scenario)
    found = queries.get_light_result(result)
    if of.result_id != found.pk and not Run.objects.filter(scenario=of, result=found).exists():
        raise Http404
    return found, of


def _build_links(actor: Actor, scenario: Scenario, result: Result) -> dict[str, Any]:
    keys = {
        "organisation": actor.organisation.slug,
        "study": scenario.study_id,
        "scenario": scenario.pk,
        "result": result.pk,
    }
    return {
        "summary": reverse("result", kwargs=keys),
        "detail": reverse("result-detail", kwargs=keys),
        "map": reverse("result-map", kwargs=keys),
        "files": [
            {"file": file, "address": reverse("result-file", kwargs={**keys, "name": file.kind.name})}
            for file in list_files(result, get_site_language())
        ],
    }


def _describe_member(actor: Actor, scenario: Scenario, result: Result) -> dict[str, Any]:
    is_last = scenario.result_id == result.pk
    return {
        "shared": False,
        "study": scenario.study,
        "scenario": scenario,
        "result": result,
        "is_last": is_last,
        "freshness": services.check_freshness(result, scenario) if is_last else None,
        "can_edit": actor.role.allows(Role.EDITOR),
    }


def render_summary(request: HttpRequest, result: Result, context: dict[str, Any]) -> HttpResponse:
    """Render the page for elected members, for a member or for someone with a link."""
    return render_kept(
        request, "studies/result.html", (result.pk,), lambda: read_frozen(result, _build_summary), context
    )


def _build_summary(result: Result) -> dict[str, Any]:
    content = result.pages[get_site_language()]
    places = pages.find_table(content, "places")
    return {
        "pages": content,
        "figures": pages.build_figures(content, content["headline"]),
        "places": None if places is None or not places["rows"] else pages.build_table(places, pages.SHORT_COLUMNS),
        "picture": pages.find_picture(content),
        "costs": pages.build_figures(content, pages.COST_FIGURES),
        "decisions": pages.list_decisions(content),
        "warnings": pages.list_warnings(content),
        "not_modelled": content["facts"]["not_modelled"],
        "proof": content["facts"]["proof"],
        "robustness": _list_robustness(content),
        "draws": result.settings.get("draws", 0),
    }


def _list_robustness(content: dict[str, Any]) -> list[dict[str, Any]]:
    found = next((section for section in content["sections"] if section["id"] == "robustness"), None)
    if found is None:
        return []
    return [figure for block in found["blocks"] if block["type"] == "figures" for figure in block["figures"]]


def render_detail(request: HttpRequest, result: Result, context: dict[str, Any]) -> HttpResponse:
    """Render the detail, for a member or for someone with a link; `?point=N` chooses another network."""
    point, alternative = (request.GET.get(name, "")[:5] for name in ("point", "variante"))
    return render_kept(
        request,
        "studies/result_detail.html",
        (result.pk, point, alternative),
        lambda: read_frozen(result, lambda found: _build_detail(found, point, alternative)),
        context,
    )


def _build_detail(result: Result, point: str, alternative: str) -> dict[str, Any]:
    language = get_site_language()
    content = result.pages[language]
    chosen = pages.choose_network(result.map, point, alternative)
    networks = pages.list_networks(result.map, language, chosen)
    above, below = pages.build_choices(content, networks)
    every = [*networks["frontier"], *networks["alternatives"]]
    return {
        "pages": content,
        "above": above,
        "below": below,
        "sections": pages.build_sections(content, ORDER),
        "picture": pages.find_picture(content),
        "network": next((network for network in every if network.selected), None),
        "chosen": chosen,
        "frontier_by": result.map["frontier_by"],
    }


def build_map_response(result: Result) -> HttpResponse:
    """Return the map of a result."""
    return JsonResponse(result.map, headers={"Cache-Control": _KEPT})


def build_file_response(file: ResultFile, scenario: Scenario) -> HttpResponse:
    """Return a file as a download, under a name made of those of the study and of the scenario."""
    started = name_file(f"{scenario.study.name} {scenario.name}")
    response = FileResponse(
        file.path.open("rb"),
        as_attachment=True,
        filename=f"{started}{file.kind.ending}",
        content_type=file.kind.media_type,
        headers={"Cache-Control": _KEPT, "X-Content-Type-Options": "nosniff"},
    )
    # Django sends a stream as it does any answer; its types tell them apart.
    return cast(HttpResponse, response)


def name_file(text: str) -> str:
    """Return a text as a safe name of file: plain letters, digits and hyphens, 80 at most."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:80].strip("-") or "ancrage"
