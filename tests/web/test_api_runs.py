"""Computations and frozen results by the API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django_scopes import scope

from ancrage_web.studies.enums import Status
from ancrage_web.studies.models import Result, Run
from web.api_samples import Program, connect
from web.conftest import World
from web.study_samples import StudySample

BASE = "/api/v1/"


@pytest.fixture
def program(world: World, study_sample: StudySample) -> Program:
    """Return a program of the organisation of the sample, with every right."""
    return connect(world.organisation)


def get_runs_address(sample: StudySample) -> str:
    """Return the address of the runs of a sample."""
    return f"{BASE}studies/{sample.study.pk}/scenarios/{sample.scenario.pk}/runs/"


def test_run_of_known_inputs_is_answered_by_the_stored_result(program: Program, study_sample: StudySample) -> None:
    answered = program.post(get_runs_address(study_sample))
    assert answered.status_code == 202
    run = answered.json()
    assert answered.headers["Location"] == f"http://localhost:8000{BASE}runs/{run['id']}/"
    assert (run["status"], run["result"]) == ("done", str(study_sample.result.pk))
    assert program.get(f"{BASE}runs/{run['id']}/").json() == run
    listed = program.get(get_runs_address(study_sample)).json()
    assert [row["id"] for row in listed["results"]] == [run["id"], str(study_sample.run.pk)]


def test_run_is_asked_once_then_cancelled(program: Program, world: World, study_sample: StudySample) -> None:
    with scope(organisation=world.organisation):
        study_sample.scenario.settings["places"] = 2
        study_sample.scenario.save()
    first = program.post(get_runs_address(study_sample)).json()
    assert program.post(get_runs_address(study_sample)).json()["id"] == first["id"]
    assert (first["status"], first["status_name"], first["result"]) == ("waiting", "Waiting", None)
    cancelled = program.post(f"{BASE}runs/{first['id']}/cancel/")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert program.post(f"{BASE}runs/{first['id']}/cancel/").json() == cancelled.json()


def test_failed_run_says_why_in_the_language_of_the_request(
    program: Program, world: World, study_sample: StudySample
) -> None:
    with scope(organisation=world.organisation):
        Run.objects.filter(pk=study_sample.run.pk).update(
            status=Status.FAILED, result=None, error={"fr": "Plus de place.", "en": "No space left."}
        )
    assert program.get(f"{BASE}runs/{study_sample.run.pk}/").json()["error"] == "No space left."


def test_result_gives_answer_figures_files_and_freshness(program: Program, study_sample: StudySample) -> None:
    found = program.get(f"{BASE}results/{study_sample.result.pk}/").json()
    pages = study_sample.result.pages["en"]
    assert (found["answer"], found["territory"], found["fictional"]) == (pages["answer"], pages["territory"], True)
    assert [figure["id"] for figure in found["figures"]] == [figure["id"] for figure in pages["figures"]]
    assert found["figures"][0]["value"] == pages["figures"][0]["value"]
    assert found["figures"][0]["sources"] == pages["figures"][0]["sources"]
    assert found["freshness"] == {"current": True, "reasons": []}
    names = [(file["language"], file["name"]) for file in found["files"]]
    assert ("fr", "report.pdf") in names
    assert ("en", "study.toml") in names
    listed = program.get(f"{BASE}studies/{study_sample.study.pk}/results/").json()
    assert [row["id"] for row in listed["results"]] == [found["id"]]


def test_result_of_older_code_says_so(program: Program, world: World, study_sample: StudySample) -> None:
    with scope(organisation=world.organisation):
        Result.objects.filter(pk=study_sample.result.pk).update(version="0.0.1")
    found = program.get(f"{BASE}results/{study_sample.result.pk}/").json()["freshness"]
    assert found["current"] is False
    assert len(found["reasons"]) == 1
    assert "0.0.1" in found["reasons"][0]


def test_places_and_tables_are_those_of_the_result(program: Program, study_sample: StudySample) -> None:
    address = f"{BASE}results/{study_sample.result.pk}/"
    places = program.get(f"{address}places/").json()
    assert [place["code"] for place in places] == [place["code"] for place in study_sample.result.map["places"]]
    assert places[0]["catchment"] == study_sample.result.map["places"][0]["catchment"]
    tables = program.get(f"{address}tables/").json()
    stored = [
        block
        for section in study_sample.result.pages["en"]["sections"]
        for block in section["blocks"]
        if block["type"] == "table"
    ]
    assert [(table["id"], len(table["rows"])) for table in tables] == [(one["id"], len(one["rows"])) for one in stored]
    assert [cell["text"] for cell in tables[0]["rows"][0]] == [cell["text"] for cell in stored[0]["rows"][0]]


def test_every_file_is_served_with_its_type_and_an_etag(program: Program, study_sample: StudySample) -> None:
    files = program.get(f"{BASE}results/{study_sample.result.pk}/").json()["files"]
    for file in files:
        address = file["address"].removeprefix("http://localhost:8000")
        answered = program.get(address, headers={"accept": file["media_type"]})
        content = b"".join(answered.streaming_content)  # type: ignore[attr-defined]
        assert (answered.status_code, answered.headers["Content-Type"]) == (200, file["media_type"])
        assert len(content) == file["size"]
        assert f'filename="{file["name"]}"' in answered.headers["Content-Disposition"]
        again = program.get(address, headers={"if-none-match": answered.headers["ETag"]})
        assert again.status_code == 304
        if file["name"] == "report.json":
            assert json.loads(content)["language"] == file["language"]


@pytest.mark.parametrize("name", ["fr/other.pdf", "de/report.pdf", "fr/..%2freport.pdf", "fr/report.pdf/x"])
def test_other_files_are_not_found(program: Program, study_sample: StudySample, name: str) -> None:
    assert program.get(f"{BASE}results/{study_sample.result.pk}/files/{name}").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_list_of_runs_costs_the_same_for_one_and_three(
    program: Program, world: World, study_sample: StudySample, count: int, django_assert_num_queries: Any
) -> None:
    for _ in range(count - 1):
        program.post(get_runs_address(study_sample))
    # The first use of a token in a minute is written.
    program.get(f"{BASE}studies/")
    # Token, scenario, its result, total, page.
    with django_assert_num_queries(5):
        assert len(program.get(get_runs_address(study_sample)).json()["results"]) == count
