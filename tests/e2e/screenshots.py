"""Pictures of pages, to be looked at: two widths, light and dark, in build/screenshots/."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

FOLDER = Path(__file__).resolve().parents[2] / "build" / "screenshots"
WIDTHS = (390, 1280)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def wait_for_maps(page: Page) -> None:
    """Wait until every map that shows is drawn, or is known not to be."""
    undrawn = ".map:not([data-ready='1']):not([data-ready='absent']):visible"
    page.locator(undrawn).first.wait_for(state="hidden", timeout=30_000)


def take_screenshots(page: Page, name: str) -> None:
    """Write NAME-WIDTH-THEME.png for each width and theme; the page is left at 1280 px, light."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            wait_for_maps(page)
            page.screenshot(path=FOLDER / f"{name}-{width}-{theme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
