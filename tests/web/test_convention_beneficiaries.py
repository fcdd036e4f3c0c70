"""Beneficiaries: known once by their SIREN, what they received, their pages."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from ancrage.errors import InputError
from ancrage_web.conventions.models import Beneficiary, DeclaredAid
from ancrage_web.conventions.services import beneficiaries as services
from web.conftest import World
from web.convention_samples import SIREN, build_sample


def test_siren_is_checked_and_known_once(world: World) -> None:
    actor = world.get_actor("officer")
    with scope(organisation=world.organisation):
        services.save_beneficiary(actor, siren="999 999 998", name=" Menuiserie  d'Essai ")
        assert Beneficiary.objects.get().name == "Menuiserie d'Essai"
        for siren, problem in ((SIREN, "already in the list"), ("999999999", "control digit"), ("", "is missing")):
            with pytest.raises(InputError, match=problem):
                services.save_beneficiary(actor, siren=siren, name="Autre")


def test_same_aid_is_declared_once(world: World) -> None:
    beneficiary = build_sample(world).beneficiary
    actor = world.get_actor("officer")
    aid: dict[str, Any] = {"granted_on": date(2025, 1, 1), "amount": Decimal(500), "source": "Région"}
    with scope(organisation=world.organisation):
        services.declare_aid(actor, beneficiary, **aid)
        with pytest.raises(InputError, match="already in the list"):
            services.declare_aid(actor, beneficiary, **aid)
        services.delete_declared_aid(actor, DeclaredAid.objects.get())
        assert not DeclaredAid.objects.exists()


def test_page_counts_what_is_still_in_the_three_years(world: World) -> None:
    beneficiary = build_sample(world).beneficiary
    today = timezone.localdate()
    with scope(organisation=world.organisation):
        for day, amount in ((today - timedelta(days=10), 40_000), (today - timedelta(days=1200), 70_000)):
            DeclaredAid.objects.create(beneficiary=beneficiary, granted_on=day, amount=amount, source="Région")
    keys = {"organisation": world.organisation.slug, "beneficiary": beneficiary.pk}
    page = world.sign_in("reader").get(reverse("beneficiary", kwargs=keys)).content.decode()
    assert "40\u202f000,00\u00a0€" in page
    assert "260\u202f000,00\u00a0€" in page
    assert "hors de la période" in page


@pytest.mark.parametrize("count", [1, 3])
def test_list_takes_as_many_queries_whatever_its_length(
    count: int, world: World, django_assert_num_queries: Any
) -> None:
    with scope(organisation=world.organisation):
        for number in range(count):
            Beneficiary.objects.create(
                organisation=world.organisation, siren=f"00000000{number}", name=f"Firme {number}", undertaking="G"
            )
    client = world.sign_in("reader")
    address = reverse("beneficiaries", kwargs={"organisation": world.organisation.slug})
    with django_assert_num_queries(9):
        assert "Firme 0" in client.get(address).content.decode()
    assert "Firme" not in client.get(address + "?q=introuvable").content.decode()
