"""Beneficiaries of an organisation: their list, their page, the aids they declare."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ancrage.conventions import requests
from ancrage.conventions.aid import Window
from ancrage.errors import AncrageError, InputError, ParameterError
from ancrage.language import Text
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.conventions.forms_beneficiaries import BeneficiaryForm, DeclaredAidForm
from ancrage_web.conventions.models import Beneficiary, DeclaredAid, Request
from ancrage_web.conventions.places import name_communes
from ancrage_web.conventions.queries import aid as queries
from ancrage_web.conventions.services import beneficiaries as services
from ancrage_web.conventions.views.requests import build_table
from ancrage_web.design.words import say

PAGE_SIZE = 50


def _read_filters(request: HttpRequest) -> dict[str, str]:
    return {
        "text": request.GET.get("q", "").strip()[:100].replace("\0", ""),
        "undertaking": request.GET.get("entreprise", "")[:160].replace("\0", ""),
    }


def _read_windows(rows: Sequence[Beneficiary], on: date) -> tuple[dict[UUID, Window], Text | None]:
    """Return what each received, or nothing and why where the day is outside of the regulation."""
    try:
        return queries.read_windows(rows, on), None
    except ParameterError as error:
        return {}, error.text


def _write_window(window: Window | None) -> list[float | str]:
    return ["", ""] if window is None else [float(window.held), float(window.room)]


@require_safe
@organisation_view(Role.READER)
def list_beneficiaries(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the beneficiaries with what counts as de minimis today."""
    filters = _read_filters(request)
    page = Paginator(queries.list_beneficiaries(**filters), PAGE_SIZE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    windows, refusal = _read_windows(shown, timezone.localdate())
    kept = request.GET.copy()
    kept.pop("page", None)
    context = {
        "page": page,
        "rows": [(row, windows.get(row.pk)) for row in shown],
        "refusal": refusal,
        "filters": filters,
        "filtered": any(filters.values()),
        "undertakings": queries.list_undertakings(),
        "kept_query": kept.urlencode(),
        "can_edit": actor.role.allows(Role.EDITOR),
        "today": timezone.localdate(),
    }
    return render(request, "conventions/beneficiaries.html", context)


@require_safe
@organisation_view(Role.READER)
def send_beneficiaries(request: HttpRequest, _actor: Actor) -> HttpResponse:
    """Send the same list as a table."""
    today = timezone.localdate()
    rows = list(queries.list_beneficiaries(**_read_filters(request)))
    windows, _ = _read_windows(rows, today)
    names = Text(
        "SIREN;Name;Commune;Activity;Employees;Single undertaking;Requests;Counted on;De minimis counted (EUR);Room "
        "left (EUR)",
        "SIREN;Nom;Commune;Activité;Effectif;Entreprise unique;Demandes;Compté le;De minimis compté (€);Marge restante "
        "(€)",
    )
    table: list[list[Any]] = [
        say(names).split(";"),
        *(
            [
                row.siren,
                row.name,
                row.commune,
                row.activity,
                row.employees,
                row.undertaking,
                getattr(row, "requests_count", 0),
                today.isoformat(),
                *_write_window(windows.get(row.pk)),
            ]
            for row in rows
        ),
    ]
    return build_table(table, say(Text("beneficiaries", "beneficiaires")))


@organisation_view(Role.EDITOR)
def create_beneficiary(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Add a beneficiary."""
    return _edit(request, actor, None)


@organisation_view(Role.EDITOR)
def change_beneficiary(request: HttpRequest, actor: Actor, beneficiary: UUID) -> HttpResponse:
    """Change a beneficiary."""
    return _edit(request, actor, queries.get_beneficiary(beneficiary))


def _edit(request: HttpRequest, actor: Actor, found: Beneficiary | None) -> HttpResponse:
    initial = {} if found is None else {name: getattr(found, name) for name in services.FIELDS}
    form = BeneficiaryForm(request.POST if request.method == "POST" else None, is_new=found is None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            saved = services.save_beneficiary(actor, beneficiary=found, **form.cleaned_data)
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(Text("The beneficiary is saved.", "Le bénéficiaire est enregistré.")))
            return redirect("beneficiary", organisation=actor.organisation.slug, beneficiary=saved.pk)
    context = {"form": form, "found": found, "undertakings": queries.list_undertakings()}
    return render(request, "conventions/beneficiary_change.html", context, status=400 if form.errors else 200)


@organisation_view(Role.READER)
def show_beneficiary(request: HttpRequest, actor: Actor, beneficiary: UUID) -> HttpResponse:
    """Show a beneficiary: what counts today, its aids, its requests; an editor declares an aid there."""
    found = queries.get_beneficiary(beneficiary)
    if request.method == "POST":
        actor.require(Role.EDITOR)
    form = DeclaredAidForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.declare_aid(actor, found, **form.cleaned_data)
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(Text("The aid is written down.", "L'aide est enregistrée.")))
            return redirect("beneficiary", organisation=actor.organisation.slug, beneficiary=found.pk)
    linked = queries.list_linked(found)
    window, refusal = None, None
    try:
        window = queries.read_window(found, timezone.localdate())
    except AncrageError as error:
        refusal = error.text
    counting = queries.list_counting(linked)
    days = {} if window is None else {(each.aid.granted, each.aid.amount): each.leaves for each in window.counted}
    asked = queries.list_shown(Request.objects.filter(beneficiary=found)).select_related("convention")
    context = {
        "found": found,
        "commune": name_communes([found.commune]).get(found.commune, "") if found.commune else "",
        "linked": [other for other in linked if other != found],
        "window": window,
        "refusal": refusal,
        "counting": [(each, days.get((each.aid.granted, each.aid.amount))) for each in counting],
        "asked": [(row, requests.STATUS_NAMES[row.status]) for row in asked],  # type: ignore[index]
        "form": form,
        "firm_query": urlencode(_describe_firm(found)),
        "can_edit": actor.role.allows(Role.EDITOR),
    }
    return render(request, "conventions/beneficiary.html", context, status=400 if form.errors else 200)


def _describe_firm(found: Beneficiary) -> dict[str, str]:
    """Return what is known of a beneficiary, as the page that looks for aid asks for it."""
    size = "" if found.employees is None else str(found.employees)
    # The activity is a NAF code or words: only a code can be compared.
    code = found.activity if re.fullmatch(r"[0-9]{2}\.?[0-9]{0,2}[A-Za-z]?", found.activity) else ""
    return {"effectif": size, "naf": code, "commune": found.commune, "etape": ""}


@require_POST
@organisation_view(Role.EDITOR)
def delete_declared_aid(request: HttpRequest, actor: Actor, beneficiary: UUID, declared: int) -> HttpResponse:
    """Take away an aid declared by mistake."""
    found = queries.get_beneficiary(beneficiary)
    aid = DeclaredAid.objects.filter(beneficiary=found, pk=declared).first()
    if aid is None:
        raise Http404
    services.delete_declared_aid(actor, aid)
    messages.success(request, say(Text("The aid is taken away.", "L'aide est retirée.")))
    return redirect("beneficiary", organisation=actor.organisation.slug, beneficiary=found.pk)
