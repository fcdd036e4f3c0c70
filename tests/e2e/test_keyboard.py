"""The whole site with the keyboard alone: the frame of pages, and the builder of scenarios."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django_scopes import scope
from playwright.sync_api import Locator, Page, expect

from ancrage_web.studies.models import Scenario

if TYPE_CHECKING:
    from web.conftest import World
    from web.study_samples import StudySample

# More presses than any page has fields.
MANY = 400


def press_until(page: Page, target: Locator, key: str = "Tab") -> int:
    """Press a key until the target has the focus; return how many times."""
    for count in range(1, MANY):
        page.keyboard.press(key)
        if target.evaluate("element => element === document.activeElement"):
            return count
    raise AssertionError(f"{MANY} presses of {key} never reach {target}")


def is_focus_seen(page: Page) -> bool:
    """Say whether what has the focus is outlined and in the window."""
    return bool(
        page.evaluate(
            """() => {
              const element = document.activeElement;
              const style = getComputedStyle(element);
              const box = element.getBoundingClientRect();
              const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
              return outlined && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
            }"""
        )
    )


def test_keyboard_skips_to_the_content(page: Page, territories: Any) -> None:
    page.goto("/territoires/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Aller au contenu")).to_be_focused()
    assert is_focus_seen(page)
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_keyboard_goes_through_the_header_with_a_visible_focus(page: Page, territories: Any) -> None:
    page.goto("/")
    display = page.locator("summary", has_text="Affichage")
    for _ in range(20):
        page.keyboard.press("Tab")
        assert is_focus_seen(page)
        if display.evaluate("element => element === document.activeElement"):
            break
    expect(display).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Fond sombre")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Fond sombre")).to_be_hidden()
    expect(display).to_be_focused()


def test_keyboard_builds_a_scenario(
    page: Page,
    world: World,
    study_sample: StudySample,
    sign_in: Callable[[Page, str], None],
) -> None:
    address = {"organisation": world.organisation.slug, "study": study_sample.study.pk}
    sign_in(page, "officer")
    page.goto(reverse("scenario", kwargs={**address, "scenario": study_sample.scenario.pk}))

    budget = page.get_by_role("textbox", name="Budget").first
    press_until(page, budget)
    assert is_focus_seen(page)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("90000")

    # The communes are chosen in the table: the map is only its picture.
    table = page.locator("#communes-table")
    if table.get_attribute("open") is None:
        press_until(page, table.locator("summary"))
        page.keyboard.press("Enter")
    group = table.locator("tbody tr").first.locator("input[type=radio]")
    code = str(group.first.get_attribute("name")).removeprefix("commune-")
    chosen = table.locator(f"input[name='commune-{code}']:checked")
    press_until(page, chosen)
    page.keyboard.press("ArrowRight")
    kept = table.locator(f"input[name='commune-{code}']:checked")
    assert kept.get_attribute("value") == "keep"

    save = page.get_by_role("button", name="Enregistrer", exact=True)
    press_until(page, save)
    assert is_focus_seen(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").or_(page.locator(".message.success")).first).to_be_visible()
    with scope(organisation=world.organisation):
        saved = Scenario.objects.get(pk=study_sample.scenario.pk)
    assert saved.settings["budget"] == 90_000
    assert saved.settings["keep"] == [code]
    assert saved.version == 2
