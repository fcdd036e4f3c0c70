"""Permissions of what programs read."""

from __future__ import annotations

from web.permission_cases import PUBLIC, Case

ROUTES = {
    "health": Case(PUBLIC),
    "robots": Case(PUBLIC),
    "sitemap-index": Case(PUBLIC),
    "sitemap": Case(PUBLIC, build=lambda _world: {"part": "pages", "page": 1}),
}
