"""Parties and basins of a convention."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.enums import PARTY_NAMES
from ancrage_web.conventions.forms_life import PartyForm
from ancrage_web.conventions.models import Basin, Party
from ancrage_web.conventions.places import list_places, name_communes, read_places, search_places
from ancrage_web.conventions.rules import SIGNED
from ancrage_web.conventions.services import parties as services
from ancrage_web.design.words import say


@convention_view("read")
def show_parties(request: HttpRequest, access: Access) -> HttpResponse:
    """Show who takes part in a convention, and where it applies."""
    parties = list(Party.objects.filter(convention=access.convention))
    basins = list(Basin.objects.filter(convention=access.convention))
    names = name_communes([code for basin in basins for code in basin.communes] + [p.commune for p in parties])
    return render(
        request,
        "conventions/convention_parties.html",
        {
            "access": access,
            "convention": access.convention,
            "parties": [
                {"party": party, "kind": PARTY_NAMES[party.kind], "commune": names.get(party.commune, party.commune)}
                for party in parties
            ],
            "basins": [
                {"basin": basin, "communes": sorted((names.get(code, code), code) for code in basin.communes)}
                for basin in basins
            ],
            "signed": access.convention.status in SIGNED,
            "closed": access.convention.status == "closed",
        },
    )


@convention_view("edit")
def save_party(request: HttpRequest, access: Access, party: int | None = None) -> HttpResponse:
    """Add a party, or change one."""
    found = None if party is None else get_object_or_404(Party, convention=access.convention, pk=party)
    initial = {} if found is None else {name: getattr(found, name) for name in ("kind", "name", "siret", "commune")}
    form = PartyForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.save_party(access, party=found, **form.cleaned_data)
        except InputError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(Text("The party is saved.", "La partie est enregistrée.")))
            return _go_back(access)
    context = {"access": access, "convention": access.convention, "form": form, "party": found}
    return render(request, "conventions/party.html", context, status=400 if form.errors else 200)


@convention_view("edit")
def remove_party(request: HttpRequest, access: Access, party: int) -> HttpResponse:
    """Take a party out, after a confirmation."""
    found = get_object_or_404(Party, convention=access.convention, pk=party)
    problem = ""
    if request.method == "POST":
        try:
            services.remove_party(access, found)
        except InputError as error:
            problem = say(error.text)
        else:
            messages.success(request, say(Text("The party is removed.", "La partie est retirée.")))
            return _go_back(access)
    context = {"access": access, "convention": access.convention, "removed": found, "problem": problem}
    return render(request, "conventions/party_remove.html", context, status=400 if problem else 200)


@convention_view("edit")
def save_basin(request: HttpRequest, access: Access, basin: int | None = None) -> HttpResponse:
    """Add a basin, or change one: its name, and its communes found by name or by EPCI."""
    found = None if basin is None else get_object_or_404(Basin, convention=access.convention, pk=basin)
    posted = request.method == "POST"
    codes = read_places(request.POST) if posted else list(found.communes) if found is not None else []
    name = request.POST.get("name", "") if posted else "" if found is None else found.name
    text = request.POST.get("q", "").strip()
    wanted = request.POST.get("action", "")
    problem = ""
    if posted and (wanted == "save" or (wanted == "enter" and not text)):
        try:
            services.save_basin(access, basin=found, name=name, communes=codes)
        except InputError as error:
            problem = say(error.text)
        else:
            messages.success(request, say(Text("The basin is saved.", "Le bassin est enregistré.")))
            return _go_back(access)
    return render(
        request,
        "conventions/basin.html",
        {
            "access": access,
            "convention": access.convention,
            "basin": found,
            "name": name,
            "places": list_places(codes),
            "text": text,
            "found": search_places(text, codes),
            "problem": problem,
        },
        status=400 if problem else 200,
    )


@convention_view("edit")
def remove_basin(request: HttpRequest, access: Access, basin: int) -> HttpResponse:
    """Take a basin out, after a confirmation."""
    found = get_object_or_404(Basin, convention=access.convention, pk=basin)
    problem = ""
    if request.method == "POST":
        try:
            services.remove_basin(access, found)
        except InputError as error:
            problem = say(error.text)
        else:
            messages.success(request, say(Text("The basin is removed.", "Le bassin est retiré.")))
            return _go_back(access)
    context = {"access": access, "convention": access.convention, "removed": found, "problem": problem}
    return render(request, "conventions/party_remove.html", context, status=400 if problem else 200)


def _go_back(access: Access) -> HttpResponse:
    return redirect("convention-parties", access.actor.organisation.slug, access.convention.pk)
