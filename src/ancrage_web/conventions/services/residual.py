"""What the money left could pay: candidates added from a study or by hand, changed and removed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from ancrage.conventions.residual import UNITS
from ancrage.errors import InputError
from ancrage_web.audit.services import record
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.enums import ActionKind
from ancrage_web.conventions.models import Candidate
from ancrage_web.conventions.services.locks import lock_open

MOST_CANDIDATES = 100


@dataclass(frozen=True)
class Sheet:
    """What is written of a candidate, as in `models.Candidate`."""

    kind: str
    name: str
    cost: Decimal
    value: float
    unit: str
    ground: str
    commune: str = ""
    ready_by: date | None = None
    key: str = ""
    computed_on: date | None = None


def add_candidates(access: Access, sheets: Sequence[Sheet]) -> list[Candidate]:
    """Add candidates; one that came from the same place of the same result is replaced.

    Raises
    ------
    ForbiddenError
        If the actor may not edit.
    InputError
        If a name or a ground is missing, a cost is not above zero, a value is negative, a unit is unknown, or there
        would be too many.
    """
    access.require_edit()
    for sheet in sheets:
        _check(sheet)
    with transaction.atomic():
        lock_open(access.convention)
        keys = [sheet.key for sheet in sheets if sheet.key]
        Candidate.objects.filter(convention=access.convention, key__in=keys).delete()
        if Candidate.objects.filter(convention=access.convention).count() + len(sheets) > MOST_CANDIDATES:
            raise InputError(
                f"More than {MOST_CANDIDATES} uses: remove those that are no longer considered.",
                f"Plus de {MOST_CANDIDATES} emplois : retirez ceux qui ne sont plus envisagés.",
            )
        added = [
            Candidate.objects.create(
                convention=access.convention,
                kind=sheet.kind,
                name=sheet.name.strip(),
                commune=sheet.commune,
                cost=sheet.cost,
                value=sheet.value,
                unit=sheet.unit,
                ready_by=sheet.ready_by,
                ground=sheet.ground.strip(),
                key=sheet.key,
                computed_on=sheet.computed_on,
            )
            for sheet in sheets
        ]
        for candidate in added:
            record(access, "candidate.added", "candidate", candidate.pk, after=_describe(candidate))
    return added


def change_candidate(access: Access, candidate: Candidate, sheet: Sheet) -> Candidate:
    """Change a candidate typed by hand; one taken from a study keeps its figures.

    Raises
    ------
    ForbiddenError
        If the actor may not edit.
    InputError
        As `add_candidates`; if it was taken from a study, or removed meanwhile.
    """
    access.require_edit()
    _check(sheet)
    with transaction.atomic():
        lock_open(access.convention)
        saved = Candidate.objects.select_for_update(of=("self",)).filter(convention=access.convention, pk=candidate.pk)
        found = saved.first()
        if found is None:
            raise InputError(
                f"'{candidate}' was removed meanwhile: go back to the residual.",
                f"« {candidate} » a été retiré entre-temps : revenez au reliquat.",
            )
        if found.key:
            raise InputError(
                f"'{found}' comes from a study, with its figures: remove it, or take the places of the study again.",
                f"« {found} » vient d'une étude, avec ses chiffres : retirez-le, ou reprenez les lieux de l'étude.",
            )
        before = _describe(found)
        for name in ("kind", "name", "commune", "cost", "value", "unit", "ready_by", "ground"):
            value = getattr(sheet, name)
            setattr(found, name, value.strip() if isinstance(value, str) else value)
        found.save()
        record(access, "candidate.changed", "candidate", found.pk, before=before, after=_describe(found))
    return found


def remove_candidate(access: Access, candidate: Candidate) -> None:
    """Remove a candidate from the proposal.

    Raises
    ------
    ForbiddenError
        If the actor may not edit.
    """
    access.require_edit()
    with transaction.atomic():
        lock_open(access.convention)
        record(access, "candidate.removed", "candidate", candidate.pk, before={"cost": str(candidate.cost)})
        Candidate.objects.filter(convention=access.convention, pk=candidate.pk).delete()


def _describe(candidate: Candidate) -> dict[str, Any]:
    return {"kind": candidate.kind, "cost": str(candidate.cost), "value": candidate.value}


def _check(sheet: Sheet) -> None:
    if not sheet.name.strip() or not sheet.ground.strip():
        raise InputError(
            "The name of the use or the ground of its value is missing: say what would be paid, and where the value "
            "comes from.",
            "Il manque le nom de l'emploi ou la justification de sa valeur : dites ce qui serait payé, et d'où vient "
            "la valeur.",
        )
    if sheet.kind not in ActionKind.values or sheet.unit not in UNITS:
        raise InputError(
            f"'{sheet.kind}' valued in '{sheet.unit}' is not known: choose a kind and a unit of the lists.",
            f"« {sheet.kind} » valorisé en « {sheet.unit} » n'est pas connu : choisissez une nature et une unité des "
            "listes.",
        )
    if sheet.cost <= 0 or not math.isfinite(sheet.value) or sheet.value < 0:
        raise InputError(
            f"'{sheet.name}': cost {sheet.cost}, value {sheet.value}. Give a cost above zero and a value of zero or "
            "more.",
            f"« {sheet.name} » : coût {sheet.cost}, valeur {sheet.value}. Donnez un coût supérieur à zéro et une "
            "valeur nulle ou positive.",
        )
