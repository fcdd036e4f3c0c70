"""`python -m ancrage_web run_study RUN`: compute a run that was started; the worker calls it, not a person."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand

from ancrage_web.studies.computing import compute_run


class Command(BaseCommand):
    """Compute a run in this process."""

    help = "Compute a run that a worker started (internal)."
    requires_system_checks: list[str] = []  # noqa: RUF012 - declared so by Django

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the run and the process that watches it."""
        parser.add_argument("run", type=UUID)
        parser.add_argument("--parent", type=int, required=True, help="process that watches; this one dies with it")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Compute it."""
        compute_run(options["run"], options["parent"])
