"""Engineering, residual and map of a convention."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from django_scopes import scope

from ancrage.errors import InputError
from ancrage_web.conventions.charts import draw_jobs_bars, draw_money_bar
from ancrage_web.conventions.models import Candidate
from ancrage_web.conventions.queries.engineering import read_engineering
from ancrage_web.conventions.queries.jobs import read_job_counts
from ancrage_web.conventions.queries.map import build_convention_map
from ancrage_web.conventions.queries.money import read_balances
from ancrage_web.conventions.queries.residual import build_proposal, list_candidates
from ancrage_web.conventions.services.engineering import save_work
from ancrage_web.conventions.services.jobs import add_jobs
from ancrage_web.conventions.services.ledger import Draft, post_entries
from ancrage_web.conventions.services.residual import Sheet, add_candidates, remove_candidate
from web.convention_samples import Sample, build_sample

if TYPE_CHECKING:
    from django.test import Client

    from web.conftest import World

pytestmark = pytest.mark.django_db
DAY = date(2025, 9, 10)


@pytest.fixture
def sample(world: World) -> Sample:
    made = build_sample(world)
    with scope(organisation=world.organisation):
        post_entries(
            made.access,
            [
                Draft(on=DAY, kind="contribute", funder=made.funder, amount=Decimal(50000), document=made.document),
                Draft(
                    on=DAY,
                    kind="plan",
                    funder=made.funder,
                    amount=Decimal(30000),
                    document=made.document,
                    action=made.action,
                ),
            ],
        )
    return made


def _address(sample: Sample, route: str) -> str:
    return reverse(route, args=[sample.access.actor.organisation.slug, sample.convention.pk])


def _sheet(**fields: Any) -> Sheet:
    return Sheet(
        **{
            "kind": "coaching",
            "name": "Parcours",
            "cost": Decimal(20000),
            "value": 900.0,
            "unit": "h",
            "ground": "Hypothèse",
            **fields,
        }
    )


def test_engineering_is_a_share_of_the_contribution(sample: Sample, world: World, client: Client) -> None:
    with scope(organisation=world.organisation):
        for days, amount in ((Decimal(10), Decimal(8000)), (Decimal("2.5"), Decimal("2236.88"))):
            save_work(
                sample.access,
                provider="Cabinet d'Essai",
                on=DAY,
                days=days,
                amount=amount,
                label="Visites",
                action=sample.engineering,
            )
        found = read_engineering(sample.convention)
        with pytest.raises(InputError, match="above zero"):
            save_work(sample.access, provider="C", on=DAY, days=Decimal(0), amount=Decimal(1), label="x")
    assert found.total.day_rate == Decimal("818.95")
    assert found.share == pytest.approx(10236.88 / 569368.80)
    assert (found.paid, found.gap) == (Decimal(0), Decimal("-10236.88"))
    client.force_login(world.people["reader"])
    page = client.get(_address(sample, "convention-engineering")).content.decode()
    assert "Aucun plafond officiel" in page
    assert "septembre 2025" in page
    csv = client.get(_address(sample, "convention-engineering-csv")).content.decode("utf-8-sig").splitlines()
    assert len(csv) == 3


def test_residual_pays_the_largest_value_per_euro_that_is_eligible(sample: Sample, world: World) -> None:
    with scope(organisation=world.organisation):
        add_candidates(
            sample.access,
            [
                _sheet(name="Loin", commune="99999", value=90000.0),
                _sheet(name="Tard", value=80000.0, ready_by=date(2029, 1, 1)),
                _sheet(name="Cher", value=60000.0, cost=Decimal(50001)),
                _sheet(name="Petit", value=100.0, cost=Decimal(1000)),
                _sheet(name="Bon", value=4000.0, cost=Decimal(30000), commune="00001"),
                _sheet(name="Autre unité", unit="km"),
            ],
        )
        balance = read_balances(sample.convention).total
        found = list(list_candidates(sample.convention))
        proposal = build_proposal(sample.convention, balance, found, "h", DAY)
        over = build_proposal(sample.convention, balance, found, "h", date(2028, 7, 10))
    assert [(choice.candidate.name, choice.paid) for choice in proposal.choices] == [
        ("Loin", False),
        ("Tard", False),
        ("Cher", False),
        ("Bon", True),
        ("Petit", True),
    ]
    assert (proposal.residual, proposal.left) == (Decimal(50000), Decimal(19000))
    assert not any(choice.paid for choice in over.choices)


def test_place_of_a_study_is_replaced_and_can_be_removed(sample: Sample, world: World) -> None:
    with scope(organisation=world.organisation):
        add_candidates(sample.access, [_sheet(key="r:1", value=1.0)])
        (kept,) = add_candidates(sample.access, [_sheet(key="r:1", value=2.0)])
        assert [candidate.value for candidate in list_candidates(sample.convention)] == [2.0]
        remove_candidate(sample.access, kept)
        assert not Candidate.objects.filter(convention=sample.convention).exists()
        with pytest.raises(InputError, match="ground"):
            add_candidates(sample.access, [_sheet(ground=" ")])


def test_use_typed_by_hand_is_changed_and_planned_from_the_proposal(
    sample: Sample, world: World, client: Client
) -> None:
    with scope(organisation=world.organisation):
        typed, place = add_candidates(
            sample.access, [_sheet(kind="engineering", value=900.5), _sheet(name="Lieu", key="r:1")]
        )
    client.force_login(world.people["officer"])

    def _open(use: Candidate) -> str:
        return reverse("convention-candidate", args=[world.organisation.slug, sample.convention.pk, use.pk])

    fields = {"kind": "engineering", "name": "Parcours 2", "cost": "15 000", "value": "900,5", "unit": "h"}
    assert 'value="900,50"' in client.get(_open(typed)).content.decode()
    assert client.post(_open(typed), fields).status_code == 400
    assert client.post(_open(typed), {**fields, "ground": "É"}).status_code == 302
    refused = client.post(_open(place), {**fields, "ground": "É"})
    assert "vient d&#x27;une étude" in refused.content.decode()
    page = client.get(_address(sample, "convention-residual")).content.decode()
    query = page.split(_address(sample, "convention-entry-new") + "?")[1].split('"')[0].replace("&amp;", "&")
    form = client.get(f"{_address(sample, 'convention-entry-new')}?{query}").context["form"]
    assert form["label"].value() == "Parcours 2"
    assert (form["kind"].value(), form["action"].value()) == ("plan", str(sample.engineering.pk))
    finer = client.get(_address(sample, "convention-entry-new") + "?montant=1.001&type=plan")
    assert finer.context["form"]["total"].value() is None
    # Shared as the money that is in no action: 20,000 of the company alone.
    assert form[f"part_{sample.funder.pk}"].value() == "15000,00"


def test_residual_page_says_what_is_practice_and_what_is_paid(sample: Sample, world: World, client: Client) -> None:
    client.force_login(world.people["officer"])
    fields = {"kind": "coaching", "name": "Parcours", "cost": "20 000", "value": "900", "unit": "h", "ground": "Étude"}
    refused = client.post(_address(sample, "convention-candidate-new"), {**fields, "cost": "0"})
    assert refused.status_code == 400
    assert client.post(_address(sample, "convention-candidate-new"), fields).status_code == 302
    page = client.get(_address(sample, "convention-residual")).content.decode()
    assert "pratique, à convenir avec le préfet" in page
    assert "Peut être payé." in page
    assert "45,0 h" in page
    # What is free in the action that was given money, though nothing of it is free outside of it.
    row = page.split('<th scope="row">Aide aux entreprises</th>')[1].split("</tr>")[0]
    assert "30\u202f000,00\u00a0€" in row
    past = client.get(_address(sample, "convention-residual") + "?on=2025-09-09").content.decode()
    assert "Coûte plus que" in past
    assert client.get(_address(sample, "convention-residual") + "?on=2025-99-99").status_code == 200


def test_map_lists_jobs_by_commune_even_without_a_store(sample: Sample, world: World, client: Client) -> None:
    with scope(organisation=world.organisation):
        add_jobs(sample.access, number=2, label="Ajusteur", commune="00001", committed_on=DAY)
        found = build_convention_map(sample.convention, DAY)
    assert [(spot.code, spot.jobs_committed, spot.inside) for spot in found.spots] == [("00001", 2, True)]
    client.force_login(world.people["reader"])
    assert client.get(_address(sample, "convention-map-data")).json()["spots"] == []
    assert "00001" in client.get(_address(sample, "convention-map")).content.decode()


def test_charts_say_in_words_what_they_draw(sample: Sample, world: World) -> None:
    with scope(organisation=world.organisation):
        balance = read_balances(sample.convention).total
        counts = read_job_counts(sample.convention, DAY)
    money = draw_money_bar(balance)
    assert [row.note for row in money.rows] == ["0 %", "0 %", "0 %", "60 %", "40 %"]
    assert money.svg.count("<rect") == 2
    assert draw_jobs_bars(counts, 130).rows[-1].value == "130"
