"""Making a convention, saving its facts, changing its status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from ancrage.conventions import life, requests
from ancrage.conventions.committee import is_current
from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.actors import Actor, ForbiddenError
from ancrage_web.accounts.enums import Role
from ancrage_web.audit.services import record
from ancrage_web.conventions.access import OWNER_PARTS, Access
from ancrage_web.conventions.enums import CommitteeKind, PartyKind
from ancrage_web.conventions.facts import build_milestones
from ancrage_web.conventions.models import (
    Account,
    Basin,
    Committee,
    CommitteeFile,
    Convention,
    Party,
    Request,
    StatusChange,
)
from ancrage_web.conventions.queries.aid import list_shown
from ancrage_web.conventions.queries.money import read_balances
from ancrage_web.conventions.rules import (
    FACTS,
    FREE_TEXTS,
    OPEN_WHEN_CLOSED,
    TEXT_LENGTH,
    Change,
    ConflictError,
    FactsError,
    check_consistent,
    list_locked,
    list_obstacles,
    pack_value,
)
from ancrage_web.conventions.services.locks import lock_kept
from ancrage_web.conventions.services.parties import check_basin, check_party

# Changes of status that go back, or that blame someone: they say why.
REASONED = frozenset({("closing", "running"), ("in_default", "negotiated")})
# The field of the convention that holds a date of `life.Milestones`.
DATED: dict[str, str] = {
    "owed_since": "owed_since",
    "signed": "signed_on",
    "started": "starts_on",
    "ends": "ends_on",
}
REASON_LENGTH = 2_000


def create_convention(
    actor: Actor,
    *,
    name: str,
    way: str = "local",
    company: str = "",
    siret: str = "",
    basin: str = "",
    communes: Sequence[str] = (),
    **facts: Any,
) -> Convention:
    """Create a convention in preparation.

    Parameters
    ----------
    way : key of `life.WAY_NAMES`.
    company, siret : the company, and its SIREN or SIRET; basin, communes : the first basin. Each may come later.
    facts : other fields of the convention.

    Raises
    ------
    ForbiddenError
        If the actor is no editor, or of an organisation that owns no convention.
    FactsError, InputError
        If a fact cannot be stored.
    """
    check_owner(actor)
    values = check_facts({"name": name, "way": way, **facts})
    party = check_party(PartyKind.COMPANY, company, siret) if company.strip() or siret.strip() else None
    place = check_basin(basin or name, communes) if communes else None
    with transaction.atomic():
        convention = Convention(organisation=actor.organisation, created_by=actor.user, **values)
        check_consistent(convention)
        convention.save(force_insert=True)
        if party is not None:
            Party.objects.create(convention=convention, **party)
        if place is not None:
            Basin.objects.create(convention=convention, **place)
        StatusChange.objects.create(
            convention=convention,
            before="",
            after=convention.status,
            part=OWNER_PARTS[actor.organisation.kind],
            by=actor.user,
        )
        record(actor, "convention.created", "convention", convention.pk, after={"way": convention.way})
    return convention


def check_owner(actor: Actor) -> None:
    """Refuse to someone whose organisation owns no convention.

    Raises
    ------
    ForbiddenError
        Says who may create one.
    """
    actor.require(Role.EDITOR)
    if actor.organisation.kind not in OWNER_PARTS:
        raise ForbiddenError(
            "A convention is kept by an EPCI or a consultancy, which then opens it to its partners. Ask one of them to "
            f"open it to {actor.organisation}.",
            "Une convention est tenue par un EPCI ou un cabinet, qui l'ouvre ensuite à ses partenaires. Demandez-leur "
            f"de l'ouvrir à {actor.organisation}.",
        )


def save_facts(access: Access, *, version: int, **changes: Any) -> Convention:
    """Save facts of a convention; those not given stay.

    Parameters
    ----------
    version : `convention.version` as the person saw it.

    Raises
    ------
    ForbiddenError
        If the person may not change the convention.
    FactsError
        If a value cannot be stored, or contradicts another.
    InputError
        If the convention is signed and a field of its text would change: an amendment does that.
    ConflictError
        If someone else saved since and left other values: nothing is written.
    """
    access.require_edit()
    values = check_facts(changes)
    with transaction.atomic():
        saved = lock_kept(access.convention)
        before = {name: getattr(saved, name) for name in values}
        changed = {name: value for name, value in values.items() if before[name] != value}
        if not changed:
            return saved
        if saved.version != version:
            raise ConflictError(saved, [Change(name, before[name], value) for name, value in changed.items()])
        _check_locked(saved, before, changed)
        _store(access, saved, changed, "convention.facts_saved")
    return saved


def change_status(access: Access, status: str, *, reason: str = "", on: date | None = None) -> Convention:
    """Give a convention its next status.

    Parameters
    ----------
    status : key of `life.STATUS_NAMES`.
    reason : needed to note a default, to come back from one, and to open again a convention being closed.
    on : day of the decision, signature, start or end that the status needs, where it is not known yet.

    Raises
    ------
    ForbiddenError
        If the person is no editor.
    InputError
        If the table of transitions refuses it (`life.TRANSITIONS`), a date is missing, or something stands in the
        way of the closing.
    """
    access.require_comment()
    reason = reason.strip()
    with transaction.atomic():
        saved = lock_kept(access.convention)
        start, end = cast(life.Status, saved.status), cast(life.Status, status)
        if end not in life.STATUS_NAMES:
            raise InputError(
                f"'{status}' is no status of a convention: choose one of the list.",
                f"« {status} » n'est pas un statut de convention : choisissez-en un dans la liste.",
            )
        dated = _fill_day(saved, start, end, on)
        milestones = build_milestones(saved, Committee.objects.filter(convention=saved))
        life.check_transition(start, end, access.part, milestones)
        if not reason and (end == "in_default" or (start, end) in REASONED):
            raise InputError(
                f"'{life.STATUS_NAMES[end].en}' from '{life.STATUS_NAMES[start].en}' needs a reason: write it, the "
                "partners read it.",
                f"« {life.STATUS_NAMES[end].fr} » depuis « {life.STATUS_NAMES[start].fr} » demande un motif : "
                "écrivez-le, les partenaires le lisent.",
            )
        if len(reason) > REASON_LENGTH:
            raise InputError(
                f"The reason has {len(reason)} characters, {REASON_LENGTH} at most: shorten it.",
                f"Le motif compte {len(reason)} caractères, {REASON_LENGTH} au plus : raccourcissez-le.",
            )
        obstacles = read_obstacles(saved) if end == "closed" else ()
        if obstacles:
            raise InputError(
                "The convention cannot be closed yet. " + " ".join(text.en for text in obstacles),
                "La convention ne peut pas encore être close. " + " ".join(text.fr for text in obstacles),
            )
        StatusChange.objects.create(
            convention=saved, before=start, after=end, part=access.part, reason=reason, by=access.user
        )
        _store(access, saved, {"status": end, **dated}, "convention.status_changed")
    return saved


def read_obstacles(convention: Convention) -> tuple[Text, ...]:
    """Return what stands in the way of closing a convention (`rules.list_obstacles`)."""
    sums = dict(
        Account.objects.filter(convention=convention, stage__in=("reserved", "committed"))
        .order_by()
        .values_list("stage")
        .annotate(total=Sum("amount"))
    )
    # A second final committee corrects the balance of the first.
    final = Committee.objects.filter(convention=convention, kind=CommitteeKind.FINAL).order_by("-day").first()
    file = CommitteeFile.objects.filter(committee=final).order_by("-number").first()
    balances = read_balances(convention, by_request=False)
    return list_obstacles(
        # What a firm writes and has not submitted holds nobody up.
        open_requests=list_shown(Request.objects.filter(convention=convention))
        .exclude(status__in=requests.CLOSED)
        .count(),
        reserved=sums.get("reserved", Decimal(0)),
        committed=sums.get("committed", Decimal(0)),
        final_held=final is not None and final.held_at is not None,
        final_frozen=file is not None,
        final_current=file is not None
        and is_current(
            file.content,
            balances.total,
            {str(key): balance for key, balance in balances.by_action.items()},
            {str(key): balance for key, balance in balances.by_funder.items()},
        ),
    )


def check_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts with the types of the model.

    Raises
    ------
    FactsError
        If a value is not one of its field, by field.
    InputError
        If a name is no field.
    """
    values: dict[str, Any] = {}
    problems: dict[str, Text] = {}
    for name, given in facts.items():
        if name not in FACTS:
            raise InputError(
                f"'{name}' is no fact of a convention: use one of {', '.join(FACTS)}.",
                f"« {name} » n'est pas une donnée d'une convention : utilisez l'une de {', '.join(FACTS)}.",
            )
        value = given.strip() if isinstance(given, str) else given
        field: Any = Convention._meta.get_field(name)
        if name == "way" and value not in life.WAY_NAMES:
            problems[name] = Text(f"'{value}' is unknown. Choose one.", f"« {value} » est inconnue. Choisissez-en une.")
        elif isinstance(value, str) and len(value) > (field.max_length or TEXT_LENGTH):
            problems[name] = Text(
                f"{len(value)} characters, {field.max_length or TEXT_LENGTH} at most. Shorten it.",
                f"{len(value)} caractères, {field.max_length or TEXT_LENGTH} au plus. Raccourcissez.",
            )
        else:
            try:
                values[name] = field.clean(None if value == "" and field.null else value, None)
            except ValidationError as error:
                if value == "" and name == "name":
                    problems[name] = Text("it is empty. Write one.", "vide. Écrivez-le.")
                else:
                    said = " ".join(error.messages)
                    problems[name] = Text(f"'{value}' cannot be kept. {said}", f"« {value} » ne convient pas. {said}")
    if problems:
        raise FactsError(problems)
    return values


def _check_locked(saved: Convention, before: Mapping[str, Any], changed: Mapping[str, Any]) -> None:
    locked = list_locked(saved.status, before, changed)
    if not locked:
        return
    if saved.status == "closed":
        allowed = ", ".join(sorted(OPEN_WHEN_CLOSED))
        raise FactsError(
            dict.fromkeys(
                locked,
                Text(
                    f"the convention is closed, only its {allowed} change.",
                    "la convention est close, seuls son nom et ses notes changent encore.",
                ),
            )
        )
    raise FactsError(
        dict.fromkeys(
            locked,
            Text(
                "the convention is signed, so an amendment changes it: record it under Amendments.",
                "la convention est signée, un avenant peut seul le changer : enregistrez-le dans « Avenants ».",
            ),
        )
    )


def _fill_day(saved: Convention, start: life.Status, end: life.Status, on: date | None) -> dict[str, Any]:
    # The State does not edit the facts, but the day of what it decides comes with its decision.
    needs = next((t.needs for t in life.TRANSITIONS if (t.start, t.end) == (start, end)), ())
    found = {}
    for need in needs:
        field = DATED.get(need)
        if field is None or on is None or getattr(saved, field) is not None:
            continue
        if on > timezone.localdate() and need in ("owed_since", "signed"):
            raise InputError(
                f"{on} is still to come: give the day it was done.",
                f"Le {on:%d/%m/%Y} est à venir : donnez le jour où ce fut fait.",
            )
        found[field] = on
        setattr(saved, field, on)
    return found


def _store(access: Access, saved: Convention, changed: Mapping[str, Any], action: str) -> None:
    old = Convention.objects.get(pk=saved.pk)
    for name, value in changed.items():
        setattr(saved, name, value)
    check_consistent(saved)
    saved.version += 1
    told = [name for name in changed if name not in FREE_TEXTS]
    texts = sorted(name for name in changed if name in FREE_TEXTS)
    record(
        access,
        action,
        "convention",
        saved.pk,
        before={name: pack_value(getattr(old, name)) for name in told},
        after={
            **{name: pack_value(changed[name]) for name in told},
            **({"fields": texts} if texts else {}),
        },
    )
    saved.save(update_fields=[*changed, "version", "updated_at"])
