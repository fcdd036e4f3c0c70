"""A shared study, read by someone without an account: the link is the key, and opens nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django_scopes import scope

from ancrage_web.design.words import get_site_language
from ancrage_web.studies import queries, services
from ancrage_web.studies.models import Result, Scenario, Study
from ancrage_web.studies.results import find_file, list_files
from ancrage_web.studies.views import area
from ancrage_web.studies.views.cards import choose_figures
from ancrage_web.studies.views.results import build_file_response, build_map_response, render_detail, render_summary

P = ParamSpec("P")


def shared_view(
    view: Callable[Concatenate[HttpRequest, Study, str, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Open a view to whoever holds a working share link; anything else is told that the link leads nowhere.

    The one place where a page without an account opens the scope of an organisation: that of the shared study.
    """

    @require_safe
    @wraps(view)
    def open_view(request: HttpRequest, token: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        study = services.open_share(token)
        if study is None:
            response = render(request, "studies/shared_closed.html", status=404)
        else:
            with scope(organisation=study.organisation):
                response = view(request, study, token, *args, **kwargs)
        # The address is the key: it must leak neither to other sites nor to search engines.
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex, nofollow"
        response.setdefault("Cache-Control", "private, no-store")
        return response

    return open_view


@shared_view
def show_study(request: HttpRequest, study: Study, token: str) -> HttpResponse:
    """Show the computed scenarios of a shared study."""
    rows = [
        {
            "scenario": scenario,
            "address": reverse("shared-result", kwargs={"token": token, "scenario": scenario.pk}),
            "figures": choose_figures(scenario.result.summary, get_site_language()),
            "computed_at": scenario.result.created_at,
        }
        for scenario in queries.list_scenarios(study)
        if scenario.result is not None
    ]
    context = {
        "study": study,
        "rows": rows,
        "territory": area.name_epci(study.epci, area.list_names(study.epci)),
    }
    return render(request, "studies/shared.html", context)


@shared_view
def show_summary(request: HttpRequest, study: Study, token: str, scenario: UUID) -> HttpResponse:
    """Show the page for elected members of a shared scenario."""
    found, of = _find_result(study, scenario)
    return render_summary(request, found, _describe(study, token, of, found))


@shared_view
def show_detail(request: HttpRequest, study: Study, token: str, scenario: UUID) -> HttpResponse:
    """Show the whole result of a shared scenario."""
    found, of = _find_result(study, scenario)
    return render_detail(request, found, _describe(study, token, of, found))


@shared_view
def send_map(_request: HttpRequest, study: Study, _token: str, scenario: UUID) -> HttpResponse:
    """Send the map of a shared scenario."""
    found, _ = _find_result(study, scenario)
    response = build_map_response(found)
    # The link may be revoked tomorrow: nothing is kept by the browser.
    response["Cache-Control"] = "private, no-store"
    return response


@shared_view
def send_file(_request: HttpRequest, study: Study, _token: str, scenario: UUID, name: str) -> HttpResponse:
    """Send a file of a shared scenario."""
    found, of = _find_result(study, scenario)
    response = build_file_response(find_file(found, get_site_language(), name), of)
    response["Cache-Control"] = "private, no-store"
    return response


def _find_result(study: Study, scenario: UUID) -> tuple[Result, Scenario]:
    of = queries.get_scenario(study.pk, scenario)
    if of.result_id is None:
        raise Http404
    return queries.get_light_result(of.result_id), of


def _build_links(token: str, scenario: Scenario, result: Result) -> dict[str, Any]:
    keys = {"token": token, "scenario": scenario.pk}
    return {
        "summary": reverse("shared-result", kwargs=keys),
        "detail": reverse("shared-detail", kwargs=keys),
        "map": reverse("shared-map", kwargs=keys),
        "files": [
            {"file": file, "address": reverse("shared-file", kwargs={**keys, "name": file.kind.name})}
            for file in list_files(result, get_site_language())
        ],
    }


def _describe(study: Study, token: str, scenario: Scenario, result: Result) -> dict[str, Any]:
    return {
        "links": _build_links(token, scenario, result),
        "shared": True,
        "home": reverse("shared", kwargs={"token": token}),
        "study": study,
        "scenario": scenario,
        "result": result,
        "is_last": True,
        "freshness": None,
        "can_edit": False,
    }
