"""Lists come by pages, with their total."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

from ancrage.language import Text
from ancrage_web.api.wording import describe
from ancrage_web.design.words import say

_DIGITS = 6


class Pages(PageNumberPagination):
    """`?page=2&page_size=50`, 20 by default and 100 at most."""

    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100
    last_page_strings = ()
    page_query_description = describe("Number of the page, from 1.", "Numéro de la page, à partir de 1.")
    page_size_query_description = describe("Items by page, 1 to 100.", "Éléments par page, de 1 à 100.")

    def get_page_size(self, request: Request) -> int:
        """Return how many items the request asks for."""
        return _read_count(request, "page_size", self.page_size, self.max_page_size)

    def get_page_number(self, request: Request, paginator: Paginator[Any]) -> int:
        """Return which page the request asks for."""
        del paginator
        return _read_count(request, "page", 1, 10**_DIGITS)

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page with what surrounds it."""
        assert self.page is not None
        return Response(
            {
                "count": self.page.paginator.count,
                "page": self.page.number,
                "pages": self.page.paginator.num_pages,
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
                "results": data,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the same, as the schema describes it."""
        link = {"type": ["string", "null"], "format": "uri"}
        fields = {
            "count": {"type": "integer", "minimum": 0},
            "page": {"type": "integer", "minimum": 1},
            "pages": {"type": "integer", "minimum": 1},
            "next": link,
            "previous": link,
            "results": schema,
        }
        return {"type": "object", "required": list(fields), "properties": fields}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return the two parameters with their bounds."""
        page, size = super().get_schema_operation_parameters(view)
        page["schema"] = {"type": "integer", "minimum": 1, "maximum": 10**_DIGITS, "default": 1}
        size["schema"] = {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return [page, size]


def _read_count(request: Request, name: str, default: int, maximum: int) -> int:
    """Return a whole number of the query, 1 to `maximum`.

    Raises
    ------
    ValidationError
        If it is anything else.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS + 1 and 1 <= int(text) <= maximum):
        said = Text(
            f"'{text[:20]}' is not a whole number from 1 to {maximum}.",
            f"« {text[:20]} » n'est pas un nombre entier de 1 à {maximum}.",
        )
        raise ValidationError({name: [say(said)]})
    return int(text)
