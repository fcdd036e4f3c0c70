"""Third places of a study, taken as uses of the residual of a convention."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from django_scopes import scope

from ancrage_web.conventions.models import Candidate
from ancrage_web.studies.models import Result, Scenario, Study
from web.convention_samples import build_convention

if TYPE_CHECKING:
    from django.test import Client

    from web.conftest import World

pytestmark = pytest.mark.django_db

_TABLE = {
    "type": "table",
    "id": "places",
    "columns": [{"key": "code"}, {"key": "loss"}],
    "rows": [
        [{"text": "00001"}, {"text": "12,5", "value": 12.5}],
        [{"text": "00002"}, {"text": "40", "value": 40.0}],
        [{"text": "00003"}, {"text": "0", "value": 0.0}],
    ],
}


def _build_result(world: World, *, of_other: bool = False) -> Result:
    owner = world.other if of_other else world.organisation
    with scope(organisation=owner):
        pages = {"sections": [{"id": "network", "blocks": [_TABLE]}]}
        result = Result.objects.create(
            organisation=owner,
            key="0" * 64,
            settings={"objective": "co2"},
            inputs={},
            version="0",
            summary={},
            pages={"fr": pages, "en": pages},
            map={
                "places": [
                    {"code": "00001", "name": "Essai", "kind": "chosen", "cost": 18000.0},
                    {"code": "00002", "name": "Ailleurs", "kind": "kept", "cost": 9000.0},
                    {"code": "00003", "name": "Ouvert", "kind": "existing", "cost": 0.0},
                ]
            },
            folder="",
        )
        study = Study.objects.create(organisation=owner, name="Vallée", epci=["999999998"])
        Scenario.objects.create(study=study, name="Central", settings={"objective": "co2"}, result=result)
    return result


def test_places_of_a_result_become_candidates_with_their_source(world: World, client: Client) -> None:
    convention, result = build_convention(world), _build_result(world)
    client.force_login(world.people["officer"])
    address = reverse("convention-residual-study", args=[world.organisation.slug, convention.pk])
    assert "Vallée" in client.get(address).content.decode()
    page = client.get(address, {"resultat": result.pk}).content.decode()
    assert "non : sera refusé" in page
    assert "en kg de CO2 évités par an" in page
    assert "Ouvert" not in page
    assert "n’est plus à jour" in page
    wrong = client.post(address, {"resultat": result.pk, "lieu": "00001", "cout-00001": "beaucoup"})
    assert wrong.status_code == 400
    assert "beaucoup" in wrong.content.decode()
    right = {"resultat": result.pk, "lieu": ["00001"], "cout-00001": "12 000,50"}
    assert client.post(address, right).status_code == 302
    with scope(organisation=world.organisation):
        candidate = Candidate.objects.get(convention=convention)
    # Twelve tonnes and a half of CO2 are shown by the study; uses are compared in kilograms.
    assert (candidate.value, candidate.unit, str(candidate.cost)) == (12500.0, "kg CO2", "12000.50")
    assert candidate.commune == "00001"
    assert "Vallée" in candidate.ground


def test_result_of_another_organisation_is_not_found(world: World, client: Client) -> None:
    convention, result = build_convention(world), _build_result(world, of_other=True)
    client.force_login(world.people["officer"])
    address = reverse("convention-residual-study", args=[world.organisation.slug, convention.pk])
    assert client.get(address, {"resultat": result.pk}).status_code == 404
    assert client.get(address, {"resultat": "x"}).status_code == 404
