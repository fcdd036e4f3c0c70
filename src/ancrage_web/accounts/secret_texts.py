"""Secrets that open something without a sign-in (links, tokens of programs): given once, never stored themselves."""

from __future__ import annotations

import hashlib
import secrets


def create_secret() -> str:
    """Return a new secret: 32 random bytes as 43 characters that an address can hold."""
    return secrets.token_urlsafe(32)


def compute_fingerprint(secret: str) -> str:
    """Return what is stored of a secret: its SHA-256. It is random and long, so that no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()
