"""Asking for a computation, and stopping it."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from ancrage.errors import InputError
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.audit.services import record
from ancrage_web.studies.enums import OPEN, Status
from ancrage_web.studies.models import Result, Run, Scenario
from ancrage_web.studies.results import compute_key, get_folder, read_inputs
from ancrage_web.studies.rules import MOST_OPEN_RUNS
from ancrage_web.studies.running import mark_interrupted
from ancrage_web.studies.services.scenarios import check_settings, lock_scenario
from ancrage_web.studies.services.studies import lock_study
from ancrage_web.studies.tasks import compute_run

__all__ = ["ask_run", "cancel_run", "mark_interrupted"]


def ask_run(actor: Actor, scenario: Scenario) -> Run:
    """Ask for the computation of a scenario as it is saved now.

    A run that already waits or goes on is returned as it is. Where the organisation holds a result of the same
    settings, data and code, the run is done at once with it. Asking again is how a failed, cancelled or interrupted
    run is retried.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    InputError, MissingDataError
        If the study is archived, the settings cannot be used any more, the data is missing or too many computations
        of the organisation wait already.
    """
    actor.require(Role.EDITOR)
    mark_interrupted()
    inputs = read_inputs()
    with transaction.atomic():
        # The locks: of several requests at once, one makes the run, the others find it; and a study that is being
        # handed over or deleted gets no new one.
        lock_study(scenario.study)
        saved = lock_scenario(scenario)
        going = Run.objects.filter(scenario=saved, status__in=OPEN).first()
        if going is not None:
            return going
        if saved.study.archived_at is not None:
            raise InputError(
                f"'{saved.study}' is archived: restore it, then ask for the computation.",
                f"« {saved.study} » est archivée : restaurez-la, puis demandez le calcul.",
            )
        asked = check_settings(saved.study, saved.settings).model_dump(mode="json")
        run = Run(scenario=saved, scenario_version=saved.version, settings=asked, asked_by=actor.user)
        held = Result.objects.filter(key=compute_key(asked, inputs)).defer("pages", "map").first()
        if held is not None and get_folder(held).is_dir():
            now = timezone.now()
            run.status, run.progress, run.result = Status.DONE, 1.0, held
            run.started_at = run.ended_at = now
            Scenario.objects.filter(pk=saved.pk).update(result=held)
        else:
            _check_queue()
            run.task = str(compute_run.enqueue(str(run.pk)).id)
        run.save(force_insert=True)
        record(
            actor,
            "run.asked",
            "run",
            run.pk,
            after={"scenario": str(saved.pk), "version": saved.version, "stored": run.status == Status.DONE},
        )
    return run


def _check_queue() -> None:
    if Run.objects.filter(status__in=OPEN).count() >= MOST_OPEN_RUNS:
        raise InputError(
            f"{MOST_OPEN_RUNS} computations of your organisation already wait or go on: wait for one to end, or cancel "
            "one.",
            f"{MOST_OPEN_RUNS} calculs de votre organisation sont déjà en attente ou en cours : attendez la fin de "
            "l'un d'eux, ou annulez-en un.",
        )


def cancel_run(actor: Actor, run: Run) -> Run:
    """Stop a run: at once when it waits, within a second or two when it is being computed.

    A run that ended meanwhile is returned as it is.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    """
    actor.require(Role.EDITOR)
    with transaction.atomic():
        saved = (
            Run.objects.select_for_update(of=("self",), no_key=True).select_related("scenario__study").get(pk=run.pk)
        )
        if saved.status not in OPEN or saved.cancel_asked_at is not None:
            return saved
        saved.cancel_asked_at = timezone.now()
        if saved.status == Status.WAITING:
            saved.status, saved.ended_at = Status.CANCELLED, saved.cancel_asked_at
        # Nothing but these fields: the worker writes the others.
        saved.save(update_fields=["cancel_asked_at", "status", "ended_at"])
        record(actor, "run.cancelled", "run", saved.pk, after={"scenario": str(saved.scenario_id)})
    return saved
