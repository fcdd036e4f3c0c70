"""The residual of a convention: how much is left, what could be paid with it, in which order."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_POST

from ancrage.conventions.residual import OPTIONS, UNIT_NAMES
from ancrage.errors import InputError
from ancrage.language import Text, format_date, format_money
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.charts import draw_money_bar, draw_values
from ancrage_web.conventions.forms_follow_up import CandidateForm
from ancrage_web.conventions.models import Action, Candidate, Funder
from ancrage_web.conventions.queries import residual as queries
from ancrage_web.conventions.queries.money import read_balances
from ancrage_web.conventions.services import residual as services
from ancrage_web.design.words import get_site_language, say

# A study older than this is said to be old [days].
OLD = 365


@convention_view("read")
def show_residual(request: HttpRequest, access: Access) -> HttpResponse:
    """Show what is left on a day, by action and funder, and the proposal in each unit."""
    convention, today = access.convention, timezone.localdate()
    on = _read_day(request.GET.get("on")) or today
    balances = read_balances(convention, on, by_request=False)
    language = get_site_language()
    actions = list(Action.objects.filter(convention=convention))
    funders = Funder.objects.filter(convention=convention)
    candidates = list(queries.list_candidates(convention))
    units = [unit for unit in UNIT_NAMES if any(candidate.unit == unit for candidate in candidates)]
    by_key = {str(candidate.pk): candidate for candidate in candidates}
    proposals = []
    for number, unit in enumerate(units):
        proposal = queries.build_proposal(convention, balances.total, candidates, unit, on)
        rows = [
            {
                "choice": choice,
                "candidate": by_key[choice.candidate.key],
                "per_thousand": 1000 * choice.per_euro,
                "plan_query": _build_plan_query(by_key[choice.candidate.key], actions),
                "old": _is_old(by_key[choice.candidate.key].computed_on, today),
            }
            for choice in proposal.choices
        ]
        proposals.append(
            {
                "unit": UNIT_NAMES[unit],
                "proposal": proposal,
                "rows": rows,
                "spent": format_money(proposal.spent, language),
                "left": format_money(proposal.left, language),
                "chart": draw_values(proposal, f"values-{number}"),
            }
        )
    context = {
        "access": access,
        "convention": convention,
        "on": on,
        "on_said": format_date(on, language),
        "residual_said": format_money(balances.total.residual, language),
        "chart": draw_money_bar(balances.total),
        "tables": [
            (
                Text("By action", "Par action"),
                [(a, held, held.left) for a in actions for held in [balances.get_action(a)]],
            ),
            (
                Text("By funder", "Par financeur"),
                [(f, held, held.residual) for f in funders for held in [balances.get_funder(f)]],
            ),
        ],
        "options": OPTIONS,
        "proposals": proposals,
        # A project belongs to the organisation of the convention: a partner cannot start it there.
        "can_plan": access.may_write and convention.organisation_id == access.actor.organisation.pk,
    }
    return render(request, "conventions/residual.html", context)


@convention_view("edit")
def create_candidate(request: HttpRequest, access: Access) -> HttpResponse:
    """Add a use of the residual by hand."""
    return _write_candidate(request, access, None)


@convention_view("edit")
def change_candidate(request: HttpRequest, access: Access, candidate: UUID) -> HttpResponse:
    """Change a use that was typed by hand."""
    return _write_candidate(request, access, queries.get_candidate(access.convention, candidate))


def _write_candidate(request: HttpRequest, access: Access, candidate: Candidate | None) -> HttpResponse:
    initial = {} if candidate is None else {name: getattr(candidate, name) for name in CandidateForm.base_fields}
    if candidate is not None:
        # As it was typed: the column holds a binary number.
        initial["value"] = Decimal(repr(candidate.value)).quantize(Decimal("0.01"))
    form = CandidateForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        sheet = services.Sheet(**{**form.cleaned_data, "value": float(form.cleaned_data["value"])})
        try:
            if candidate is None:
                services.add_candidates(access, [sheet])
            else:
                services.change_candidate(access, candidate, sheet)
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(Text("The use is saved.", "L'emploi est enregistré.")))
            return redirect("convention-residual", access.actor.organisation.slug, access.convention.pk)
    context = {"access": access, "convention": access.convention, "form": form, "candidate": candidate}
    return render(request, "conventions/candidate.html", context, status=400 if form.errors else 200)


def _build_plan_query(candidate: Candidate, actions: list[Action]) -> str:
    """Return what the form of an entry starts from: the budget of the first action of the kind of this use."""
    action = next((action for action in actions if action.kind == candidate.kind), None)
    wanted = {"type": "plan", "montant": str(candidate.cost), "libelle": candidate.name}
    return urlencode({**wanted, **({} if action is None else {"action": str(action.pk)})})


@require_POST
@convention_view("edit")
def remove_candidate(request: HttpRequest, access: Access, candidate: UUID) -> HttpResponse:
    """Remove a use from the proposal."""
    services.remove_candidate(access, queries.get_candidate(access.convention, candidate))
    messages.success(request, say(Text("The use is removed.", "L'emploi est retiré.")))
    return redirect("convention-residual", access.actor.organisation.slug, access.convention.pk)


def _read_day(text: str | None) -> date | None:
    try:
        return parse_date(text or "")
    except ValueError:
        return None


def _is_old(day: date | None, today: date) -> bool:
    return day is not None and (today - day).days > OLD
