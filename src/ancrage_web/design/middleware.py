"""Errors of the library become pages that say what to do, never a traceback."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ancrage.errors import AncrageError
from ancrage_web.accounts.actors import ForbiddenError


class ErrorMiddleware:
    """Show a refused input as a page (400), and a missing right as one too (403)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the page of an error of the library; others go on."""
        if isinstance(error, ForbiddenError):
            return render(request, "403.html", {"text": error.text}, status=403)
        if isinstance(error, AncrageError):
            return render(request, "400.html", {"text": error.text}, status=400)
        return None
