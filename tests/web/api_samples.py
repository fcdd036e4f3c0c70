"""Tokens and programs that show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.test import Client
from django_scopes import scope

from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.models import Organisation
from ancrage_web.api.enums import Scope
from ancrage_web.api.models import ApiToken
from ancrage_web.api.services import create_token

ALL = tuple(Scope.values)


class Program(Client):
    """A program that shows a token, or none, and reads English."""

    def __init__(self, token: str = "", language: str = "en", **options: Any) -> None:
        headers = {"accept-language": language, **({"authorization": f"Bearer {token}"} if token else {})}
        super().__init__(headers=headers, **options)


def make_token(organisation: Organisation, scopes: Sequence[str] = ALL, days: int = 30) -> tuple[ApiToken, str]:
    """Create a token of an organisation."""
    with scope(organisation=organisation):
        return create_token(Actor(organisation, Role.ADMINISTRATOR), name="Observatoire", scopes=scopes, days=days)


def connect(organisation: Organisation, scopes: Sequence[str] = ALL, **options: Any) -> Program:
    """Return a program that shows a new token of an organisation."""
    return Program(make_token(organisation, scopes)[1], **options)
