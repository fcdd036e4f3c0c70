"""Conditional requests: a portrait changes only when a store is loaded or the code does."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control

from ancrage_web.design.context import compute_page_state
from ancrage_web.territories.models import Store


def build_etag(request: HttpRequest, store: Store) -> str:
    """Return the mark of what a public page shows: store, state of its frame (version, language, theme) and address."""
    shown = (
        str(store.pk),
        store.checksum,
        compute_page_state(request),
        request.get_full_path(),
    )
    return f'"{sha256("|".join(shown).encode()).hexdigest()[:32]}"'


def answer_conditionally(
    request: HttpRequest, store: Store, build: Callable[[], HttpResponse], *, personal: bool = False
) -> HttpResponse:
    """Return 304 where the browser already has this very page, else the page with its mark.

    Parameters
    ----------
    personal : the page holds something of the person signed in, and is never marked.
    """
    if personal or settings.DEBUG:
        response = build()
        patch_cache_control(response, private=True, no_cache=True)
        return response
    etag = build_etag(request, store)
    held = get_conditional_response(request, etag=etag)
    response = build() if held is None else held
    if response.status_code in (200, 304):
        response["ETag"] = etag
        patch_cache_control(response, no_cache=True)
    return response
