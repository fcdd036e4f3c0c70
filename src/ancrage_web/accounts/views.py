"""Pages of organisations and their members."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ancrage.errors import AncrageError
from ancrage.language import Text
from ancrage_web.accounts import invitations, services
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor, ForbiddenError
from ancrage_web.accounts.enums import KIND_NAMES, ROLE_NAMES, Role
from ancrage_web.accounts.forms import ConfirmForm, InvitationForm, OrganisationForm, RoleForm
from ancrage_web.accounts.models import Membership, User
from ancrage_web.accounts.queries import count_administrators, list_members, list_memberships, list_open_invitations
from ancrage_web.design.words import say


@require_safe
@login_required
def list_organisations(request: HttpRequest) -> HttpResponse:
    """Show the organisations of the person, to choose which one to work for."""
    assert isinstance(request.user, User)
    rows = [
        {
            "organisation": membership.organisation,
            "kind": KIND_NAMES[membership.organisation.kind],
            "role": ROLE_NAMES[membership.role],
        }
        for membership in list_memberships(request.user)
    ]
    context = {"rows": rows, "can_create": services.can_create_organisation(request.user)}
    return render(request, "accounts/organisations.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def create_organisation(request: HttpRequest) -> HttpResponse:
    """Create an organisation, of which the person becomes the administrator."""
    assert isinstance(request.user, User)
    if not services.can_create_organisation(request.user):
        raise ForbiddenError(
            "On this instance, organisations are created by those who run it: write to them.",
            "Sur cette instance, les organisations sont créées par ceux qui la gèrent : écrivez-leur.",
        )
    form = OrganisationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            organisation = services.create_organisation(**form.cleaned_data, administrator=request.user)
        except AncrageError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(Text("The organisation is created.", "L'organisation est créée.")))
            return redirect("organisation", organisation=organisation.slug)
    return render(request, "accounts/organisation_create.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@organisation_view(Role.READER)
def show_organisation(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show an organisation, its members and, to its administrators, its invitations."""
    return _render_organisation(request, actor, InvitationForm(initial={"role": Role.READER}))


@require_http_methods(["GET", "HEAD", "POST"])
@organisation_view(Role.ADMINISTRATOR)
def change_organisation(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Change the name, the kind or the SIREN."""
    form = OrganisationForm(request.POST if request.method == "POST" else None, organisation=actor.organisation)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_organisation(actor, **form.cleaned_data)
        except AncrageError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(Text("The organisation is changed.", "L'organisation est modifiée.")))
            return redirect("organisation", organisation=actor.organisation.slug)
    return render(request, "accounts/organisation_change.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@organisation_view(Role.ADMINISTRATOR)
def change_role(request: HttpRequest, actor: Actor, person: UUID) -> HttpResponse:
    """Change the role of a member."""
    membership = services.find_member(person)
    form = RoleForm(request.POST if request.method == "POST" else None, initial={"role": membership.role})
    if request.method == "POST" and form.is_valid():
        try:
            services.change_role(actor, person, form.cleaned_data["role"])
        except AncrageError as error:
            form.add_error("role", say(error.text))
        else:
            text = Text(f"The role of {membership.user} is changed.", f"Le rôle de {membership.user} est modifié.")
            messages.success(request, say(text))
            return redirect("organisation", organisation=actor.organisation.slug)
    context = {"form": form, "member": membership.user}
    return render(request, "accounts/member_role.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@organisation_view(Role.ADMINISTRATOR)
def remove_member(request: HttpRequest, actor: Actor, person: UUID) -> HttpResponse:
    """Take a member out, after a confirmation."""
    membership = services.find_member(person)
    name = str(membership.user)
    form = ConfirmForm(
        request.POST if request.method == "POST" else None,
        sentence=Text(f"I remove {name} from {actor.organisation}.", f"Je retire {name} de {actor.organisation}."),
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.remove_member(actor, person)
        except AncrageError as error:
            form.add_error(None, say(error.text))
        else:
            messages.success(request, say(Text(f"{name} is no longer a member.", f"{name} n'est plus membre.")))
            own = actor.user is not None and actor.user.pk == person
            return redirect("organisations") if own else redirect("organisation", organisation=actor.organisation.slug)
    context = {"form": form, "member": membership.user}
    return render(request, "accounts/member_remove.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@organisation_view(Role.READER)
def leave_organisation(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Leave the organisation, after a confirmation."""
    form = ConfirmForm(
        request.POST if request.method == "POST" else None,
        sentence=Text(f"I leave {actor.organisation}.", f"Je quitte {actor.organisation}."),
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.leave_organisation(actor)
        except AncrageError as error:
            form.add_error(None, say(error.text))
        else:
            text = Text(f"You left {actor.organisation}.", f"Vous avez quitté {actor.organisation}.")
            messages.success(request, say(text))
            return redirect("organisations")
    context = {"form": form, "is_last": is_last_administrator(actor)}
    return render(request, "accounts/organisation_leave.html", context, status=422 if form.errors else 200)


@require_POST
@organisation_view(Role.ADMINISTRATOR)
def invite_member(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Invite an address."""
    form = InvitationForm(request.POST)
    if form.is_valid():
        try:
            invitation = invitations.invite_member(actor, form.cleaned_data["email"], form.cleaned_data["role"])
        except AncrageError as error:
            form.add_error("email", say(error.text))
        else:
            text = Text(
                f"An invitation left for {invitation.email}.", f"Une invitation est partie à {invitation.email}."
            )
            messages.success(request, say(text))
            return redirect("organisation", organisation=actor.organisation.slug)
    return _render_organisation(request, actor, form, status=422)


@require_POST
@organisation_view(Role.ADMINISTRATOR)
def resend_invitation(request: HttpRequest, actor: Actor, identifier: UUID) -> HttpResponse:
    """Send an invitation again."""
    try:
        invitation = invitations.resend_invitation(actor, identifier)
    except AncrageError as error:
        messages.error(request, say(error.text))
    else:
        text = Text(
            f"The invitation left again for {invitation.email}; the former link no longer works.",
            f"L'invitation est repartie à {invitation.email} ; l'ancien lien ne fonctionne plus.",
        )
        messages.success(request, say(text))
    return redirect("organisation", organisation=actor.organisation.slug)


@require_POST
@organisation_view(Role.ADMINISTRATOR)
def revoke_invitation(request: HttpRequest, actor: Actor, identifier: UUID) -> HttpResponse:
    """Make an invitation useless."""
    try:
        invitations.revoke_invitation(actor, identifier)
    except AncrageError as error:
        messages.error(request, say(error.text))
    else:
        text = Text(
            "The invitation is revoked: its link no longer works.",
            "L'invitation est annulée : son lien ne fonctionne plus.",
        )
        messages.success(request, say(text))
    return redirect("organisation", organisation=actor.organisation.slug)


def is_last_administrator(actor: Actor) -> bool:
    """Say whether the organisation would have no administrator left without the actor."""
    return actor.role is Role.ADMINISTRATOR and count_administrators(actor.organisation) == 1


def _render_organisation(request: HttpRequest, actor: Actor, form: InvitationForm, status: int = 200) -> HttpResponse:
    administrates = actor.role.allows(Role.ADMINISTRATOR)
    members = list_members()
    context = {
        "kind": KIND_NAMES[actor.organisation.kind],
        "role": ROLE_NAMES[actor.role],
        "administrates": administrates,
        "members": [describe_member(membership, actor) for membership in members],
        "invitations": list_open_invitations() if administrates else [],
        "form": form,
    }
    return render(request, "accounts/organisation.html", context, status=status)


def describe_member(membership: Membership, actor: Actor) -> dict[str, object]:
    """Return a member as the page shows it; addresses are for administrators."""
    return {
        "user": membership.user,
        "role": ROLE_NAMES[membership.role],
        "since": membership.created_at,
        "is_self": membership.user == actor.user,
        "email": membership.user.email if actor.role.allows(Role.ADMINISTRATOR) else "",
    }
