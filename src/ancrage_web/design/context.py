"""What every template knows of the instance and of the page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import translate_url

from ancrage import __version__
from ancrage_web.design.words import get_site_language

THEME_COOKIE = "theme"
THEMES = ("light", "dark")


def get_theme(request: HttpRequest) -> str:
    """Return the theme that the reader chose: "light", "dark", or "" to follow their device."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return theme if theme in THEMES else ""


def compute_page_state(request: HttpRequest) -> str:
    """Return what the frame of a page depends on beside its content: part of the ETag of a page that has one."""
    return f"{__version__}-{get_site_language()}-{get_theme(request)}-{request.user.pk or ''}"


def describe_instance(request: HttpRequest) -> dict[str, Any]:
    """Return the instance, the language and the theme of the page, and the part of the site it belongs to.

    `section` is the first part of the address ("territoires"), `part` the one after the organisation ("etudes").
    """
    match = getattr(request, "resolver_match", None)
    route = "" if match is None else match.route.removeprefix("en/")
    steps = [*route.split("/"), "", "", ""]
    language = get_site_language()
    other = "fr" if language == "en" else "en"
    return {
        "instance_name": settings.INSTANCE_NAME,
        "site_url": settings.SITE_URL,
        "is_demo": settings.DEMO,
        "ign_background": settings.IGN_BACKGROUND,
        "source_code_url": settings.SOURCE_CODE_URL,
        "accessibility": settings.ACCESSIBILITY,
        "version": __version__,
        "language": language,
        "other_language": other,
        "other_language_url": translate_url(request.get_full_path(), other),
        "theme": get_theme(request),
        "section": steps[0],
        "part": steps[2],
        "actor": getattr(request, "actor", None),
    }
