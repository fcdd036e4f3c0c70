"""How the permissions of a route are written down: one case per route, in a module `permissions_<application>`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from web.conftest import World

# What each person gets; "anonymous" is sent to sign in (302) where a page is for members.
PUBLIC = dict.fromkeys(("anonymous", "stranger", "consultant", "reader", "officer", "administrator"), 200)
SIGNED_IN = {**PUBLIC, "anonymous": 302}
READERS = {**SIGNED_IN, "stranger": 404, "consultant": 404}
EDITORS = {**READERS, "reader": 403}
ADMINISTRATORS = {**EDITORS, "officer": 403}


def answer(expected: Mapping[str, int], status: int) -> dict[str, int]:
    """Return the same table where those who are let in get `status` (302 after a post) instead of 200."""
    return {person: status if code == 200 else code for person, code in expected.items()}


@dataclass(frozen=True)
class Case:
    """What each person gets at a route.

    Attributes
    ----------
    expected : status by person, for the method `method`.
    build : makes the objects the route needs and returns the arguments of its address.
    data : fields of a post; may be built from the world.
    """

    expected: Mapping[str, int]
    build: Callable[[World], Mapping[str, Any]] = field(default=lambda _world: {})
    method: str = "get"
    data: Callable[[World], Mapping[str, Any]] = field(default=lambda _world: {})
    headers: Mapping[str, str] = field(default_factory=dict)
