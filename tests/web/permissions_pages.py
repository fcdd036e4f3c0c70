"""Permissions of the pages open to all."""

from __future__ import annotations

from web.permission_cases import PUBLIC, Case, answer

_READ = Case(PUBLIC)
ROUTES = {
    "home": _READ,
    "theme": Case(answer(PUBLIC, 302), method="post", data=lambda _world: {"theme": "dark", "next": "/sources/"}),
    "accessibility": _READ,
    "legal": _READ,
    "privacy": _READ,
    "sources": _READ,
}
