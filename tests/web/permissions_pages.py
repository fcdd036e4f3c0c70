"""Permissions of the pages open to all."""

from __future__ import annotations

from web.permission_cases import PUBLIC, Case

ROUTES = {"home": Case(PUBLIC)}
