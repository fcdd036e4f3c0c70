"""Permissions of the list, the summary, the calendar, partners and remarks of conventions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django_scopes import scope

from ancrage_web.accounts.secret_texts import compute_fingerprint
from ancrage_web.conventions.models import CalendarLink, Partner, Remark
from web.convention_samples import build_convention
from web.permission_cases import ADMINISTRATORS, EDITORS, PUBLIC, READERS, Case, answer

if TYPE_CHECKING:
    from web.conftest import World

_TOKEN = "an-agenda-of-the-tests"


def _open_organisation(world: World) -> Mapping[str, Any]:
    return {"organisation": world.organisation.slug}


def _open_convention(world: World) -> Mapping[str, Any]:
    return {"organisation": world.organisation.slug, "convention": build_convention(world).pk}


def _open_partner(world: World) -> Mapping[str, Any]:
    convention = build_convention(world)
    with scope(organisation=world.organisation):
        partner = Partner.objects.create(convention=convention, organisation=world.other, part="consultant")
    return {"organisation": world.organisation.slug, "convention": convention.pk, "partner": partner.pk}


def _open_remark(world: World) -> Mapping[str, Any]:
    convention = build_convention(world)
    with scope(organisation=world.organisation):
        remark = Remark.objects.create(
            convention=convention,
            author=world.people["officer"],
            author_organisation=world.organisation,
            text="Essai",
        )
    return {"organisation": world.organisation.slug, "convention": convention.pk, "remark": remark.pk}


def _open_feed(world: World) -> Mapping[str, Any]:
    reader = world.people["reader"]
    assert reader is not None
    with scope(organisation=world.organisation):
        CalendarLink.objects.create(
            organisation=world.organisation,
            user=reader,
            token_hash=compute_fingerprint(_TOKEN),
        )
    return {"token": _TOKEN}


def _post(expected: Mapping[str, int], build: Any, data: Mapping[str, Any], status: int = 302) -> Case:
    return Case(answer(expected, status), build=build, method="post", data=lambda _world: data)


ROUTES: dict[str, Case] = {
    "conventions": Case(READERS, build=_open_organisation),
    "conventions-csv": Case(READERS, build=_open_organisation),
    "conventions-calendar": Case(READERS, build=_open_organisation),
    "conventions-calendar-link": _post(READERS, _open_organisation, {"action": "revoke"}),
    "conventions-calendar-link post": _post(READERS, _open_organisation, {"action": "create"}, 200),
    "calendar-feed": Case(PUBLIC, build=_open_feed),
    "convention": Case(READERS, build=_open_convention),
    "convention-archive": _post(EDITORS, _open_convention, {}),
    "convention-restore": _post(EDITORS, _open_convention, {}),
    "convention-delete": Case(ADMINISTRATORS, build=_open_convention),
    "convention-delete post": _post(ADMINISTRATORS, _open_convention, {"sure": "on"}),
    "convention-calendar": Case(READERS, build=_open_convention),
    "convention-calendar-file": Case(READERS, build=_open_convention),
    "convention-reminders": _post(READERS, _open_convention, {"days_before": "10"}),
    "convention-partners": Case(READERS, build=_open_convention),
    "convention-partners post": _post(EDITORS, _open_convention, {"receiver": "cabinet-rebond", "part": "consultant"}),
    # The consultant is a partner here, and opens it by the address of their own organisation only.
    "convention-partner-close": Case(EDITORS, build=_open_partner),
    "convention-partner-close post": _post(EDITORS, _open_partner, {}),
    "convention-remarks": Case(READERS, build=_open_convention),
    "convention-remarks post": _post(EDITORS, _open_convention, {"text": "Essai"}),
    # The officer wrote it; an administrator may delete it too.
    "convention-remark-delete": _post(EDITORS, _open_remark, {}),
}
