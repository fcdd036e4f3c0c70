"""Errors of the library become pages that say what to do, never a traceback."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ancrage.errors import AncrageError
from ancrage.language import Text
from ancrage_web.accounts.actors import ForbiddenError

_NULL = Text(
    "What was sent holds a null character, which cannot be stored: write the text again rather than pasting it.",
    "Ce qui a été envoyé contient un caractère nul, qui ne peut pas être enregistré : retapez le texte au lieu de le "
    "coller.",
)
_TOO_LARGE = Text(
    "What was sent weighs {size} MB, {most} MB at most: it was not read. Reduce the file, or cut it in several.",
    "L'envoi pèse {size} Mo, {most} Mo au plus : il n'a pas été lu. Réduisez le fichier, ou coupez-le en plusieurs.",
)


class BodyMiddleware:
    """Refuse a form that is larger than any file the site takes, before a byte of it is written to the disk.

    It stands before the check of the forgery token, the first to read a form. A body without a length is never read.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: Callable[..., HttpResponse], _args: Sequence[Any], _kwargs: Mapping[str, Any]
    ) -> HttpResponse | None:
        """Return the page of the refusal, or None to go on."""
        announced, most = request.META.get("CONTENT_LENGTH") or "0", settings.BODY_MB
        if not announced.isdecimal() or int(announced) <= most * 1_000_000:
            return None
        size = -(-int(announced) // 1_000_000)
        text = Text(_TOO_LARGE.en.format(size=size, most=most), _TOO_LARGE.fr.format(size=size, most=most))
        return render(request, "400.html", {"text": text}, status=413)


class ErrorMiddleware:
    """Show a refused input as a page (400), and a missing right as one too (403)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: Callable[..., HttpResponse], _args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> HttpResponse | None:
        """Refuse a text with a null character, which no keyboard writes and PostgreSQL does not store."""
        if request.path.startswith("/api/"):  # the interface tells it in its own form
            return None
        given = [[str(value) for value in kwargs.values()], *(texts for _, texts in request.GET.lists())]
        if request.method == "POST":
            given += [texts for _, texts in request.POST.lists()]
        if any("\0" in text for texts in given for text in texts):
            return render(request, "400.html", {"text": _NULL}, status=400)
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the page of an error of the library; others go on."""
        if isinstance(error, ForbiddenError):
            return render(request, "403.html", {"text": error.text}, status=403)
        if isinstance(error, AncrageError):
            return render(request, "400.html", {"text": error.text}, status=400)
        return None
