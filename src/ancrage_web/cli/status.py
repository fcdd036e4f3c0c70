"""`ancrage site status`: what an instance holds and how its processes are."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django_scopes import scopes_disabled

from ancrage import __version__
from ancrage.language import Text
from ancrage_web.accounts.models import Organisation, User
from ancrage_web.cli.opening import list_pending
from ancrage_web.config.supervisor import HEARTBEAT, STATE
from ancrage_web.studies.models import Run
from ancrage_web.territories.models import Epci, Store

# Below this, a study may not be able to write its report.
LEAST_FREE = 500_000_000
# A run that waits longer than this has no worker to take it.
LONGEST_WAIT = 300


@dataclass(frozen=True)
class Status:
    """State of an instance; sizes in bytes.

    Attributes
    ----------
    pending : migrations the database has not had; nothing below it is read when there are some.
    service : what the parent of the processes wrote last, None when the site does not run.
    waiting : age of the oldest run that waits [s], None when none does.
    """

    version: str
    engine: str
    database_size: int
    pending: tuple[str, ...]
    files: str
    files_size: int
    free: int
    service: dict[str, Any] | None
    people: int = 0
    organisations: int = 0
    store: Store | None = None
    epci: int = 0
    waiting: float | None = None

    @property
    def problems(self) -> list[Text]:
        """What calls for an action."""
        found = []
        if self.pending:
            found.append(
                Text(
                    f"{len(self.pending)} migrations are waiting: type 'ancrage site migrate'.",
                    f"{len(self.pending)} migrations attendent : tapez « ancrage site migrate ».",
                )
            )
        if self.free < LEAST_FREE:
            found.append(
                Text(
                    f"The disk is nearly full: {self.free / 1e6:.0f} MB left. Free some space.",
                    f"Le disque est presque plein : {self.free / 1e6:.0f} Mo libres. Faites de la place.",
                )
            )
        if self.waiting is not None and self.waiting > LONGEST_WAIT:
            found.append(
                Text(
                    f"A run has been waiting for {self.waiting / 60:.0f} minutes: is the worker alive?",
                    f"Un calcul attend depuis {self.waiting / 60:.0f} minutes : le processus des calculs tourne-t-il ?",
                )
            )
        return found

    def list_lines(self) -> list[Text]:
        """Return the lines to show, problems last."""
        lines = [
            Text(f"Version    {self.version}", f"Version    {self.version}"),
            Text(
                f"Database   {self.engine}, {self.database_size / 1e6:.1f} MB",
                f"Base       {self.engine}, {self.database_size / 1e6:.1f} Mo",
            ),
            Text(
                f"Files      {self.files}, {self.files_size / 1e6:.1f} MB, {self.free / 1e9:.1f} GB free",
                f"Fichiers   {self.files}, {self.files_size / 1e6:.1f} Mo, {self.free / 1e9:.1f} Go libres",
            ),
        ]
        if not self.pending:
            lines.append(
                Text(
                    f"Accounts   {self.people} people, {self.organisations} organisations",
                    f"Comptes    {self.people} personnes, {self.organisations} organisations",
                )
            )
            lines.append(self._describe_store())
        return [*lines, self._describe_service(), *self.problems]

    def _describe_store(self) -> Text:
        if self.store is None:
            return Text(
                "Portraits  none: type 'ancrage site load FOLDER'",
                "Portraits  aucun : tapez « ancrage site load DOSSIER »",
            )
        loaded = f"{timezone.localtime(self.store.loaded_at):%Y-%m-%d %H:%M}"
        fictional = self.store.fictional
        return Text(
            f"Portraits  {self.epci} EPCI, loaded {loaded}{', fictional' if fictional else ''}",
            f"Portraits  {self.epci} EPCI, chargés le {loaded}{', fictifs' if fictional else ''}",
        )

    def _describe_service(self) -> Text:
        if self.service is None:
            return Text("Service    not running here", "Service    ne tourne pas ici")
        worker, restarts = self.service["worker"], self.service["restarts"]
        if worker is None:
            alive = Text("no worker", "pas de processus des calculs")
        else:
            alive = Text(f"worker {worker}, {restarts} restarts", f"calculs {worker}, {restarts} redémarrages")
        return Text(
            f"Service    {self.service['url']}, server {self.service['server']}, {alive.en}",
            f"Service    {self.service['url']}, serveur {self.service['server']}, {alive.fr}",
        )

    def build_values(self) -> dict[str, Any]:
        """Return the same as plain values, for programs."""
        return {
            "version": self.version,
            "database": {"engine": self.engine, "bytes": self.database_size, "pending": list(self.pending)},
            "files": {"folder": self.files, "bytes": self.files_size, "free_bytes": self.free},
            "people": self.people,
            "organisations": self.organisations,
            "portraits": None
            if self.store is None
            else {
                "epci": self.epci,
                "loaded_at": self.store.loaded_at.isoformat(),
                "fictional": self.store.fictional,
                "checksum": self.store.checksum,
            },
            "service": self.service,
            "oldest_waiting_run_seconds": self.waiting,
            "problems": [{"en": text.en, "fr": text.fr} for text in self.problems],
        }


def read_status() -> Status:
    """Return the state of the instance of the environment."""
    pending = tuple(list_pending())
    common: dict[str, Any] = {
        "version": __version__,
        "engine": "SQLite" if connection.vendor == "sqlite" else "PostgreSQL",
        "database_size": measure_database(),
        "pending": pending,
        "files": str(settings.FILES),
        "files_size": sum(path.stat().st_size for path in settings.FILES.rglob("*") if path.is_file()),
        "free": shutil.disk_usage(settings.FILES if settings.FILES.exists() else Path.cwd()).free,
        "service": read_service(settings.FILES / STATE),
    }
    if pending:
        return Status(**common)
    with scopes_disabled():
        asked: datetime | None = (
            Run.objects.filter(status="waiting").order_by("asked_at").values_list("asked_at", flat=True).first()
        )
    return Status(
        **common,
        people=User.objects.filter(erased_at=None).count(),
        organisations=Organisation.objects.count(),
        store=Store.objects.order_by("-loaded_at").first(),
        epci=Epci.objects.count(),
        waiting=None if asked is None else (timezone.now() - asked).total_seconds(),
    )


def measure_database() -> int:
    """Return the size of the database [bytes]."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        else:
            cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def read_service(path: Path) -> dict[str, Any] | None:
    """Return what the parent of the processes wrote, or None when it is gone or silent."""
    try:
        state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        os.kill(state["supervisor"], 0)
    except (OSError, ValueError, KeyError):
        return None
    return state if time.time() - state["at"] < 4 * HEARTBEAT else None
