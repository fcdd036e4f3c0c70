"""Everything about one convention as a ZIP: a workbook that can be imported again, and every document."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any, cast
from uuid import UUID

from django.utils import timezone

from ancrage.conventions import life
from ancrage.language import Language, Text, format_date
from ancrage_web.audit.actions import ACTION_NAMES
from ancrage_web.audit.models import AuditLine
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.enums import DOCUMENT_NAMES
from ancrage_web.conventions.exchange_amendments import write_changed
from ancrage_web.conventions.exchange_columns import Sheet
from ancrage_web.conventions.exchange_sheets import SHEETS
from ancrage_web.conventions.exchange_workbook import Table, write_workbook
from ancrage_web.conventions.models import (
    Action,
    Amendment,
    Basin,
    Beneficiary,
    Candidate,
    Committee,
    CommitteeFile,
    Convention,
    Decision,
    DeclaredAid,
    Document,
    EngineeringDays,
    Entry,
    Funder,
    Job,
    Partner,
    Party,
    Remark,
    Request,
    StatusChange,
)
from ancrage_web.conventions.queries.aid import list_shown
from ancrage_web.conventions.queries.documents import list_shown_documents

_BLOCK = 1 << 18
_MADE_ON = (1980, 1, 1, 0, 0, 0)


def build_rows(convention: Convention, *, with_contacts: bool) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every sheet, as the template has them.

    Parameters
    ----------
    with_contacts : e-mail addresses of beneficiaries, for those who manage the convention.
    """
    requests = list(list_shown(Request.objects.filter(convention=convention)).select_related("action", "beneficiary"))
    sirens = {request.beneficiary_id for request in requests if request.beneficiary_id}
    of_action = {action.pk: action.name for action in Action.objects.filter(convention=convention)}
    of_request = {request.pk: request.number for request in requests}
    numbers = dict(Entry.objects.filter(convention=convention).values_list("pk", "number"))
    committees = list(Committee.objects.filter(convention=convention).select_related("minutes_document"))
    sources: dict[str, Iterable[Any]] = {
        "convention": [convention],
        "parties": Party.objects.filter(convention=convention),
        "basins": Basin.objects.filter(convention=convention),
        "actions": Action.objects.filter(convention=convention),
        "funders": Funder.objects.filter(convention=convention),
        "beneficiaries": Beneficiary.objects.filter(pk__in=sirens),
        "declared_aids": DeclaredAid.objects.filter(beneficiary__in=sirens).select_related("beneficiary"),
        "requests": requests,
        "ledger": Entry.objects.filter(convention=convention).select_related("funder", "document").order_by("number"),
        "jobs": Job.objects.filter(convention=convention).select_related("proof"),
        "committees": committees,
        "decisions": Decision.objects.filter(committee__convention=convention).select_related("committee"),
        "notes": [
            {"committee": committee.day, "action": of_action.get(UUID(key), ""), "text": text}
            for committee in committees
            for key, text in committee.notes.items()
        ],
        "engineering": EngineeringDays.objects.filter(convention=convention).select_related("document"),
        "uses": Candidate.objects.filter(convention=convention),
        "amendments": _build_amendments(convention, of_action),
        "remarks": [
            {
                "day": timezone.localtime(remark.created_at).date(),
                "organisation": remark.imported_from or remark.author_organisation.name,
                "request": None if remark.request_id is None else of_request.get(remark.request_id),
                "text": remark.text,
            }
            for remark in Remark.objects.filter(convention=convention).select_related("author_organisation")
        ],
    }
    own: dict[str, Any] = {
        "action": lambda row: of_action.get(row.action_id, ""),
        "request": lambda row: of_request.get(row.request_id),
        "funder": lambda row: row.funder.name,
        "beneficiary": lambda row: "" if row.beneficiary is None else row.beneficiary.siren,
        "committee": lambda row: row.committee.day,
        "reverses": lambda row: numbers.get(row.reverses_id),
        "piece": _name_piece,
        # A spreadsheet shows no more of what was computed.
        "value": lambda row: round(row.value, 6),
        "held": lambda row: row.held_at is not None,
        "contact_email": lambda row: row.contact_email if with_contacts else "",
    }
    return {sheet.key: [_build_row(sheet, row, own) for row in sources[sheet.key]] for sheet in SHEETS}


def _name_piece(row: Any) -> str:
    document = getattr(row, {Job: "proof", Committee: "minutes_document"}.get(type(row), "document"))
    return "" if document is None else str(document.name)


def _build_amendments(convention: Convention, of_action: Mapping[UUID, str]) -> Iterator[dict[str, Any]]:
    """Yield a row for each value that an amendment changed."""
    for amendment in Amendment.objects.filter(convention=convention).select_related("document"):
        for changed, (before, after) in amendment.changes.items():
            action, field = "", changed
            if changed.startswith("action:"):
                _, key, field = changed.split(":")
                action = of_action[UUID(key)]
            yield {
                "number": amendment.number,
                "signed_on": amendment.signed_on,
                "effective_on": amendment.effective_on,
                "field": field,
                "action": action,
                "before": write_changed(field, before),
                "after": write_changed(field, after),
                "reason": amendment.reason,
                "piece": _name_piece(amendment),
            }


def _build_row(sheet: Sheet, row: Any, own: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(row, dict):
        return row
    return {
        column.key: own[column.key](row) if column.key in own else getattr(row, column.key) for column in sheet.columns
    }


def build_history(convention: Convention, names: Mapping[Any, str]) -> dict[str, Table]:
    """Return what the workbook tells besides: statuses, partners, documents, trail.

    Parameters
    ----------
    names : path of each document in the ZIP, by its identifier.
    """
    statuses = cast(Mapping[str, Text], life.STATUS_NAMES)
    roles = cast(Mapping[str, Text], life.ROLE_NAMES)
    documents = list(list_shown_documents(convention).select_related("request").order_by("uploaded_at"))
    own = str(convention.pk)
    keys = {own, *(str(key) for key in _list_objects(convention))}
    lines = AuditLine.objects.filter(organisation=convention.organisation).order_by("sequence")
    # Chosen here: thousands of identifiers are more than a query may name.
    trail = (line for line in lines.iterator(chunk_size=1000) if line.object_id in keys or _names(line, own))
    return {
        "statuses": Table(
            (Text("Day", "Date"), Text("Before", "Avant"), Text("After", "Après"), Text("Reason", "Motif")),
            [
                (
                    timezone.localtime(change.at).date(),
                    statuses.get(change.before, ""),
                    statuses.get(change.after, change.after),
                    change.reason,
                )
                for change in StatusChange.objects.filter(convention=convention)
            ],
        ),
        "partners": Table(
            (Text("Organisation", "Organisation"), Text("Part", "Rôle"), Text("Since", "Depuis le")),
            [
                (
                    partner.organisation.name,
                    roles.get(partner.part, partner.part),
                    timezone.localtime(partner.created_at).date(),
                )
                for partner in Partner.objects.filter(convention=convention)
                .select_related("organisation")
                .order_by("created_at")
            ],
        ),
        "documents": Table(
            (
                Text("File", "Fichier"),
                Text("Kind", "Nature"),
                Text("Request No", "N° de demande"),
                Text("Added on", "Ajouté le"),
                Text("Bytes", "Octets"),
                Text("SHA-256", "SHA-256"),
            ),
            [
                (
                    names.get(document.pk, document.name),
                    DOCUMENT_NAMES.get(document.kind, document.kind),
                    None if document.request is None else document.request.number,
                    timezone.localtime(document.uploaded_at).date(),
                    document.size,
                    document.sha256,
                )
                for document in documents
            ],
        ),
        "trail": Table(
            (
                Text("No", "N°"),
                Text("Day", "Date"),
                Text("Time (Paris)", "Heure (Paris)"),
                Text("What was done", "Action"),
                Text("Identifier", "Identifiant"),
            ),
            [
                (
                    line.sequence,
                    timezone.localtime(line.at).date(),
                    f"{timezone.localtime(line.at):%H:%M:%S}",
                    ACTION_NAMES.get(line.action, line.action),
                    line.object_id,
                )
                for line in trail
            ],
        ),
    }


def _names(line: AuditLine, convention: str) -> bool:
    """Say whether a line of the trail names the convention: what was deleted is found no other way."""
    return any((side or {}).get("convention") == convention for side in (line.before, line.after))


_FOLLOWED = (
    Request,
    Action,
    Funder,
    Document,
    Committee,
    Job,
    Entry,
    EngineeringDays,
    Party,
    Basin,
    Amendment,
    Remark,
    Candidate,
    Partner,
)


def _list_objects(convention: Convention) -> Iterator[Any]:
    for model in _FOLLOWED:
        yield from cast(Any, model).objects.filter(convention=convention).values_list("pk", flat=True)


def list_files(convention: Convention) -> list[tuple[Any, PurePosixPath, str]]:
    """Return identifier, path in the ZIP and path under MEDIA_ROOT of every file, each path once."""
    taken: set[str] = set()
    files: list[tuple[Any, PurePosixPath, str]] = []
    documents = list_shown_documents(convention).select_related("request").order_by("uploaded_at", "pk")
    for document in documents:
        folder = "documents" if document.request is None else f"documents/demande-{document.request.number}"
        ending = PurePosixPath(document.path).suffix
        name = choose_name(folder, document.name, ending, taken)
        files.append((document.pk, name, document.path))
    return files


def choose_name(folder: str, name: str, ending: str, taken: set[str]) -> PurePosixPath:
    """Return a path that every system can write, and that no other file of the ZIP has."""
    bare = unicodedata.normalize("NFKD", name)
    bare = "".join(c for c in bare if not unicodedata.combining(c))
    if ending and bare.lower().endswith(ending.lower()):
        bare = bare[: -len(ending)]
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", bare).strip("-._")[:80] or "document"
    # Names that Windows keeps for itself.
    stem = (
        f"{stem}-1"
        if stem.upper() in {"CON", "PRN", "AUX", "NUL", *(f"{p}{n}" for p in ("COM", "LPT") for n in range(1, 10))}
        else stem
    )
    chosen, number = f"{folder}/{stem}{ending}", 1
    while chosen.casefold() in taken:
        number += 1
        chosen = f"{folder}/{stem}-{number}{ending}"
    taken.add(chosen.casefold())
    return PurePosixPath(chosen)


def write_workbook_of(access: Access, language: Language, on: date, names: Mapping[Any, str]) -> bytes:
    """Return the workbook of a convention."""
    convention = access.convention
    read_me = (
        Text(f"Convention: {convention.name}", f"Convention : {convention.name}"),
        Text(f"Export of {format_date(on, 'en')}.", f"Export du {format_date(on, 'fr')}."),
        Text(
            "The sheets from Convention to Remarks can be imported again as they are; the others tell the history.",
            "Les feuilles Convention à Remarques se réimportent telles quelles ; les autres racontent l'historique.",
        ),
        Text(
            "An apostrophe stands before texts that a spreadsheet program would take for a formula.",
            "Une apostrophe précède les textes qu'un tableur prendrait pour une formule.",
        ),
    )
    rows = build_rows(convention, with_contacts=access.may_edit)
    return write_workbook(rows, language, read_me=read_me, tables=build_history(convention, names))


def write_archive(access: Access, language: Language, on: date, target: Any, root: Path) -> int:
    """Write the ZIP of a convention into an open file, document by document; return how many files are in it.

    A document whose file is gone is told in the README rather than forgotten.
    """
    convention = access.convention
    files = list_files(convention)
    names = {key: str(name) for key, name, _ in files}
    missing: list[str] = []
    count = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        book = "convention.xlsx"
        archive.writestr(zipfile.ZipInfo(book, _MADE_ON), write_workbook_of(access, language, on, names))
        for _, name, path in files:
            if _add_file(archive, root / path, str(name)):
                count += 1
            else:
                missing.append(str(name))
        for file in CommitteeFile.objects.filter(committee__convention=convention).select_related("committee"):
            folder = root / file.folder
            for found in sorted(folder.rglob("*")) if file.folder and folder.is_dir() else ():
                inside = f"{_name(language, 'comites', 'committees')}/{file.committee.day:%Y-%m-%d}-v{file.number}"
                if found.is_file() and _add_file(archive, found, f"{inside}/{found.relative_to(folder).as_posix()}"):
                    count += 1
        text = _write_read_me(convention, language, on, missing)
        archive.writestr(zipfile.ZipInfo(_name(language, "LISEZMOI.txt", "README.txt"), _MADE_ON), text)
    return count + 2


def _name(language: Language, french: str, english: str) -> str:
    return french if language == "fr" else english


def _add_file(archive: zipfile.ZipFile, path: Path, name: str) -> bool:
    """Copy a file block by block; say whether it was there."""
    try:
        source = path.open("rb")
    except OSError:
        return False
    info = zipfile.ZipInfo(name, _MADE_ON)
    info.compress_type = zipfile.ZIP_STORED if path.suffix in (".pdf", ".png", ".jpg", ".docx", ".xlsx") else 8
    with source, archive.open(info, "w", force_zip64=True) as target:
        while block := source.read(_BLOCK):
            target.write(block)
    return True


def _write_read_me(convention: Convention, language: Language, on: date, missing: Sequence[str]) -> str:
    lines = [
        Text(f"Export of the convention '{convention.name}'", f"Export de la convention « {convention.name} »"),
        Text(
            f"Made on {format_date(on, 'en')} for a partner of the convention.",
            f"Fait le {format_date(on, 'fr')} pour un partenaire de la convention.",
        ),
        Text("", ""),
        Text(
            "convention.xlsx: every fact, request, entry, job, committee and decision, with the history.",
            "convention.xlsx : données, demandes, écritures, emplois, comités et décisions, avec l'historique.",
        ),
        Text(
            "documents/: every document, those of a request of aid in a folder of its number.",
            "documents/ : toutes les pièces, celles d'une demande d'aide dans un dossier à son numéro.",
        ),
        Text(
            "committees/: the frozen file of each committee, by day and version.",
            "comites/ : le dossier figé de chaque comité, par date et version.",
        ),
    ]
    if missing:
        lines += [
            Text("", ""),
            Text(
                "Not found on the site, hence missing here (restore them from a backup):",
                "Introuvables sur le site, donc absents d'ici (à restaurer depuis une sauvegarde) :",
            ),
            *(Text(f"- {name}", f"- {name}") for name in missing),
        ]
    return "\r\n".join(line.render(language) for line in lines) + "\r\n"
