"""Services of studies: rights, refusals, conflicts, and what the trail keeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django_scopes import ScopeError, scope
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ancrage.errors import InputError, ParameterError
from ancrage_web.accounts.actors import Actor, ForbiddenError
from ancrage_web.audit.models import AuditLine
from ancrage_web.studies import queries, services
from ancrage_web.studies.models import Comment, Result, Scenario, Study
from ancrage_web.studies.rules import Change
from ancrage_web.territories.models import Commune, Epci
from web.conftest import World
from web.study_samples import DEMO_EPCI, Computed, StudySample, create_sample

SETTINGS = {"budget": 120_000, "draws": 0}


@pytest.fixture(autouse=True)
def _inside(world: World, territories: Any, study_folders: Any) -> Iterator[None]:
    with scope(organisation=world.organisation):
        yield


@pytest.fixture
def officer(world: World) -> Actor:
    return world.get_actor("officer")


@pytest.fixture
def study(officer: Actor) -> Study:
    return services.create_study(officer, name="Tiers-lieux", epci=[DEMO_EPCI])


@pytest.fixture
def scenario(officer: Actor, study: Study) -> Scenario:
    return services.create_scenario(officer, study, name="Base", settings=SETTINGS)


def list_trail() -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    return [(line.action, line.object_type, line.before, line.after) for line in AuditLine.objects.order_by("sequence")]


def test_create_study_keeps_name_territory_and_trail(officer: Actor, world: World) -> None:
    study = services.create_study(officer, name="  Tiers-lieux  ", epci=[DEMO_EPCI, DEMO_EPCI], notes="Pour le bureau")
    saved = queries.get_study(study.pk)
    assert (saved.name, saved.epci, saved.notes) == ("Tiers-lieux", [DEMO_EPCI], "Pour le bureau")
    assert saved.organisation == world.organisation
    assert saved.created_by == officer.user
    # The name of a study is a free text: the trail does not keep it.
    assert list_trail() == [("study.created", "study", {}, {"epci": [DEMO_EPCI]})]


@pytest.mark.parametrize(
    ("name", "epci", "told"),
    [
        ("", [DEMO_EPCI], "Nom : vide. Écrivez-le."),
        ("x" * 161, [DEMO_EPCI], "Nom : 161 caractères, 160 au plus. Raccourcissez-le."),
        ("A", [], "Aucun territoire n'est choisi : choisissez au moins un EPCI."),
        (
            "A",
            ["999999999"],
            "Aucun EPCI n'a le code « 999999999 » dans les données de ce site : choisissez-en un dans la liste.",
        ),
    ],
)
def test_create_study_refuses_what_cannot_be_studied(officer: Actor, name: str, epci: list[str], told: str) -> None:
    with pytest.raises(InputError) as refusal:
        services.create_study(officer, name=name, epci=epci)
    assert refusal.value.text.fr == told
    assert not Study.objects.exists()


def test_create_study_refuses_a_territory_without_flows(officer: Actor) -> None:
    Epci.objects.filter(code=DEMO_EPCI).update(has_flows=False, name="CC du Val")
    with pytest.raises(InputError, match=r"^CC du Val has no home-work flow in the data of this site"):
        services.create_study(officer, name="A", epci=[DEMO_EPCI])


def test_reader_changes_nothing(world: World, study: Study, scenario: Scenario) -> None:
    reader = world.get_actor("reader")
    link, _ = services.share_study(world.get_actor("officer"), study, days=1)
    lines = AuditLine.objects.count()
    attempts = [
        lambda: services.create_study(reader, name="A", epci=[DEMO_EPCI]),
        lambda: services.change_study(reader, study, name="B", notes="", updated_at=study.updated_at),
        lambda: services.archive_study(reader, study),
        lambda: services.restore_study(reader, study),
        lambda: services.duplicate_study(reader, study, name="B"),
        lambda: services.create_scenario(reader, study, name="B", settings=SETTINGS),
        lambda: services.save_scenario(reader, scenario, version=1, name="B", settings=SETTINGS),
        lambda: services.duplicate_scenario(reader, scenario, name="B"),
        lambda: services.delete_scenario(reader, scenario),
        lambda: services.ask_run(reader, scenario),
        lambda: services.add_comment(reader, study, text="Bonjour"),
        lambda: services.share_study(reader, study, days=1),
        lambda: services.revoke_share(reader, link),
        lambda: services.offer_study(reader, study, receiver="cabinet-rebond"),
    ]
    for attempt in attempts:
        with pytest.raises(ForbiddenError):
            attempt()
    with pytest.raises(ForbiddenError):
        services.delete_study(world.get_actor("officer"), study)
    assert AuditLine.objects.count() == lines


def test_another_organisation_sees_nothing(world: World, study: Study, scenario: Scenario) -> None:
    with scope(organisation=world.other):
        assert list(queries.list_studies()) == []
        for look in (
            lambda: queries.get_study(study.pk),
            lambda: queries.get_scenario(study.pk, scenario.pk),
            lambda: queries.get_study("not-a-uuid"),
        ):
            with pytest.raises(Http404):
                look()


def test_queries_need_a_scope(study: Study) -> None:
    from django_scopes.state import state

    token = state.set({})
    try:
        with pytest.raises(ScopeError):
            queries.get_study(study.pk)
    finally:
        state.reset(token)


def test_change_study_saves_and_tells_the_fields(officer: Actor, study: Study) -> None:
    saved = services.change_study(officer, study, name="Autre nom", notes="", updated_at=study.updated_at)
    assert (saved.name, saved.notes) == ("Autre nom", "")
    assert list_trail()[-1] == ("study.changed", "study", {}, {"fields": ["name"]})


def test_change_study_tells_what_someone_else_saved(officer: Actor, world: World, study: Study) -> None:
    seen = study.updated_at
    services.change_study(world.get_actor("administrator"), study, name="Du bureau", notes="a", updated_at=seen)
    with pytest.raises(services.ConflictError) as conflict:
        services.change_study(officer, study, name="De l'agent", notes="a", updated_at=seen)
    assert conflict.value.changes == (Change("name", "Du bureau", "De l'agent"),)
    assert conflict.value.saved.updated_at > seen
    assert queries.get_study(study.pk).name == "Du bureau"
    # The same values asked twice are no conflict.
    services.change_study(officer, study, name="Du bureau", notes="a", updated_at=seen)


def test_archived_study_leaves_the_list_and_comes_back(officer: Actor, study: Study) -> None:
    services.archive_study(officer, study)
    services.archive_study(officer, study)
    assert list(queries.list_studies()) == []
    assert list(queries.list_studies(archived=True)) == [study]
    services.restore_study(officer, study)
    assert list(queries.list_studies()) == [study]
    assert [line[0] for line in list_trail()] == ["study.created", "study.archived", "study.restored"]


def test_list_studies_filters_by_text_and_territory(officer: Actor, study: Study) -> None:
    other = services.create_study(officer, name="Gare de Valmont", epci=[DEMO_EPCI], notes="halle")
    Study.objects.filter(pk=other.pk).update(epci=["000000002"])
    assert [s.name for s in queries.list_studies()] == ["Gare de Valmont", "Tiers-lieux"]
    assert [s.name for s in queries.list_studies(text="valmont HALLE")] == ["Gare de Valmont"]
    assert [s.name for s in queries.list_studies(epci=DEMO_EPCI)] == ["Tiers-lieux"]
    assert list(queries.list_studies(text="absent")) == []


@pytest.mark.parametrize("count", [1, 3])
def test_list_studies_takes_one_query(count: int, world: World, computed: Computed, study_folders: Any) -> None:
    for rank in range(count):
        create_sample(world, computed, study_folders, name=f"Étude {rank}")
    with CaptureQueriesContext(
        connection,
    ) as captured:
        rows = [(s.name, s.scenarios_count, s.last_run_status, s.last_summary["fr"]) for s in queries.list_studies()]
    assert len(captured) == 1
    summary = computed.content.summary["fr"]
    assert rows == [(f"Étude {rank}", 1, "done", summary) for rank in reversed(range(count))]


def test_suggest_settings_gives_a_budget_by_inhabitant(study: Study) -> None:
    Epci.objects.filter(code=DEMO_EPCI).update(population=26_471)
    suggested = services.suggest_settings(study)
    assert suggested["budget"] == 132_355.0
    assert (suggested["places"], suggested["objective"], suggested["preset"]) == (None, "co2", "central")
    assert "epci" not in suggested
    Epci.objects.filter(code=DEMO_EPCI).update(population=0)
    assert (services.suggest_settings(study)["budget"], services.suggest_settings(study)["places"]) == (None, 1)


def test_create_scenario_stores_every_field(officer: Actor, study: Study) -> None:
    kept = Commune.objects.filter(epci=DEMO_EPCI).order_by("code")[0].code
    made = services.create_scenario(officer, study, name="Base", settings={**SETTINGS, "keep": [kept]})
    saved = queries.get_scenario(study.pk, made.pk)
    assert saved.version == 1
    assert saved.settings["keep"] == [kept]
    assert (saved.settings["objective"], saved.settings["seed"]) == ("co2", 1)
    assert list_trail()[-1] == ("scenario.created", "scenario", {}, {"version": 1, **saved.settings})


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, ""),
        ({"budget": -1}, "budget"),
        ({"budget": 1, "objective": "votes"}, "objective"),
        ({"budget": 1, "colour": "red"}, "colour"),
        ({"budget": 1, "parameters": {"price_dya": 12}}, "parameters.price_dya"),
        ({"budget": 1, "parameters": {"price_day": {"low": 9, "value": 5, "high": 1}}}, "parameters.price_day"),
        ({"budget": 1, "parameters": {"price_day": "cher"}}, "parameters.price_day"),
        ({"budget": 1, "keep": ["99999"]}, "keep"),
        ({"budget": 1, "keep": ["X"], "exclude": ["X"]}, "exclude"),
        ({"budget": 1, "draws": 10**9}, "draws"),
        ({"budget": 1, "floors": [{"name": "Nord", "communes": ["00001"], "share": 2}]}, "floors.0.share"),
        ({"budget": 1, "floors": [{"name": "Nord", "communes": ["99999"], "share": 0.5}]}, "floors.0.communes"),
        ({"budget": 1, "floors": [{"name": "A", "communes": ["00001"], "share": 0.5}] * 2}, "floors"),
    ],
)
def test_create_scenario_refuses_settings_by_field(
    officer: Actor, study: Study, asked: dict[str, Any], field: str
) -> None:
    with pytest.raises(services.SettingsError) as refusal:
        services.create_scenario(officer, study, name="Base", settings=asked)
    assert list(refusal.value.fields) == [field]
    told = refusal.value.fields[field]
    assert told.fr
    assert told.fr in refusal.value.text.fr
    assert told.en in refusal.value.text.en
    assert not Scenario.objects.exists()


def test_refused_coefficient_is_told_as_by_the_library(officer: Actor, study: Study) -> None:
    from ancrage.parameters import load_parameters

    with pytest.raises(services.SettingsError) as refusal:
        services.create_scenario(officer, study, name="A", settings={**SETTINGS, "parameters": {"price_dya": 12}})
    with pytest.raises(ParameterError) as told:
        load_parameters().with_overrides({"price_dya": 12})
    assert refusal.value.fields == {"parameters.price_dya": told.value.text}


def test_scenario_name_is_taken_once_in_a_study(officer: Actor, study: Study, scenario: Scenario) -> None:
    other = services.create_scenario(officer, study, name="Autre", settings=SETTINGS)
    for attempt in (
        lambda: services.create_scenario(officer, study, name="Base", settings=SETTINGS),
        lambda: services.duplicate_scenario(officer, scenario, name="Base"),
        lambda: services.save_scenario(officer, other, version=1, name="Base", settings=SETTINGS),
    ):
        with pytest.raises(InputError) as refusal:
            attempt()
        assert refusal.value.text.fr == "L'étude a déjà un scénario nommé « Base » : donnez un autre nom."


def test_save_scenario_raises_the_version_and_traces_what_changed(officer: Actor, scenario: Scenario) -> None:
    saved = services.save_scenario(
        officer, scenario, version=1, name="Base", settings={**SETTINGS, "budget": 150_000, "preset": "ambition"}
    )
    assert (saved.version, saved.settings["budget"]) == (2, 150_000)
    action, _, before, after = list_trail()[-1]
    assert action == "scenario.saved"
    assert before == {"version": 1, "budget": 120_000.0, "preset": "central"}
    assert after == {"version": 2, "budget": 150_000.0, "preset": "ambition", "renamed": False}


def test_names_of_floors_stay_out_of_the_trail(officer: Actor, study: Study) -> None:
    floor = {"name": "Secteur de M. Durand", "communes": ["00001", "00002"], "share": 0.4}
    scenario = services.create_scenario(officer, study, name="Base", settings={**SETTINGS, "floors": [floor]})
    assert scenario.settings["floors"] == [floor]
    assert list_trail()[-1][3]["floors"] == [{"communes": ["00001", "00002"], "share": 0.4}]


def test_save_scenario_without_a_change_writes_nothing(officer: Actor, scenario: Scenario) -> None:
    lines = AuditLine.objects.count()
    saved = services.save_scenario(officer, scenario, version=1, name="Base", settings=SETTINGS)
    assert (saved.version, AuditLine.objects.count()) == (1, lines)


def test_second_of_two_people_is_told_what_changed(officer: Actor, world: World, scenario: Scenario) -> None:
    # Both opened version 1; the administrator saves first.
    seen_by_officer = queries.get_scenario(scenario.study_id, scenario.pk)
    seen_by_administrator = queries.get_scenario(scenario.study_id, scenario.pk)
    services.save_scenario(
        world.get_actor("administrator"),
        seen_by_administrator,
        version=seen_by_administrator.version,
        name="Base",
        settings={**SETTINGS, "budget": 200_000},
    )
    yours = {**SETTINGS, "budget": 90_000, "objective": "km"}
    with pytest.raises(services.ConflictError) as conflict:
        services.save_scenario(officer, seen_by_officer, version=seen_by_officer.version, name="Bas", settings=yours)
    assert conflict.value.changes == (
        Change("name", "Base", "Bas"),
        Change("objective", "co2", "km"),
        Change("budget", 200_000.0, 90_000.0),
    )
    assert conflict.value.text.fr == (
        "Quelqu'un a enregistré « Base » pendant que vous le modifiiez. Votre version diffère sur : Nom, Objectif, "
        "Budget (€ par an). Rien n'a été écrasé : choisissez ce que vous gardez, puis enregistrez à nouveau."
    )
    # Having seen it, the officer saves over the version told.
    saved = services.save_scenario(officer, scenario, version=conflict.value.saved.version, name="Bas", settings=yours)
    assert (saved.version, saved.name, saved.settings["budget"]) == (3, "Bas", 90_000.0)


def test_duplicate_study_keeps_scenarios_and_results(officer: Actor, study_sample: StudySample) -> None:
    copy = services.duplicate_study(officer, study_sample.study, name="Copie")
    scenarios = list(queries.list_scenarios(copy))
    assert [(s.name, s.result_id, s.last_run_status) for s in scenarios] == [
        ("Budget de base", study_sample.result.pk, None)
    ]
    assert list(queries.list_results_of(copy)) == [study_sample.result]
    # The card of a copy shows the result although no run of its own gave it.
    assert queries.list_studies(text="Copie")[0].last_summary == study_sample.result.summary


def test_duplicate_scenario_keeps_settings_and_result(officer: Actor, study_sample: StudySample) -> None:
    copy = services.duplicate_scenario(officer, study_sample.scenario, name="Variante")
    assert (copy.settings, copy.result_id, copy.version) == (
        study_sample.scenario.settings,
        study_sample.result.pk,
        1,
    )


def test_deleted_scenario_takes_its_result_when_nothing_shows_it(
    officer: Actor, study_sample: StudySample, study_folders: Any, django_capture_on_commit_callbacks: Any
) -> None:
    folder = study_folders / study_sample.result.folder
    copy = services.duplicate_scenario(officer, study_sample.scenario, name="Variante")
    with django_capture_on_commit_callbacks(execute=True):
        services.delete_scenario(officer, study_sample.scenario)
    assert Result.objects.filter(pk=study_sample.result.pk).exists()
    assert folder.is_dir()
    with django_capture_on_commit_callbacks(execute=True):
        services.delete_scenario(officer, copy)
    assert not Result.objects.exists()
    assert not folder.exists()


def test_administrator_deletes_a_study_with_all_it_holds(
    world: World, study_sample: StudySample, study_folders: Any, django_capture_on_commit_callbacks: Any
) -> None:
    administrator = world.get_actor("administrator")
    services.add_comment(administrator, study_sample.study, text="Bonjour", scenario=study_sample.scenario)
    services.share_study(administrator, study_sample.study, days=3)
    with django_capture_on_commit_callbacks(execute=True):
        services.delete_study(administrator, study_sample.study)
    assert not Study.objects.exists()
    assert not Result.objects.exists()
    assert not (study_folders / study_sample.result.folder).exists()
    assert list_trail()[-1] == ("study.deleted", "study", {"epci": [DEMO_EPCI], "scenarios": 1}, {})


def test_comment_is_deleted_by_its_author_or_an_administrator(officer: Actor, world: World, study: Study) -> None:
    administrator = world.get_actor("administrator")
    first = services.add_comment(officer, study, text="À revoir en bureau")
    second = services.add_comment(administrator, study, text="Vu")
    assert [c.text for c in queries.list_comments(study)] == ["À revoir en bureau", "Vu"]
    with pytest.raises(ForbiddenError):
        services.delete_comment(officer, second)
    services.delete_comment(officer, first)
    services.delete_comment(administrator, second)
    assert not Comment.objects.exists()
    # The text of a comment never enters the trail.
    assert list_trail()[1] == ("comment.added", "comment", {}, {"study": str(study.pk), "scenario": None})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("  ", "Commentaire : vide. Écrivez-le."),
        ("x" * 5001, "Commentaire : 5001 caractères, 5000 au plus. Raccourcissez-le."),
    ],
)
def test_comment_is_refused_when_empty_or_too_long(officer: Actor, study: Study, text: str, told: str) -> None:
    with pytest.raises(InputError) as refusal:
        services.add_comment(officer, study, text=text)
    assert refusal.value.text.fr == told


def test_comment_on_the_scenario_of_another_study_is_refused(officer: Actor, study: Study, scenario: Scenario) -> None:
    other = services.create_study(officer, name="Autre", epci=[DEMO_EPCI])
    with pytest.raises(InputError, match=r"^The scenario 'Base' is not one of the study 'Autre'"):
        services.add_comment(officer, other, text="Bonjour", scenario=scenario)


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(saves=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), min_size=1, max_size=8))
def test_no_order_of_saves_loses_one(officer: Actor, study: Study, saves: list[tuple[int, int]]) -> None:
    # Each save starts from the version that stood `age` saves before, and asks for one of four budgets.
    with transaction.atomic():
        scenario = services.create_scenario(officer, study, name="Jeu", settings={**SETTINGS, "budget": 1.0})
        version, budget = 1, 1.0
        for age, wanted in saves:
            seen = max(1, version - age)
            asked = {**SETTINGS, "budget": float(wanted)}
            if seen < version and float(wanted) != budget:
                with pytest.raises(services.ConflictError) as conflict:
                    services.save_scenario(officer, scenario, version=seen, name="Jeu", settings=asked)
                assert conflict.value.changes == (Change("budget", budget, float(wanted)),)
                assert conflict.value.saved.version == version
                continue
            saved = services.save_scenario(officer, scenario, version=seen, name="Jeu", settings=asked)
            version += float(wanted) != budget
            budget = float(wanted)
            assert (saved.version, saved.settings["budget"]) == (version, budget)
        stored = queries.get_scenario(study.pk, scenario.pk)
        assert (stored.version, stored.settings["budget"]) == (version, budget)
        scenario.delete()
