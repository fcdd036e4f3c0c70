"""Permissions of requests of aid and of beneficiaries: members read, editors write, secrets open public forms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django_scopes import scope

from ancrage_web.conventions.models import DeclaredAid
from web.convention_samples import SIREN, build_sample
from web.permission_cases import EDITORS, READERS, Case, answer

if TYPE_CHECKING:
    from web.conftest import World


def _open(world: World) -> Mapping[str, Any]:
    return {"organisation": world.organisation.slug, "convention": build_sample(world).convention.pk}


def _open_request(world: World) -> Mapping[str, Any]:
    sample = build_sample(world)
    return {
        "organisation": world.organisation.slug,
        "convention": sample.convention.pk,
        "aid": sample.request.pk,
    }


def _open_step(world: World) -> Mapping[str, Any]:
    return {**_open_request(world), "step": "renvoyer"}


def _open_organisation(world: World) -> Mapping[str, Any]:
    return {"organisation": world.organisation.slug}


def _open_beneficiary(world: World) -> Mapping[str, Any]:
    return {"organisation": world.organisation.slug, "beneficiary": build_sample(world).beneficiary.pk}


def _open_declared(world: World) -> Mapping[str, Any]:
    sample = build_sample(world)
    with scope(organisation=world.organisation):
        declared = DeclaredAid.objects.create(
            beneficiary=sample.beneficiary, granted_on=date(2025, 1, 1), amount=Decimal(1), source="Région"
        )
    return {
        "organisation": world.organisation.slug,
        "beneficiary": sample.beneficiary.pk,
        "declared": declared.pk,
    }


def _post(build: Any, data: Mapping[str, Any]) -> Case:
    return Case(answer(EDITORS, 302), build=build, method="post", data=lambda _world: data)


_DECLARED = {"granted_on": "2025-01-01", "amount": "1000", "source": "Région"}

ROUTES = {
    "beneficiaries": Case(READERS, build=_open_organisation),
    "beneficiaries-file": Case(READERS, build=_open_organisation),
    "beneficiary-new": Case(EDITORS, build=_open_organisation),
    "beneficiary-new post": _post(_open_organisation, {"siren": SIREN, "name": "Essai"}),
    "beneficiary": Case(READERS, build=_open_beneficiary),
    "beneficiary post": _post(_open_beneficiary, _DECLARED),
    "beneficiary-change": Case(EDITORS, build=_open_beneficiary),
    "beneficiary-change post": _post(_open_beneficiary, {"name": "Essai"}),
    "beneficiary-aid-delete": _post(_open_declared, {}),
    "convention-requests": Case(READERS, build=_open),
    "convention-requests-file": Case(READERS, build=_open),
    "convention-request-new": Case(EDITORS, build=_open),
    "convention-request-new post": _post(_open, {"title": "Essai", "nature": "grant"}),
    "convention-request": Case(READERS, build=_open_request),
    "convention-request-change": Case(EDITORS, build=_open_request),
    "convention-request-change post": _post(_open_request, {"de_minimis": "on"}),
    "convention-request-remark": _post(_open_request, {"text": "Essai"}),
    "convention-request-step": Case(EDITORS, build=_open_step),
    "convention-request-step post": _post(_open_step, {"reason": "Il manque le devis."}),
}
