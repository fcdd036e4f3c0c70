"""Permissions of the life of a convention: members read, editors write; partners are in test_convention_life_pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django_scopes import scope

from ancrage_web.conventions.models import Basin, Convention, Party
from web.convention_samples import build_convention
from web.permission_cases import EDITORS, READERS, Case, answer

if TYPE_CHECKING:
    from web.conftest import World


def build_address(world: World, **fields: Any) -> dict[str, Any]:
    """Return the address of a convention of the first organisation."""
    return {"organisation": world.organisation.slug, "convention": build_convention(world, **fields).pk}


def build_open(world: World) -> Mapping[str, Any]:
    """Return the address of a convention that is not signed yet."""
    return build_address(world, status="negotiated", signed_on=None)


def build_party(world: World) -> Mapping[str, Any]:
    """Return the address of a party."""
    address = build_open(world)
    with scope(organisation=world.organisation):
        return {**address, "party": Party.objects.get(convention=address["convention"]).pk}


def build_basin(world: World) -> Mapping[str, Any]:
    """Return the address of a basin."""
    address = build_open(world)
    with scope(organisation=world.organisation):
        return {**address, "basin": Basin.objects.get(convention=address["convention"]).pk}


def build_organisation(world: World) -> Mapping[str, Any]:
    """Return the address of the first organisation."""
    return {"organisation": world.organisation.slug}


def read_version(world: World) -> Mapping[str, Any]:
    """Return a form of facts where nothing changed but the notes."""
    with scope(organisation=world.organisation):
        convention = Convention.objects.get()
    return {"version": convention.version, "name": convention.name, "initial-name": convention.name}


ROUTES: dict[str, Case] = {
    "convention-new": Case(EDITORS, build_organisation),
    "convention-new post": Case(
        answer(EDITORS, 302),
        build_organisation,
        "post",
        lambda _world: {"name": "Fonderie", "way": "local", "action": "create"},
    ),
    "conventions-simulate": Case(READERS, build_organisation),
    "convention-facts": Case(READERS, build_open),
    "convention-facts post": Case(answer(EDITORS, 302), build_open, "post", read_version),
    "convention-parties": Case(READERS, build_open),
    "convention-party-new": Case(EDITORS, build_open),
    "convention-party-new post": Case(
        answer(EDITORS, 302), build_open, "post", lambda _world: {"kind": "prefect", "name": "Préfecture"}
    ),
    "convention-party": Case(EDITORS, build_party),
    "convention-party-remove": Case(EDITORS, build_party),
    "convention-party-remove post": Case(answer(EDITORS, 302), build_party, "post"),
    "convention-basin-new": Case(EDITORS, build_open),
    "convention-basin-new post": Case(
        answer(EDITORS, 302), build_open, "post", lambda _world: {"name": "Nord", "commune": "00002", "action": "save"}
    ),
    "convention-basin": Case(EDITORS, build_basin),
    "convention-basin-remove": Case(EDITORS, build_basin),
    "convention-basin-remove post": Case(answer(EDITORS, 302), build_basin, "post"),
    "convention-status": Case(READERS, build_open),
    "convention-status post": Case(
        answer(EDITORS, 302), build_open, "post", lambda _world: {"status": "signed", "on": "2025-07-10"}
    ),
    "convention-amendments": Case(READERS, build_address),
    "convention-amendment-new": Case(EDITORS, build_address),
    "convention-amendment-new post": Case(
        answer(EDITORS, 302),
        build_address,
        "post",
        lambda _world: {
            "clause": "jobs_target",
            "jobs_target": "140",
            "signed_on": "2026-01-05",
            "effective_on": "2026-01-05",
            "reason": "Nouvel objectif",
            "version": 1,
            "action": "save",
        },
    ),
    "convention-rules": Case(READERS, build_address),
}
