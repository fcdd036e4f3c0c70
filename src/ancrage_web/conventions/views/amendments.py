"""Amendments: their chain, a new one, and what the convention said at any day."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ancrage.errors import AncrageError, InputError
from ancrage.language import Text
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.forms_life_amendments import AmendmentForm, DateForm
from ancrage_web.conventions.models import Action, Amendment, Basin, Convention, Document
from ancrage_web.conventions.places import name_communes
from ancrage_web.conventions.rules import ACTION_FIELDS, AMENDABLE, CONTRACTUAL
from ancrage_web.conventions.services.amendments import Preview, amend_convention, preview_amendment
from ancrage_web.conventions.terms import build_terms, compute_terms
from ancrage_web.conventions.views.life import add_refusal
from ancrage_web.conventions.writing import name_term, write_term
from ancrage_web.design.words import say


@require_safe
@convention_view("read")
def show_amendments(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the chain of amendments, and the terms of a chosen day."""
    convention = access.convention
    amendments = list(Amendment.objects.filter(convention=convention).select_related("document"))
    basins = list(Basin.objects.filter(convention=convention))
    actions = list(Action.objects.filter(convention=convention))
    current = build_terms(convention, basins, actions)
    form = DateForm(request.GET if "le" in request.GET else None, initial={"le": timezone.localdate()})
    day = timezone.localdate()
    if form.is_bound and form.is_valid() and form.cleaned_data["le"] is not None:
        day = form.cleaned_data["le"]
    terms = compute_terms(current, amendments, day)
    names = {str(action.pk): action.name for action in actions}
    communes = name_communes(_list_communes([current, *(a.changes for a in amendments)]))
    return render(
        request,
        "conventions/convention_amendments.html",
        {
            "access": access,
            "convention": convention,
            "amendable": convention.status in AMENDABLE,
            "before_signature": convention.signed_on is None or day < convention.signed_on,
            "amendments": [
                {
                    "amendment": amendment,
                    "coming": amendment.effective_on > timezone.localdate(),
                    "changes": _list_changes(amendment.changes, names, communes),
                }
                for amendment in amendments
            ],
            "form": form,
            "day": day,
            "terms": [
                {
                    "name": name_term(name, names),
                    "value": write_term(name, value, communes),
                    "now": "" if value == current[name] else write_term(name, current[name], communes),
                }
                for name, value in terms.items()
                if name in current
            ],
        },
    )


@convention_view("edit")
def create_amendment(request: HttpRequest, access: Access) -> HttpResponse:
    """Choose the terms, give their new values, see before and after and what the rules say, then record."""
    convention = access.convention
    basins = list(Basin.objects.filter(convention=convention))
    actions = list(Action.objects.filter(convention=convention))
    given = request.POST if request.method == "POST" else request.GET
    chosen = given.getlist("clause")
    names = {str(action.pk): action.name for action in actions}
    form = AmendmentForm(
        *((request.POST, request.FILES) if request.method == "POST" else ()),
        convention=convention,
        basins=basins,
        actions=actions,
        documents=Document.objects.filter(convention=convention, request=None),
        chosen=chosen,
    )
    preview: Preview | None = None
    if request.method == "POST" and form.is_valid():
        preview, made = _save(request, access, form)
        if made is not None:
            told = Text(f"Amendment {made.number} is recorded.", f"L'avenant n° {made.number} est enregistré.")
            messages.success(request, say(told))
            return redirect("convention-amendments", access.actor.organisation.slug, convention.pk)
    communes = name_communes(_list_communes([preview.changes])) if preview is not None else {}
    return render(
        request,
        "conventions/amendment_new.html",
        {
            "access": access,
            "convention": convention,
            "amendable": convention.status in AMENDABLE,
            "form": form,
            "choices": _list_choices(convention, actions, names, communes),
            "preview": preview,
            "changes": [] if preview is None else _list_changes(preview.changes, names, communes),
            "findings": [] if preview is None else [f for f in preview.findings if f.level != "ok"],
            "chosen_nothing": "clause" not in given and "suite" in given,
        },
        status=400 if form.errors else 200,
    )


def _save(request: HttpRequest, access: Access, form: AmendmentForm) -> tuple[Preview | None, Amendment | None]:
    changes = form.list_changes()
    try:
        preview = preview_amendment(access.convention, changes, timezone.localdate())
        if request.POST.get("action") != "save":
            return preview, None
    except InputError as error:
        add_refusal(form, error)
        return None, None
    except AncrageError as error:  # a day outside the known periods
        form.add_error(None, say(error.text))
        return None, None
    try:
        # A file goes away again with an amendment that is refused.
        with transaction.atomic():
            made = amend_convention(
                access,
                signed_on=form.cleaned_data["signed_on"],
                effective_on=form.cleaned_data["effective_on"],
                reason=form.cleaned_data["reason"],
                changes=changes,
                document=form.read_document(access),
                version=form.cleaned_data["version"],
            )
    except InputError as error:
        add_refusal(form, error)
        return preview, None
    return preview, made


def _list_choices(
    convention: Convention, actions: list[Action], names: dict[str, str], communes: dict[str, str]
) -> list[dict[str, str]]:
    keys = [*CONTRACTUAL, "basins", *(f"action:{action.pk}:{field}" for action in actions for field in ACTION_FIELDS)]
    values: dict[str, Any] = {name: getattr(convention, name) for name in CONTRACTUAL}
    values |= {f"action:{action.pk}:{field}": getattr(action, field) for action in actions for field in ACTION_FIELDS}
    return [
        {
            "key": key,
            "name": name_term(key, names),
            "value": "" if key == "basins" else write_term(key, values[key], communes),
        }
        for key in keys
    ]


def _list_changes(changes: dict[str, Any], names: dict[str, str], communes: dict[str, str]) -> list[dict[str, str]]:
    return [
        {
            "name": name_term(name, names),
            "before": write_term(name, before, communes),
            "after": write_term(name, after, communes),
        }
        for name, (before, after) in changes.items()
    ]


def _list_communes(terms: list[dict[str, Any]]) -> set[str]:
    found: set[str] = set()
    for each in terms:
        value = each.get("basins") or []
        # An amendment holds [before, after], the terms of today the basins themselves.
        for basins in value if value and isinstance(value[0], list) else [value]:
            found.update(code for basin in basins for code in basin["communes"])
    return found
