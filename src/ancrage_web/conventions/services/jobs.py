"""The jobs register: programmed with a project sheet, committed by a decision, started on proof, checked afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from ancrage.conventions.jobs import CHECK_MONTHS, check_record, compute_check_day
from ancrage.errors import InputError
from ancrage.language import format_date
from ancrage_web.audit.services import Acting, record
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.models import Job, Request
from ancrage_web.conventions.queries.jobs import build_record
from ancrage_web.conventions.services.locks import lock_kept, lock_open

# Lines made at once; a longer list is imported.
MOST_AT_ONCE = 200
_FIELDS = frozenset(
    {
        "request",
        "action",
        "label",
        "kept",
        "contract",
        "fte",
        "sector",
        "commune",
        "programmed_on",
        "committed_on",
        "hired_on",
        "left_on",
        "present_6",
        "present_12",
        "present_24",
        "proof",
    }
)
# What is still written once a convention is closed.
_AFTER = frozenset({"left_on", "present_6", "present_12", "present_24"})
# What the trail does not keep: free texts.
_SILENT = frozenset({"label", "sector"})


def save_job(access: Access, *, job: Job | None = None, seen_at: datetime | None = None, **fields: Any) -> Job:
    """Add a post to the register, or change one.

    Parameters
    ----------
    job : the one to change, None for a new one.
    seen_at : `job.updated_at` as the person saw it; None overwrites whatever was saved since.
    fields : those of `Job`, only the ones to set.

    Raises
    ------
    ForbiddenError
        If the actor may not edit.
    InputError
        If the label is missing, dates or checks contradict one another, a reference is of another convention, or
        someone changed the post since `seen_at`.
    """
    access.require_edit()
    with transaction.atomic():
        # A post is checked up to 24 months after its start: after the end of the convention for the last ones.
        (lock_kept if job is not None and set(fields) <= _AFTER else lock_open)(access.convention)
        if job is None:
            saved = Job(convention=access.convention)
        else:
            saved = _lock(access, job)
            if seen_at is not None and saved.updated_at != seen_at:
                raise InputError(
                    "Someone else changed this post since you opened it. Read it again, then make your change.",
                    "Quelqu'un d'autre a modifié ce poste depuis que vous l'avez ouvert. Relisez-le, puis refaites "
                    "votre modification.",
                )
        before = _describe(saved) if job is not None else {}
        _set(saved, fields)
        _check(saved)
        saved.save()
        after = _describe(saved)
        changed = {name for name in after if after[name] != before.get(name)}
        if job is None:
            record(access, "job.added", "job", saved.pk, after={k: v for k, v in after.items() if v is not None})
        elif changed or _SILENT & set(fields):
            record(
                access,
                "job.changed",
                "job",
                saved.pk,
                before={name: before.get(name) for name in sorted(changed)},
                after={name: after[name] for name in sorted(changed)},
            )
    return saved


def add_jobs(access: Access, *, number: int, **fields: Any) -> list[Job]:
    """Add several identical posts, each a line of its own.

    Raises
    ------
    ForbiddenError, InputError
        As `save_job`; and if the number is not between 1 and `MOST_AT_ONCE`.
    """
    access.require_edit()
    if not 1 <= number <= MOST_AT_ONCE:
        raise InputError(
            f"{number} posts at once: give a number from 1 to {MOST_AT_ONCE}.",
            f"{number} postes à la fois : donnez un nombre de 1 à {MOST_AT_ONCE}.",
        )
    with transaction.atomic():
        return [save_job(access, **fields) for _ in range(number)]


def record_hire(
    access: Access, job: Job, *, hired_on: date, contract: str, proof: Any, fte: Decimal | None = None
) -> Job:
    """Record the start of a contract, or the proof that an existing post is maintained, with its document.

    Raises
    ------
    ForbiddenError, InputError
        As `save_job`; and without a document, since what is not proved is not counted.
    """
    if proof is None:
        raise InputError(
            "No document proves the start of the post. Join the contract, the declaration (DPAE) or a payslip with the "
            "names hidden.",
            "Aucune pièce ne prouve le démarrage du poste. Joignez le contrat, la déclaration (DPAE) ou un bulletin de "
            "paie, noms masqués.",
        )
    fields: dict[str, Any] = {"hired_on": hired_on, "contract": contract, "proof": proof}
    if fte is not None:
        fields["fte"] = fte
    return save_job(access, job=job, **fields)


def record_departure(access: Access, job: Job, *, left_on: date) -> Job:
    """Record that a post ended.

    Raises
    ------
    ForbiddenError, InputError
        As `save_job`.
    """
    return save_job(access, job=job, left_on=left_on)


def check_presence(access: Access, job: Job, *, months: int, present: bool, on: date | None = None) -> Job:
    """Record whether a post was still there 6, 12 or 24 months after its start.

    Parameters
    ----------
    on : day of the check (None: today); what is not due yet cannot be checked.

    Raises
    ------
    ForbiddenError, InputError
        As `save_job`; and if the post has not started or is too young.
    """
    if months not in CHECK_MONTHS:
        raise InputError(
            f"{months} months: a post is checked at 6, 12 and 24 months.",
            f"{months} mois : un poste se vérifie à 6, 12 et 24 mois.",
        )
    if job.hired_on is None:
        raise InputError(
            "This post has not started: record its start first.",
            "Ce poste n'a pas commencé : enregistrez d'abord son début.",
        )
    day = compute_check_day(job.hired_on, months)
    if day > (on or timezone.localdate()):
        raise InputError(
            f"The presence at {months} months is checked from {format_date(day, 'en')} on.",
            f"La présence à {months} mois se vérifie à partir du {format_date(day, 'fr')}.",
        )
    checked: dict[str, Any] = {f"present_{months}": present}
    return save_job(access, job=job, **checked)


def remove_job(access: Access, job: Job) -> None:
    """Remove a line written by mistake, as long as nothing was promised or proved with it.

    Raises
    ------
    ForbiddenError
        If the actor may not edit.
    InputError
        If the post is committed or has started: what was counted is not erased.
    """
    access.require_edit()
    with transaction.atomic():
        lock_open(access.convention)
        saved = _lock(access, job)
        if saved.committed_on is not None or saved.hired_on is not None:
            raise InputError(
                "This post is committed or has started: it stays in the register. Record its end, or correct its "
                "dates.",
                "Ce poste est engagé ou a commencé : il reste au registre. Enregistrez sa fin, ou corrigez ses dates.",
            )
        record(access, "job.removed", "job", saved.pk, before={k: v for k, v in _describe(saved).items() if v})
        saved.delete()


def programme_jobs(acting: Acting, request: Request) -> int:
    """Write in the register the posts that a submitted request promises, and return how many lines it has.

    A step of the submission, which has checked the rights. Called again after a correction, it adds what is missing
    and removes what is no longer promised, as long as it is not committed.
    """
    with transaction.atomic():
        lock_open(request.convention)
        lines = list(Job.objects.filter(request=request).order_by("created_at", "pk"))
        day = request.submitted_on or timezone.localdate()
        added, removed = 0, 0
        for kept, wanted in ((False, request.jobs_created), (True, request.jobs_maintained)):
            held = [job for job in lines if job.kept == kept]
            free = [job for job in held if job.committed_on is None and job.hired_on is None]
            for job in free[::-1][: max(0, len(held) - wanted)]:
                job.delete()
                removed += 1
            for number in range(len(held) + 1, wanted + 1):
                Job.objects.create(
                    convention=request.convention,
                    request=request,
                    action=request.action,
                    label=f"{(request.title or str(request.number))[:150]} ({number})",
                    kept=kept,
                    commune=request.commune,
                    programmed_on=day,
                )
                added += 1
        # A corrected sheet may ask another action for the money; what is promised and not committed follows it.
        open_lines = Job.objects.filter(request=request, committed_on__isnull=True, hired_on__isnull=True)
        open_lines.exclude(action=request.action).update(action=request.action, updated_at=timezone.now())
        # A line written by hand for this request takes its day too.
        Job.objects.filter(request=request, programmed_on__isnull=True).update(programmed_on=day)
        if added or removed:
            record(
                acting,
                "jobs.programmed",
                "request",
                request.pk,
                after={"added": added, "removed": removed, "jobs": len(lines) + added - removed},
            )
    return len(lines) + added - removed


def commit_jobs(acting: Acting, request: Request, on: date) -> int:
    """Commit the posts of a granted request on the day of the decision, and return how many lines changed.

    A step of the decision, which has checked the rights.
    """
    with transaction.atomic():
        programme_jobs(acting, request)
        changed = Job.objects.filter(request=request, committed_on__isnull=True).update(
            committed_on=on, updated_at=timezone.now()
        )
        if changed:
            record(acting, "jobs.committed", "request", request.pk, after={"jobs": changed, "on": on.isoformat()})
    return changed


def _lock(access: Access, job: Job) -> Job:
    saved = Job.objects.select_for_update(of=("self",)).filter(convention=access.convention, pk=job.pk).first()
    if saved is None:
        raise InputError(
            "This post is no longer in the register: someone removed it. Go back to the list.",
            "Ce poste n'est plus au registre : quelqu'un l'a retiré. Revenez à la liste.",
        )
    return saved


def _set(job: Job, fields: Mapping[str, Any]) -> None:
    unknown = sorted(set(fields) - _FIELDS)
    if unknown:
        raise TypeError(f"No such field of a post: {', '.join(unknown)}.")
    for name, value in fields.items():
        setattr(job, name, value)
    if job.request is not None and job.action is None:
        job.action = job.request.action


def _check(job: Job) -> None:
    if not job.label.strip():
        raise InputError(
            "The post has no name: say what it is (trade, workshop), never who holds it.",
            "Le poste n'a pas d'intitulé : dites lequel (métier, atelier), jamais qui l'occupe.",
        )
    for other in (job.request, job.action, job.proof):
        if other is not None and other.convention_id != job.convention_id:
            raise InputError(
                "The request, action or document chosen is not of this convention: choose another one.",
                "La demande, l'action ou la pièce choisie n'est pas de cette convention : choisissez-en une autre.",
            )
    check_record(build_record(job))


def _describe(job: Job) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in sorted(_FIELDS - _SILENT):
        value = getattr(job, f"{name}_id" if name in ("request", "action", "proof") else name)
        if isinstance(value, date):
            value = value.isoformat()
        values[name] = value if value is None or isinstance(value, bool) else str(value) or None
    return values
