"""Home, pages about the site, and error pages."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ancrage_web.design.context import THEME_COOKIE, THEMES, get_theme
from ancrage_web.design.keeping import render_kept
from ancrage_web.design.words import get_site_language
from ancrage_web.pages import queries
from ancrage_web.territories import queries as territories

_YEAR = 365 * 24 * 3600


def show_home(request: HttpRequest) -> HttpResponse:
    """Show what the site does and where to start."""
    store = territories.get_store()
    if store is None:
        return render(request, "pages/home.html")
    key = territories.mark_store(store)
    return render_kept(request, "pages/home.html", key, lambda: queries.describe_home(store))


# It changes nothing but a preference of the browser that asks: without a token, no page has to set a cookie for it.
@csrf_exempt
@require_POST
def change_theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme in a cookie and go back to the page."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = reverse("home")
    response = HttpResponseRedirect(target)
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        response.set_cookie(
            THEME_COOKIE, theme, max_age=_YEAR, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


def show_accessibility(request: HttpRequest) -> HttpResponse:
    """Show the accessibility declaration."""
    facts = {"declaration": settings.ACCESSIBILITY_URL}
    return render(request, "pages/accessibility.html", {**_describe_publisher(), **facts})


def show_legal(request: HttpRequest) -> HttpResponse:
    """Show who publishes and hosts the site."""
    return render(request, "pages/legal.html", _describe_publisher())


def show_privacy(request: HttpRequest) -> HttpResponse:
    """Show what is kept of people, why and how long."""
    facts = {"session_days": settings.SESSION_COOKIE_AGE // (24 * 3600), "log_addresses": settings.LOG_ADDRESSES}
    return render(request, "pages/privacy.html", {**_describe_publisher(), **facts})


def list_sources(request: HttpRequest) -> HttpResponse:
    """Show the sources and licences of the data that are loaded."""
    return render(request, "pages/sources.html", queries.describe_sources())


def _describe_publisher() -> dict[str, str]:
    return {
        "publisher": settings.PUBLISHER,
        "publisher_address": settings.PUBLISHER_ADDRESS,
        "publication_director": settings.PUBLICATION_DIRECTOR,
        "hosting": settings.HOSTING,
        "contact": settings.CONTACT,
    }


def show_bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """Show that a request could not be understood."""
    return render(request, "400.html", status=400)


def show_forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """Show that the role does not allow it."""
    return render(request, "403.html", status=403)


def show_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """Show that the page does not exist, or is not for this person."""
    return render(request, "404.html", status=404)


def show_server_error(request: HttpRequest) -> HttpResponse:
    """Show that the fault is ours, without asking anything of the database."""
    page = render_to_string(
        "500.html",
        {"language": get_site_language(), "theme": get_theme(request), "instance_name": settings.INSTANCE_NAME},
    )
    return HttpResponse(page, status=500)
