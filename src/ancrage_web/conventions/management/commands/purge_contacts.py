"""Erase the contacts of requests of aid that ended, or were sent back without an answer, long ago."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from ancrage.language import Text
from ancrage_web.conventions.services.public_requests import purge_contacts
from ancrage_web.design.words import say


class Command(BaseCommand):
    """Erase what rule R24 no longer lets keep; to be run every day."""

    help = "Erase the contacts of requests of aid ended or left unanswered for 24 months, and expired drafts."

    def handle(self, *_args: Any, verbosity: int = 1, **_options: Any) -> None:
        """Erase and tell how many, unless asked to be silent."""
        contacts, drafts = purge_contacts(timezone.localdate())
        if verbosity:
            text = Text(
                f"{contacts} contacts and {drafts} drafts erased", f"{contacts} contacts et {drafts} brouillons effacés"
            )
            self.stdout.write(say(text))
