"""Permissions of imports and exports: editors import, everyone who takes part takes away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django_scopes import scope

from ancrage_web.conventions.import_template import write_template
from ancrage_web.conventions.services import imports
from web.convention_samples import build_convention
from web.permission_cases import EDITORS, READERS, Case, answer

if TYPE_CHECKING:
    from web.conftest import World


def _open_organisation(world: World) -> Mapping[str, Any]:
    return {"organisation": world.organisation.slug}


def _open_draft(world: World) -> Mapping[str, Any]:
    upload = SimpleUploadedFile("import.xlsx", write_template("fr", example=True))
    with scope(organisation=world.organisation):
        draft = imports.keep_draft(world.get_actor("officer"), upload)
    return {"organisation": world.organisation.slug, "draft": draft.pk}


def _open_convention(world: World) -> Mapping[str, Any]:
    return {"organisation": world.organisation.slug, "convention": build_convention(world).pk}


ROUTES: dict[str, Case] = {
    "convention-import": Case(EDITORS, _open_organisation),
    # Without a file, the form comes back.
    "convention-import post": Case(answer(EDITORS, 400), _open_organisation, method="post"),
    "convention-import-template": Case(EDITORS, _open_organisation),
    "convention-import-draft": Case(EDITORS, _open_draft),
    "convention-import-draft post": Case(
        answer(EDITORS, 302), _open_draft, method="post", data=lambda _world: {"action": "drop"}
    ),
    "convention-export": Case(READERS, _open_convention),
    "convention-export-file": Case(READERS, _open_convention),
}
