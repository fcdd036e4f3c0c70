"""Import of a convention from a spreadsheet: kept aside, checked, then written in one transaction or not at all."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.models import Organisation
from ancrage_web.audit.models import AuditLine
from ancrage_web.audit.services import record
from ancrage_web.conventions.access import Access, find_access
from ancrage_web.conventions.enums import DocumentKind
from ancrage_web.conventions.exchange_amendments import build_changes
from ancrage_web.conventions.import_checks import Plan, check_reading
from ancrage_web.conventions.import_reading import MOST_BYTES, Problem, Row, check_package, read_workbook
from ancrage_web.conventions.models import (
    Action,
    Amendment,
    Basin,
    Beneficiary,
    Candidate,
    Committee,
    Convention,
    Decision,
    DeclaredAid,
    Document,
    EngineeringDays,
    Entry,
    Funder,
    ImportDraft,
    Job,
    Party,
    Remark,
    Request,
    StatusChange,
)
from ancrage_web.conventions.services import ledger
from ancrage_web.conventions.services.documents import store_document
from ancrage_web.conventions.services.life import check_owner, create_convention

KEPT = timedelta(days=1)
_FOLDER = "conventions/imports"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def keep_draft(actor: Actor, upload: File[bytes]) -> ImportDraft:
    """Keep a spreadsheet aside, so that what was checked is what is imported.

    Raises
    ------
    ForbiddenError
        If the actor may not create a convention.
    InputError
        If the file is no workbook that can be read safely.
    """
    check_owner(actor)
    # Pages only: a token has no page to confirm on.
    assert actor.user is not None
    purge_drafts()
    if (upload.size or 0) > MOST_BYTES:
        check_package(bytes(MOST_BYTES + 1))
    content = upload.read()
    check_package(content)
    key = uuid.uuid4()
    path = f"{_FOLDER}/{key}.xlsx"
    file = Path(settings.MEDIA_ROOT) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        file.write_bytes(content)
        return ImportDraft.objects.create(
            id=key,
            organisation=actor.organisation,
            name=Path(upload.name or "import.xlsx").name[:200],
            path=path,
            sha256=hashlib.sha256(content).hexdigest(),
            created_by=actor.user,
        )
    except OSError as error:
        file.unlink(missing_ok=True)
        raise InputError(
            f"The file could not be kept ({error.strerror}): nothing was imported. Tell whoever runs this site that "
            "its disk may be full.",
            f"Le fichier n'a pas pu être conservé ({error.strerror}) : rien n'est importé. Signalez à l'exploitant du "
            "site que son disque est peut-être plein.",
        ) from error


def read_plan(draft: ImportDraft) -> Plan:
    """Return what a draft would do, and every problem in it; nothing is written.

    Raises
    ------
    InputError
        If the file is gone, or is not the one that was received.
    """
    plan = check_reading(read_workbook(_read_content(draft)))
    _compare_beneficiaries(plan, draft.organisation)
    _check_days(plan, timezone.localdate())
    return plan


def forget_draft(actor: Actor, draft: ImportDraft) -> None:
    """Remove a draft and its file."""
    check_owner(actor)
    _remove(draft)


def purge_drafts() -> int:
    """Remove the drafts that nobody confirmed within a day, of every organisation; return how many."""
    with scopes_disabled():
        old = list(ImportDraft.objects.filter(created_at__lt=timezone.now() - KEPT))
        for draft in old:
            _remove(draft)
    return len(old)


def find_imported(actor: Actor, key: uuid.UUID) -> uuid.UUID | None:
    """Return the convention that a draft became, or None: a second click finds it."""
    line = AuditLine.objects.filter(
        organisation=actor.organisation, action="convention.imported", after__draft=str(key)
    ).first()
    return None if line is None else uuid.UUID(line.object_id)


def import_convention(actor: Actor, draft: ImportDraft) -> Convention:
    """Write everything that a draft holds, in one transaction, and forget the draft.

    The convention, its documents and its ledger go through their services. Requests, jobs, committees and decisions
    are written as rows: their services act today and e-mail people, whereas what is imported happened elsewhere, on
    days of its own; the same rules were checked on the plan, and the database checks its constraints.

    Raises
    ------
    ForbiddenError
        If the actor may not create a convention.
    InputError
        If the draft still holds an error, or was imported or forgotten meanwhile.
    """
    check_owner(actor)
    with transaction.atomic():
        saved = ImportDraft.objects.select_for_update(of=("self",), no_key=True).filter(pk=draft.pk).first()
        if saved is None:
            raise InputError(
                "This import is finished or was dropped: look at the list of conventions.",
                "Cet import est terminé ou abandonné : voyez la liste des conventions.",
            )
        plan = read_plan(saved)
        if plan.errors:
            raise InputError(
                f"The file still holds {len(plan.errors)} error(s): correct it and send it again.",
                f"Le fichier contient encore {len(plan.errors)} erreur(s) : corrigez-le et renvoyez-le.",
            )
        convention = _write(actor, plan, saved.name, _read_content(saved))
        counts = {key: count for key, count in plan.count().items() if count and key != "convention"}
        record(
            actor,
            "convention.imported",
            "convention",
            convention.pk,
            after={"draft": str(saved.pk), "rows": counts},
        )
        saved.delete()
    (Path(settings.MEDIA_ROOT) / draft.path).unlink(missing_ok=True)
    return convention


def _remove(draft: ImportDraft) -> None:
    draft.delete()
    (Path(settings.MEDIA_ROOT) / draft.path).unlink(missing_ok=True)


def _read_content(draft: ImportDraft) -> bytes:
    try:
        content = (Path(settings.MEDIA_ROOT) / draft.path).read_bytes()
    except OSError as error:
        raise InputError(
            "The file of this import is no longer kept: send it again.",
            "Le fichier de cet import n'est plus conservé : renvoyez-le.",
        ) from error
    if hashlib.sha256(content).hexdigest() != draft.sha256:
        raise InputError(
            "The file of this import is not the one that was received: send it again.",
            "Le fichier de cet import n'est pas celui qui a été reçu : renvoyez-le.",
        )
    return content


def _compare_beneficiaries(plan: Plan, organisation: Organisation) -> None:
    """Tell which beneficiaries the organisation knows already under other facts: theirs stay."""
    with scope(organisation=organisation):
        known = {found.siren: found for found in Beneficiary.objects.filter(organisation=organisation)}
    for row in plan.rows["beneficiaries"]:
        saved = known.get(row.values["siren"])
        if saved is not None and saved.name != row.values["name"]:
            plan.problems.append(
                Problem(
                    row.name,
                    row.locate("name"),
                    Text(
                        f"This SIREN is known as '{saved.name}': what is known stays.",
                        f"Ce SIREN est connu sous le nom « {saved.name} » : ce qui est connu reste.",
                    ),
                    "warning",
                )
            )


def _check_days(plan: Plan, today: date) -> None:
    """Refuse the entries, amendments and remarks that are to come, as their services do."""
    # Errors first.
    plan.problems[:0] = [
        Problem(row.name, row.locate(key), text)
        for sheet, key, text in _PAST
        for row in plan.rows[sheet]
        if isinstance(day := row.values[key], date) and day > today
    ]


_PAST: tuple[tuple[str, str, Text], ...] = (
    (
        "ledger",
        "on",
        Text(
            "This day is to come: the ledger holds what was done. Remove the line, or correct its day.",
            "Cette date est à venir : le registre tient ce qui a été fait. Retirez la ligne ou corrigez sa date.",
        ),
    ),
    (
        "amendments",
        "signed_on",
        Text(
            "This day is to come: an amendment is recorded once it is signed. Remove its lines, or correct the day.",
            "Cette date est à venir : un avenant s'enregistre une fois signé. Retirez ses lignes ou corrigez la date.",
        ),
    ),
    (
        "remarks",
        "day",
        Text("This day is to come: correct it.", "Cette date est à venir : corrigez-la."),
    ),
)


def _write(actor: Actor, plan: Plan, name: str, content: bytes) -> Convention:
    facts = dict(plan.convention)
    status = facts.pop("status")
    convention = create_convention(actor, **facts)
    Party.objects.bulk_create([Party(convention=convention, **row.values) for row in plan.rows["parties"]])
    Basin.objects.bulk_create([Basin(convention=convention, **row.values) for row in plan.rows["basins"]])
    actions = {
        row.values["name"]: Action(convention=convention, position=rank, **row.values)
        for rank, row in enumerate(plan.rows["actions"], start=1)
    }
    Action.objects.bulk_create(actions.values())
    funders = {row.values["name"]: Funder(convention=convention, **row.values) for row in plan.rows["funders"]}
    Funder.objects.bulk_create(funders.values())
    beneficiaries = _write_beneficiaries(actor, plan)
    requests = _write_requests(actor, convention, plan, actions, beneficiaries)
    _write_follow_up(convention, plan, actions, requests)
    _write_amendments(actor, convention, plan, actions)
    _write_remarks(actor, convention, plan, requests)

    access = find_access(actor, convention.pk)
    assert access is not None
    upload = SimpleUploadedFile(name, content, content_type=XLSX)
    document = store_document(convention, upload, kind=DocumentKind.OTHER, name=name, uploaded_by=actor.user)
    _write_ledger(access, plan, document, actions, funders, requests)
    if status != convention.status:
        # The table of transitions says who changes a status now, not by which steps it came there elsewhere.
        before, convention.status = convention.status, status
        convention.save(update_fields=["status", "updated_at"])
        StatusChange.objects.create(
            convention=convention, before=before, after=status, part=access.part, by=actor.user, reason=name
        )
    return convention


def _write_beneficiaries(actor: Actor, plan: Plan) -> dict[str, Beneficiary]:
    """Add the beneficiaries that the organisation does not know; those it knows stay as they are."""
    organisation = actor.organisation
    # The row of the organisation keeps two imports from adding the same one.
    Organisation.objects.select_for_update(of=("self",), no_key=True).get(pk=organisation.pk)
    known = {found.siren: found for found in Beneficiary.objects.filter(organisation=organisation)}
    new = {
        row.values["siren"]: Beneficiary(organisation=organisation, **row.values)
        for row in plan.rows["beneficiaries"]
        if row.values["siren"] not in known
    }
    Beneficiary.objects.bulk_create(new.values())
    every = {**known, **new}
    declared = [
        (row.values["beneficiary"], row.values["granted_on"], row.values["amount"], row.values["source"])
        for row in plan.rows["declared_aids"]
    ]
    kept = set(
        DeclaredAid.objects.filter(beneficiary__organisation=organisation).values_list(
            "beneficiary__siren", "granted_on", "amount", "source"
        )
    )
    DeclaredAid.objects.bulk_create(
        DeclaredAid(beneficiary=every[siren], granted_on=day, amount=amount, source=source)
        for siren, day, amount, source in declared
        if (siren, day, amount, source) not in kept
    )
    return every


def _write_requests(
    actor: Actor,
    convention: Convention,
    plan: Plan,
    actions: Mapping[str, Action],
    beneficiaries: Mapping[str, Beneficiary],
) -> dict[int, Request]:
    requests = {}
    for row in plan.rows["requests"]:
        values = {**row.values}
        action, siren = values.pop("action"), values.pop("beneficiary")
        requests[values["number"]] = Request(
            convention=convention,
            action=actions.get(action),
            beneficiary=beneficiaries.get(siren),
            created_by=actor.user,
            **values,
        )
    Request.objects.bulk_create(requests.values())
    return requests


def _link(row: Row, actions: Mapping[str, Action], requests: Mapping[int, Request]) -> dict[str, Any]:
    """Return the fields of a row with the objects that it names."""
    values = {key: value for key, value in row.values.items() if key != "piece"}
    if "action" in values:
        values["action"] = actions.get(values["action"])
    if "request" in values:
        values["request"] = requests.get(values["request"])
    return values


def _write_follow_up(
    convention: Convention, plan: Plan, actions: Mapping[str, Action], requests: Mapping[int, Request]
) -> None:
    Job.objects.bulk_create(Job(convention=convention, **_link(row, actions, requests)) for row in plan.rows["jobs"])
    EngineeringDays.objects.bulk_create(
        EngineeringDays(convention=convention, **_link(row, actions, requests)) for row in plan.rows["engineering"]
    )
    committees = {}
    for row in plan.rows["committees"]:
        values = _link(row, actions, requests)
        held = values.pop("held")
        committees[values["day"]] = Committee(
            convention=convention,
            held_at=timezone.make_aware(datetime.combine(values["day"], time(12))) if held else None,
            **values,
        )
    for row in plan.rows["notes"]:
        committees[row.values["committee"]].notes[str(actions[row.values["action"]].pk)] = row.values["text"]
    Committee.objects.bulk_create(committees.values())
    decisions = []
    for row in plan.rows["decisions"]:
        values = _link(row, actions, requests)
        values["committee"] = committees[values["committee"]]
        decisions.append(Decision(**values))
    Decision.objects.bulk_create(decisions)
    Candidate.objects.bulk_create(Candidate(convention=convention, **row.values) for row in plan.rows["uses"])


def _write_amendments(actor: Actor, convention: Convention, plan: Plan, actions: Mapping[str, Action]) -> None:
    by_number: dict[int, list[Row]] = {}
    for row in plan.rows["amendments"]:
        by_number.setdefault(row.values["number"], []).append(row)
    Amendment.objects.bulk_create(
        Amendment(
            convention=convention,
            number=number,
            **{key: rows[0].values[key] for key in ("signed_on", "effective_on", "reason")},
            changes=build_changes(rows, actions),
            created_by=actor.user,
        )
        for number, rows in by_number.items()
    )


def _write_remarks(actor: Actor, convention: Convention, plan: Plan, requests: Mapping[int, Request]) -> None:
    """Write the remarks under the names and the days of the spreadsheet; no account here wrote them."""
    remarks = Remark.objects.bulk_create(
        Remark(
            convention=convention,
            request=requests.get(row.values["request"]),
            author_organisation=actor.organisation,
            imported_from=row.values["organisation"],
            text=row.values["text"],
        )
        for row in plan.rows["remarks"]
    )
    for remark, row in zip(remarks, plan.rows["remarks"], strict=True):
        remark.created_at = timezone.make_aware(datetime.combine(row.values["day"], time(12)))
    Remark.objects.bulk_update(remarks, ["created_at"], batch_size=500)


def _write_ledger(
    access: Access,
    plan: Plan,
    document: Document,
    actions: Mapping[str, Action],
    funders: Mapping[str, Funder],
    requests: Mapping[int, Request],
) -> None:
    """Write the entries in the order of their numbers; a reversal finds the entry that it undoes."""
    written: dict[int, Entry] = {}
    waiting: list[tuple[int, ledger.Draft]] = []

    def flush() -> None:
        if waiting:
            entries = ledger.post_entries(access, [draft for _, draft in waiting])
            written.update(zip((number for number, _ in waiting), entries, strict=True))
            waiting.clear()

    for row in plan.rows["ledger"]:
        values = row.values
        if values["reverses"] is not None:
            flush()
            written[values["number"]] = ledger.reverse_entry(
                access, written[values["reverses"]], on=values["on"], document=document
            )
            continue
        amount: Decimal = values["amount"]
        waiting.append(
            (
                values["number"],
                ledger.Draft(
                    on=values["on"],
                    kind=values["kind"],
                    funder=funders[values["funder"]],
                    amount=amount,
                    document=document,
                    action=actions.get(values["action"]),
                    request=requests.get(values["request"]),
                    label=values["label"],
                ),
            )
        )
    flush()
