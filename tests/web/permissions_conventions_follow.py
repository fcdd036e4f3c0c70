"""Permissions of the jobs, the engineering, the residual and the map of a convention."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django_scopes import scope

from ancrage_web.conventions.models import Candidate, EngineeringDays, Job
from web.convention_samples import build_convention
from web.permission_cases import EDITORS, READERS, Case, answer

if TYPE_CHECKING:
    from web.conftest import World


def _open(world: World) -> dict[str, Any]:
    return {"organisation": world.organisation.slug, "convention": build_convention(world).pk}


def _open_job(world: World) -> Mapping[str, Any]:
    opened = _open(world)
    with scope(organisation=world.organisation):
        return {**opened, "job": Job.objects.create(convention_id=opened["convention"], label="Ajusteur").pk}


def _open_work(world: World) -> Mapping[str, Any]:
    opened = _open(world)
    with scope(organisation=world.organisation):
        work = EngineeringDays.objects.create(
            convention_id=opened["convention"],
            provider="Cabinet d'Essai",
            on=date(2025, 9, 1),
            days=Decimal(2),
            amount=Decimal(1600),
            label="Comité",
        )
    return {**opened, "work": work.pk}


def _open_candidate(world: World) -> Mapping[str, Any]:
    opened = _open(world)
    with scope(organisation=world.organisation):
        candidate = Candidate.objects.create(
            convention_id=opened["convention"],
            kind="coaching",
            name="Parcours",
            cost=Decimal(1000),
            value=10.0,
            unit="h",
            ground="Hypothèse",
        )
    return {**opened, "candidate": candidate.pk}


_POSTED = answer(EDITORS, 302)

ROUTES: dict[str, Case] = {
    "convention-jobs": Case(READERS, _open),
    "convention-jobs-csv": Case(READERS, _open),
    "convention-job-new": Case(EDITORS, _open),
    "convention-jobs-check": Case(_POSTED, _open, "post"),
    "convention-jobs-programme": Case(_POSTED, _open, "post"),
    "convention-job": Case(READERS, _open_job),
    # Without the mark of what was read, nothing is overwritten.
    "convention-job post": Case(
        answer(EDITORS, 400),
        _open_job,
        "post",
        lambda _world: {"label": "Ajusteur", "fte": "1", "programmed_on": "2025-09-01"},
    ),
    "convention-job-remove": Case(_POSTED, _open_job, "post"),
    "convention-engineering": Case(READERS, _open),
    "convention-engineering-csv": Case(READERS, _open),
    "convention-work-new": Case(EDITORS, _open),
    "convention-work": Case(EDITORS, _open_work),
    "convention-work-remove": Case(_POSTED, _open_work, "post"),
    "convention-residual": Case(READERS, _open),
    "convention-residual-study": Case(EDITORS, _open),
    "convention-candidate-new": Case(EDITORS, _open),
    "convention-candidate": Case(EDITORS, _open_candidate),
    "convention-candidate-remove": Case(_POSTED, _open_candidate, "post"),
    "convention-map": Case(READERS, _open),
    "convention-map-data": Case(READERS, _open),
}
