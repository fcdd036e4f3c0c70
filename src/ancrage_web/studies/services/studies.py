"""Making, changing, copying and removing of studies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from ancrage.errors import InputError
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.audit.services import record
from ancrage_web.studies.enums import OPEN
from ancrage_web.studies.models import HandOver, Run, Scenario, Study
from ancrage_web.studies.results import check_freshness, list_used, remove_unused
from ancrage_web.studies.rules import MOST_EPCI, NAME_LENGTH, NOTES_LENGTH, ConflictError, check_text, list_changes
from ancrage_web.territories.models import Epci

__all__ = [
    "archive_study",
    "change_study",
    "check_freshness",
    "check_no_open_run",
    "create_study",
    "delete_study",
    "duplicate_study",
    "lock_study",
    "restore_study",
]


def create_study(actor: Actor, *, name: str, epci: Sequence[str], notes: str = "") -> Study:
    """Create a study on one or several EPCI.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    InputError
        If the name is empty or too long, no EPCI is given or too many are, or one is unknown or without home-work
        flows.
    """
    actor.require(Role.EDITOR)
    name = check_text(name, "name", NAME_LENGTH)
    notes = check_text(notes, "notes", NOTES_LENGTH, needed=False)
    codes = _check_epci(epci)
    with transaction.atomic():
        study = Study.objects.create(
            organisation=actor.organisation, name=name, epci=codes, notes=notes, created_by=actor.user
        )
        record(actor, "study.created", "study", study.pk, after={"epci": codes})
    return study


def change_study(actor: Actor, study: Study, *, name: str, notes: str, updated_at: datetime) -> Study:
    """Change the name and the notes of a study.

    Parameters
    ----------
    updated_at : `study.updated_at` as the person saw it.

    Raises
    ------
    ForbiddenError, InputError
        As `create_study`.
    ConflictError
        If someone else changed the study since: nothing is written.
    """
    actor.require(Role.EDITOR)
    given = {
        "name": check_text(name, "name", NAME_LENGTH),
        "notes": check_text(notes, "notes", NOTES_LENGTH, needed=False),
    }
    with transaction.atomic():
        saved = lock_study(study)
        changes = list_changes({"name": saved.name, "notes": saved.notes}, given)
        if not changes:
            return saved
        if saved.updated_at != updated_at:
            raise ConflictError(saved, changes)
        saved.name, saved.notes = given["name"], given["notes"]
        saved.save(update_fields=["name", "notes", "updated_at"])
        # Names and notes are free texts: the trail tells which changed, not what they say.
        record(actor, "study.changed", "study", saved.pk, after={"fields": [change.field for change in changes]})
    return saved


def archive_study(actor: Actor, study: Study) -> Study:
    """Put a study away: it leaves the lists, its share links stop to open and an offer of it is withdrawn.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    """
    actor.require(Role.EDITOR)
    with transaction.atomic():
        saved = lock_study(study)
        if saved.archived_at is None:
            saved.archived_at = timezone.now()
            saved.save(update_fields=["archived_at", "updated_at"])
            for offer in HandOver.objects.filter(
                study=saved, accepted_at__isnull=True, declined_at__isnull=True, withdrawn_at__isnull=True
            ):
                offer.withdrawn_at = saved.archived_at
                offer.save(update_fields=["withdrawn_at"])
            record(actor, "study.archived", "study", saved.pk)
    return saved


def restore_study(actor: Actor, study: Study) -> Study:
    """Take a study back from the archive; its share links that are neither expired nor revoked open again.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    """
    actor.require(Role.EDITOR)
    with transaction.atomic():
        saved = lock_study(study)
        if saved.archived_at is not None:
            saved.archived_at = None
            saved.save(update_fields=["archived_at", "updated_at"])
            record(actor, "study.restored", "study", saved.pk)
    return saved


def delete_study(actor: Actor, study: Study) -> None:
    """Delete a study with its scenarios, runs, comments and links, and the results that nothing else shows.

    Raises
    ------
    ForbiddenError
        If the actor is no administrator.
    InputError
        While one of its scenarios is being computed.
    """
    actor.require(Role.ADMINISTRATOR)
    with transaction.atomic():
        saved = lock_study(study)
        check_no_open_run(saved)
        used = list_used(saved)
        before = {"epci": saved.epci, "scenarios": Scenario.objects.filter(study=saved).count()}
        # The trail first: a row that goes is locked with its key, which comes after the organisation.
        record(actor, "study.deleted", "study", saved.pk, before=before)
        saved.delete()
        remove_unused(used)


def duplicate_study(actor: Actor, study: Study, *, name: str) -> Study:
    """Copy a study with its scenarios and their results, without its runs, comments, links and offers.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    InputError
        If the name is empty or too long.
    """
    actor.require(Role.EDITOR)
    name = check_text(name, "name", NAME_LENGTH)
    with transaction.atomic():
        # Its results must stay while they are given to the copy.
        study = lock_study(study)
        copy = Study.objects.create(
            organisation=actor.organisation, name=name, epci=study.epci, notes=study.notes, created_by=actor.user
        )
        for scenario in Scenario.objects.filter(study=study).order_by("created_at", "pk"):
            Scenario.objects.create(
                study=copy,
                name=scenario.name,
                settings=scenario.settings,
                updated_by=actor.user,
                result_id=scenario.result_id,
            )
        record(actor, "study.created", "study", copy.pk, after={"epci": copy.epci, "copy_of": str(study.pk)})
    return copy


def lock_study(study: Study) -> Study:
    """Return the study as stored now, its row locked until the end of the transaction.

    Every service locks in this order, so that no two wait for each other: study, scenario, run, then the organisation
    (when the trail is written). The keys of locked rows stay free for the rows that name them.

    Raises
    ------
    InputError
        If it was deleted or handed over meanwhile.
    """
    saved = Study.objects.select_for_update(of=("self",), no_key=True).filter(pk=study.pk).first()
    if saved is None:
        raise InputError(
            f"'{study}' was deleted or handed over meanwhile: go back to the list of studies.",
            f"« {study} » a été supprimée ou transmise entre-temps : revenez à la liste des études.",
        )
    return saved


def check_no_open_run(study: Study) -> None:
    """Refuse to remove or move a study while one of its scenarios is being computed.

    Raises
    ------
    InputError
        If a run waits or goes on.
    """
    if Run.objects.filter(scenario__study=study, status__in=OPEN).exists():
        raise InputError(
            f"A scenario of '{study}' is being computed: wait for its end, or cancel it, then try again.",
            f"Un scénario de « {study} » est en cours de calcul : attendez la fin, ou annulez-le, puis recommencez.",
        )


def _check_epci(epci: Sequence[str]) -> list[str]:
    codes = list(dict.fromkeys(code.strip() for code in epci if code.strip()))
    if not codes:
        raise InputError(
            "No territory is chosen: choose at least one EPCI.",
            "Aucun territoire n'est choisi : choisissez au moins un EPCI.",
        )
    if len(codes) > MOST_EPCI:
        raise InputError(
            f"{len(codes)} EPCI are chosen, {MOST_EPCI} at most can be studied together: choose those of one "
            "catchment, and make several studies.",
            f"{len(codes)} EPCI sont choisis, on en étudie {MOST_EPCI} ensemble au plus : choisissez ceux d'un même "
            "bassin, et faites plusieurs études.",
        )
    known = {row.code: row for row in Epci.objects.filter(code__in=codes).only("code", "name", "has_flows")}
    for code in codes:
        if code not in known:
            raise InputError(
                f"No EPCI has the code '{code}' in the data of this site: choose one from the list.",
                f"Aucun EPCI n'a le code « {code} » dans les données de ce site : choisissez-en un dans la liste.",
            )
        if not known[code].has_flows:
            raise InputError(
                f"{known[code].name} has no home-work flow in the data of this site, so nothing can be planned there. "
                "Ask the manager of the site to import the flows, or choose another territory.",
                f"{known[code].name} n'a aucun flux domicile-travail dans les données de ce site : rien ne peut y être "
                "planifié. Demandez au gestionnaire du site d'importer les flux, ou choisissez un autre territoire.",
            )
    return codes
