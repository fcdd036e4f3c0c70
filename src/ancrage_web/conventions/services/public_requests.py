"""Requests of aid written by firms themselves, through secret links: nobody signs in, each sees its own only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django_scopes import scope, scopes_disabled

from ancrage.conventions import requests
from ancrage.conventions.delays import compute_erasure_date
from ancrage.errors import InputError
from ancrage.parameters import load_parameters
from ancrage_web.accounts.models import Organisation
from ancrage_web.accounts.secret_texts import compute_fingerprint, create_secret
from ancrage_web.accounts.services import check_address
from ancrage_web.audit.services import record
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.enums import DocumentKind
from ancrage_web.conventions.models import Action, Beneficiary, CallLink, Convention, Document, Request
from ancrage_web.conventions.queries.documents import list_uses
from ancrage_web.conventions.services.beneficiaries import (
    add_declared_aid,
    check_fields,
    create_beneficiary,
    lock_beneficiaries,
)
from ancrage_web.conventions.services.documents import store_document
from ancrage_web.conventions.services.jobs import programme_jobs
from ancrage_web.conventions.services.locks import lock_convention, lock_open
from ancrage_web.conventions.services.request_mails import queue_mail, send_mail
from ancrage_web.conventions.services.request_sheets import check_sheet, next_number, submit_sheet

DRAFT_LIFE = timedelta(days=90)
# A convention lasts three years at most: the link follows the request to its last payment.
REQUEST_LIFE = timedelta(days=3 * 365)
MOST_DOCUMENTS = 20


@dataclass(frozen=True)
class Applicant:
    """Someone without an account: the trail tells what was done, and names nobody."""

    organisation: Organisation
    user: None = None
    token: str = ""


def open_call(access: Access) -> str:
    """Open the public address of a convention, or give it a new one; it is returned once and never stored.

    Raises
    ------
    ForbiddenError
        If they may not edit.
    InputError
        If no action is open to requests, or the convention is closed.
    """
    access.require_edit()
    token = create_secret()
    with transaction.atomic():
        convention = lock_open(access.convention)
        if not list_open_actions(convention):
            raise InputError(
                "No action of this convention is open to requests: open one first, in its page.",
                "Aucune action de cette convention n'est ouverte aux demandes : ouvrez-en une d'abord, dans sa page.",
            )
        CallLink.objects.update_or_create(
            convention=convention,
            defaults={
                "token_hash": compute_fingerprint(token),
                "opened_at": timezone.now(),
                "opened_by": access.user,
                "closed_at": None,
            },
        )
        record(access, "call.opened", "convention", convention.pk)
    return token


def close_call(access: Access) -> None:
    """Close the public address of a convention; requests already started go on.

    Raises
    ------
    ForbiddenError
        If they may not edit.
    """
    access.require_edit()
    with transaction.atomic():
        closed = CallLink.objects.filter(convention=access.convention, closed_at__isnull=True)
        if closed.update(closed_at=timezone.now()):
            record(access, "call.closed", "convention", access.convention.pk)


def find_call(token: str) -> CallLink | None:
    """Return what an open public address leads to, or None."""
    # The secret alone says which organisation it is of: this look-up has no scope.
    with scopes_disabled():
        link = (
            CallLink.objects.select_related("convention__organisation")
            .filter(token_hash=compute_fingerprint(token), closed_at__isnull=True)
            .first()
        )
    if link is None or link.convention.archived_at is not None or link.convention.status == "closed":
        return None
    return link


def find_own(token: str) -> Request | None:
    """Return the request that a personal link opens, or None."""
    # As above: the secret decides of the scope.
    with scopes_disabled():
        return (
            Request.objects.select_related("convention__organisation", "action", "beneficiary")
            .filter(token_hash=compute_fingerprint(token), token_expires_at__gt=timezone.now())
            .first()
        )


def list_open_actions(convention: Convention, request: Request | None = None) -> list[Action]:
    """Return the actions of a convention that take requests, and the one a request sent back was submitted under."""
    wanted = Q(open_to_requests=True)
    if request is not None and request.action_id is not None:
        wanted |= Q(pk=request.action_id)
    return list(Action.objects.filter(wanted, convention=convention))


def list_own_documents(request: Request) -> list[Document]:
    """Return the files that a firm joined to its request, not those the organisation added."""
    return list(Document.objects.filter(request=request, by_firm=True).order_by("uploaded_at"))


def start_request(link: CallLink, *, email: str, language: str) -> tuple[Request, str, bool]:
    """Start a request for an address, and send it its personal link.

    Returns
    -------
    The request, the secret of its link (never stored), and whether the e-mail left.

    Raises
    ------
    InputError
        If the address cannot be.
    """
    address, token = check_address(email), create_secret()
    with transaction.atomic():
        convention = _lock_taking(link.convention)
        created = Request.objects.create(
            convention=convention,
            number=next_number(convention),
            public=True,
            contact_email=address,
            draft={"language": language},
            token_hash=compute_fingerprint(token),
            token_expires_at=timezone.now() + DRAFT_LIFE,
        )
        record(Applicant(convention.organisation), "request.started", "request", created.pk)
    return created, token, _send_link(created, "started", token)


def renew_link(access: Access, request: Request) -> bool:
    """Send a new personal link to a beneficiary; the former one no longer works.

    Returns
    -------
    Whether the e-mail left.

    Raises
    ------
    ForbiddenError
        If they may not edit.
    InputError
        If the beneficiary has no address.
    """
    access.require_edit()
    token = create_secret()
    with transaction.atomic():
        lock_open(access.convention)
        saved = _lock(request)
        if saved.convention_id != access.convention.pk:
            raise InputError(
                "This request is not one of this convention.", "Cette demande n'est pas de cette convention."
            )
        if not saved.contact_email:
            raise InputError(
                "This request has no e-mail address to send a link to (it was erased, or never given).",
                "Cette demande n'a pas d'adresse e-mail où envoyer un lien (effacée, ou jamais donnée).",
            )
        saved.token_hash = compute_fingerprint(token)
        saved.token_expires_at = timezone.now() + (DRAFT_LIFE if saved.submitted_on is None else REQUEST_LIFE)
        saved.save(update_fields=["token_hash", "token_expires_at"])
        record(access, "request.link_renewed", "request", saved.pk)
    return _send_link(saved, "resent", token)


def save_draft(request: Request, part: str, values: dict[str, Any]) -> Request:
    """Keep one part of what a firm writes, as plain values; the link of a draft lives on.

    Raises
    ------
    InputError
        If the request can no longer be written.
    """
    with transaction.atomic():
        saved = _lock_writable(request)
        saved.draft = {**saved.draft, part: values}
        if saved.status == "draft":
            saved.token_expires_at = timezone.now() + DRAFT_LIFE
        saved.version += 1
        saved.save(update_fields=["draft", "token_expires_at", "version", "updated_at"])
    return saved


def join_document(request: Request, upload: File[bytes]) -> Document:
    """Join a file to a request that is being written.

    Raises
    ------
    InputError
        If the request can no longer be written, has too many files, or the file cannot be kept.
    """
    with transaction.atomic():
        saved = _lock_writable(request)
        if saved.documents.count() >= MOST_DOCUMENTS:
            raise InputError(
                f"{MOST_DOCUMENTS} files are joined already, which is the most: put several in one PDF.",
                f"{MOST_DOCUMENTS} fichiers sont déjà joints, c'est le maximum : réunissez-en plusieurs dans un PDF.",
            )
        return store_document(saved.convention, upload, kind=DocumentKind.OTHER, request=saved, by_firm=True)


def remove_document(request: Request, document: Document) -> None:
    """Take away a file that the firm joined, while its request is being written.

    Raises
    ------
    InputError
        If the request can no longer be written, or the organisation rests something on this file.
    """
    with transaction.atomic():
        saved = _lock_writable(request)
        found = Document.objects.filter(request=saved, by_firm=True, pk=document.pk).first()
        if found is None:
            return
        # The first use of any document of a request is the request itself.
        if len(list_uses([found])[found.pk]) > 1:
            raise InputError(
                f"'{found}' already justifies something written by the organisation: it stays.",
                f"« {found} » justifie déjà une écriture de l'organisme : ce fichier reste.",
            )
        told = {"size": found.size, "sha256": found.sha256}
        record(Applicant(saved.convention.organisation), "document.deleted", "document", found.pk, before=told)
        path = Path(settings.MEDIA_ROOT) / found.path
        found.delete()
        transaction.on_commit(lambda: path.unlink(missing_ok=True))


def submit_draft(
    request: Request, *, sheet: dict[str, Any], firm: dict[str, Any], aids: list[tuple[date, Decimal, str]]
) -> Request:
    """Submit what a firm wrote: its sheet, the firm itself, the aids it declares.

    What the organisation knows of a firm already is not replaced by what a link says; only what is missing is added.

    Raises
    ------
    InputError
        If the request can no longer be submitted, or something is missing.
    """
    acting = Applicant(request.convention.organisation)
    with transaction.atomic():
        saved = _lock(request)
        _lock_taking(saved.convention)
        requests.check_transition(cast(requests.Status, saved.status), "submitted", "beneficiary")
        lock_beneficiaries(acting.organisation)
        fields = dict(firm)
        siren = fields.pop("siren")
        values = check_fields(fields)
        known = Beneficiary.objects.filter(siren=siren).first()
        if known is None:
            known = create_beneficiary(acting, siren=siren, **values)
        else:
            added = [name for name, value in values.items() if value and getattr(known, name) in ("", None)]
            for name in added:
                setattr(known, name, values[name])
            if added:
                known.save(update_fields=[*added, "updated_at"])
        for name, value in check_sheet(saved.convention, sheet).items():
            setattr(saved, name, value)
        saved.beneficiary = known
        for granted_on, amount, source in aids:
            add_declared_aid(known, granted_on=granted_on, amount=amount, source=source)
        saved.token_expires_at = timezone.now() + REQUEST_LIFE
        before = saved.status
        submit_sheet(saved, timezone.localdate())
        after = {"number": saved.number, "status": saved.status, "amount_asked": str(saved.amount_asked)}
        record(acting, "request.submitted", "request", saved.pk, before={"status": before}, after=after)
        programme_jobs(acting, saved)
        queue_mail(saved, "submitted")
    return saved


def withdraw_own(request: Request) -> Request:
    """Withdraw a request that the committee has not been given yet.

    Raises
    ------
    InputError
        If it is too late: says who decides.
    """
    with transaction.atomic():
        saved = _lock(request)
        _lock_taking(saved.convention)
        before = saved.status
        requests.check_transition(cast(requests.Status, before), "withdrawn", "beneficiary")
        saved.status, saved.ended_on = "withdrawn", timezone.localdate()
        saved.version += 1
        saved.save()
        acting = Applicant(saved.convention.organisation)
        told = {"status": "withdrawn"}
        record(acting, "request.withdrawn", "request", saved.pk, before={"status": before}, after=told)
    return saved


def erase_own(request: Request) -> bool:
    """Erase a draft with its files; of a submitted request, its address and, once it is over, what the form held.

    Returns
    -------
    Whether the whole request is gone.
    """
    with transaction.atomic():
        saved = _lock(request)
        return _erase(saved)


def _erase(saved: Request, *, forgotten: bool = False) -> bool:
    """Erase a draft, or the contact of a submitted request; its personal link goes with it when it is forgotten."""
    acting = Applicant(saved.convention.organisation)
    if saved.submitted_on is None:
        paths = [Path(settings.MEDIA_ROOT) / document.path for document in saved.documents.all()]
        record(acting, "request.draft_erased", "request", saved.pk)
        saved.documents.all().delete()
        saved.delete()

        def remove() -> None:
            for path in paths:
                path.unlink(missing_ok=True)

        transaction.on_commit(remove)
        return True
    saved.contact_email = ""
    saved.mail_failed = False
    if forgotten or saved.status in requests.CLOSED:
        # Until then, the firm may have to write on it again.
        saved.draft = {}
    if forgotten:
        saved.token_hash = ""
    saved.save(update_fields=["contact_email", "mail_failed", "draft", "token_hash", "updated_at"])
    record(acting, "request.contact_erased", "request", saved.pk)
    return False


def purge_contacts(on: date) -> tuple[int, int]:
    """R24: erase the contacts of requests ended, or sent back and left unanswered, long ago, and expired drafts.

    With the address go what the form held and the personal link; the sheet that was submitted stays.

    Returns
    -------
    How many contacts and how many drafts were erased.
    """
    contacts, drafts = 0, 0
    parameters = load_parameters()
    for organisation in Organisation.objects.order_by("pk"):
        with scope(organisation=organisation):
            ended = Request.objects.filter(status__in=(*requests.CLOSED, "returned"), submitted_on__isnull=False)
            for row in ended.exclude(contact_email="", draft={}, token_hash=""):
                # A request sent back waits for the firm: its last contact is the last time that it was written.
                returned = row.status == "returned"
                day = timezone.localdate(row.updated_at) if returned else row.ended_on or row.decided_on
                if day is not None and cast(date, compute_erasure_date(day, parameters).value) <= on:
                    contacts += _erase_unchanged(row)
            abandoned = Request.objects.filter(public=True, submitted_on__isnull=True)
            for row in abandoned.filter(token_expires_at__date__lt=on):
                drafts += _erase_unchanged(row)
    return contacts, drafts


def _lock_taking(convention: Convention) -> Convention:
    """Lock a convention whose requests a firm may still change."""
    saved = lock_convention(convention)
    if saved.archived_at is not None or saved.status == "closed":
        raise InputError(
            "This convention has ended: requests of aid no longer change. Write to the organisation that holds it.",
            "Cette convention est terminée : les demandes d'aide ne changent plus. Écrivez à l'organisme qui la tient.",
        )
    return saved


def _erase_unchanged(row: Request) -> bool:
    """Erase what was found a moment ago, unless its owner erased, saved or submitted it meanwhile."""
    with transaction.atomic():
        try:
            saved = _lock(row)
        except InputError:
            return False
        if (saved.version, saved.token_expires_at) != (row.version, row.token_expires_at):
            return False
        _erase(saved, forgotten=True)
    return True


def _lock(request: Request) -> Request:
    lock_convention(request.convention)
    saved = (
        Request.objects.select_for_update(of=("self",), no_key=True)
        .select_related("convention__organisation")
        .filter(pk=request.pk)
        .first()
    )
    if saved is None:
        raise InputError("This request was erased.", "Cette demande a été effacée.")
    return saved


def _lock_writable(request: Request) -> Request:
    saved = _lock(request)
    _lock_taking(saved.convention)
    if saved.status not in requests.WRITABLE:
        raise InputError(
            "This request is submitted: it no longer changes, unless the organisation sends it back to you.",
            "Cette demande est déposée : elle ne change plus, sauf si l'organisme vous la renvoie à compléter.",
        )
    return saved


def _send_link(request: Request, name: str, token: str) -> bool:
    assert request.token_expires_at is not None
    return send_mail(
        request,
        name,
        link=build_address("aid-request", token),
        deadline=date_format(timezone.localtime(request.token_expires_at), "j F Y"),
    )


def build_address(route: str, token: str) -> str:
    """Return the whole address of a public page."""
    return f"{settings.SITE_URL}{reverse(route, kwargs={'token': token})}"
