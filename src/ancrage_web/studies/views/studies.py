"""Studies: their list, their page, their life."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.design.words import get_site_language, say
from ancrage_web.studies import queries, services
from ancrage_web.studies.forms import CommentForm, ConfirmForm, DuplicateForm, StudyForm
from ancrage_web.studies.models import Study
from ancrage_web.studies.rules import MOST_EPCI
from ancrage_web.studies.views import area
from ancrage_web.studies.views.cards import build_cards, build_scenario_rows
from ancrage_web.territories import queries as territories
from ancrage_web.territories.models import Commune

PAGE_SIZE = 20


@organisation_view(Role.READER)
def list_studies(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the studies of the organisation, with what was found last in each."""
    text = request.GET.get("q", "").strip()
    epci = request.GET.get("territoire", "")
    archived = request.GET.get("archivees") == "1"
    page = Paginator(queries.list_studies(archived=archived, text=text, epci=epci), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    used = sorted({code for codes in Study.objects.values_list("epci", flat=True) for code in codes})
    names = area.list_names(used)
    kept = request.GET.copy()
    kept.pop("page", None)
    return render(
        request,
        "studies/studies.html",
        {
            "page": page,
            "cards": build_cards(list(page.object_list), names, get_site_language()),
            "offers": queries.list_received_offers(actor.organisation),
            "text": text,
            "epci": epci,
            "archived": archived,
            "filtered": bool(text or epci or archived),
            "epci_choices": [(code, names.get(code, code)) for code in used],
            "kept_query": kept.urlencode(),
            "can_edit": actor.role.allows(Role.EDITOR),
        },
    )


@organisation_view(Role.EDITOR)
def create_study(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Choose one or several EPCI, name the study, and go to the builder of its first scenario."""
    given = request.POST if request.method == "POST" else request.GET
    codes = list(dict.fromkeys(code.strip() for code in given.getlist("territoire") if code.strip()))
    removed = given.get("retirer", "")
    codes = [code for code in codes if code != removed][:MOST_EPCI]
    chosen = area.list_epci(codes)
    # Only the last button creates: the others add or remove an EPCI, and keep what was typed.
    text = given.get("q", "").strip()
    wanted = given.get("action", "")
    # The key Enter searches when there is something to search, else it creates.
    creating = request.method == "POST" and (wanted == "create" or (wanted == "enter" and not text))
    form = StudyForm(request.POST if creating else None, initial=_read_typed(given, area.propose_name(chosen)))
    if creating and form.is_valid():
        try:
            with transaction.atomic():
                study = services.create_study(
                    actor,
                    name=form.cleaned_data["name"],
                    epci=[epci.code for epci in chosen],
                    notes=form.cleaned_data["notes"],
                )
                scenario = services.create_scenario(
                    actor,
                    study,
                    name=say(Text("First scenario", "Premier scénario")),
                    settings=services.suggest_settings(study),
                )
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(
                request,
                say(
                    Text(
                        "The study is created. Here are suggested settings: check them, then run the computation.",
                        "L'étude est créée. Voici des réglages proposés : vérifiez-les, puis lancez le calcul.",
                    )
                ),
            )
            return redirect("scenario", organisation=actor.organisation.slug, study=study.id, scenario=scenario.id)
    found = _search_epci(text) if text else []
    return render(
        request,
        "studies/study_new.html",
        {
            "form": form,
            "chosen": chosen,
            "text": text,
            "found": [entry for entry in found if entry["epci"].code not in codes],
            "found_chosen": bool(found),
            "most_epci": MOST_EPCI,
        },
        status=400 if form.errors else 200,
    )


def _read_typed(given: Any, proposed: str) -> dict[str, str]:
    # A name that the person typed stays; a proposed one follows the EPCI chosen.
    typed = given.get("name", "").strip()
    return {
        "name": typed if typed and typed != given.get("proposed", "") else proposed,
        "notes": given.get("notes", ""),
    }


def _search_epci(text: str) -> list[dict[str, Any]]:
    """Return the EPCI that a text finds, by their name or by that of one of their communes."""
    found = territories.search(text, limit=12)
    of_commune = dict(
        Commune.objects.filter(code__in=[entry.code for entry in found if entry.kind == "commune"]).values_list(
            "code", "epci_id"
        )
    )
    through: dict[str, str] = {}
    for entry in found:
        code = entry.code if entry.kind == "epci" else of_commune.get(entry.code)
        if code:
            through.setdefault(code, "" if entry.kind == "epci" else entry.name)
    return [{"epci": epci, "commune": through[epci.code]} for epci in area.list_epci(list(through))]


@organisation_view(Role.READER)
def show_study(request: HttpRequest, actor: Actor, study: UUID) -> HttpResponse:
    """Show a study: its scenarios, what each found, its notes and comments."""
    found = queries.get_study(study)
    rows = build_scenario_rows(found, get_site_language())
    return render(
        request,
        "studies/study.html",
        {
            "study": found,
            "territory": area.name_epci(found.epci, area.list_names(found.epci)),
            "rows": rows,
            "comparable": sum(row.result_id is not None for row in rows),
            "comments": list(queries.list_comments(found)),
            "comment_form": CommentForm(),
            "offer": queries.find_open_offer(found),
            "can_edit": actor.role.allows(Role.EDITOR),
            "is_administrator": actor.role.allows(Role.ADMINISTRATOR),
        },
    )


@organisation_view(Role.EDITOR)
def change_study(request: HttpRequest, actor: Actor, study: UUID) -> HttpResponse:
    """Change the name and the notes of a study."""
    found = queries.get_study(study)
    initial = {"name": found.name, "notes": found.notes, "updated_at": found.updated_at.isoformat()}
    form = StudyForm(request.POST if request.method == "POST" else None, initial=initial)
    conflict = False
    if request.method == "POST" and form.is_valid():
        try:
            services.change_study(
                actor,
                found,
                name=form.cleaned_data["name"],
                notes=form.cleaned_data["notes"],
                updated_at=_read_time(form.cleaned_data["updated_at"]) or found.created_at,
            )
        except services.ConflictError as error:
            # What the other person wrote is shown beside what was typed; saving again replaces it knowingly.
            found = error.saved
            conflict = True
            form.add_error(None, say(error.text))
            form.data = {**request.POST.dict(), "updated_at": found.updated_at.isoformat()}
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(Text("The study is saved.", "L'étude est enregistrée.")))
            return redirect("study", organisation=actor.organisation.slug, study=found.id)
    return render(
        request,
        "studies/study_change.html",
        {"form": form, "study": found, "conflict": conflict},
        status=400 if form.errors else 200,
    )


def _read_time(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:  # such as the 45th of a month
        return None


@require_POST
@organisation_view(Role.EDITOR)
def archive_study(request: HttpRequest, actor: Actor, study: UUID) -> HttpResponse:
    """Put a study away; its page offers to take it back."""
    found = queries.get_study(study)
    services.archive_study(actor, found)
    messages.success(
        request,
        say(
            Text(
                f"“{found.name}” is archived, and its share links are closed for as long as it is.",
                f"« {found.name} » est archivée ; ses liens de partage sont fermés tant qu'elle l'est.",
            )
        ),
    )
    return redirect("study", organisation=actor.organisation.slug, study=found.id)


@require_POST
@organisation_view(Role.EDITOR)
def restore_study(request: HttpRequest, actor: Actor, study: UUID) -> HttpResponse:
    """Take an archived study back."""
    found = queries.get_study(study)
    services.restore_study(actor, found)
    messages.success(
        request, say(Text(f"“{found.name}” is back in the list.", f"« {found.name} » est de retour dans la liste."))
    )
    return redirect("study", organisation=actor.organisation.slug, study=found.id)


@organisation_view(Role.ADMINISTRATOR)
def delete_study(request: HttpRequest, actor: Actor, study: UUID) -> HttpResponse:
    """Delete a study for good, after a tick."""
    found = queries.get_study(study)
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.delete_study(actor, found)
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(Text(f"“{found.name}” is deleted.", f"« {found.name} » est supprimée.")))
            return redirect("studies", organisation=actor.organisation.slug)
    context = {"form": form, "study": found, "scenario_count": found.scenarios.count()}
    return render(request, "studies/study_delete.html", context, status=400 if form.errors else 200)


@organisation_view(Role.EDITOR)
def duplicate_study(request: HttpRequest, actor: Actor, study: UUID) -> HttpResponse:
    """Copy a study with its scenarios, under another name."""
    found = queries.get_study(study)
    copied = say(Text(f"{found.name} (copy)", f"{found.name} (copie)"))[:160]
    form = DuplicateForm(request.POST if request.method == "POST" else None, initial={"name": copied})
    if request.method == "POST" and form.is_valid():
        try:
            copy = services.duplicate_study(actor, found, name=form.cleaned_data["name"])
        except InputError as error:
            form.add_error("name", say(error.text))
        else:
            messages.success(request, say(Text("Here is the copy.", "Voici la copie.")))
            return redirect("study", organisation=actor.organisation.slug, study=copy.id)
    context = {"form": form, "study": found, "scenario": None}
    return render(request, "studies/duplicate.html", context, status=400 if form.errors else 200)
