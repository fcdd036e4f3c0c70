"""States of a run."""

from __future__ import annotations

from django.db import models

from ancrage.language import Text


class Status(models.TextChoices):
    """Where a run stands; the last four are final, and all but DONE can be asked again."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


OPEN = (Status.WAITING, Status.RUNNING)
FINAL = (Status.DONE, Status.FAILED, Status.CANCELLED, Status.INTERRUPTED)

STATUS_NAMES: dict[str, Text] = {
    Status.WAITING: Text("Waiting", "En attente"),
    Status.RUNNING: Text("Running", "En cours"),
    Status.DONE: Text("Done", "Terminé"),
    Status.FAILED: Text("Failed", "En échec"),
    Status.CANCELLED: Text("Cancelled", "Annulé"),
    Status.INTERRUPTED: Text("Interrupted", "Interrompu"),
}
