"""Actions and funders: what is saved, refused, shown."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from ancrage.errors import InputError
from ancrage_web.accounts.actors import ForbiddenError
from ancrage_web.audit.models import AuditLine
from ancrage_web.conventions.models import Action, Convention, Funder
from ancrage_web.conventions.services.actions import (
    delete_action,
    delete_funder,
    move_action,
    save_action,
    save_funder,
)
from ancrage_web.conventions.services.ledger import Draft, post_entry
from web.conftest import World
from web.convention_samples import Sample, build_sample, open_to_partner


@pytest.fixture
def sample(world: World) -> Sample:
    return build_sample(world, status="negotiated")


def sign(sample: Sample, status: str = "running") -> None:
    with scope(organisation=sample.convention.organisation):
        Convention.objects.filter(pk=sample.convention.pk).update(status=status)


def address(sample: Sample, route: str, **keys: Any) -> str:
    owner = sample.convention.organisation.slug
    return reverse(route, kwargs={"organisation": owner, "convention": sample.convention.pk, **keys})


def test_new_action_comes_last_and_its_words_stay_out_of_the_trail(sample: Sample) -> None:
    action = save_action(sample.access, name=" Prêts d'honneur ", kind="loans", budget=Decimal("50000.00"))
    assert (action.name, action.position) == ("Prêts d'honneur", 3)
    with scope(organisation=sample.convention.organisation):
        line = AuditLine.objects.get(action="action.created")
    assert (line.after["budget"], line.after["kind"]) == ("50000.00", "loans")
    assert "honneur" not in str(line.after)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": " "}, "give one of 1 to 160"),
        ({"name": "Aide aux entreprises"}, "already has an action"),
        ({"name": "A", "kind": "gift"}, "no kind of action"),
        ({"name": "A", "budget": Decimal(-1)}, "zero or a positive amount"),
        ({"name": "A", "colour": "red"}, "no field 'colour'"),
    ],
)
def test_impossible_action_is_refused(sample: Sample, fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        save_action(sample.access, **{"kind": "other", **fields})


def test_signed_convention_changes_its_terms_by_an_amendment_only(sample: Sample) -> None:
    save_action(sample.access, action=sample.action, budget=Decimal(1))
    sign(sample)
    with pytest.raises(InputError, match="by an amendment"):
        save_action(sample.access, action=sample.action, budget=Decimal(2))
    changed = save_action(sample.access, action=sample.action, operator="Opérateur d'Essai")
    assert (changed.operator, changed.budget) == ("Opérateur d'Essai", Decimal(1))
    with pytest.raises(InputError, match="its actions stay"):
        delete_action(sample.access, sample.engineering)
    sign(sample, "closed")
    with pytest.raises(InputError, match="is closed"):
        save_action(sample.access, action=sample.action, operator="Autre")


def test_actions_move_up_and_down(sample: Sample) -> None:
    move_action(sample.access, sample.engineering, up=True)
    move_action(sample.access, sample.engineering, up=True)
    with scope(organisation=sample.convention.organisation):
        assert list(Action.objects.values_list("name", "position")) == [("Ingénierie", 1), ("Aide aux entreprises", 2)]


def test_what_is_used_is_not_deleted(sample: Sample) -> None:
    draft = Draft(date(2025, 9, 1), "contribute", sample.funder, Decimal(1), sample.document)
    post_entry(sample.access, draft)
    for delete, thing in ((delete_action, sample.action), (delete_funder, sample.funder)):
        with pytest.raises(InputError, match="it stays"):
            delete(sample.access, thing)  # type: ignore[operator]
    delete_action(sample.access, sample.engineering)
    delete_funder(sample.access, sample.pooled)
    with scope(organisation=sample.convention.organisation):
        assert (Action.objects.count(), Funder.objects.count()) == (1, 1)


def test_funder_is_saved_once_by_name(sample: Sample) -> None:
    funder = save_funder(sample.access, name=" Région ", nature="public")
    assert (funder.name, funder.nature) == ("Région", "public")
    with pytest.raises(InputError, match="already has a funder"):
        save_funder(sample.access, funder=sample.pooled, name="Région", nature="public")
    with pytest.raises(InputError, match="no nature of money"):
        save_funder(sample.access, name="A", nature="gold")


def test_state_changes_nothing(sample: Sample, world: World) -> None:
    access = open_to_partner(world, sample.convention, "state")
    with pytest.raises(ForbiddenError):
        save_action(access, action=sample.action, operator="Autre")
    with pytest.raises(ForbiddenError):
        save_funder(access, name="Région", nature="public")


def test_page_values_loans_and_property_line_by_line(sample: Sample, world: World) -> None:
    save_action(sample.access, name="Prêts", kind="loans", lent=Decimal(500_000), loan_cost=Decimal(180_000))
    save_action(
        sample.access, name="Bâtiment", kind="property", market_value=Decimal(900_000), sale_price=Decimal(400_000)
    )
    page = world.sign_in("officer").get(address(sample, "convention-actions")).content.decode()
    assert "150\u202f000,00\u00a0€" in page  # 30 % of the sums lent
    assert "170\u202f810,64\u00a0€" in page  # 30 % of the contribution


def test_forms_save_and_keep_what_was_typed(sample: Sample, world: World) -> None:
    client: Client = world.sign_in("officer")
    sent = {"kind": "loans", "name": "Prêts", "budget": "1 000,50", "deadline": "2027-01-31"}
    assert client.post(address(sample, "convention-action-new"), sent).status_code == 302
    again = client.post(address(sample, "convention-action-new"), {**sent, "operator": "Gardé"})
    assert again.status_code == 400
    assert 'value="Gardé"' in again.content.decode()
    with scope(organisation=sample.convention.organisation):
        assert Action.objects.get(name="Prêts").budget == Decimal("1000.50")
    sign(sample)
    form = client.get(address(sample, "convention-action", action=sample.action.pk)).context["form"]
    assert not {"terms", "budget", "deadline"} & set(form.fields)
    assert (
        client.post(address(sample, "convention-funder-new"), {"name": "Région", "nature": "public"}).status_code == 302
    )


@pytest.mark.parametrize("more", [0, 2])
def test_actions_ask_as_many_queries_for_any_number(
    sample: Sample, world: World, django_assert_num_queries: Any, more: int
) -> None:
    for number in range(more):
        save_action(sample.access, name=f"Action {number}", kind="other")
    client = world.sign_in("officer")
    with django_assert_num_queries(7):
        client.get(address(sample, "convention-actions"))
