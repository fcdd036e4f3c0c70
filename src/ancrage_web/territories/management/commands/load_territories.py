"""Load a territory store: `python -m ancrage_web load_territories FOLDER`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from ancrage.errors import AncrageError
from ancrage_web.design.words import get_site_language
from ancrage_web.territories.models import Commune, Epci
from ancrage_web.territories.services import load_store


class Command(BaseCommand):
    """Compute every portrait of a store and replace those that the site shows."""

    help = "Calcule les portraits d'un magasin de territoires et remplace ceux que le site montre."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the folder of the store."""
        parser.add_argument("folder", type=Path, metavar="FOLDER")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Load, with a progress bar."""
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("Portraits", total=1.0)
            try:
                store = load_store(options["folder"], progress=lambda share: bar.update(task, completed=share))
            except AncrageError as error:
                raise CommandError(error.text.render(get_site_language())) from error
        self.stdout.write(
            f"{Epci.objects.count()} EPCI, {Commune.objects.count()} communes : {store.folder} ({store.checksum[:12]})"
        )
