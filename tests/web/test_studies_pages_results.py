"""Runs, results and comparisons, as their pages show them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from ancrage_web.studies import services
from ancrage_web.studies.enums import Status
from ancrage_web.studies.models import Result, Run, Scenario
from ancrage_web.studies.views.formulas import FORMULAS
from ancrage_web.studies.views.result_pages import choose_network, list_blocks
from ancrage_web.studies.views.results import name_file
from web.conftest import World
from web.study_samples import Computed, StudySample, create_result, create_scenario

Reverse = Callable[..., str]


@pytest.fixture
def address(world: World, study_sample: StudySample) -> Reverse:
    """Return what gives the address of a page of the sample."""

    def get_address(name: str, /, **keys: Any) -> str:
        held = {"organisation": world.organisation.slug, "study": study_sample.study.pk, **keys}
        if name.startswith("result"):
            held = {"scenario": study_sample.scenario.pk, "result": study_sample.result.pk, **held}
        return reverse(name, kwargs=held)

    return get_address


def create_run(world: World, sample: StudySample, **fields: Any) -> Run:
    """Store a run of the sample in some state."""
    with scope(organisation=world.organisation):
        return Run.objects.create(
            scenario=sample.scenario, scenario_version=1, settings=sample.result.settings, **fields
        )


def test_result_is_one_page_for_elected_members(world: World, address: Reverse, study_sample: StudySample) -> None:
    page = world.sign_in("reader").get(address("result")).content.decode()
    pages = study_sample.result.pages["fr"]

    assert f'<p class="lead">{pages["answer"]}</p>' in page
    shown = [page.index(f'<p class="figure-label">{name}') for name in _label(pages, pages["headline"])]
    assert shown == sorted(shown)
    for heading in ("Ce que cela coûte", "La confiance à y mettre", "Ce que le calcul ne dit pas"):
        assert heading in page
    for text in pages["facts"]["not_modelled"]:
        assert text.replace("'", "&#x27;") in page
    assert "Territoire fictif" in page
    assert address("result-detail") in page
    assert "Source de ce chiffre" in page


def _label(pages: dict[str, Any], names: list[str]) -> list[str]:
    labels = {figure["id"]: figure["label"] for figure in pages["figures"]}
    return [labels[name].replace("'", "&#x27;") for name in names]


def test_figures_all_say_how_they_are_computed(study_sample: StudySample) -> None:
    pages = study_sample.result.pages["fr"]
    figures = [figure for block in list_blocks(pages, "figures") for figure in block["figures"]] + pages["figures"]

    assert {figure["formula"] or f"robustness.{figure['id']}" for figure in figures} <= set(FORMULAS)
    used = {coefficient["name"] for coefficient in pages["coefficients"]}
    assert {name for formula in FORMULAS.values() for name in formula.coefficients} <= used


def test_detail_shows_every_section_and_row(world: World, address: Reverse, study_sample: StudySample) -> None:
    page = world.sign_in("reader").get(address("result-detail")).content.decode()
    pages = study_sample.result.pages["fr"]

    for section in pages["sections"]:
        if section["id"] not in ("summary", "budget"):
            assert f'id="section-{section["id"]}"' in page
    communes = next(block for block in list_blocks(pages, "table") if block["id"] == "communes")
    for row in communes["rows"]:
        assert row[1]["text"].replace("'", "&#x27;") in page
    assert '<script id="spec-frontier" type="application/json">' in page
    for coefficient in pages["coefficients"]:
        assert coefficient["label"].replace("'", "&#x27;") in page


def test_detail_shows_the_network_of_a_point_without_a_script(
    world: World, address: Reverse, study_sample: StudySample
) -> None:
    client = world.sign_in("reader")
    plain = client.get(address("result-detail")).content.decode()
    chosen = client.get(address("result-detail") + "?point=2").content.decode()

    assert "La carte montre le réseau proposé." in plain
    assert 'data-network="point-2" class="selected"' in chosen
    assert '<div id="network-map" hidden' in chosen
    row = study_sample.result.map["frontier"][1]
    names = {
        feature["properties"]["code"]: feature["properties"]["name"]
        for feature in study_sample.result.map["communes"]["features"]
    }
    assert ", ".join(names[code] for code in row["places"]) in chosen
    assert client.get(address("result-detail") + "?point=999").content.decode().count('class="selected"') == 0


@pytest.mark.parametrize(
    ("point", "alternative", "chosen"),
    [("", "", "best"), ("1", "", "point-1"), ("", "1", "variante-1"), ("0", "", "best"), ("x", "9", "best")],
)
def test_network_is_chosen_by_the_address(point: str, alternative: str, chosen: str) -> None:
    assert choose_network({"frontier": [{}], "alternatives": [{}]}, point, alternative) == chosen


def test_result_sends_its_files_and_no_other(world: World, address: Reverse) -> None:
    client = world.sign_in("reader")
    for name, start in (("report.pdf", b"%PDF"), ("report.xlsx", b"PK"), ("report.docx", b"PK"), ("study.toml", b"#")):
        answered = client.get(address("result-file", name=name))
        content = b"".join(answered.streaming_content)  # type: ignore[attr-defined]
        assert content.startswith(start)
        ending = name.rpartition(".")[2]
        disposition = f'attachment; filename="tiers-lieux-de-la-vallee-budget-de-base.{ending}"'
        assert answered.headers["Content-Disposition"] == disposition
        assert answered.headers["X-Content-Type-Options"] == "nosniff"
    for name in ("site.sqlite3", "..%2f..%2fsite.sqlite3", "report.exe"):
        assert client.get(address("result-file", name="report.pdf").replace("report.pdf", name)).status_code == 404


def test_file_is_in_the_language_of_the_page(world: World, address: Reverse) -> None:
    client = world.sign_in("reader")
    read = []
    for start in ("", "/en"):
        answered = client.get(start + address("result-file", name="report.json"))
        read.append(json.loads(b"".join(answered.streaming_content)))  # type: ignore[attr-defined]

    assert [content["language"] for content in read] == ["fr", "en"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Tiers-lieux d'été", "tiers-lieux-d-ete"),
        ("../../etc/passwd\n", "etc-passwd"),
        ("日本", "ancrage"),
        ("a" * 200, "a" * 80),
    ],
)
def test_file_has_a_safe_name(text: str, name: str) -> None:
    assert name_file(text) == name


def test_map_is_sent_whole_and_kept_by_the_browser(world: World, address: Reverse, study_sample: StudySample) -> None:
    answered = world.sign_in("reader").get(address("result-map"))

    assert answered.json() == study_sample.result.map
    assert answered.headers["Cache-Control"].startswith("private")


def test_result_says_what_moved_on(world: World, address: Reverse, study_sample: StudySample) -> None:
    client = world.sign_in("officer")
    assert "Recalculer" not in client.get(address("result")).content.decode()
    with scope(organisation=world.organisation):
        Result.objects.update(version="0.0.1", inputs={**study_sample.result.inputs, "flows": "0" * 64})

    page = client.get(address("result")).content.decode()
    assert "version 0.0.1" in page
    assert "Les données ont changé" in page
    assert "Recalculer" in page
    reader = world.sign_in("reader").get(address("result")).content.decode()
    assert "Les données ont changé" in reader
    assert "Recalculer" not in reader


def test_result_of_before_is_still_read_and_says_so(
    world: World, address: Reverse, study_sample: StudySample, computed_larger: Computed, study_folders: Any
) -> None:
    with scope(organisation=world.organisation):
        newer = create_result(world.organisation, computed_larger, study_folders)
        Scenario.objects.update(result=newer)

    page = world.sign_in("reader").get(address("result")).content.decode()
    assert "n’est pas le dernier" in page
    assert reverse("result", kwargs={**_keys(world, study_sample), "result": newer.pk}) in page


def _keys(world: World, sample: StudySample) -> dict[str, Any]:
    return {"organisation": world.organisation.slug, "study": sample.study.pk, "scenario": sample.scenario.pk}


def test_result_of_another_scenario_is_not_shown(
    world: World, study_sample: StudySample, computed_larger: Computed, study_folders: Any
) -> None:
    with scope(organisation=world.organisation):
        other = create_result(world.organisation, computed_larger, study_folders)
        create_scenario(study_sample.study, "Autre", other)

    keys = {**_keys(world, study_sample), "result": other.pk}
    assert world.sign_in("reader").get(reverse("result", kwargs=keys)).status_code == 404


def test_run_is_followed_with_or_without_a_script(world: World, address: Reverse, study_sample: StudySample) -> None:
    now = timezone.now()
    run = create_run(
        world,
        study_sample,
        status=Status.RUNNING,
        progress=0.42,
        step={"fr": "Simulations", "en": "Simulations"},
        started_at=now,
        heartbeat_at=now,
    )
    client = world.sign_in("officer")

    page = client.get(address("run", run=run.pk)).content.decode()
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
    assert '<progress id="run-bar" max="100" value="42"' in page
    assert address("run-cancel", run=run.pk) in page
    assert (
        address("run-cancel", run=run.pk)
        not in world.sign_in("reader").get(address("run", run=run.pk)).content.decode()
    )
    state = client.get(address("run-state", run=run.pk)).json()
    assert (state["percent"], state["step"], state["open"], state["address"]) == (42, "Simulations", True, None)
    client.post(address("run-cancel", run=run.pk))
    assert "Arrêt en cours" in client.get(address("run", run=run.pk)).content.decode()


def test_run_that_is_done_leads_to_its_result(world: World, address: Reverse, study_sample: StudySample) -> None:
    client = world.sign_in("reader")
    run = study_sample.run.pk

    assert client.get(address("run", run=run)).headers["Location"] == address("result")
    assert client.get(address("run-state", run=run)).json()["address"] == address("result")


@pytest.mark.parametrize(
    ("status", "error", "sentence"),
    [
        (Status.FAILED, {"fr": "Le budget est trop petit.", "en": "-"}, "Le budget est trop petit."),
        (Status.CANCELLED, None, "arrêté à la demande"),
        (Status.INTERRUPTED, None, "avant la fin"),
    ],
)
def test_run_that_gave_nothing_is_explained_and_retried(
    status: Status, error: Any, sentence: str, world: World, address: Reverse, study_sample: StudySample
) -> None:
    run = create_run(world, study_sample, status=status, error=error, ended_at=timezone.now())
    page = world.sign_in("officer").get(address("run", run=run.pk)).content.decode()

    assert sentence in page
    assert "Relancer le calcul" in page
    assert "Relancer le calcul" not in world.sign_in("reader").get(address("run", run=run.pk)).content.decode()


def test_run_whose_worker_died_is_interrupted_when_it_is_looked_at(
    world: World, address: Reverse, study_sample: StudySample
) -> None:
    long_ago = timezone.now() - timedelta(hours=3)
    run = create_run(world, study_sample, status=Status.RUNNING, started_at=long_ago, heartbeat_at=long_ago)

    assert "Calcul interrompu" in world.sign_in("reader").get(address("run", run=run.pk)).content.decode()


def test_run_of_another_study_is_not_shown(world: World, study_sample: StudySample) -> None:
    with scope(organisation=world.organisation):
        other = services.duplicate_study(world.get_actor("officer"), study_sample.study, name="Autre")

    keys = {"organisation": world.organisation.slug, "study": other.pk, "run": study_sample.run.pk}
    assert world.sign_in("reader").get(reverse("run", kwargs=keys)).status_code == 404


@pytest.fixture
def compared(world: World, study_sample: StudySample, computed_larger: Computed, study_folders: Any) -> list[Scenario]:
    """Return two computed scenarios of one study."""
    with scope(organisation=world.organisation):
        result = create_result(world.organisation, computed_larger, study_folders)
        larger, _ = create_scenario(study_sample.study, "Budget double", result)
    return [study_sample.scenario, larger]


def test_comparison_sets_scenarios_side_by_side(
    world: World, address: Reverse, study_sample: StudySample, compared: list[Scenario]
) -> None:
    query = "?" + "&".join(f"scenario={scenario.pk}" for scenario in compared)
    client = world.sign_in("reader")

    page = client.get(address("study-compare") + query).content.decode()
    assert "Les écarts sont donnés par rapport à « Budget de base »" in page
    assert "120\u202f000" in page
    assert "240\u202f000" in page
    assert page.count('src="data:image/svg+xml;base64,') == 2
    places = {place["name"] for scenario in compared for place in scenario.result.map["places"]}  # type: ignore[union-attr]
    for name in places:
        assert name in page
    book = openpyxl.load_workbook(
        io.BytesIO(client.get(address("study-compare-file", extension="xlsx") + query).content)
    )
    assert [cell.value for cell in book.worksheets[0][1]][2:4] == ["Budget de base", "Budget double"]
    table = client.get(address("study-compare-file", extension="csv") + query)
    assert table.headers["Content-Disposition"] == ('attachment; filename="tiers-lieux-de-la-vallee-comparaison.csv"')
    assert table.content.decode("utf-8-sig").splitlines()[1].startswith("Chiffre;Unité;Budget de base;Budget double")
    assert client.get(address("study-compare-file", extension="exe") + query).status_code == 404


def test_comparison_asks_for_two_to_four(world: World, address: Reverse, compared: list[Scenario]) -> None:
    client = world.sign_in("reader")

    assert "De deux à quatre scénarios" in client.get(address("study-compare")).content.decode()
    alone = client.get(address("study-compare") + f"?scenario={compared[0].pk}")
    assert alone.status_code == 400
    assert "cochez-en de 2 à 4" in alone.content.decode()
