"""Handing a study over to another organisation: offer, withdrawal, answer."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.design.words import say
from ancrage_web.studies import queries, services
from ancrage_web.studies.forms import HandOverForm
from ancrage_web.studies.views import area


@organisation_view(Role.EDITOR)
def offer_study(request: HttpRequest, actor: Actor, study: UUID) -> HttpResponse:
    """Offer a study to another organisation, which answers when it wants."""
    found = queries.get_study(study)
    form = HandOverForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.offer_study(actor, found, receiver=form.cleaned_data["receiver"])
        except InputError as error:
            form.add_error("receiver", say(error.text))
        else:
            messages.success(
                request,
                say(
                    Text(
                        "The offer is sent. The study stays with you until it is accepted.",
                        "La proposition est envoyée. L'étude reste chez vous tant qu'elle n'est pas acceptée.",
                    )
                ),
            )
            return redirect("study", organisation=actor.organisation.slug, study=found.id)
    context = {"study": found, "form": form, "offer": queries.find_open_offer(found)}
    return render(request, "studies/hand_over.html", context, status=400 if form.errors else 200)


@require_POST
@organisation_view(Role.EDITOR)
def withdraw_hand_over(request: HttpRequest, actor: Actor, study: UUID) -> HttpResponse:
    """Take an offer back before it is answered."""
    found = queries.get_study(study)
    offer = queries.find_open_offer(found)
    if offer is None:
        raise Http404
    services.withdraw_hand_over(actor, offer)
    messages.success(
        request,
        say(
            Text("The offer is withdrawn: the study stays with you.", "L'offre est retirée : l'étude reste chez vous.")
        ),
    )
    return redirect("study", organisation=actor.organisation.slug, study=found.id)


@organisation_view(Role.EDITOR)
def accept_hand_over(request: HttpRequest, actor: Actor, hand_over: UUID) -> HttpResponse:
    """Take a study that another organisation offers, after a confirmation."""
    offer = queries.get_received_offer(actor.organisation, hand_over)
    if request.method == "POST":
        study = services.accept_hand_over(actor, offer)
        messages.success(
            request, say(Text("The study is now yours.", "L'étude est maintenant celle de votre organisation."))
        )
        return redirect("study", organisation=actor.organisation.slug, study=study.pk)
    return render(request, "studies/hand_over_answer.html", _describe(offer, accepting=True))


@organisation_view(Role.EDITOR)
def decline_hand_over(request: HttpRequest, actor: Actor, hand_over: UUID) -> HttpResponse:
    """Refuse a study that another organisation offers, after a confirmation."""
    offer = queries.get_received_offer(actor.organisation, hand_over)
    if request.method == "POST":
        services.decline_hand_over(actor, offer)
        messages.success(
            request,
            say(
                Text(
                    "The offer is declined: the study stays where it was.",
                    "L'offre est refusée : l'étude reste où elle était.",
                )
            ),
        )
        return redirect("studies", organisation=actor.organisation.slug)
    return render(request, "studies/hand_over_answer.html", _describe(offer, accepting=False))


def _describe(offer: object, *, accepting: bool) -> dict[str, object]:
    study = offer.study  # type: ignore[attr-defined]
    territory = area.name_epci(study.epci, area.list_names(study.epci))
    return {"offer": offer, "study": study, "territory": territory, "accepting": accepting}
