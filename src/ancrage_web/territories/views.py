"""Public pages of the territories: list, search, portrait of an EPCI, page of a commune."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse, translate_url
from django.views.decorators.http import require_safe

from ancrage_web.design.keeping import render_kept
from ancrage_web.design.words import get_site_language, say
from ancrage_web.territories import presentation, queries
from ancrage_web.territories.access import find_study_address
from ancrage_web.territories.caching import answer_conditionally
from ancrage_web.territories.filters import EpciFilter, Order, choose_order
from ancrage_web.territories.layers import SITE_NAMES
from ancrage_web.territories.models import Epci, Store
from ancrage_web.territories.statements import build_statements
from ancrage_web.territories.words import ADD_FLOWS, LOAD_COMMAND, NATURE_NAMES

PAGE_SIZE = 25
# Results of a search page; a suggestion list is shorter.
_RESULTS, _SUGGESTIONS = 30, 8
_SHORTEST = 2


@require_safe
def list_territories(request: HttpRequest) -> HttpResponse:
    """Show the list of EPCI, with filters, order and pages."""
    store = queries.get_store()
    if store is None:
        return render(request, "territories/empty.html", {"command": say(LOAD_COMMAND)})
    return answer_conditionally(
        request, store, lambda: _render_list(request, store), personal=request.user.is_authenticated
    )


def _render_list(request: HttpRequest, store: Store) -> HttpResponse:
    return render_kept(
        request,
        "territories/list.html",
        (*queries.mark_store(store), request.get_full_path()),
        lambda: _describe_list(request, store),
    )


def _describe_list(request: HttpRequest, store: Store) -> dict[str, Any]:
    chosen = EpciFilter(request.GET, queryset=queries.list_epci(), catalogue=store.catalogue)
    rows = chosen.qs
    order = choose_order(request.GET.get("tri", ""))
    totals = queries.count_totals(rows)
    page = Paginator(rows.order_by(*order.fields), PAGE_SIZE).get_page(request.GET.get("page"))
    return {
        "store": store,
        "filter": chosen,
        "order": order,
        "totals": totals,
        "page": page,
        "rows": _list_rows(page, store),
        "query": _keep_query(request, "page"),
        "query_unsorted": _keep_query(request, "page", "tri"),
        "addresses": build_addresses(request),
    }


def _list_rows(page: Page[Epci], store: Store) -> list[dict[str, Any]]:
    departements = store.catalogue["departements"]
    return [
        {
            "epci": epci,
            "nature": NATURE_NAMES.get(epci.nature),
            "departement": departements.get(epci.departement, ""),
        }
        for epci in page
    ]


def build_addresses(request: HttpRequest) -> dict[str, Any]:
    """Return the one address of a page and that of each language, for search engines and shares."""
    path = request.path
    return {
        "canonical": settings.SITE_URL + path,
        "by_language": [
            {"language": code, "address": settings.SITE_URL + translate_url(path, code)}
            for code, _ in settings.LANGUAGES
        ],
    }


def _keep_query(request: HttpRequest, *dropped: str) -> str:
    kept = request.GET.copy()
    for name in dropped:
        kept.pop(name, None)
    return kept.urlencode()


@require_safe
def show_search(request: HttpRequest) -> HttpResponse:
    """Show the territories nearest to what was typed."""
    text = request.GET.get("q", "").strip()[:100]
    found = queries.search(text, _RESULTS) if text else []
    return render(request, "territories/search.html", {"q": text, "found": found})


@require_safe
def show_suggestions(request: HttpRequest) -> JsonResponse:
    """Give the first territories for what is being typed, to the search box."""
    text = request.GET.get("q", "").strip()[:100]
    found = queries.search(text, _SUGGESTIONS) if len(text) >= _SHORTEST else []
    kind = request.GET.get("genre", "")
    if kind:
        found = [each for each in queries.search(text, 4 * _SUGGESTIONS) if each.kind == kind][:_SUGGESTIONS]
    return JsonResponse(
        {
            "found": [
                {"kind": f.kind, "code": f.code, "name": f.name, "detail": f.detail, "address": f.address}
                for f in found
            ]
        }
    )


@require_safe
def redirect_epci(_request: HttpRequest, code: str) -> HttpResponse:
    """Send a bare code to the portrait."""
    epci = queries.list_epci().filter(code=code).first()
    if epci is None:
        raise Http404
    return HttpResponsePermanentRedirect(reverse("epci", kwargs={"code": code, "slug": epci.slug}))


@require_safe
def redirect_commune(_request: HttpRequest, code: str) -> HttpResponse:
    """Send a bare code to the page of the commune."""
    commune = queries.find_commune(code)
    if commune is None:
        raise Http404
    return HttpResponsePermanentRedirect(reverse("commune", kwargs={"code": code, "slug": commune.slug}))


@require_safe
def show_epci(request: HttpRequest, code: str, slug: str) -> HttpResponse:
    """Show the portrait of an EPCI."""
    store = queries.get_store()
    if store is None:
        raise Http404
    return answer_conditionally(
        request, store, lambda: _render_epci(request, store, code, slug), personal=request.user.is_authenticated
    )


def _render_epci(request: HttpRequest, store: Store, code: str, slug: str) -> HttpResponse:
    # Nothing else of the address changes the page.
    key = (*queries.mark_store(store), code, slug, request.GET.get("communes", "")[:60])
    try:
        return render_kept(
            request,
            "territories/epci.html",
            key,
            lambda: _describe_epci(request, store, code, slug),
            {"study_address": find_study_address(request, code)},
        )
    except _MovedError as moved:
        return HttpResponsePermanentRedirect(reverse("epci", kwargs={"code": code, "slug": moved.slug}))


class _MovedError(Exception):
    """The address names the territory otherwise: the page is at another one."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


def _describe_epci(request: HttpRequest, store: Store, code: str, slug: str) -> dict[str, Any]:
    epci = queries.find_epci(code)
    if epci is None:
        raise Http404
    if slug != epci.slug:
        raise _MovedError(epci.slug)
    language = get_site_language()
    portrait, catalogue = epci.portrait, store.catalogue
    communes = queries.list_communes(epci)
    rows = queries.build_commune_rows(store, communes)
    slugs = {commune.code: commune.slug for commune in communes}
    definitions = {indicator["id"]: indicator for indicator in catalogue["indicators"]}
    columns = [definitions[name] for name in presentation.SHOWN_COLUMNS if name in definitions]
    order = _choose_commune_order(request, [column["id"] for column in columns])
    destinations, origins = portrait["destinations"], portrait["origins"]
    maps = presentation.list_map_indicators(portrait, rows, language)
    return {
        "epci": epci,
        "portrait": portrait,
        "nature": NATURE_NAMES.get(epci.nature),
        "departement": catalogue["departements"].get(epci.departement, ""),
        "region": catalogue["regions"].get(epci.region, ""),
        "statements": build_statements(portrait, language),
        "families": presentation.build_families(portrait, catalogue, language),
        "columns": columns,
        "communes": [
            {
                "row": row,
                "slug": slugs[row["code"]],
                "cells": [{"value": row[c["id"]], "decimals": c["decimals"], "label": c["label"]} for c in columns],
            }
            for row in presentation.sort_rows(rows, order.column, descending=order.descending)
        ],
        "order": order,
        "destinations": presentation.build_ends(destinations, language),
        "origins": presentation.build_ends(origins, language),
        "brownfields": presentation.list_sites(portrait, "brownfield", language),
        "third_places": presentation.list_sites(portrait, "third_place", language),
        "map_settings": {
            "address": reverse("epci-map", kwargs={"code": code}),
            "indicators": maps,
            "sources": presentation.list_map_sources(portrait, language),
            "sites": {kind: say(name) for kind, name in SITE_NAMES.items()},
        },
        "maps": maps,
        "store": store,
        "addresses": build_addresses(request),
        "commands": say(ADD_FLOWS),
    }


def _choose_commune_order(request: HttpRequest, columns: list[str]) -> Order:
    """Return the order of the communes that the address asks for: "column" or "-column"; by name otherwise."""
    asked = request.GET.get("communes", "")
    known = asked.removeprefix("-") in ("name", "population", *columns)
    return Order(asked if known else "name", ())


@require_safe
def show_commune(request: HttpRequest, code: str, slug: str) -> HttpResponse:
    """Show a commune beside its EPCI."""
    store = queries.get_store()
    if store is None:
        raise Http404
    return answer_conditionally(
        request, store, lambda: _render_commune(request, store, code, slug), personal=request.user.is_authenticated
    )


def _render_commune(request: HttpRequest, store: Store, code: str, slug: str) -> HttpResponse:
    try:
        return render_kept(
            request,
            "territories/commune.html",
            (*queries.mark_store(store), code, slug),
            lambda: _describe_commune(request, store, code, slug),
        )
    except _MovedError as moved:
        return HttpResponsePermanentRedirect(reverse("commune", kwargs={"code": code, "slug": moved.slug}))


def _describe_commune(request: HttpRequest, store: Store, code: str, slug: str) -> dict[str, Any]:
    commune = queries.find_commune(code)
    if commune is None:
        raise Http404
    if slug != commune.slug:
        raise _MovedError(commune.slug)
    epci, language = commune.epci, get_site_language()
    catalogue = store.catalogue
    whole: Mapping[str, Any] = {}
    if epci is not None:
        whole = {stored["id"]: stored for stored in epci.portrait["indicators"]}
    families = presentation.build_commune_families(
        commune.values, queries.list_commune_indicators(store), catalogue, whole, language
    )
    around: Mapping[str, Any] = {"sites": []} if epci is None else epci.portrait
    return {
        "commune": commune,
        "epci": epci,
        "families": families,
        "departement": catalogue["departements"].get(commune.departement, ""),
        "sources": presentation.list_used_sources(families, catalogue),
        "brownfields": presentation.list_sites(around, "brownfield", language, code),
        "third_places": presentation.list_sites(around, "third_place", language, code),
        "store": store,
        "map_settings": None
        if epci is None
        else {"address": reverse("epci-map", kwargs={"code": epci.code}), "commune": code, "name": commune.name},
        "addresses": build_addresses(request),
    }
