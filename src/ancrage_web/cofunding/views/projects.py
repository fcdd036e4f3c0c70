"""Projects: their list, their form with its lines, their result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from ancrage.conventions.financing import Group, build_financing_plan
from ancrage.conventions.project import ANSWER_NAMES, NATURE_NAMES, Plan, get_quarter
from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.cofunding import plans, queries
from ancrage_web.cofunding.forms import (
    BusinessForm,
    DecimalField,
    ExpenseRows,
    ProjectForm,
    SourceRows,
    build_expense_row,
    build_label,
    build_source_row,
    change_rows,
)
from ancrage_web.cofunding.models import Project
from ancrage_web.cofunding.services import projects as services
from ancrage_web.design.words import say

PAGE_SIZE = 20


class ConfirmForm(forms.Form):
    """A tick before something that cannot be undone."""

    sure = forms.BooleanField(
        label=build_label("I understand that this cannot be undone", "J'ai compris que c'est définitif"),
        error_messages={
            "required": build_label(
                "Nothing was deleted: tick the box to confirm.",
                "Rien n'a été supprimé : cochez la case pour confirmer.",
            )
        },
    )


@organisation_view(Role.READER)
def list_projects(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the projects of the organisation, with their cost and what they miss."""
    text = request.GET.get("q", "").replace("\x00", "").strip()
    archived = request.GET.get("archives") == "1"
    page = Paginator(queries.list_projects(archived=archived, text=text), PAGE_SIZE).get_page(request.GET.get("page"))
    kept = request.GET.copy()
    kept.pop("page", None)
    return render(
        request,
        "cofunding/projects.html",
        {
            "page": page,
            # Annotations are read on the rows: the gap is what is not expected yet.
            "rows": [(row, row.cost - row.expected) for row in page.object_list],  # type: ignore[attr-defined]
            "text": text,
            "archived": archived,
            "filtered": bool(text or archived),
            "kept_query": kept.urlencode(),
            "can_edit": actor.role.allows(Role.EDITOR),
        },
    )


@dataclass
class Forms:
    """The forms of one project, shown and checked together."""

    project: ProjectForm
    business: BusinessForm
    expenses: Any
    sources: Any

    def is_valid(self) -> bool:
        """Check all of them, so that every mistake is shown at once."""
        return all(
            [self.project.is_valid(), self.business.is_valid(), self.expenses.is_valid(), self.sources.is_valid()]
        )

    @property
    def has_errors(self) -> bool:
        """Whether one of them was refused."""
        bound = (self.project, self.business, *self.expenses.forms, *self.sources.forms)
        return any(form.is_bound and form.errors for form in bound)

    def list_errors(self) -> list[tuple[str, str, str]]:
        """Return the mistakes: where they are in the page, the name of the field, what to do."""
        expense, source = Text("Expense", "Dépense"), Text("Source", "Source")
        named = [
            ("", self.project),
            *((f"{say(expense)} {rank}, ", form) for rank, form in enumerate(self.expenses.forms, 1)),
            *((f"{say(source)} {rank}, ", form) for rank, form in enumerate(self.sources.forms, 1)),
            ("", self.business),
        ]
        found = []
        for line, form in named:
            if not form.is_bound:
                continue
            found += [("", "", str(error)) for error in form.non_field_errors()]
            for field in form.visible_fields():
                label = f"{line}{str(field.label)[:1].lower()}{str(field.label)[1:]}" if line else str(field.label)
                found += [(field.id_for_label, label, str(error)) for error in field.errors]
        return found


@organisation_view(Role.EDITOR)
def create_project(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Make a project, from nothing or from what the address proposes (a place of a study, a convention)."""
    if request.method != "POST":
        found = _build_forms(None, *_read_proposed(request.GET))
        return _show_form(request, None, found)
    return _answer_post(request, actor, None)


@organisation_view(Role.EDITOR)
def change_project(request: HttpRequest, actor: Actor, project: UUID) -> HttpResponse:
    """Change a project with its lines."""
    found = queries.get_project(project)
    if request.method == "POST":
        return _answer_post(request, actor, found)
    facts = {name: getattr(found, name) for name in ("name", "description", "commune", "lead_authority", "version")}
    expenses = [build_expense_row(row) for row in queries.list_expenses(found)]
    sources = [build_source_row(row) for row in queries.list_sources(found)]
    return _show_form(request, found, _build_forms(None, facts, found.business, expenses, sources))


def _answer_post(request: HttpRequest, actor: Actor, project: Project | None) -> HttpResponse:
    wanted = request.POST.get("action", "save")
    data = change_rows(request.POST)
    found = _build_forms(data, {}, {} if project is None else project.business, [], [])
    if wanted != "save":
        # A line more or less: nothing is checked yet.
        return _show_form(request, project, found, checked=False)
    if found.is_valid():
        given = found.project.cleaned_data
        commune = queries.find_commune(given["commune"])
        if given["commune"].strip() and commune is None:
            found.project.add_error(
                "commune",
                say(
                    Text(
                        f"No commune, or several, are called “{given['commune']}”: give its INSEE code.",
                        f"Aucune commune, ou plusieurs, ne correspond à « {given['commune']} » : donnez son code INSEE "
                        "à 5 caractères.",
                    )
                ),
            )
            return _show_form(request, project, found)
        facts = {
            "name": given["name"].strip(),
            "description": given["description"].strip(),
            "commune": "" if commune is None else commune.code,
            "lead_authority": given["lead_authority"],
            "business": found.business.build_business(),
        }
        lines = found.expenses.list_fields(), found.sources.list_fields()
        try:
            if project is None:
                origins = {name: given[name] for name in ("convention", "study", "scenario", "place_key")}
                saved = services.create_project(actor, {**facts, **origins}, *lines)
            else:
                saved = services.change_project(actor, project, facts, *lines, version=given["version"] or 0)
        except InputError as error:
            found.project.add_error(None, say(error.text))
            if project is not None:
                # Saving again then replaces knowingly what the other person wrote.
                fresh = data.copy()
                fresh["version"] = str(queries.get_project(project.pk).version)
                found.project.data = fresh
        else:
            messages.success(request, say(Text("The project is saved.", "Le projet est enregistré.")))
            return redirect("project", organisation=actor.organisation.slug, project=saved.pk)
    return _show_form(request, project, found)


def _build_forms(
    data: QueryDict | None,
    facts: Mapping[str, Any],
    business: Mapping[str, Any],
    expenses: list[dict[str, Any]],
    sources: list[dict[str, Any]],
) -> Forms:
    shown = {name: business.get(name) for name in ("desks", "years")}
    for name in ("yearly_cost", "other_income"):
        shown[name] = Decimal(business[name]) if business.get(name) else None
    shown["subsidies"] = " ; ".join(DecimalField().prepare_value(Decimal(s)) for s in business.get("subsidies", []))
    expense_rows = ExpenseRows(data, initial=expenses, prefix="expenses")
    source_rows = SourceRows(data, initial=sources, prefix="sources")
    if data is None:
        expense_rows.extra = 0 if expenses else 1
        source_rows.extra = 0 if expenses or sources else 1
    return Forms(
        ProjectForm(data, initial=dict(facts)),
        BusinessForm(data, initial=shown, business=business),
        expense_rows,
        source_rows,
    )


def _read_proposed(
    given: QueryDict,
) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """Read what an address proposes: nom, commune, postes, cout_annuel, travaux, equipement, etude, scenario, lieu."""
    facts: dict[str, Any] = {"name": given.get("nom", "")[:160], "commune": given.get("commune", "")[:120]}
    for name, key in (("study", "etude"), ("scenario", "scenario"), ("convention", "convention")):
        try:
            facts[name] = UUID(given.get(key, ""))
        except ValueError:
            facts[name] = None
    facts["place_key"] = given.get("lieu", "")[:40]
    business: dict[str, Any] = {}
    desks = given.get("postes", "")
    if desks.isascii() and desks.isdecimal() and 0 < int(desks[:6]) <= 5000:
        business = {"desks": int(desks[:6]), "yearly_cost": str(_read_amount(given.get("cout_annuel", "")) or 0)}
    quarter = get_quarter(timezone.localdate())
    when = {"year": quarter.year, "quarter": str((quarter.month + 2) // 3)}
    expenses = []
    for key, nature in (("travaux", "works"), ("equipement", "equipment"), ("etudes", "studies")):
        amount = _read_amount(given.get(key, ""))
        if amount:
            label = say(NATURE_NAMES[nature]).capitalize()  # type: ignore[index]
            expenses.append({**when, "label": label, "nature": nature, "amount": amount})
    # What is known of the source is its name; how much it pays is for a person to say.
    convention = queries.read_convention_name(facts["convention"])
    if not convention:
        facts["convention"] = None
    sources = [{"kind": "convention", "name": convention}] if convention else []
    return facts, business, expenses, sources


def _read_amount(text: str) -> Decimal | None:
    try:
        amount: Decimal | None = forms.DecimalField(required=False, min_value=0, max_digits=13, decimal_places=2).clean(
            text
        )
    except forms.ValidationError:
        return None
    return amount


def _show_form(request: HttpRequest, project: Project | None, found: Forms, *, checked: bool = True) -> HttpResponse:
    errors = found.list_errors() if checked and found.has_errors else []
    context = {"project": project, "forms": found, "errors": errors, "checked": checked}
    return render(request, "cofunding/project_form.html", context, status=400 if errors else 200)


@organisation_view(Role.READER)
def show_project(request: HttpRequest, actor: Actor, project: UUID) -> HttpResponse:
    """Show what a project costs, what pays for it, what is missing, the rules, the cash and the business plan."""
    from ancrage_web.cofunding.views.project_pages import build_project_page

    found = queries.get_project(project)
    return render(
        request,
        "cofunding/project.html",
        {
            **build_project_page(
                found, queries.list_expenses(found), queries.list_sources(found), timezone.localdate()
            ),
            "commune": queries.find_commune(found.commune),
            "convention_name": queries.read_convention_name(found.convention),
            "can_edit": actor.role.allows(Role.EDITOR),
            "is_administrator": actor.role.allows(Role.ADMINISTRATOR),
        },
    )


@organisation_view(Role.READER)
def show_plan(request: HttpRequest, _actor: Actor, project: UUID) -> HttpResponse:
    """Show the financing plan of a project as it is handed in with an application, to be printed."""
    found = queries.get_project(project)
    expenses, sources = queries.list_expenses(found), queries.list_sources(found)
    checked = plans.check_plan(found, expenses, sources)
    problem = checked.problem
    try:
        plan = build_financing_plan(plans.build_expenses(expenses), plans.build_grants(sources))
    except InputError as error:
        plan, problem = None, error.text
    return render(
        request,
        "cofunding/project_plan.html",
        {
            "project": found,
            "plan": plan,
            "problem": problem,
            "faults": _list_faults(checked.plan),
            "groups": [] if plan is None else [_build_group(group) for group in plan.resources],
            "resources_share": None if plan is None else plan.resources_total / plan.cost,
            "has_private": any(row.origin == "private" and row.answer != "refused" for row in sources),
            "commune": queries.find_commune(found.commune),
            "today": timezone.localdate(),
        },
    )


def _list_faults(plan: Plan | None) -> list[Text]:
    """Return what the rules still ask of a plan before it is handed in."""
    if plan is None:
        return []
    faults = [finding.says for finding in plan.findings if finding.level in ("error", "warning")]
    return [*faults, *(limit.reason for limit in plan.limits)]


def _build_group(group: Group) -> dict[str, Any]:
    # What is missing has no line of its own: its group says it all.
    rows = [(row, ANSWER_NAMES[row.answer]) for row in group.rows if row.answer is not None]
    return {"name": group.name, "amount": group.amount, "share": group.share, "rows": rows}


@organisation_view(Role.EDITOR)
def duplicate_project(request: HttpRequest, actor: Actor, project: UUID) -> HttpResponse:
    """Copy a project and open the form of the copy."""
    found = queries.get_project(project)
    if request.method != "POST":
        return redirect("project", organisation=actor.organisation.slug, project=found.pk)
    name = say(Text(f"{found.name[:150]} (copy)", f"{found.name[:150]} (copie)"))
    copy = services.duplicate_project(actor, found, name=name)
    messages.success(request, say(Text("Here is the copy.", "Voici la copie.")))
    return redirect("project-change", organisation=actor.organisation.slug, project=copy.pk)


@require_POST
@organisation_view(Role.EDITOR)
def archive_project(request: HttpRequest, actor: Actor, project: UUID) -> HttpResponse:
    """Put a project away, or take it back."""
    found = queries.get_project(project)
    archived = request.POST.get("archived") != "0"
    services.archive_project(actor, found, archived=archived)
    done = Text("The project is archived.", "Le projet est archivé.")
    back = Text("The project is back in the list.", "Le projet est de retour dans la liste.")
    messages.success(request, say(done if archived else back))
    return redirect("project", organisation=actor.organisation.slug, project=found.pk)


@organisation_view(Role.ADMINISTRATOR)
def delete_project(request: HttpRequest, actor: Actor, project: UUID) -> HttpResponse:
    """Delete a project for good, after a tick."""
    found = queries.get_project(project)
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        services.delete_project(actor, found)
        messages.success(request, say(Text("The project is deleted.", "Le projet est supprimé.")))
        return redirect("projects", organisation=actor.organisation.slug)
    context = {"form": form, "project": found}
    return render(request, "cofunding/project_delete.html", context, status=400 if form.errors else 200)


@organisation_view(Role.READER)
def send_project(_request: HttpRequest, _actor: Actor, project: UUID, extension: str) -> HttpResponse:
    """Send a project as a table (csv) or a workbook (xlsx)."""
    from ancrage_web.cofunding.views.project_files import build_csv, build_workbook

    if extension not in ("csv", "xlsx"):
        raise Http404
    found = queries.get_project(project)
    rows = found, queries.list_expenses(found), queries.list_sources(found)
    checked = plans.check_plan(*rows)
    if extension == "csv":
        response = HttpResponse(build_csv(*rows, checked), content_type="text/csv; charset=utf-8")
    else:
        media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        response = HttpResponse(build_workbook(*rows, checked), content_type=media)
    response["Content-Disposition"] = f'attachment; filename="projet-{found.pk}.{extension}"'
    return response
