"""Parts of pages kept in memory: nobody sees the page of somebody else, nothing old is shown, memory is bounded."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from ancrage_web.design.keeping import Keeper, Parts, keeper
from ancrage_web.studies import services
from ancrage_web.territories.models import Epci, Store
from web.conftest import World
from web.study_samples import StudySample
from web.test_permissions import CASES

EPCI = "000000001"
_TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"')


def read(client: Client, address: str, **data: Any) -> bytes:
    """Return a page without its form tokens, which change at each answer."""
    # Django's client has closed the answer: closing it again would close the connection of the test on PostgreSQL.
    return _TOKEN.sub(b"", client.get(address, data).content)


def find_address() -> str:
    """Return the address of the portrait of the demonstration."""
    return reverse("epci", kwargs={"code": EPCI, "slug": Epci.objects.get(code=EPCI).slug})


@pytest.mark.parametrize(
    "route", ["commune", "epci", "home", "result", "result-detail", "shared-detail", "shared-result", "territories"]
)
@pytest.mark.parametrize(
    ("reader", "before"), [("anonymous", "officer"), ("officer", "anonymous"), ("reader", "officer")]
)
def test_page_is_the_same_after_another_person_read_it(route: str, reader: str, before: str, world: World) -> None:
    case = CASES[route]
    address = reverse(route, kwargs=dict(case.build(world)))
    person, other = world.sign_in(reader), world.sign_in(before)
    alone = read(person, address)
    keeper.clear()
    read(other, address)
    assert read(person, address) == alone
    assert read(person, address) == alone


def test_kept_portrait_has_the_name_and_the_links_of_its_reader_only(territories: Store, world: World) -> None:
    address = find_address()
    for _ in range(2):
        known = read(world.sign_in("officer"), address).decode()
        assert world.people["officer"].get_full_name() in known  # type: ignore[union-attr]
        assert f"/organisations/{world.organisation.slug}/etudes/" in known
        unknown = read(Client(), address).decode()
        assert world.people["officer"].get_full_name() not in unknown  # type: ignore[union-attr]
        assert "/organisations/" not in unknown
    assert len(keeper) == 1


def test_kept_portrait_asks_the_database_for_its_store_alone(
    territories: Store, client: Client, django_assert_num_queries: Any
) -> None:
    address = find_address()
    first = read(client, address)
    with django_assert_num_queries(1):
        assert read(client, address) == first


def test_kept_page_is_of_its_language_its_theme_and_its_order(territories: Store, client: Client) -> None:
    address = find_address()
    french, english = read(client, address), read(client, f"/en{address}")
    assert b'<html lang="fr">' in french
    assert b'<html lang="en">' in english
    assert b"Les indicateurs" not in english
    ordered = read(client, address, communes="-population")
    assert b'aria-sort="descending"' in ordered
    client.cookies["theme"] = "dark"
    assert read(client, address) == french.replace(b'<html lang="fr">', b'<html lang="fr" data-theme="dark">')


def test_kept_portrait_is_forgotten_with_its_store(territories: Store, client: Client) -> None:
    address = find_address()
    read(client, address)
    Epci.objects.filter(code=EPCI).update(name="CC du Nouveau Nom")
    assert b"CC du Nouveau Nom" not in read(client, address)
    # The same data loaded again is another load.
    loaded = Store.objects.get(pk=territories.pk)
    loaded.loaded_at = loaded.loaded_at.replace(year=2001)
    loaded.save()
    assert b"CC du Nouveau Nom" in read(client, address)


def test_address_of_a_former_name_still_leads_to_the_kept_portrait(territories: Store, client: Client) -> None:
    address = find_address()
    read(client, address)
    moved = client.get(reverse("epci", kwargs={"code": EPCI, "slug": "autre-nom"}))
    assert (moved.status_code, moved["Location"]) == (301, address)


def test_kept_result_links_to_where_its_reader_came_from(study_sample: StudySample, world: World) -> None:
    with scope(organisation=world.organisation):
        _, token = services.share_study(world.get_actor("administrator"), study_sample.study, days=7)
    keys = {"study": study_sample.study.pk, "scenario": study_sample.scenario.pk, "result": study_sample.result.pk}
    own = reverse("result-detail", kwargs={"organisation": world.organisation.slug, **keys})
    shared = reverse("shared-detail", kwargs={"token": token, "scenario": study_sample.scenario.pk})
    member, visitor = world.sign_in("reader"), Client()
    for _ in range(2):
        assert token not in read(member, own).decode()
        assert world.organisation.slug not in read(visitor, shared).decode()
    # One result, one rendering.
    assert len(keeper) == 1


def test_kept_result_is_closed_to_strangers(study_sample: StudySample, world: World) -> None:
    keys = {"study": study_sample.study.pk, "scenario": study_sample.scenario.pk, "result": study_sample.result.pk}
    address = reverse("result", kwargs={"organisation": world.organisation.slug, **keys})
    assert world.sign_in("reader").get(address).status_code == 200
    assert world.sign_in("stranger").get(address).status_code == 404
    assert Client().get(address).status_code == 302


def build_parts(text: str) -> Parts:
    """Return the parts of a page made of one text."""
    parts = Parts()
    parts.read("content", lambda: text)
    return parts


def test_keeper_gives_up_what_was_read_longest_ago() -> None:
    small = Keeper(limit=16_000)
    for number in range(30):
        small.keep(number, build_parts(str(number)))
        small.open(0)
    assert small.weight <= 16_000
    assert len(small) == 15
    assert [number for number in range(30) if small.open(number).full] == [0, *range(16, 30)]


def test_keeper_leaves_out_a_page_heavier_than_the_eighth_of_all() -> None:
    small = Keeper(limit=9_000)
    small.keep("heavy", build_parts("".join(chr(256 + n) for n in range(2_000))))
    small.keep("light", build_parts("é"))
    assert (len(small), small.open("light").read("content", str)) == (1, "é")


def test_part_that_was_not_rendered_the_first_time_is_refused() -> None:
    small = Keeper(limit=16_000)
    small.keep("page", build_parts("text"))
    template = Template('{% kept "content" %}{{ missing }}{% endkept %}{% kept "other" %}{{ missing }}{% endkept %}')
    with pytest.raises(LookupError, match="'other'"):
        template.render(Context({"kept_parts": small.open("page")}))


def test_part_escapes_its_values_once() -> None:
    parts = Parts()
    template = Template('{% kept "content" %}{{ value }}{% endkept %}')
    assert template.render(Context({"value": "<b> & é", "kept_parts": parts})) == "&lt;b&gt; &amp; é"
    held = Parts(parts.packed)
    assert template.render(Context({"kept_parts": held})) == "&lt;b&gt; &amp; é"
    assert template.render(Context({"value": "<i>"})) == "&lt;i&gt;"
