"""Import of a convention from a spreadsheet, and export of everything about one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.cache import never_cache

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.exchange_sheets import SHEETS
from ancrage_web.conventions.import_reading import MOST_BYTES
from ancrage_web.conventions.models import ImportDraft
from ancrage_web.conventions.queries.documents import list_shown_documents
from ancrage_web.conventions.services import exports, imports
from ancrage_web.conventions.services.life import check_owner
from ancrage_web.design.words import get_site_language, say, say_later

# Beyond, the rest comes after these are corrected: a page stays readable.
MOST_SHOWN = 300


class ImportForm(forms.Form):
    """The spreadsheet to check."""

    file = forms.FileField(
        label=say_later(Text("Spreadsheet (XLSX)", "Tableur (XLSX)")),
        help_text=say_later(Text(f"At most {MOST_BYTES // 1_000_000} MB.", f"{MOST_BYTES // 1_000_000} Mo au plus.")),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx"}),
    )


@organisation_view(Role.EDITOR)
def ask_import(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Take a spreadsheet, then show what is in it."""
    check_owner(actor)
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if request.method == "POST" and form.is_valid():
        try:
            draft = imports.keep_draft(actor, form.cleaned_data["file"])
        except InputError as error:
            form.add_error("file", say(error.text))
        else:
            return redirect("convention-import-draft", organisation=actor.organisation.slug, draft=draft.pk)
    context = {"form": form, "sheets": SHEETS}
    return render(request, "conventions/import.html", context, status=400 if form.errors else 200)


@organisation_view(Role.EDITOR)
def send_template(request: HttpRequest, _actor: Actor) -> HttpResponse:
    """Send the template, empty or with its example, in the language of the page."""
    from ancrage_web.conventions.import_template import write_template

    language = get_site_language()
    example = request.GET.get("exemple") == "1"
    name = (
        Text("convention-example", "convention-exemple")
        if example
        else Text("convention-template", "convention-modele")
    )
    answer = HttpResponse(write_template(language, example=example), content_type=imports.XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{name.render(language)}.xlsx"'
    return answer


@never_cache
@organisation_view(Role.EDITOR)
def check_import(request: HttpRequest, actor: Actor, draft: UUID) -> HttpResponse:
    """Show what an import would do, then do it or drop it."""
    found = ImportDraft.objects.filter(pk=draft, organisation=actor.organisation).first()
    slug = actor.organisation.slug
    if found is None:
        # The second of two clicks finds what the first one made.
        made = imports.find_imported(actor, draft)
        if made is None:
            raise Http404
        return redirect("convention", organisation=slug, convention=made)
    if request.method == "POST" and request.POST.get("action") == "drop":
        imports.forget_draft(actor, found)
        messages.success(request, say(Text("The import is dropped.", "L'import est abandonné.")))
        return redirect("convention-import", organisation=slug)
    refusal: Text | None = None
    if request.method == "POST":
        try:
            convention = imports.import_convention(actor, found)
        except InputError as error:
            made = imports.find_imported(actor, draft)
            if made is not None:
                return redirect("convention", organisation=slug, convention=made)
            refusal = error.text
        else:
            text = Text(f"“{convention}” is imported.", f"« {convention} » est importée.")
            messages.success(request, say(text))
            return redirect("convention", organisation=slug, convention=convention.pk)
    context: dict[str, Any] = {"draft": found, "refusal": refusal}
    try:
        plan = imports.read_plan(found)
    except InputError as error:
        context["refusal"] = error.text
    else:
        counts = plan.count()
        context |= {
            "plan": plan,
            "name": plan.convention["name"] if plan.rows["convention"] else "",
            "errors": plan.errors[:MOST_SHOWN],
            "error_count": len(plan.errors),
            "warnings": plan.warnings[:MOST_SHOWN],
            "warning_count": len(plan.warnings),
            "counts": [(sheet.name, counts[sheet.key]) for sheet in SHEETS],
        }
    return render(request, "conventions/import_check.html", context, status=200 if refusal is None else 400)


@convention_view("read")
def show_export(request: HttpRequest, access: Access) -> HttpResponse:
    """Tell what an export holds."""
    documents = list_shown_documents(access.convention).count()
    context = {"access": access, "convention": access.convention, "documents": documents}
    return render(request, "conventions/export.html", context)


@never_cache
@convention_view("read")
def send_export(request: HttpRequest, access: Access) -> HttpResponseBase:
    """Send the ZIP of a convention."""
    try:
        stream = exports.export_convention(access, get_site_language(), timezone.localdate())
    except InputError as error:
        context = {"access": access, "convention": access.convention, "refusal": error.text}
        return render(request, "conventions/export.html", context, status=503)
    name = slugify(access.convention.name)[:60] or "convention"
    return FileResponse(stream, as_attachment=True, filename=f"{name}.zip", content_type="application/zip")
