"""Studies, scenarios and comments by the API: the services of the pages, under the rights of a token."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django_scopes import scope

from ancrage_web.audit.models import AuditLine
from ancrage_web.studies import services
from ancrage_web.studies.models import Comment, Scenario, Study
from ancrage_web.territories.models import Store
from web.api_samples import Program, connect
from web.conftest import World
from web.study_samples import DEMO_EPCI

BASE = "/api/v1/studies/"
JSON = "application/json"


@pytest.fixture
def program(world: World, territories: Store) -> Program:
    """Return a program of the first organisation, with every right."""
    return connect(world.organisation)


def create_study(program: Program, name: str = "Vallée") -> dict[str, Any]:
    """Create a study by the API."""
    answered = program.post(BASE, {"name": name, "epci": [DEMO_EPCI]}, content_type=JSON)
    assert answered.status_code == 201
    created: dict[str, Any] = answered.json()
    return created


def create_scenario(program: Program, study: str, **settings: Any) -> Any:
    """Create a scenario by the API."""
    body = {"name": "Premier", "settings": {"budget": 100_000, **settings}}
    return program.post(f"{BASE}{study}/scenarios/", body, content_type=JSON)


def test_study_is_created_read_changed_archived_and_restored(program: Program, world: World) -> None:
    answered = program.post(BASE, {"name": "Vallée", "epci": [DEMO_EPCI], "notes": "n"}, content_type=JSON)
    assert answered.status_code == 201
    study = answered.json()
    address = f"{BASE}{study['id']}/"
    assert answered.headers["Location"] == f"http://localhost:8000{address}"
    read = program.get(address)
    assert read.json() == study
    assert read.headers["ETag"] == answered.headers["ETag"]
    changed = program.patch(address, {"notes": "m"}, content_type=JSON, headers={"if-match": read.headers["ETag"]})
    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["notes"]) == ("Vallée", "m")
    assert changed.headers["ETag"] != read.headers["ETag"]
    assert program.post(f"{address}archive/").json()["archived_at"] is not None
    assert program.get(BASE).json()["count"] == 0
    assert program.get(BASE, {"archived": "true"}).json()["count"] == 1
    assert program.post(f"{address}restore/").json()["archived_at"] is None
    with scope(organisation=world.organisation):
        lines = list(AuditLine.objects.filter(object_type="study"))
    assert [line.action for line in lines] == ["study.created", "study.changed", "study.archived", "study.restored"]
    assert {line.actor for line in lines} == {None}
    assert len({line.token for line in lines}) == 1
    assert lines[0].token.startswith("anc_")


def test_study_changed_by_two_is_told_to_the_second(program: Program) -> None:
    study = create_study(program)
    address = f"{BASE}{study['id']}/"
    etag = program.get(address).headers["ETag"]
    first = program.patch(address, {"name": "Une"}, content_type=JSON, headers={"if-match": etag})
    second = program.patch(address, {"name": "Deux"}, content_type=JSON, headers={"if-match": etag})
    assert (first.status_code, second.status_code) == (200, 412)
    assert second.headers["ETag"] == first.headers["ETag"]
    problem = second.json()
    assert problem["saved"]["name"] == "Une"
    assert problem["changes"] == [{"field": "name", "theirs": "Une", "yours": "Deux"}]


def test_lists_of_studies_are_searched(program: Program) -> None:
    for name in ("Vallée du nord", "Plateau"):
        create_study(program, name)
    assert [row["name"] for row in program.get(BASE, {"text": "nord"}).json()["results"]] == ["Vallée du nord"]
    assert program.get(BASE, {"epci": DEMO_EPCI}).json()["count"] == 2
    assert program.get(BASE, {"epci": "000000002"}).json()["count"] == 0
    assert program.get(BASE, {"archived": "maybe"}).status_code == 400


@pytest.mark.parametrize("count", [1, 3])
def test_list_of_studies_costs_the_same_for_one_and_three(
    program: Program, count: int, django_assert_num_queries: Any
) -> None:
    for rank in range(count):
        create_study(program, f"Étude {rank}")
    # Token, total, page.
    with django_assert_num_queries(3):
        assert len(program.get(BASE).json()["results"]) == count


@pytest.mark.parametrize("count", [1, 3])
def test_list_of_scenarios_costs_the_same_for_one_and_three(
    program: Program, count: int, django_assert_num_queries: Any
) -> None:
    study = create_study(program)["id"]
    for rank in range(count):
        body = {"name": f"Scénario {rank}", "settings": {"places": rank + 1}}
        assert program.post(f"{BASE}{study}/scenarios/", body, content_type=JSON).status_code == 201
    # Token, study, total, page; their results are none.
    with django_assert_num_queries(4):
        assert len(program.get(f"{BASE}{study}/scenarios/").json()["results"]) == count


def test_scenario_is_created_saved_and_deleted(program: Program) -> None:
    study = create_study(program)["id"]
    answered = create_scenario(program, study, objective="km")
    assert answered.status_code == 201
    scenario = answered.json()
    assert (scenario["version"], scenario["settings"]["objective"], scenario["result"]) == (1, "km", None)
    assert scenario["settings"]["draws"] == 1000
    address = f"{BASE}{study}/scenarios/{scenario['id']}/"
    assert answered.headers["Location"] == f"http://localhost:8000{address}"
    body = {"name": "Second", "settings": {"places": 3}}
    saved = program.put(address, body, content_type=JSON, headers={"if-match": answered.headers["ETag"]})
    assert saved.status_code == 200
    assert (saved.json()["version"], saved.json()["settings"]["budget"], saved.json()["settings"]["places"]) == (
        2,
        None,
        3,
    )
    assert program.delete(address).status_code == 204
    assert program.get(address).status_code == 404


def test_scenario_saved_by_two_loses_nothing(program: Program, world: World) -> None:
    study = create_study(program)["id"]
    created = create_scenario(program, study)
    address = f"{BASE}{study}/scenarios/{created.json()['id']}/"
    officer = world.get_actor("officer")
    with scope(organisation=world.organisation):
        scenario = Scenario.objects.select_related("study").get()
        services.save_scenario(officer, scenario, version=1, name="Premier", settings={"budget": 90_000})
    body = {"name": "Premier", "settings": {"budget": 80_000}}
    refused = program.put(address, body, content_type=JSON, headers={"if-match": created.headers["ETag"]})
    assert refused.status_code == 412
    problem = refused.json()
    assert problem["changes"] == [{"field": "budget", "theirs": 90_000.0, "yours": 80_000.0}]
    assert problem["saved"]["version"] == 2
    again = program.put(address, body, content_type=JSON, headers={"if-match": refused.headers["ETag"]})
    assert (again.status_code, again.json()["version"], again.json()["settings"]["budget"]) == (200, 3, 80_000.0)


@pytest.mark.parametrize("match", ['"nothing of ours"', "v1", '"v0.0"'])
def test_save_from_an_unknown_version_is_refused(program: Program, match: str) -> None:
    study = create_study(program)["id"]
    address = f"{BASE}{study}/scenarios/{create_scenario(program, study).json()['id']}/"
    body = {"name": "Autre", "settings": {"places": 3}}
    assert program.put(address, body, content_type=JSON, headers={"if-match": match}).status_code == 412


def test_save_without_a_version_is_asked_for_one(program: Program) -> None:
    study = create_study(program)["id"]
    address = f"{BASE}{study}/scenarios/{create_scenario(program, study).json()['id']}/"
    for answered in (
        program.put(address, {"name": "Autre", "settings": {"places": 3}}, content_type=JSON),
        program.patch(f"{BASE}{study}/", {"name": "Autre"}, content_type=JSON),
    ):
        assert answered.status_code == 428
        assert answered.json()["title"] == "A version is needed"


def test_refused_settings_name_their_fields(program: Program) -> None:
    study = create_study(program)["id"]
    refused = create_scenario(program, study, objective="gold", draws=-1)
    assert refused.status_code == 400
    assert [error["pointer"] for error in refused.json()["errors"]] == [
        "#/settings/objective",
        "#/settings/draws",
    ]


def test_comments_are_added_and_listed(program: Program, world: World) -> None:
    study = create_study(program)["id"]
    scenario = create_scenario(program, study).json()["id"]
    address = f"{BASE}{study}/comments/"
    added = program.post(address, {"text": "Bien.", "scenario": scenario}, content_type=JSON)
    assert added.status_code == 201
    assert (added.json()["text"], added.json()["author"], added.json()["scenario"]) == ("Bien.", "", scenario)
    with scope(organisation=world.organisation):
        services.add_comment(world.get_actor("officer"), Study.objects.get(), text="Vu.")
        assert Comment.objects.count() == 2
    assert [(row["author"], row["text"]) for row in program.get(address).json()["results"]] == [
        ("", "Bien."),
        ("Dominique Agent", "Vu."),
    ]
    unknown = program.post(address, {"text": "x", "scenario": str(uuid.uuid4())}, content_type=JSON)
    assert unknown.status_code == 404
