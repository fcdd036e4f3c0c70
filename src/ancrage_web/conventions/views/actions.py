"""Actions and funders of a convention: where the money of each stands, and how they are changed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from ancrage.conventions.model import Finding
from ancrage.conventions.valuation import value_loans, value_property
from ancrage.errors import AncrageError, InputError
from ancrage.language import Text
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.enums import ACTION_NAMES, FUNDER_NATURE_NAMES
from ancrage_web.conventions.forms_actions import ActionForm, FunderForm
from ancrage_web.conventions.models import Action, Funder
from ancrage_web.conventions.queries import money
from ancrage_web.conventions.rules import SIGNED, get_parameters
from ancrage_web.conventions.services import actions as services
from ancrage_web.design.words import say


@convention_view("read")
def show_actions(request: HttpRequest, access: Access) -> HttpResponse:
    """Show each action and each funder with where its money stands."""
    convention = access.convention
    balances = money.read_balances(convention, by_request=False)
    actions = list(convention.actions.all())
    rows = [(action, ACTION_NAMES[action.kind], balances.get_action(action)) for action in actions]
    funders = [
        (funder, FUNDER_NATURE_NAMES[funder.nature], balances.get_funder(funder)) for funder in convention.funders.all()
    ]
    context = {
        **_describe(access),
        "rows": rows,
        "funders": funders,
        "total": balances.total,
        "budget": sum((action.budget or Decimal(0) for action in actions), Decimal(0)),
        "valuations": [(action, *_value(access, action)) for action in actions if _has_valuation(action)],
    }
    return render(request, "conventions/actions.html", context)


def _has_valuation(action: Action) -> bool:
    return (action.lent is not None and action.loan_cost is not None) or (
        action.market_value is not None and action.sale_price is not None
    )


def _value(access: Access, action: Action) -> tuple[list[Finding], list[Text]]:
    """Return what loans and property count for (R11, R12), and why it cannot be said where it cannot."""
    findings, reasons = [], []
    convention, parameters = access.convention, get_parameters()
    try:
        if action.lent is not None and action.loan_cost is not None:
            findings.append(value_loans(action.lent, action.loan_cost, parameters))
        if action.market_value is not None and action.sale_price is not None:
            if convention.amount is None:
                reasons.append(
                    Text(
                        "What the property counts for depends on the contribution, which is not filled in yet.",
                        "La valorisation du bien dépend de la contribution, qui n'est pas encore renseignée.",
                    )
                )
            else:
                day = convention.signed_on or timezone.localdate()
                findings.append(
                    value_property(action.market_value, action.sale_price, convention.amount, day, parameters)
                )
    except AncrageError as error:
        reasons.append(error.text)
    return findings, reasons


@convention_view("edit")
def save_action(request: HttpRequest, access: Access, action: UUID | None = None) -> HttpResponse:
    """Add an action, or change one."""
    found = None if action is None else get_object_or_404(Action, pk=action, convention=access.convention)
    signed = access.convention.status in SIGNED
    form = ActionForm(request.POST if request.method == "POST" else None, action=found, signed=signed)
    if request.method == "POST" and form.is_valid():
        try:
            services.save_action(access, action=found, **form.cleaned_data)
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(Text("The action is saved.", "L'action est enregistrée.")))
            return _go_back(access)
    context = {**_describe(access), "form": form, "action": found}
    return render(request, "conventions/action_form.html", context, status=400 if form.errors else 200)


@require_POST
@convention_view("edit")
def move_action(request: HttpRequest, access: Access, action: UUID) -> HttpResponse:
    """Move an action up or down in the list."""
    found = get_object_or_404(Action, pk=action, convention=access.convention)
    services.move_action(access, found, up=request.POST.get("sens") == "haut")
    return _go_back(access)


@convention_view("edit")
def delete_action(request: HttpRequest, access: Access, action: UUID) -> HttpResponse:
    """Delete an action that nothing uses, after a confirmation."""
    found = get_object_or_404(Action, pk=action, convention=access.convention)
    return _delete(request, access, found, services.delete_action)


@convention_view("edit")
def save_funder(request: HttpRequest, access: Access, funder: UUID | None = None) -> HttpResponse:
    """Add a funder, or change one."""
    found = None if funder is None else get_object_or_404(Funder, pk=funder, convention=access.convention)
    initial = (
        {} if found is None else {"name": found.name, "nature": found.nature, "seen": services.compute_state(found)}
    )
    form = FunderForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.save_funder(access, funder=found, **form.cleaned_data)
        except InputError as error:
            form.add_error("name", say(error.text))
        else:
            messages.success(request, say(Text("The funder is saved.", "Le financeur est enregistré.")))
            return _go_back(access)
    context = {**_describe(access), "form": form, "funder": found}
    return render(request, "conventions/funder_form.html", context, status=400 if form.errors else 200)


@convention_view("edit")
def delete_funder(request: HttpRequest, access: Access, funder: UUID) -> HttpResponse:
    """Remove a funder that the ledger does not name, after a confirmation."""
    found = get_object_or_404(Funder, pk=funder, convention=access.convention)
    return _delete(request, access, found, services.delete_funder)


def _delete(request: HttpRequest, access: Access, found: Any, service: Any) -> HttpResponse:
    error: Text | None = None
    if request.method == "POST":
        try:
            service(access, found)
        except InputError as refused:
            error = refused.text
        else:
            messages.success(request, say(Text(f"“{found}” is deleted.", f"« {found} » est supprimé.")))
            return _go_back(access)
    context = {**_describe(access), "found": found, "error": error}
    return render(request, "conventions/action_delete.html", context, status=400 if error else 200)


def _describe(access: Access) -> dict[str, Any]:
    convention = access.convention
    return {
        "access": access,
        "convention": convention,
        "signed": convention.status in SIGNED,
        "can_edit": access.may_write,
    }


def _go_back(access: Access) -> HttpResponse:
    return redirect("convention-actions", access.actor.organisation.slug, access.convention.pk)
