"""The builder of a scenario, without a script: fields, refusals, zones, defaults, and two people at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from ancrage_web.studies import services
from ancrage_web.studies.forms import read_number
from ancrage_web.studies.models import Run, Scenario
from web.conftest import World
from web.study_samples import StudySample

Fields = dict[str, Any]


class FormReader(HTMLParser):
    """Reads what a browser would send for the form `scenario-form`."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        if tag == "form":
            self.inside = held.get("id") == "scenario-form"
        if not self.inside or tag != "input" or not held.get("name"):
            return
        if held.get("type") in ("radio", "checkbox") and "checked" not in held:
            return
        self.fields.setdefault(str(held["name"]), []).append(held.get("value") or "on")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False


def read_form(page: str) -> Fields:
    """Return the fields of the builder as a browser sends them back, an empty text for an empty field."""
    reader = FormReader()
    reader.feed(page)
    # The reader writes "on" for a missing value; text fields say an empty one.
    return {
        name: values if len(values) > 1 else values[0]
        for name, values in reader.fields.items()
        if name != "csrfmiddlewaretoken"
    } | dict.fromkeys(re.findall(r'type="text"[^>]*name="(c-[^"]+)"[^>]*value=""', page), "")


def open_builder(client: Client, where: str) -> Fields:
    """Return the fields of the builder of a scenario."""
    answered = client.get(where)
    assert answered.status_code == 200
    fields = read_form(answered.content.decode())
    # An input without value is an empty field.
    for name in ("places", "desks_min", "desks_max", "budget"):
        if fields.get(name) == "on":
            fields[name] = ""
    return fields


@pytest.fixture
def where(world: World, study_sample: StudySample) -> str:
    """Return the address of the builder of the sample."""
    keys = {
        "organisation": world.organisation.slug,
        "study": study_sample.study.pk,
        "scenario": study_sample.scenario.pk,
    }
    return reverse("scenario", kwargs=keys)


@pytest.fixture
def load(world: World) -> Callable[[], Scenario]:
    """Return what reads the scenario as it is stored."""

    def load_scenario() -> Scenario:
        with scope(organisation=world.organisation):
            return Scenario.objects.get()

    return load_scenario


@pytest.mark.parametrize(
    ("text", "number"),
    [("1 234,5", 1234.5), ("1234.5", 1234.5), ("1\u202f234", 1234.0), ("-0,5", -0.5), ("12,", 12.0), ("1e3", 1000.0)],
)
def test_number_is_read_as_people_type_it(text: str, number: float) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize("text", ["", "douze", "1,2,3", "1e999", "nan", "12 €", "--1"])
def test_number_is_not_guessed(text: str) -> None:
    assert read_number(text) is None


def test_builder_shows_what_is_stored(world: World, where: str) -> None:
    page = world.sign_in("officer").get(where).content.decode()

    assert 'value="120000"' in page
    for objective in ("Gaz à effet de serre", "Kilomètres", "Temps", "Valeur pour tous"):
        assert f"<strong>{objective}</strong>" in page
    assert "Emplois télétravaillables : cadres" in page
    assert "INSEE Analyses Auvergne-Rhône-Alpes 182" in page
    assert page.count('role="radiogroup"') == 40
    assert "La Fabrique d&#x27;Aigremer (lieu fictif)" in page


def test_builder_saved_unchanged_changes_nothing(world: World, where: str, load: Callable[[], Scenario]) -> None:
    before = load()
    client = world.sign_in("officer")

    answered = client.post(where, {**open_builder(client, where), "action": "save"})

    assert answered.status_code == 302
    assert load().settings == before.settings
    assert load().version == before.version


def test_builder_saves_every_setting(world: World, where: str, load: Callable[[], Scenario]) -> None:
    client = world.sign_in("officer")
    fields = open_builder(client, where) | {
        "name": "Autre nom",
        "objective": "hours",
        "budget": "90 000,5",
        "places": "4",
        "preset": "ambition",
        "desks_min": "6",
        "desks_max": "30",
        "draws": "200",
        "seed": "7",
        "epsilon": "3,5",
        "alternatives": "2",
        "commune-00001": "keep",
        "commune-00002": "exclude",
        "c-price_day-value": "18",
        "c-rebound_home-low": "0,1",
        "c-rebound_home-value": "0,2",
        "c-rebound_home-high": "0,3",
        "floors": "1",
        "floor-0-name": "Nord",
        "floor-0-share": "40",
        "floor-0-communes": ["00003", "00004"],
        "action": "save",
    }
    fields.pop("keep_existing")

    assert client.post(where, fields).status_code == 302

    saved = load()
    assert saved.name == "Autre nom"
    assert saved.settings == {
        "objective": "hours",
        "budget": 90000.5,
        "places": 4,
        "preset": "ambition",
        "parameters": {
            "desks_min": 6.0,
            "desks_max": 30.0,
            "price_day": 18.0,
            "rebound_home": {"low": 0.1, "value": 0.2, "high": 0.3},
        },
        "keep": ["00001"],
        "exclude": ["00002"],
        "keep_existing": False,
        "draws": 200,
        "seed": 7,
        "epsilon": 0.035,
        "alternatives": 2,
        "floors": [{"name": "Nord", "communes": ["00003", "00004"], "share": 0.4}],
    }
    shown = open_builder(client, where)
    assert shown["budget"] == "90000,5"
    assert shown["epsilon"] == "3,5"
    assert shown["c-rebound_home-high"] == "0,3"


@pytest.mark.parametrize(
    ("typed", "control", "sentence"),
    [
        ({"budget": "", "places": ""}, "id_budget", "ni budget ni nombre de lieux"),
        ({"budget": "beaucoup"}, "id_budget", "« beaucoup » n&#x27;est pas un nombre"),
        ({"budget": "-5"}, "id_budget", "trop petit"),
        ({"places": "2,5"}, "id_places", "n&#x27;est pas un nombre entier"),
        ({"desks_min": "50"}, "id_desks_max", "au moins 50 postes et au plus 40"),
        ({"draws": "9999999"}, "id_draws", "trop grand"),
        ({"c-price_day-value": "quinze"}, "c-price_day-value", "« quinze » n&#x27;est pas un nombre"),
        ({"c-price_day-low": "10"}, "c-price_day-value", "Il manque un nombre"),
        ({"c-rebound_home-value": "2"}, "c-rebound_home-value", "impossible en « part »"),
        ({"floors": "1", "floor-0-name": "Nord", "floor-0-share": "150"}, "floor-0-name", "pas un pourcentage"),
        ({"name": " "}, "id_name", "Le nom est vide"),
    ],
)
def test_builder_refuses_and_links_the_field(
    typed: Fields, control: str, sentence: str, world: World, where: str, load: Callable[[], Scenario]
) -> None:
    before = load()
    client = world.sign_in("officer")

    answered = client.post(where, open_builder(client, where) | typed | {"action": "save"})

    page = answered.content.decode()
    assert answered.status_code == 400
    assert f'<a href="#{control}">' in page
    assert f'id="{control}"' in page
    assert sentence in page
    # What was typed is still there.
    for name, value in typed.items():
        if value.strip() and name not in ("floors",):
            assert f'value="{value}"' in page
    assert load().settings == before.settings


def test_builder_goes_back_to_a_default(world: World, where: str, load: Callable[[], Scenario]) -> None:
    client = world.sign_in("officer")
    fields = open_builder(client, where) | {"c-price_day-value": "18", "c-loan_rate-value": "0,03", "budget": "77"}

    page = client.post(where, {**fields, "action": "reset:price_day"}).content.decode()

    shown = read_form(page)
    assert shown["c-price_day-value"] == ""
    assert shown["c-loan_rate-value"] == "0,03"
    assert shown["budget"] == "77"
    assert "Rien n’est encore enregistré" in page
    assert load().settings["budget"] == 120_000
    everything = read_form(client.post(where, {**fields, "action": "reset:*"}).content.decode())
    assert everything["c-loan_rate-value"] == ""


def test_builder_adds_and_removes_zones_without_a_script(world: World, where: str) -> None:
    client = world.sign_in("officer")
    fields = open_builder(client, where)

    page = client.post(where, {**fields, "action": "add-floor"}).content.decode()
    assert 'name="floor-0-name"' in page
    two = fields | {"floors": "2", "floor-0-name": "Nord", "floor-1-name": "Sud", "floor-1-communes": ["00001"]}
    page = client.post(where, {**two, "action": "remove-floor:0"}).content.decode()
    assert "Zone « Sud »" in page
    assert "Zone « Nord »" not in page
    assert read_form(page)["floor-0-communes"] == "00001"


def test_builder_keeps_the_interval_of_a_size_given_elsewhere(
    world: World, where: str, load: Callable[[], Scenario]
) -> None:
    actor = world.get_actor("officer")
    given = {"low": 3.0, "value": 5.0, "high": 6.0}
    with scope(organisation=world.organisation):
        scenario = Scenario.objects.select_related("study").get()
        settings = {**scenario.settings, "parameters": {"desks_min": given}}
        services.save_scenario(actor, scenario, version=scenario.version, name=scenario.name, settings=settings)
    client = world.sign_in("officer")

    client.post(where, {**open_builder(client, where), "budget": "90000", "action": "save"})

    assert load().settings["parameters"] == {"desks_min": given}


def test_builder_reads_only_for_a_reader(world: World, where: str) -> None:
    client = world.sign_in("reader")
    page = client.get(where).content.decode()

    assert "<fieldset disabled>" in page
    assert 'value="run"' not in page
    assert client.post(where, {"action": "save"}).status_code == 403


def test_builder_asks_for_the_computation(
    world: World, where: str, study_sample: StudySample, django_capture_on_commit_callbacks: Any
) -> None:
    client = world.sign_in("officer")

    answered = client.post(where, {**open_builder(client, where), "budget": "90000", "action": "run"})

    with scope(organisation=world.organisation):
        run = Run.objects.order_by("-asked_at").first()
    assert run is not None
    assert run.settings["budget"] == 90_000
    assert answered.headers["Location"] == reverse(
        "run", kwargs={"organisation": world.organisation.slug, "study": study_sample.study.pk, "run": run.pk}
    )


def save_meanwhile(world: World, **changes: Any) -> None:
    """Save the sample as another person would, with other settings."""
    with scope(organisation=world.organisation):
        scenario = Scenario.objects.select_related("study").get()
        services.save_scenario(
            world.get_actor("administrator"),
            scenario,
            version=scenario.version,
            name=scenario.name,
            settings={**scenario.settings, **changes},
        )


def settle(page: str) -> QueryDict:
    """Return what the page of a conflict sends, as it proposes it."""
    sent = QueryDict(mutable=True)
    for tag in re.findall(r"<input[^>]+>", page):
        held = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if held.get("name") and (held.get("type") == "hidden" or " checked" in tag):
            sent[held["name"]] = held["value"].replace("&quot;", '"').replace("&#x27;", "'").replace("&amp;", "&")
    return sent


def test_conflict_keeps_what_each_person_changed(world: World, where: str, load: Callable[[], Scenario]) -> None:
    client = world.sign_in("officer")
    mine = open_builder(client, where) | {"places": "5", "commune-00003": "keep", "budget": "100000"}
    save_meanwhile(world, draws=50, keep=["00007"], budget=80_000)

    answered = client.post(where, {**mine, "action": "save"})

    page = answered.content.decode()
    assert answered.status_code == 409
    assert "Alex Admin a enregistré" in page
    assert page.count("changé par les deux") == 1
    assert load().settings["budget"] == 80_000
    sent = settle(page)
    assert {key: value for key, value in sent.items() if key.startswith("choice-")} == {
        "choice-budget": "mine",
        "choice-places": "mine",
        "choice-draws": "theirs",
        "choice-commune:00003": "mine",
        "choice-commune:00007": "theirs",
    }
    sent["choice-budget"] = "theirs"
    sent["action"] = "save"
    conflict = where + "conflit/"
    assert client.post(conflict, sent.dict()).status_code == 302
    saved = load().settings
    assert (saved["budget"], saved["places"], saved["draws"]) == (80_000, 5, 50)
    assert saved["keep"] == ["00003", "00007"]


def test_conflict_is_told_again_when_a_third_save_comes(world: World, where: str, load: Callable[[], Scenario]) -> None:
    client = world.sign_in("officer")
    mine = open_builder(client, where) | {"places": "5"}
    save_meanwhile(world, draws=50)
    sent = settle(client.post(where, {**mine, "action": "save"}).content.decode())
    save_meanwhile(world, seed=9)

    answered = client.post(where + "conflit/", {**sent.dict(), "action": "save"})

    assert answered.status_code == 409
    again = settle(answered.content.decode())
    assert client.post(where + "conflit/", {**again.dict(), "action": "save"}).status_code == 302
    saved = load().settings
    assert (saved["places"], saved["draws"], saved["seed"]) == (5, 50, 9)


def test_conflict_sent_incomplete_is_refused(world: World, where: str) -> None:
    assert world.sign_in("officer").post(where + "conflit/", {"mine": "{"}).status_code == 400


def test_map_of_the_builder_has_the_communes_of_the_study(world: World, where: str) -> None:
    content = world.sign_in("reader").get(where + "communes.json").json()

    assert len(content["communes"]["features"]) == 40
    assert [place["name"] for place in content["places"]] == ["La Fabrique d'Aigremer (lieu fictif)"]
    west, south, east, north = content["bounds"]
    assert west < east
    assert south < north


def test_scenario_is_duplicated_and_deleted(world: World, where: str) -> None:
    client = world.sign_in("officer")

    assert client.post(where + "dupliquer/", {"name": "Budget de base"}).status_code == 400
    assert client.post(where + "dupliquer/", {"name": "Double"}).status_code == 302
    assert client.post(where + "supprimer/").status_code == 400
    assert client.post(where + "supprimer/", {"sure": "on"}).status_code == 302
    with scope(organisation=world.organisation):
        assert [scenario.name for scenario in Scenario.objects.all()] == ["Double"]
