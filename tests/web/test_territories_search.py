"""Search of territories: what people type finds what they mean."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from ancrage_web.territories import queries
from ancrage_web.territories.models import Store
from ancrage_web.territories.search import Entry, build_index, build_key, drop_opening, find_entries

_NAMES = (
    ("epci", "200072544", "CC des Deux Morin", 26_471),
    ("epci", "200090504", "CA Coulommiers Pays de Brie", 94_000),
    ("epci", "247700107", "CC du Pays de Montereau", 44_000),
    ("epci", "246900245", "CC Saint-Étienne et Vallons", 30_000),
    ("epci", "200058519", "CA Saint-Germain Boucles de Seine (CASGBS)", 330_000),
    ("commune", "77131", "Coulommiers", 15_696),
    ("commune", "41053", "Coulommiers-la-Tour", 520),
    ("commune", "77182", "La Ferté-Gaucher", 4_762),
    ("commune", "77183", "La Ferté-sous-Jouarre", 9_800),
    ("commune", "42218", "Saint-Étienne", 173_000),
    ("commune", "2A004", "Ajaccio", 75_000),
    ("commune", "54099", "Bœrsch", 2_400),
    ("commune", "80021", "Y", 90),
)
INDEX = build_index(
    [
        Entry("epci" if k == "epci" else "commune", code, name, "slug", people, "", "")
        for k, code, name, people in _NAMES
    ]
)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("  Saint-Étienne ", "saint etienne"),
        ("St Etienne", "saint etienne"),
        ("ste-Menehould", "sainte menehould"),
        ("Châlons s/ Marne", "chalons sur marne"),
        ("Communauté de communes des Deux Morin", "cc des deux morin"),
        ("Bœrsch", "boersch"),
        ("L'Haÿ-les-Roses", "l hay les roses"),
        ("!?", ""),
    ],
)
def test_key_forgives_accents_signs_and_abbreviations(typed: str, key: str) -> None:
    assert build_key(typed) == key


@pytest.mark.parametrize(
    ("key", "bare"), [("cc des deux morin", "deux morin"), ("la ferte gaucher", "ferte gaucher"), ("cc", "cc")]
)
def test_opening_words_are_dropped_unless_they_are_the_name(key: str, bare: str) -> None:
    assert drop_opening(key) == bare


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        # Exact before those that open with it, the most populated of these first.
        ("coulommiers", ["77131", "200090504", "41053"]),
        ("COULOMMIERS la tour", ["41053"]),
        ("deux morin", ["200072544"]),
        ("communauté de communes des deux morin", ["200072544"]),
        ("morin", ["200072544"]),
        ("st etienne", ["42218", "246900245"]),
        ("saint étienne", ["42218", "246900245"]),
        ("ferte", ["77183", "77182"]),
        ("brie coulommiers", ["200090504"]),
        ("boersch", ["54099"]),
        ("y", ["80021"]),
    ],
)
def test_search_ranks_exact_then_prefix_then_words(typed: str, codes: list[str]) -> None:
    assert [entry.code for entry in find_entries(INDEX, typed, 3)] == codes


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("coulomier", "77131"),
        ("deux morain", "200072544"),
        ("pays de montreau", "247700107"),
        ("ajacio", "2A004"),
        # What stands between brackets is not expected, and a part of a long name is enough.
        ("saint germin boucles de seine", "200058519"),
        ("boucle de siene", "200058519"),
    ],
)
def test_search_forgives_typing_errors(typed: str, code: str) -> None:
    assert find_entries(INDEX, typed, 3)[0].code == code


@pytest.mark.parametrize("typed", ["", "   ", "!", "zzzzqqqq", "99999", "123456789"])
def test_search_finds_nothing_rather_than_anything(typed: str) -> None:
    assert find_entries(INDEX, typed, 5) == []


@pytest.mark.parametrize(("typed", "code"), [("77131", "77131"), ("2a004", "2A004"), ("200 072 544", "200072544")])
def test_search_by_code_finds_that_one_alone(typed: str, code: str) -> None:
    assert [entry.code for entry in find_entries(INDEX, typed, 5)] == [code]


def test_search_never_returns_a_name_twice_nor_more_than_asked() -> None:
    found = find_entries(INDEX, "saint", 1)
    assert len(found) == 1
    whole = [entry.code for entry in find_entries(INDEX, "co", 12)]
    assert len(whole) == len(set(whole))


def test_query_says_what_tells_one_place_from_another(territories: Store) -> None:
    with translation.override("fr"):
        (found,) = queries.search("aigremer", 1)
    assert (found.kind, found.code, found.address) == ("commune", "00001", "/territoires/communes/00001-aigremer/")
    assert found.detail == (
        "Commune · Département fictif (00) · CC des Vallées d'Ombreval (territoire fictif) · 2\u202f450 habitants"
    )
    with translation.override("en"):
        (found,) = queries.search("000000001", 1)
    assert found.detail == "Community of communes · Département fictif (00) · 40 communes · 32,000 inhabitants"
    assert found.address == "/en/territoires/000000001-cc-des-vallees-d-ombreval-territoire-fictif/"


def test_query_before_the_first_load_finds_nothing(db: None) -> None:
    assert queries.search("aigremer") == []


def test_search_follows_the_store_that_is_loaded(territories: Store, client: Client) -> None:
    assert [found.code for found in queries.search("aigremer", 1)] == ["00001"]
    # The rows change with the store: an index kept for another one would still find the name.
    territories.delete()
    other = Store.objects.create(
        folder="-", checksum="1" * 64, version="0", fictional=True, catalogue={"departements": {}}
    )
    assert other.pk != territories.pk
    assert queries.search("aigremer") == []


def test_search_page_lists_results_without_a_script(territories: Store, client: Client) -> None:
    page = client.get("/territoires/recherche/", {"q": "aigremmer"}).content.decode()
    assert 'href="/territoires/communes/00001-aigremer/"' in page
    assert '<form class="search" action="/territoires/recherche/" method="get"' in page


def test_search_page_says_what_to_do_when_nothing_is_found(territories: Store, client: Client) -> None:
    page = client.get("/territoires/recherche/", {"q": "<b>zzqqzz"}).content.decode()
    assert "Aucun territoire trouvé" in page
    assert "&lt;b&gt;zzqqzz" in page
    assert "<b>zzqqzz" not in page


def test_suggestions_are_given_as_json_from_two_letters_on(territories: Store, client: Client) -> None:
    assert client.get("/territoires/recherche/suggestions/", {"q": "a"}).json() == {"found": []}
    (first, *_) = client.get("/territoires/recherche/suggestions/", {"q": "aigremer"}).json()["found"]
    assert (first["kind"], first["code"], first["name"]) == ("commune", "00001", "Aigremer")
    assert set(first) == {"kind", "code", "name", "detail", "address"}
    epci = client.get("/territoires/recherche/suggestions/", {"q": "va", "genre": "epci"}).json()["found"]
    assert {each["kind"] for each in epci} == {"epci"}
