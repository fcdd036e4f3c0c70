"""What programs read: health, robots, site map."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.db import OperationalError
from django.test import Client

from ancrage_web.pages import machine_views
from ancrage_web.territories.models import Commune, Epci, Store

NAMES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def list_locations(client: Client, address: str) -> list[str]:
    """Return the addresses of a site map."""
    response = client.get(address)
    assert (response.status_code, response["Content-Type"]) == (200, "application/xml; charset=utf-8")
    root = ET.fromstring(response.content)
    return [element.text or "" for element in root.iterfind(".//s:loc", NAMES)]


def test_health_answers_while_the_database_does(db: None, client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        response = client.get("/sante")
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert "no-store" in response["Cache-Control"]


def test_health_fails_without_a_database(db: None, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    class Absent:
        def cursor(self) -> None:
            raise OperationalError

    monkeypatch.setattr(machine_views, "connection", Absent())
    assert client.get("/sante").status_code == 503


def test_robots_keep_out_of_organisations_and_find_the_site_map(client: Client, settings: Any) -> None:
    settings.DEMO = False
    lines = client.get("/robots.txt").content.decode().splitlines()
    assert "Disallow: /organisations/" in lines
    assert "Disallow: /en/organisations/" in lines
    assert "Disallow: /territoires/recherche/" in lines
    assert "Disallow: /territoires/*/fichiers/" in lines
    assert lines[-1] == f"Sitemap: {settings.SITE_URL}/sitemap.xml"
    settings.DEMO = True
    assert client.get("/robots.txt").content == b"User-agent: *\nDisallow: /\n"


def test_site_map_lists_every_territory_in_both_languages(
    territories: Store, client: Client, settings: Any, django_assert_num_queries: Any
) -> None:
    site = settings.SITE_URL
    with django_assert_num_queries(2):
        parts = list_locations(client, "/sitemap.xml")
    assert parts == [f"{site}/sitemap-{part}-1.xml" for part in ("pages", "epci", "communes")]
    with django_assert_num_queries(1):
        epci = list_locations(client, "/sitemap-epci-1.xml")
    assert len(epci) == len(set(epci)) == 2 * Epci.objects.count()
    for address in (epci[0], epci[1], list_locations(client, "/sitemap-communes-1.xml")[-1]):
        assert client.get(address.removeprefix(site)).status_code == 200
    assert f"{site}/en/territoires/" in list_locations(client, "/sitemap-pages-1.xml")


def test_site_map_is_cut_into_parts(territories: Store, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_views, "PAGE_SIZE", 100)
    parts = [part for part in list_locations(client, "/sitemap.xml") if "communes" in part]
    assert len(parts) == 4
    found = [address for page in range(1, 5) for address in list_locations(client, f"/sitemap-communes-{page}.xml")]
    assert len(set(found)) == 2 * Commune.objects.count()


@pytest.mark.parametrize("address", ["/sitemap-rien-1.xml", "/sitemap-epci-0.xml", "/sitemap-epci-99.xml"])
def test_site_map_has_no_other_part(territories: Store, client: Client, address: str) -> None:
    assert client.get(address).status_code == 404
