"""Actions (axes) and funders of a convention."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max, ProtectedError
from django_scopes import scope

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.audit.services import record
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.enums import ActionKind, FunderNature
from ancrage_web.conventions.models import Action, Convention, Funder
from ancrage_web.conventions.rules import ACTION_FIELDS, SIGNED
from ancrage_web.conventions.services.locks import lock_open

NAME_LENGTH = 160
TERMS_LENGTH = 20_000
FIELDS = (
    "kind",
    "name",
    "terms",
    "deadline",
    "budget",
    "operator",
    "jobs_target",
    "started_on",
    "framework_document",
    "lent",
    "loan_cost",
    "market_value",
    "sale_price",
    "open_to_requests",
)
_AMOUNTS = ("budget", "lent", "loan_cost", "market_value", "sale_price")
# What someone wrote stays out of the trail, which says that it changed.
_FREE = ("name", "terms", "operator")


def compute_state(thing: Action | Funder) -> str:
    """Return a short text that changes with what an action or a funder says: its form sends it back."""
    names = FIELDS if isinstance(thing, Action) else ("name", "nature")
    told = "\0".join(str(_pack(getattr(thing, name))) for name in names)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def save_action(access: Access, *, action: Action | None = None, seen: str = "", **fields: Any) -> Action:
    """Add an action (`action` None) or change some fields of one.

    Parameters
    ----------
    seen : `compute_state` of the action as the person saw it; without it, what was saved since is overwritten.
    fields : of `FIELDS`; those not given stay as they are.

    Raises
    ------
    ForbiddenError
        If the actor may not edit the convention.
    InputError
        If a value cannot be used, the name is taken, the convention is signed and the change needs an amendment, or
        someone changed the action since it was seen.
    """
    access.require_edit()
    _check_fields(fields)
    with scope(organisation=access.organisation), transaction.atomic():
        convention = _lock(access)
        saved = Action(convention=convention) if action is None else _get_action(convention, action)
        before = {field: getattr(saved, field) for field in FIELDS}
        _check_seen(saved, seen)
        for field, value in fields.items():
            setattr(saved, field, value.strip() if isinstance(value, str) else value)
        _check_action(saved)
        changed = [field for field in FIELDS if getattr(saved, field) != before[field]]
        if action is not None and not changed:
            return saved
        _check_amendment(convention, action, [name for name in changed if before[name] not in (None, "")])
        if Action.objects.filter(convention=convention, name=saved.name).exclude(pk=saved.pk).exists():
            raise InputError(
                f"The convention already has an action named '{saved.name}': give another name.",
                f"La convention a déjà une action nommée « {saved.name} » : donnez un autre nom.",
            )
        if action is None:
            last = Action.objects.filter(convention=convention).aggregate(last=Max("position"))["last"] or 0
            saved.position = last + 1
            record(access, "action.created", "action", saved.pk, after=_describe(saved, FIELDS))
            saved.save(force_insert=True)
        else:
            kept = _describe(saved, changed)
            earlier = {name: _pack(before[name]) for name in changed if name not in _FREE}
            record(access, "action.changed", "action", saved.pk, before=earlier, after=kept)
            saved.save(update_fields=changed)
    return saved


def move_action(access: Access, action: Action, *, up: bool) -> None:
    """Exchange an action with the one before or after it in the order of the convention.

    Raises
    ------
    ForbiddenError
        If the actor may not edit the convention.
    """
    access.require_edit()
    with scope(organisation=access.organisation), transaction.atomic():
        convention = _lock(access)
        ordered = list(Action.objects.filter(convention=convention))
        rank = next((rank for rank, each in enumerate(ordered) if each.pk == action.pk), None)
        other = None if rank is None else rank + (-1 if up else 1)
        if rank is None or other is None or not 0 <= other < len(ordered):
            return
        ordered[rank], ordered[other] = ordered[other], ordered[rank]
        for position, each in enumerate(ordered, start=1):
            if each.position != position:
                each.position = position
                each.save(update_fields=["position"])
        record(access, "actions.reordered", "convention", convention.pk)


def delete_action(access: Access, action: Action) -> None:
    """Delete an action that nothing uses.

    Raises
    ------
    ForbiddenError
        If the actor may not edit the convention.
    InputError
        If the convention is signed, or the ledger, a request of aid or a job names the action.
    """
    access.require_edit()
    with scope(organisation=access.organisation), transaction.atomic():
        convention = _lock(access)
        saved = _get_action(convention, action)
        if convention.status in SIGNED:
            raise InputError(
                f"'{convention}' is signed: its actions stay, with a budget of zero by an amendment where one is given "
                "up.",
                f"« {convention} » est signée : ses actions restent, avec un budget ramené à zéro par avenant si l'une "
                "est abandonnée.",
            )
        record(access, "action.deleted", "action", saved.pk, before=_describe(saved, FIELDS))
        _delete(saved)


def save_funder(access: Access, *, funder: Funder | None = None, name: str, nature: str, seen: str = "") -> Funder:
    """Add a funder (`funder` None) or change one.

    Parameters
    ----------
    seen : `compute_state` of the funder as the person saw it; without it, what was saved since is overwritten.

    Raises
    ------
    ForbiddenError
        If the actor may not edit the convention.
    InputError
        If the name is empty, too long or taken, the nature unknown, or someone changed the funder since it was seen.
    """
    access.require_edit()
    name = _check_name(name)
    if nature not in FunderNature.values:
        raise InputError(
            f"'{nature}' is no nature of money: choose one of {', '.join(FunderNature.values)}.",
            f"« {nature} » n'est pas une nature de financement : choisissez dans la liste.",
        )
    with scope(organisation=access.organisation), transaction.atomic():
        convention = _lock(access)
        saved = Funder(convention=convention)
        if funder is not None:
            saved = Funder.objects.filter(convention=convention, pk=funder.pk).first() or _refuse_unknown(funder)
            if (saved.name, saved.nature) == (name, nature):
                return saved
            _check_seen(saved, seen)
        if Funder.objects.filter(convention=convention, name=name).exclude(pk=saved.pk).exists():
            raise InputError(
                f"The convention already has a funder named '{name}': give another name.",
                f"La convention a déjà un financeur nommé « {name} » : donnez un autre nom.",
            )
        before = {} if funder is None else {"nature": saved.nature}
        saved.name, saved.nature = name, nature
        done = "funder.created" if funder is None else "funder.changed"
        record(access, done, "funder", saved.pk, before=before, after={"nature": nature})
        saved.save()
    return saved


def delete_funder(access: Access, funder: Funder) -> None:
    """Remove a funder that the ledger does not name.

    Raises
    ------
    ForbiddenError, InputError
        As `delete_action`.
    """
    access.require_edit()
    with scope(organisation=access.organisation), transaction.atomic():
        convention = _lock(access)
        saved = Funder.objects.filter(convention=convention, pk=funder.pk).first() or _refuse_unknown(funder)
        record(access, "funder.deleted", "funder", saved.pk, before={"nature": saved.nature})
        _delete(saved)


def _lock(access: Access) -> Convention:
    return lock_open(access.convention)


def _get_action(convention: Convention, action: Action) -> Action:
    return Action.objects.filter(convention=convention, pk=action.pk).first() or _refuse_unknown(action)


def _refuse_unknown(thing: Action | Funder) -> Any:
    raise InputError(
        f"'{thing}' was deleted meanwhile, or belongs to another convention: go back to the list.",
        f"« {thing} » a été supprimé entre-temps, ou appartient à une autre convention : revenez à la liste.",
    )


def _check_seen(saved: Action | Funder, seen: str) -> None:
    if seen and seen != compute_state(saved):
        raise InputError(
            f"Someone changed '{saved}' while you were writing. Nothing was overwritten: open the page again, then "
            "make your change.",
            f"Quelqu'un a modifié « {saved} » pendant que vous écriviez. Rien n'a été écrasé : rouvrez la page, puis "
            "refaites votre modification.",
        )


def _delete(saved: Action | Funder) -> None:
    try:
        # Of its own: what the database refuses does not undo what was done before.
        with transaction.atomic():
            saved.delete()
    except ProtectedError as error:
        raise InputError(
            f"'{saved}' is named by the ledger, a request of aid or a job: it stays.",
            f"« {saved} » est cité au registre, dans une demande d'aide ou par un emploi : pas de suppression.",
        ) from error


def _check_amendment(convention: Convention, action: Action | None, changed: Sequence[str]) -> None:
    if convention.status not in SIGNED:
        return
    if action is not None and set(changed) & set(ACTION_FIELDS):
        raise InputError(
            f"'{convention}' is signed: the terms, the deadline and the budget of an action are changed by an "
            "amendment.",
            f"« {convention} » est signée : les modalités, l'échéance et le budget d'une action se modifient par "
            "avenant.",
        )


def _check_name(name: str) -> str:
    cleaned = name.strip()
    if not cleaned or len(cleaned) > NAME_LENGTH:
        raise InputError(
            f"The name has {len(cleaned)} characters: give one of 1 to {NAME_LENGTH}.",
            f"Le nom a {len(cleaned)} caractères : donnez-en un de 1 à {NAME_LENGTH}.",
        )
    return cleaned


def _check_fields(fields: Mapping[str, Any]) -> None:
    unknown = sorted(set(fields) - set(FIELDS))
    if unknown:
        raise InputError(
            f"An action has no field '{unknown[0]}': use {', '.join(FIELDS)}.",
            f"Une action n'a pas de champ « {unknown[0]} » : utilisez {', '.join(FIELDS)}.",
        )


def _check_action(action: Action) -> None:
    action.name = _check_name(action.name)
    if action.kind not in ActionKind.values:
        raise InputError(
            f"'{action.kind}' is no kind of action: choose one of the list.",
            f"« {action.kind} » n'est pas un type d'action : choisissez dans la liste.",
        )
    if len(action.terms) > TERMS_LENGTH or len(action.operator) > NAME_LENGTH:
        raise InputError(
            f"The terms ({len(action.terms)} characters, {TERMS_LENGTH} at most) or the operator "
            f"({len(action.operator)}, {NAME_LENGTH} at most) are too long: shorten them.",
            f"Les modalités ({len(action.terms)} caractères, {TERMS_LENGTH} au plus) ou l'opérateur "
            f"({len(action.operator)}, {NAME_LENGTH} au plus) sont trop longs : raccourcissez-les.",
        )
    for field in _AMOUNTS:
        amount: Decimal | None = getattr(action, field)
        if amount is not None and (amount < 0 or amount != round(amount, 2)):
            raise InputError(
                f"{field} is {amount}: give zero or a positive amount, to the cent.",
                f"Le montant {amount} ne convient pas : donnez zéro ou un montant positif, au centime.",
            )


def _describe(action: Action, fields: Sequence[str]) -> dict[str, Any]:
    """Return what the trail keeps: choices, days and figures; the fields of free text are named only."""
    told = {name: _pack(getattr(action, name)) for name in fields if name not in _FREE}
    free = [name for name in fields if name in _FREE]
    return {**told, **({"fields": free} if free else {})}


def _pack(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal | UUID) else value


FIELD_LABELS: dict[str, Text] = {
    "kind": Text("What it pays for", "Ce qu'elle finance"),
    "name": Text("Name", "Nom"),
    "terms": Text("Terms of implementation", "Modalités de mise en œuvre"),
    "deadline": Text("Deadline", "Échéance"),
    "budget": Text("Forecast budget (€)", "Budget prévisionnel (€)"),
    "operator": Text("Operator", "Opérateur"),
    "jobs_target": Text("Target of jobs", "Objectif d'emplois"),
    "started_on": Text("Started on", "Commencée le"),
    "framework_document": Text(
        "Started before the decision, under a document-cadre", "Commencée avant la décision, sous document-cadre"
    ),
    "lent": Text("Sums lent (€)", "Sommes prêtées (€)"),
    "loan_cost": Text("Cost of the loans (€)", "Coût des prêts (€)"),
    "market_value": Text("Market value (€)", "Valeur vénale (€)"),
    "sale_price": Text("Sale price (€)", "Prix de cession (€)"),
    "open_to_requests": Text("Open to requests of aid", "Ouverte aux demandes d'aide"),
}
