"""Permissions of the log of an organisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from web.permission_cases import ADMINISTRATORS, Case

if TYPE_CHECKING:
    from web.conftest import World


def name_organisation(world: World) -> Mapping[str, Any]:
    """Return the address of the first organisation."""
    return {"organisation": world.organisation.slug}


ROUTES = {
    name: Case(ADMINISTRATORS, name_organisation) for name in ("trail", "trail_check", "trail_csv", "trail_json_lines")
}
