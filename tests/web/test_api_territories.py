"""Territories, indicators and sources by the API: open to all, from the stored portraits."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from ancrage_web.territories.models import Commune, Epci, Store
from web.api_samples import Program

EPCI = "000000001"
BASE = "/api/v1/"


@pytest.fixture
def program(territories: Store) -> Program:
    """Return a program without a token, on the demo territory."""
    return Program()


def test_list_of_territories_is_by_pages_with_totals_and_links(program: Program) -> None:
    found = program.get(f"{BASE}territories/?page=2&page_size=2").json()
    count = Epci.objects.count()
    assert count > 4
    assert (found["count"], found["page"], found["pages"]) == (count, 2, -(-count // 2))
    assert found["previous"] == f"http://testserver{BASE}territories/?page_size=2"
    assert found["next"] == f"http://testserver{BASE}territories/?page=3&page_size=2"
    assert [row["code"] for row in found["results"]] == list(Epci.objects.values_list("code", flat=True)[2:4])


@pytest.mark.parametrize("name", ["region", "departement", "nature"])
def test_territories_are_filtered_by_what_they_are(program: Program, name: str) -> None:
    value = getattr(Epci.objects.get(pk=EPCI), name)
    found = program.get(f"{BASE}territories/", {name: value, "page_size": 100}).json()
    assert {row["code"] for row in found["results"]} == set(
        Epci.objects.filter(**{name: value}).values_list("code", flat=True)
    )
    assert program.get(f"{BASE}territories/", {name: "zz"}).json()["count"] == 0


@pytest.mark.parametrize("answer", ["true", "false"])
def test_territories_are_filtered_by_their_flows(program: Program, answer: str) -> None:
    found = program.get(f"{BASE}territories/", {"has_flows": answer}).json()
    assert found["count"] == Epci.objects.filter(has_flows=answer == "true").count()


def test_territories_are_searched_without_accents_nor_case(program: Program) -> None:
    name = Epci.objects.get(pk=EPCI).name
    found = program.get(f"{BASE}territories/", {"text": name.upper()}).json()
    assert EPCI in [row["code"] for row in found["results"]]


@pytest.mark.parametrize("count", [1, 3])
def test_list_of_territories_costs_the_same_for_one_and_three(
    program: Program, count: int, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(2):
        assert len(program.get(f"{BASE}territories/", {"page_size": count}).json()["results"]) == count


def test_territory_says_what_its_portrait_says(program: Program) -> None:
    epci = Epci.objects.get(pk=EPCI)
    found = program.get(f"{BASE}territories/{EPCI}/").json()
    assert found["typology"] == epci.portrait["typology"]["en"]
    assert found["group"] == {
        "label": epci.portrait["group"]["label"]["en"],
        "size": epci.portrait["group"]["size"],
    }
    assert found["fictional"] is True
    assert [source["table"] for source in found["sources"]] == [s["table"] for s in epci.portrait["sources"]]
    assert found["page"] == f"http://localhost:8000/en/territoires/{EPCI}-{epci.slug}/"


def test_indicators_of_a_territory_carry_value_unit_sources_and_position(program: Program) -> None:
    stored = {one["id"]: one for one in Epci.objects.get(pk=EPCI).portrait["indicators"]}
    found = {one["id"]: one for one in program.get(f"{BASE}territories/{EPCI}/indicators/").json()}
    assert list(found) == list(stored)
    one, kept = found["employment_concentration"], stored["employment_concentration"]
    for name in ("value", "numerator", "denominator", "unit", "vintage", "rank", "group_median", "sources"):
        assert one[name] == kept[name]
    assert one["label"] == kept["label"]["en"]
    assert one["numerator"] / one["denominator"] * 100 == pytest.approx(one["value"], rel=1e-3)


def test_communes_of_a_territory_and_one_of_them(program: Program) -> None:
    found = program.get(f"{BASE}territories/{EPCI}/communes/", {"page_size": 100}).json()
    communes = Commune.objects.filter(epci=EPCI)
    assert found["count"] == communes.count()
    first = found["results"][0]
    assert program.get(f"{BASE}communes/{first['code']}/").json() == first
    assert first["epci"] == EPCI
    assert first["values"] == Commune.objects.get(pk=first["code"]).values


def test_search_forgives_accents_and_says_where_it_leads(program: Program) -> None:
    commune = Commune.objects.filter(epci=EPCI).order_by("-population").first()
    assert commune is not None
    found = program.get(f"{BASE}search/", {"q": commune.name.upper(), "limit": 3}).json()
    assert 1 <= len(found) <= 3
    best = found[0]
    assert (best["kind"], best["code"], best["name"]) == ("commune", commune.code, commune.name)
    assert best["page"] == f"http://localhost:8000/en/territoires/communes/{commune.code}-{commune.slug}/"


def test_definitions_and_sources_are_those_of_the_loaded_store(program: Program, territories: Store) -> None:
    assert [one["id"] for one in program.get(f"{BASE}indicators/").json()] == [
        one["id"] for one in territories.catalogue["indicators"]
    ]
    assert [one["table"] for one in program.get(f"{BASE}sources/").json()] == [
        one["table"] for one in territories.catalogue["sources"]
    ]


def test_public_lists_are_empty_before_any_load(db: Any) -> None:
    program = Program()
    assert program.get(f"{BASE}territories/").json()["results"] == []
    for name in ("indicators", "sources", "search"):
        assert program.get(f"{BASE}{name}/", {"q": "essai"}).json() == []


def test_texts_come_in_the_language_of_the_request(program: Program) -> None:
    typology = Epci.objects.get(pk=EPCI).portrait["typology"]
    for header, expected in [("fr-FR, en;q=0.5", "fr"), ("en-GB", "en"), ("de", "fr"), ("de, en;q=0.1", "en")]:
        answered = Client().get(f"{BASE}territories/{EPCI}/", headers={"accept-language": header})
        assert answered.json()["typology"] == typology[expected]
        assert answered.headers["Content-Language"] == expected
        assert "Accept-Language" in answered.headers["Vary"]


def test_unchanged_answer_is_304(program: Program) -> None:
    first = program.get(f"{BASE}territories/{EPCI}/")
    etag = first.headers["ETag"]
    again = program.get(f"{BASE}territories/{EPCI}/", headers={"if-none-match": f'"other", W/{etag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"] == "public, max-age=300"
    french = Program(language="fr").get(f"{BASE}territories/{EPCI}/", headers={"if-none-match": etag})
    assert french.status_code == 200
