"""The steps of the life of a request: each has its form, its service, and its line in the trail."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.enums import Outcome
from ancrage_web.conventions.forms_requests import STEPS, Step, StepForm
from ancrage_web.conventions.models import Document, Funder, Request
from ancrage_web.conventions.queries import aid as queries
from ancrage_web.conventions.queries.documents import list_shown_documents
from ancrage_web.conventions.services import requests as services
from ancrage_web.conventions.services.documents import add_document
from ancrage_web.conventions.views.requests import check_now, describe_finding
from ancrage_web.design.words import say


@convention_view("edit")
def change_status(request: HttpRequest, access: Access, aid: UUID, step: str) -> HttpResponse:
    """Show what a step asks, then do it once."""
    found = queries.get_request(access.convention, aid)
    asked = STEPS.get(step)
    if asked is None:
        raise Http404
    form = StepForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        step=asked,
        documents=list(list_shown_documents(access.convention)[:200]),
        most=_list_most(step, found),
        initial={
            "version": found.version,
            "amount": sum((h.reserved for h in queries.read_holdings(found)), Decimal(0)),
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                _do(access, found, step, form, _read_document(access, found, asked, form))
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(Text("Recorded.", "C'est enregistré.")))
            return redirect(
                "convention-request",
                organisation=access.actor.organisation.slug,
                convention=access.convention.pk,
                aid=found.pk,
            )
    context = {
        "access": access,
        "convention": access.convention,
        "asked": found,
        "step": asked,
        "form": form,
        "impossible": found.status not in asked.statuses,
        "finding": describe_finding(check_now(found)) if step in ("instruire", "decider") else None,
        "outside": queries.find_outside(found) if step in ("instruire", "decider") else "",
    }
    return render(request, "conventions/request_step.html", context, status=400 if form.errors else 200)


def _list_most(step: str, found: Request) -> dict[Funder, Decimal]:
    """Return by funder what the step can take: free in the action, committed, or paid."""
    if step == "instruire":
        free = queries.read_free(found.action) if found.action else {}
        funders = Funder.objects.filter(convention=found.convention_id)
        return {funder: free[funder.pk] for funder in funders if free.get(funder.pk, 0) > 0}
    holdings = queries.read_holdings(found)
    if step == "payer":
        return {holding.funder: holding.committed for holding in holdings if holding.committed > 0}
    if step == "reverser":
        return {holding.funder: holding.paid for holding in holdings if holding.paid > 0}
    return {}


def _read_document(access: Access, found: Request, step: Step, form: StepForm) -> Document | None:
    chosen = form.cleaned_data.get("document")
    if chosen:
        return form.documents[chosen]
    upload = form.cleaned_data.get("upload")
    return add_document(access, upload, kind=step.kind, request=found) if upload else None


def _do(access: Access, found: Request, step: str, form: StepForm, document: Document | None) -> None:
    given: dict[str, Any] = form.cleaned_data
    common: dict[str, Any] = {"version": given["version"] or found.version}
    if step == "renvoyer":
        services.return_request(access, found, reason=given["reason"], **common)
        return
    common["on"] = given["on"]
    if step == "deposer":
        services.submit_request(access, found, **common)
        return
    common["document"] = document
    if step == "instruire":
        services.instruct_request(access, found, shares=form.list_shares(), **common)
    elif step == "reprendre":
        services.reopen_request(access, found, **common)
    elif step == "decider":
        amount = given["amount"] if given["outcome"] == Outcome.GRANTED else None
        services.decide_request(
            access, found, outcome=given["outcome"], amount=amount, conditions=given["conditions"], **common
        )
    elif step == "signer":
        services.sign_agreement(access, found, **common)
    elif step == "payer":
        services.pay_request(access, found, amounts=form.list_shares(), **common)
    elif step == "reverser":
        services.give_money_back(access, found, amounts=form.list_shares(), **common)
    elif step == "solder":
        services.end_request(access, found, **common)
    else:
        services.withdraw_request(access, found, **common)
