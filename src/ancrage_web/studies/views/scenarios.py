"""Scenarios: the builder, the conflict of two people, copies and removals."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.design.words import get_site_language, say
from ancrage_web.studies import queries, services
from ancrage_web.studies.forms import CommentForm, ConfirmForm, DuplicateForm
from ancrage_web.studies.forms_communes import CHOICE_NAMES, MOST_FLOORS, CommuneRow
from ancrage_web.studies.forms_conflict import flatten, list_differences, merge, unflatten
from ancrage_web.studies.forms_scenario import (
    OBJECTIVES,
    PRESETS,
    ScenarioForm,
    add_floor,
    clear_coefficient,
    describe_preset,
    remove_floor,
)
from ancrage_web.studies.models import Scenario, Study
from ancrage_web.studies.rules import SettingsError
from ancrage_web.studies.views import area


@organisation_view(Role.EDITOR)
def create_scenario(request: HttpRequest, actor: Actor, study: UUID) -> HttpResponse:
    """Add a scenario with suggested settings, after its name, and go to its builder."""
    found = queries.get_study(study)
    count = found.scenarios.count()
    form = DuplicateForm(
        request.POST if request.method == "POST" else None,
        initial={"name": say(Text(f"Scenario {count + 1}", f"Scénario {count + 1}"))},
    )
    if request.method == "POST" and form.is_valid():
        try:
            scenario = services.create_scenario(
                actor, found, name=form.cleaned_data["name"], settings=services.suggest_settings(found)
            )
        except InputError as error:
            form.add_error("name", say(error.text))
        else:
            return redirect("scenario", organisation=actor.organisation.slug, study=found.id, scenario=scenario.id)
    context = {"form": form, "study": found}
    return render(request, "studies/scenario_new.html", context, status=400 if form.errors else 200)


@organisation_view(Role.READER)
def change_scenario(request: HttpRequest, actor: Actor, study: UUID, scenario: UUID) -> HttpResponse:
    """Show the settings of a scenario; an editor changes them and asks for the computation."""
    found = queries.get_scenario(study, scenario)
    communes = area.list_communes(found.study.epci)
    if request.method != "POST":
        form = ScenarioForm(name=found.name, version=found.version, settings=found.settings, communes=communes)
        return _render_builder(request, actor, found, form)
    actor.require(Role.EDITOR)
    action = request.POST.get("action", "save")
    data: QueryDict = request.POST
    kind, _, name = action.partition(":")
    if kind in ("add-floor", "remove-floor", "reset"):
        if kind == "add-floor":
            data = add_floor(data)
        elif kind == "reset":
            data = clear_coefficient(data, name)
        elif name.isdecimal():
            data = remove_floor(data, int(name))
        form = ScenarioForm(data, name=found.name, version=found.version, settings=found.settings, communes=communes)
        return _render_builder(request, actor, found, form, unsaved=True, shown=kind)
    form = ScenarioForm(data, name=found.name, version=found.version, settings=found.settings, communes=communes)
    if form.is_valid():
        try:
            saved = services.save_scenario(
                actor,
                found,
                version=form.cleaned_data["version"],
                name=form.cleaned_data["name"],
                settings=form.settings,
            )
        except services.ConflictError as error:
            return _render_conflict(
                request,
                found.study,
                error.saved,
                communes,
                base=_read_base(form.cleaned_data["base"]),
                mine=flatten(form.cleaned_data["name"], form.settings, communes),
                action=action,
            )
        except SettingsError as error:
            _tell_problems(form, error)
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            return _leave_builder(request, actor, saved, run=action == "run")
    return _render_builder(request, actor, found, form, status=400)


@require_POST
@organisation_view(Role.EDITOR)
def settle_conflict(request: HttpRequest, actor: Actor, study: UUID, scenario: UUID) -> HttpResponse:
    """Save what the person kept of two versions of a scenario."""
    found = queries.get_scenario(study, scenario)
    communes = area.list_communes(found.study.epci)
    theirs = flatten(found.name, found.settings, communes)
    mine, base, version = _read_conflict(request.POST, theirs, communes)
    choices = {
        key.removeprefix("choice-"): str(value) for key, value in request.POST.items() if key.startswith("choice-")
    }
    action = request.POST.get("action", "save")
    if version != found.version:
        # Someone saved once more: the new differences are shown, with what the person wanted as theirs.
        wanted = merge(theirs, mine, {**dict.fromkeys(mine, "mine"), **choices})
        return _render_conflict(request, found.study, found, communes, base=base, mine=wanted, action=action)
    name, settings = unflatten(merge(theirs, mine, choices), found.settings)
    try:
        saved = services.save_scenario(actor, found, version=version, name=name, settings=settings)
    except services.ConflictError as error:
        return _render_conflict(request, found.study, error.saved, communes, base=base, mine=mine, action=action)
    except InputError as error:
        return _render_conflict(
            request, found.study, found, communes, base=base, mine=mine, action=action, refused=error.text
        )
    return _leave_builder(request, actor, saved, run=action == "run")


@organisation_view(Role.READER)
def send_area_map(_request: HttpRequest, _actor: Actor, study: UUID, scenario: UUID) -> HttpResponse:
    """Send the outlines of the communes of a study, for the map of the builder."""
    found = queries.get_scenario(study, scenario)
    return JsonResponse(area.build_area_map(found.study.epci), headers={"Cache-Control": "private, max-age=3600"})


@organisation_view(Role.EDITOR)
def duplicate_scenario(request: HttpRequest, actor: Actor, study: UUID, scenario: UUID) -> HttpResponse:
    """Copy a scenario under another name, and open the copy."""
    found = queries.get_scenario(study, scenario)
    copied = say(Text(f"{found.name} (copy)", f"{found.name} (copie)"))[:160]
    form = DuplicateForm(request.POST if request.method == "POST" else None, initial={"name": copied})
    if request.method == "POST" and form.is_valid():
        try:
            copy = services.duplicate_scenario(actor, found, name=form.cleaned_data["name"])
        except InputError as error:
            form.add_error("name", say(error.text))
        else:
            messages.success(
                request,
                say(
                    Text(
                        "Here is the copy: change what you want to compare.",
                        "Voici la copie : changez ce que vous voulez comparer.",
                    )
                ),
            )
            return redirect("scenario", organisation=actor.organisation.slug, study=study, scenario=copy.id)
    context = {"form": form, "study": found.study, "scenario": found}
    return render(request, "studies/duplicate.html", context, status=400 if form.errors else 200)


@organisation_view(Role.EDITOR)
def delete_scenario(request: HttpRequest, actor: Actor, study: UUID, scenario: UUID) -> HttpResponse:
    """Delete a scenario for good, after a tick."""
    found = queries.get_scenario(study, scenario)
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.delete_scenario(actor, found)
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            text = Text(f"The scenario “{found.name}” is deleted.", f"Le scénario « {found.name} » est supprimé.")
            messages.success(request, say(text))
            return redirect("study", organisation=actor.organisation.slug, study=study)
    context = {"form": form, "study": found.study, "scenario": found}
    return render(request, "studies/scenario_delete.html", context, status=400 if form.errors else 200)


def _leave_builder(request: HttpRequest, actor: Actor, saved: Scenario, *, run: bool) -> HttpResponse:
    slug = actor.organisation.slug
    if run:
        asked = services.ask_run(actor, saved)
        return redirect("run", organisation=slug, study=saved.study_id, run=asked.pk)
    messages.success(request, say(Text("The scenario is saved.", "Le scénario est enregistré.")))
    return redirect("scenario", organisation=slug, study=saved.study_id, scenario=saved.pk)


def _tell_problems(form: ScenarioForm, error: SettingsError) -> None:
    for name, text in error.fields.items():
        field, _, rest = name.partition(".")
        if field == "parameters" and rest and rest not in form.fields:
            form.coefficient_errors[rest.partition(".")[0]] = text
        target = rest if rest in form.fields else field if field in form.fields else None
        form.add_error(target, say(text))


def _render_builder(
    request: HttpRequest,
    actor: Actor,
    scenario: Scenario,
    form: ScenarioForm,
    *,
    unsaved: bool = False,
    shown: str = "",
    status: int = 200,
) -> HttpResponse:
    study = scenario.study
    chosen = form.chosen_preset
    several = len({row.epci for row in form.communes}) > 1
    names = area.list_names(study.epci)
    preset_cards = [
        {"key": key, "name": name, "meaning": meaning, "note": describe_preset(key), "checked": key == chosen}
        for key, (name, meaning) in PRESETS.items()
    ]
    objective = form["objective"].value()
    context: dict[str, Any] = {
        "study": study,
        "scenario": scenario,
        "form": form,
        "groups": form.groups,
        "changed_count": form.changed_coefficients,
        "problems": form.list_problems() if form.is_bound and not unsaved else [],
        "unsaved": unsaved,
        "shown": shown,
        "territory": area.name_epci(study.epci, names),
        "several": several,
        "epci_names": names,
        "objectives": [
            {"key": key, "name": name, "meaning": meaning, "checked": key == objective}
            for key, (name, meaning) in OBJECTIVES.items()
        ],
        "presets": preset_cards,
        "choices": list(CHOICE_NAMES.items()),
        "can_add_floor": len(form.floors) < MOST_FLOORS,
        "can_edit": actor.role.allows(Role.EDITOR),
        "comments": list(queries.list_comments(study, scenario)),
        "comment_form": CommentForm(),
        "language": get_site_language(),
    }
    return render(request, "studies/scenario.html", context, status=status)


def _read_conflict(
    data: QueryDict, theirs: dict[str, Any], communes: list[CommuneRow]
) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Return what the page of a conflict holds: the version typed, what it started from, the version compared with.

    Raises
    ------
    InputError
        If it is not what that page sends.
    """
    try:
        mine, base = json.loads(data.get("mine", "")), json.loads(data.get("base", ""))
        # What cannot be shown was not sent by the page.
        list_differences(flatten(base["name"], base["settings"], communes), theirs, {**mine}, communes)
        return mine, base, int(data.get("version", ""))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            "The page of the conflict was sent incomplete: go back to it and send it again.",
            "La page du conflit est arrivée incomplète : revenez à cette page et envoyez-la à nouveau.",
        ) from error


def _read_base(text: str) -> dict[str, Any]:
    try:
        base = json.loads(text)
        return {"name": str(base["name"]), "settings": dict(base["settings"])}
    except (ValueError, KeyError, TypeError):
        # Without what the page started from, every difference is shown as changed by both.
        return {"name": "", "settings": {}}


def _render_conflict(
    request: HttpRequest,
    study: Study,
    saved: Scenario,
    communes: list[CommuneRow],
    *,
    base: dict[str, Any],
    mine: dict[str, Any],
    action: str,
    refused: Text | None = None,
) -> HttpResponse:
    theirs = flatten(saved.name, saved.settings, communes)
    start = flatten(base["name"], base["settings"], communes)
    return render(
        request,
        "studies/scenario_conflict.html",
        {
            "study": study,
            "scenario": saved,
            "differences": list_differences(start, theirs, mine, communes),
            "mine": json.dumps(mine, ensure_ascii=False),
            "base": json.dumps({"name": saved.name, "settings": saved.settings}, ensure_ascii=False),
            "action": action,
            "refused": refused,
        },
        status=409,
    )
