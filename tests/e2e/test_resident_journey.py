"""A resident finds the portrait of their territory, reads where a figure comes from, and takes the data away."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from e2e.checks import check_accessibility, measure_overflow


def test_resident_finds_a_portrait_with_the_keyboard_and_takes_its_data(page: Page, territories: Any) -> None:
    page.goto("/")
    box = page.get_by_label("Une commune ou une intercommunalité")
    box.focus()
    # Typing errors, without accents nor capitals.
    page.keyboard.type("sainte severade des bos")
    suggestions = page.get_by_role("listbox", name="Territoires proposés")
    expect(suggestions).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    check_accessibility(page)
    page.keyboard.press("ArrowDown")
    first = suggestions.get_by_role("option").first
    expect(first).to_have_attribute("aria-selected", "true")
    expect(first).to_contain_text("Sainte-Séverade-des-Bois")
    page.keyboard.press("Enter")
    page.wait_for_url("**/territoires/communes/*-sainte-severade-des-bois/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sainte-Séverade-des-Bois")
    page.get_by_role("main").get_by_role("link", name=re.compile("Ombreval")).first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/territoires/000000001-*/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ombreval")

    # A figure opens to its sources, with the keyboard.
    source = page.locator("details.source").first
    source.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(source).to_have_attribute("open", "")
    expect(source.locator(".source-body, dl").first).to_be_visible()

    with page.expect_download() as started:
        page.get_by_role("link", name="Données (JSON)").click()
    taken = json.loads(Path(started.value.path()).read_text(encoding="utf-8"))
    assert taken["epci"]["code"] == "000000001"
    assert taken["language"] == "fr"
    assert taken["fictional"] is True


def test_resident_without_scripts_still_finds_a_portrait(open_context: Any, territories: Any) -> None:
    page = open_context(java_script_enabled=False, width=390).new_page()
    page.goto("/")
    page.get_by_label("Une commune ou une intercommunalité").fill("Ombreval")
    page.get_by_role("button", name="Chercher").click()
    page.get_by_role("link", name=re.compile("Ombreval")).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ombreval")
    # Menus and themes do without scripts too.
    page.get_by_text("Affichage").click()
    page.get_by_role("button", name="Fond sombre").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ombreval")


def test_resident_changes_language_and_theme_without_leaving_the_page(page: Page, territories: Any) -> None:
    page.goto("/sources/?a=1")
    page.get_by_role("link", name="English").click()
    page.wait_for_url("**/en/sources/?a=1")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.get_by_text("Display").click()
    page.get_by_role("button", name="Dark background").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.url.endswith("/en/sources/?a=1")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(17, 24, 27)"
    # The server knows it at the next page: no flash.
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_portrait_fits_a_small_phone(open_context: Any, territories: Any) -> None:
    page = open_context(width=320, height=640).new_page()
    page.goto("/")
    assert measure_overflow(page) == 0
    page.goto("/territoires/")
    assert measure_overflow(page) == 0
