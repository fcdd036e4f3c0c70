"""Permissions of requests of aid and of beneficiaries: members read, editors write, secrets open public forms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django_scopes import scope

from ancrage_web.accounts.secret_texts import compute_fingerprint
from ancrage_web.conventions.models import CallLink, DeclaredAid, Request
from web.convention_samples import SIREN, build_document, build_sample
from web.permission_cases import EDITORS, PUBLIC, READERS, Case, answer

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

ROUTES: dict[str, Case] = {
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


_TOKEN = "a-secret-link-of-the-tests"


def _open_call(world: World) -> Mapping[str, Any]:
    sample = build_sample(world)
    with scope(organisation=world.organisation):
        CallLink.objects.create(
            convention=sample.convention, token_hash=compute_fingerprint(_TOKEN), opened_at=timezone.now()
        )
    return {"token": _TOKEN}


def _open_own(world: World) -> Mapping[str, Any]:
    sample = build_sample(world)
    with scope(organisation=world.organisation):
        Request.objects.filter(pk=sample.draft.pk).update(
            public=True,
            contact_email="firm@example.org",
            token_hash=compute_fingerprint(_TOKEN),
            token_expires_at=timezone.now() + timedelta(days=1),
        )
    return {"token": _TOKEN}


def _open_part(world: World) -> Mapping[str, Any]:
    return {**_open_own(world), "part": "emplois"}


def _open_file(world: World) -> Mapping[str, Any]:
    keys = _open_own(world)
    with scope(organisation=world.organisation):
        found = Request.objects.get(public=True)
    document = build_document(found.convention, name="devis.pdf", request=found, by_firm=True)
    return {**keys, "document": document.pk}


def _open_link(world: World) -> Mapping[str, Any]:
    _open_own(world)
    with scope(organisation=world.organisation):
        found = Request.objects.get(public=True)
    return {"organisation": world.organisation.slug, "convention": found.convention_id, "aid": found.pk}


def _post_public(build: Any, data: Mapping[str, Any], status: int = 302) -> Case:
    return Case(dict.fromkeys(PUBLIC, status), build=build, method="post", data=lambda _world: data)


ROUTES |= {
    "convention-call": Case(EDITORS, build=_open),
    "convention-call post": Case(EDITORS, build=_open, method="post", data=lambda _world: {"open": "1"}),
    "convention-request-link": _post(_open_link, {}),
    "aid-call": Case(PUBLIC, build=_open_call),
    "aid-call post": _post_public(_open_call, {"email": "firm@example.org"}, 200),
    "aid-request": Case(PUBLIC, build=_open_own),
    "aid-request-part": Case(PUBLIC, build=_open_part),
    "aid-request-part post": _post_public(_open_part, {"jobs_created": "2"}),
    "aid-request-documents": Case(PUBLIC, build=_open_own),
    "aid-request-document-remove": _post_public(_open_file, {}),
    # Nothing is written yet: those who hold the link are told what is missing.
    "aid-request-review": Case(PUBLIC, build=_open_own),
    "aid-request-review post": _post_public(_open_own, {}, 400),
    "aid-request-withdraw": Case(PUBLIC, build=_open_own),
    "aid-request-withdraw post": _post_public(_open_own, {}),
    "aid-request-erase": Case(PUBLIC, build=_open_own),
    "aid-request-erase post": _post_public(_open_own, {}, 200),
    "aid-request-data": Case(PUBLIC, build=_open_own),
}
