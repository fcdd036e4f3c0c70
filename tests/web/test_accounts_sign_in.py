"""Sign-in, sign-up, e-mails and second factors."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import allauth
import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from cryptography.fernet import InvalidToken
from django.conf import settings as site
from django.core import mail
from django.test import Client
from django.urls import reverse

from ancrage_web.accounts.adapters import MESSAGES, SecondFactorAdapter, build_cipher
from ancrage_web.accounts.mails import MAILS, build_mail
from ancrage_web.accounts.models import User
from ancrage_web.config.logs import LineFormatter
from web.conftest import PASSWORD, World

LOGIN, SIGNUP = "/compte/connexion/", "/compte/inscription/"
STRONG = "quatre mots sans rapport"


def sign_in(browser: Client, email: str, password: str = PASSWORD) -> Any:
    """Sign in with a password."""
    return browser.post(LOGIN, {"login": email, "password": password})


def find_path(body: str) -> str:
    """Return the path of the link of an e-mail."""
    found = re.search(r"https?://[^/\s]+(/\S*compte/\S+)", body)
    assert found is not None
    return found.group(1)


def compute_code(secret: str) -> str:
    """Return the code that an application shows now."""
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(secret, counter)))


# Passwords ----------------------------------------------------------------------------------------------------------


def test_sign_in_leads_to_ones_organisations(world: World) -> None:
    assert sign_in(Client(), "Officer@Example.org")["Location"] == "/organisations/cc-vallee/etudes/"
    asked = Client().get("/organisations/cc-vallee/")["Location"]
    assert asked == "/compte/connexion/?next=/organisations/cc-vallee/"
    answered = Client().post(
        asked, {"login": "officer@example.org", "password": PASSWORD, "next": "/organisations/cc-vallee/"}
    )
    assert answered["Location"] == "/organisations/cc-vallee/"


def test_wrong_password_and_unknown_address_are_told_apart_by_nobody(world: World) -> None:
    wrong = sign_in(Client(), "officer@example.org", "wrong").content.decode()
    unknown = sign_in(Client(), "nobody@example.org", "wrong").content.decode()
    for page in (wrong, unknown):
        assert "L’adresse e-mail ou le mot de passe sont incorrects." in page


def test_attempts_are_limited_and_the_page_says_so(world: World) -> None:
    for _ in range(5):
        sign_in(Client(), "officer@example.org", "wrong")
    page = sign_in(Client(), "officer@example.org")
    assert "Trop de tentatives" in page.content.decode()
    for _ in range(40):
        limited = Client().post("/en" + SIGNUP, {"email": "x"})
    assert limited.status_code == 429
    assert "Too many requests in a short time" in limited.content.decode()


def test_forgotten_password_is_chosen_again_by_a_link(world: World) -> None:
    browser = Client()
    browser.post(reverse("account_reset_password"), {"email": "officer@example.org"})
    sent = mail.outbox[0]
    assert sent.subject == "Choisissez un nouveau mot de passe"
    answered = browser.get(find_path(sent.body), follow=True)
    form_address = answered.redirect_chain[-1][0]
    page = browser.post(form_address, {"password1": STRONG, "password2": STRONG}, follow=True)
    assert "Votre mot de passe est changé" in page.content.decode()
    assert mail.outbox[1].subject == "Votre mot de passe a été renouvelé"
    assert sign_in(Client(), "officer@example.org", STRONG).status_code == 302
    again = browser.get(find_path(sent.body), follow=True)
    assert "Ce lien ne fonctionne plus" in again.content.decode()


def test_reset_of_an_unknown_address_says_the_same_and_writes_to_it(world: World) -> None:
    browser = Client()
    address = "/en" + reverse("account_reset_password")
    known = browser.post(address, {"email": "officer@example.org"}, follow=True)
    unknown = browser.post(address, {"email": "nobody@example.org"}, follow=True)
    strip = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')
    assert strip.sub("", known.content.decode()) == strip.sub("", unknown.content.decode())
    assert [sent.subject for sent in mail.outbox] == ["Choose a new password", "No account with this address"]


def test_password_change_is_told_by_email_and_closes_other_sessions(world: World) -> None:
    browser, elsewhere = Client(), Client()
    sign_in(browser, "officer@example.org")
    sign_in(elsewhere, "officer@example.org")
    answered = browser.post(
        reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": STRONG, "password2": STRONG}
    )
    assert answered.status_code == 302
    assert mail.outbox[-1].subject == "Votre mot de passe a changé"
    assert browser.get("/organisations/").status_code == 200
    assert elsewhere.get("/organisations/").status_code == 302


# Sign-up and addresses ----------------------------------------------------------------------------------------------


def test_sign_up_is_closed_without_an_invitation(world: World) -> None:
    page = Client().get(SIGNUP).content.decode()
    assert "Un compte se crée sur invitation" in page
    Client().post(SIGNUP, {"name": "X", "email": "new@example.org", "password1": STRONG})
    assert not User.objects.filter(email="new@example.org").exists()
    assert "Créer un compte" not in Client().get(LOGIN).content.decode()


def test_sign_in_offers_an_account_where_one_may_be_created(world: World, settings: Any) -> None:
    settings.SIGNUP = "open"
    assert f'href="{SIGNUP}"' in Client().get(LOGIN).content.decode()
    assert "Create an account" in Client().get("/en" + LOGIN).content.decode()


@pytest.mark.parametrize(
    ("prefix", "subject"), [("", "Confirmez votre adresse e-mail"), ("/en", "Confirm your e-mail address")]
)
def test_open_sign_up_verifies_the_address(world: World, settings: Any, prefix: str, subject: str) -> None:
    settings.SIGNUP = "open"
    browser = Client()
    answered = browser.post(prefix + SIGNUP, {"name": "Nour", "email": "New@example.org", "password1": STRONG})
    assert answered["Location"] == f"{prefix}/compte/adresse/verification/"
    sent = mail.outbox[0]
    assert (sent.to, sent.subject) == (["new@example.org"], subject)
    assert User.objects.get(email="new@example.org").name == "Nour"
    assert browser.get("/organisations/").status_code == 302
    link = find_path(sent.body)
    assert link.startswith(f"{prefix}/compte/adresse/verification/")
    assert browser.get(link).status_code == 200
    browser.post(link)
    assert sign_in(Client(), "new@example.org", STRONG)["Location"] == "/organisations/"


def test_sign_up_with_a_known_address_tells_only_its_owner(world: World, settings: Any) -> None:
    settings.SIGNUP = "open"
    answered = Client().post(SIGNUP, {"name": "X", "email": "officer@example.org", "password1": STRONG})
    assert answered["Location"] == "/compte/adresse/verification/"
    assert [(sent.to, sent.subject) for sent in mail.outbox] == [(["officer@example.org"], "Vous avez déjà un compte")]


def test_weak_password_is_explained_beside_its_field(world: World, settings: Any) -> None:
    settings.SIGNUP = "open"
    page = Client().post(SIGNUP, {"name": "X", "email": "new@example.org", "password1": "court"}).content.decode()
    assert "error-summary" in page
    assert "trop court" in page


def test_address_changes_once_the_new_one_is_confirmed(world: World) -> None:
    browser = Client()
    sign_in(browser, "officer@example.org")
    wanted = {"email": "new@example.org", "action_add": ""}
    # Such a change asks for the password again, then goes on by itself.
    asked = browser.post(reverse("account_email"), wanted)
    browser.post(asked["Location"], {"password": PASSWORD})
    assert "new@example.org attend votre confirmation" in browser.get(reverse("account_email")).content.decode()
    assert User.objects.filter(email="officer@example.org").exists()
    browser.post(find_path(mail.outbox[-1].body))
    assert User.objects.get(email="new@example.org") == world.people["officer"]
    assert sign_in(Client(), "officer@example.org").status_code == 200


def test_name_is_changed_on_the_page_of_the_account(world: World) -> None:
    browser = world.sign_in("officer")
    assert browser.post(reverse("account"), {"name": "  Domi   Agent "}).status_code == 302
    assert "Domi Agent" in browser.get(reverse("account")).content.decode()


# Second factors -----------------------------------------------------------------------------------------------------


def turn_codes_on(browser: Client) -> str:
    """Turn sign-in codes on for who is signed in, and return the secret."""
    address = reverse("mfa_activate_totp")
    asked = browser.get(address)
    if asked.status_code == 302:
        browser.post(asked["Location"], {"password": PASSWORD})
    page = browser.get(address).content.decode()
    found = re.search(r"<code>([A-Z2-7]+)</code>", page)
    assert found is not None
    answered = browser.post(address, {"code": compute_code(found.group(1))})
    assert answered.status_code == 302, answered.content.decode()
    return found.group(1)


def test_codes_are_asked_at_the_next_sign_in_and_stored_encrypted(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    browser = Client()
    sign_in(browser, "officer@example.org")
    with django_capture_on_commit_callbacks(execute=True):
        secret = turn_codes_on(browser)
    assert [sent.subject for sent in mail.outbox] == ["Les codes de connexion sont activés"]
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in stored
    assert build_cipher().decrypt(stored.encode()).decode() == secret

    later = Client()
    assert sign_in(later, "officer@example.org")["Location"].startswith("/compte/securite/code/")
    assert later.get("/organisations/").status_code == 302
    wrong = later.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert "Code incorrect" in wrong.content.decode()


def test_recovery_code_signs_in_once(world: World) -> None:
    browser = Client()
    sign_in(browser, "officer@example.org")
    turn_codes_on(browser)
    page = browser.get(reverse("mfa_view_recovery_codes")).content.decode()
    codes = re.findall(r"<code>(\d+)</code>", page)
    assert len(codes) == 10
    assert browser.get(reverse("mfa_download_recovery_codes")).content.decode().split() == codes
    for status in (302, 200):
        later = Client()
        sign_in(later, "officer@example.org")
        assert later.post(reverse("mfa_authenticate"), {"code": codes[0]}).status_code == status
    assert "9 sur 10" in browser.get(reverse("mfa_view_recovery_codes")).content.decode()


def test_secrets_open_with_a_former_key_of_the_instance(settings: Any) -> None:
    adapter = SecondFactorAdapter()
    stored = adapter.encrypt(generate_totp_secret())
    former, settings.SECRET_KEY = site.SECRET_KEY, "another key"
    with pytest.raises(InvalidToken):
        adapter.decrypt(stored)
    settings.SECRET_KEY_FALLBACKS = [former]
    assert len(adapter.decrypt(stored)) == 32


def test_passkey_pages_ask_the_browser_without_inline_script(world: World) -> None:
    browser = Client()
    sign_in(browser, "officer@example.org")
    asked = browser.get(reverse("mfa_add_webauthn"))
    browser.post(asked["Location"], {"password": PASSWORD})
    page = browser.get(reverse("mfa_add_webauthn")).content.decode()
    assert 'data-passkey="create"' in page
    assert '"creation_options"' in page
    scripts = re.findall(r"<script[^>]*>", page)
    assert [script for script in scripts if "src=" not in script] == ['<script id="js_data" type="application/json">']
    options = Client().get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"}).json()
    assert "challenge" in options["request_options"]["publicKey"]


def test_messages_of_the_server_hold_no_address_and_no_token(world: World, caplog: Any) -> None:
    token = "a1B2" * 10
    caplog.set_level("DEBUG")
    sign_in(Client(), "officer@example.org", "wrong")
    sign_in(Client(), "nobody@example.org", "wrong")
    Client().post(reverse("account_reset_password"), {"email": "officer@example.org"})
    Client().get(f"/organisations/invitation/{token}/")
    lines = [LineFormatter().format(line) for line in caplog.records if line.name != "django.db.backends"]
    assert any("invitation" in line for line in lines)
    assert [line for line in lines if "example.org" in line or token in line] == []


# Words --------------------------------------------------------------------------------------------------------------

ENGLISH = re.compile(r"\b(the|your|you|password|sign in|e-mail address|please|security key|account)\b", re.IGNORECASE)
OPEN = (
    "account_login",
    "account_signup",
    "account_reset_password",
    "account_reset_password_done",
    "account_inactive",
    "account_email_verification_sent",
    "account_reset_password_from_key_done",
    "socialaccount_login_cancelled",
)
OWN = (
    "account",
    "personal_data",
    "account_email",
    "account_change_password",
    "account_logout",
    "mfa_index",
    "mfa_list_webauthn",
    "socialaccount_connections",
    "organisations",
    "account_reauthenticate",
    "mfa_add_webauthn",
    "mfa_activate_totp",
    "account_erase",
)


def read_words(page: str) -> str:
    """Return the text of the main part of a page."""
    main = page[page.index("<main") : page.index("</main>")]
    return re.sub(r"<script.*?</script>|<[^>]+>", " ", main, flags=re.DOTALL)


@pytest.mark.parametrize("route", [*OPEN, *OWN])
def test_french_pages_hold_no_english(world: World, settings: Any, route: str) -> None:
    settings.SIGNUP = "open"
    browser = Client()
    if route in OWN:
        sign_in(browser, "officer@example.org")
        browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = browser.get(reverse(route))
    assert page.status_code == 200
    words = read_words(page.content.decode())
    assert ENGLISH.findall(words) == []
    english = read_words(browser.get("/en" + reverse(route)).content.decode())
    assert not re.search(r"\b(votre|mot de passe|adresse e-mail|compte|vous)\b", english, re.IGNORECASE)


@pytest.mark.parametrize("name", sorted(MAILS))
def test_mails_say_who_sends_and_why_in_both_languages(name: str) -> None:
    values = (
        dict.fromkeys(("activate_url", "password_reset_url", "link"), "http://localhost:8000/x/")
        | dict.fromkeys(("from_email", "to_email", "deleted_email"), "a@example.org")
        | {
            "timestamp": "1",
            "provider": "P",
            "inviter": "I\nBcc: x@example.org",
            "organisation": "O",
            "role": "R",
            "deadline": "D",
            "convention": "C\nBcc: x@example.org",
            "deadlines": "- D",
        }
    )
    french, english = (build_mail(name, "to@example.org", values, language) for language in ("fr", "en"))
    for sent, greeting, reason in (
        (french, "Bonjour,", "Cet e-mail a été envoyé automatiquement à to@example.org"),
        (english, "Hello,", "This e-mail was sent automatically to to@example.org"),
    ):
        assert sent.body.startswith(greeting)
        assert reason in sent.body
        assert "Ancrage, http://localhost:8000" in sent.body
        assert "\n" not in sent.subject
        assert "{" not in sent.body + sent.subject
    assert french.subject != english.subject


def list_shipped(kind: str, ending: str) -> set[str]:
    """Return the texts that allauth ships, by the names it asks for."""
    folders = ("account", "mfa", "socialaccount")
    root = Path(allauth.__path__[0]) / "templates"
    paths = [(folder, path) for folder in folders for path in (root / folder / kind).glob(f"*{ending}")]
    return {f"{folder}/{kind}/{path.name.removesuffix(ending)}" for folder, path in paths}


def test_every_mail_of_allauth_that_can_leave_has_our_words() -> None:
    # Codes by e-mail are not used here, and the first one is a frame.
    unused = {f"account/email/{name}" for name in ("base", "login_code", "password_reset_code")}
    assert list_shipped("email", "_message.txt") - unused == set(MAILS) - {
        "invitation",
        "account_erased",
        "convention_reminder",
    }


def test_every_message_of_allauth_that_can_be_shown_has_our_words() -> None:
    unsaid = ("logged_in", "login_code_sent", "phone_verification_sent", "phone_verified")
    shipped = list_shipped("messages", ".txt") - {f"account/messages/{name}" for name in unsaid}
    assert {f"{name}.txt" for name in shipped} == set(MESSAGES)
