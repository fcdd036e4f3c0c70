"""What every template knows of the instance."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from ancrage import __version__
from ancrage_web.design.words import get_site_language


def describe_instance(request: HttpRequest) -> dict[str, Any]:
    """Return the name of the instance, the version and the language of the page."""
    return {
        "instance_name": settings.INSTANCE_NAME,
        "site_url": settings.SITE_URL,
        "is_demo": settings.DEMO,
        "version": __version__,
        "language": get_site_language(),
        "actor": getattr(request, "actor", None),
    }
