"""What every view of the interface shares: language, errors, scope of the token, conditional requests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any, ClassVar

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django_scopes import scope
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from ancrage_web.accounts.actors import Actor, ForbiddenError
from ancrage_web.api.enums import SCOPE_NAMES, Scope
from ancrage_web.api.models import ApiToken
from ancrage_web.api.pagination import Pages
from ancrage_web.api.wording import choose_language


class View(APIView):
    """A view that answers in the language of Accept-Language, and 304 to who already holds the answer.

    Attributes
    ----------
    cache_control : sent with the answers to GET that succeed.
    """

    # Nothing answers OPTIONS: what can be done is in the description, and other sites are not let in.
    http_method_names = ("get", "head", "post", "put", "patch", "delete")
    cache_control = "private, no-cache"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a request; scopes opened on the way are closed with it."""
        language = choose_language(request.headers.get("Accept-Language", ""))
        with translation.override(language), ExitStack() as self.opened:
            response = super().dispatch(request, *args, **kwargs)
        response.headers["Content-Language"] = language
        patch_vary_headers(response, ("Accept-Language",))
        if request.method in ("GET", "HEAD") and response.status_code == 200:
            response.headers.setdefault("Cache-Control", self.cache_control)
            if isinstance(response, Response):
                response.add_post_render_callback(partial(answer_conditionally, request))
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the token and the throttle; requests refused for their token are counted by address."""
        try:
            super().initial(request, *args, **kwargs)
        except (AuthenticationFailed, NotAuthenticated):
            self.check_throttles(request)
            raise

    def answer_page(self, items: Any, shape: type[BaseSerializer[Any]]) -> Response:
        """Return one page of a list, each item in the shape of a serializer."""
        pages = Pages()
        return pages.get_paginated_response(
            shape(pages.paginate_queryset(items, self.request, view=self), many=True).data
        )


class AnyFormat(BaseContentNegotiation):
    """Whatever the Accept header: for files, whose format is in their address."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """Return the only parser."""
        del request
        return next(iter(parsers), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer of problems."""
        del request, format_suffix
        first = next(iter(renderers))
        return first, first.media_type


class OrganisationView(View):
    """A view for the token of an organisation; everything inside is scoped to it.

    Attributes
    ----------
    scopes : the right that each method needs.
    """

    scopes: ClassVar[Mapping[str, Scope]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the token and its right to the method, then open the scope of its organisation."""
        super().initial(request, *args, **kwargs)
        method = "GET" if request.method == "HEAD" else str(request.method)
        if not isinstance(request.auth, ApiToken):
            raise NotAuthenticated
        needed = self.scopes.get(method)
        if needed is not None and needed not in request.auth.scopes:
            name = SCOPE_NAMES[needed]
            raise ForbiddenError(
                f"The token {request.auth} has not the right '{needed.value}' ({name.en}): ask an administrator of "
                "the organisation for a token that has it.",
                f"Le jeton {request.auth} n'a pas le droit « {needed.value} » ({name.fr}) : demandez à un "
                "administrateur de l'organisation un jeton qui l'a.",
            )
        self.actor = Actor(request.auth.organisation, request.auth.get_role(), token=request.auth.prefix)
        self.opened.enter_context(scope(organisation=request.auth.organisation))


class UnknownView(View):
    """What stands at no address of the interface."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Answer 404 before anything else."""
        del request, args, kwargs
        raise Http404


def compute_etag(*parts: object) -> str:
    """Return a strong ETag of what an answer depends on."""
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def answer_conditionally(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return an answer with its ETag, or 304 for a client that holds it."""
    if isinstance(response, HttpResponse):
        response.headers.setdefault("ETag", compute_etag(response.content))
    etag = response.headers.get("ETag")
    if etag is None or not is_held(request, etag):
        return response
    short = HttpResponseNotModified()
    for name in ("ETag", "Cache-Control", "Vary", "Content-Language"):
        if name in response.headers:
            short.headers[name] = response.headers[name]
    return short


def is_held(request: HttpRequest | Request, etag: str) -> bool:
    """Say whether the client already holds this version of the answer."""
    held = {tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))}
    return bool({etag, "*"} & held)
