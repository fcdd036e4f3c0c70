"""Personal data: handed over, erased."""

from __future__ import annotations

import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.urls import reverse
from django_scopes import scope, scopes_disabled

from ancrage.errors import InputError
from ancrage_web.accounts import invitations
from ancrage_web.accounts.models import Invitation, Membership
from ancrage_web.accounts.personal_data import build_export, erase_person
from ancrage_web.audit.services import check_trail, record
from ancrage_web.studies.models import Comment, Study
from web.conftest import PASSWORD, World
from web.test_accounts_organisations import read_trail


def confirm_again(browser: Client, address: str) -> Any:
    """Open a page that asks for the password again, and give it."""
    asked = browser.get(address)
    assert asked["Location"] == f"{reverse('account_reauthenticate')}?next={address.replace('/', '%2F')}"
    answered = browser.post(asked["Location"], {"password": PASSWORD})
    assert answered["Location"] == address
    return browser.get(address)


def test_export_holds_everything_and_needs_the_password_again(world: World) -> None:
    officer = world.people["officer"]
    with scope(organisation=world.organisation):
        study = Study.objects.create(organisation=world.organisation, name="E", epci=["1"], created_by=officer)
        Comment.objects.create(study=study, author=officer, text="A secret remark")
    record(world.get_actor("officer"), "study.created", "study", study.pk)
    Authenticator.objects.create(user=officer, type="totp", data={"secret": "hidden"})
    answered = confirm_again(world.sign_in("officer"), reverse("personal_data_export"))
    exported = json.loads(answered.content)
    assert answered["Content-Disposition"] == 'attachment; filename="mes-donnees.json"'
    assert exported["account"]["email"] == "officer@example.org"
    assert exported["addresses"] == [{"email": "officer@example.org", "verified": True, "primary": True}]
    assert [(row["organisation"], row["role"]) for row in exported["memberships"]] == [("CC de la Vallée", "editor")]
    assert exported["log"] == {"study.created": 1}
    assert exported["written"]["studies.Study"] == {"field": "created_by", "count": 1, "ids": [str(study.pk)]}
    assert exported["written"]["studies.Comment"]["count"] == 1
    assert exported["sign_in"]["second_factors"][0]["type"] == "totp"
    assert "hidden" not in answered.content.decode()
    assert "A secret remark" not in answered.content.decode()


def test_erasure_forgets_the_person_and_keeps_what_they_did(world: World) -> None:
    officer = world.people["officer"]
    assert officer is not None
    record(world.get_actor("officer"), "study.created", "study", "x")
    Authenticator.objects.create(user=officer, type="totp", data={"secret": "hidden"})
    SocialAccount.objects.create(user=officer, provider="openid_connect", uid="1", extra_data={})
    invitations.invite_member(world.get_actor("administrator"), "elsewhere@example.org", "reader")
    with scopes_disabled():
        Invitation.objects.update(email="officer@example.org")
    elsewhere = world.sign_in("officer")
    browser = world.sign_in("officer")
    address = reverse("account_erase")
    page = confirm_again(browser, address)
    assert "Effacer mon compte" in page.content.decode()
    assert browser.post(address, {}).status_code == 422
    assert browser.post(address, {"sure": "on"})["Location"] == "/"

    officer.refresh_from_db()
    assert (officer.email, officer.name) == (f"erased-{officer.pk}@invalid", "")
    assert (officer.is_active, officer.has_usable_password(), officer.last_login) == (False, False, None)
    assert officer.erased_at is not None
    assert not officer.emailaddress_set.exists()
    assert not Authenticator.objects.filter(user=officer).exists()
    assert not SocialAccount.objects.filter(user=officer).exists()
    with scopes_disabled():
        assert not Membership.objects.filter(user=officer).exists()
        assert not Invitation.objects.filter(email="officer@example.org").exists()
    assert all(session.get_decoded().get("_auth_user_id") != str(officer.pk) for session in Session.objects.all())
    assert elsewhere.get(reverse("organisations")).status_code == 302
    assert [line[0] for line in read_trail(world.organisation)] == [
        "study.created",
        "invitation.created",
        "member.left",
    ]
    assert check_trail(world.organisation).broken is None
    assert mail.outbox[-1].to == ["officer@example.org"]
    assert mail.outbox[-1].subject == "Votre compte est effacé"
    assert str(officer) == "Personne effacée"


def test_erased_person_cannot_sign_in_nor_reset(world: World) -> None:
    officer = world.people["officer"]
    assert officer is not None
    erase_person(officer)
    answered = Client().post(reverse("account_login"), {"login": "officer@example.org", "password": PASSWORD})
    assert answered.status_code == 200
    assert "incorrects" in answered.content.decode()
    Client().post(reverse("account_reset_password"), {"email": "officer@example.org"})
    assert mail.outbox[-1].subject == "Aucun compte à cette adresse"


def test_last_administrator_hands_over_before_erasing(world: World) -> None:
    administrator = world.people["administrator"]
    assert administrator is not None
    with pytest.raises(InputError) as caught:
        erase_person(administrator)
    assert "dernier administrateur de CC de la Vallée" in caught.value.text.fr
    administrator.refresh_from_db()
    assert administrator.erased_at is None
    page = world.sign_in("administrator").get(reverse("personal_data")).content.decode()
    assert "Donnez d’abord ce rôle à un autre membre" in page
    assert reverse("account_erase") not in page


def test_export_of_someone_invited_elsewhere_names_the_invitation(world: World) -> None:
    stranger = world.people["stranger"]
    assert stranger is not None
    invitations.invite_member(world.get_actor("administrator"), "stranger@example.org", "reader")
    exported = build_export(stranger)
    assert [(row["organisation"], row["role"]) for row in exported["invitations"]] == [("CC de la Vallée", "reader")]
    assert exported["memberships"] == []
