"""The project sheet of a request of aid: what it holds, what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, cast

from django.db.models import Max

from ancrage.conventions import requests
from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.conventions.models import Action, Beneficiary, Convention, Request

SHEET = (
    "action",
    "beneficiary",
    "nature",
    "title",
    "description",
    "commune",
    "project_cost",
    "amount_asked",
    "jobs_created",
    "jobs_maintained",
    "de_minimis",
    "other_basis",
    "grant_equivalent",
)
# What the manager writes while the request is looked at, when the sheet itself is no longer open.
BASIS = ("de_minimis", "other_basis", "grant_equivalent")


def next_number(convention: Convention) -> int:
    """Return the number of a new request; the convention is locked before."""
    last: int | None = Request.objects.filter(convention=convention).aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def submit_sheet(saved: Request, on: date) -> None:
    """Make a locked request submitted, its sheet being complete; the first day of submission stays.

    Raises
    ------
    InputError
        If something is missing.
    """
    missing = list_missing(saved)
    if missing:
        raise InputError(
            f"The project sheet is not complete. Missing: {', '.join(text.en for text in missing)}. Fill it in, then "
            "submit again.",
            f"La fiche projet n'est pas complète. Il manque : {', '.join(text.fr for text in missing)}. Complétez-la, "
            "puis déposez à nouveau.",
        )
    saved.submitted_on = saved.submitted_on or on
    saved.status = "submitted"
    saved.version += 1
    saved.save()


def list_missing(request: Request) -> list[Text]:
    """Return what a project sheet still needs before it can be submitted."""
    checks = (
        (request.title, Text("the title of the project", "l'intitulé du projet")),
        (request.beneficiary_id, Text("the beneficiary", "le bénéficiaire")),
        (request.action_id, Text("the action of the convention", "l'action de la convention")),
        (request.amount_asked, Text("the amount asked for", "le montant demandé")),
    )
    return [name for value, name in checks if not value]


def check_sheet(convention: Convention, sheet: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a project sheet, texts without spaces around.

    Raises
    ------
    InputError
        If an amount is negative or finer than a cent, a nature unknown, or an action of another convention.
    """
    unknown = sorted(set(sheet) - set(SHEET))
    if unknown:
        raise TypeError(f"not fields of a project sheet: {unknown}")
    values = {name: value.strip() if isinstance(value, str) else value for name, value in sheet.items()}
    for name in ("project_cost", "amount_asked", "grant_equivalent"):
        amount = cast(Decimal | None, values.get(name))
        if amount is not None and (amount < 0 or amount != amount.quantize(Decimal("0.01"))):
            raise InputError(
                f"The amount {amount} cannot be: give zero or more, to the cent.",
                f"Le montant {amount} n'est pas possible : donnez zéro ou plus, au centime.",
            )
    if "nature" in values and values["nature"] not in requests.NATURE_NAMES:
        raise InputError(
            f"'{values['nature']}' is not a nature of aid. Possible: {', '.join(requests.NATURE_NAMES)}.",
            f"« {values['nature']} » n'est pas une nature d'aide. Possibles : {', '.join(requests.NATURE_NAMES)}.",
        )
    action = values.get("action")
    if isinstance(action, Action) and action.convention_id != convention.pk:
        raise InputError("This action is of another convention.", "Cette action est d'une autre convention.")
    beneficiary = values.get("beneficiary")
    if isinstance(beneficiary, Beneficiary) and beneficiary.organisation_id != convention.organisation_id:
        raise InputError(
            "This beneficiary is known by another organisation.", "Ce bénéficiaire est connu d'une autre organisation."
        )
    return values
