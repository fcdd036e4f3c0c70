"""`Authorization: Bearer anc_...`: a program shows the token of an organisation."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from ancrage_web.api.models import ApiToken
from ancrage_web.api.services import find_token


class TokenAuthentication(BaseAuthentication):
    """Find the token of the request: `request.auth`; `request.user` stays anonymous, for a token is nobody."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiToken] | None:
        """Return the token, or None for a request without the header.

        Raises
        ------
        AuthenticationFailed
            If the header holds no valid token: unknown, expired and withdrawn ones are not told apart.
        """
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        kind, _, text = header.partition(" ")
        token = find_token(text.strip()) if kind.lower() == "bearer" else None
        if token is None:
            raise AuthenticationFailed
        return AnonymousUser(), token

    def authenticate_header(self, request: Request) -> str:
        """Return what a refused program is told to send."""
        del request
        return 'Bearer realm="ancrage"'
