"""Invitations by e-mail."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from django_scopes import scope

from ancrage.errors import InputError
from ancrage_web.accounts import invitations
from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.mails import MailNotSentError
from ancrage_web.accounts.models import Invitation, User
from ancrage_web.accounts.secret_texts import compute_fingerprint
from web.conftest import World, create_person
from web.test_accounts_organisations import read_trail


def invite(world: World, email: str = "new@example.org", role: str = "editor") -> str:
    """Invite an address and return the link of the e-mail, without its host."""
    invitations.invite_member(world.get_actor("administrator"), email, role)
    return read_link()


def read_link() -> str:
    """Return the path of the link of the last e-mail."""
    found = re.search(r"http://localhost:8000(/\S+)", str(mail.outbox[-1].body))
    assert found is not None
    return found.group(1)


def test_invitation_leaves_by_email_and_keeps_only_the_fingerprint_of_its_link(world: World) -> None:
    link = invite(world, "New@Example.org")
    sent = mail.outbox[0]
    assert sent.to == ["new@example.org"]
    assert sent.subject == "Alex Admin vous invite dans CC de la Vallée"
    assert "avec le rôle « Éditeur »" in sent.body
    token = link.split("/")[-2]
    assert len(token) == 43
    with scope(organisation=world.organisation):
        stored = Invitation.objects.get()
    assert stored.token_hash == compute_fingerprint(token)
    assert timedelta(days=13) < stored.expires_at - timezone.now() <= timedelta(days=14)
    assert read_trail(world.organisation) == [("invitation.created", "invitation", {}, {"role": "editor"})]


def test_invitation_is_written_in_the_language_of_who_invites(world: World) -> None:
    with override("en"):
        link = invite(world)
    assert mail.outbox[0].subject == "Alex Admin invites you to CC de la Vallée"
    assert "with the role “Editor”" in mail.outbox[0].body
    assert link.startswith("/en/organisations/invitation/")


def test_invited_person_signs_up_and_is_a_member_at_once(world: World) -> None:
    browser = Client()
    page = browser.get(invite(world)).content.decode()
    assert "Rejoindre CC de la Vallée" in page
    form = browser.get(reverse("account_signup")).content.decode()
    assert 'value="new@example.org"' in form
    answered = browser.post(
        reverse("account_signup"),
        {"name": "Nour Nouveau", "email": "other@example.org", "password1": "quatre mots sans rapport"},
    )
    assert answered["Location"] == "/organisations/"
    user = User.objects.get(name="Nour Nouveau")
    # The link proved the address: no second e-mail, and no other address than the invited one.
    assert user.email == "new@example.org"
    assert user.emailaddress_set.get().verified is True
    assert len(mail.outbox) == 1
    assert "CC de la Vallée" in browser.get("/organisations/").content.decode()
    assert read_trail(world.organisation)[-1] == ("invitation.accepted", "member", {}, {"role": "editor"})


def test_signed_in_person_accepts_once(world: World) -> None:
    create_person("new@example.org", "Nour Nouveau")
    user = User.objects.get(email="new@example.org")
    browser = Client()
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    link = invite(world)
    assert "Rejoindre l’organisation" in browser.get(link).content.decode()
    assert browser.post(link)["Location"] == "/organisations/cc-vallee/"
    again = browser.post(link)
    assert again.status_code == 410
    assert "a déjà servi" in again.content.decode()


def test_sign_in_from_an_invitation_comes_back_to_it(world: World) -> None:
    create_person("new@example.org", "Nour Nouveau")
    browser = Client()
    link = invite(world)
    browser.get(link)
    answered = browser.post(
        reverse("account_login"), {"login": "new@example.org", "password": "a long password for tests"}
    )
    assert answered["Location"] == link


def test_invitation_to_another_address_is_explained_and_refused(world: World) -> None:
    link = invite(world)
    browser = world.sign_in("stranger")
    page = browser.get(link).content.decode()
    assert "Vous êtes connecté avec stranger@example.org" in page
    assert "Rejoindre l’organisation" not in page
    stranger = world.people["stranger"]
    assert stranger is not None
    with pytest.raises(InputError) as caught:
        invitations.accept_invitation(link.split("/")[-2], stranger)
    assert "destinée à une autre adresse" in caught.value.text.fr
    browser.post(link)
    assert browser.get(reverse("organisation", kwargs={"organisation": "cc-vallee"})).status_code == 404


def test_unverified_address_does_not_accept(world: World) -> None:
    user = User.objects.create_user("new@example.org", "a long password for tests")
    user.emailaddress_set.create(email="new@example.org", verified=False, primary=True)
    with pytest.raises(InputError):
        invitations.accept_invitation(invite(world).split("/")[-2], user)


def test_expired_revoked_and_unknown_links_have_each_their_page(world: World) -> None:
    browser = Client()
    link = invite(world)
    with scope(organisation=world.organisation):
        Invitation.objects.update(expires_at=timezone.now())
    expired = browser.get(link)
    assert (expired.status_code, "a expiré" in expired.content.decode()) == (410, True)
    assert browser.get(reverse("account_signup")).content.decode().count("sur invitation") == 1
    with scope(organisation=world.organisation):
        invitation = Invitation.objects.get()
    invitations.revoke_invitation(world.get_actor("administrator"), invitation.pk)
    revoked = browser.get(link)
    assert (revoked.status_code, "a été annulée" in revoked.content.decode()) == (410, True)
    unknown = browser.get(reverse("invitation", kwargs={"token": "unknown"}))
    assert (unknown.status_code, "aucune invitation" in unknown.content.decode()) == (404, True)


def test_resent_invitation_has_a_new_link_and_the_former_one_is_void(world: World) -> None:
    former = invite(world)
    with scope(organisation=world.organisation):
        Invitation.objects.update(expires_at=timezone.now())
        invitation = Invitation.objects.get()
    address = reverse("invitation_resend", kwargs={"organisation": "cc-vallee", "identifier": invitation.pk})
    world.sign_in("administrator").post(address)
    assert len(mail.outbox) == 2
    assert Client().get(former).status_code == 404
    assert Client().get(read_link()).status_code == 200
    assert [line[0] for line in read_trail(world.organisation)] == ["invitation.created", "invitation.sent_again"]


def test_member_or_invited_address_is_not_invited_twice(world: World) -> None:
    actor = world.get_actor("administrator")
    invite(world)
    for email, reason in (("NEW@example.org", "déjà invité"), ("Officer@example.org", "déjà membre")):
        with pytest.raises(InputError) as caught:
            invitations.invite_member(actor, email, "reader")
        assert reason in caught.value.text.fr
    page = world.sign_in("administrator").post(
        reverse("invitation_create", kwargs={"organisation": "cc-vallee"}),
        {"email": "officer@example.org", "role": "reader"},
    )
    assert page.status_code == 422
    assert "est déjà membre" in page.content.decode()


def test_member_who_accepts_keeps_the_higher_role(world: World) -> None:
    link = invite(world, role="reader")
    user = create_person("new@example.org", "Nour", world.organisation, Role.EDITOR)
    invitations.accept_invitation(link.split("/")[-2], user)
    assert [line[2:] for line in read_trail(world.organisation)][-1] == ({"role": "editor"}, {"role": "editor"})


def test_mail_server_that_is_down_is_told_and_the_invitation_is_kept(world: World, monkeypatch: Any) -> None:
    def refuse(*_args: Any, **_options: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    with pytest.raises(MailNotSentError) as caught:
        invitations.invite_member(world.get_actor("administrator"), "new@example.org", "reader")
    assert "n'a pas pu partir" in caught.value.text.fr
    page = world.sign_in("administrator").get(reverse("organisation", kwargs={"organisation": "cc-vallee"}))
    assert "new@example.org" in page.content.decode()


def test_invitation_of_another_organisation_cannot_be_revoked(world: World) -> None:
    invite(world)
    with scope(organisation=world.organisation):
        invitation = Invitation.objects.get()
    other = create_person("boss@example.org", "Boss", world.other, Role.ADMINISTRATOR)
    browser = Client()
    browser.force_login(other, backend="django.contrib.auth.backends.ModelBackend")
    address = reverse("invitation_revoke", kwargs={"organisation": "cabinet-rebond", "identifier": invitation.pk})
    assert browser.post(address).status_code == 302
    invitation.refresh_from_db()
    assert invitation.revoked_at is None
