"""Background tasks of studies; a task takes the identifier of a run and nothing else."""

from __future__ import annotations

from django_tasks import task

from ancrage_web.studies.running import watch_run


@task()
def compute_run(run_id: str) -> str:
    """Compute a run in a child process and return the status it ended with."""
    return str(watch_run(run_id))
