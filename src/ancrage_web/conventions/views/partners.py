"""The organisations that a convention is open to."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from ancrage.conventions.life import ROLE_NAMES
from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.enums import Role
from ancrage_web.conventions.access import OWNER_PARTS, Access, convention_view
from ancrage_web.conventions.forms_pilot import PartnerForm
from ancrage_web.conventions.queries import pilot as queries
from ancrage_web.conventions.services import partners as services
from ancrage_web.design.words import say


@convention_view("read")
def show_partners(request: HttpRequest, access: Access) -> HttpResponse:
    """Show who takes part; an editor of the organisation that holds the convention opens it to another."""
    if request.method == "POST":
        services.require_owner(access)
    form = PartnerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            partner = services.open_to(
                access, organisation_slug=form.cleaned_data["receiver"], part=form.cleaned_data["part"]
            )
        except InputError as error:
            form.add_error("receiver", say(error.text))
        else:
            text = Text(
                f"The convention is open to {partner.organisation}: its members find it in their list.",
                f"La convention est ouverte à {partner.organisation} : ses membres la trouvent dans leur liste.",
            )
            messages.success(request, say(text))
            return redirect(
                "convention-partners",
                organisation=access.actor.organisation.slug,
                convention=access.convention.pk,
            )
    owns = access.actor.organisation.pk == access.organisation.pk
    rows = [(partner, ROLE_NAMES[partner.part]) for partner in queries.list_partners(access.convention)]  # type: ignore[index]
    context = {
        "access": access,
        "convention": access.convention,
        "form": form,
        "rows": rows,
        "owner_part": ROLE_NAMES[OWNER_PARTS.get(access.organisation.kind, "company")],
        "can_open": owns and access.actor.role.allows(Role.EDITOR),
    }
    return render(request, "conventions/partners.html", context, status=400 if form.errors else 200)


@convention_view("edit")
def close_to_partner(request: HttpRequest, access: Access, partner: int) -> HttpResponse:
    """Close the convention to a partner, after a confirmation."""
    services.require_owner(access)
    found = queries.list_partners(access.convention).filter(pk=partner).first()
    if found is None:
        raise Http404
    if request.method == "POST":
        services.close_to(access, found)
        name = found.organisation
        text = Text(f"The convention is closed to {name}.", f"La convention est fermée à {name}.")
        messages.success(request, say(text))
        return redirect(
            "convention-partners", organisation=access.actor.organisation.slug, convention=access.convention.pk
        )
    context = {"access": access, "convention": access.convention, "partner": found}
    return render(request, "conventions/partner_close.html", context)
