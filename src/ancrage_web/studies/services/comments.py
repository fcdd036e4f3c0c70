"""Comments on a study or on one of its scenarios."""

from __future__ import annotations

from django.db import transaction

from ancrage.errors import InputError
from ancrage_web.accounts.actors import Actor, ForbiddenError
from ancrage_web.accounts.enums import Role
from ancrage_web.audit.services import record
from ancrage_web.studies.models import Comment, Scenario, Study
from ancrage_web.studies.rules import COMMENT_LENGTH, check_text


def add_comment(actor: Actor, study: Study, *, text: str, scenario: Scenario | None = None) -> Comment:
    """Add a comment to a study, or to one of its scenarios.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    InputError
        If the text is empty or too long, or the scenario is of another study.
    """
    actor.require(Role.EDITOR)
    text = check_text(text, "comment", COMMENT_LENGTH)
    if scenario is not None and scenario.study_id != study.pk:
        raise InputError(
            f"The scenario '{scenario}' is not one of the study '{study}': choose one of its own.",
            f"Le scénario « {scenario} » n'est pas de l'étude « {study} » : choisissez l'un des siens.",
        )
    with transaction.atomic():
        comment = Comment.objects.create(study=study, scenario=scenario, author=actor.user, text=text)
        after = {"study": str(study.pk), "scenario": None if scenario is None else str(scenario.pk)}
        record(actor, "comment.added", "comment", comment.pk, after=after)
    return comment


def delete_comment(actor: Actor, comment: Comment) -> None:
    """Delete a comment: its author may, and an administrator.

    Raises
    ------
    ForbiddenError
        For anyone else.
    """
    actor.require(Role.EDITOR)
    is_author = actor.user is not None and comment.author_id == actor.user.pk
    if not is_author and not actor.role.allows(Role.ADMINISTRATOR):
        raise ForbiddenError(
            "This comment was written by someone else: only its author or an administrator may delete it.",
            "Ce commentaire a été écrit par quelqu'un d'autre : seul son auteur ou un administrateur peut le "
            "supprimer.",
        )
    with transaction.atomic():
        key, before = comment.pk, {"study": str(comment.study_id)}
        comment.delete()
        record(actor, "comment.deleted", "comment", key, before=before)
