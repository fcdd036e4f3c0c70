"""Permissions of actions, funders, the ledger and the documents: members read, editors write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ancrage_web.conventions.services.ledger import Draft, post_entry
from web.convention_samples import Sample, build_sample
from web.permission_cases import EDITORS, READERS, Case, answer

if TYPE_CHECKING:
    from web.conftest import World


def _open(*objects: str) -> Callable[[World], Mapping[str, Any]]:
    def build(world: World) -> Mapping[str, Any]:
        sample = build_sample(world)
        named = {name: getattr(sample, name).pk for name in objects if name != "entry"}
        if "entry" in objects:
            named["entry"] = _post(sample)
        return {"organisation": world.organisation.slug, "convention": sample.convention.pk, **named}

    return build


def _post(sample: Sample) -> Any:
    draft = Draft(date(2025, 9, 1), "contribute", sample.funder, Decimal("10.00"), sample.document)
    return post_entry(sample.access, draft).pk


ROUTES: dict[str, Case] = {
    "convention-actions": Case(READERS, _open()),
    "convention-action-new": Case(EDITORS, _open()),
    "convention-action": Case(EDITORS, _open("action")),
    "convention-action-move": Case(answer(EDITORS, 302), _open("action"), "post"),
    "convention-action-delete": Case(EDITORS, _open("action")),
    "convention-funder-new": Case(EDITORS, _open()),
    "convention-funder": Case(EDITORS, _open("funder")),
    "convention-funder-delete": Case(EDITORS, _open("funder")),
    "convention-ledger": Case(READERS, _open()),
    "convention-entry-new": Case(EDITORS, _open()),
    "convention-ledger-csv": Case(READERS, _open()),
    "convention-entry": Case(READERS, _open("entry")),
    "convention-entry-reverse": Case(EDITORS, _open("entry")),
    "convention-documents": Case(READERS, _open()),
    "convention-documents post": Case({**EDITORS, **dict.fromkeys(("officer", "administrator"), 400)}, _open(), "post"),
    "convention-document": Case(READERS, _open("document")),
    "convention-document-delete": Case(EDITORS, _open("document")),
}
