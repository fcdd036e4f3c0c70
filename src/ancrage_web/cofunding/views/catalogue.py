"""The catalogue of programmes: list, form, and which of them suit a firm."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from ancrage.conventions import programmes as rules
from ancrage.conventions.programme_sources import EVERY
from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.cofunding import queries
from ancrage_web.cofunding.forms_catalogue import FirmForm, ProgrammeForm
from ancrage_web.cofunding.models import Programme
from ancrage_web.cofunding.services import catalogue as services
from ancrage_web.cofunding.services import projects
from ancrage_web.design.words import say

PAGE_SIZE = 30
# Programmes in front of one firm: a page holds them all, since none may be hidden.
MOST_MATCHES = 300


@organisation_view(Role.READER)
def list_programmes(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the catalogue of the organisation, searched and filtered."""
    today = timezone.localdate()
    given = {
        name: request.GET.get(name, "").replace("\x00", "").strip() for name in ("q", "nature", "operateur", "etape")
    }
    valid, archived = request.GET.get("valides") == "1", request.GET.get("archives") == "1"
    rows = queries.list_programmes(
        today,
        text=given["q"],
        nature=given["nature"],
        operator=given["operateur"],
        stage=given["etape"] if given["etape"] in rules.STAGE_NAMES else "",
        valid=valid,
        archived=archived,
    )
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    kept = request.GET.copy()
    kept.pop("page", None)
    return render(
        request,
        "cofunding/programmes.html",
        {
            "page": page,
            "rows": [(row, rules.NATURE_NAMES[row.nature]) for row in page.object_list],
            "given": given,
            "valid": valid,
            "archived": archived,
            "filtered": any(given.values()) or valid or archived,
            "natures": rules.NATURE_NAMES.items(),
            "stages": rules.STAGE_NAMES.items(),
            "operators": queries.list_operators(),
            "kept_query": kept.urlencode(),
            "today": today,
            "can_edit": actor.role.allows(Role.EDITOR),
        },
    )


@organisation_view(Role.READER)
def show_programme(request: HttpRequest, actor: Actor, programme: UUID) -> HttpResponse:
    """Show a programme with where it was read, and add it to a project."""
    found = queries.get_programme(programme)
    return render(
        request,
        "cofunding/programme.html",
        {
            "programme": found,
            "nature": rules.NATURE_NAMES[found.nature],
            "stages": None if found.stages is None else [rules.STAGE_NAMES[stage] for stage in found.stages],
            "projects": queries.list_open_projects()[:200],
            "today": timezone.localdate(),
            "can_edit": actor.role.allows(Role.EDITOR),
        },
    )


@organisation_view(Role.EDITOR)
def create_programme(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Add a programme to the catalogue."""
    return _edit(request, actor, None)


@organisation_view(Role.EDITOR)
def change_programme(request: HttpRequest, actor: Actor, programme: UUID) -> HttpResponse:
    """Change a programme of the catalogue."""
    return _edit(request, actor, queries.get_programme(programme))


def _edit(request: HttpRequest, actor: Actor, programme: Programme | None) -> HttpResponse:
    initial: dict[str, Any] = {}
    if programme is not None:
        initial = {name: getattr(programme, name) for name in ProgrammeForm.base_fields}
        initial["stages"] = [EVERY] if programme.stages == [] else programme.stages or []
    form = ProgrammeForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            saved = services.save_programme(actor, programme, form.build_fields())
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(Text("The programme is saved.", "Le programme est enregistré.")))
            return redirect("programme", organisation=actor.organisation.slug, programme=saved.pk)
    context = {"form": form, "programme": programme}
    return render(request, "cofunding/programme_form.html", context, status=400 if form.errors else 200)


@require_POST
@organisation_view(Role.EDITOR)
def archive_programme(request: HttpRequest, actor: Actor, programme: UUID) -> HttpResponse:
    """Put a programme away, or take it back."""
    found = queries.get_programme(programme)
    archived = request.POST.get("archived") != "0"
    services.archive_programme(actor, found, archived=archived)
    done = Text("The programme is archived.", "Le programme est archivé.")
    back = Text("The programme is back in the catalogue.", "Le programme est de retour dans le catalogue.")
    messages.success(request, say(done if archived else back))
    return redirect("programme", organisation=actor.organisation.slug, programme=found.pk)


@require_POST
@organisation_view(Role.EDITOR)
def add_to_project(request: HttpRequest, actor: Actor, programme: UUID) -> HttpResponse:
    """Add a programme to the sources of a project."""
    found = queries.get_programme(programme)
    try:
        project = queries.get_project(UUID(request.POST.get("project", "")))
    except ValueError as error:
        raise Http404 from error
    try:
        projects.add_programme(actor, project, found)
    except InputError as error:
        messages.error(request, say(error.text))
        return redirect("project", organisation=actor.organisation.slug, project=project.pk)
    messages.success(
        request,
        say(
            Text(
                "The programme is a source of the project: give its amount.",
                "Le programme est une source du projet : donnez son montant.",
            )
        ),
    )
    return redirect("project-change", organisation=actor.organisation.slug, project=project.pk)


@organisation_view(Role.READER)
def match_programmes(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show every programme in front of a firm, with the reasons for and against."""
    asked = bool(request.GET)
    form = FirmForm(request.GET if asked else None)
    found: list[dict[str, Any]] = []
    if asked and form.is_valid():
        given = form.cleaned_data
        commune = queries.find_commune(given["commune"].replace("\x00", ""))
        if given["commune"] and commune is None:
            text = Text(
                "This commune is not known, or several have this name: give its INSEE code.",
                "Cette commune est inconnue, ou plusieurs portent ce nom : donnez son code INSEE.",
            )
            form.add_error("commune", say(text))
        firm = rules.Firm(
            given["effectif"],
            given["naf"],
            () if commune is None else queries.list_firm_places(commune),
            given["etape"],
        )
        matches = queries.match_programmes(firm, timezone.localdate(), nature=given["nature"])
        found = [_build_match(programme, match) for programme, match in matches[:MOST_MATCHES]]
    # The verdicts in their order, each with its programmes: none is hidden, those that do not fit are folded.
    groups = [
        {"verdict": key, "name": text, "entries": [entry for entry in found if entry["verdict"] == key]}
        for key, text in rules.VERDICT_NAMES.items()
    ]
    return render(
        request,
        "cofunding/programme_matching.html",
        {
            "form": form,
            "groups": groups,
            "count": len(found),
            "asked": asked,
            "can_edit": actor.role.allows(Role.EDITOR),
        },
    )


_ANSWER_BADGES = {"meets": "good", "fails": "bad", "unknown": "info"}


def _build_match(programme: Programme, match: rules.Match) -> dict[str, Any]:
    return {
        "programme": programme,
        "nature": rules.NATURE_NAMES[programme.nature],
        "verdict": match.verdict,
        "criteria": [(c, rules.ANSWER_NAMES[c.answer], _ANSWER_BADGES[c.answer]) for c in match.criteria],
        "said": [
            (c, rules.ANSWER_NAMES[c.answer], _ANSWER_BADGES[c.answer]) for c in match.criteria if c.answer != "unknown"
        ],
    }
