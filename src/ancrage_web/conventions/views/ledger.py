"""The ledger of a convention: entries, balances at a day, new entries and reversals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import chain
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date

from ancrage.conventions import ledger
from ancrage.conventions.requests import allocate_amount
from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.enums import DocumentKind
from ancrage_web.conventions.forms_ledger import DIRECT, EntryFilterForm, EntryForm, ReversalForm
from ancrage_web.conventions.models import Entry, Funder
from ancrage_web.conventions.queries import money
from ancrage_web.conventions.queries.committees import find_last_frozen_day
from ancrage_web.conventions.services.ledger import LABEL_LENGTH, MOST, Draft, post_entries, reverse_entry
from ancrage_web.design.spreadsheets import MARK, write_rows
from ancrage_web.design.words import get_site_language, say

PAGE_SIZE = 50
MEASURES: tuple[tuple[str, Text], ...] = (
    ("planned", Text("Planned", "Programmé")),
    ("reserved", Text("Reserved", "Réservé")),
    ("committed", Text("Committed", "Engagé")),
    ("paid", Text("Paid", "Payé")),
    ("given_back", Text("Given back", "Reversé")),
    ("left", Text("Left", "Disponible")),
)


@convention_view("read")
def show_ledger(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the balances at a day, then the entries, by pages."""
    convention = access.convention
    actions, funders = list(convention.actions.all()), list(convention.funders.all())
    form = EntryFilterForm(request.GET or None, actions=actions, funders=funders)
    filters = _read_filters(form)
    found = money.list_entries(convention, filters)
    # Sums of everything found, whatever the page; their counts add up to that of the list.
    sums = list(money.sum_entries(found))
    paginator = Paginator(found, PAGE_SIZE)
    paginator.count = sum(count for _, _, count in sums)
    page = paginator.get_page(request.GET.get("page"))
    page.object_list = list(money.annotate_reversal(page.object_list))  # type: ignore[arg-type]
    on, measure = _read_day(request), _read_measure(request)
    matrix = money.build_matrix(money.read_sums(convention, on, by_request=False), actions, funders)
    kept = request.GET.copy()
    kept.pop("page", None)
    context = {
        "access": access,
        "convention": convention,
        "can_write": access.may_write,
        "page": page,
        "rows": [(entry, ledger.KIND_NAMES[entry.kind]) for entry in page.object_list],  # type: ignore[index]
        "sums": [(ledger.KIND_NAMES[kind], amount, count) for kind, amount, count in sums],
        "form": form,
        "filtered": bool(filters),
        "kept_query": kept.urlencode(),
        "on": on,
        "measure": measure,
        "measures": MEASURES,
        "measure_name": dict(MEASURES)[measure],
        "funders": funders,
        "matrix": [
            (row, [getattr(cell, measure) for cell in row.cells], getattr(row.total, measure)) for row in matrix
        ],
        "total": matrix[-1].total,
    }
    return render(request, "conventions/ledger.html", context)


def _read_day(request: HttpRequest) -> date:
    try:
        return parse_date(request.GET.get("solde", "")) or timezone.localdate()
    except ValueError:  # such as the 45th of a month
        return timezone.localdate()


def _read_measure(request: HttpRequest) -> str:
    wanted = request.GET.get("mesure", "")
    return wanted if wanted in dict(MEASURES) else "left"


def _read_filters(form: EntryFilterForm) -> Q:
    """Return what the valid fields of the form ask for; a wrong one says so beside it and filters nothing."""
    form.is_valid()
    given = getattr(form, "cleaned_data", {})
    fields = {
        "du": "on__gte",
        "au": "on__lte",
        "type": "kind",
        "demande": "request__number",
        "action": "action",
        "financeur": "funder",
    }
    found = Q(**{field: given[name] for name, field in fields.items() if given.get(name)})
    if given.get("q"):
        found &= Q(label__icontains=given["q"]) | Q(document__name__icontains=given["q"])
    return found


@convention_view("read")
def show_entry(request: HttpRequest, access: Access, entry: UUID) -> HttpResponse:
    """Show one entry with its document, its request and what undoes it."""
    found = get_object_or_404(money.annotate_reversal(money.list_entries(access.convention)), pk=entry)
    undone_by = Entry.objects.filter(reverses=found).first()
    start, end = ledger.MOVES[found.kind]  # type: ignore[index]
    if found.reverses_id is not None:
        start, end = end, start
    context = {
        "access": access,
        "convention": access.convention,
        "entry": found,
        "kind": ledger.KIND_NAMES[found.kind],  # type: ignore[index]
        "start": ledger.STAGE_NAMES[start],
        "end": ledger.STAGE_NAMES[end],
        "undone_by": undone_by,
        "can_reverse": access.may_write and undone_by is None and found.reverses_id is None,
    }
    return render(request, "conventions/entry.html", context)


@convention_view("edit")
def write_entry(request: HttpRequest, access: Access) -> HttpResponse:
    """Write an entry that concerns no decision on a request, split over funders."""
    convention = access.convention
    actions, funders = list(convention.actions.all()), list(convention.funders.all())
    wanted = request.GET.get("type", "")
    balances = money.read_balances(convention, by_request=False)
    form = EntryForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        convention=convention,
        actions=actions,
        funders=funders,
        paid=money.read_held(convention, "paid"),
        frozen_on=find_last_frozen_day(convention),
        initial={
            "on": timezone.localdate(),
            "kind": wanted if wanted in DIRECT else "contribute",
            "action": request.GET.get("action", ""),
            "label": request.GET.get("libelle", "")[:LABEL_LENGTH],
            **_read_amount(request, funders, balances),
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            entries = _write(access, form)
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            count = len(entries)
            text = Text(
                f"{count} entr{'y is' if count == 1 else 'ies are'} in the ledger.",
                f"{count} écriture{'' if count == 1 else 's'} au registre.",
            )
            messages.success(request, say(text))
            return _go_back(access)
    context = {
        "access": access,
        "convention": convention,
        "form": form,
        "funders": [(funder, balances.get_funder(funder).unplanned) for funder in funders],
        "held": money.read_held(convention, "planned"),
    }
    return render(request, "conventions/entry_form.html", context, status=400 if form.errors else 200)


def _read_amount(request: HttpRequest, funders: list[Funder], balances: money.Balances) -> dict[str, Decimal]:
    """Share the amount that the address asks for as the money that is in no action, or leave it to be shared out."""
    try:
        amount = Decimal(request.GET.get("montant", ""))
    except InvalidOperation:
        return {}
    if not (amount.is_finite() and 0 < amount <= MOST and amount == round(amount, 2)):
        return {}
    held = {funder.pk: balances.get_funder(funder).unplanned for funder in funders}
    if sum(held.values()) < amount:
        return {"total": amount}
    return {f"part_{key}": part for key, part in allocate_amount(amount, held).items() if part}


def _write(access: Access, form: EntryForm) -> list[Entry]:
    data = form.cleaned_data
    kind: ledger.Kind = data["kind"]
    proof = DocumentKind.TRANSFER if kind in ("contribute", "withdraw", "give_back") else DocumentKind.DECISION
    # A file that was sent for an entry that is refused goes away with it.
    with transaction.atomic():
        document = form.read_document(access, kind=proof)
        return post_entries(
            access,
            [
                Draft(
                    on=data["on"],
                    kind=kind,
                    funder=funder,
                    amount=amount,
                    document=document,
                    action=form.actions.get(data["action"]) if kind not in ("contribute", "withdraw") else None,
                    request=form.requests.get(data["request"]) if kind == "give_back" else None,
                    label=data["label"],
                )
                for funder, amount in data["parts"]
            ],
        )


@convention_view("edit")
def undo_entry(request: HttpRequest, access: Access, entry: UUID) -> HttpResponse:
    """Reverse an entry, after a confirmation with the document that says why."""
    found = get_object_or_404(money.list_entries(access.convention), pk=entry)
    sent = request.method == "POST"
    form = ReversalForm(
        request.POST if sent else None,
        request.FILES if sent else None,
        convention=access.convention,
        initial={"on": timezone.localdate()},
    )
    if sent and form.is_valid():
        try:
            with transaction.atomic():
                document = form.read_document(access, kind=DocumentKind.OTHER)
                reverse_entry(access, found, on=form.cleaned_data["on"], document=document)
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            text = Text(f"Entry {found.number} is reversed.", f"L'écriture n° {found.number} est contre-passée.")
            messages.success(request, say(text))
            return _go_back(access)
    context = {
        "access": access,
        "convention": access.convention,
        "form": form,
        "entry": found,
        "kind": ledger.KIND_NAMES[found.kind],  # type: ignore[index]
    }
    return render(request, "conventions/entry_reverse.html", context, status=400 if form.errors else 200)


@convention_view("read")
def send_entries(request: HttpRequest, access: Access) -> StreamingHttpResponse:
    """Give every entry, or those of the filters, as a CSV file in the order of their numbers."""
    convention = access.convention
    form = EntryFilterForm(
        request.GET or None, actions=list(convention.actions.all()), funders=list(convention.funders.all())
    )
    found = money.list_entries(convention, _read_filters(form)).order_by("number")
    language = get_site_language()
    heading = [
        say(title)
        for title in (
            Text("number", "numéro"),
            Text("day", "date"),
            Text("kind", "type"),
            Text("action", "action"),
            Text("funder", "financeur"),
            Text("request", "demande"),
            Text("amount (EUR)", "montant (€)"),
            Text("document", "pièce"),
            Text("label", "libellé"),
            Text("reverses", "contre-passe"),
        )
    ]
    # Read now: the scope of the organisation is closed when the lines leave.
    rows = list(_list_cells(found))
    lines = (write_rows(rows[start : start + 500], language) for start in range(0, len(rows), 500))
    response = StreamingHttpResponse(
        chain([MARK + write_rows([heading], language)], lines), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{say(Text("ledger", "registre"))}.csv"'
    response["Cache-Control"] = "private, no-store"
    return response


def _list_cells(entries: QuerySet[Entry]) -> Iterator[list[str | float | None]]:
    for entry in entries:
        amount = -entry.amount if entry.reverses_id is not None else entry.amount
        yield [
            entry.number,
            entry.on.isoformat(),
            say(ledger.KIND_NAMES[entry.kind]),  # type: ignore[index]
            entry.action.name if entry.action is not None else "",
            entry.funder.name,
            None if entry.request is None else entry.request.number,
            float(amount),
            entry.document.name,
            entry.label,
            None if entry.reverses is None else entry.reverses.number,
        ]


def _go_back(access: Access) -> HttpResponse:
    return redirect("convention-ledger", access.actor.organisation.slug, access.convention.pk)
