"""Comments on a study or on one of its scenarios."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ancrage.language import Text
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.design.words import say
from ancrage_web.studies import queries, services
from ancrage_web.studies.forms import CommentForm
from ancrage_web.studies.models import Scenario, Study


@organisation_view(Role.READER)
def add_comment(request: HttpRequest, actor: Actor, study: UUID) -> HttpResponse:
    """Show the comments of a study; an editor adds one, then returns to where it was written."""
    found = queries.get_study(study)
    if request.method != "POST":
        return _render_comments(request, actor, found, CommentForm())
    actor.require(Role.EDITOR)
    form = CommentForm(request.POST)
    if not form.is_valid():
        return _render_comments(request, actor, found, form, status=400)
    of = form.cleaned_data["scenario"]
    scenario = None if of is None else queries.get_scenario(study, of)
    services.add_comment(actor, found, text=form.cleaned_data["text"], scenario=scenario)
    messages.success(request, say(Text("Your comment is added.", "Votre commentaire est ajouté.")))
    return _return_to(actor, found, scenario)


@require_POST
@organisation_view(Role.EDITOR)
def delete_comment(request: HttpRequest, actor: Actor, study: UUID, comment: int) -> HttpResponse:
    """Delete a comment: its author may, and an administrator."""
    found = queries.get_study(study)
    written = queries.list_comments(found).filter(pk=comment).first()
    if written is None:
        raise Http404
    services.delete_comment(actor, written)
    messages.success(request, say(Text("The comment is deleted.", "Le commentaire est supprimé.")))
    return _return_to(actor, found, written.scenario)


def _return_to(actor: Actor, study: Study, scenario: Scenario | None) -> HttpResponse:
    slug = actor.organisation.slug
    if scenario is None:
        return redirect("study", organisation=slug, study=study.id)
    return redirect("scenario", organisation=slug, study=study.id, scenario=scenario.id)


def _render_comments(
    request: HttpRequest, actor: Actor, study: Study, form: CommentForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "study": study,
        "comments": list(queries.list_comments(study)),
        "comment_form": form,
        "can_edit": actor.role.allows(Role.EDITOR),
        "is_administrator": actor.role.allows(Role.ADMINISTRATOR),
    }
    return render(request, "studies/comments.html", context, status=status)
