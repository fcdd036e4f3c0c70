"""Sign-in with an identity provider, against a real one on a loopback port."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from django.urls import reverse

from ancrage.errors import InputError
from ancrage_web.accounts import invitations
from ancrage_web.accounts.models import User
from ancrage_web.config.environment import Environment
from ancrage_web.config.oidc import Oidc, read_oidc
from web.conftest import World
from web.oidc_provider import CLIENT_ID, SECRET, Provider, open_provider
from web.test_accounts_invitations import invite

LOGIN = "/compte/fournisseur/intra/"


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    """Return a provider that runs for the tests of this module."""
    with open_provider() as opened:
        yield opened


@pytest.fixture
def provider(running: Provider, settings: Any) -> Provider:
    """Return the provider, as it behaves well, configured on the site."""
    running.claims, running.described, running.signer, running.signed_description = {}, {}, None, False
    running.person = {"sub": "42", "email": "officer@example.org", "email_verified": True, "name": "Domi A."}
    configure(settings, running.address)
    return running


def configure(settings: Any, address: str, *, trust_email: bool = False) -> None:
    """Configure the site for a provider."""
    url = address + "/.well-known/openid-configuration"
    oidc = Oidc("intra", "Intranet", url, CLIENT_ID, SECRET, trust_email)
    settings.OIDC = oidc
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {**settings.SOCIALACCOUNT_PROVIDERS["openid_connect"], "APPS": [oidc.describe()]}
    }


def ask(browser: Client, address: str = LOGIN) -> str:
    """Go to the provider as the browser would, and return the path it sends back to."""
    sent = browser.post(address)
    assert sent.status_code == 302
    back = requests.get(sent["Location"], allow_redirects=False, timeout=60)
    assert back.headers["Location"].startswith("http://localhost:8000/compte/fournisseur/intra/retour/")
    return back.headers["Location"].removeprefix("http://localhost:8000")


def sign_in(browser: Client, address: str = LOGIN) -> Any:
    """Sign in with the provider and return the last answer of the site."""
    return browser.get(ask(browser, address))


def test_button_is_shown_where_a_provider_is_configured_only(world: World, settings: Any) -> None:
    assert "Continuer avec" not in Client().get(reverse("account_login")).content.decode()
    configure(settings, "http://127.0.0.1:1")
    assert "Continuer avec Intranet" in Client().get(reverse("account_login")).content.decode()
    assert "Continue with Intranet" in Client().get("/en" + reverse("account_login")).content.decode()


def test_verified_address_finds_the_account(world: World, provider: Provider) -> None:
    browser = Client()
    assert sign_in(browser)["Location"] == "/organisations/cc-vallee/etudes/"
    assert "CC de la Vallée" in browser.get("/organisations/").content.decode()
    account = SocialAccount.objects.get()
    assert account.user == world.people["officer"]
    # Nothing more than what the account shows is kept.
    assert account.extra_data == {"userinfo": {"sub": "42", "email": "officer@example.org"}}
    # Known by its identifier from now on, even with another address.
    provider.person = {"sub": "42", "email": "renamed@example.org", "email_verified": True}
    assert sign_in(Client())["Location"] == "/organisations/cc-vallee/etudes/"


def test_request_carries_pkce_and_a_fresh_nonce(world: World, provider: Provider) -> None:
    provider.asked.clear()
    for _ in range(2):
        sign_in(Client())
    first, second = provider.asked
    assert (first["response_type"], first["code_challenge_method"]) == ("code", "S256")
    assert set(first["scope"].split()) == {"openid", "profile", "email"}
    for name in ("nonce", "state", "code_challenge"):
        assert len(first[name]) >= 16
        assert first[name] != second[name]


def test_return_address_is_the_same_in_both_languages(world: World, provider: Provider) -> None:
    assert sign_in(Client(), "/en" + LOGIN).status_code == 302
    assert provider.asked[-1]["redirect_uri"] == "http://localhost:8000/compte/fournisseur/intra/retour/"


def test_signed_description_is_read_too(world: World, provider: Provider) -> None:
    provider.signed_description = True
    assert sign_in(Client())["Location"] == "/organisations/cc-vallee/etudes/"


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of another sign-in"},
        {"nonce": ""},
        {"aud": "another client"},
        {"iss": "https://elsewhere.example"},
        {"exp": 1},
    ],
)
def test_token_of_another_sign_in_is_refused(world: World, provider: Provider, claims: dict[str, Any]) -> None:
    provider.claims = claims
    browser = Client()
    answered = sign_in(browser)
    assert answered.status_code == 401
    assert "n’a pas abouti" in answered.content.decode()
    assert browser.get("/organisations/").status_code == 302


def test_token_with_a_wrong_signature_is_refused(world: World, provider: Provider) -> None:
    provider.signer = rsa.generate_private_key(65537, 2048)
    assert sign_in(Client()).status_code == 401
    assert not SocialAccount.objects.exists()


def test_description_of_someone_else_is_refused(world: World, provider: Provider) -> None:
    provider.described = {"sub": "43"}
    assert sign_in(Client()).status_code == 401


def test_answer_cannot_be_used_by_another_browser_nor_twice(world: World, provider: Provider) -> None:
    browser = Client()
    answer = ask(browser)
    assert Client().get(answer).status_code == 401
    assert browser.get(answer).status_code == 302
    assert browser.get(answer).status_code == 401


@pytest.mark.parametrize("verified", [False, "false", None])
def test_unverified_address_does_not_open_the_account(
    world: World, provider: Provider, settings: Any, verified: object
) -> None:
    settings.SIGNUP = "open"
    provider.person["email_verified"] = verified
    sign_in(Client())
    assert not SocialAccount.objects.filter(user=world.people["officer"]).exists()


def test_provider_that_vouches_for_its_addresses_opens_the_account(
    world: World, provider: Provider, settings: Any
) -> None:
    configure(settings, provider.address, trust_email=True)
    del provider.person["email_verified"]
    assert sign_in(Client())["Location"] == "/organisations/cc-vallee/etudes/"
    assert SocialAccount.objects.get().user == world.people["officer"]


def test_unknown_person_is_told_to_ask_for_an_invitation(world: World, provider: Provider) -> None:
    provider.person = {"sub": "7", "email": "new@example.org", "email_verified": True, "name": "Nour"}
    answered = sign_in(Client())
    assert "sur invitation" in answered.content.decode()
    assert not User.objects.filter(email="new@example.org").exists()


def test_invited_person_joins_with_the_provider(world: World, provider: Provider) -> None:
    provider.person = {"sub": "7", "email": "new@example.org", "email_verified": True, "name": "Nour"}
    browser = Client()
    browser.get(invite(world))
    assert sign_in(browser)["Location"] == "/organisations/"
    user = User.objects.get(email="new@example.org")
    assert (user.name, user.has_usable_password()) == ("Nour", False)
    assert "CC de la Vallée" in browser.get("/organisations/").content.decode()
    with pytest.raises(InputError):
        invitations.invite_member(world.get_actor("administrator"), "new@example.org", "reader")


def test_refusal_at_the_provider_is_not_an_error(world: World, provider: Provider) -> None:
    browser = Client()
    state = parse_qs(urlsplit(browser.post(LOGIN)["Location"]).query)["state"][0]
    answered = browser.get(f"{LOGIN}retour/", {"error": "access_denied", "state": state})
    assert answered["Location"] == reverse("socialaccount_login_cancelled")


def test_provider_that_is_down_is_said(world: World, settings: Any) -> None:
    configure(settings, "http://127.0.0.1:1")
    answered = Client().post(LOGIN)
    assert answered.status_code == 401
    assert "Intranet n’a pas répondu" in answered.content.decode()


def test_environment_gives_a_provider_or_none() -> None:
    assert read_oidc(Environment({})) is None
    found = read_oidc(
        Environment(
            {
                "ANCRAGE_OIDC_URL": "https://auth.example.org/realm/",
                "ANCRAGE_OIDC_CLIENT_ID": "a",
                "ANCRAGE_OIDC_SECRET": "b",
            }
        )
    )
    url = "https://auth.example.org/realm/.well-known/openid-configuration"
    assert found == Oidc("oidc", "auth.example.org", url, "a", "b", trust_email=False)
    assert found.origin == "https://auth.example.org"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ANCRAGE_OIDC_SECRET": ""}, "ANCRAGE_OIDC_SECRET est absente"),
        ({"ANCRAGE_OIDC_URL": "http://auth.example.org"}, "n'est pas l'adresse https"),
        ({"ANCRAGE_OIDC_ID": "Mon/Fournisseur"}, "ne peut pas faire partie d'une adresse"),
    ],
)
def test_environment_with_an_odd_provider_is_refused(changes: dict[str, str], reason: str) -> None:
    whole = {
        "ANCRAGE_OIDC_URL": "https://auth.example.org",
        "ANCRAGE_OIDC_CLIENT_ID": "a",
        "ANCRAGE_OIDC_SECRET": "b",
    }
    with pytest.raises(InputError) as caught:
        read_oidc(Environment({**whole, **changes}))
    assert reason in caught.value.text.fr
