"""The documents of a convention: list, upload, download, deletion of what nothing uses."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_date

from ancrage.errors import InputError, MissingDataError
from ancrage.language import Text
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.enums import DOCUMENT_NAMES
from ancrage_web.conventions.forms_documents import DocumentForm
from ancrage_web.conventions.queries import documents as queries
from ancrage_web.conventions.services import documents as services
from ancrage_web.design.words import say

PAGE_SIZE = 50


@convention_view("read")
def show_documents(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the documents with what each justifies; an editor adds some."""
    if request.method == "POST":
        access.require_edit()
    form = DocumentForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if request.method == "POST" and form.is_valid():
        try:
            document = services.add_document(
                access, form.cleaned_data["upload"], kind=form.cleaned_data["kind"], name=form.cleaned_data["name"]
            )
        except InputError as error:
            form.add_error("upload", say(error.text))
        else:
            text = Text(f"“{document}” is among the documents.", f"« {document} » est parmi les pièces.")
            messages.success(request, say(text))
            return _go_back(access)
    kind, text_wanted = request.GET.get("type", ""), request.GET.get("q", "").strip()[:200]
    found = queries.list_documents(
        access.convention,
        kind=kind if kind in DOCUMENT_NAMES else "",
        text=text_wanted,
        since=_read_day(request, "du"),
        until=_read_day(request, "au"),
    )
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    uses = queries.list_uses(rows)
    kept = request.GET.copy()
    kept.pop("page", None)
    context = {
        "access": access,
        "convention": access.convention,
        "page": page,
        "rows": [(document, DOCUMENT_NAMES[document.kind], uses[document.pk]) for document in rows],
        "kinds": list(DOCUMENT_NAMES.items()),
        "kind": kind,
        "text": text_wanted,
        "since": _read_day(request, "du"),
        "until": _read_day(request, "au"),
        "filtered": any(request.GET.get(name) for name in ("type", "q", "du", "au")),
        "kept_query": kept.urlencode(),
        "form": form,
        "can_edit": access.may_change,
    }
    return render(request, "conventions/documents.html", context, status=400 if form.errors else 200)


def _read_day(request: HttpRequest, name: str) -> date | None:
    try:
        return parse_date(request.GET.get(name, ""))
    except ValueError:  # such as the 45th of a month
        return None


@convention_view("read")
def send_document(_request: HttpRequest, access: Access, document: UUID) -> HttpResponseBase:
    """Hand a document over to be saved, never to be opened in the page of the site."""
    found = get_object_or_404(queries.list_shown_documents(access.convention), pk=document)
    try:
        file = services.open_document(found)
    except MissingDataError as error:
        raise Http404 from error
    response = FileResponse(file, as_attachment=True, filename=found.name, content_type=found.media_type)
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@convention_view("edit")
def delete_document(request: HttpRequest, access: Access, document: UUID) -> HttpResponse:
    """Delete a document that nothing uses, after a confirmation."""
    found = get_object_or_404(queries.list_shown_documents(access.convention).select_related("request"), pk=document)
    error: Text | None = None
    if request.method == "POST":
        try:
            services.delete_document(access, found)
        except InputError as refused:
            error = refused.text
        else:
            messages.success(request, say(Text(f"“{found}” is deleted.", f"« {found} » est supprimée.")))
            return _go_back(access)
    context = {
        "access": access,
        "convention": access.convention,
        "document": found,
        "uses": queries.list_uses([found])[found.pk],
        "error": error,
    }
    return render(request, "conventions/document_delete.html", context, status=400 if error else 200)


def _go_back(access: Access) -> HttpResponse:
    return redirect("convention-documents", access.actor.organisation.slug, access.convention.pk)
