"""A real identity provider on a loopback port: authorization, token, keys and description, with PKCE."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, SECRET = "ancrage", "the secret of the client"


@dataclass
class Provider:
    """What the provider knows, and how it misbehaves.

    Attributes
    ----------
    person : what it tells of who signs in; claims : put over the identity token.
    signer : key of the token, None for its own; described : put over the description.
    signed_description : answer with a signed token, as ProConnect does.
    asked : parameters of each authorization request.
    """

    address: str = ""
    person: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)
    signer: Any = None
    signed_description: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def sign(self, claims: dict[str, Any]) -> str:
        """Return a token of this provider."""
        return jwt.encode(claims, self.signer or self.key, algorithm="RS256", headers={"kid": "one"})

    def build_claims(self, asked: dict[str, str]) -> dict[str, Any]:
        """Return the claims of an identity token that answers a request."""
        now = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT_ID, "sub": self.person["sub"], "iat": now, "exp": now + 300}
        return {**claims, "nonce": asked["nonce"], **self.claims}

    def list_keys(self) -> dict[str, Any]:
        """Return the public key, as JWKS."""
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "kid": "one", "alg": "RS256", "use": "sig"}]}


class Handler(BaseHTTPRequestHandler):
    """Answers as OpenID Connect Core says."""

    provider: Provider

    def do_GET(self) -> None:
        """Answer to the browser and to the site."""
        parts = urlsplit(self.path)
        provider = self.provider
        if parts.path == "/.well-known/openid-configuration":
            base = provider.address
            self.answer(
                {
                    "issuer": base,
                    "authorization_endpoint": f"{base}/authorize",
                    "token_endpoint": f"{base}/token",
                    "jwks_uri": f"{base}/keys",
                    "userinfo_endpoint": f"{base}/me",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                }
            )
        elif parts.path == "/authorize":
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            code = secrets.token_urlsafe(8)
            provider.asked.append(asked)
            provider.codes[code] = asked
            self.send_response(302)
            self.send_header(
                "Location", f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
            )
            self.end_headers()
        elif parts.path == "/keys":
            self.answer(provider.list_keys())
        elif parts.path == "/me" and self.headers["Authorization"] == "Bearer access":
            described = {**provider.person, **provider.described}
            if provider.signed_description:
                token = provider.sign({**described, "iss": provider.address, "aud": CLIENT_ID})
                self.answer_text(token, "application/jwt")
            else:
                self.answer(described)
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        """Exchange a code for tokens, once, for who proves that they asked."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        sent = {name: values[0] for name, values in parse_qs(body).items()}
        asked = self.provider.codes.pop(sent.get("code", ""), None)
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or (sent.get("client_id"), sent.get("client_secret")) != (CLIENT_ID, SECRET)
            or asked.get("code_challenge_method") != "S256"
            or asked.get("code_challenge") != challenge
        ):
            self.answer({"error": "invalid_grant"}, 400)
            return
        token = self.provider.sign(self.provider.build_claims(asked))
        self.answer({"access_token": "access", "token_type": "Bearer", "id_token": token})

    def answer(self, content: dict[str, Any], status: int = 200) -> None:
        """Answer with JSON."""
        self.answer_text(json.dumps(content), "application/json", status)

    def answer_text(self, text: str, content_type: str, status: int = 200) -> None:
        """Answer with a text."""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_arguments: Any) -> None:
        """Keep quiet."""


@contextmanager
def open_provider() -> Iterator[Provider]:
    """Open a provider on a free port, closed at the end."""
    provider = Provider()
    handler = type("BoundHandler", (Handler,), {"provider": provider})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        provider.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield provider
        server.shutdown()
        thread.join()
