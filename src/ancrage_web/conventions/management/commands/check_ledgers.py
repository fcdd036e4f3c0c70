"""Check that the accounts of every convention are what its entries make."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django_scopes import scopes_disabled

from ancrage.language import Text
from ancrage_web.conventions.models import Convention
from ancrage_web.conventions.services.ledger import check_ledger
from ancrage_web.design.words import say


class Command(BaseCommand):
    """Say for each convention whether its ledger agrees; exit 1 when one does not."""

    help = "Compute the accounts of every convention again from its entries; exits 1 when some do not agree."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Check and tell."""
        # The operator of the instance looks at every organisation; each ledger is then read in its own scope.
        with scopes_disabled():
            found = list(Convention.objects.select_related("organisation").order_by("organisation__slug", "created_at"))
        broken = False
        for convention in found:
            checked, name = check_ledger(convention), f"{convention.organisation.slug} {convention.pk}"
            if checked.problems:
                broken = True
                for problem in checked.problems:
                    self.stderr.write(say(Text(f"{name}: {problem.en}", f"{name} : {problem.fr}")))
            else:
                agreed = Text(
                    f"{name}: {checked.entries} entries, accounts in agreement",
                    f"{name} : {checked.entries} écritures, comptes concordants",
                )
                self.stdout.write(say(agreed))
        if broken:
            sys.exit(1)
