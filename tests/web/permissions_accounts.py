"""Permissions of accounts and organisations."""

from __future__ import annotations

from web.permission_cases import SIGNED_IN, Case

ROUTES = {"organisations": Case(SIGNED_IN)}
