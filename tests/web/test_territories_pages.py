"""Pages of the territories: what they show, at which addresses, at what cost in queries."""

from __future__ import annotations

import csv
import json
import re
from io import StringIO
from typing import Any

import pytest
from django.test import Client
from django_scopes import scope

from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.models import Membership
from ancrage_web.territories import presentation, queries
from ancrage_web.territories.models import Commune, Epci, Store
from web.conftest import World

CODE = "000000001"
SLUG = "cc-des-vallees-d-ombreval-territoire-fictif"
ADDRESS = f"/territoires/{CODE}-{SLUG}/"


def read(client: Client, address: str, **query: str) -> str:
    """Return a page, which must be there."""
    response = client.get(address, query)
    assert response.status_code == 200, address
    return response.content.decode()


def keep_epci(count: int) -> None:
    """Leave so many EPCI in the database."""
    kept = Epci.objects.order_by("code").values_list("code", flat=True)[:count]
    Epci.objects.exclude(code__in=list(kept)).delete()


# List ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_list_costs_the_same_queries_whatever_its_length(
    territories: Store, client: Client, django_assert_num_queries: Any, count: int
) -> None:
    keep_epci(count)
    # Store, totals, number of rows, rows.
    with django_assert_num_queries(4):
        page = read(client, "/territoires/")
    assert page.count('<th scope="row">') == count


def test_list_before_the_first_load_says_so(db: None, client: Client) -> None:
    assert "Aucune donnée n’est encore chargée" in read(client, "/territoires/")


def list_names(page: str) -> list[str]:
    """Return the EPCI of the table of a list, in order."""
    return re.findall(r'<th scope="row"><a href="/territoires/(\d{9})-', page)


def test_list_filters_and_orders(territories: Store, client: Client) -> None:
    everyone = list(Epci.objects.order_by("-population", "name").values_list("code", flat=True))
    assert list_names(read(client, "/territoires/", tri="-population")) == everyone
    assert list_names(read(client, "/territoires/", tri="population"))[0] == everyone[-1]
    metropolises = list(Epci.objects.filter(nature="ME").values_list("code", flat=True))
    assert list_names(read(client, "/territoires/", nature="ME")) == metropolises
    assert list_names(read(client, "/territoires/", nom="vallees OMBREVAL")) == [CODE]
    Epci.objects.filter(code=CODE).update(has_flows=False)
    assert list_names(read(client, "/territoires/", flux="non")) == [CODE]
    assert len(list_names(read(client, "/territoires/", flux="oui"))) == len(everyone) - 1
    # What the address holds and the form does not offer filters nothing.
    assert len(list_names(read(client, "/territoires/", nature="XX", tri="portrait", page="999"))) == len(everyone)


def test_list_without_a_match_offers_to_show_all(territories: Store, client: Client) -> None:
    page = read(client, "/territoires/", nom="nulle part")
    assert "Aucune intercommunalité ne répond à ces filtres" in page
    assert '<table class="table-stack">' not in page


def test_list_is_cut_into_pages(territories: Store, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ancrage_web.territories.views.PAGE_SIZE", 10)
    first, second = read(client, "/territoires/"), read(client, "/territoires/", page="2")
    assert (len(list_names(first)), len(list_names(second))) == (10, 7)
    assert not set(list_names(first)) & set(list_names(second))


def test_list_as_csv_keeps_filters_and_opens_in_a_french_spreadsheet(territories: Store, client: Client) -> None:
    response = client.get("/territoires/liste.csv", {"nature": "ME", "tri": "-population"})
    text = b"".join(response).decode("utf-8-sig")  # type: ignore[arg-type]
    heading, *rows = list(csv.reader(StringIO(text), delimiter=";"))
    assert heading[:3] == ["code", "nom", "nature"]
    assert [row[0] for row in rows] == list(
        Epci.objects.filter(nature="ME").order_by("-population").values_list("code", flat=True)
    )
    assert rows[0][2] == "Métropole"
    english = client.get("/en/territoires/liste.csv")
    assert english["Content-Disposition"] == 'attachment; filename="territories.csv"'
    assert b"".join(english).decode("utf-8-sig").startswith("code,name,nature,")  # type: ignore[arg-type]


# Portrait ------------------------------------------------------------------------------------------------------------


def test_portrait_costs_three_queries(territories: Store, client: Client, django_assert_num_queries: Any) -> None:
    # Store, EPCI, communes.
    with django_assert_num_queries(3):
        read(client, ADDRESS)


def test_portrait_tells_a_resident_who_lives_works_and_leaves(territories: Store, client: Client) -> None:
    page = read(client, ADDRESS)
    values = {value["id"]: value["value"] for value in Epci.objects.get(code=CODE).portrait["indicators"]}
    for question in ("Qui vit ici ?", "Qui travaille ici ?", "Qui part travailler ailleurs ?", "À quelle distance ?"):
        assert question in page
    assert f"{values['population']:,.0f}".replace(",", "\u202f") in page
    assert f"{values['out_commuting_share']:.0f}\u202f%" in page
    assert "<strong>Profil résidentiel (dortoir) et industriel.</strong>" in page
    assert '<p class="notice-title">Territoire fictif</p>' in page


def test_portrait_opens_each_published_figure_to_its_source(territories: Store, client: Client) -> None:
    page = read(client, ADDRESS)
    portrait = Epci.objects.get(code=CODE).portrait
    published = [value["id"] for value in portrait["indicators"] if value["value"] is not None]
    shown = re.findall(r'<li class="figure" id="(\w+)">', page)
    assert sorted(shown) == sorted(published)
    assert page.count("D’où vient ce chiffre ?") == len(published)
    missing = [value for value in portrait["indicators"] if value["value"] is None]
    assert missing
    for value in missing:
        assert value["label"]["fr"].replace("'", "&#x27;") in page
        assert value["unpublished"]["fr"].replace("'", "&#x27;") in page
    for source in portrait["sources"]:
        assert f"<code>{source['table']}</code>" in page


def test_portrait_holds_as_many_strips_as_comparisons(territories: Store, client: Client) -> None:
    page = read(client, ADDRESS)
    families = presentation.build_families(Epci.objects.get(code=CODE).portrait, territories.catalogue, "fr")
    strips = [reading.strip for family in families for reading in family.readings if reading.strip is not None]
    assert page.count('<svg class="strip"') == len(strips) > 20
    # The decimal mark of a drawing is a point in every language.
    assert not re.search(r'(?:cx|x|x1|width)="\d+,', page)


@pytest.mark.parametrize("address", [f"/territoires/{CODE}-autre-nom/", f"/territoires/{CODE}/"])
def test_wrong_or_missing_slug_leads_to_the_one_address(territories: Store, client: Client, address: str) -> None:
    response = client.get(address)
    assert (response.status_code, response["Location"]) == (301, ADDRESS)
    english = client.get("/en" + address)
    assert english["Location"] == "/en" + ADDRESS


@pytest.mark.parametrize(
    "address",
    [
        "/territoires/999999999-rien/",
        "/territoires/999999999/",
        "/territoires/communes/99999-rien/",
        "/territoires/communes/99999/",
        "/territoires/999999999/carte.json",
        "/territoires/999999999/fichiers/json/",
        "/territoires/999999999/partage.png",
        f"/territoires/{CODE}/fichiers/exe/",
        "/territoires/12/",
    ],
)
def test_unknown_territory_or_file_is_not_found(territories: Store, client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_nothing_is_found_before_the_first_load(db: None, client: Client) -> None:
    for address in (ADDRESS, "/territoires/liste.csv", f"/territoires/{CODE}/carte.json"):
        assert client.get(address).status_code == 404


def test_portrait_states_its_addresses_and_its_share_card(territories: Store, client: Client, settings: Any) -> None:
    page = read(client, "/en" + ADDRESS)
    site = settings.SITE_URL
    assert f'<link rel="canonical" href="{site}/en{ADDRESS}">' in page
    assert f'<link rel="alternate" hreflang="fr" href="{site}{ADDRESS}">' in page
    assert f'<link rel="alternate" hreflang="en" href="{site}/en{ADDRESS}">' in page
    assert f'<meta property="og:image" content="{site}/en/territoires/{CODE}/partage.png">' in page
    assert "Who lives here?" in page


def test_portrait_orders_communes_as_asked(territories: Store, client: Client) -> None:
    def list_communes(order: str) -> list[str]:
        return re.findall(
            r'<th scope="row"><a href="/territoires/communes/(\d{5})-', read(client, ADDRESS, communes=order)
        )

    by_people = list(
        Commune.objects.filter(epci_id=CODE).order_by("-population", "name").values_list("code", flat=True)
    )
    assert list_communes("-population") == by_people
    by_name = list(Commune.objects.filter(epci_id=CODE).order_by("name").values_list("code", flat=True))
    assert list_communes("") == list_communes("password") == by_name
    missing = {c.code for c in Commune.objects.filter(epci_id=CODE) if "jobs" not in c.values}
    assert missing
    assert set(list_communes("-jobs")[-len(missing) :]) == set(list_communes("jobs")[-len(missing) :]) == missing


def test_portrait_without_flows_says_what_is_missing_and_how_to_add_it(territories: Store, client: Client) -> None:
    epci = Epci.objects.get(code=CODE)
    flows = ("employed_residents", "jobs", "employment_concentration", "out_commuting_share", "long_commute_share")
    for value in epci.portrait["indicators"]:
        if value["id"] in flows:
            value.update(value=None, rank=None, numerator=None, denominator=None, status="not_published")
    epci.portrait.update(destinations=[], origins=[])
    epci.has_flows = False
    epci.save()
    page = read(client, ADDRESS)
    assert "Il manque les déplacements domicile-travail" in page
    assert "ancrage data import" in page
    assert "Qui vit ici ?" in page
    assert "Qui travaille ici ?" not in page
    assert 'id="trajets"' not in page
    assert "Les données chargées ici n&#x27;ont pas de valeur pour ce territoire." in page


def test_portrait_escapes_names_from_the_data(territories: Store, client: Client) -> None:
    epci = Epci.objects.get(code=CODE)
    epci.name = "<script>alert(1)</script>"
    epci.portrait["sites"][0]["name"] = "<img src=x>"
    epci.save()
    page = read(client, ADDRESS)
    assert "<script>alert" not in page
    assert "<img src=x>" not in page


# Conditional requests ------------------------------------------------------------------------------------------------


def test_portrait_is_not_sent_twice(territories: Store, client: Client, django_assert_num_queries: Any) -> None:
    first = client.get(ADDRESS)
    with django_assert_num_queries(1):
        again = client.get(ADDRESS, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    # Another language, order, theme or store is another page.
    assert client.get("/en" + ADDRESS)["ETag"] != first["ETag"]
    assert client.get(ADDRESS, {"communes": "-jobs"})["ETag"] != first["ETag"]
    client.cookies["theme"] = "dark"
    assert client.get(ADDRESS, headers={"If-None-Match": first["ETag"]}).status_code == 200
    del client.cookies["theme"]
    Store.objects.update(checksum="0" * 64)
    assert client.get(ADDRESS, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_map_is_sent_as_it_is_stored(territories: Store, client: Client) -> None:
    address = f"/territoires/{CODE}/carte.json"
    packed = client.get(address, headers={"Accept-Encoding": "gzip, br"})
    assert packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"]
    plain = client.get(address)
    assert "Content-Encoding" not in plain
    assert json.loads(plain.content) == queries.read_map(CODE)
    assert client.get(address, headers={"If-None-Match": plain["ETag"]}).status_code == 304


# What a signed-in person sees ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "address"),
    [
        ("anonymous", None),
        ("stranger", None),
        ("reader", None),
        ("officer", f"/organisations/cc-vallee/etudes/nouvelle/?territoire={CODE}"),
    ],
)
def test_portrait_offers_a_study_to_those_who_may(
    territories: Store, world: World, person: str, address: str | None
) -> None:
    response = world.sign_in(person).get(ADDRESS)
    found = re.search(r'href="([^"]+)">Étudier ce territoire', response.content.decode())
    assert (found.group(1) if found else None) == address
    # What a person sees is kept by nobody else.
    assert ("ETag" in response) == (person == "anonymous")


def test_editor_of_several_organisations_chooses_for_which(territories: Store, world: World) -> None:
    with scope(organisation=world.other):
        Membership.objects.create(organisation=world.other, user=world.people["officer"], role=Role.EDITOR)
    page = read(world.sign_in("officer"), ADDRESS)
    assert f'href="/organisations/?territoire={CODE}">Étudier ce territoire' in page


# Commune -------------------------------------------------------------------------------------------------------------


def test_commune_stands_beside_its_epci(territories: Store, client: Client, django_assert_num_queries: Any) -> None:
    # Store, commune with its EPCI.
    with django_assert_num_queries(2):
        page = read(client, "/territoires/communes/00001-aigremer/")
    assert "<h1>Aigremer</h1>" in page
    assert f'<a href="{ADDRESS}">' in page
    row = re.search(r"Tiers-lieux existants.*?</tr>", page, re.DOTALL)
    assert row is not None
    cells = re.findall(r'<td class="right"[^>]*>([^<]*)</td>', row.group(0))
    whole = next(v["value"] for v in Epci.objects.get(code=CODE).portrait["indicators"] if v["id"] == "third_places")
    assert cells == ["1\u00a0lieu", f"{whole:.0f}\u00a0{'lieu' if whole < 2 else 'lieux'}"]


def test_commune_without_epci_has_its_figures(territories: Store, client: Client) -> None:
    Commune.objects.filter(code="00001").update(epci=None)
    page = read(client, "/territoires/communes/00001-aigremer/")
    assert "Cette commune n’appartient à aucune intercommunalité" in page
    assert "Son intercommunalité" not in page
    assert "Tiers-lieux existants" in page


def test_commune_at_another_slug_leads_to_its_address(territories: Store, client: Client) -> None:
    for address in ("/territoires/communes/00001-autre/", "/territoires/communes/00001/"):
        response = client.get(address)
        assert (response.status_code, response["Location"]) == (301, "/territoires/communes/00001-aigremer/")


# Words ---------------------------------------------------------------------------------------------------------------


def build_value(**changed: Any) -> dict[str, Any]:
    """Return a stored indicator."""
    return {
        "id": "x",
        "family": "commuting",
        "label": {"fr": "Libellé", "en": "Label"},
        "reading": {"fr": "Lecture", "en": "Reading"},
        "unit": "%",
        "decimals": 1,
        "value": 50.0,
        "numerator": 30.0,
        "denominator": 60.0,
        "status": "published",
        "unpublished": None,
        "vintage": "2021",
        "coverage": 0.5,
        "rank": 1,
        "percentile": 100.0,
        "group": {"fr": "groupe", "en": "group"},
        "group_size": 20,
        "group_p10": 10.0,
        "group_median": 20.0,
        "group_p90": 40.0,
        "sources": ["t"],
        **changed,
    }


def build_reading(**changed: Any) -> presentation.Reading:
    """Return how a stored indicator is shown in French."""
    portrait = {
        "indicators": [build_value(**changed)],
        "sources": [{"table": "t"}],
        "group": {"label": {"fr": "groupe", "en": "group"}, "size": 20},
    }
    catalogue = {"families": [{"id": "commuting", "label": {"fr": "F", "en": "F"}}]}
    ((reading,),) = (family.readings for family in presentation.build_families(portrait, catalogue, "fr"))
    return reading


def test_strip_puts_the_value_between_the_ends_of_its_group() -> None:
    strip = build_reading().strip
    assert strip is not None
    # From P10 = 10 to the value 50, over 88 hundredths: P90 = 40 at three quarters.
    assert (strip.low, strip.middle, strip.width, strip.value) == ("6.00", "28.00", "66.00", "94.00")
    assert strip.sentence.fr == (
        "Dans le groupe : un sur dix sous 10,0\u202f%, la moitié sous 20,0\u202f%, un sur dix au-dessus de "
        "40,0\u202f% ; ici 50,0\u202f%."
    )
    assert build_reading(group_p10=50.0, group_median=50.0, group_p90=50.0).strip is None
    assert build_reading(value=None, status="not_published").strip is None


def test_calculation_is_written_only_where_it_gives_the_value() -> None:
    assert build_reading().calculation == "100 × 30 ÷ 60 = 50,0"
    assert build_reading(value=0.5, unit="minutes").calculation == "30 ÷ 60"
    assert build_reading(value=7.0).calculation == ""
    assert build_reading(denominator=None).calculation == ""


@pytest.mark.parametrize(
    ("rank", "en", "fr"),
    [
        (1, "1st highest of 20", "1re valeur sur 20"),
        (2, "2nd highest of 20", "2e valeur sur 20"),
        (11, "11th highest of 20", "11e valeur sur 20"),
        (103, "103rd highest of 20", "103e valeur sur 20"),
    ],
)
def test_rank_is_written_in_both_languages(rank: int, en: str, fr: str) -> None:
    written = build_reading(rank=rank).rank
    assert written is not None
    assert (written.en, written.fr) == (en, fr)


def test_absent_value_says_why() -> None:
    secret = build_reading(value=None, status="secret", rank=None).absent
    assert secret is not None
    assert secret.fr == "Retenu par le producteur (secret statistique)."
    reason = {"fr": "Aucune source.", "en": "No source."}
    told = build_reading(value=None, status="not_published", unpublished=reason, rank=None).absent
    assert told is not None
    assert told.fr == "Aucune source."
