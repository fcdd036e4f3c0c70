"""A real browser in front of the real site: Chromium without a window, and the server of the tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from web.conftest import (
    computed,
    computed_larger,
    demo_folder,
    demo_portraits,
    emptied_trail,
    fresh_process,
    study_folders,
    study_sample,
    territories,
    world,
)

if TYPE_CHECKING:
    from web.conftest import World

# Fixtures of the tests of pages, for the journeys too.
__all__ = [
    "computed",
    "computed_larger",
    "demo_folder",
    "demo_portraits",
    "emptied_trail",
    "fresh_process",
    "study_folders",
    "study_sample",
    "territories",
    "world",
]

# Playwright runs a loop in this thread; the queries of the tests are nonetheless made one at a time.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "src" / "ancrage_web" / "design" / "static" / "built" / "site.js"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Maps are drawn by the processor.
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)


@dataclass
class Watch:
    """What must not happen while pages are read.

    Attributes
    ----------
    errors : messages of the console and exceptions of scripts; outside : addresses asked of another host.
    """

    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def follow(self, page: Page, host: str) -> None:
        """Note the errors of a page and what it asks elsewhere."""

        def note_message(message: ConsoleMessage) -> None:
            # A page that answers 404 on purpose is reported by the browser as an error of the console.
            if message.type == "error" and "Failed to load resource" not in message.text:
                self.errors.append(message.text)

        def note_request(request: Request) -> None:
            parts = urlsplit(request.url)
            if parts.scheme not in ("data", "blob") and parts.netloc != host:
                self.outside.append(request.url)

        page.on("console", note_message)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", note_request)


def find_chromium() -> str | None:
    """Return the path of a Chromium of the machine."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep the database in a file: the server reads it from several threads, each with its own connection."""
    tested = connections["default"].settings_dict
    if tested["ENGINE"].endswith("sqlite3"):
        tested["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "site.sqlite3")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium once; skip where there is none, except in continuous integration."""
    assert BUILT.exists(), "the scripts of the site are not built: run 'make frontend'"
    path = find_chromium()
    if path is None:
        reason = f"no browser on this machine: none of {', '.join(NAMES)} is on the PATH"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    # The default of 5 s is too short where several suites share a machine.
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(OPTIONS))
        yield started
        started.close()


@pytest.fixture
def watch() -> Watch:
    """Return what notes the errors and the outside requests of the pages of a test."""
    return Watch()


@pytest.fixture
def open_context(browser: Browser, live_server: Any, watch: Watch) -> Iterator[Callable[..., BrowserContext]]:
    """Return a function that opens a browser of its own (cookies, size): `open_context(width=390)`."""
    opened: list[BrowserContext] = []

    def open_one(*, width: int = 1280, height: int = 900, **options: Any) -> BrowserContext:
        context = browser.new_context(
            base_url=live_server.url, viewport={"width": width, "height": height}, locale="fr-FR", **options
        )
        context.set_default_timeout(60_000)
        host = urlsplit(live_server.url).netloc
        context.on("page", lambda page: watch.follow(page, host))
        opened.append(context)
        return context

    yield open_one
    for context in opened:
        context.close()


@pytest.fixture
def page(open_context: Callable[..., BrowserContext], watch: Watch) -> Iterator[Page]:
    """Return a page of 1280 by 900; the test fails when a script fails or when another host is asked for anything."""
    yield open_context().new_page()
    assert watch.errors == []
    assert watch.outside == []


@pytest.fixture
def sign_in(world: World, live_server: Any) -> Callable[[Page, str], None]:
    """Return a function that signs a person of the world in, without the form: `sign_in(page, "officer")`."""

    def sign_in_page(page: Page, person: str) -> None:
        client = world.sign_in(person)
        page.context.clear_cookies()
        if world.people[person] is not None:
            value = client.cookies[django_settings.SESSION_COOKIE_NAME].value
            cookie = {"name": django_settings.SESSION_COOKIE_NAME, "value": value, "url": live_server.url}
            page.context.add_cookies([cookie])  # type: ignore[list-item]

    return sign_in_page
