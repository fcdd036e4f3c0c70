"""An officer builds a scenario, computes it, compares and shares; a reader cannot edit; a stranger gets 404."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import LazySettings
from django.db import connections
from django.urls import reverse
from django_scopes import scope
from playwright.sync_api import BrowserContext, Page, Route, expect

from ancrage_web.studies.models import Scenario
from e2e.checks import check_accessibility, measure_overflow
from e2e.screenshots import wait_for_maps
from web.study_samples import DEMO_EPCI, Computed, StudySample, create_result, create_scenario

if TYPE_CHECKING:
    from web.conftest import World

# The first computation on a machine also compiles the search [ms].
PATIENCE = 240_000


@pytest.fixture
def worker(live_server: Any, study_folders: Path, settings: LazySettings) -> Iterator[None]:
    """Run the background worker beside the server, on the database of the test."""
    base = connections["default"]
    if base.vendor != "sqlite":
        pytest.skip("the worker of this journey reads the file of the test database")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "ancrage_web.config.settings",
        "ANCRAGE_DATABASE_URL": f"sqlite:///{base.settings_dict['NAME']}",
        "ANCRAGE_FILES": str(study_folders.parent),
        "ANCRAGE_DATA": str(settings.DATA),
    }
    command = [sys.executable, "-m", "ancrage_web", "db_worker", "--no-startup-delay", "--interval", "0.1"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    yield
    process.terminate()
    process.wait(30)


def open_page(world: World, name: str, **keys: Any) -> str:
    """Return the address of a page of the first organisation."""
    return reverse(name, kwargs={"organisation": world.organisation.slug, **keys})


def check(page: Page) -> None:
    """Fail when the page breaks a rule of accessibility, at the width of a desk or of a phone."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        wait_for_maps(page)
        check_accessibility(page)
        assert measure_overflow(page) <= 0
    page.set_viewport_size({"width": 1280, "height": 900})


def hold_back(route: Route) -> None:
    """Let a file come later than a fast person types."""
    time.sleep(1)
    route.continue_()


def test_officer_builds_computes_and_shares(
    page: Page,
    world: World,
    territories: Any,
    worker: None,
    sign_in: Callable[[Page, str], None],
    open_context: Callable[..., BrowserContext],
) -> None:
    sign_in(page, "officer")
    page.goto(open_page(world, "studies"))
    page.route("**/built/search.js", hold_back)
    page.get_by_role("link", name="Commencer une étude").click()

    # The territory is chosen among the suggestions, by the keyboard, and typed before their script has come.
    page.get_by_label("Intercommunalité ou commune").press_sequentially("Vallées d'Ombreval")
    expect(page.get_by_role("option").first).to_contain_text("Ombreval")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Retirer CC des Vallées")).to_be_visible()
    page.unroute("**/built/search.js")
    check(page)
    page.get_by_role("button", name="Créer l’étude").click()

    # The builder: the map and the table say the same.
    page.get_by_label("Nom du scénario").fill("Vers Fargecombe")
    page.get_by_label("Budget annuel").fill("100 000")
    wait_for_maps(page)
    page.get_by_text("Choisir dans le tableau").click()
    kept = page.get_by_role("radiogroup", name="Fargecombe").get_by_label("Gardée")
    kept.check()
    page.get_by_text("Réglages avancés").click()
    page.get_by_label("Nombre de simulations").fill("20")
    check(page)
    page.get_by_role("button", name="Enregistrer et calculer").click()

    # The computation runs in the background, and the page becomes its result.
    expect(page.get_by_role("heading", name="Les chiffres à retenir")).to_be_visible(timeout=PATIENCE)
    wait_for_maps(page)
    expect(page.get_by_role("rowheader", name="Fargecombe")).to_be_visible()
    expect(page.get_by_text("entre").first).to_be_visible()
    check(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Rapport (PDF)").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")

    # Another point of the frontier shows its network.
    page.get_by_role("link", name="Voir le détail").click()
    wait_for_maps(page)
    page.locator("a[data-show='point-1']").click()
    expect(page.locator("tr[data-network='point-1']")).to_have_class("selected")
    # With the script in place or, before it has come, as a page.
    expect(page.locator("#network-shown")).to_contain_text("postes", ignore_case=True)
    assert page.url.endswith("?point=1")
    wait_for_maps(page)
    check(page)

    # The link opens the result to someone without an account.
    study = page.url.partition("/etudes/")[2].partition("/")[0]
    page.goto(open_page(world, "study-share", study=study))
    page.get_by_role("button", name="Faire le lien").click()
    address = page.get_by_label("Adresse du lien").input_value()
    check(page)
    guest = open_context(width=390).new_page()
    guest.goto("/" + address.partition("//")[2].partition("/")[2])
    guest.get_by_role("link", name="Vers Fargecombe").click()
    wait_for_maps(guest)
    expect(guest.get_by_role("heading", name="Ce que cela coûte")).to_be_visible()
    check_accessibility(guest)


def test_map_of_the_builder_changes_the_table(
    page: Page, world: World, study_sample: StudySample, live_server: Any, sign_in: Callable[[Page, str], None]
) -> None:
    sign_in(page, "officer")
    page.goto(open_page(world, "scenario", study=study_sample.study.pk, scenario=study_sample.scenario.pk))
    wait_for_maps(page)
    with scope(organisation=world.organisation):
        before = Scenario.objects.get().settings["keep"]
    assert before == []
    chosen = page.locator("#communes-table input[value='keep']:checked")
    excluded = page.locator("#communes-table input[value='exclude']:checked")
    centre = page.locator("#communes-map").bounding_box()
    assert centre is not None
    page.locator("#communes-map").scroll_into_view_if_needed()

    page.locator("#communes-map canvas").click()
    expect(chosen).to_have_count(1)
    page.locator("#communes-map canvas").click()
    expect(chosen).to_have_count(0)
    expect(excluded).to_have_count(1)
    page.get_by_role("button", name="Enregistrer", exact=True).click()

    expect(page.get_by_text("Le scénario est enregistré.")).to_be_visible()
    with scope(organisation=world.organisation):
        assert len(Scenario.objects.get().settings["exclude"]) == 1


def test_leaving_the_builder_with_changes_is_asked_twice(
    page: Page, world: World, study_sample: StudySample, live_server: Any, sign_in: Callable[[Page, str], None]
) -> None:
    sign_in(page, "officer")
    page.goto(open_page(world, "scenario", study=study_sample.study.pk, scenario=study_sample.scenario.pk))
    wait_for_maps(page)
    page.get_by_label("Budget annuel").fill("90000")
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_role("link", name="Retour à l’étude").click(no_wait_after=True)
    expect(page.get_by_label("Budget annuel")).to_have_value("90000")
    assert asked == ["beforeunload"]


def test_pages_of_a_computed_study_are_accessible(
    page: Page,
    world: World,
    study_sample: StudySample,
    computed_larger: Computed,
    study_folders: Path,
    live_server: Any,
    sign_in: Callable[[Page, str], None],
) -> None:
    with scope(organisation=world.organisation):
        result = create_result(world.organisation, computed_larger, study_folders)
        larger, _ = create_scenario(study_sample.study, "Budget double", result)
    keys = {"study": study_sample.study.pk}
    of_result = {**keys, "scenario": study_sample.scenario.pk, "result": study_sample.result.pk}
    compared = f"?scenario={study_sample.scenario.pk}&scenario={larger.pk}"
    sign_in(page, "officer")
    for address in (
        open_page(world, "studies"),
        open_page(world, "study", **keys),
        open_page(world, "scenario", **keys, scenario=larger.pk),
        open_page(world, "result", **of_result),
        open_page(world, "result-detail", **of_result),
        open_page(world, "study-compare", **keys) + compared,
        open_page(world, "study-new") + f"?territoire={DEMO_EPCI}",
    ):
        page.emulate_media(color_scheme="light")
        page.goto(address)
        check(page)
        page.emulate_media(color_scheme="dark")
        wait_for_maps(page)
        check_accessibility(page)


def test_builder_works_without_a_script(
    world: World, study_sample: StudySample, live_server: Any, open_context: Callable[..., BrowserContext], sign_in: Any
) -> None:
    page = open_context(java_script_enabled=False).new_page()
    sign_in(page, "officer")
    page.goto(open_page(world, "scenario", study=study_sample.study.pk, scenario=study_sample.scenario.pk))
    page.get_by_text("Choisir dans le tableau").click()
    page.get_by_role("radiogroup", name="Fargecombe").get_by_label("Exclue").check()
    page.get_by_role("button", name="Ajouter une zone").click()
    page.get_by_label("Nom de la zone").fill("Nord")
    page.get_by_label("Part à servir au moins").fill("10")
    page.get_by_role("checkbox", name="Aigremer").check()
    page.get_by_role("button", name="Enregistrer", exact=True).click()

    expect(page.get_by_text("Le scénario est enregistré.")).to_be_visible()
    with scope(organisation=world.organisation):
        saved = Scenario.objects.get().settings
    assert saved["exclude"] == ["00010"]
    assert saved["floors"] == [{"name": "Nord", "communes": ["00001"], "share": 0.1}]


def test_reader_and_stranger_stay_where_they_may(
    page: Page, world: World, study_sample: StudySample, live_server: Any, sign_in: Callable[[Page, str], None]
) -> None:
    where = open_page(world, "scenario", study=study_sample.study.pk, scenario=study_sample.scenario.pk)
    sign_in(page, "reader")
    page.goto(where)
    expect(page.get_by_label("Budget annuel")).to_be_disabled()
    expect(page.get_by_role("button", name="Enregistrer")).to_have_count(0)

    sign_in(page, "stranger")
    for address in (where, open_page(world, "study", study=study_sample.study.pk), open_page(world, "studies")):
        response = page.goto(address)
        assert response is not None
        assert response.status == 404
