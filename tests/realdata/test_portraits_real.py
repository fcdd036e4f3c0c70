"""Portraits of the whole country: every EPCI and commune is loaded, found, shown in time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import pytest
from django.test import Client

from ancrage_web.territories import queries
from ancrage_web.territories.content import unpack_map
from ancrage_web.territories.models import Commune, Epci, EpciMap, Store
from ancrage_web.territories.services import load_store

pytestmark = [pytest.mark.realdata, pytest.mark.django_db]
MORIN = "200072544"
# Longest median answer of a page, warm.
LIMIT_MS = 200.0


@pytest.fixture(scope="module")
def country(real_data: Path, django_db_setup: None, django_db_blocker: Any) -> Iterator[Store]:
    """Load the whole country once for the tests of this module."""
    with django_db_blocker.unblock():
        yield load_store(real_data)
        for model in (EpciMap, Commune, Epci, Store):
            model._default_manager.all().delete()


@pytest.fixture(autouse=True)
def _loaded(country: Store) -> None:
    """Every test here reads the country."""


def test_every_epci_and_commune_is_loaded() -> None:
    assert (Epci.objects.count(), Commune.objects.count(), EpciMap.objects.count()) == (1_255, 34_875, 1_255)
    # Islands of their own.
    alone = Commune.objects.filter(epci=None)
    assert sorted(alone.values_list("code", flat=True)) == ["22016", "29083", "29155", "85113"]
    assert Epci.objects.filter(has_flows=True).count() == 53


def test_maps_stay_light() -> None:
    sizes = []
    for packed in EpciMap.objects.values_list("content", flat=True).iterator():
        content = bytes(packed)
        sizes.append(len(content))
        assert unpack_map(content)["communes"]["features"]
    assert max(sizes) < 60_000
    assert median(sizes) < 10_000


def test_overseas_epci_without_outlines_is_drawn_with_points(client: Client) -> None:
    epci = Epci.objects.get(code="249740101")
    assert epci.departement == "974"
    drawn = queries.read_map(epci.code)
    assert drawn is not None
    assert {feature["geometry"]["type"] for feature in drawn["communes"]["features"]} == {"Point"}
    assert client.get(f"/territoires/{epci.code}-{epci.slug}/").status_code == 200


def test_deux_morin_says_what_a_resident_knows(client: Client) -> None:
    page = client.get("/territoires/200072544-cc-des-deux-morin/").content.decode()
    assert "26\u202f471" in page
    assert "d&#x27;abord à Coulommiers (1\u202f510), Paris (896), Meaux (372) (2014)" in page
    portrait = Epci.objects.get(code=MORIN).portrait
    sites = {(site["kind"], site["commune_name"]) for site in portrait["sites"]}
    assert ("third_place", "Doue") in sites
    assert ("brownfield", "Jouy-sur-Morin") in sites


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("coulomier", "77131"),
        ("deux morain", MORIN),
        ("st etienne", "42218"),
        ("l'hay les roses", "94038"),
        ("communauté de communes du pays de montereau", "247700107"),
        ("ajacio", "2A004"),
        ("93066", "93066"),
    ],
)
def test_search_finds_what_was_meant_among_the_whole_country(typed: str, code: str) -> None:
    assert queries.search(typed)[0].code == code


def measure(ask: Callable[[], object]) -> float:
    """Return how long a call takes [ms]."""
    start = perf_counter()
    ask()
    return 1_000 * (perf_counter() - start)


def test_search_answers_while_one_types() -> None:
    words = ("coulomier", "deux morin", "saint germain en laye", "pays", "zzzzqqqq", "communaute de communes du", "le")
    queries.search("warm")
    assert median(measure(partial(queries.search, word)) for word in words for _ in range(5)) < 50


def test_pages_answer_in_time(client: Client) -> None:
    chance = random.Random(1)
    epci = chance.sample(list(Epci.objects.order_by("code").values_list("code", "slug")), 40)
    communes = chance.sample(list(Commune.objects.order_by("code").values_list("code", "slug")), 40)
    addresses = {
        "list": [f"/territoires/?page={page}" for page in range(1, 41)],
        "portrait": [f"/territoires/{code}-{slug}/" for code, slug in epci],
        "commune": [f"/territoires/communes/{code}-{slug}/" for code, slug in communes],
    }
    for name, asked in addresses.items():
        client.get(asked[0])
        assert median(measure(partial(client.get, address)) for address in asked) < LIMIT_MS, name
