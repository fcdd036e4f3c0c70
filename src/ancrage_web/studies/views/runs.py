"""Runs: asking, following, cancelling."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from ancrage.language import Text
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.design.words import say
from ancrage_web.studies import queries, services
from ancrage_web.studies.enums import OPEN, STATUS_NAMES, Status
from ancrage_web.studies.models import Run


@require_POST
@organisation_view(Role.EDITOR)
def ask_run(_request: HttpRequest, actor: Actor, study: UUID, scenario: UUID) -> HttpResponse:
    """Ask for the computation of a scenario as it is saved."""
    run = services.ask_run(actor, queries.get_scenario(study, scenario))
    return redirect("run", organisation=actor.organisation.slug, study=study, run=run.pk)


@never_cache
@organisation_view(Role.READER)
def show_run(request: HttpRequest, actor: Actor, study: UUID, run: UUID) -> HttpResponse:
    """Show where a run stands; a finished one leads to its result."""
    found = _find_run(study, run)
    if found.status == Status.DONE:
        return redirect(_get_result_address(actor, found))
    context = {
        "study": found.scenario.study,
        "scenario": found.scenario,
        "run": found,
        "status_name": STATUS_NAMES[found.status],
        "is_open": found.status in OPEN,
        "state": _build_state(actor, found),
        "can_edit": actor.role.allows(Role.EDITOR),
    }
    return render(request, "studies/run.html", context)


@never_cache
@organisation_view(Role.READER)
def send_state(_request: HttpRequest, actor: Actor, study: UUID, run: UUID) -> HttpResponse:
    """Send where a run stands, for the page that follows it."""
    return JsonResponse(_build_state(actor, _find_run(study, run)))


@require_POST
@organisation_view(Role.EDITOR)
def cancel_run(request: HttpRequest, actor: Actor, study: UUID, run: UUID) -> HttpResponse:
    """Stop a run."""
    found = services.cancel_run(actor, _find_run(study, run))
    if found.status in (Status.CANCELLED, *OPEN):
        messages.success(request, say(Text("The computation is being stopped.", "Le calcul s'arrête.")))
    return redirect("run", organisation=actor.organisation.slug, study=study, run=run)


def _find_run(study: UUID, run: UUID) -> Run:
    # A worker that died is noticed here too: the page must not wait for it forever.
    services.mark_interrupted()
    found = queries.get_run(run)
    if found.scenario.study_id != study:
        raise Http404
    return found


def _get_result_address(actor: Actor, run: Run) -> str:
    keys = {
        "organisation": actor.organisation.slug,
        "study": run.scenario.study_id,
        "scenario": run.scenario_id,
        "result": run.result_id,
    }
    return reverse("result", kwargs=keys)


def _build_state(actor: Actor, run: Run) -> dict[str, Any]:
    seconds = int(((run.ended_at or timezone.now()) - run.asked_at).total_seconds())
    minutes, rest = divmod(max(seconds, 0), 60)
    elapsed = (
        Text(f"{rest} s", f"{rest} s") if not minutes else Text(f"{minutes} min {rest} s", f"{minutes} min {rest} s")
    )
    ahead = queries.count_ahead(run)
    return {
        "status": run.status,
        "status_name": say(STATUS_NAMES[run.status]),
        "open": run.status in OPEN,
        "percent": round(100 * run.progress),
        "step": _say_step(run, ahead),
        "elapsed": say(elapsed),
        "address": _get_result_address(actor, run) if run.status == Status.DONE else None,
    }


def _say_step(run: Run, ahead: int) -> str:
    if run.status in OPEN and run.cancel_asked_at is not None:
        return say(Text("Stopping…", "Arrêt en cours…"))
    if run.status == Status.WAITING:
        if ahead == 1:
            return say(Text("One computation comes before this one.", "Un calcul passe avant celui-ci."))
        if ahead:
            return say(Text(f"{ahead} computations come before this one.", f"{ahead} calculs passent avant celui-ci."))
        return say(Text("The computation is about to start.", "Le calcul va commencer."))
    return say(run.step) if run.step else ""
