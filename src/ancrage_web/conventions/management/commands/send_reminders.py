"""Send the reminders of deadlines that are due."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from ancrage.language import Text
from ancrage_web.conventions.services.reminders import send_reminders
from ancrage_web.design.words import say


class Command(BaseCommand):
    """Send each reminder once; exit 1 when an e-mail did not leave, which the next run sends again."""

    help = "Send the e-mails that remind of the deadlines of conventions; may run as often as wanted."

    def handle(self, *_args: Any, verbosity: int = 1, **_options: Any) -> None:
        """Send and tell, unless asked to be silent."""
        sent = send_reminders(timezone.localdate())
        if verbosity:
            text = Text(
                f"reminders: {sent.mails} sent, {sent.failures} not sent",
                f"rappels : {sent.mails} envoyés, {sent.failures} non envoyés",
            )
            self.stdout.write(say(text))
        if sent.failures:
            sys.exit(1)
