"""Beneficiaries of an organisation, and the de minimis aids they declare."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from ancrage.errors import InputError
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.models import Organisation
from ancrage_web.accounts.rules import check_siren
from ancrage_web.audit.services import record
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.models import Beneficiary, DeclaredAid

FIELDS = ("name", "commune", "activity", "employees", "undertaking")
_LENGTHS = {"name": 160, "activity": 160, "undertaking": 160, "commune": 5}


def save_beneficiary(
    acting: Actor | Access, *, beneficiary: Beneficiary | None = None, siren: str = "", **fields: Any
) -> Beneficiary:
    """Create a beneficiary, or change one; the SIREN is given once and never changes.

    Parameters
    ----------
    acting : an editor of the organisation, or someone who edits one of its conventions.
    fields : name, commune (INSEE code), activity, employees, undertaking; those left out keep their value.

    Raises
    ------
    ForbiddenError
        If they may not.
    InputError
        If the SIREN is wrong or known already, the name is empty, or a field cannot be.
    """
    _require(acting)
    values = check_fields(fields)
    with transaction.atomic():
        lock_beneficiaries(acting.organisation)
        if beneficiary is None:
            return create_beneficiary(acting, siren=siren, **values)
        saved = Beneficiary.objects.get(pk=beneficiary.pk)
        changed = sorted(name for name, value in values.items() if getattr(saved, name) != value)
        if not changed:
            return saved
        for name in changed:
            setattr(saved, name, values[name])
        check_name(saved.name)
        saved.save()
        record(acting, "beneficiary.changed", "beneficiary", saved.pk, after={"fields": changed})
    return saved


def create_beneficiary(acting: Any, *, siren: str, **values: Any) -> Beneficiary:
    """Create a beneficiary for whoever acts, in a transaction that holds the lock; the right is checked before.

    Raises
    ------
    InputError
        If the SIREN is missing, wrong or known already, or the name is empty.
    """
    number = check_siren(siren)
    if not number:
        raise InputError(
            "The SIREN is missing: a beneficiary is known by its nine digits. Copy them from the Annuaire des "
            "entreprises.",
            "Il manque le SIREN : un bénéficiaire est connu par ses neuf chiffres. Recopiez-les depuis l'Annuaire des "
            "entreprises.",
        )
    check_name(values.get("name", ""))
    known = Beneficiary.objects.filter(siren=number).first()
    if known is not None:
        raise InputError(
            f"The SIREN {number} is that of '{known}', already in the list: use this beneficiary.",
            f"Le SIREN {number} est celui de « {known} », déjà dans la liste : utilisez ce bénéficiaire.",
        )
    created = Beneficiary.objects.create(organisation=acting.organisation, siren=number, **values)
    record(acting, "beneficiary.created", "beneficiary", created.pk, after={"siren": number})
    return created


def declare_aid(
    acting: Actor | Access, beneficiary: Beneficiary, *, granted_on: date, amount: Decimal, source: str
) -> DeclaredAid:
    """Write down a de minimis aid granted elsewhere.

    Raises
    ------
    ForbiddenError
        If they may not.
    InputError
        If the amount is not positive to the cent, the source is empty, or the same aid is written already.
    """
    _require(acting)
    with transaction.atomic():
        lock_beneficiaries(acting.organisation)
        declared = add_declared_aid(beneficiary, granted_on=granted_on, amount=amount, source=source)
        if declared is None:
            raise InputError(
                "This aid is already in the list: same day, same amount, same source.",
                "Cette aide est déjà dans la liste : même jour, même montant, même origine.",
            )
        after = {"amount": str(amount), "day": granted_on.isoformat()}
        record(acting, "beneficiary.aid_declared", "beneficiary", beneficiary.pk, after=after)
    return declared


def add_declared_aid(beneficiary: Beneficiary, *, granted_on: date, amount: Decimal, source: str) -> DeclaredAid | None:
    """Write an aid down once; None where it is known already. The right is checked before, the trail written after.

    Raises
    ------
    InputError
        If the amount is not positive to the cent, or the source is empty.
    """
    named = " ".join(source.split())[:160]
    if amount <= 0 or amount != amount.quantize(Decimal("0.01")):
        raise InputError(
            f"The amount of the aid is {amount}: give a positive amount, to the cent.",
            f"Le montant de l'aide est {amount} : donnez un montant positif, au centime.",
        )
    if not named:
        raise InputError(
            "The source of the aid is empty: write who granted it.",
            "L'origine de l'aide est vide : écrivez qui l'a accordée.",
        )
    declared, created = DeclaredAid.objects.get_or_create(
        beneficiary=beneficiary, granted_on=granted_on, amount=amount, source=named
    )
    return declared if created else None


def delete_declared_aid(acting: Actor | Access, declared: DeclaredAid) -> None:
    """Take a declared aid away: it was a mistake.

    Raises
    ------
    ForbiddenError
        If they may not.
    """
    _require(acting)
    with transaction.atomic():
        lock_beneficiaries(acting.organisation)
        before = {"amount": str(declared.amount), "day": declared.granted_on.isoformat()}
        record(acting, "beneficiary.aid_removed", "beneficiary", declared.beneficiary_id, before=before)
        declared.delete()


def lock_beneficiaries(organisation: Organisation) -> None:
    """Lock what is known of the beneficiaries of an organisation: aids of one undertaking add up one after the other.

    The row of the organisation is the lock; its key stays free, as for the trail.
    """
    Organisation.objects.select_for_update(of=("self",), no_key=True).get(pk=organisation.pk)


def check_name(name: str) -> None:
    """Refuse an empty name.

    Raises
    ------
    InputError
        If it is empty.
    """
    if not name:
        raise InputError(
            "The name of the beneficiary is empty: write the one of the Annuaire des entreprises.",
            "Le nom du bénéficiaire est vide : écrivez celui de l'Annuaire des entreprises.",
        )


def check_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a beneficiary, texts without needless spaces.

    Raises
    ------
    InputError
        If a text is too long, or a number of employees negative.
    """
    unknown = sorted(set(fields) - set(FIELDS))
    if unknown:
        raise TypeError(f"not fields of a beneficiary: {unknown}")
    values: dict[str, Any] = {}
    for name, value in fields.items():
        values[name] = value
        if name in _LENGTHS:
            text = " ".join(str(value or "").split())
            if len(text) > _LENGTHS[name]:
                raise InputError(
                    f"'{text[:40]}...' has {len(text)} characters, {_LENGTHS[name]} at most: shorten it.",
                    f"« {text[:40]}... » a {len(text)} caractères, {_LENGTHS[name]} au plus : raccourcissez.",
                )
            values[name] = text
    employees = values.get("employees")
    if employees is not None and employees < 0:
        raise InputError(f"{employees} employees: give zero or more.", f"{employees} salariés : donnez zéro ou plus.")
    return values


def _require(acting: Actor | Access) -> None:
    if isinstance(acting, Access):
        acting.require_edit()
    else:
        acting.require(Role.EDITOR)
