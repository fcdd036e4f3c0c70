"""Files of a committee: made by a child process from its frozen figures, kept on disk."""

from __future__ import annotations

import logging
import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal, TypeAlias
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django_scopes import scopes_disabled
from django_tasks import task

from ancrage.language import LANGUAGES, Language
from ancrage_web.conventions.models import CommitteeFile
from ancrage_web.design.children import ChildFailedError, run_child

logger = logging.getLogger("ancrage.committees")

Status: TypeAlias = Literal["waiting", "making", "made", "failed"]

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_LONGEST_SECONDS = 180
# Files that wait or are being made longer than this can be asked for again: their worker stopped.
_STALE = timedelta(seconds=2 * _LONGEST_SECONDS)


@dataclass(frozen=True)
class Progress:
    """Where the files of a committee stand.

    Attributes
    ----------
    ready : languages whose three files are there; can_retry : the files failed, are gone or wait for too long.
    """

    status: Status
    ready: tuple[Language, ...]
    can_retry: bool

    @property
    def is_open(self) -> bool:
        """Whether they are still to come."""
        return self.status in ("waiting", "making") and not self.can_retry

    @property
    def percent(self) -> int:
        """Share of the files that are there, as a percentage."""
        return round(100 * len(self.ready) / len(LANGUAGES))


def choose_folder(file: CommitteeFile) -> str:
    """Return where the files go, under MEDIA_ROOT."""
    return f"conventions/{file.committee.convention_id}/committees/{file.committee_id}/{file.number}"


def find_path(file: CommitteeFile, language: Language, kind: str) -> Path:
    """Return the path of one file, whether it is there or not."""
    return Path(settings.MEDIA_ROOT) / file.folder / language / f"committee.{kind}"


def build_name(file: CommitteeFile, language: Language, kind: str) -> str:
    """Return the name under which a file is handed over: convention, day, version."""
    plain = unicodedata.normalize("NFKD", file.committee.convention.name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60] or "convention"
    word = "committee" if language == "en" else "comite"
    return f"{slug}-{word}-{file.committee.day.isoformat()}-v{file.number}.{kind}"


def read_progress(file: CommitteeFile) -> Progress:
    """Return where the files stand, as the database and the disk tell."""
    ready = tuple(language for language in LANGUAGES if find_path(file, language, "xlsx").exists())
    status: Status = next(s for s in ("waiting", "making", "made", "failed") if s == file.status)
    if status == "made" and len(ready) < len(LANGUAGES):
        status = "failed"
    late = status in ("waiting", "making") and file.asked_at < timezone.now() - _STALE
    return Progress(status, ready, status == "failed" or late)


@task()
def make_committee_files(file_id: str) -> str:
    """Make the files of a committee in child processes, one per language, and return the status they ended with."""
    return make_files(UUID(file_id))


def make_files(key: UUID) -> Status:
    """Make the files that are not there yet; blocks until the end. Two callers at once: one of them does the work.

    Raises
    ------
    CommitteeFile.DoesNotExist
        If nothing was frozen under this identifier.
    """
    with scopes_disabled():
        started = CommitteeFile.objects.filter(pk=key, status="waiting").update(
            status="making", asked_at=timezone.now()
        )
        file = CommitteeFile.objects.select_related("committee").get(pk=key)
        if not started:
            return read_progress(file).status
        former = None
        if file.content["former"] is not None:
            found = CommitteeFile.objects.filter(pk=file.content["former"]["file"]).first()
            former = None if found is None else found.content
    status: Status = "made"
    try:
        for language in LANGUAGES:
            _make_language(file, language, former)
    except (ChildFailedError, OSError) as error:
        status = "failed"
        logger.error("the files of the committee %s cannot be made: %s", file.committee_id, type(error).__name__)
    with scopes_disabled():
        CommitteeFile.objects.filter(pk=key).update(status=status)
    return status


def _make_language(file: CommitteeFile, language: Language, former: object) -> None:
    target = find_path(file, language, "pdf").parent
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    request = {"language": language, "content": file.content, "former": former}
    run_child("ancrage_web.conventions.committee_worker", target, request, seconds=_LONGEST_SECONDS)
