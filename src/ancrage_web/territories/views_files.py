"""What the pages of the territories give to keep: list as CSV, map, files and share card of a portrait."""

from __future__ import annotations

import json
from itertools import chain

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import require_safe

from ancrage.language import Text
from ancrage_web.design.spreadsheets import MARK, write_rows
from ancrage_web.design.words import get_site_language, say
from ancrage_web.territories import content, files, queries
from ancrage_web.territories.caching import answer_conditionally
from ancrage_web.territories.filters import EpciFilter, choose_order
from ancrage_web.territories.models import Epci, EpciMap, Store
from ancrage_web.territories.words import NATURE_NAMES

_FILE_KINDS = ("json", "xlsx", "pdf", "gpkg")
_DAY = 86_400


@require_safe
def export_list(request: HttpRequest) -> StreamingHttpResponse:
    """Give the list of EPCI, as filtered and ordered, as a CSV file that spreadsheets open."""
    store = queries.get_store()
    if store is None:
        raise Http404
    chosen = EpciFilter(request.GET, queryset=queries.list_epci(), catalogue=store.catalogue)
    rows = chosen.qs.order_by(*choose_order(request.GET.get("tri", "")).fields)
    heading = [
        say(title)
        for title in (
            Text("code", "code"),
            Text("name", "nom"),
            Text("nature", "nature"),
            Text("departement", "département"),
            Text("region", "région"),
            Text("communes", "communes"),
            Text("population", "population"),
            Text("home-work flows", "flux domicile-travail"),
            Text("profile", "profil"),
        )
    ]
    answer = (say(Text("no", "non")), say(Text("yes", "oui")))
    language = get_site_language()
    # Each line leaves at once, so that a long list is never held whole.
    lines = (write_rows([_list_cells(epci, store, answer)], language) for epci in rows.iterator())
    response = StreamingHttpResponse(
        chain([MARK + write_rows([heading], language)], lines), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{say(Text("territories", "territoires"))}.csv"'
    return response


def _list_cells(epci: Epci, store: Store, answer: tuple[str, str]) -> list[str | int]:
    nature = NATURE_NAMES.get(epci.nature)
    return [
        epci.code,
        epci.name,
        say(nature) if nature else epci.nature,
        store.catalogue["departements"].get(epci.departement, epci.departement),
        store.catalogue["regions"].get(epci.region, epci.region),
        epci.communes_count,
        epci.population,
        answer[epci.has_flows],
        say(epci.typology) if epci.typology else "",
    ]


@require_safe
def give_map(request: HttpRequest, code: str) -> HttpResponse:
    """Give what the maps of an EPCI draw, compressed as it is stored."""
    store = queries.get_store()
    if store is None:
        raise Http404
    return answer_conditionally(request, store, lambda: _build_map_response(request, code))


def _build_map_response(request: HttpRequest, code: str) -> HttpResponse:
    row = EpciMap.objects.filter(pk=code).first()
    if row is None:
        raise Http404
    packed = bytes(row.content)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response = HttpResponse(packed, content_type="application/json")
        response["Content-Encoding"] = "gzip"
    else:
        text = json.dumps(content.unpack_map(packed), ensure_ascii=False, separators=(",", ":"))
        response = HttpResponse(text, content_type="application/json")
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


@require_safe
def give_file(request: HttpRequest, code: str, kind: str) -> HttpResponse | FileResponse:
    """Give the portrait of an EPCI as a file, in the language of the address."""
    store, epci = _find(code)
    if kind not in _FILE_KINDS:
        raise Http404
    language = get_site_language()
    name = f"{epci.code}-{epci.slug}.{kind}"
    if kind == "json":
        form = queries.build_portrait_json(store, epci, language)
        text = json.dumps(form, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
        answer = HttpResponse(text, content_type="application/json; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer
    try:
        path = files.make_file(store, epci, kind, language)
    except files.BusyError as error:
        return _tell_later(request, epci, error, 503)
    except files.FileFailedError as error:
        return _tell_later(request, epci, error, 500)
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type=files.MEDIA_TYPES[kind])


@require_safe
def give_card(_request: HttpRequest, code: str) -> HttpResponse | FileResponse:
    """Give the share card of a portrait."""
    store, epci = _find(code)
    try:
        path = files.make_file(store, epci, "png", get_site_language())
    except files.BusyError:
        return HttpResponse(status=503, headers={"Retry-After": str(files.RETRY_SECONDS)})
    except files.FileFailedError:
        # Who asks is a program: it shows the page without its picture.
        return HttpResponse(status=500)
    response = FileResponse(path.open("rb"), content_type="image/png")
    patch_cache_control(response, public=True, max_age=_DAY)
    return response


def _find(code: str) -> tuple[Store, Epci]:
    store, epci = queries.get_store(), queries.find_epci(code)
    if store is None or epci is None:
        raise Http404
    return store, epci


def _tell_later(
    request: HttpRequest, epci: Epci, error: files.BusyError | files.FileFailedError, status: int
) -> HttpResponse:
    address = reverse("epci", kwargs={"code": epci.code, "slug": epci.slug})
    response = render(
        request, "territories/later.html", {"text": error.text, "epci": epci, "address": address}, status=status
    )
    if status == 503:
        response["Retry-After"] = str(files.RETRY_SECONDS)
    return response
