"""Committees: planning, freezing of their file, minutes whose decisions become commitments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.core.files import File
from django.db import transaction
from django.utils import timezone

from ancrage.conventions.committee import build_content, compute_fingerprint, list_obstacles
from ancrage.errors import AncrageError, InputError
from ancrage.language import Text, format_date
from ancrage_web.audit.services import record
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.committee_files import choose_folder, make_committee_files
from ancrage_web.conventions.enums import CommitteeKind, DocumentKind, Outcome
from ancrage_web.conventions.models import Action, Committee, CommitteeFile, Convention, Decision, Document, Request
from ancrage_web.conventions.queries.committees import read_snapshot
from ancrage_web.conventions.services.documents import add_document
from ancrage_web.conventions.services.locks import lock_kept, lock_open
from ancrage_web.conventions.services.requests import decide_request

TEXT_LENGTH = 20_000
NOTE_LENGTH = 4_000


@dataclass(frozen=True)
class DecisionDraft:
    """What the committee said of a request.

    Attributes
    ----------
    outcome : value of `Outcome`; amount : granted [EUR], None unless granted.
    """

    request: Request
    outcome: str
    amount: Decimal | None = None
    conditions: str = ""


class ObstaclesError(InputError):
    """A final balance that cannot be frozen yet.

    Attributes
    ----------
    obstacles : what is missing, one sentence each.
    """

    def __init__(self, obstacles: Sequence[Text]) -> None:
        super().__init__(
            "The final balance cannot be frozen yet. " + " ".join(text.en for text in obstacles),
            "Le bilan final ne peut pas encore être figé. " + " ".join(text.fr for text in obstacles),
        )
        self.obstacles = tuple(obstacles)


def plan_committee(
    access: Access,
    *,
    day: date,
    kind: str = CommitteeKind.FOLLOW_UP,
    report_sent_on: date | None = None,
    agenda: str = "",
) -> Committee:
    """Plan a committee.

    Raises
    ------
    ForbiddenError
        If the organisation or the person only reads.
    InputError
        If the day is taken or before the signature, the report was sent in the future, or a final committee is
        planned already.
    """
    access.require_edit()
    agenda = _check_text(agenda, TEXT_LENGTH)
    _check_sending(report_sent_on)
    with transaction.atomic():
        convention = lock_open(access.convention)
        _check_day(convention, day, kind, None)
        committee = Committee.objects.create(
            convention=convention,
            day=day,
            kind=kind,
            report_sent_on=report_sent_on,
            agenda=agenda,
            created_by=access.user,
        )
        record(access, "committee.planned", "committee", committee.pk, after=_describe(committee))
    return committee


def change_committee(
    access: Access,
    committee: Committee,
    *,
    version: int,
    day: date,
    kind: str,
    agenda: str,
    notes: Mapping[str, str],
    residual_note: str,
) -> Committee:
    """Change what is prepared for a committee; what is frozen already keeps what it says.

    Parameters
    ----------
    version : `committee.version` as the person saw it.
    notes : comment of each action, by identifier; an empty one removes it.

    Raises
    ------
    ForbiddenError
        If the organisation or the person only reads.
    InputError
        If its minutes are recorded, someone changed it meanwhile, its day or kind changes once a file is frozen, or
        as `plan_committee`.
    """
    access.require_edit()
    agenda = _check_text(agenda, TEXT_LENGTH)
    residual_note = _check_text(residual_note, NOTE_LENGTH)
    kept = {key: text for key, note in notes.items() if (text := _check_text(note, NOTE_LENGTH))}
    with transaction.atomic():
        convention = lock_open(access.convention)
        saved = _get_open(convention, committee)
        if saved.version != version:
            raise InputError(
                "Someone changed this committee while you were writing. Nothing was overwritten: open the page again, "
                "take over what must be kept, then save.",
                "Quelqu'un a modifié ce comité pendant que vous écriviez. Rien n'a été écrasé : rouvrez la page, "
                "reprenez ce qu'il faut garder, puis enregistrez.",
            )
        if (day, kind) != (saved.day, saved.kind):
            if saved.files.exists():
                raise InputError(
                    "The file of this committee is frozen: its day and its kind change no more. Plan "
                    "another committee if the day moved.",
                    "Le dossier de ce comité est figé : sa date et sa nature ne changent plus. Si la réunion est "
                    "déplacée, planifiez un autre comité.",
                )
            _check_day(convention, day, kind, saved)
        known = {str(key) for key in Action.objects.filter(convention=convention).values_list("pk", flat=True)}
        before = _describe(saved)
        saved.day, saved.kind, saved.agenda, saved.residual_note = day, kind, agenda, residual_note
        saved.notes = {key: text for key, text in kept.items() if key in known}
        saved.version += 1
        saved.save(update_fields=["day", "kind", "agenda", "residual_note", "notes", "version"])
        record(access, "committee.changed", "committee", saved.pk, before=before, after=_describe(saved))
    return saved


def record_sending(access: Access, committee: Committee, *, on: date | None) -> Committee:
    """Note the day its report was sent to the members (D1233-42), or take a wrong note back.

    Raises
    ------
    ForbiddenError
        If the organisation or the person only reads.
    InputError
        If the day is to come.
    """
    access.require_edit()
    _check_sending(on)
    with transaction.atomic():
        convention = lock_kept(access.convention)
        saved = Committee.objects.get(convention=convention, pk=committee.pk)
        before = _describe(saved)
        saved.report_sent_on = on
        saved.save(update_fields=["report_sent_on"])
        record(access, "committee.report_sent", "committee", saved.pk, before=before, after=_describe(saved))
    return saved


def cancel_committee(access: Access, committee: Committee) -> None:
    """Remove a committee that will not meet and for which nothing is frozen.

    Raises
    ------
    ForbiddenError
        If the organisation or the person only reads.
    InputError
        If its minutes are recorded or a file is frozen.
    """
    access.require_edit()
    with transaction.atomic():
        convention = lock_open(access.convention)
        saved = _get_open(convention, committee)
        if saved.files.exists():
            raise InputError(
                "A file of this committee is frozen: the committee is kept, so that the file stays explained.",
                "Un dossier de ce comité est figé : le comité est conservé, pour que ce dossier reste expliqué.",
            )
        record(access, "committee.cancelled", "committee", saved.pk, before=_describe(saved))
        saved.delete()


def freeze_committee(access: Access, committee: Committee, *, on: date) -> CommitteeFile:
    """Freeze every figure of the convention at the end of a day, and ask for the files made from them.

    Freezing again adds a version, until the minutes are recorded; a former version is never changed.

    Raises
    ------
    ForbiddenError
        If the organisation or the person only reads.
    InputError
        If the minutes are recorded, or the day is to come or after the committee.
    ObstaclesError
        For a final committee, while the final balance misses something.
    """
    access.require_edit()
    today = timezone.localdate()
    with transaction.atomic():
        convention = lock_open(access.convention)
        saved = _get_open(convention, committee)
        saved.convention = convention
        last = min(today, saved.day)
        if on > last:
            raise InputError(
                f"Figures of {format_date(on, 'en')} are asked for: give {format_date(last, 'en')} at the latest, the "
                "day of the committee or today.",
                f"Des chiffres au {format_date(on, 'fr')} sont demandés : donnez au plus tard le "
                f"{format_date(last, 'fr')}, jour du comité ou d'aujourd'hui.",
            )
        snapshot = read_snapshot(saved, on)
        if saved.kind == CommitteeKind.FINAL and (obstacles := list_obstacles(snapshot)):
            raise ObstaclesError(obstacles)
        content = build_content(snapshot)
        file = CommitteeFile(
            committee=saved,
            number=saved.files.count() + 1,
            frozen_on=on,
            frozen_by=access.user,
            content=content,
            sha256=compute_fingerprint(content),
            asked_at=timezone.now(),
        )
        file.folder = choose_folder(file)
        file.save(force_insert=True)
        record(
            access,
            "committee.frozen",
            "committee",
            saved.pk,
            after={"version": file.number, "day": on.isoformat(), "key": file.sha256},
        )
        make_committee_files.enqueue(str(file.pk))
    return file


def remake_files(access: Access, file: CommitteeFile) -> CommitteeFile:
    """Ask again for the PDF, DOCX and XLSX files of frozen figures, which do not change.

    Raises
    ------
    ForbiddenError
        If the organisation or the person only reads.
    """
    access.require_edit()
    with transaction.atomic():
        lock_kept(access.convention)
        # Of this convention: one of another is not found.
        saved = CommitteeFile.objects.defer("content").get(pk=file.pk, committee__convention=access.convention)
        saved.status, saved.asked_at = "waiting", timezone.now()
        saved.save(update_fields=["status", "asked_at"])
        make_committee_files.enqueue(str(saved.pk))
    return saved


def record_minutes(
    access: Access,
    committee: Committee,
    *,
    minutes: str,
    decisions: Sequence[DecisionDraft],
    document: Document | File[bytes],
) -> Committee:
    """Record the minutes of a committee, once, and apply its decisions to the requests and the ledger: all or none.

    Parameters
    ----------
    decisions : one per request of the agenda that was examined; a postponed request stays ready for the next one.
    document : the signed minutes, that justify the commitments; an upload is stored in the same transaction.

    Raises
    ------
    ForbiddenError
        If the organisation or the person only reads.
    InputError
        If the minutes are recorded already, the committee has not met yet, no file is frozen, the minutes are empty,
        or a request cannot be decided so: the sentence names it and nothing at all is written.
    """
    access.require_edit()
    minutes = _check_text(minutes, TEXT_LENGTH)
    if not minutes:
        raise InputError(
            "The minutes are empty: write who decided what, in a few lines.",
            "Le relevé de décisions est vide : écrivez en quelques lignes ce qui a été décidé.",
        )
    with transaction.atomic():
        convention = lock_open(access.convention)
        saved = _get_open(convention, committee)
        _check_held(saved)
        if not isinstance(document, Document):
            document = add_document(access, document, kind=DocumentKind.MINUTES)
        elif document.convention_id != convention.pk:
            raise InputError(
                "The document of the minutes belongs to another convention: choose one of this one.",
                "La pièce choisie appartient à une autre convention : choisissez une pièce de celle-ci.",
            )
        for draft in sorted(decisions, key=lambda each: each.request.number):
            _apply_decision(access, saved, draft, document)
        saved.minutes, saved.minutes_document, saved.held_at = minutes, document, timezone.now()
        saved.version += 1
        saved.save(update_fields=["minutes", "minutes_document", "held_at", "version"])
        after = {each.value: sum(draft.outcome == each for draft in decisions) for each in Outcome}
        record(access, "committee.held", "committee", saved.pk, after={"day": saved.day.isoformat(), **after})
    return saved


def _apply_decision(access: Access, committee: Committee, draft: DecisionDraft, document: Document) -> None:
    request = Request.objects.filter(convention=committee.convention_id, pk=draft.request.pk).first()
    name = draft.request.number
    try:
        if request is None:
            raise InputError("it belongs to another convention.", "elle appartient à une autre convention.")
        if request.status != "instructed":
            raise InputError(
                "it is not ready for the committee any more: open the page again.",
                "elle n'est plus à présenter au comité : rouvrez la page.",
            )
        granted = draft.outcome == Outcome.GRANTED
        if granted and (draft.amount is None or draft.amount <= 0):
            raise InputError("give the amount granted.", "donnez le montant accordé.")
        Decision.objects.create(
            committee=committee,
            request=request,
            outcome=draft.outcome,
            amount=draft.amount if granted else None,
            conditions=_check_text(draft.conditions, NOTE_LENGTH),
        )
        decide_request(
            access,
            request,
            outcome=draft.outcome,
            amount=draft.amount if granted else None,
            conditions=draft.conditions,
            on=committee.day,
            document=document,
        )
    except AncrageError as error:
        raise InputError(
            f"Request {name}: {error.text.en} Nothing was recorded.",
            f"Demande n° {name} : {error.text.fr} Rien n'a été enregistré.",
        ) from error


def _check_held(committee: Committee) -> None:
    if committee.day > timezone.localdate():
        raise InputError(
            f"The committee meets on {format_date(committee.day, 'en')}: record its minutes from that day on.",
            f"Le comité se réunit le {format_date(committee.day, 'fr')} : enregistrez ses décisions à partir de ce "
            "jour.",
        )
    if not committee.files.exists():
        raise InputError(
            "No file is frozen for this committee: freeze the figures that it looked at, then record its minutes.",
            "Aucun dossier n'est figé pour ce comité : figez les chiffres qu'il a examinés, puis enregistrez ses "
            "décisions.",
        )


def _get_open(convention: Convention, committee: Committee) -> Committee:
    """Return a committee as it is now, refusing one that is over or was cancelled meanwhile."""
    saved = Committee.objects.filter(convention=convention, pk=committee.pk).first()
    if saved is None:
        raise InputError(
            "This committee was cancelled meanwhile: see the list of committees.",
            "Ce comité a été annulé entre-temps : voyez la liste des comités.",
        )
    if saved.held_at is not None:
        raise InputError(
            "The minutes of this committee are recorded: it changes no more. Plan another committee.",
            "Les décisions de ce comité sont enregistrées : il ne change plus. Planifiez un autre comité.",
        )
    return saved


def _check_day(convention: Convention, day: date, kind: str, saved: Committee | None) -> None:
    if kind not in CommitteeKind.values:
        raise InputError(
            f"'{kind}' is no kind of committee: choose follow_up or final.",
            f"« {kind} » n'est pas une nature de comité : choisissez follow_up ou final.",
        )
    if convention.signed_on is not None and day < convention.signed_on:
        signed = convention.signed_on
        raise InputError(
            f"{format_date(day, 'en')} is before the signature of the convention ({format_date(signed, 'en')}): give "
            "a later day.",
            f"Le {format_date(day, 'fr')} précède la signature de la convention ({format_date(signed, 'fr')}) : donnez "
            "une date postérieure.",
        )
    others = Committee.objects.filter(convention=convention)
    if saved is not None:
        others = others.exclude(pk=saved.pk)
    if others.filter(day=day).exists():
        raise InputError(
            f"A committee is planned on {format_date(day, 'en')} already: change it, or give another day.",
            f"Un comité est déjà prévu le {format_date(day, 'fr')} : modifiez-le, ou donnez une autre date.",
        )
    # One that was held is corrected by another, when the ledger changed since.
    if kind == CommitteeKind.FINAL and others.filter(kind=CommitteeKind.FINAL, held_at=None).exists():
        raise InputError(
            "A final committee is planned already: change the other one first.",
            "Un comité final est déjà prévu : modifiez d'abord l'autre.",
        )


def _check_sending(on: date | None) -> None:
    if on is not None and on > timezone.localdate():
        raise InputError(
            f"The report cannot have been sent on {format_date(on, 'en')}, which is to come: note it once it is sent.",
            f"Le bilan ne peut pas avoir été envoyé le {format_date(on, 'fr')}, date à venir : notez-le une fois "
            "envoyé.",
        )


def _check_text(text: str, length: int) -> str:
    text = text.strip()
    if len(text) > length:
        raise InputError(
            f"A text has {len(text)} characters: shorten it to {length}.",
            f"Un texte compte {len(text)} caractères : ramenez-le à {length}.",
        )
    return text


def _describe(committee: Committee) -> dict[str, str | None]:
    sent = committee.report_sent_on
    return {
        "day": committee.day.isoformat(),
        "kind": committee.kind,
        "report_sent_on": None if sent is None else sent.isoformat(),
    }
