"""The public form of requests of aid: a secret opens each page, nobody signs in, nothing is indexed nor kept around."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST
from django_scopes import scope

from ancrage.conventions import requests
from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.forms_documents import ACCEPTED
from ancrage_web.conventions.forms_public import PARTS, PartForm, StartForm, build_part, pack_part
from ancrage_web.conventions.models import Basin, CallLink, Request
from ancrage_web.conventions.queries import aid as queries
from ancrage_web.conventions.services import public_requests as services
from ancrage_web.design.words import get_site_language, say

P = ParamSpec("P")

# By address of the visitor, then by link: starting, and writing.
START_RATES = {"aid-start": "10/h/ip,200/d/key"}
WRITE_RATES = {"aid-write": "240/h/ip,240/h/key"}


def _close(response: HttpResponse) -> HttpResponse:
    # The address is the key. "same-origin" rather than nothing: the forms of the page need to prove where they are.
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Cache-Control"] = "private, no-store"
    return response


def _slow_down(request: HttpRequest) -> HttpResponse:
    return _close(render(request, "429.html", status=429))


def own_view(
    view: Callable[Concatenate[HttpRequest, Request, str, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Open a view to whoever holds the personal link of a request, in the scope of its organisation; else 404."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def open_view(request: HttpRequest, token: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not ratelimit.consume(request, app="ancrage", action="aid-write", config=WRITE_RATES, key=token):
            return _slow_down(request)
        found = services.find_own(token)
        if found is None:
            return _close(render(request, "conventions/public/closed.html", status=404))
        # The one place where someone without an account opens a scope here: that of their own request.
        with scope(organisation=found.convention.organisation):
            return _close(view(request, found, token, *args, **kwargs))

    return open_view


@require_http_methods(["GET", "HEAD", "POST"])
def start_request(request: HttpRequest, token: str) -> HttpResponse:
    """Show the actions that take requests, and start a request for an e-mail address."""
    link = services.find_call(token)
    if link is None:
        return _close(render(request, "conventions/public/closed.html", status=404))
    if not ratelimit.consume(request, app="ancrage", action="aid-start", config=START_RATES, key=token):
        return _slow_down(request)
    # As in `own_view`: the secret of the call decides of the scope.
    with scope(organisation=link.convention.organisation):
        return _close(_start(request, link))


def _start(request: HttpRequest, link: CallLink) -> HttpResponse:
    form = StartForm(request.POST if request.method == "POST" else None)
    convention = link.convention
    if request.method == "POST" and form.is_valid():
        try:
            created, own, sent = services.start_request(
                link, email=form.cleaned_data["email"], language=get_site_language()
            )
        except InputError as error:
            form.add_error("email", say(error.text))
        else:
            address = services.build_address("aid-request", own)
            context = {"asked": created, "token": own, "address": address, "sent": sent, "convention": convention}
            return render(request, "conventions/public/started.html", context)
    context = {
        "form": form,
        "convention": convention,
        "basins": list(Basin.objects.filter(convention=convention)),
        "actions": services.list_open_actions(convention),
    }
    return render(request, "conventions/public/call.html", context, status=400 if form.errors else 200)


@own_view
def show_request(request: HttpRequest, found: Request, token: str) -> HttpResponse:
    """Show where one's request stands, and what can be done."""
    status = found.status
    context = {
        "asked": found,
        "token": token,
        "status": requests.STATUS_NAMES[status],  # type: ignore[index]
        "writable": status in requests.WRITABLE,
        "withdrawable": status != "draft" and "withdrawn" in requests.list_next(status, "beneficiary"),  # type: ignore[arg-type]
        "decided": status in (*requests.FUNDED, "refused"),
        "parts": [(part, name, part in found.draft) for part, (name, _) in PARTS.items()],
        "first": next((part for part in PARTS if part not in found.draft), None),
        "documents": services.list_own_documents(found),
        "life": queries.list_life(found),
        "next": requests.NEXT_FOR_BENEFICIARY[status],  # type: ignore[index]
        "paid": queries.read_paid([found]).get(found.pk, Decimal(0)),
    }
    return render(request, "conventions/public/request.html", context)


def _go(token: str, route: str = "aid-request", **keys: Any) -> HttpResponse:
    response: HttpResponse = redirect(route, token=token, **keys)
    return response


def _refuse_closed(request: HttpRequest, found: Request, token: str) -> HttpResponse | None:
    if found.status in requests.WRITABLE:
        return None
    text = Text("This request is submitted: it no longer changes.", "Cette demande est déposée : elle ne change plus.")
    messages.info(request, say(text))
    return _go(token)


@own_view
def write_part(request: HttpRequest, found: Request, token: str, part: str) -> HttpResponse:
    """Write one part of the request; it is kept, and one may come back later."""
    if part not in PARTS:
        raise Http404
    closed = _refuse_closed(request, found, token)
    if closed is not None:
        return closed
    actions = services.list_open_actions(found.convention, found)
    form = build_part(part, found.draft, found.convention, actions)
    if request.method == "POST":
        form = PARTS[part][1](request.POST, convention=found.convention, actions=actions)
        if form.is_valid():
            try:
                services.save_draft(found, part, pack_part(form))
            except InputError as error:
                form.add_error(None, say(error.text))
            else:
                order = list(PARTS)
                following = order[order.index(part) + 1 :]
                if "later" in request.POST:
                    messages.success(request, say(Text("Your draft is kept.", "Votre brouillon est conservé.")))
                    return _go(token)
                return (
                    _go(token, "aid-request-part", part=following[0])
                    if following
                    else _go(token, "aid-request-documents")
                )
    context = {
        "asked": found,
        "token": token,
        "form": form,
        "title": PARTS[part][0],
        "actions": actions if part == "projet" else [],
        "place": list(PARTS).index(part) + 1,
        "before": [None, *PARTS][list(PARTS).index(part)],
        "count": len(PARTS) + 2,
    }
    return render(request, "conventions/public/part.html", context, status=400 if form.errors else 200)


@own_view
def join_documents(request: HttpRequest, found: Request, token: str) -> HttpResponse:
    """Join files to the request, one at a time."""
    closed = _refuse_closed(request, found, token)
    if closed is not None:
        return closed
    refusal = None
    if request.method == "POST":
        upload = request.FILES.get("upload")
        try:
            if upload is None:
                raise InputError(
                    "No file was chosen: choose one, then send it.",
                    "Aucun fichier choisi : choisissez-en un, puis envoyez-le.",
                )
            services.join_document(found, upload)
        except InputError as error:
            refusal = error.text
        else:
            messages.success(request, say(Text("The file is joined.", "Le fichier est joint.")))
            return _go(token, "aid-request-documents")
    context = {
        "asked": found,
        "token": token,
        "documents": services.list_own_documents(found),
        "refusal": refusal,
        "accepted": ACCEPTED,
        "upload_mb": settings.UPLOAD_MB,
        "most_documents": services.MOST_DOCUMENTS,
        "before": list(PARTS)[-1],
        "place": len(PARTS) + 1,
        "count": len(PARTS) + 2,
    }
    return render(request, "conventions/public/documents.html", context, status=400 if refusal else 200)


@require_POST
@own_view
def remove_document(request: HttpRequest, found: Request, token: str, document: UUID) -> HttpResponse:
    """Take away a file joined by mistake, while the request is being written."""
    closed = _refuse_closed(request, found, token)
    if closed is not None:
        return closed
    own = next((each for each in services.list_own_documents(found) if each.pk == document), None)
    if own is None:
        raise Http404
    try:
        services.remove_document(found, own)
    except InputError as error:
        messages.error(request, say(error.text))
    else:
        messages.success(request, say(Text(f"“{own}” is taken away.", f"« {own} » est retiré.")))
    return _go(token, "aid-request-documents")


@own_view
def review_request(request: HttpRequest, found: Request, token: str) -> HttpResponse:
    """Read everything again, then submit."""
    closed = _refuse_closed(request, found, token)
    if closed is not None:
        return closed
    actions = services.list_open_actions(found.convention, found)
    forms: dict[str, PartForm] = {
        part: build_part(part, found.draft, found.convention, actions, check=True) for part in PARTS
    }
    incomplete = [part for part, form in forms.items() if not form.is_valid()]
    refusal = None
    if request.method == "POST" and not incomplete:
        sheet = {
            name: forms[part].cleaned_data[name]
            for part, names in (
                ("projet", ("title", "description", "commune")),
                ("emplois", ("jobs_created", "jobs_maintained")),
                ("budget", ("project_cost", "amount_asked")),
            )
            for name in names
        }
        sheet["action"] = forms["projet"].actions[forms["projet"].cleaned_data["action"]]
        try:
            services.submit_draft(
                found,
                sheet=sheet,
                firm=dict(forms["entreprise"].cleaned_data),
                aids=forms["minimis"].list_aids(),  # type: ignore[attr-defined]
            )
        except InputError as error:
            refusal = error.text
        else:
            messages.success(request, say(Text("Your request is submitted.", "Votre demande est déposée.")))
            return _go(token)
    context = {
        "asked": found,
        "token": token,
        "parts": [(part, name, part not in incomplete, forms[part].list_values()) for part, (name, _) in PARTS.items()],
        "documents": services.list_own_documents(found),
        "incomplete": incomplete,
        "refusal": refusal,
        "place": len(PARTS) + 2,
        "count": len(PARTS) + 2,
    }
    status = 400 if refusal or (request.method == "POST" and incomplete) else 200
    return render(request, "conventions/public/review.html", context, status=status)


@own_view
def withdraw_request(request: HttpRequest, found: Request, token: str) -> HttpResponse:
    """Withdraw one's request, after a confirmation."""
    refusal = None
    if request.method == "POST":
        try:
            services.withdraw_own(found)
        except InputError as error:
            refusal = error.text
        else:
            messages.success(request, say(Text("Your request is withdrawn.", "Votre demande est retirée.")))
            return _go(token)
    context = {"asked": found, "token": token, "refusal": refusal, "erasing": False}
    return render(request, "conventions/public/confirm.html", context, status=400 if refusal else 200)


@own_view
def erase_request(request: HttpRequest, found: Request, token: str) -> HttpResponse:
    """Erase a draft, or the e-mail of a submitted request, after a confirmation."""
    if request.method == "POST":
        if services.erase_own(found):
            return render(request, "conventions/public/erased.html")
        messages.success(request, say(Text("Your e-mail address is erased.", "Votre adresse e-mail est effacée.")))
        return _go(token)
    context = {"asked": found, "token": token, "refusal": None, "erasing": True}
    return render(request, "conventions/public/confirm.html", context)


@own_view
def send_data(_request: HttpRequest, found: Request, _token: str) -> HttpResponse:
    """Send everything that is kept about one's request."""
    firm = found.beneficiary
    data = {
        "convention": found.convention.name,
        "number": found.number,
        "status": found.status,
        "email": found.contact_email,
        "written": found.draft,
        "title": found.title,
        "description": found.description,
        "commune": found.commune,
        "beneficiary": None if firm is None else {"siren": firm.siren, "name": firm.name},
        "jobs_created": found.jobs_created,
        "jobs_maintained": found.jobs_maintained,
        "project_cost": found.project_cost,
        "amount_asked": found.amount_asked,
        "amount_granted": found.amount_granted,
        "submitted_on": found.submitted_on,
        "decided_on": found.decided_on,
        "agreed_on": found.agreed_on,
        "ended_on": found.ended_on,
        "link_until": found.token_expires_at,
        "note": found.decision_note,
        "documents": [
            {"name": each.name, "size": each.size, "sha256": each.sha256} for each in services.list_own_documents(found)
        ],
    }
    response = JsonResponse(data, json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Content-Disposition"] = 'attachment; filename="demande.json"'
    return response


@convention_view("edit")
def manage_call(request: HttpRequest, access: Access) -> HttpResponse:
    """Open, renew or close the public address of a convention; its secret is shown this once."""
    address, refusal = "", None
    if request.method == "POST":
        try:
            if "close" in request.POST:
                services.close_call(access)
            else:
                address = services.build_address("aid-call", services.open_call(access))
        except InputError as error:
            refusal = error.text
    context = {
        "access": access,
        "convention": access.convention,
        "address": address,
        "refusal": refusal,
        "call": queries.find_call(access.convention),
        "actions": services.list_open_actions(access.convention),
        "started": list(Request.objects.filter(convention=access.convention, public=True)),
    }
    response = render(request, "conventions/call.html", context, status=400 if refusal else 200)
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@convention_view("edit")
def renew_link(request: HttpRequest, access: Access, aid: UUID) -> HttpResponse:
    """Send a new personal link to a beneficiary."""
    found = Request.objects.filter(convention=access.convention, pk=aid, public=True).first()
    if found is None:
        raise Http404
    try:
        sent = services.renew_link(access, found)
    except InputError as error:
        messages.error(request, say(error.text))
    else:
        good = Text(
            "A new link is sent; the former one no longer works.",
            "Un nouveau lien est parti ; l'ancien ne fonctionne plus.",
        )
        bad = Text(
            "The e-mail could not leave: the mail server does not answer. Try again later.",
            "L'e-mail n'a pas pu partir : le serveur de messagerie ne répond pas. Réessayez plus tard.",
        )
        (messages.success if sent else messages.error)(request, say(good if sent else bad))
    return redirect("convention-call", organisation=access.actor.organisation.slug, convention=access.convention.pk)
