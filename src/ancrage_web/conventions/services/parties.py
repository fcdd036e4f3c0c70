"""Parties and basins of a convention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import QuerySet

from ancrage.errors import InputError
from ancrage_web.accounts.rules import check_siren, check_siret
from ancrage_web.audit.services import record
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.enums import PARTY_NAMES, PartyKind
from ancrage_web.conventions.models import Basin, Convention, Party
from ancrage_web.conventions.rules import SIGNED
from ancrage_web.conventions.services.locks import lock_open
from ancrage_web.territories.models import Commune

Row = TypeVar("Row", Party, Basin)
NAME_LENGTH = 160
MOST_COMMUNES = 1_000


def save_party(
    access: Access, *, party: Party | None = None, kind: str, name: str, siret: str = "", commune: str = ""
) -> Party:
    """Add a party, or change one.

    Parameters
    ----------
    siret : SIREN or SIRET, or nothing; commune : INSEE code, or nothing.

    Raises
    ------
    ForbiddenError
        If the person may not change the convention.
    InputError
        If a value cannot be kept, the party is there already, or the convention is closed.
    """
    access.require_edit()
    values = check_party(kind, name, siret, commune)
    with transaction.atomic():
        convention = _lock(access)
        twins = Party.objects.filter(convention=convention, kind=values["kind"], name=values["name"])
        if (twins if party is None else twins.exclude(pk=party.pk)).exists():
            called = PARTY_NAMES[values["kind"]]
            raise InputError(
                f"'{values['name']}' is already a party as '{called.en}': change that one.",
                f"« {values['name']} » est déjà partie au titre de « {called.fr} » : modifiez-la plutôt.",
            )
        if party is None:
            saved = Party.objects.create(convention=convention, **values)
            record(access, "party.added", "party", saved.pk, after={"kind": saved.kind, "siret": saved.siret})
            return saved
        saved = _find(Party.objects.filter(convention=convention), party.pk)
        before = {"kind": saved.kind, "siret": saved.siret, "commune": saved.commune}
        if {**before, "name": saved.name} == values:
            return saved
        for field, value in values.items():
            setattr(saved, field, value)
        saved.save(update_fields=list(values))
        after = {"kind": saved.kind, "siret": saved.siret, "commune": saved.commune}
        record(access, "party.changed", "party", saved.pk, before=before, after=after)
    return saved


def remove_party(access: Access, party: Party) -> None:
    """Take a party out.

    Raises
    ------
    ForbiddenError, InputError
        As `save_party`.
    """
    access.require_edit()
    with transaction.atomic():
        saved = _find(Party.objects.filter(convention=_lock(access)), party.pk)
        record(access, "party.removed", "party", saved.pk, before={"kind": saved.kind, "siret": saved.siret})
        saved.delete()


def save_basin(access: Access, *, basin: Basin | None = None, name: str, communes: Sequence[str]) -> Basin:
    """Add a basin, or change one; once the convention is signed, an amendment does it.

    Raises
    ------
    ForbiddenError
        If the person may not change the convention.
    InputError
        If the name is empty or taken, a commune unknown or listed nowhere, or the convention is signed.
    """
    access.require_edit()
    values = check_basin(name, communes)
    with transaction.atomic():
        convention = _lock(access)
        _check_unsigned(convention)
        twins = Basin.objects.filter(convention=convention, name=values["name"])
        if (twins if basin is None else twins.exclude(pk=basin.pk)).exists():
            raise InputError(
                f"A basin is already named '{values['name']}': change that one, or give another name.",
                f"Un bassin s'appelle déjà « {values['name']} » : modifiez-le, ou donnez un autre nom.",
            )
        if basin is None:
            saved = Basin.objects.create(convention=convention, **values)
            record(access, "basin.added", "basin", saved.pk, after={"communes": saved.communes})
            return saved
        saved = _find(Basin.objects.filter(convention=convention), basin.pk)
        if (saved.name, saved.communes) == (values["name"], values["communes"]):
            return saved
        before = {"communes": saved.communes}
        saved.name, saved.communes = values["name"], values["communes"]
        saved.save(update_fields=["name", "communes"])
        record(access, "basin.changed", "basin", saved.pk, before=before, after={"communes": saved.communes})
    return saved


def remove_basin(access: Access, basin: Basin) -> None:
    """Take a basin out; once the convention is signed, an amendment does it.

    Raises
    ------
    ForbiddenError, InputError
        As `save_basin`.
    """
    access.require_edit()
    with transaction.atomic():
        convention = _lock(access)
        _check_unsigned(convention)
        saved = _find(Basin.objects.filter(convention=convention), basin.pk)
        record(access, "basin.removed", "basin", saved.pk, before={"communes": saved.communes})
        saved.delete()


def check_party(kind: str, name: str, siret: str = "", commune: str = "") -> dict[str, Any]:
    """Return the fields of a party.

    Raises
    ------
    InputError
        If the kind is unknown, the name empty or too long, or a code wrong.
    """
    if kind not in PartyKind.values:
        raise InputError(
            f"'{kind}' is no kind of party: choose one of the list.",
            f"« {kind} » n'est pas un type de partie : choisissez-en un dans la liste.",
        )
    digits = "".join(siret.split())
    commune = commune.strip().upper()
    if commune and not Commune.objects.filter(code=commune).exists():
        raise InputError(
            f"No commune of this site has the INSEE code '{commune}': check it, or leave the field empty.",
            f"Aucune commune de ce site n'a le code INSEE « {commune} » : vérifiez-le, ou laissez le champ vide.",
        )
    return {
        "kind": kind,
        "name": _check_name(name),
        "siret": check_siren(digits) if len(digits) <= 9 else check_siret(digits),
        "commune": commune,
    }


def check_basin(name: str, communes: Sequence[str]) -> dict[str, Any]:
    """Return the fields of a basin; its communes once each, in the order of their codes.

    Raises
    ------
    InputError
        If the name is empty or too long, there is no commune, or the data of the site do not know one.
    """
    codes = sorted({code.strip().upper() for code in communes if code.strip()})
    if not codes:
        raise InputError(
            "The basin has no commune: add at least one.", "Le bassin n'a aucune commune : ajoutez-en au moins une."
        )
    if len(codes) > MOST_COMMUNES:
        raise InputError(
            f"The basin has {len(codes)} communes, {MOST_COMMUNES} at most: make several basins.",
            f"Le bassin compte {len(codes)} communes, {MOST_COMMUNES} au plus : faites plusieurs bassins.",
        )
    known = set(Commune.objects.filter(code__in=codes).values_list("code", flat=True))
    # Before the first load of the territories, no commune could be named at all.
    unknown = [code for code in codes if code not in known] if known or Commune.objects.exists() else []
    if unknown:
        raise InputError(
            f"No commune of this site has the INSEE code {', '.join(unknown[:5])}: check it, or use the present code "
            "of a merged commune.",
            f"Aucune commune de ce site n'a le code INSEE {', '.join(unknown[:5])} : vérifiez-le, ou prenez le code "
            "actuel d'une commune fusionnée.",
        )
    return {"name": _check_name(name), "communes": codes}


def _check_name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > NAME_LENGTH:
        raise InputError(
            f"The name has {len(name)} characters: give 1 to {NAME_LENGTH}.",
            f"Le nom compte {len(name)} caractères : donnez-en de 1 à {NAME_LENGTH}.",
        )
    return name


def _lock(access: Access) -> Convention:
    return lock_open(access.convention)


def _check_unsigned(convention: Convention) -> None:
    if convention.status in SIGNED:
        raise InputError(
            "The convention is signed: its basins are changed by an amendment. Record it under Amendments.",
            "La convention est signée : ses bassins changent par un avenant. Enregistrez-le dans « Avenants ».",
        )


def _find(rows: QuerySet[Row], key: int) -> Row:
    found = rows.filter(pk=key).first()
    if found is None:
        raise InputError(
            "Someone removed it meanwhile: load the page again.",
            "Quelqu'un l'a retiré entre-temps : rechargez la page.",
        )
    return found
