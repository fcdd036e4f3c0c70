"""Making, saving, copying and removing of scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage.study.settings import StudySettings
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.audit.services import record
from ancrage_web.studies.enums import OPEN
from ancrage_web.studies.models import Run, Scenario, Study
from ancrage_web.studies.results import list_used, remove_unused
from ancrage_web.studies.rules import (
    EUROS_PER_INHABITANT,
    NAME_LENGTH,
    ConflictError,
    SettingsError,
    check_text,
    list_changes,
    pack_settings,
    read_settings,
)
from ancrage_web.studies.services.studies import lock_study
from ancrage_web.territories.models import Commune, Epci


def suggest_settings(study: Study) -> dict[str, Any]:
    """Return the settings proposed for a first scenario: a budget by inhabitant, the rest as the library has it.

    Where no inhabitant is known the budget is replaced by one place.
    """
    inhabitants = sum(Epci.objects.filter(code__in=study.epci).values_list("population", flat=True))
    limit = {"budget": EUROS_PER_INHABITANT * inhabitants} if inhabitants else {"places": 1}
    return pack_settings(read_settings(study.epci, limit))


def create_scenario(actor: Actor, study: Study, *, name: str, settings: Mapping[str, Any]) -> Scenario:
    """Add a scenario to a study.

    Parameters
    ----------
    settings : fields of `StudySettings`, without `epci`; those left out take the value of the library.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    InputError
        If the name is empty, too long or already taken in the study.
    SettingsError
        If the settings cannot be used, by field.
    """
    actor.require(Role.EDITOR)
    name = check_text(name, "name", NAME_LENGTH)
    checked = check_settings(study, settings)
    with transaction.atomic():
        lock_study(study)
        _check_free(study, name)
        scenario = Scenario.objects.create(
            study=study, name=name, settings=pack_settings(checked), updated_by=actor.user
        )
        record(actor, "scenario.created", "scenario", scenario.pk, after=_describe(scenario))
    return scenario


def save_scenario(
    actor: Actor, scenario: Scenario, *, version: int, name: str, settings: Mapping[str, Any]
) -> Scenario:
    """Save the name and the settings of a scenario.

    Parameters
    ----------
    version : `scenario.version` as the person saw it.

    Raises
    ------
    ForbiddenError, InputError, SettingsError
        As `create_scenario`.
    ConflictError
        If someone else saved since and left other values: nothing is written, both versions are told.
    """
    actor.require(Role.EDITOR)
    name = check_text(name, "name", NAME_LENGTH)
    packed = pack_settings(check_settings(scenario.study, settings))
    with transaction.atomic():
        lock_study(scenario.study)
        # The lock comes before the comparison: of two saves at once, the second reads what the first wrote.
        saved = lock_scenario(scenario)
        before = _describe(saved)
        changes = list_changes({"name": saved.name, **saved.settings}, {"name": name, **packed})
        if not changes:
            return saved
        if saved.version != version:
            raise ConflictError(saved, changes)
        if name != saved.name:
            _check_free(scenario.study, name)
        saved.name, saved.settings, saved.version, saved.updated_by = name, packed, version + 1, actor.user
        after = _describe(saved)
        # The trail first: another name locks the key of the row, which comes after the organisation.
        record(
            actor,
            "scenario.saved",
            "scenario",
            saved.pk,
            before={key: value for key, value in before.items() if after.get(key) != value},
            after={
                **{key: value for key, value in after.items() if before.get(key) != value},
                "renamed": any(change.field == "name" for change in changes),
            },
        )
        saved.save(update_fields=["name", "settings", "version", "updated_by", "updated_at"])
    return saved


def duplicate_scenario(actor: Actor, scenario: Scenario, *, name: str) -> Scenario:
    """Copy a scenario in its study, with its result.

    Raises
    ------
    ForbiddenError, InputError
        As `create_scenario`.
    """
    actor.require(Role.EDITOR)
    name = check_text(name, "name", NAME_LENGTH)
    with transaction.atomic():
        lock_study(scenario.study)
        scenario = lock_scenario(scenario)
        _check_free(scenario.study, name)
        copy = Scenario.objects.create(
            study=scenario.study,
            name=name,
            settings=scenario.settings,
            updated_by=actor.user,
            result_id=scenario.result_id,
        )
        record(actor, "scenario.created", "scenario", copy.pk, after={**_describe(copy), "copy_of": str(scenario.pk)})
    return copy


def delete_scenario(actor: Actor, scenario: Scenario) -> None:
    """Delete a scenario with its runs, its comments, and the results that nothing else shows.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    InputError
        While it is being computed.
    """
    actor.require(Role.EDITOR)
    with transaction.atomic():
        lock_study(scenario.study)
        saved = lock_scenario(scenario)
        if Run.objects.filter(scenario=saved, status__in=OPEN).exists():
            raise InputError(
                f"'{saved}' is being computed: wait for its end, or cancel it, then delete it.",
                f"« {saved} » est en cours de calcul : attendez la fin, ou annulez-le, puis supprimez-le.",
            )
        used = list_used(scenario.study, saved)
        # The trail first, as for a study.
        record(actor, "scenario.deleted", "scenario", saved.pk, before=_describe(saved))
        saved.delete()
        remove_unused(used)


def lock_scenario(scenario: Scenario) -> Scenario:
    """Return the scenario as stored now, its row locked until the end of the transaction, after that of its study.

    Raises
    ------
    InputError
        If it was deleted meanwhile.
    """
    saved = (
        Scenario.objects.select_for_update(of=("self",), no_key=True)
        .select_related("study")
        .filter(pk=scenario.pk)
        .first()
    )
    if saved is None:
        raise InputError(
            f"The scenario '{scenario}' was deleted meanwhile: go back to the study.",
            f"Le scénario « {scenario} » a été supprimé entre-temps : revenez à l'étude.",
        )
    return saved


def check_settings(study: Study, settings: Mapping[str, Any]) -> StudySettings:
    """Return the settings of a scenario, checked with the communes of its territory.

    Raises
    ------
    SettingsError
        If they cannot be used, or name a commune outside the territory.
    """
    checked = read_settings(study.epci, settings)
    named = [("keep", checked.keep), ("exclude", checked.exclude)]
    floors = getattr(checked, "floors", ())
    named += [(f"floors.{rank}.communes", floor.communes) for rank, floor in enumerate(floors)]
    if not any(communes for _, communes in named):
        return checked
    rows = Commune.objects.filter(epci__in=study.epci).values_list("code", "name")
    known = (
        {code for code, _ in rows} | {name for _, name in rows} | (set(study.epci) if len(study.epci) > 1 else set())
    )
    problems = {}
    for field, communes in named:
        unknown = next((commune for commune in communes if commune not in known), None)
        if unknown is not None:
            problems[field] = Text(
                f"'{unknown}' is not a commune of the territory of the study: choose communes from its list.",
                f"« {unknown} » n'est pas une commune du territoire de l'étude : choisissez des communes de sa liste.",
            )
    if problems:
        raise SettingsError(problems)
    return checked


def _check_free(study: Study, name: str) -> None:
    if Scenario.objects.filter(study=study, name=name).exists():
        raise InputError(
            f"The study already has a scenario named '{name}': give another name.",
            f"L'étude a déjà un scénario nommé « {name} » : donnez un autre nom.",
        )


def _describe(scenario: Scenario) -> dict[str, Any]:
    """Return what the trail keeps of a scenario: choices and figures, no name that someone wrote."""
    settings = dict(scenario.settings)
    if settings.get("floors"):
        settings["floors"] = [{key: floor[key] for key in floor if key != "name"} for floor in settings["floors"]]
    return {"version": scenario.version, **settings}
