"""Check the chain of every trail."""

from __future__ import annotations

import sys
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandParser

from ancrage.language import Text
from ancrage_web.audit.services import check_trail
from ancrage_web.design.words import say


class Command(BaseCommand):
    """Say for each organisation whether its trail is whole; exit 1 when one is not."""

    help = "Check that no line of the audit trails was changed or removed; exits 1 when one was."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the organisations to check; all of them by default."""
        parser.add_argument("organisations", nargs="*", help="words of the addresses of organisations")

    def handle(self, *_args: Any, organisations: list[str], **_options: Any) -> None:
        """Check and tell."""
        # By its name: this part of the site is below that of organisations.
        found: Any = apps.get_model("accounts.Organisation").objects.order_by("slug")
        if organisations:
            found = found.filter(slug__in=organisations)
            unknown = sorted(set(organisations) - {organisation.slug for organisation in found})
            if unknown:
                listed = ", ".join(unknown)
                self.stderr.write(say(Text(f"unknown organisation: {listed}", f"organisation inconnue : {listed}")))
                sys.exit(2)
        broken = False
        for organisation in found:
            checked = check_trail(organisation)
            if checked.reason is None:
                text = Text(
                    f"{organisation.slug}: whole, {checked.lines} lines, last hash {checked.last_hash}",
                    f"{organisation.slug} : intact, {checked.lines} lignes, dernière empreinte {checked.last_hash}",
                )
                self.stdout.write(say(text))
            else:
                broken = True
                reason = checked.reason
                text = Text(f"{organisation.slug}: broken, {reason.en}", f"{organisation.slug} : rompu, {reason.fr}")
                self.stderr.write(say(text))
        if broken:
            sys.exit(1)
