"""Permissions of committees: members of what takes part read, editors of the owner and of its consultants change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django_scopes import scope

from ancrage_web.conventions.committee_files import find_path
from ancrage_web.conventions.models import Committee, Convention
from ancrage_web.conventions.services.committees import freeze_committee
from web.convention_samples import build_convention
from web.permission_cases import EDITORS, READERS, Case, answer

if TYPE_CHECKING:
    from web.conftest import World

_DAY = date(2026, 6, 30)


def _open_convention(world: World) -> Mapping[str, Any]:
    return {"organisation": world.organisation.slug, "convention": build_convention(world).pk}


def _create(world: World) -> tuple[Convention, Committee]:
    convention = build_convention(world)
    with scope(organisation=world.organisation):
        return convention, Committee.objects.create(convention=convention, day=_DAY)


def _open_committee(world: World) -> Mapping[str, Any]:
    convention, committee = _create(world)
    return {"organisation": world.organisation.slug, "convention": convention.pk, "committee": committee.pk}


def _open_frozen(world: World) -> Mapping[str, Any]:
    from ancrage_web.conventions.access import find_access

    convention, committee = _create(world)
    access = find_access(world.get_actor("officer"), convention.pk)
    assert access is not None
    with scope(organisation=world.organisation):
        file = freeze_committee(access, committee, on=_DAY)
    path = find_path(file, "fr", "pdf")
    assert path.is_relative_to(Path(settings.MEDIA_ROOT))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"%PDF-1.4")
    return {"organisation": world.organisation.slug, "convention": convention.pk, "committee": committee.pk}


def _open_version(world: World) -> Mapping[str, Any]:
    return {**_open_frozen(world), "number": 1}


def _open_file(world: World) -> Mapping[str, Any]:
    return {**_open_version(world), "language": "fr", "kind": "pdf"}


_POSTED = answer(EDITORS, 302)
_WRONG = answer(EDITORS, 400)
_SIMPLE = {"day": "2026-06-30", "kind": "follow_up", "agenda": ""}

ROUTES: dict[str, Case] = {
    "convention-committees": Case(READERS, _open_convention),
    "convention-committee-new": Case(EDITORS, _open_convention),
    "convention-committee-new post": Case(_POSTED, _open_convention, "post", lambda _world: _SIMPLE),
    "convention-committee": Case(READERS, _open_frozen),
    "convention-committee-change": Case(EDITORS, _open_committee),
    "convention-committee-change post": Case(
        _POSTED, _open_committee, "post", lambda _world: {**_SIMPLE, "version": 1, "residual_note": ""}
    ),
    "convention-committee-cancel": Case(EDITORS, _open_committee),
    "convention-committee-cancel post": Case(_POSTED, _open_committee, "post"),
    "convention-committee-sending": Case(_POSTED, _open_committee, "post", lambda _world: {"sent_on": "2026-06-01"}),
    "convention-committee-freeze": Case(_POSTED, _open_committee, "post", lambda _world: {"on": "2026-06-30"}),
    "convention-committee-minutes": Case(EDITORS, _open_frozen),
    "convention-committee-minutes post": Case(_WRONG, _open_frozen, "post"),
    "convention-committee-progress": Case(READERS, _open_version),
    "convention-committee-remake": Case(_POSTED, _open_version, "post"),
    "convention-committee-file": Case(READERS, _open_file),
}
