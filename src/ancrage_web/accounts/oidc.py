"""Sign-in with the identity provider of the instance: allauth's OpenID Connect, made stricter.

The identity token is always checked (signature, issuer, audience, dates, nonce), and only what the account needs is
kept of what the provider tells.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import jwt
import requests
from allauth.account.internal.decorators import login_not_required
from allauth.account.models import EmailAddress
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import override

# Keys of the provider are public: a secret shared with it (HS256) would let any of its clients sign.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
LEEWAY = 60


class Adapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """Exchanges the code, then checks who the provider says it is."""

    verifier = ""

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """Return the one return address to declare at the provider, whatever the language of the page."""
        del request, app
        with override("fr"):
            return settings.SITE_URL + reverse("openid_connect_callback", kwargs={"provider_id": self.provider_id})

    def get_access_token_data(
        self, request: HttpRequest, app: SocialApp, client: Any, pkce_code_verifier: str | None = None
    ) -> dict[str, Any]:
        """Exchange the code, and keep the verifier: the nonce comes from it."""
        self.verifier = pkce_code_verifier or ""
        data: dict[str, Any] = super().get_access_token_data(request, app, client, pkce_code_verifier)
        return data

    def complete_login(self, request: HttpRequest, app: SocialApp, token: Any, **kwargs: Any) -> Any:
        """Return the login of an identity whose token and description agree."""
        identity = self.read_identity(kwargs["response"].get("id_token", ""), app)
        described = self.fetch_description(token.token, app)
        if described.get("sub") != identity["sub"]:
            raise OAuth2Error("the description is of someone else than the identity token")
        return self.get_provider().sociallogin_from_response(request, {"userinfo": {**identity, **described}})

    def read_identity(self, token: str, app: SocialApp) -> dict[str, Any]:
        """Return the claims of an identity token meant for this sign-in.

        Raises
        ------
        OAuth2Error
            If it is absent, badly signed, of another issuer or audience, out of date, or of another sign-in.
        """
        claims = self.check_signature(token, app)
        expected = compute_nonce(self.verifier)
        if not self.verifier or not hmac.compare_digest(str(claims.get("nonce", "")), expected):
            raise OAuth2Error("the identity token is not the answer to this sign-in (nonce)")
        return claims

    def check_signature(self, token: str, app: SocialApp) -> dict[str, Any]:
        """Return the claims of a token signed by the provider for this instance."""
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            keys = jwt.PyJWKSet.from_dict(self.fetch_json(self.openid_config["jwks_uri"]))
            key = next((key for key in keys.keys if key.key_id == key_id), None)
            if key is None:
                raise OAuth2Error("the token is signed with an unknown key")
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                issuer=self.openid_config["issuer"],
                audience=app.client_id,
                leeway=LEEWAY,
                options={"require": ["iss", "sub", "aud"]},
            )
        except (jwt.PyJWTError, KeyError) as error:
            raise OAuth2Error("the token of the provider is not valid") from error
        return claims

    def fetch_description(self, access_token: str, app: SocialApp) -> dict[str, Any]:
        """Return what the provider tells of the person; some (ProConnect) answer with a signed token."""
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.profile_url, headers={"Authorization": f"Bearer {access_token}"})
            answer.raise_for_status()
        if answer.headers.get("content-type", "").startswith("application/jwt"):
            return self.check_signature(answer.text, app)
        return dict(answer.json())

    def fetch_json(self, url: str) -> dict[str, Any]:
        """Return a document of the provider."""
        with get_adapter().get_requests_session() as session:
            answer = session.get(url)
            answer.raise_for_status()
        return dict(answer.json())


class Provider(OpenIDConnectProvider):  # type: ignore[misc]
    """The provider of the instance, with PKCE and a nonce."""

    oauth2_adapter_class = Adapter

    def get_pkce_params(self) -> dict[str, Any]:
        """Return a code challenge, and the nonce that the identity token must repeat."""
        params = generate_code_challenge()
        return {**params, "nonce": compute_nonce(params["code_verifier"])}

    def extract_email_addresses(self, data: dict[str, Any]) -> list[EmailAddress]:
        """Return the address, verified where the provider says so: some write the word instead of the value."""
        addresses: list[EmailAddress] = super().extract_email_addresses(data)
        for address in addresses:
            address.verified = data["userinfo"].get("email_verified") in (True, "true")
        return addresses

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return what is kept of the person: nothing that the account does not show."""
        described = data["userinfo"]
        return {"userinfo": {name: described[name] for name in ("sub", "email") if name in described}}


def compute_nonce(verifier: str) -> str:
    """Return the nonce of a sign-in, from the verifier of its code: what one session began, only it can end."""
    digest = hashlib.sha256(b"nonce:" + verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@login_not_required  # type: ignore[untyped-decorator]
def ask_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send the person to the provider, after a page that says so."""
    return _answer(request, provider_id, OAuth2LoginView)


@login_not_required  # type: ignore[untyped-decorator]
def read_answer(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Read what the provider answers, and sign the person in."""
    return _answer(request, provider_id, OAuth2CallbackView)


def _answer(request: HttpRequest, provider_id: str, view: Any) -> HttpResponse:
    adapter = Adapter(request, provider_id)
    try:
        response: HttpResponse = view.adapter_view(adapter)(request)
    except SocialApp.DoesNotExist as error:
        raise Http404 from error
    except (requests.RequestException, ValueError, KeyError) as error:
        # The provider does not answer, or answers something else than its configuration.
        response = render_authentication_error(request, adapter.get_provider(), exception=error)
    return response
