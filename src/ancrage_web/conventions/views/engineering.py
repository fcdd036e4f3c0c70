"""Engineering of a convention: person-days, day rate, share of the contribution."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from ancrage.conventions.engineering import CEILING
from ancrage.errors import InputError
from ancrage.language import Text, format_money
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.enums import DocumentKind
from ancrage_web.conventions.forms_follow_up import WorkForm
from ancrage_web.conventions.models import EngineeringDays
from ancrage_web.conventions.queries import engineering as queries
from ancrage_web.conventions.services import engineering as services
from ancrage_web.conventions.views.jobs import save_proof
from ancrage_web.design.spreadsheets import MARK, write_rows
from ancrage_web.design.words import get_site_language, say


@convention_view("read")
def show_engineering(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the engineering added up, and its lines."""
    found = queries.read_engineering(access.convention, timezone.localdate())
    context = {
        "access": access,
        "convention": access.convention,
        "found": found,
        "share": None if found.share is None else 100 * found.share,
        "ceiling": CEILING,
        "paid_said": format_money(found.paid, get_site_language()),
        "groups": [
            (Text("By provider", "Par prestataire"), Text("Provider", "Prestataire"), found.by_provider),
            (Text("By action", "Par action"), Text("Action", "Action"), found.by_action),
            (Text("By month", "Par mois"), Text("Month", "Mois"), found.by_month),
        ],
        "works": list(queries.list_work(access.convention)),
    }
    return render(request, "conventions/engineering.html", context)


@convention_view("edit")
def create_work(request: HttpRequest, access: Access) -> HttpResponse:
    """Add work of a provider."""
    return _write_work(request, access, None)


@convention_view("edit")
def change_work(request: HttpRequest, access: Access, work: UUID) -> HttpResponse:
    """Correct work of a provider."""
    return _write_work(request, access, queries.get_work(access.convention, work))


@require_POST
@convention_view("edit")
def remove_work(request: HttpRequest, access: Access, work: UUID) -> HttpResponse:
    """Remove work written by mistake."""
    services.remove_work(access, queries.get_work(access.convention, work))
    messages.success(request, say(Text("The line is removed.", "La ligne est retirée.")))
    return _go_back(access)


@convention_view("read")
def send_engineering(_request: HttpRequest, access: Access) -> HttpResponse:
    """Send the lines as CSV."""
    head = (
        Text("Day", "Jour"),
        Text("Provider", "Prestataire"),
        Text("What was done", "Objet"),
        Text("Action", "Action"),
        Text("Person-days", "Jours-personnes"),
        Text("Amount (EUR)", "Montant (€)"),
    )
    rows: list[list[str | float | None]] = [[say(name) for name in head]]
    for work in queries.list_work(access.convention):
        action = "" if work.action is None else work.action.name
        rows.append([work.on.isoformat(), work.provider, work.label, action, float(work.days), float(work.amount)])
    response = HttpResponse(MARK + write_rows(rows, get_site_language()), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="ingenierie.csv"'
    return response


def _write_work(request: HttpRequest, access: Access, work: EngineeringDays | None) -> HttpResponse:
    initial: dict[str, Any] = {"on": timezone.localdate()}
    if work is not None:
        initial = {name: getattr(work, name) for name in ("provider", "on", "days", "amount", "label", "action")}
        initial["proof"] = work.document
    posted = request.method == "POST"
    form = WorkForm(
        access.convention, request.POST if posted else None, request.FILES if posted else None, initial=initial
    )
    if posted and form.is_valid():
        fields = dict(form.cleaned_data)
        try:
            with transaction.atomic():
                document = save_proof(access, fields, DocumentKind.PROOF)
                services.save_work(access, work=work, document=document, **fields)
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(Text("The line is saved.", "La ligne est enregistrée.")))
            return _go_back(access)
    context = {"access": access, "convention": access.convention, "form": form, "work": work}
    return render(request, "conventions/engineering_work.html", context, status=400 if form.errors else 200)


def _go_back(access: Access) -> HttpResponse:
    return redirect("convention-engineering", access.actor.organisation.slug, access.convention.pk)
