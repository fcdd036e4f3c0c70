"""Handing a study over to another organisation."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from ancrage.errors import InputError
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.models import Organisation
from ancrage_web.audit.services import record
from ancrage_web.studies.models import HandOver, Result, Run, Scenario, ShareLink, Study
from ancrage_web.studies.queries import find_open_offer
from ancrage_web.studies.results import list_used, remove_unused
from ancrage_web.studies.services.studies import check_no_open_run, lock_study


def offer_study(actor: Actor, study: Study, *, receiver: str) -> HandOver:
    """Offer a study to another organisation; it stays here until an editor there accepts.

    Parameters
    ----------
    receiver : identifier of the organisation (the word of its address). An unknown one is refused with a sentence,
        so that a typing error does not leave an offer that nobody will ever see; the answer tells that an
        identifier exists and nothing else of the organisation.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    InputError
        If no organisation has this identifier, it is the study's own, the study is archived or already offered.
    """
    actor.require(Role.EDITOR)
    slug = receiver.strip().lower()
    found = Organisation.objects.filter(slug=slug).first()
    if found is None:
        raise InputError(
            f"No organisation has the identifier '{slug}' on this site. Ask the receiver for the identifier shown on "
            "the page of their organisation.",
            f"Aucune organisation n'a l'identifiant « {slug} » sur ce site. Demandez au destinataire l'identifiant "
            "affiché sur la page de son organisation.",
        )
    if found.pk == actor.organisation.pk:
        raise InputError(
            "The study is already in this organisation: name another one.",
            "L'étude est déjà dans cette organisation : indiquez-en une autre.",
        )
    with transaction.atomic():
        saved = lock_study(study)
        if saved.archived_at is not None:
            raise InputError(
                f"'{saved}' is archived: restore it, then offer it.",
                f"« {saved} » est archivée : restaurez-la, puis proposez-la.",
            )
        if find_open_offer(saved) is not None:
            raise InputError(
                f"'{saved}' is already offered to an organisation: withdraw that offer first.",
                f"« {saved} » est déjà proposée à une organisation : retirez d'abord cette proposition.",
            )
        offer = HandOver.objects.create(study=saved, giver=actor.organisation, receiver=found, offered_by=actor.user)
        record(actor, "study.offered", "study", saved.pk, after={"offer": str(offer.pk), "receiver": found.slug})
    return offer


def withdraw_hand_over(actor: Actor, offer: HandOver) -> HandOver:
    """Take back an offer that was not answered yet.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    InputError
        If it was answered meanwhile.
    """
    actor.require(Role.EDITOR)
    with transaction.atomic():
        saved = _lock_offer(offer)
        saved.withdrawn_at = timezone.now()
        saved.save(update_fields=["withdrawn_at"])
        record(actor, "study.offer_withdrawn", "study", saved.study_id, after={"offer": str(saved.pk)})
    return saved


def decline_hand_over(actor: Actor, offer: HandOver) -> HandOver:
    """Refuse an offer that the actor's organisation received: the study stays where it is.

    Raises
    ------
    ForbiddenError
        If the actor is no editor of the receiver.
    InputError
        If it was withdrawn or answered meanwhile.
    """
    _check_receiver(actor, offer)
    with transaction.atomic():
        with scope(organisation=offer.giver):
            saved = _lock_offer(offer)
            saved.declined_at = timezone.now()
            saved.save(update_fields=["declined_at"])
            _lock_both(saved.giver, actor.organisation)
            record(
                Actor(saved.giver, Role.ADMINISTRATOR),
                "study.declined",
                "study",
                saved.study_id,
                after={"offer": str(saved.pk), "receiver": actor.organisation.slug},
            )
        record(
            actor,
            "study.declined",
            "study",
            saved.study_id,
            after={"offer": str(saved.pk), "giver": saved.giver.slug},
        )
    return saved


def accept_hand_over(actor: Actor, offer: HandOver) -> Study:
    """Take a study that was offered to the actor's organisation: scenarios, runs, results and comments come along.

    Its share links are revoked: those who hold them were chosen by the giver. A result that other studies of the
    giver still show is copied, not taken away; its files, which never change, are read by both.

    Raises
    ------
    ForbiddenError
        If the actor is no editor of the receiver.
    InputError
        If the offer was withdrawn or answered meanwhile, or a scenario is being computed.
    """
    _check_receiver(actor, offer)
    with transaction.atomic():
        with scope(organisation=offer.giver):
            study = lock_study(offer.study)
            saved = _lock_offer(offer)
            check_no_open_run(study)
            now = timezone.now()
            saved.accepted_at = now
            saved.save(update_fields=["accepted_at"])
            for link in ShareLink.objects.filter(study=study, revoked_at__isnull=True):
                link.revoked_at = now
                link.save(update_fields=["revoked_at"])
            used = list_used(study)
        _lock_both(saved.giver, actor.organisation)
        # Between two organisations no scope fits: the rows of this study alone are touched, by their keys.
        with scopes_disabled():
            for key in used:
                _move_result(key, study, actor.organisation)
            Study.objects.filter(pk=study.pk).update(organisation=actor.organisation, updated_at=now)
        with scope(organisation=offer.giver):
            remove_unused(used)
            # Who accepted is known to the receiver's own trail only.
            record(
                Actor(saved.giver, Role.ADMINISTRATOR),
                "study.handed_over",
                "study",
                study.pk,
                after={"offer": str(saved.pk), "receiver": actor.organisation.slug},
            )
        with scope(organisation=actor.organisation):
            record(
                actor,
                "study.received",
                "study",
                study.pk,
                after={"offer": str(saved.pk), "giver": saved.giver.slug},
            )
            return Study.objects.select_related("organisation").get(pk=study.pk)


def _check_receiver(actor: Actor, offer: HandOver) -> None:
    actor.require(Role.EDITOR)
    if offer.receiver_id != actor.organisation.pk:
        raise _refuse()


def _lock_offer(offer: HandOver) -> HandOver:
    saved = (
        HandOver.objects.select_for_update(of=("self",), no_key=True)
        .select_related("giver", "study")
        .filter(pk=offer.pk)
        .first()
    )
    if saved is None or saved.accepted_at or saved.declined_at or saved.withdrawn_at:
        raise _refuse()
    return saved


def _lock_both(giver: Organisation, receiver: Organisation) -> None:
    """Lock the trails of two organisations in one order: each may be answering an offer of the other."""
    list(
        Organisation.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=[giver.pk, receiver.pk])
        .order_by("pk")
    )


def _refuse() -> InputError:
    return InputError(
        "This offer is not open any more: it was withdrawn, declined or accepted. Look at the list again.",
        "Cette proposition n'est plus ouverte : elle a été retirée, refusée ou acceptée. Revenez à la liste.",
    )


def _move_result(key: UUID, study: Study, receiver: Organisation) -> None:
    """Give a result of `study` to `receiver`, or its copy where the giver still shows it elsewhere."""
    result = Result.objects.get(pk=key)
    held = Result.objects.filter(organisation=receiver, key=result.key).first()
    if held is None:
        elsewhere = (
            Run.objects.filter(result=result).exclude(scenario__study=study).exists()
            or Scenario.objects.filter(result=result).exclude(study=study).exists()
        )
        if not elsewhere:
            Result.objects.filter(pk=key).update(organisation=receiver)
            return
        created_at = result.created_at
        held = Result.objects.create(
            organisation=receiver,
            key=result.key,
            settings=result.settings,
            inputs=result.inputs,
            version=result.version,
            summary=result.summary,
            pages=result.pages,
            map=result.map,
            folder=result.folder,
        )
        Result.objects.filter(pk=held.pk).update(created_at=created_at)
    Run.objects.filter(result=result, scenario__study=study).update(result=held)
    Scenario.objects.filter(result=result, study=study).update(result=held)
