"""The identity provider of an instance, from its environment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ancrage.errors import InputError
from ancrage_web.config.environment import Environment

_WELL_KNOWN = "/.well-known/openid-configuration"
_LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Oidc:
    """An OpenID Connect provider.

    Attributes
    ----------
    identifier : word of the return address; name : what the button says.
    url : address of the provider's configuration (".../.well-known/openid-configuration").
    trust_email : whether its addresses are taken as verified without its saying so.
    """

    identifier: str
    name: str
    url: str
    client_id: str
    secret: str
    trust_email: bool

    @property
    def origin(self) -> str:
        """Scheme and host of the provider, for the Content-Security-Policy."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def describe(self) -> dict[str, Any]:
        """Return the provider as allauth wants it."""
        return {
            "provider_id": self.identifier,
            "name": self.name,
            "client_id": self.client_id,
            "secret": self.secret,
            "settings": {"server_url": self.url, "verified_email": self.trust_email},
        }


def read_oidc(env: Environment) -> Oidc | None:
    """Return the identity provider, or None where none is configured.

    Raises
    ------
    InputError
        If a part of it is missing, or cannot be.
    """
    url = env.read_text("ANCRAGE_OIDC_URL").rstrip("/")
    client_id = env.read_text("ANCRAGE_OIDC_CLIENT_ID")
    secret = env.read_secret("ANCRAGE_OIDC_SECRET")
    parts = {"ANCRAGE_OIDC_URL": url, "ANCRAGE_OIDC_CLIENT_ID": client_id, "ANCRAGE_OIDC_SECRET": secret}
    missing = [name for name, value in parts.items() if not value]
    if len(missing) == len(parts):
        return None
    if missing:
        listed = ", ".join(missing)
        raise InputError(
            f"{listed} is missing: an identity provider needs its address, its client identifier and its secret. "
            "Give the three, or none.",
            f"{listed} est absente : un fournisseur d'identité demande son adresse, son identifiant de client et son "
            "secret. Donnez les trois, ou aucune.",
        )
    host = urlsplit(url).hostname
    if not host or not (url.startswith("https://") or (url.startswith("http://") and host in _LOCAL)):
        raise InputError(
            f"ANCRAGE_OIDC_URL='{url}' is not the https address of an identity provider: write its issuer, like "
            "https://auth.example.org.",
            f"ANCRAGE_OIDC_URL=« {url} » n'est pas l'adresse https d'un fournisseur d'identité : écrivez son émetteur "
            "(issuer), comme https://auth.exemple.fr.",
        )
    identifier = env.read_text("ANCRAGE_OIDC_ID", "oidc")
    if not re.fullmatch(r"[a-z0-9-]{1,40}", identifier):
        raise InputError(
            f"ANCRAGE_OIDC_ID='{identifier}' cannot be a part of an address: write small letters, digits and hyphens.",
            f"ANCRAGE_OIDC_ID=« {identifier} » ne peut pas faire partie d'une adresse : écrivez des minuscules, des "
            "chiffres et des tirets.",
        )
    return Oidc(
        identifier,
        env.read_text("ANCRAGE_OIDC_NAME", host),
        url if "/.well-known/" in url else url + _WELL_KNOWN,
        client_id,
        secret,
        env.read_flag("ANCRAGE_OIDC_TRUST_EMAIL"),
    )
