"""Every page of the site under axe, at two widths, light and dark, without an error nor a request to another host.

The pages are those of the permission tables, which name every route; the rich ones are listed in `PAGES`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from e2e.checks import list_violations, measure_overflow
from e2e.screenshots import THEMES, WIDTHS, take_screenshots, wait_for_maps
from web.test_permissions import CASES

if TYPE_CHECKING:
    from web.conftest import World
    from web.study_samples import StudySample

# Who opens a page: the first of these that it lets in.
VISITORS = ("officer", "administrator", "anonymous", "stranger", "consultant")
EPCI = {"code": "000000001"}
CONTRAST = ("color-contrast",)


def list_routes() -> dict[str, str]:
    """Return who can read each route that is read."""
    readers = {}
    for route, case in CASES.items():
        if case.method != "get" or (route.startswith("api-") and route != "api-reference"):
            continue
        allowed = [person for person in VISITORS if case.expected[person] == 200]
        if allowed and not case.headers:
            readers[route] = allowed[0]
    return readers


ROUTES = list_routes()


def check_page(page: Page, name: str) -> None:
    """Fail when the page breaks a rule at any width or in any theme."""
    broken: list[str] = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        # Between two themes of one width only the colours change, and between two widths the colours do not: contrasts,
        # half of the time of axe, are computed once for each theme, where the most is shown at once.
        coloured = width == max(WIDTHS)
        for theme in THEMES if coloured else THEMES[:1]:
            page.emulate_media(color_scheme=theme)
            wait_for_maps(page)
            rules = CONTRAST if theme == "dark" else ()
            found = list_violations(page, rules, without=() if coloured else CONTRAST)
            broken += [f"{width} {theme} {violation}" for violation in found]
        overflow = measure_overflow(page)
        if overflow > 0:
            broken.append(f"{width}: the page is {overflow} px too wide")
    if os.environ.get("SCREENSHOTS"):
        take_screenshots(page, name)
    assert broken == []


@pytest.mark.parametrize("route", sorted(ROUTES))
def test_page_of_every_route_is_accessible(
    route: str, page: Page, world: World, sign_in: Callable[[Page, str], None]
) -> None:
    address = reverse(route, kwargs=dict(CASES[route].build(world)))
    answered = world.sign_in(ROUTES[route]).get(address)
    answered.close()
    assert answered.status_code == 200
    if not answered.headers["Content-Type"].startswith("text/html"):
        return  # a file or data, not a page
    sign_in(page, ROUTES[route])
    response = page.goto(address)
    assert response is not None
    assert response.status == 200
    check_page(page, route.replace(" ", "-"))


def _open_epci(page: Page) -> None:
    page.goto("/territoires/")
    page.goto(reverse("epci-short", kwargs=EPCI))


# Pages with real contents of the demo territory: name, and how to open each.
PAGES: Mapping[str, Callable[[Page], Any]] = {
    "home-loaded": lambda page: page.goto("/"),
    "home-english": lambda page: page.goto("/en/"),
    "sources-loaded": lambda page: page.goto("/sources/"),
    "territories-loaded": lambda page: page.goto("/territoires/"),
    "epci-loaded": _open_epci,
    "search-loaded": lambda page: page.goto(reverse("territory-search") + "?q=val"),
    "not-found": lambda page: page.goto("/cette-page-n-existe-pas/"),
}


@pytest.mark.parametrize("name", sorted(PAGES))
def test_public_page_with_contents_is_accessible(name: str, page: Page, territories: Any) -> None:
    PAGES[name](page)
    check_page(page, name)


def _name_study(sample: StudySample, world: World) -> dict[str, Any]:
    return {"organisation": world.organisation.slug, "study": sample.study.pk}


def _name_scenario(sample: StudySample, world: World) -> dict[str, Any]:
    return {**_name_study(sample, world), "scenario": sample.scenario.pk}


def _name_result(sample: StudySample, world: World) -> dict[str, Any]:
    return {**_name_scenario(sample, world), "result": sample.result.pk}


# Pages of a study that was really computed: name of the route, and its arguments.
STUDY_PAGES: Mapping[str, Callable[[StudySample, World], dict[str, Any]]] = {
    "study": _name_study,
    "scenario": _name_scenario,
    "result": _name_result,
    "result-detail": _name_result,
}


@pytest.mark.parametrize("route", sorted(STUDY_PAGES))
def test_page_of_a_computed_study_is_accessible(
    route: str, page: Page, world: World, study_sample: StudySample, sign_in: Callable[[Page, str], None]
) -> None:
    sign_in(page, "officer")
    page.goto(reverse(route, kwargs=STUDY_PAGES[route](study_sample, world)))
    check_page(page, f"{route}-loaded")
