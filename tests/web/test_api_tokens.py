"""Tokens: made once, kept as a fingerprint, limited in time and in rights, withdrawn for good."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from ancrage.errors import InputError
from ancrage_web.accounts.actors import ForbiddenError
from ancrage_web.accounts.enums import Role
from ancrage_web.api.models import ApiToken
from ancrage_web.api.services import create_token, find_token, revoke_token
from ancrage_web.audit.models import AuditLine
from web.api_samples import ALL, make_token
from web.conftest import World


def test_token_is_kept_as_a_fingerprint_only(world: World) -> None:
    token, text = make_token(world.organisation)
    assert token.token_hash == hashlib.sha256(text.encode()).hexdigest()
    assert text.startswith(f"{token.prefix}_")
    assert len(text) == len("anc_12345678_") + 43
    kept = {str(getattr(token, field.attname)) for field in token._meta.concrete_fields}
    assert not any(text[-43:] in value for value in kept)


def test_token_created_and_revoked_are_in_the_trail(world: World) -> None:
    actor = world.get_actor("administrator")
    with scope(organisation=world.organisation):
        token, _ = create_token(actor, name="Observatoire", scopes=["studies:read"], days=30)
        revoke_token(actor, token)
        revoke_token(actor, token)
        lines = list(AuditLine.objects.filter(object_type="token"))
    assert [(line.action, line.object_id) for line in lines] == [
        ("token.created", str(token.pk)),
        ("token.revoked", str(token.pk)),
    ]
    assert lines[0].after["scopes"] == ["studies:read"]
    assert "Observatoire" not in str([line.after for line in lines])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "  "}, "Le nom a 0 caractères"),
        ({"name": "x" * 81}, "Le nom a 81 caractères"),
        ({"scopes": []}, "Droits reçus : «  »"),
        ({"scopes": ["studies:read", "all"]}, "Droits reçus : « all »"),
        ({"days": 0}, "Une durée de 0 jours"),
        ({"days": 366}, "Une durée de 366 jours"),
    ],
)
def test_create_token_refuses_what_cannot_be(world: World, change: dict[str, Any], message: str) -> None:
    given = {"name": "Observatoire", "scopes": ["studies:read"], "days": 365, **change}
    with scope(organisation=world.organisation), pytest.raises(InputError) as refused:
        create_token(world.get_actor("administrator"), **given)
    assert refused.value.text.fr.startswith(message)


@pytest.mark.parametrize("person", ["reader", "officer"])
def test_tokens_are_the_business_of_administrators(world: World, person: str) -> None:
    token, _ = make_token(world.organisation)
    with scope(organisation=world.organisation):
        with pytest.raises(ForbiddenError):
            create_token(world.get_actor(person), name="Observatoire", scopes=ALL, days=30)
        with pytest.raises(ForbiddenError):
            revoke_token(world.get_actor(person), token)


@pytest.mark.parametrize(
    ("scopes", "role"),
    [
        (["studies:read"], Role.READER),
        (["studies:write"], Role.EDITOR),
        (["runs:write"], Role.EDITOR),
        (list(ALL), Role.EDITOR),
    ],
)
def test_token_acts_at_most_as_an_editor(world: World, scopes: list[str], role: Role) -> None:
    assert make_token(world.organisation, scopes)[0].get_role() == role


def test_find_token_refuses_what_opens_nothing(world: World) -> None:
    token, text = make_token(world.organisation)
    found = find_token(text)
    assert found is not None
    assert (found.pk, found.organisation) == (token.pk, world.organisation)
    assert find_token(text[:-1] + ("A" if text[-1] != "A" else "B")) is None
    assert find_token(text.removeprefix("anc_")) is None
    assert find_token(f"{text} ") is None
    assert find_token("") is None


def test_find_token_refuses_expired_and_revoked_ones(world: World) -> None:
    expired, expired_text = make_token(world.organisation)
    revoked, revoked_text = make_token(world.organisation)
    with scope(organisation=world.organisation):
        made = timezone.now() - timedelta(days=2)
        ApiToken.objects.filter(pk=expired.pk).update(created_at=made, expires_at=made + timedelta(days=1))
        revoke_token(world.get_actor("administrator"), revoked)
    assert find_token(expired_text) is None
    assert find_token(revoked_text) is None


def test_last_use_is_written_at_most_once_a_minute(world: World, django_assert_num_queries: Any) -> None:
    token, text = make_token(world.organisation)
    with django_assert_num_queries(2):
        find_token(text)
    with scope(organisation=world.organisation):
        first = ApiToken.objects.get(pk=token.pk).last_used_at
    assert first is not None
    with django_assert_num_queries(1):
        find_token(text)
    with scope(organisation=world.organisation):
        assert ApiToken.objects.get(pk=token.pk).last_used_at == first
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=first - timedelta(minutes=1))
    with django_assert_num_queries(2):
        find_token(text)


def test_created_token_is_shown_once(world: World) -> None:
    browser = world.sign_in("administrator")
    address = reverse("token-new", kwargs={"organisation": world.organisation.slug})
    shown = browser.post(address, {"name": "Observatoire", "scopes": ["studies:read", "runs:write"], "days": "90"})
    assert shown.status_code == 200
    assert "no-store" in shown.headers["Cache-Control"]
    text = shown.context["text"]
    assert f'value="{text}"' in shown.content.decode()
    token = find_token(text)
    assert token is not None
    assert token.scopes == ["runs:write", "studies:read"]
    assert token.expires_at - token.created_at == timedelta(days=90)
    listed = browser.get(reverse("tokens", kwargs={"organisation": world.organisation.slug})).content.decode()
    assert token.prefix in listed
    assert text not in listed


def test_form_without_a_right_says_so(world: World) -> None:
    address = reverse("token-new", kwargs={"organisation": world.organisation.slug})
    shown = world.sign_in("administrator").post(address, {"name": "Observatoire", "days": "90"})
    assert shown.status_code == 200
    assert list(shown.context["form"].errors) == ["scopes"]
    with scope(organisation=world.organisation):
        assert not ApiToken.objects.exists()


def test_revoking_from_the_page_closes_the_token(world: World) -> None:
    token, text = make_token(world.organisation)
    address = reverse("token-revoke", kwargs={"organisation": world.organisation.slug, "token_id": token.pk})
    browser = world.sign_in("administrator")
    assert "Observatoire" in browser.get(address).content.decode()
    assert find_token(text) is not None
    answered = browser.post(address, follow=True)
    assert "Le jeton « Observatoire » n&#x27;ouvre plus rien." in answered.content.decode()
    assert find_token(text) is None


def test_token_of_another_organisation_is_not_found(world: World) -> None:
    token, _ = make_token(world.other)
    address = reverse("token-revoke", kwargs={"organisation": world.organisation.slug, "token_id": token.pk})
    assert world.sign_in("administrator").get(address).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_list_of_tokens_costs_the_same_for_one_and_three(
    world: World, count: int, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        make_token(world.organisation)
    browser = world.sign_in("administrator")
    address = reverse("tokens", kwargs={"organisation": world.organisation.slug})
    cache.clear()
    # Session, person, membership, tokens.
    with django_assert_num_queries(4):
        assert browser.get(address).status_code == 200
