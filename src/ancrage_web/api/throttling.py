"""How many requests a token, or an address without one, may send in a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from ancrage_web.api.models import ApiToken

if TYPE_CHECKING:
    from rest_framework.views import APIView


class ClientThrottle(SimpleRateThrottle):
    """Count by token, else by address; counts live in the cache of the process.

    With several server processes each counts alone, so that the true limit is at most that many times the written one.
    """

    scope = "anonymous"

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Say whether the request may go on."""
        if isinstance(request.auth, ApiToken):
            self.scope = "token"
            self.rate = self.get_rate()
            self.num_requests, self.duration = self.parse_rate(self.rate)
        return super().allow_request(request, view)

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """Return what requests are counted by."""
        del view
        client = str(request.auth.pk) if isinstance(request.auth, ApiToken) else self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": client}
