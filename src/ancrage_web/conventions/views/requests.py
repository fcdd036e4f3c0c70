"""Requests of aid of a convention, for those who manage it: the list, the page of one, its sheet."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ancrage.conventions import requests
from ancrage.conventions.model import Finding
from ancrage.conventions.valuation import value_loans
from ancrage.errors import AncrageError, InputError
from ancrage.language import Text
from ancrage.parameters import load_parameters
from ancrage_web.audit.models import AuditLine
from ancrage_web.audit.queries import describe_lines
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.forms_requests import STEPS, BasisForm, SheetForm
from ancrage_web.conventions.models import Action, Beneficiary, Committee, Request
from ancrage_web.conventions.places import name_communes
from ancrage_web.conventions.queries import aid as queries
from ancrage_web.conventions.services import requests as services
from ancrage_web.conventions.services.beneficiaries import save_beneficiary
from ancrage_web.conventions.services.remarks import add_remark
from ancrage_web.conventions.writing import write_amount
from ancrage_web.design.spreadsheets import MARK, write_rows
from ancrage_web.design.words import get_site_language, say

PAGE_SIZE = 50


def _read_uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def _read_filters(request: HttpRequest) -> dict[str, str]:
    status = request.GET.get("statut", "")
    return {
        "status": status if status in requests.STATUS_NAMES or status == "open" else "",
        "action": _read_uuid(request.GET.get("action", "")),
        "beneficiary": _read_uuid(request.GET.get("beneficiaire", "")),
        "committee": _read_uuid(request.GET.get("comite", "")),
        "text": request.GET.get("q", "").strip()[:100].replace("\0", ""),
    }


@convention_view("read")
@require_safe
def list_requests(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the requests of a convention, with their totals."""
    filters = _read_filters(request)
    rows = queries.list_requests(access.convention, **filters)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    paid = queries.read_paid(shown)
    kept = request.GET.copy()
    kept.pop("page", None)
    context = {
        "access": access,
        "convention": access.convention,
        "page": page,
        "rows": [(row, requests.STATUS_NAMES[row.status], paid.get(row.pk, Decimal(0))) for row in shown],  # type: ignore[index]
        "totals": queries.read_totals(rows),
        "filters": filters,
        "filtered": any(filters.values()),
        "statuses": list(requests.STATUS_NAMES.items()),
        "actions": list(Action.objects.filter(convention=access.convention)),
        "committees": list(Committee.objects.filter(convention=access.convention).only("day", "kind")),
        "beneficiaries": queries.list_of_convention(access.convention),
        "hidden": queries.count_hidden_drafts(access.convention),
        "kept_query": kept.urlencode(),
    }
    return render(request, "conventions/requests.html", context)


@convention_view("read")
@require_safe
def send_requests(request: HttpRequest, access: Access) -> HttpResponse:
    """Send the same list as a table."""
    names = Text(
        "Number;Status;Title;Beneficiary;SIREN;Action;Nature;Asked (EUR);Granted (EUR);Paid (EUR);Jobs created;Jobs "
        "maintained;Submitted;Decided",
        "Numéro;Statut;Intitulé;Bénéficiaire;SIREN;Action;Nature;Demandé (€);Accordé (€);Payé (€);Emplois "
        "créés;Emplois maintenus;Déposée;Décidée",
    )
    rows = list(queries.list_requests(access.convention, **_read_filters(request)))
    paid = queries.read_paid(rows)
    table: list[list[Any]] = [say(names).split(";"), *(_write_row(row, paid) for row in rows)]
    return build_table(table, say(Text("requests", "demandes")))


def _write_row(row: Request, paid: Mapping[UUID, Decimal]) -> list[Any]:
    return [
        row.number,
        say(requests.STATUS_NAMES[row.status]),  # type: ignore[index]
        row.title,
        row.beneficiary.name if row.beneficiary else "",
        row.beneficiary.siren if row.beneficiary else "",
        row.action.name if row.action else "",
        say(requests.NATURE_NAMES[row.nature]),  # type: ignore[index]
        None if row.amount_asked is None else float(row.amount_asked),
        None if row.amount_granted is None else float(row.amount_granted),
        float(paid.get(row.pk, 0)),
        row.jobs_created,
        row.jobs_maintained,
        "" if row.submitted_on is None else row.submitted_on.isoformat(),
        "" if row.decided_on is None else row.decided_on.isoformat(),
    ]


def build_table(table: list[list[Any]], name: str) -> HttpResponse:
    """Return rows as a file that a spreadsheet opens."""
    response = HttpResponse(MARK + write_rows(table, get_site_language()), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


@convention_view("edit")
def create_request(request: HttpRequest, access: Access) -> HttpResponse:
    """Write the project sheet of a request given on paper."""
    return _edit_sheet(request, access, None)


@convention_view("edit")
def change_request(request: HttpRequest, access: Access, aid: UUID) -> HttpResponse:
    """Change a project sheet while it can be written; afterwards, its legal basis."""
    found = queries.get_request(access.convention, aid)
    if found.status in requests.WRITABLE:
        return _edit_sheet(request, access, found)
    initial = {name: getattr(found, name) for name in ("de_minimis", "other_basis", "grant_equivalent", "version")}
    form = BasisForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        try:
            services.save_request(access, found, version=values.pop("version"), **values)
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(Text("The request is saved.", "La demande est enregistrée.")))
            return _go(access, found)
    context = {"access": access, "convention": access.convention, "form": form, "asked": found, "basis_only": True}
    return render(request, "conventions/request_change.html", context, status=400 if form.errors else 200)


def _edit_sheet(request: HttpRequest, access: Access, found: Request | None) -> HttpResponse:
    actions = list(Action.objects.filter(convention=access.convention))
    initial: dict[str, Any] = {"de_minimis": True, "nature": "grant"}
    if found is not None:
        initial = {name: getattr(found, name) for name in SheetForm.base_fields if hasattr(found, name)}
        initial["action"] = str(found.action_id or "")
        if found.beneficiary is not None:
            initial["siren"] = found.beneficiary.siren
    form = SheetForm(
        request.POST if request.method == "POST" else None,
        initial=initial,
        convention=access.convention,
        actions=actions,
    )
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        version, siren, name = values.pop("version"), values.pop("siren"), values.pop("beneficiary_name")
        try:
            with transaction.atomic():
                values["beneficiary"] = find_or_create(access, siren, name)
                if found is None:
                    saved = services.create_request(access, **values)
                else:
                    saved = services.save_request(access, found, version=version, **values)
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(Text("The request is saved.", "La demande est enregistrée.")))
            return _go(access, saved)
    context = {
        "access": access,
        "convention": access.convention,
        "form": form,
        "asked": found,
        "known": list(Beneficiary.objects.values_list("siren", "name")[:500]),
    }
    return render(request, "conventions/request_change.html", context, status=400 if form.errors else 200)


def find_or_create(access: Access, siren: str, name: str) -> Beneficiary | None:
    """Return the beneficiary of a SIREN, created where it is not known; None without a SIREN.

    Raises
    ------
    InputError
        If it is not known and has no name.
    """
    if not siren:
        return None
    known = Beneficiary.objects.filter(siren=siren).first()
    return known or save_beneficiary(access, siren=siren, name=name)


def _go(access: Access, found: Request) -> HttpResponse:
    return redirect(
        "convention-request",
        organisation=access.actor.organisation.slug,
        convention=access.convention.pk,
        aid=found.pk,
    )


@convention_view("read")
@require_safe
def show_request(request: HttpRequest, access: Access, aid: UUID) -> HttpResponse:
    """Show a request: its sheet, its money, what the rules say, what was done."""
    found = queries.get_request(access.convention, aid)
    return render(request, "conventions/request.html", build_context(access, found))


def build_context(access: Access, found: Request) -> dict[str, Any]:
    """Return what the page of a request shows."""
    holdings = queries.read_holdings(found)
    lines = AuditLine.objects.filter(object_type="request", object_id=str(found.pk)).select_related("actor")
    return {
        "access": access,
        "convention": access.convention,
        "asked": found,
        "status": requests.STATUS_NAMES[found.status],  # type: ignore[index]
        "nature": requests.NATURE_NAMES[found.nature],  # type: ignore[index]
        "holdings": holdings,
        "finding": describe_finding(check_now(found)),
        "loans": describe_finding(_value_loans(found)),
        "counted": _explain_loan(found),
        "outside": queries.find_outside(found),
        "steps": list_steps(access, found, sum((each.paid for each in holdings), Decimal(0))),
        "life": queries.list_life(found),
        "can_change": access.may_write
        and (found.status in requests.WRITABLE or found.status in ("submitted", "instructed")),
        "documents": list(found.documents.order_by("uploaded_at")),
        "commune": name_communes([found.commune]).get(found.commune, "") if found.commune else "",
        # The page of a beneficiary is for its own organisation, not for partners.
        "own_side": access.actor.organisation == access.organisation,
        "decisions": queries.list_decisions(found),
        "next_committee": queries.find_next_committee(found, timezone.localdate()),
        "remarks": list(found.remarks.select_related("author", "author_organisation")),
        "jobs": list(found.jobs.all()),
        "history": describe_lines(
            lines.order_by("sequence"), {"status": {str(key): name for key, name in requests.STATUS_NAMES.items()}}
        ),
    }


def list_steps(access: Access, found: Request, paid: Decimal) -> list[tuple[str, Text, bool]]:
    """Return the steps offered: word of the address, name, whether it closes something."""
    if not access.may_write:
        return []
    return [
        (word, step.name, step.danger)
        for word, step in STEPS.items()
        if found.status in step.statuses and (word != "reverser" or paid > 0)
    ]


def check_now(found: Request) -> Finding | AncrageError | None:
    """Return what R17 says of a request: of what was granted on its day, else of what is asked for today."""
    amount, on = found.amount_granted or found.amount_asked, found.decided_on or timezone.localdate()
    if not amount or found.status in ("refused", "withdrawn"):
        return None
    try:
        return queries.check_request(found, amount, on)
    except AncrageError as error:
        return error


def _value_loans(found: Request) -> Finding | None:
    action = found.action
    if found.nature != "loan" or action is None or action.lent is None or action.loan_cost is None:
        return None
    return value_loans(action.lent, action.loan_cost, load_parameters())


def _explain_loan(found: Request) -> dict[str, Any] | None:
    """Return what of a loan or a guarantee counts as aid, and whether that is an assumption."""
    amount = found.amount_granted or found.amount_asked
    if found.nature not in ("loan", "guarantee") or not amount:
        return None
    counted = requests.compute_counted_amount(found.nature, amount, found.grant_equivalent)
    return {"amount": amount, "counted": counted, "assumed": found.grant_equivalent is None}


def describe_finding(finding: Finding | AncrageError | None) -> dict[str, Any] | None:
    """Return what a template writes of a finding, or of the refusal of a rule to answer."""
    if finding is None:
        return None
    if isinstance(finding, AncrageError):
        return {"level": "human", "says": finding.text, "lines": []}
    lines = [(line.label, write_amount(line.value, line.unit)) for line in finding.lines]
    return {"level": finding.level, "says": finding.says, "todo": finding.todo, "lines": lines, "rule": finding.rule}


@require_POST
@convention_view("comment")
def remark_request(request: HttpRequest, access: Access, aid: UUID) -> HttpResponse:
    """Add a remark to a request."""
    found = queries.get_request(access.convention, aid)
    try:
        add_remark(access, text=request.POST.get("text", ""), request=found)
    except InputError as error:
        context = {**build_context(access, found), "remark_error": error.text, "remark": request.POST.get("text", "")}
        return render(request, "conventions/request.html", context, status=400)
    messages.success(request, say(Text("The remark is added.", "La remarque est ajoutée.")))
    return _go(access, found)
