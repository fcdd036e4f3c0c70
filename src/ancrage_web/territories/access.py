"""What a signed-in person may do from a public page: nothing here opens anything by itself."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django_scopes import scopes_disabled

from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.models import Membership, User
from ancrage_web.territories.models import Epci


def find_study_address(request: HttpRequest, epci_code: str) -> str:
    """Return where to start a study of an EPCI; nothing for someone who may not, or where no flows are known.

    One organisation: its form; several: the list, to choose for which.
    """
    if not isinstance(request.user, User):
        return ""
    # A person's own memberships, across organisations: only their addresses are read.
    with scopes_disabled():
        slugs = list(
            Membership.objects.filter(user=request.user, role__in=[r for r in Role if r.allows(Role.EDITOR)])
            .order_by("organisation__name")
            .values_list("organisation__slug", flat=True)
        )
    if not slugs or not Epci.objects.filter(code=epci_code, has_flows=True).exists():
        return ""
    address = reverse("study-new", kwargs={"organisation": slugs[0]}) if len(slugs) == 1 else reverse("organisations")
    return f"{address}?territoire={epci_code}"
