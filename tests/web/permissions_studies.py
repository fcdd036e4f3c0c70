"""Permissions of the studies: members read, editors write, administrators delete; a share link opens to anyone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone
from django_scopes import scope

from ancrage_web.accounts.secret_texts import compute_fingerprint
from ancrage_web.studies.enums import Status
from ancrage_web.studies.models import Comment, HandOver, Result, Run, Scenario, ShareLink, Study
from ancrage_web.territories.models import Epci, Store
from web.permission_cases import ADMINISTRATORS, EDITORS, PUBLIC, READERS, Case, answer

if TYPE_CHECKING:
    from web.conftest import World

_EPCI, _TOKEN = "999999998", "a-share-link-of-the-tests"
_SETTINGS = {"budget": 1000.0, "objective": "co2", "preset": "central", "draws": 0}
_PAGES: dict[str, Any] = {
    "territory": "CC d'Essai",
    "answer": "-",
    "fictional": True,
    "version": "0",
    "headline": [],
    "figures": [],
    "coefficients": [],
    "sources": [],
    "sections": [{"id": "summary", "title": "-", "blocks": []}],
    "facts": {"warnings": [], "not_modelled": [], "proof": "-"},
}
_MAP: dict[str, Any] = {
    "bounds": [0, 0, 1, 1],
    "communes": {"type": "FeatureCollection", "features": []},
    "places": [],
    "frontier_by": "budget",
    "frontier": [],
    "alternatives": [],
}


def _build_study(world: World, *, given: bool = False) -> Study:
    owner = world.other if given else world.organisation
    with scope(organisation=owner):
        return Study.objects.create(organisation=owner, name="Essai", epci=[_EPCI])


def _build_result(world: World) -> Result:
    folder = Path(settings.MEDIA_ROOT) / "results" / "permissions" / "fr"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text("{}", encoding="utf-8")
    return Result.objects.create(
        organisation=world.organisation,
        key="0" * 64,
        settings={**_SETTINGS, "epci": [_EPCI]},
        inputs={},
        version="0",
        summary={"fr": {"figures": []}, "en": {"figures": []}},
        pages={"fr": _PAGES, "en": _PAGES},
        map=_MAP,
        folder="results/permissions",
    )


def _build_scenario(world: World, *, computed: bool = False) -> Scenario:
    study = _build_study(world)
    with scope(organisation=world.organisation):
        result = _build_result(world) if computed else None
        return Scenario.objects.create(study=study, name="Essai", settings=_SETTINGS, result=result)


def _open_study(world: World) -> Mapping[str, Any]:
    return {"organisation": world.organisation.slug, "study": _build_study(world).pk}


def _open_organisation(world: World) -> Mapping[str, Any]:
    store = Store.objects.create(
        folder="store", checksum="0" * 64, version="0", fictional=True, catalogue={"departements": {}}
    )
    Epci.objects.create(code=_EPCI, name="CC d'Essai", slug="cc-d-essai", has_flows=True, store=store, portrait={})
    return {"organisation": world.organisation.slug}


def _open_scenario(world: World) -> Mapping[str, Any]:
    scenario = _build_scenario(world)
    return {"organisation": world.organisation.slug, "study": scenario.study_id, "scenario": scenario.pk}


def _open_result(world: World) -> Mapping[str, Any]:
    scenario = _build_scenario(world, computed=True)
    keys = {"organisation": world.organisation.slug, "study": scenario.study_id}
    return {**keys, "scenario": scenario.pk, "result": scenario.result_id}


def _open_file(world: World) -> Mapping[str, Any]:
    return {**_open_result(world), "name": "report.json"}


def _open_comparison(world: World) -> Mapping[str, Any]:
    return {**_open_study(world), "extension": "csv"}


def _open_run(world: World) -> Mapping[str, Any]:
    scenario = _build_scenario(world)
    with scope(organisation=world.organisation):
        run = Run.objects.create(
            scenario=scenario,
            scenario_version=1,
            settings=_SETTINGS,
            status=Status.FAILED,
            error={"fr": "-", "en": "-"},
            ended_at=timezone.now(),
        )
    return {"organisation": world.organisation.slug, "study": scenario.study_id, "run": run.pk}


def _open_comment(world: World) -> Mapping[str, Any]:
    study = _build_study(world)
    with scope(organisation=world.organisation):
        comment = Comment.objects.create(study=study, author=world.people["officer"], text="Essai")
    return {"organisation": world.organisation.slug, "study": study.pk, "comment": comment.pk}


def _open_link(world: World) -> Mapping[str, Any]:
    study = _build_study(world)
    with scope(organisation=world.organisation):
        link = _build_link(study)
    return {"organisation": world.organisation.slug, "study": study.pk, "link": link.pk}


def _build_link(study: Study) -> ShareLink:
    return ShareLink.objects.create(
        study=study, token_hash=compute_fingerprint(_TOKEN), expires_at=timezone.now() + timedelta(days=1)
    )


def _open_shared(world: World) -> Mapping[str, Any]:
    scenario = _build_scenario(world, computed=True)
    with scope(organisation=world.organisation):
        _build_link(scenario.study)
    return {"token": _TOKEN, "scenario": scenario.pk}


def _open_shared_study(world: World) -> Mapping[str, Any]:
    return {"token": _open_shared(world)["token"]}


def _open_shared_file(world: World) -> Mapping[str, Any]:
    return {**_open_shared(world), "name": "report.json"}


def _open_offer(world: World) -> Mapping[str, Any]:
    study = _build_study(world)
    with scope(organisation=world.organisation):
        HandOver.objects.create(study=study, giver=world.organisation, receiver=world.other)
    return {"organisation": world.organisation.slug, "study": study.pk}


def _open_received(world: World) -> Mapping[str, Any]:
    study = _build_study(world, given=True)
    with scope(organisation=world.other):
        offer = HandOver.objects.create(study=study, giver=world.other, receiver=world.organisation)
    return {"organisation": world.organisation.slug, "hand_over": offer.pk}


_NEW = {"name": "Essai", "territoire": _EPCI, "action": "create"}
_BUILT = {
    "name": "Essai",
    "version": "1",
    "objective": "co2",
    "preset": "central",
    "budget": "2000",
    "draws": "0",
    "seed": "1",
    "epsilon": "2",
    "alternatives": "3",
    "action": "save",
}
_SETTLED = {"version": "1", "mine": json.dumps({"name": "Essai"}), "base": json.dumps({"name": "", "settings": {}})}


def _post(expected: Mapping[str, int], build: Any, data: Mapping[str, Any], status: int = 302) -> Case:
    return Case(answer(expected, status), build=build, method="post", data=lambda _world: data)


ROUTES = {
    "studies": Case(READERS, build=_open_organisation),
    "study-new": Case(EDITORS, build=_open_organisation),
    "study-new post": _post(EDITORS, _open_organisation, _NEW),
    "study": Case(READERS, build=_open_study),
    "study-change": Case(EDITORS, build=_open_study),
    "study-change post": _post(EDITORS, _open_study, {"name": "Essai"}),
    "study-archive": _post(EDITORS, _open_study, {}),
    "study-restore": _post(EDITORS, _open_study, {}),
    "study-delete": Case(ADMINISTRATORS, build=_open_study),
    "study-delete post": _post(ADMINISTRATORS, _open_study, {"sure": "on"}),
    "study-duplicate": Case(EDITORS, build=_open_study),
    "study-duplicate post": _post(EDITORS, _open_study, {"name": "Copie"}),
    "study-comments": Case(READERS, build=_open_study),
    "study-comments post": _post(EDITORS, _open_study, {"text": "Essai"}),
    "study-comment-delete": _post(EDITORS, _open_comment, {}),
    "study-share": Case(EDITORS, build=_open_study),
    "study-share post": Case(EDITORS, build=_open_study, method="post", data=lambda _world: {"days": "7"}),
    "study-share-revoke": Case(EDITORS, build=_open_link),
    "study-share-revoke post": _post(EDITORS, _open_link, {}),
    "study-hand-over": Case(EDITORS, build=_open_study),
    "study-hand-over post": _post(EDITORS, _open_study, {"receiver": "cabinet-rebond"}),
    "study-hand-over-withdraw": _post(EDITORS, _open_offer, {}),
    "hand-over-accept": Case(EDITORS, build=_open_received),
    "hand-over-accept post": _post(EDITORS, _open_received, {}),
    "hand-over-decline": Case(EDITORS, build=_open_received),
    "hand-over-decline post": _post(EDITORS, _open_received, {}),
    "study-compare": Case(READERS, build=_open_study),
    # Nothing is compared: those who may read are told so.
    "study-compare-file": Case(answer(READERS, 400), build=_open_comparison),
    "scenario-new": Case(EDITORS, build=_open_study),
    "scenario-new post": _post(EDITORS, _open_study, {"name": "Autre"}),
    "scenario": Case(READERS, build=_open_scenario),
    "scenario post": _post(EDITORS, _open_scenario, _BUILT),
    "scenario-conflict": _post(EDITORS, _open_scenario, _SETTLED),
    "scenario-map": Case(READERS, build=_open_scenario),
    "scenario-duplicate": Case(EDITORS, build=_open_scenario),
    "scenario-duplicate post": _post(EDITORS, _open_scenario, {"name": "Copie"}),
    "scenario-delete": Case(EDITORS, build=_open_scenario),
    "scenario-delete post": _post(EDITORS, _open_scenario, {"sure": "on"}),
    # There is no data in this test: those who may ask are told so (the runs have their own tests).
    "run-ask": _post(EDITORS, _open_scenario, {}, 400),
    "run": Case(READERS, build=_open_run),
    "run-state": Case(READERS, build=_open_run),
    "run-cancel": _post(EDITORS, _open_run, {}),
    "result": Case(READERS, build=_open_result),
    "result-detail": Case(READERS, build=_open_result),
    "result-places": Case(EDITORS, build=_open_result),
    "result-map": Case(READERS, build=_open_result),
    "result-file": Case(READERS, build=_open_file),
    "shared": Case(PUBLIC, build=_open_shared_study),
    "shared-result": Case(PUBLIC, build=_open_shared),
    "shared-detail": Case(PUBLIC, build=_open_shared),
    "shared-map": Case(PUBLIC, build=_open_shared),
    "shared-file": Case(PUBLIC, build=_open_shared_file),
}
