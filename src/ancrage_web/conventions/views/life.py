"""Creation of a convention, its simulator, its facts."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ancrage.conventions.check import check_convention
from ancrage.conventions.model import Finding
from ancrage.errors import AncrageError, InputError
from ancrage.language import Text
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.facts import build_facts
from ancrage_web.conventions.forms_life import GROUPS, CreateForm, FactsForm, SimulateForm
from ancrage_web.conventions.models import Convention
from ancrage_web.conventions.places import list_places, read_places, search_places
from ancrage_web.conventions.rules import FIELD_NAMES, SIGNED, ConflictError, FactsError, get_parameters
from ancrage_web.conventions.services import life as services
from ancrage_web.conventions.simulation import Simulation, compute_simulation
from ancrage_web.conventions.writing import name_term, write_term
from ancrage_web.design.words import say

# Number of jobs, floor, payment without a convention, usual multiple, agreement.
_COMPUTED = frozenset({"R5", "R7", "R8", "R9", "R10", "R16"})


@organisation_view(Role.EDITOR)
def create_convention(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Name a convention, say what is known of it, see what it would cost, and go to its facts."""
    services.check_owner(actor)
    given = request.POST
    codes = read_places(given)
    text = given.get("q", "").strip()
    wanted = given.get("action", "")
    # The key Enter searches when there is something to search, else it creates.
    creating = request.method == "POST" and (wanted == "create" or (wanted == "enter" and not text))
    form = CreateForm(given if creating else None, initial=given.dict())
    if creating and form.is_valid():
        try:
            made = services.create_convention(actor, communes=codes, **form.cleaned_data)
        except InputError as error:
            add_refusal(form, error)
        else:
            messages.success(
                request,
                say(
                    Text(
                        "The convention is created, in preparation. Fill in its facts as they come.",
                        "La convention est créée, en préparation. Complétez ses données à mesure.",
                    )
                ),
            )
            return redirect("convention-facts", actor.organisation.slug, made.pk)
    simulation, problem = _simulate_typed(given)
    return render(
        request,
        "conventions/convention_new.html",
        {
            "actor": actor,
            "form": form,
            "places": list_places(codes),
            "text": text,
            "found": search_places(text, codes),
            "simulation": simulation,
            "problem": problem,
        },
        status=400 if form.errors else 200,
    )


@require_safe
@organisation_view(Role.READER)
def simulate(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Say what a number of jobs costs; with `morceau=1`, the part that the page of creation puts in its place."""
    form = SimulateForm(request.GET if request.GET else None)
    found, problem = None, ""
    if form.is_bound and form.is_valid():
        found, problem = _simulate(form.cleaned_data["jobs"], form.cleaned_data["on"])
    part = request.GET.get("morceau") == "1"
    return render(
        request,
        "conventions/parts/simulation.html" if part else "conventions/simulate.html",
        {"actor": actor, "form": form, "simulation": found, "problem": problem},
        status=400 if form.errors and not part else 200,
    )


def _simulate_typed(given: Any) -> tuple[Simulation | None, str]:
    typed = CreateForm(given)
    fields = typed.fields
    values: dict[str, Any] = {}
    for name in ("dismissed", "redeployed_in_basin", "reference_on"):
        try:
            values[name] = fields[name].clean(given.get(name, ""))
        except ValidationError:  # told beside its field when the convention is created
            return None, ""
    if values["dismissed"] is None:
        return None, ""
    return _simulate(values["dismissed"] - (values["redeployed_in_basin"] or 0), values["reference_on"])


def _simulate(jobs: int | None, on: date | None) -> tuple[Simulation | None, str]:
    if jobs is None or on is None or jobs < 0:
        return None, ""
    try:
        return compute_simulation(jobs, on, get_parameters()), ""
    except AncrageError as error:
        return None, say(error.text)


def add_refusal(form: Form, error: InputError) -> None:
    """Show a refusal of a service beside the fields it is about, else above the form."""
    fields = error.fields if isinstance(error, FactsError) else {}
    for name, told in fields.items():
        form.add_error(name if name in form.fields else None, say(told))
    if not fields:
        form.add_error(None, say(error.text))


@convention_view("read")
def change_facts(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the facts of a convention, and save those that its status leaves open."""
    convention = access.convention
    conflict: ConflictError | None = None
    form = FactsForm(request.POST if request.method == "POST" else None, convention=convention)
    if request.method == "POST":
        access.require_edit()
        if form.is_valid():
            try:
                services.save_facts(access, version=form.cleaned_data["version"], **form.list_changes())
            except ConflictError as error:
                # What was typed stays; the rest is as it was saved meanwhile. Saving again replaces it knowingly.
                conflict, convention = error, error.saved
                form = _rebuild(request, form, error)
            except InputError as error:
                add_refusal(form, error)
            else:
                messages.success(request, say(Text("The facts are saved.", "Les données sont enregistrées.")))
                return redirect("convention-facts", access.actor.organisation.slug, convention.pk)
    findings, problem = read_amounts(convention)
    return render(
        request,
        "conventions/convention_facts.html",
        {
            "access": access,
            "convention": convention,
            "form": form,
            "signed": convention.status in SIGNED,
            "fixed": _list_fixed(convention, form.locked if access.may_change else tuple(FIELD_NAMES)),
            "conflict": _list_conflict(conflict),
            "findings": findings,
            "problem": problem,
        },
        status=400 if form.errors else 200,
    )


def _rebuild(request: HttpRequest, typed: FactsForm, error: ConflictError) -> FactsForm:
    data = request.POST.copy()
    data["version"] = str(error.saved.version)
    kept = set(typed.changed_data)
    fresh = FactsForm(convention=error.saved)
    for name, field in fresh.fields.items():
        bound = fresh[name]
        saved = field.prepare_value(bound.initial)
        if bound.field.show_hidden_initial:
            data[bound.html_initial_name] = "" if saved is None else str(saved)
        if name not in kept and name != "version":
            if isinstance(saved, bool) and name != "affects_basin":
                data.pop(name, None)
                if saved:
                    data[name] = "on"
            else:
                data[name] = "" if saved is None else str(saved)
    form = FactsForm(data, convention=error.saved)
    form.add_error(None, say(error.text))
    return form


def _list_conflict(error: ConflictError | None) -> list[dict[str, str]]:
    if error is None:
        return []
    return [
        {
            "name": name_term(change.field, {}),
            "theirs": write_term(change.field, change.theirs, {}),
            "yours": write_term(change.field, change.yours, {}),
        }
        for change in error.changes
    ]


def _list_fixed(convention: Convention, names: tuple[str, ...]) -> list[dict[str, Any]]:
    found = []
    for group in GROUPS:
        rows = [
            (name_term(name, {}), write_term(name, getattr(convention, name), {}))
            for name in group.names
            if name in names
        ]
        if rows:
            found.append({"title": group.title, "rows": rows})
    return found


def read_amounts(convention: Convention) -> tuple[list[Finding], str]:
    """Return what the rules compute from the facts (jobs, floor, default payment, multiple), or why they cannot."""
    try:
        facts = build_facts(convention, actions=(), committees=(), basins=())
        found = check_convention(facts, timezone.localdate(), get_parameters())
        # R5 also tells the duration of a framework, which is no amount.
        shown = [
            finding for finding in found if finding.rule.id in _COMPUTED and finding.value not in ("local", "framework")
        ]
    except AncrageError as error:
        return [], say(error.text)
    return shown, ""
