"""Pages of organisations and their members."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_scopes import scopes_disabled

from ancrage_web.accounts.models import Membership, User


@login_required
def list_organisations(request: HttpRequest) -> HttpResponse:
    """Show the organisations of the person, to choose which one to work for."""
    assert isinstance(request.user, User)
    with scopes_disabled():
        memberships = list(
            Membership.objects.filter(user=request.user).select_related("organisation").order_by("organisation__name")
        )
    return render(request, "accounts/organisations.html", {"memberships": memberships})
