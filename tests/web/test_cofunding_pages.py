"""Pages of co-funding: the form with its lines, the result of a project, the catalogue, firms, past grants."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import openpyxl  # type: ignore[import-untyped]
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from ancrage_web.audit.models import AuditLine
from ancrage_web.cofunding.models import Expense, PastGrant, Programme, Project, Source
from ancrage_web.territories.models import Commune, Epci, Store
from web.conftest import World
from web.convention_samples import build_convention
from web.permissions_cofunding import build_grant, build_programme, build_project
from web.study_samples import StudySample

Reverse = Callable[..., str]
THIN = "\u202f"


@pytest.fixture
def address(world: World) -> Reverse:
    """Return what gives the address of a page of the first organisation."""

    def get_address(name: str, /, **keys: Any) -> str:
        return reverse(name, kwargs={"organisation": world.organisation.slug, **keys})

    return get_address


@pytest.fixture
def commune(db: Any) -> Commune:
    """Return a commune with its EPCI, in region 11."""
    store = Store.objects.create(folder="x", checksum="0" * 64, version="0", fictional=True)
    epci = Epci.objects.create(
        code="000000001", name="CC d'Essai", slug="cc", region="11", departement="77", store=store, portrait={}
    )
    return Commune.objects.create(
        code="77001", name="Essai", slug="essai", epci=epci, departement="77", lon=3.0, lat=48.8, store=store
    )


def read(client: Client, where: str, status: int = 200) -> str:
    """Return the text of a page, with plain spaces."""
    answered = client.get(where)
    assert answered.status_code == status
    return answered.content.decode().replace(THIN, " ").replace("\u00a0", " ")


def fill(**changes: str) -> dict[str, str]:
    """Return a form with one expense and one source, filled."""
    return {
        "name": "Halle",
        "expenses-TOTAL_FORMS": "1",
        "expenses-INITIAL_FORMS": "0",
        "expenses-0-label": "Travaux",
        "expenses-0-nature": "works",
        "expenses-0-year": "2027",
        "expenses-0-quarter": "2",
        "expenses-0-amount": "100 000,50",
        "sources-TOTAL_FORMS": "1",
        "sources-INITIAL_FORMS": "0",
        "sources-0-kind": "detr",
        "sources-0-name": "",
        "sources-0-asked": "30000",
        "sources-0-answer": "planned",
        "sources-0-rate_max": "40",
        "sources-0-payments": "T3 2027 : 30 ; T1 2028 : 70",
        "action": "save",
        **changes,
    }


def test_project_is_made_from_its_form(world: World, address: Reverse, commune: Commune) -> None:
    client = world.sign_in("officer")
    done = client.post(address("project-new"), fill(commune="essai"))

    with scope(organisation=world.organisation):
        project = Project.objects.get()
        assert done["Location"] == address("project", project=project.pk)
        assert project.commune == "77001"
        expense, source = Expense.objects.get(), Source.objects.get()
        assert AuditLine.objects.latest("sequence").action == "project.created"
    assert (expense.quarter, expense.amount) == (date(2027, 4, 1), Decimal("100000.50"))
    assert (source.name, source.origin, source.detr, source.rate_max) == ("DETR", "public", True, Decimal("0.4"))
    assert source.investment_only is True
    assert source.payments == [["2027-07-01", "0.3"], ["2028-01-01", "0.7"]]


def test_lines_are_added_and_removed_without_script(world: World, address: Reverse) -> None:
    client = world.sign_in("officer")
    more = client.post(address("project-new"), fill(action="add-expenses"))
    assert more.status_code == 200
    assert "expenses-1-label" in more.content.decode()
    assert 'value="100 000,50"' in more.content.decode()

    two = fill(**{"sources-TOTAL_FORMS": "2", "sources-1-name": "Région", "sources-1-kind": "region"})
    fewer = client.post(address("project-new"), {**two, "action": "remove-sources-0"}).content.decode()
    assert "sources-1-name" not in fewer
    assert 'name="sources-0-name" value="Région"' in fewer
    with scope(organisation=world.organisation):
        assert not Project.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"expenses-0-amount": "-5"}, "id_expenses-0-amount", "n&#x27;est pas un nombre positif"),
        ({"expenses-0-label": ""}, "id_expenses-0-label", "Ce champ est obligatoire"),
        ({"sources-0-payments": "T5 2027 : 10"}, "id_sources-0-payments", "n&#x27;est pas un versement"),
        ({"sources-0-payments": "T1 2027 : 60 ; T2 2027 : 60"}, "id_sources-0-payments", "dépassent 100 %"),
        ({"sources-0-answer": "obtained", "sources-0-obtained": "30001"}, "id_sources-0-obtained", "Plus que"),
        ({"commune": "Nulle part"}, "id_commune", "Aucune commune"),
        ({"name": ""}, "id_name", "Le nom est vide"),
        ({"expenses-0-year": ""}, "id_expenses-0-year", ">Dépense 1, année</a>"),
        ({"sources-0-rate_max": "140"}, "id_sources-0-rate_max", "trop grand"),
    ],
)
def test_mistake_is_linked_to_its_field_and_what_was_typed_stays(
    world: World, address: Reverse, changes: dict[str, str], field: str, says: str
) -> None:
    answered = world.sign_in("officer").post(address("project-new"), fill(**changes))
    page = answered.content.decode()
    assert answered.status_code == 400
    assert f'<a href="#{field}">' in page
    assert says in page
    assert 'value="T3 2027 : 30 ; T1 2028 : 70"' in page or "sources-0-payments" in changes
    with scope(organisation=world.organisation):
        assert not Project.objects.exists()


def test_change_made_meanwhile_is_told_and_nothing_is_overwritten(world: World, address: Reverse) -> None:
    project = build_project(world)
    client = world.sign_in("officer")
    where = address("project-change", project=project.pk)
    assert client.post(where, fill(version="1")).status_code == 302
    late = client.post(where, fill(version="1", name="Tard"))
    assert late.status_code == 400
    assert "Quelqu&#x27;un a enregistré" in late.content.decode()
    assert 'name="version" value="2"' in late.content.decode()
    with scope(organisation=world.organisation):
        assert Project.objects.get().name == "Halle"
    assert client.post(where, fill(version="2", name="Tard")).status_code == 302


def test_project_shows_the_gap_the_rules_and_the_legal_combination(world: World, address: Reverse) -> None:
    project = build_project(world)
    page = read(world.sign_in("reader"), address("project", project=project.pk))
    assert "Il manque 30 000,00 €" in page
    assert "CGCT, L1111-10, III" in page
    # T16: the base is 350,000, so the Region may bring 280,000 at most and the owner brings 70,000.
    assert "50 000,00 € d’argent privé" in page
    assert "280 000,00 €" in page
    assert "70 000,00 €" in page
    assert "−20 000,00 €" in page
    # Own money follows the expense: 380,000 are left to advance, since no payment is placed.
    assert "il faut avancer 380 000,00 €" in page
    assert address("project-change", project=project.pk) not in page


def test_business_plan_shows_assumptions_with_their_letter(world: World, address: Reverse) -> None:
    client = world.sign_in("officer")
    client.post(address("project-new"), fill(desks="20", yearly_cost="30000", occupancy_y1="50", years="3"))
    with scope(organisation=world.organisation):
        project = Project.objects.get()
    page = read(client, address("project", project=project.pk))
    # 20 desks x 5 days x 46 weeks x 50 % x 15 EUR
    assert "34 500,00 €" in page
    assert "à partir de l’année 1" in page
    assert "changé pour ce projet" in page
    assert 'class="letter letter-A"' in page
    assert 'class="letter letter-S"' in page


def test_place_of_a_study_starts_a_project(world: World, address: Reverse) -> None:
    query = "?nom=Lieu&commune=77001&postes=12&cout_annuel=45000.50&travaux=120000&etude=pas-un-id"
    page = read(world.sign_in("officer"), address("project-new") + query)
    for shown in ('value="Lieu"', 'value="77001"', 'value="12"', 'value="45000,5"', 'value="120000"'):
        assert shown in page


def test_convention_starts_a_project_that_names_it(world: World, address: Reverse) -> None:
    convention = build_convention(world)
    client = world.sign_in("officer")
    page = read(client, address("project-new") + f"?convention={convention.pk}&nom=Lieu")
    assert f'value="{convention.pk}"' in page
    assert html.escape(convention.name) in page
    nowhere = str(uuid4())
    assert nowhere not in read(client, address("project-new") + f"?convention={nowhere}").split("<form", 2)[-1]
    project = build_project(world)
    with scope(organisation=world.organisation):
        Project.objects.update(convention=convention.pk)
    shown = read(client, address("project", project=project.pk))
    assert reverse("convention", args=(world.organisation.slug, convention.pk)) in shown
    assert html.escape(convention.name) in shown
    with scope(organisation=world.organisation):
        Project.objects.update(convention=project.pk)
    assert "convention :" not in read(client, address("project", project=project.pk))


def test_similar_projects_say_when_only_the_latest_are_compared(
    world: World, address: Reverse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ancrage_web.cofunding.queries.MOST_COMPARED", 2)
    project = build_project(world, "Espace de coworking et tiers-lieu")
    where = address("project-similar", project=project.pk)
    for rank in range(3):
        assert "les plus récentes sont comparées" not in read(world.sign_in("reader"), where)
        build_grant(world, f"Coworking {rank}", year=2020 + rank)
    page = read(world.sign_in("reader"), where)
    assert "Seules les 2 subventions les plus récentes sont comparées, sur 3" in page
    assert "Coworking 0" not in page


def test_project_is_sent_as_table_and_workbook(world: World, address: Reverse) -> None:
    project = build_project(world, "=cmd()")
    client = world.sign_in("reader")
    table = client.get(address("project-file", project=project.pk, extension="csv")).content.decode("utf-8-sig")
    assert "Reste à trouver;30000.00".replace(".", ",") in table
    assert "'=cmd()" in table
    content = client.get(address("project-file", project=project.pk, extension="xlsx")).content
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["Plan de financement", "Synthèse", "Dépenses", "Ressources", "Trésorerie"]
    assert [tuple(cell.value for cell in row) for row in book.worksheets[0].iter_rows()] == [
        ("Dépenses", "Montant HT (€)", "Part", "Ressources", "Montant (€)", "Taux", "État"),
        ("Travaux", 400000, 1, "Aides publiques", 300000, 0.75, None),
        ("  Travaux", 400000, 1, "  Region", 300000, 0.75, "à demander"),
        (None, None, None, "Financements privés", 50000, 0.125, None),
        (None, None, None, "  Convention", 50000, 0.125, "à demander"),
        (None, None, None, "Autofinancement du maître d'ouvrage", 20000, 0.05, None),
        (None, None, None, "  Own", 20000, 0.05, "à demander"),
        (None, None, None, "Reste à trouver", 30000, 0.075, None),
        ("Total HT", 400000, 1, "Total HT", 400000, 1, None),
    ]
    assert book["Synthèse"]["B6"].value == 30000
    assert client.get(address("project-file", project=project.pk, extension="pdf")).status_code == 404


def test_financing_plan_is_printed_with_equal_sides_and_without_what_was_refused(
    world: World, address: Reverse
) -> None:
    project = build_project(world)
    where = address("project-plan", project=project.pk)
    assert "À corriger avant de remettre ce plan" in read(world.sign_in("reader"), where)
    with scope(organisation=world.organisation):
        Source.objects.filter(kind="region").update(answer="refused")
        Source.objects.filter(kind="own").update(asked=100_000)
    client = world.sign_in("reader")
    assert where in read(client, address("project", project=project.pk))
    page = read(client, where)
    assert "À corriger" not in page
    assert "Region" not in page
    assert page.count("400 000,00 €") == 4
    assert '<th scope="rowgroup">Reste à trouver</th><td class="right">250 000,00 €</td>' in page
    assert "100 % des financements publics" in page
    assert "Financing plan" in read(client, "/en" + where)
    with scope(organisation=world.organisation):
        Expense.objects.all().delete()
    assert "Le projet ne coûte rien" in read(client, where)


def test_copy_only_plans_what_was_obtained(world: World, address: Reverse) -> None:
    project = build_project(world)
    with scope(organisation=world.organisation):
        Source.objects.filter(kind="region").update(answer="obtained", obtained=1000)
    world.sign_in("officer").post(address("project-duplicate", project=project.pk))
    with scope(organisation=world.organisation):
        copy = Project.objects.exclude(pk=project.pk).get()
        assert (
            list(Source.objects.filter(project=copy).values_list("answer", "obtained")) == [("planned", Decimal(0))] * 3
        )


def test_project_is_archived_and_deleted(world: World, address: Reverse) -> None:
    project = build_project(world)
    client = world.sign_in("administrator")
    client.post(address("project-archive", project=project.pk), {"archived": "1"})
    assert project.name.replace("'", "&#x27;") not in read(client, address("projects"))
    assert project.name.replace("'", "&#x27;") in read(client, address("projects") + "?archives=1")
    assert client.post(address("project-delete", project=project.pk)).status_code == 400
    client.post(address("project-delete", project=project.pk), {"sure": "on"})
    with scope(organisation=world.organisation):
        assert not Project.objects.exists()
        assert not Source.objects.exists()


CSV = "key;name;source;rate_max;places;stages\r\na;Aide A;Région;40 %;77|R11;tous\r\nb;Aide B;Région;0,5;;idea\r\n"


def send(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("x.csv", text.encode())


def test_programmes_are_checked_then_imported_then_exported_alike(world: World, address: Reverse) -> None:
    client = world.sign_in("officer")
    where = address("programmes-import")
    checked = client.post(where, {"file": send(CSV), "action": "check"})
    assert "2 lignes lues, aucune erreur" in checked.content.decode()
    with scope(organisation=world.organisation):
        assert not Programme.objects.exists()
    client.post(where, {"file": send(CSV), "action": "import"})
    with scope(organisation=world.organisation):
        first, second = Programme.objects.order_by("key")
    assert (first.rate_max, first.places, first.stages, first.sectors) == (Decimal("0.4"), ["77", "R11"], [], None)
    assert (second.rate_max, second.stages) == (Decimal("0.5"), ["idea"])
    exported = client.get(address("programmes-file")).content.decode()
    again = client.post(where, {"file": send(exported), "action": "import"})
    assert again.status_code == 302
    assert client.get(address("programmes-file")).content.decode() == exported
    assert "non vérifié" in read(client, address("programmes"))


def test_import_with_a_mistake_writes_nothing_and_says_where(world: World, address: Reverse) -> None:
    wrong = CSV + "c;;Région;140 %;;autre\r\n"
    answered = world.sign_in("officer").post(address("programmes-import"), {"file": send(wrong), "action": "import"})
    page = answered.content.decode()
    assert answered.status_code == 400
    for column in ("name", "rate_max", "stages"):
        assert f">{column}</td>" in page
    assert '<th scope="row">4</th>' in page
    with scope(organisation=world.organisation):
        assert not Programme.objects.exists()


def test_firm_is_matched_with_reasons_and_a_match_becomes_a_source(
    world: World, address: Reverse, commune: Commune
) -> None:
    good = build_programme(world, "a", name="Aide du 77", employees_max=50, sectors=["25"], places=["77"], stages=[])
    build_programme(world, "b", name="Aide du 01", places=["01"])
    build_programme(world, "c", name="Aide muette")
    client = world.sign_in("officer")
    page = read(client, address("programme-matching") + "?effectif=12&naf=25.11Z&commune=77001&etape=idea")
    assert page.index("Aide du 77") < page.index("Aide muette") < page.index("Aide du 01")
    assert "12 salariés, pour les entreprises de 50 salariés au plus." in page
    assert "Le programme ne le précise pas." in page
    project = build_project(world)
    client.post(address("programme-add", programme=good.pk), {"project": str(project.pk)})
    with scope(organisation=world.organisation):
        assert Source.objects.get(programme=good).asked == 0
        assert Project.objects.get().version == 2


def test_programme_is_filtered_changed_and_archived(world: World, address: Reverse) -> None:
    build_programme(world, "old", name="Aide finie", valid_until=date(2020, 1, 1))
    kept = build_programme(world, "new", name="Aide ouverte", nature="loan", operator="ADEME", stages=["idea"])
    client = world.sign_in("officer")
    for query in ("?valides=1", "?nature=loan", "?operateur=ADEME", "?q=ouverte"):
        page = read(client, address("programmes") + query)
        assert "Aide ouverte" in page
        assert "Aide finie" not in page
    fields = {"name": "Aide revue", "nature": "loan", "origin": "public", "stages": ["tous"], "key": "new"}
    assert client.post(address("programme-change", programme=kept.pk), fields).status_code == 302
    client.post(address("programme-archive", programme=kept.pk), {"archived": "1"})
    assert "Aide revue" not in read(client, address("programmes"))
    with scope(organisation=world.organisation):
        assert Programme.objects.get(pk=kept.pk).stages == []


def test_past_grants_are_imported_with_the_point_of_their_commune_and_replaced(
    world: World, address: Reverse, commune: Commune
) -> None:
    text = (
        "scheme;year;commune;description;cost;amount;source\r\n"
        "DETR;2019;77001;Création d'un tiers-lieu;100000;30000;Essai\r\n"
        "DETR;2019;;Réfection d'une toiture;;5000;Essai\r\n"
    )
    client = world.sign_in("officer")
    for _ in range(2):
        client.post(address("past-grants-import"), {"file": send(text), "action": "import"})
    with scope(organisation=world.organisation):
        assert sorted(PastGrant.objects.values_list("amount", "lon")) == [(Decimal(5000), None), (Decimal(30000), 3.0)]
    assert "2 subventions" in read(client, address("past-grants"))
    client.post(address("past-grants-remove"), {"source": "Essai"})
    with scope(organisation=world.organisation):
        assert not PastGrant.objects.exists()


def test_similar_projects_are_found_nearby_with_quartiles(world: World, address: Reverse, commune: Commune) -> None:
    project = build_project(world, "Espace de coworking et tiers-lieu")
    with scope(organisation=world.organisation):
        Project.objects.update(commune="77001")
    for rank in range(4):
        build_grant(world, f"Coworking {rank}", lon=3.1, lat=48.8, amount=Decimal(20_000 + 10_000 * rank))
    build_grant(world, "Coworking lointain", lon=5.0, lat=44.0)
    build_grant(world, "Réfection de toiture", lon=3.1, lat=48.8)
    where = address("project-similar", project=project.pk)
    page = read(world.sign_in("reader"), where)
    assert "la médiane est 35 %" in page
    assert "Coworking 3" in page
    assert "7 km" in page
    assert "lointain" not in page
    assert "toiture" not in page
    assert "lointain" in read(world.sign_in("reader"), where + "?rayon=tout")


@pytest.mark.parametrize("route", ["projects", "programmes", "programme-matching", "past-grants", "project-similar"])
def test_lists_ask_as_much_for_one_row_as_for_three(
    world: World, address: Reverse, django_assert_num_queries: Any, route: str
) -> None:
    # Organisation and session aside, what each page reads.
    expected = {"projects": 5, "programmes": 6, "programme-matching": 4, "past-grants": 8, "project-similar": 10}[route]
    client = world.sign_in("officer")
    for count in (1, 2):
        for rank in range(count):
            number = 10 * count + rank
            project = build_project(world, f"Coworking {number}")
            build_programme(world, f"k{number}")
            build_grant(world, f"Coworking {number}")
        where = address(route, project=project.pk) if route == "project-similar" else address(route)
        where += "?effectif=3" if route == "programme-matching" else ""
        with django_assert_num_queries(expected):
            assert client.get(where).status_code == 200


def test_pages_are_written_in_english(world: World, address: Reverse) -> None:
    project = build_project(world)
    page = read(world.sign_in("reader"), "/en" + address("project", project=project.pk))
    assert "€30,000.00 is missing" in page
    assert "The most that the rules allow" in page


def test_each_place_of_a_result_leads_to_a_project(world: World, address: Reverse, study_sample: StudySample) -> None:
    client = world.sign_in("officer")
    keys = {"study": study_sample.study.pk, "scenario": study_sample.scenario.pk, "result": study_sample.result.pk}
    assert address("result-places", **keys) in read(client, address("result", **keys))
    assert address("result-places", **keys) not in read(world.sign_in("reader"), address("result", **keys))
    page = read(client, address("result-places", **keys))
    links = re.findall(rf'href="{re.escape(address("project-new"))}(\?[^"]+)"', page)
    place = study_sample.result.map["places"][0]
    assert len(links) == len(study_sample.result.map["places"])
    form = read(client, address("project-new") + html.unescape(links[0]))
    assert f'value="{place["code"]}"' in form
    assert f'name="study" value="{study_sample.study.pk}"' in form
