"""The status of a convention: its table, what is missing, its history."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from ancrage.conventions import life
from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.facts import build_milestones
from ancrage_web.conventions.forms_life import StatusForm
from ancrage_web.conventions.models import Committee, StatusChange
from ancrage_web.conventions.services import life as services
from ancrage_web.design.words import say

_DATES: dict[str, Text] = {
    "owed_since": Text("Day of the prefect's decision", "Date de la décision du préfet"),
    "signed": Text("Day of the signature", "Date de signature"),
    "started": Text("First day of the convention", "Premier jour de la convention"),
    "ends": Text("Last day of the convention", "Dernier jour de la convention"),
}


@convention_view("read")
def change_status(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the statuses that may follow, who gives them and what is missing; give one."""
    form = StatusForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        access.require_comment()
        if form.is_valid():
            try:
                services.change_status(
                    access, form.cleaned_data["status"], reason=form.cleaned_data["reason"], on=form.cleaned_data["on"]
                )
            except InputError as error:
                form.add_error(None, say(error.text))
            else:
                messages.success(request, say(Text("The status is changed.", "Le statut est changé.")))
                return redirect("convention-status", access.actor.organisation.slug, access.convention.pk)
    convention = access.convention
    steps = _list_steps(access, form)
    return render(
        request,
        "conventions/convention_status.html",
        {
            "access": access,
            "convention": convention,
            "status": life.STATUS_NAMES[cast(life.Status, convention.status)],
            "steps": [step for step in steps if step["current"]],
            "others": [step for step in steps if not step["current"]],
            "form": form,
            "chosen": form.data.get("status", ""),
            "history": [
                {
                    "change": change,
                    "before": life.STATUS_NAMES.get(cast(life.Status, change.before)),
                    "after": life.STATUS_NAMES[cast(life.Status, change.after)],
                    "part": life.ROLE_NAMES[cast(life.Role, change.part)],
                }
                for change in StatusChange.objects.filter(convention=convention).select_related("by")
            ],
        },
        status=400 if form.errors else 200,
    )


def _list_steps(access: Access, form: StatusForm) -> list[dict[str, Any]]:
    convention = access.convention
    milestones = build_milestones(convention, Committee.objects.filter(convention=convention))
    found = []
    for transition in life.TRANSITIONS:
        current = transition.start == convention.status
        missing = [need for need in transition.needs if getattr(milestones, need) is None]
        asked = next((need for need in missing if need in _DATES), None)
        allowed = current and access.part in transition.roles and access.may_comment
        obstacles = services.read_obstacles(convention) if current and transition.end == "closed" else ()
        told = ""
        if current and missing:
            role = next(iter(transition.roles))
            try:
                life.check_transition(transition.start, transition.end, role, milestones)
            except InputError as error:
                told = say(error.text)
        chosen = form.is_bound and form.data.get("status") == transition.end
        found.append(
            {
                "transition": transition,
                "start": life.STATUS_NAMES[transition.start],
                "end": life.STATUS_NAMES[transition.end],
                "who": ", ".join(say(life.ROLE_NAMES[role]) for role in sorted(transition.roles)),
                "needs": ", ".join(say(_DATES.get(need, _FINAL)) for need in transition.needs),
                "current": current,
                "allowed": allowed and not obstacles and all(need in _DATES for need in missing),
                "elsewhere": None if access.part in transition.roles else life.ROLE_NAMES[access.part],
                "missing": told,
                "asked": None if asked is None else _DATES[asked],
                "reasoned": transition.end == "in_default" or (transition.start, transition.end) in services.REASONED,
                "obstacles": obstacles,
                "on": form.data.get("on", "") if chosen else "",
                "reason": form.data.get("reason", "") if chosen else "",
            }
        )
    return found


_FINAL = Text("Final committee", "Comité final")
