"""Committees: list, preparation, frozen file, minutes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.files import File
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from ancrage.conventions.committee import BALANCE_NAMES, list_obstacles
from ancrage.conventions.committee_comparison import compare_contents
from ancrage.conventions.jobs import NAMES
from ancrage.errors import InputError
from ancrage.language import LANGUAGES, Language, Text
from ancrage_web.conventions import committee_files
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.enums import COMMITTEE_NAMES, OUTCOME_NAMES, CommitteeKind, DocumentKind
from ancrage_web.conventions.forms_committees import (
    CommitteeForm,
    FreezeForm,
    MinutesForm,
    PreparationForm,
    SendingForm,
)
from ancrage_web.conventions.models import Action, Committee, CommitteeFile, Document
from ancrage_web.conventions.queries import committees as queries
from ancrage_web.conventions.queries.money import read_balances
from ancrage_web.conventions.services import committees as services
from ancrage_web.design.words import say

STATUS_NAMES: dict[committee_files.Status, Text] = {
    "waiting": Text("waiting", "en attente"),
    "making": Text("being made", "en préparation"),
    "made": Text("ready", "prêts"),
    "failed": Text("failed", "échec"),
}
LANGUAGE_NAMES: dict[Language, Text] = {"fr": Text("French", "français"), "en": Text("English", "anglais")}


@convention_view("read")
def list_committees(request: HttpRequest, access: Access) -> HttpResponse:
    """List the committees, the latest first, with what article D1233-42 says of their rhythm."""
    rows = [
        {"committee": found, "name": COMMITTEE_NAMES[found.kind], "files": list(found.files.all())}
        for found in queries.list_committees(access.convention)
    ]
    today = timezone.localdate()
    context = {
        **_build_base(access),
        "rows": rows,
        "today": today,
        "findings": queries.check_committee_rule(access.convention, today),
    }
    return render(request, "conventions/committees.html", context)


@convention_view("edit")
def plan_committee(request: HttpRequest, access: Access) -> HttpResponse:
    """Plan a committee."""
    form = CommitteeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            committee = services.plan_committee(access, **form.cleaned_data)
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(Text("The committee is planned.", "Le comité est planifié.")))
            return _go(access, committee)
    context = {**_build_base(access), "form": form}
    return render(request, "conventions/committee_new.html", context, status=400 if form.errors else 200)


@never_cache
@convention_view("read")
def show_committee(request: HttpRequest, access: Access, committee: UUID) -> HttpResponse:
    """Show a committee: agenda, frozen file, files to download, decisions."""
    return _show(request, access, queries.get_committee(access.convention, committee), FreezeForm())


def _show(
    request: HttpRequest, access: Access, committee: Committee, freeze: FreezeForm, obstacles: tuple[Text, ...] = ()
) -> HttpResponse:
    today = timezone.localdate()
    files = queries.list_files(committee)
    is_open = committee.held_at is None
    context: dict[str, Any] = {
        **_build_base(access),
        "committee": committee,
        "kind_name": COMMITTEE_NAMES[committee.kind],
        "versions": [(file, committee_files.read_progress(file)) for file in files],
        "decisions": [(each, OUTCOME_NAMES[each.outcome]) for each in queries.list_decisions(committee)],
        "requests": queries.list_open_requests(access.convention) if is_open else [],
        "freeze_form": freeze,
        "sending_form": SendingForm(initial={"sent_on": committee.report_sent_on}),
        "last_day": min(today, committee.day),
        "may_record": is_open and bool(files) and committee.day <= today,
        "obstacles": obstacles,
        "is_final": committee.kind == CommitteeKind.FINAL,
    }
    if is_open and context["is_final"] and access.may_write and not obstacles:
        context["obstacles"] = list_obstacles(queries.read_snapshot(committee, context["last_day"]))
    if files:
        latest = queries.get_file(committee)
        context |= _describe_file(latest)
        context["state"] = _build_state(access, committee, latest, committee_files.read_progress(latest))
    status = 400 if freeze.errors or (freeze.is_bound and obstacles) else 200
    return render(request, "conventions/committee.html", context, status=status)


def _describe_file(file: CommitteeFile) -> dict[str, Any]:
    """Return what the page shows of the frozen figures, from the content alone."""
    content = file.content
    former = queries.find_compared_file(file)
    comparison = None if former is None else compare_contents(former.content, content)
    return {
        "content": content,
        "totals": [(BALANCE_NAMES[name], Decimal(content["totals"][name])) for name in BALANCE_NAMES],
        "actions": [
            (action, {name: Decimal(amount) for name, amount in action["balance"].items()})
            for action in content["actions"]
        ],
        "to_decide": [
            (each, Decimal(each["asked"] or 0), Decimal(each["balance"]["reserved"]))
            for each in content["requests"]
            if each["to_decide"]
        ],
        "jobs": [(NAMES[word], content["jobs"][word]["posts"]) for word in ("programmed", "committed")]
        + [(NAMES[word], content["jobs"][word]["posts"]) for word in ("created", "maintained")],
        "comparison": comparison,
        "changes": []
        if comparison is None
        else [(BALANCE_NAMES[change.key], change) for change in comparison.totals if change.difference],
        "job_changes": []
        if comparison is None
        else [(NAMES[key], change) for change in comparison.jobs for key in NAMES if key == change.key],
        "request_changes": []
        if comparison is None
        else [
            (name, lines)
            for name, lines in (
                (Text("Submitted", "Déposées"), comparison.submitted),
                (Text("Granted", "Accordées"), comparison.granted),
                (Text("Refused", "Refusées"), comparison.refused),
                (Text("Withdrawn", "Retirées"), comparison.withdrawn),
                (Text("Paid since", "Payées depuis"), comparison.paid),
                (Text("Ended", "Soldées"), comparison.ended),
            )
            if lines
        ],
    }


@convention_view("edit")
def change_committee(request: HttpRequest, access: Access, committee: UUID) -> HttpResponse:
    """Prepare a committee: day, agenda, comments."""
    found = queries.get_committee(access.convention, committee)
    actions = list(Action.objects.filter(convention=access.convention).order_by("position", "name"))
    form = PreparationForm(request.POST if request.method == "POST" else None, committee=found, actions=actions)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.change_committee(
                access,
                found,
                version=data["version"],
                day=data["day"],
                kind=data["kind"],
                agenda=data["agenda"],
                residual_note=data["residual_note"],
                notes=form.read_notes(),
            )
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(Text("The committee is saved.", "Le comité est enregistré.")))
            return _go(access, found)
    context = {**_build_base(access), "form": form, "committee": found}
    return render(request, "conventions/committee_change.html", context, status=400 if form.errors else 200)


@convention_view("edit")
def cancel_committee(request: HttpRequest, access: Access, committee: UUID) -> HttpResponse:
    """Remove a committee that will not meet, after a confirmation."""
    found = queries.get_committee(access.convention, committee)
    problem = None
    if request.method == "POST":
        try:
            services.cancel_committee(access, found)
        except InputError as error:
            problem = error.text
        else:
            messages.success(request, say(Text("The committee is cancelled.", "Le comité est annulé.")))
            return HttpResponseRedirect(reverse("convention-committees", kwargs=_keys(access)))
    context = {**_build_base(access), "committee": found, "problem": problem}
    return render(request, "conventions/committee_cancel.html", context, status=400 if problem else 200)


@require_POST
@convention_view("edit")
def record_sending(request: HttpRequest, access: Access, committee: UUID) -> HttpResponse:
    """Note the day its report was sent to the members."""
    found = queries.get_committee(access.convention, committee)
    form = SendingForm(request.POST)
    if form.is_valid():
        try:
            services.record_sending(access, found, on=form.cleaned_data["sent_on"])
        except InputError as error:
            messages.error(request, say(error.text))
        else:
            messages.success(request, say(Text("The day is noted.", "La date est notée.")))
    else:
        messages.error(request, str(form.errors["sent_on"][0]))
    return _go(access, found)


@require_POST
@convention_view("edit")
def freeze_committee(request: HttpRequest, access: Access, committee: UUID) -> HttpResponse:
    """Freeze the figures of a day and ask for the files."""
    found = queries.get_committee(access.convention, committee)
    form = FreezeForm(request.POST)
    obstacles: tuple[Text, ...] = ()
    if form.is_valid():
        try:
            services.freeze_committee(access, found, on=form.cleaned_data["on"])
        except services.ObstaclesError as error:
            obstacles = error.obstacles
        except InputError as error:
            form.add_error("on", say(error.text))
        else:
            messages.success(
                request,
                say(
                    Text(
                        "The figures are frozen. The files are being made.",
                        "Les chiffres sont figés. Les fichiers sont en préparation.",
                    )
                ),
            )
            return _go(access, found)
    return _show(request, access, found, form, obstacles)


@require_POST
@convention_view("edit")
def remake_files(request: HttpRequest, access: Access, committee: UUID, number: int) -> HttpResponse:
    """Ask again for the files of frozen figures."""
    found = queries.get_committee(access.convention, committee)
    services.remake_files(access, queries.get_file(found, number))
    messages.success(request, say(Text("The files are being made.", "Les fichiers sont en préparation.")))
    return _go(access, found)


@never_cache
@convention_view("read")
def send_progress(_request: HttpRequest, access: Access, committee: UUID, number: int) -> HttpResponse:
    """Send where the files stand, for the page that follows them."""
    found = queries.get_committee(access.convention, committee)
    file = queries.get_file(found, number)
    return JsonResponse(_build_state(access, found, file, committee_files.read_progress(file)))


@never_cache
@convention_view("read")
def send_file(
    _request: HttpRequest, access: Access, committee: UUID, number: int, language: str, kind: str
) -> HttpResponseBase:
    """Hand over a file of a committee."""
    found = queries.get_committee(access.convention, committee)
    file = queries.get_file(found, number)
    chosen = next((each for each in LANGUAGES if each == language), None)
    if chosen is None or kind not in committee_files.MEDIA_TYPES:
        raise Http404
    path = committee_files.find_path(file, chosen, kind)
    if not path.exists():
        raise Http404
    file.committee.convention = access.convention
    response = FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=committee_files.build_name(file, chosen, kind),
        content_type=committee_files.MEDIA_TYPES[kind],
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response


@convention_view("edit")
def record_minutes(request: HttpRequest, access: Access, committee: UUID) -> HttpResponse:
    """Record the minutes of a committee and apply its decisions."""
    found = queries.get_committee(access.convention, committee)
    file = queries.get_file(found)
    planned = {each["key"] for each in file.content["requests"] if each["to_decide"]}
    balances = read_balances(access.convention).by_request
    rows = [
        (row, balances[row.pk].reserved if row.pk in balances else Decimal(0), str(row.pk) in planned)
        for row in queries.list_open_requests(access.convention)
    ]
    documents = Document.objects.filter(convention=access.convention, kind=DocumentKind.MINUTES)
    given = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = MinutesForm(*given, requests=rows, documents=documents)
    if request.method == "POST" and form.is_valid():
        try:
            services.record_minutes(
                access,
                found,
                minutes=form.cleaned_data["minutes"],
                decisions=form.read_decisions(),
                document=_find_document(form, documents),
            )
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(Text("The decisions are recorded.", "Les décisions sont enregistrées.")))
            return _go(access, found)
    context = {**_build_base(access), "form": form, "committee": found, "file": file}
    return render(request, "conventions/committee_minutes.html", context, status=400 if form.errors else 200)


def _find_document(form: MinutesForm, documents: Any) -> Document | File[bytes]:
    upload: File[bytes] | None = form.cleaned_data["upload"]
    if upload is not None:
        return upload
    found: Document = documents.get(pk=form.cleaned_data["existing"])
    return found


def _build_base(access: Access) -> dict[str, Any]:
    return {"access": access, "convention": access.convention}


def _build_state(
    access: Access, committee: Committee, file: CommitteeFile, progress: committee_files.Progress
) -> dict[str, Any]:
    """Return what the page that follows the files shows (frontend/src/entries/run.js)."""
    seconds = max(int((timezone.now() - file.asked_at).total_seconds()), 0)
    ready = ", ".join(say(LANGUAGE_NAMES[language]) for language in progress.ready)
    step = Text("The files are about to be made.", "La préparation va commencer.")
    if progress.status == "making":
        step = Text(f"Files ready: {ready or 'none yet'}.", f"Fichiers prêts : {ready or 'aucun pour l’instant'}.")
    return {
        "number": file.number,
        "status": progress.status,
        "status_name": say(STATUS_NAMES[progress.status]),
        "open": progress.is_open,
        "can_retry": progress.can_retry,
        "percent": progress.percent,
        "step": say(step),
        "elapsed": f"{seconds} s",
        "address": reverse("convention-committee", kwargs={**_keys(access), "committee": committee.pk}),
    }


def _keys(access: Access) -> dict[str, Any]:
    return {"organisation": access.actor.organisation.slug, "convention": access.convention.pk}


def _go(access: Access, committee: Committee) -> HttpResponse:
    return HttpResponseRedirect(reverse("convention-committee", kwargs={**_keys(access), "committee": committee.pk}))
