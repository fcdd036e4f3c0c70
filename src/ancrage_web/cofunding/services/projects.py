"""Making, changing, copying and removing of projects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from ancrage.conventions.project import SOURCE_KINDS
from ancrage.errors import InputError
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.audit.services import record
from ancrage_web.cofunding import plans
from ancrage_web.cofunding.models import Expense, Programme, Project, Source

MOST_ROWS = 60
_FACTS = ("name", "description", "commune", "lead_authority", "business")
_ORIGINS = ("convention", "study", "scenario", "place_key")


def create_project(
    actor: Actor,
    facts: Mapping[str, Any],
    expenses: Sequence[Mapping[str, Any]],
    sources: Sequence[Mapping[str, Any]],
) -> Project:
    """Create a project with its expenses and its sources.

    Parameters
    ----------
    facts : fields of `Project`; expenses : fields of `Expense`; sources : fields of `Source` without `origin`,
        `detr` and `position`, which follow from the kind and the order.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    InputError
        If a name is missing or twice, an amount negative, more obtained than asked, or payments above the whole.
    """
    actor.require(Role.EDITOR)
    _check_facts(facts, expenses, sources)
    with transaction.atomic():
        project = Project.objects.create(
            organisation=actor.organisation,
            created_by=actor.user,
            **{name: facts[name] for name in (*_FACTS, *_ORIGINS) if name in facts},
        )
        _write_rows(project, expenses, sources)
        record(actor, "project.created", "project", project.pk, after=_describe(expenses, sources))
    return project


def change_project(
    actor: Actor,
    project: Project,
    facts: Mapping[str, Any],
    expenses: Sequence[Mapping[str, Any]],
    sources: Sequence[Mapping[str, Any]],
    *,
    version: int,
) -> Project:
    """Replace the facts, the expenses and the sources of a project.

    Parameters
    ----------
    version : `project.version` as the person saw it.

    Raises
    ------
    ForbiddenError, InputError
        As `create_project`; also if someone saved meanwhile: nothing is written.
    """
    actor.require(Role.EDITOR)
    _check_facts(facts, expenses, sources)
    with transaction.atomic():
        saved = _lock(project)
        if saved.version != version:
            raise InputError(
                f"Someone saved '{saved}' while you were changing it: nothing was overwritten. Open its page in a new "
                "tab, compare, then save again to replace it.",
                f"Quelqu'un a enregistré « {saved} » pendant que vous le modifiiez : rien n'a été écrasé. Ouvrez sa "
                "page dans un autre onglet, comparez, puis enregistrez à nouveau pour le remplacer.",
            )
        for name in _FACTS:
            setattr(saved, name, facts[name])
        saved.version += 1
        saved.save()
        Expense.objects.filter(project=saved).delete()
        Source.objects.filter(project=saved).delete()
        _write_rows(saved, expenses, sources)
        record(actor, "project.changed", "project", saved.pk, after=_describe(expenses, sources))
    return saved


def duplicate_project(actor: Actor, project: Project, *, name: str) -> Project:
    """Copy a project; what was asked or obtained for the first is only planned in the copy.

    Raises
    ------
    ForbiddenError, InputError
        As `create_project`.
    """
    actor.require(Role.EDITOR)
    with transaction.atomic():
        saved = _lock(project)
        expenses = list(Expense.objects.filter(project=saved).values("label", "nature", "quarter", "amount"))
        columns = ("programme", "name", "kind", "asked", "rate_max", "ceiling", "investment_only", "payments")
        sources = [
            {**{column: getattr(row, column) for column in columns}, "answer": "planned"}
            for row in Source.objects.filter(project=saved).select_related("programme").order_by("position", "pk")
        ]
        facts = {field: getattr(saved, field) for field in (*_FACTS, *_ORIGINS)}
        return create_project(actor, {**facts, "name": name}, expenses, sources)


def add_programme(actor: Actor, project: Project, programme: Programme) -> Project:
    """Add a programme to the sources of a project, its amount still to be given.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    InputError
        If the project already has a source of this name, or as many as it can.
    """
    actor.require(Role.EDITOR)
    with transaction.atomic():
        saved = _lock(project)
        rows = list(Source.objects.filter(project=saved))
        fields = plans.build_source_of(programme)
        if any(row.name == fields["name"] for row in rows):
            raise InputError(
                f"'{saved}' already has the source '{fields['name']}': change it on the page of the project.",
                f"« {saved} » a déjà la source « {fields['name']} » : modifiez-la sur la page du projet.",
            )
        _check_count(len(rows) + 1)
        Source.objects.create(project=saved, **_build_source(fields, max((r.position for r in rows), default=-1) + 1))
        saved.version += 1
        saved.save(update_fields=["version", "updated_at"])
        record(actor, "project.source_added", "project", saved.pk, after={"programme": programme.key})
    return saved


def archive_project(actor: Actor, project: Project, *, archived: bool = True) -> Project:
    """Put a project away, or take it back.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    """
    actor.require(Role.EDITOR)
    with transaction.atomic():
        saved = _lock(project)
        if (saved.archived_at is not None) != archived:
            saved.archived_at = timezone.now() if archived else None
            saved.save(update_fields=["archived_at", "updated_at"])
            record(actor, "project.archived" if archived else "project.restored", "project", saved.pk)
    return saved


def delete_project(actor: Actor, project: Project) -> None:
    """Delete a project with its expenses and sources.

    Raises
    ------
    ForbiddenError
        If the actor is no administrator.
    """
    actor.require(Role.ADMINISTRATOR)
    with transaction.atomic():
        saved = _lock(project)
        record(actor, "project.deleted", "project", saved.pk)
        saved.delete()


def _lock(project: Project) -> Project:
    saved = Project.objects.select_for_update(of=("self",), no_key=True).filter(pk=project.pk).first()
    if saved is None:
        raise InputError(
            f"'{project}' was deleted meanwhile: go back to the list of projects.",
            f"« {project} » a été supprimé entre-temps : revenez à la liste des projets.",
        )
    return saved


def _check_facts(
    facts: Mapping[str, Any], expenses: Sequence[Mapping[str, Any]], sources: Sequence[Mapping[str, Any]]
) -> None:
    if not facts["name"].strip():
        raise InputError("The project has no name: give one.", "Le projet n'a pas de nom : donnez-en un.")
    _check_count(len(expenses))
    _check_count(len(sources))
    names = [source["name"] for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"Two sources are named '{name}': give each its own name.",
                f"Deux sources s'appellent « {name} » : donnez à chacune son nom.",
            )
    for source in sources:
        if source["answer"] == "obtained" and source.get("obtained", 0) > source["asked"]:
            raise InputError(
                f"'{source['name']}': more was obtained than asked. Correct one of the two.",
                f"« {source['name']} » : plus d'obtenu que de demandé. Corrigez l'un des deux.",
            )
        if sum(share for _, share in plans.read_payments(source.get("payments", []))) > 1:
            raise InputError(
                f"'{source['name']}': its payments add up to more than 100 %. Lower a share.",
                f"« {source['name']} » : ses versements dépassent 100 %. Réduisez une part.",
            )
    # The business plan must be computable, or the page of the project would refuse to show it.
    plans.build_business(facts.get("business", {}))


def _check_count(count: int) -> None:
    if count > MOST_ROWS:
        raise InputError(
            f"{count} lines are too many for one project ({MOST_ROWS} at most): put small ones together.",
            f"{count} lignes sont trop pour un projet ({MOST_ROWS} au plus) : regroupez les petites.",
        )


def _write_rows(project: Project, expenses: Sequence[Mapping[str, Any]], sources: Sequence[Mapping[str, Any]]) -> None:
    Expense.objects.bulk_create([Expense(project=project, **row) for row in expenses])
    Source.objects.bulk_create(
        [Source(project=project, **_build_source(row, rank)) for rank, row in enumerate(sources)]
    )


def _build_source(row: Mapping[str, Any], position: int) -> dict[str, Any]:
    kind = row["kind"]
    is_detr = kind == "detr"
    # DETR pays no running cost (CGCT, L2334-36), whatever was ticked.
    only = bool(row.get("investment_only")) or is_detr
    return {**row, "origin": SOURCE_KINDS[kind][1], "detr": is_detr, "investment_only": only, "position": position}


def _describe(expenses: Sequence[Mapping[str, Any]], sources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"expenses": len(expenses), "sources": len(sources), "cost": str(sum(row["amount"] for row in expenses))}
