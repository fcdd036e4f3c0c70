"""What programs read: the state of the instance for a supervisor, robots.txt and the site map for search engines."""

from __future__ import annotations

from collections.abc import Callable
from xml.sax.saxutils import escape

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse, translate_url
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ancrage_web.territories import queries

# A site map holds at most 50,000 addresses; a few thousand at a time are quick to make.
PAGE_SIZE = 5_000
_HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
# Pages of people and organisations are not for search engines, nor files that are made at the first request.
_PRIVATE = ("organisations/", "compte/", "partage/", "territoires/recherche/", "territoires/*/fichiers/")


@require_safe
@never_cache
def check_health(_request: HttpRequest) -> HttpResponse:
    """Say "ok" where the database answers; 503 where it does not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError:
        return HttpResponse("database does not answer\n", content_type="text/plain", status=503)
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def show_robots(_request: HttpRequest) -> HttpResponse:
    """Tell search engines what is not for them, and where the site map is; nothing of a demonstration is for them."""
    if settings.DEMO:
        lines = ["User-agent: *", "Disallow: /"]
    else:
        refused = [f"Disallow: {prefix}{path}" for prefix in ("/", "/en/") for path in _PRIVATE]
        lines = [
            "User-agent: *",
            *refused,
            "Disallow: /api/",
            f"Sitemap: {settings.SITE_URL}{reverse('sitemap-index')}",
        ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
def show_sitemap_index(_request: HttpRequest) -> HttpResponse:
    """List the parts of the site map."""
    parts = []
    for part, count in (("pages", len(_PAGES)), ("epci", queries.count_epci()), ("communes", queries.count_communes())):
        parts += [(part, page) for page in range(1, 1 + -(-count // PAGE_SIZE))]
    addresses = [settings.SITE_URL + reverse("sitemap", kwargs={"part": part, "page": page}) for part, page in parts]
    lines = [f"<sitemap><loc>{escape(address)}</loc></sitemap>" for address in addresses]
    return _answer("sitemapindex", "", lines)


@require_safe
def show_sitemap(_request: HttpRequest, part: str, page: int) -> HttpResponse:
    """List the addresses of one part, each with its counterpart in the other language."""
    list_part = _PARTS.get(part)
    if list_part is None or page < 1:
        raise Http404
    with translation.override("fr"):
        paths = list_part((page - 1) * PAGE_SIZE, page * PAGE_SIZE)
        if not paths:
            raise Http404
        return _answer("urlset", ' xmlns:xhtml="http://www.w3.org/1999/xhtml"', [_describe(path) for path in paths])


def _describe(path: str) -> str:
    french, english = settings.SITE_URL + path, settings.SITE_URL + translate_url(path, "en")
    links = "".join(
        f'<xhtml:link rel="alternate" hreflang="{language}" href="{escape(address)}"/>'
        for language, address in (("fr", french), ("en", english))
    )
    return "".join(f"<url><loc>{escape(address)}</loc>{links}</url>" for address in (french, english))


def _answer(element: str, more: str, lines: list[str]) -> HttpResponse:
    body = "\n".join([f"{_HEADER}<{element} {_NAMESPACE}{more}>", *lines, f"</{element}>"]) + "\n"
    return HttpResponse(body, content_type="application/xml; charset=utf-8")


_PAGES = ("home", "territories")


def _list_pages(start: int, end: int) -> list[str]:
    return [reverse(name) for name in _PAGES[start:end]]


def _list_epci(start: int, end: int) -> list[str]:
    return [reverse("epci", kwargs={"code": code, "slug": slug}) for code, slug in queries.list_epci_slugs(start, end)]


def _list_communes(start: int, end: int) -> list[str]:
    rows = queries.list_commune_slugs(start, end)
    return [reverse("commune", kwargs={"code": code, "slug": slug}) for code, slug in rows]


_PARTS: dict[str, Callable[[int, int], list[str]]] = {
    "pages": _list_pages,
    "epci": _list_epci,
    "communes": _list_communes,
}
