"""Remarks on a convention and on its requests of aid."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.forms_pilot import RemarkForm
from ancrage_web.conventions.models import Request
from ancrage_web.conventions.queries import pilot as queries
from ancrage_web.conventions.services import remarks as services
from ancrage_web.design.words import say

PAGE_SIZE = 30


@convention_view("read")
def show_remarks(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the remarks, of the whole convention or of one request (`?demande=`), and add one."""
    about = _find_request(access, request.GET.get("demande", ""))
    if request.method == "POST":
        access.require_comment()
    form = RemarkForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.add_remark(access, text=form.cleaned_data["text"], request=about)
        except InputError as error:
            form.add_error("text", say(error.text))
        else:
            messages.success(request, say(Text("Your remark is added.", "Votre remarque est ajoutée.")))
            return redirect(request.get_full_path())
    remarks = queries.list_remarks(access.convention)
    if about is not None:
        remarks = remarks.filter(request=about)
    page = Paginator(remarks, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "access": access,
        "convention": access.convention,
        "about": about,
        "form": form,
        "page": page,
        "rows": [(remark, services.may_delete(access, remark)) for remark in page.object_list],
        "kept_query": f"demande={about.pk}" if about is not None else "",
    }
    return render(request, "conventions/remarks.html", context, status=400 if form.errors else 200)


@require_POST
@convention_view("comment")
def delete_remark(request: HttpRequest, access: Access, remark: int) -> HttpResponse:
    """Delete a remark: its author may, and an administrator of who holds the convention."""
    found = queries.list_remarks(access.convention).filter(pk=remark).first()
    if found is None:
        raise Http404
    services.delete_remark(access, found)
    messages.success(request, say(Text("The remark is deleted.", "La remarque est supprimée.")))
    return redirect("convention-remarks", organisation=access.actor.organisation.slug, convention=access.convention.pk)


def _find_request(access: Access, key: str) -> Request | None:
    if not key:
        return None
    try:
        found = Request.objects.filter(convention=access.convention, pk=UUID(key)).first()
    except ValueError as error:
        raise Http404 from error
    if found is None:
        raise Http404
    return found
