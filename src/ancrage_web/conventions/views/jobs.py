"""The jobs register: its figures, its lines, the checks that are due."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from ancrage.conventions import jobs as rules
from ancrage.conventions.requests import FUNDED
from ancrage.errors import InputError
from ancrage.language import Text, format_date, format_number
from ancrage_web.audit.actions import get_action_name, get_field_name
from ancrage_web.audit.models import AuditLine
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.charts import draw_jobs_bars
from ancrage_web.conventions.enums import CONTRACT_NAMES, DocumentKind
from ancrage_web.conventions.forms_follow_up import JobFilter, JobForm
from ancrage_web.conventions.models import Document, Job, Request
from ancrage_web.conventions.queries import jobs as queries
from ancrage_web.conventions.queries.money import read_balances
from ancrage_web.conventions.services import jobs as services
from ancrage_web.conventions.services.documents import add_document
from ancrage_web.design.spreadsheets import MARK, write_rows
from ancrage_web.design.words import get_site_language, say

PAGE_SIZE = 50
_SHOWN: tuple[rules.Word, ...] = ("programmed", "committed", "created", "maintained", "declared", "left")
_SAVED = Text("The post is saved.", "Le poste est enregistré.")


@convention_view("read")
def show_jobs(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the register: totals with their definitions, checks that are due, lines."""
    form, on, chosen = _filter(request, access)
    records = [record for _, record in chosen]
    counts = rules.count_jobs(records, on)
    costs = _compute_costs(access, records, counts, on)
    today = timezone.localdate()
    due = [(key, months) for key, record in chosen for months in rules.list_due_checks(record, today)]
    kept = request.GET.copy()
    kept.pop("page", None)
    page = Paginator(chosen, PAGE_SIZE).get_page(request.GET.get("page"))
    shown = queries.read_jobs(access.convention, [key for key, _ in (*page.object_list, *due[:PAGE_SIZE])])
    waiting = Q(jobs__isnull=True) | Q(status__in=FUNDED, jobs__committed_on__isnull=True)
    open_requests = (
        Request.objects.filter(waiting, convention=access.convention, submitted_on__isnull=False)
        .exclude(jobs_created=0, jobs_maintained=0)
        .exclude(status__in=("withdrawn", "returned", "refused"))
        .distinct()
    )
    context = {
        "access": access,
        "convention": access.convention,
        "form": form,
        "on_said": format_date(on, get_site_language()),
        "figures": [(rules.NAMES[word], rules.DEFINITIONS[word], getattr(counts, word)) for word in _SHOWN],
        "counts": counts,
        "presences": _build_presences(counts),
        "costs": costs,
        "cost_definitions": rules.COST_DEFINITIONS,
        "chart": draw_jobs_bars(counts, access.convention.jobs_target),
        "page": page,
        "rows": [_build_row(shown[key], record, on) for key, record in page.object_list if key in shown],
        "due": [(shown[key], months) for key, months in due[:PAGE_SIZE] if key in shown],
        "due_count": len(due),
        "open_requests": list(open_requests) if access.may_write else [],
        "query": kept.urlencode(),
    }
    return render(request, "conventions/jobs.html", context)


@convention_view("read")
def send_jobs(request: HttpRequest, access: Access) -> HttpResponse:
    """Send the lines shown as CSV."""
    _, on, chosen = _filter(request, access)
    head = [
        Text("Post", "Poste"),
        Text("Nature", "Nature"),
        Text("FTE", "ETP"),
        Text("Contract", "Contrat"),
        Text("Action", "Action"),
        Text("Request", "Demande"),
        Text("Commune (INSEE)", "Commune (Insee)"),
        Text("Sector", "Secteur"),
        Text("Stage", "Étape"),
        Text("Programmed on", "Programmé le"),
        Text("Committed on", "Engagé le"),
        Text("Started on", "Commencé le"),
        Text("Ended on", "Terminé le"),
        Text("At 6 months", "À 6 mois"),
        Text("At 12 months", "À 12 mois"),
        Text("At 24 months", "À 24 mois"),
        Text("Proof", "Justificatif"),
    ]
    rows: list[list[str | float | None]] = [[say(name) for name in head]]
    jobs = {job.pk: job for job in queries.list_jobs(access.convention)}
    for job, record in ((jobs[key], record) for key, record in chosen if key in jobs):
        stage = rules.find_stage(record, on)
        rows.append(
            [
                job.label,
                say(_name_nature(job)),
                float(job.fte),
                say(CONTRACT_NAMES[job.contract]) if job.contract else "",
                "" if job.action is None else job.action.name,
                None if job.request is None else job.request.number,
                job.commune,
                job.sector,
                "" if stage is None else say(rules.STAGE_NAMES[stage]),
                *(_write_day(day) for day in (job.programmed_on, job.committed_on, job.hired_on, job.left_on)),
                *(_write_presence(rules.find_presence(record, months)) for months in rules.CHECK_MONTHS),
                "" if job.proof is None else job.proof.name,
            ]
        )
    response = HttpResponse(MARK + write_rows(rows, get_site_language()), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="emplois.csv"'
    return response


@convention_view("edit")
def create_jobs(request: HttpRequest, access: Access) -> HttpResponse:
    """Add one post, or several identical ones."""
    form = JobForm(
        access.convention,
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        initial={"request": request.GET.get("demande"), "programmed_on": timezone.localdate()},
    )
    if request.method == "POST" and form.is_valid():
        fields = dict(form.cleaned_data)
        try:
            # A file that comes with a refused post goes away with it.
            with transaction.atomic():
                made = services.add_jobs(access, number=fields.pop("number"), **_read_fields(access, fields))
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            plural = "s" if len(made) > 1 else ""
            text = Text(f"{len(made)} post{plural} added.", f"{len(made)} poste{plural} ajouté{plural}.")
            messages.success(request, say(text))
            return _go_back(access)
    context = {"access": access, "convention": access.convention, "form": form, "job": None}
    return render(request, "conventions/job.html", context, status=400 if form.errors else 200)


@convention_view("read")
def show_job(request: HttpRequest, access: Access, job: UUID) -> HttpResponse:
    """Show a post, its history, and to those who may the form that changes it."""
    found = queries.get_job(access.convention, job)
    if request.method == "POST":
        access.require_edit()
    initial = {name: getattr(found, name) for name in JobForm.base_fields if hasattr(found, name)}
    form = JobForm(
        access.convention,
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        initial={**initial, "seen_at": found.updated_at.isoformat()},
        changing=True,
    )
    if request.method == "POST" and form.is_valid():
        fields = dict(form.cleaned_data)
        seen_at = parse_datetime(fields.get("seen_at") or "")
        try:
            with transaction.atomic():
                services.save_job(
                    access, job=found, seen_at=seen_at or found.created_at, **_read_fields(access, fields)
                )
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(_SAVED))
            return redirect("convention-job", access.actor.organisation.slug, access.convention.pk, found.pk)
    record = queries.build_record(found)
    stage = rules.find_stage(record, timezone.localdate())
    context = {
        "access": access,
        "convention": access.convention,
        "form": form,
        "job": found,
        "stage": None if stage is None else rules.STAGE_NAMES[stage],
        "due": rules.list_due_checks(record, timezone.localdate()),
        "presences": [(months, _name_presence(rules.find_presence(record, months))) for months in rules.CHECK_MONTHS],
        "history": _read_history(found),
        "removable": access.may_write and found.committed_on is None and found.hired_on is None,
    }
    return render(request, "conventions/job.html", context, status=400 if form.errors else 200)


@require_POST
@convention_view("edit")
def check_jobs(request: HttpRequest, access: Access) -> HttpResponse:
    """Record the checks ticked: fields named "JOB-MONTHS", with "oui" or "non"."""
    done = 0
    for name, value in request.POST.items():
        key, _, months = name.rpartition("-")
        if value not in ("oui", "non") or not months.isdecimal():
            continue
        try:
            job = queries.get_job(access.convention, UUID(key))
            services.check_presence(access, job, months=int(months), present=value == "oui")
        except InputError as error:
            messages.error(request, say(error.text))
        except ValueError:
            continue
        else:
            done += 1
    plural = "s" if done > 1 else ""
    if done:
        text = Text(f"{done} check{plural} recorded.", f"{done} vérification{plural} enregistrée{plural}.")
        messages.success(request, say(text))
    else:
        messages.warning(request, say(Text("Nothing was ticked.", "Aucune case n'était cochée.")))
    return _go_back(access)


@require_POST
@convention_view("edit")
def programme_jobs(request: HttpRequest, access: Access) -> HttpResponse:
    """Write the posts that a request promises, and commit them where the request is granted."""
    key = _read_key(request.POST.get("request"))
    found = None if key is None else Request.objects.filter(convention=access.convention, pk=key).first()
    if found is not None and found.submitted_on is not None:
        lines = services.programme_jobs(access, found)
        if found.decided_on is not None and found.amount_granted:
            services.commit_jobs(access, found, found.decided_on)
        plural = "s" if lines > 1 else ""
        text = Text(f"{lines} post{plural} in the register.", f"{lines} poste{plural} au registre.")
        messages.success(request, say(text))
    return _go_back(access)


@require_POST
@convention_view("edit")
def remove_job(request: HttpRequest, access: Access, job: UUID) -> HttpResponse:
    """Take a line written by mistake out of the register."""
    found = queries.get_job(access.convention, job)
    try:
        services.remove_job(access, found)
    except InputError as error:
        messages.error(request, say(error.text))
        return redirect("convention-job", access.actor.organisation.slug, access.convention.pk, found.pk)
    messages.success(request, say(Text("The post is removed.", "Le poste est retiré.")))
    return _go_back(access)


def save_proof(access: Access, fields: dict[str, Any], kind: str) -> Document | None:
    """Return the document chosen in a form, or the new one made of its file."""
    upload, chosen = fields.pop("proof_file", None), fields.pop("proof", None)
    if upload is not None:
        return add_document(access, upload, kind=kind)
    found: Document | None = chosen
    return found


def _read_fields(access: Access, fields: dict[str, Any]) -> dict[str, Any]:
    fields.pop("seen_at", None)
    proof = save_proof(access, fields, DocumentKind.PROOF)
    return {**fields, "proof": proof}


def _filter(request: HttpRequest, access: Access) -> tuple[JobFilter, date, list[tuple[UUID, rules.JobRecord]]]:
    form = JobFilter(access.convention, request.GET)
    found = form.cleaned_data if form.is_valid() else {}
    on = found.get("on") or timezone.localdate()
    jobs = queries.list_jobs(access.convention)
    for name in ("action", "request", "commune", "contract"):
        if found.get(name):
            jobs = jobs.filter(**{name: found[name]})
    pairs = queries.read_keyed_records(jobs)
    stage = found.get("stage")
    return form, on, [pair for pair in pairs if not stage or rules.find_stage(pair[1], on) == stage]


def _compute_costs(access: Access, records: list[rules.JobRecord], counts: rules.JobCounts, on: date) -> rules.JobCosts:
    balances = read_balances(access.convention, on, by_request=False)
    wanted = {UUID(record.action) for record in records if record.action}
    held = [balances.by_action[key] for key in wanted if key in balances.by_action]
    committed = sum((balance.committed for balance in held), Decimal(0))
    return rules.compute_job_costs(counts, committed, sum((balance.paid for balance in held), Decimal(0)))


def _build_presences(counts: rules.JobCounts) -> list[dict[str, Any]]:
    rows = []
    for months in rules.CHECK_MONTHS:
        presence: rules.Presence = getattr(counts, f"present_{months}")
        word: rules.Word = f"present_{months}"  # type: ignore[assignment]
        shares = presence.shares
        rows.append(
            {
                "name": rules.NAMES[word],
                "definition": rules.DEFINITIONS[word],
                "presence": presence,
                "shares": None if shares is None else tuple(100 * share for share in shares),
                "low": "" if shares is None else format_number(100 * shares[0], 0, get_site_language()),
                "high": "" if shares is None else format_number(100 * shares[1], 0, get_site_language()),
            }
        )
    return rows


def _build_row(job: Job, record: rules.JobRecord, on: date) -> dict[str, Any]:
    stage = rules.find_stage(record, on)
    return {
        "job": job,
        "nature": _name_nature(job),
        "contract": CONTRACT_NAMES.get(job.contract),
        "stage": None if stage is None else rules.STAGE_NAMES[stage],
        "due": bool(rules.list_due_checks(record, on)),
    }


def _read_history(job: Job) -> list[dict[str, Any]]:
    lines = AuditLine.objects.filter(object_type="job", object_id=str(job.pk)).order_by("-sequence")
    return [
        {
            "at": line.at,
            "action": get_action_name(line.action),
            "fields": [
                (get_field_name(name), _write_value(line.before.get(name)), _write_value(line.after.get(name)))
                for name in line.after
                if name not in ("action", "request", "proof")
            ],
        }
        for line in lines
    ]


def _write_value(value: Any) -> str:
    if isinstance(value, bool):
        return say(Text("yes", "oui") if value else Text("no", "non"))
    return "—" if value is None else str(value)


def _name_nature(job: Job) -> Text:
    return Text("existing", "à maintenir") if job.kept else Text("new", "à créer")


def _name_presence(present: bool | None) -> Text:
    if present is None:
        return Text("not checked", "non vérifié")
    return Text("there", "présent") if present else Text("gone", "absent")


def _write_presence(present: bool | None) -> str:
    return say(_name_presence(present))


def _write_day(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _read_key(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _go_back(access: Access) -> HttpResponse:
    return redirect("convention-jobs", access.actor.organisation.slug, access.convention.pk)
