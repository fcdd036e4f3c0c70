"""The list of conventions, the summary of one, and its end: archive, restore, delete."""

from __future__ import annotations

from typing import cast, get_args

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from ancrage.conventions.jobs import DEFINITIONS, NAMES
from ancrage.conventions.life import STATUS_NAMES, WAY_NAMES
from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.conventions.access import EDITING_PARTS, OWNER_PARTS, Access, convention_view
from ancrage_web.conventions.forms_pilot import DeleteForm
from ancrage_web.conventions.models import Entry
from ancrage_web.conventions.queries import pilot as queries
from ancrage_web.conventions.queries.summary import read_summary
from ancrage_web.conventions.services import archiving
from ancrage_web.conventions.services.partners import require_owner
from ancrage_web.conventions.views.shares import build_job_bar, build_money_bar
from ancrage_web.design.spreadsheets import MARK, write_rows
from ancrage_web.design.words import get_site_language, say

PAGE_SIZE = 30
SORT_NAMES: dict[queries.Sort, Text] = {
    "recent": Text("Last touched", "Dernière modification"),
    "deadline": Text("Next deadline", "Prochaine échéance"),
    "name": Text("Name", "Nom"),
    "status": Text("Status", "Statut"),
    "amount": Text("Contribution owed", "Contribution due"),
    "left": Text("Money left", "Argent disponible"),
}


def _read_filters(request: HttpRequest) -> tuple[queries.Filters, queries.Sort]:
    given = request.GET
    year = given.get("annee", "")
    sort = given.get("tri", "")
    return (
        queries.Filters(
            given.get("q", "").strip(),
            given.get("statut", "") if given.get("statut", "") in STATUS_NAMES else "",
            given.get("voie", "") if given.get("voie", "") in WAY_NAMES else "",
            int(year) if len(year) == 4 and year.isascii() and year.isdecimal() and int(year) > 0 else None,
            given.get("archivees") == "1",
        ),
        cast(queries.Sort, sort) if sort in get_args(queries.Sort) else "recent",
    )


@organisation_view(Role.READER)
def list_conventions(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the conventions of the organisation and those opened to it, with their totals."""
    filters, sort = _read_filters(request)
    today = timezone.localdate()
    lines = queries.build_lines(queries.list_conventions(actor, filters), today)
    totals = queries.compute_totals(lines)
    if sort == "deadline":
        page = Paginator(queries.sort_lines(queries.add_deadlines(lines, today), sort), PAGE_SIZE).get_page(
            request.GET.get("page")
        )
        shown = list(page.object_list)
    else:
        page = Paginator(queries.sort_lines(lines, sort), PAGE_SIZE).get_page(request.GET.get("page"))
        shown = queries.add_deadlines(list(page.object_list), today)
    kept = request.GET.copy()
    kept.pop("page", None)
    owner = OWNER_PARTS.get(actor.organisation.kind) in EDITING_PARTS
    return render(
        request,
        "conventions/conventions.html",
        {
            "page": page,
            "lines": shown,
            "totals": totals,
            "filters": filters,
            "filtered": filters != queries.Filters(),
            "sort": sort,
            "sorts": list(SORT_NAMES.items()),
            "statuses": list(STATUS_NAMES.items()),
            "ways": list(WAY_NAMES.items()),
            "years": queries.list_years(actor),
            "words": [(NAMES[word], DEFINITIONS[word], totals.jobs[word]) for word in queries.JOB_WORDS],
            "today": today,
            "kept_query": kept.urlencode(),
            "owns": owner,
            "can_create": owner and actor.role.allows(Role.EDITOR),
        },
    )


@organisation_view(Role.READER)
def send_conventions(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Send the same list, with the same filters, as CSV."""
    filters, sort = _read_filters(request)
    today = timezone.localdate()
    lines = queries.add_deadlines(queries.build_lines(queries.list_conventions(actor, filters), today), today)
    heads = (
        Text("Convention", "Convention"),
        Text("Organisation", "Organisation"),
        Text("Status", "Statut"),
        Text("Way", "Voie"),
        Text("Signed on", "Signée le"),
        Text("Ends on", "Fin"),
        Text("Owed (EUR)", "Due (€)"),
        Text("Contributed (EUR)", "Apportée (€)"),
        Text("Planned (EUR)", "Programmée (€)"),
        Text("Reserved (EUR)", "Réservée (€)"),
        Text("Committed (EUR)", "Engagée (€)"),
        Text("Paid (EUR)", "Payée (€)"),
        Text("Left (EUR)", "Disponible (€)"),
        *(Text(f"Jobs: {NAMES[word].en.lower()}", f"Emplois {NAMES[word].fr.lower()}") for word in queries.JOB_WORDS),
        Text("Next deadline", "Prochaine échéance"),
        Text("Its day", "Sa date"),
    )
    rows: list[list[str | float | None]] = [[say(head) for head in heads]]
    for line in queries.sort_lines(lines, sort):
        found, money = line.convention, line.balance
        amounts = (found.amount, money.contributed, money.planned, money.reserved, money.committed, money.paid)
        rows.append(
            [
                found.name,
                found.organisation.name,
                say(STATUS_NAMES[found.status]),  # type: ignore[index]
                say(WAY_NAMES[found.way]),  # type: ignore[index]
                found.signed_on.isoformat() if found.signed_on else None,
                found.ends_on.isoformat() if found.ends_on else None,
                *(None if amount is None else float(amount) for amount in (*amounts, money.residual)),
                *(line.jobs[word] for word in queries.JOB_WORDS),
                say(line.next.label) if line.next else None,
                line.next.day.isoformat() if line.next else None,
            ]
        )
    response = HttpResponse(MARK + write_rows(rows, get_site_language()), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="conventions-{today:%Y-%m-%d}.csv"'
    return response


@convention_view("read")
def show_convention(request: HttpRequest, access: Access) -> HttpResponse:
    """Show a convention in a minute: what was owed, what is done, what is left, what comes next."""
    today = timezone.localdate()
    summary = read_summary(access.convention, today)
    awaited = summary.awaited
    return render(
        request,
        "conventions/convention.html",
        {
            "access": access,
            "convention": access.convention,
            "summary": summary,
            "status": STATUS_NAMES[access.convention.status],  # type: ignore[index]
            "money": build_money_bar(summary.balance, summary.amount),
            "jobs": build_job_bar(summary.jobs, summary.jobs_target),
            "tasks": [(task, _find_address(task.route, access)) for task in summary.tasks],
            "next": awaited[0] if awaited else None,
            "next_days": (awaited[0].day - today).days if awaited else 0,
            "late_count": sum(1 for deadline in awaited if deadline.day < today),
            "later": awaited[1:5],
            "today": today,
            "can_archive": _may_archive(access),
            "can_delete": _may_archive(access) and access.actor.role.allows(Role.ADMINISTRATOR),
        },
    )


def _find_address(route: str, access: Access) -> str:
    return reverse(route, kwargs={"organisation": access.actor.organisation.slug, "convention": access.convention.pk})


def _may_archive(access: Access) -> bool:
    return access.actor.organisation.pk == access.organisation.pk and access.actor.role.allows(Role.EDITOR)


@require_POST
@convention_view("edit")
def archive_convention(request: HttpRequest, access: Access) -> HttpResponse:
    """Put a convention away; its page offers to take it back."""
    found = archiving.archive_convention(access)
    text = Text(
        f"“{found}” is archived: it leaves the lists and sends no more reminders.",
        f"« {found} » est archivée : elle quitte les listes et n'envoie plus de rappels.",
    )
    messages.success(request, say(text))
    return redirect("convention", organisation=access.actor.organisation.slug, convention=found.pk)


@require_POST
@convention_view("edit")
def restore_convention(request: HttpRequest, access: Access) -> HttpResponse:
    """Take an archived convention back."""
    found = archiving.restore_convention(access)
    text = Text(f"“{found}” is back in the list.", f"« {found} » est de retour dans la liste.")
    messages.success(request, say(text))
    return redirect("convention", organisation=access.actor.organisation.slug, convention=found.pk)


@convention_view("edit")
def delete_convention(request: HttpRequest, access: Access) -> HttpResponse:
    """Delete a convention for good after a tick, or say why it cannot be."""
    access.actor.require(Role.ADMINISTRATOR)
    require_owner(access)
    form = DeleteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        name = access.convention.name
        try:
            archiving.delete_convention(access)
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(Text(f"“{name}” is deleted.", f"« {name} » est supprimée.")))
            return redirect("conventions", organisation=access.actor.organisation.slug)
    context = {
        "access": access,
        "convention": access.convention,
        "form": form,
        "entries": Entry.objects.filter(convention=access.convention).count(),
    }
    return render(request, "conventions/convention_delete.html", context, status=400 if form.errors else 200)
