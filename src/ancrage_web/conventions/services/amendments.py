"""Amendments (avenants): what they supersede, and the rules they may not break."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from ancrage.conventions.ledger import Balance, check_budget
from ancrage.conventions.life import STATUS_NAMES
from ancrage.conventions.model import Finding
from ancrage.errors import InputError
from ancrage.language import Text, format_date
from ancrage_web.audit.services import record
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.models import Action, Amendment, Basin, Committee, Convention, Document
from ancrage_web.conventions.queries.money import read_balances
from ancrage_web.conventions.rules import (
    ACTION_FIELDS,
    AMENDABLE,
    CONTRACTUAL,
    TEXT_LENGTH,
    check_consistent,
    get_parameters,
    pack_value,
)
from ancrage_web.conventions.services.life import check_facts
from ancrage_web.conventions.services.locks import lock_kept
from ancrage_web.conventions.services.parties import check_basin
from ancrage_web.conventions.terms import apply_changes, build_terms, check_terms, list_refusals, pack_basins

REASON_LENGTH = 5_000


@dataclass(frozen=True)
class Preview:
    """What an amendment would change, and what the rules say of the result.

    Attributes
    ----------
    changes : {field: [before, after]} packed, without what stays the same.
    findings : of the rules of the text on the result; refused : the errors it brings, which stop it.
    shortfalls : budgets that would be under what the ledger has reserved or committed; told, they do not stop it.
    """

    changes: dict[str, list[Any]]
    findings: tuple[Finding, ...]
    refused: tuple[Finding, ...]
    shortfalls: tuple[Text, ...]


def preview_amendment(convention: Convention, changes: Mapping[str, Any], on: date) -> Preview:
    """Return what an amendment would do; nothing is written.

    Parameters
    ----------
    changes : new values by field: a field of `rules.CONTRACTUAL`, "basins" (list of {"name", "communes"}), or
        "action:ID:FIELD"; on : day of the check.

    Raises
    ------
    FactsError, InputError
        If a field is no term of the convention, or a value cannot be kept.
    """
    basins = list(Basin.objects.filter(convention=convention))
    actions = list(Action.objects.filter(convention=convention))
    committees = list(Committee.objects.filter(convention=convention))
    values = _check_changes(changes, actions)
    current = build_terms(convention, basins, actions)
    after = apply_changes(convention, basins, actions, values)
    check_consistent(after.convention)
    packed = build_terms(after.convention, after.basins, after.actions)
    parameters = get_parameters()
    findings = check_terms(after, committees, on, parameters)
    before = check_terms(apply_changes(convention, basins, actions, {}), committees, on, parameters)
    return Preview(
        {name: [current[name], packed[name]] for name in values if current[name] != packed[name]},
        findings,
        list_refusals(before, findings),
        _list_shortfalls(convention, after.actions, values),
    )


def _list_shortfalls(convention: Convention, actions: Sequence[Action], values: Mapping[str, Any]) -> tuple[Text, ...]:
    changed = [action for action in actions if f"action:{action.pk}:budget" in values]
    balances = read_balances(convention, by_request=False).by_action if changed else {}
    told = (
        check_budget(action.name, action.budget, balances.get(action.pk, Balance()))
        for action in changed
        if action.budget is not None
    )
    return tuple(each for each in told if each is not None)


def amend_convention(
    access: Access,
    *,
    signed_on: date,
    effective_on: date,
    reason: str,
    changes: Mapping[str, Any],
    document: Document | None = None,
    version: int | None = None,
) -> Amendment:
    """Record an amendment: the terms of the convention take its values, what they were before stays in it.

    Nothing is ever erased: an amendment recorded by error is undone by another one.

    Parameters
    ----------
    changes : as `preview_amendment`; version : `convention.version` as the person saw it, or None.

    Raises
    ------
    ForbiddenError
        If the person may not change the convention.
    FactsError, InputError
        If the convention is not signed or closed, the days do not fit, nothing changes, or the result breaks a rule
        of duration or amount.
    """
    access.require_edit()
    reason = reason.strip()
    with transaction.atomic():
        saved = lock_kept(access.convention)
        if saved.status not in AMENDABLE:
            called = STATUS_NAMES[saved.status]  # type: ignore[index]
            raise InputError(
                f"The convention is '{called.en}': an amendment changes a signed one, until it is closed.",
                f"La convention est « {called.fr} » : un avenant modifie une convention signée, tant qu'elle n'est pas "
                "close.",
            )
        if version is not None and saved.version != version:
            raise InputError(
                "Someone changed this convention since you opened the page. Check the values before and after, then "
                "save again.",
                "Quelqu'un a modifié cette convention depuis que vous avez ouvert la page. Vérifiez les valeurs avant "
                "et après, puis enregistrez à nouveau.",
            )
        last = Amendment.objects.filter(convention=saved).order_by("-number").first()
        _check_days(saved, last, signed_on, effective_on)
        if not reason or len(reason) > REASON_LENGTH:
            raise InputError(
                f"The reason has {len(reason)} characters: give 1 to {REASON_LENGTH}.",
                f"Le motif compte {len(reason)} caractères : donnez-en de 1 à {REASON_LENGTH}.",
            )
        if document is not None and document.convention_id != saved.pk:
            raise InputError(
                "The document belongs to another convention: choose one of this convention.",
                "La pièce appartient à une autre convention : choisissez-en une de cette convention.",
            )
        preview = preview_amendment(saved, changes, timezone.localdate())
        if not preview.changes:
            raise InputError(
                "The new values are those in force: change at least one.",
                "Les nouvelles valeurs sont celles en vigueur : changez-en au moins une.",
            )
        if preview.refused:
            raise InputError(
                "A rule refuses this amendment. " + " ".join(f"{f.says.en} {f.todo.en}" for f in preview.refused),
                "Une règle refuse cet avenant. " + " ".join(f"{f.says.fr} {f.todo.fr}" for f in preview.refused),
            )
        amendment = Amendment.objects.create(
            convention=saved,
            number=1 if last is None else last.number + 1,
            signed_on=signed_on,
            effective_on=effective_on,
            reason=reason,
            changes=preview.changes,
            document=document,
            created_by=access.user,
        )
        _write(saved, changes)
        after = {
            "number": amendment.number,
            "signed_on": pack_value(signed_on),
            "effective_on": pack_value(effective_on),
            "fields": sorted(preview.changes),
        }
        record(access, "amendment.recorded", "amendment", amendment.pk, after=after)
    return amendment


def _check_days(convention: Convention, last: Amendment | None, signed_on: date, effective_on: date) -> None:
    problem: Text | None = None
    if signed_on > timezone.localdate():
        problem = Text(
            "An amendment is recorded once it is signed: its signature is still to come.",
            "Un avenant s'enregistre une fois signé : sa signature est à venir.",
        )
    for day, called in ((signed_on, Text("signed", "signé")), (effective_on, Text("in effect", "en vigueur"))):
        if convention.signed_on is not None and day < convention.signed_on:
            problem = Text(
                f"The amendment would be {called.en} before the convention was signed "
                f"({format_date(convention.signed_on, 'en')}): correct the day.",
                f"L'avenant serait {called.fr} avant la signature de la convention "
                f"({format_date(convention.signed_on, 'fr')}) : corrigez la date.",
            )
    if last is not None and signed_on < last.signed_on:
        problem = Text(
            f"Amendment {last.number} was signed on {format_date(last.signed_on, 'en')}: the next one cannot be signed "
            "before it.",
            f"L'avenant n° {last.number} a été signé le {format_date(last.signed_on, 'fr')} : le suivant ne peut pas "
            "l'être avant.",
        )
    if problem is not None:
        raise InputError(problem.en, problem.fr)


def _check_changes(changes: Mapping[str, Any], actions: list[Action]) -> dict[str, Any]:
    facts = {name: value for name, value in changes.items() if name in CONTRACTUAL}
    values = check_facts(facts)
    known = {str(action.pk): action for action in actions}
    names: list[str] = []
    for name, value in changes.items():
        if name in facts:
            continue
        if name == "basins":
            rows = [check_basin(str(row["name"]), row["communes"]) for row in value]
            names = [row["name"] for row in rows]
            if not rows or len(set(names)) < len(names):
                raise InputError(
                    "Give at least one basin, each with its own name.",
                    "Donnez au moins un bassin, chacun avec son propre nom.",
                )
            values[name] = rows
            continue
        kind, _, rest = name.partition(":")
        key, _, field = rest.partition(":")
        if kind != "action" or field not in ACTION_FIELDS or key not in known:
            raise InputError(
                f"'{name}' is no term that an amendment changes: choose it in the list.",
                f"« {name} » n'est pas une clause modifiable par avenant : choisissez-la dans la liste.",
            )
        values[name] = _clean_action(known[key], field, value)
    return values


def _clean_action(action: Action, field: str, given: Any) -> Any:
    value = given.strip() if isinstance(given, str) else given
    try:
        cleaned = Action._meta.get_field(field).clean(None if value == "" and field != "terms" else value, None)  # type: ignore[union-attr]
    except ValidationError as error:
        said = " ".join(error.messages)
        raise InputError(
            f"{action}, {ACTION_FIELDS[field].en}: '{value}' cannot be kept. {said}",
            f"{action}, {ACTION_FIELDS[field].fr} : « {value} » ne convient pas. {said}",
        ) from error
    if (field == "budget" and cleaned is not None and cleaned < 0) or (field == "terms" and len(cleaned) > TEXT_LENGTH):
        raise InputError(
            f"{action}, {ACTION_FIELDS[field].en}: give zero or more euros, or a shorter text.",
            f"{action}, {ACTION_FIELDS[field].fr} : donnez zéro euro ou plus, ou un texte plus court.",
        )
    return cleaned


def _write(saved: Convention, changes: Mapping[str, Any]) -> None:
    actions = list(Action.objects.filter(convention=saved))
    values = _check_changes(changes, actions)
    after = apply_changes(saved, Basin.objects.filter(convention=saved), actions, values)
    for action in after.actions:
        fields = [name.split(":")[2] for name in values if name.startswith(f"action:{action.pk}:")]
        if fields:
            action.save(update_fields=fields)
    if "basins" in values and pack_basins(after.basins) != pack_basins(Basin.objects.filter(convention=saved)):
        Basin.objects.filter(convention=saved).exclude(name__in=[basin.name for basin in after.basins]).delete()
        for basin in after.basins:
            Basin.objects.update_or_create(convention=saved, name=basin.name, defaults={"communes": basin.communes})
    after.convention.version = saved.version + 1
    after.convention.save(update_fields=[*(name for name in values if name in CONTRACTUAL), "version", "updated_at"])
