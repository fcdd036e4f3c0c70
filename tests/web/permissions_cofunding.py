"""Permissions of co-funding: members read, editors write, administrators delete."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django_scopes import scope

from ancrage_web.cofunding.models import Expense, PastGrant, Programme, Project, Source
from web.permission_cases import ADMINISTRATORS, EDITORS, READERS, Case, answer

if TYPE_CHECKING:
    from web.conftest import World


def build_project(world: World, name: str = "Tiers-lieu d'Essai") -> Project:
    """Create a project of 400,000 EUR with 50,000 of private money (T16), a Region and own funds."""
    with scope(organisation=world.organisation):
        project = Project.objects.create(organisation=world.organisation, name=name)
        Expense.objects.create(
            project=project, label="Travaux", nature="works", quarter=date(2027, 1, 1), amount=Decimal(400_000)
        )
        rows = (("convention", "private", 50_000), ("region", "public", 300_000), ("own", "own", 20_000))
        for rank, (kind, origin, asked) in enumerate(rows):
            Source.objects.create(
                project=project, position=rank, name=kind.capitalize(), kind=kind, origin=origin, asked=asked
            )
    return project


def build_programme(world: World, key: str = "aide-essai", **fields: Any) -> Programme:
    """Create a programme of the catalogue."""
    with scope(organisation=world.organisation):
        return Programme.objects.create(
            organisation=world.organisation, key=key, name=fields.pop("name", "Aide d'Essai"), **fields
        )


def build_grant(world: World, description: str = "Création d'un espace de coworking", **fields: Any) -> PastGrant:
    """Create a grant of the past."""
    facts = {"scheme": "DETR", "year": 2019, "amount": Decimal(30_000), "cost": Decimal(100_000), "source": "Essai"}
    with scope(organisation=world.organisation):
        return PastGrant.objects.create(organisation=world.organisation, description=description, **{**facts, **fields})


def _open(world: World) -> Mapping[str, Any]:
    return {"organisation": world.organisation.slug}


def _open_project(world: World) -> Mapping[str, Any]:
    return {**_open(world), "project": build_project(world).pk}


def _open_file(world: World) -> Mapping[str, Any]:
    return {**_open_project(world), "extension": "csv"}


def _open_programme(world: World) -> Mapping[str, Any]:
    return {**_open(world), "programme": build_programme(world).pk}


def _choose_project(world: World) -> Mapping[str, Any]:
    return {"project": str(build_project(world, "Autre").pk)}


ROUTES: dict[str, Case] = {
    "projects": Case(READERS, _open),
    "project-new": Case(EDITORS, _open),
    "project": Case(READERS, _open_project),
    "project-change": Case(EDITORS, _open_project),
    "project-duplicate": Case(answer(EDITORS, 302), _open_project, method="post"),
    "project-archive": Case(answer(EDITORS, 302), _open_project, method="post"),
    "project-delete": Case(ADMINISTRATORS, _open_project),
    "project-similar": Case(READERS, _open_project),
    "project-plan": Case(READERS, _open_project),
    "project-file": Case(READERS, _open_file),
    "programmes": Case(READERS, _open),
    "programme-new": Case(EDITORS, _open),
    "programmes-import": Case(EDITORS, _open),
    "programmes-file": Case(READERS, _open),
    "programme-matching": Case(READERS, _open),
    "programme": Case(READERS, _open_programme),
    "programme-change": Case(EDITORS, _open_programme),
    "programme-archive": Case(answer(EDITORS, 302), _open_programme, method="post"),
    "programme-add": Case(answer(EDITORS, 302), _open_programme, method="post", data=_choose_project),
    "past-grants": Case(READERS, _open),
    "past-grants-import": Case(EDITORS, _open),
    "past-grants-template": Case(READERS, _open),
    "past-grants-remove": Case(answer(EDITORS, 302), _open, method="post", data=lambda _world: {"source": "Essai"}),
}
