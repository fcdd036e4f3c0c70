"""Bodies larger than anything the site takes are refused before they are read."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.test import Client
from django.urls import reverse

from web.conftest import World


def post_unread(client: Client, address: str, length: int, monkeypatch: pytest.MonkeyPatch) -> int:
    def read_nothing(self: WSGIRequest) -> None:
        raise AssertionError("the form was read")

    monkeypatch.setattr(WSGIRequest, "_load_post_and_files", read_nothing)
    answered = client.generic("POST", address, "", CONTENT_LENGTH=str(length), CONTENT_TYPE="multipart/form-data")
    return int(answered.status_code)


@pytest.mark.parametrize("person", ["anonymous", "officer"])
def test_body_too_large_is_refused_unread(person: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = world.sign_in(person)
    length = settings.BODY_MB * 1_000_000 + 1
    assert post_unread(browser, reverse("organisations"), length, monkeypatch) == 413


def test_refusal_says_the_sizes(client: Client, db: None) -> None:
    length = settings.BODY_MB * 1_000_000 + 1
    page = client.generic("POST", reverse("home"), "", CONTENT_LENGTH=str(length)).content.decode()
    assert f"L&#x27;envoi pèse {settings.BODY_MB + 1} Mo, {settings.BODY_MB} Mo au plus" in page


def test_largest_body_goes_on(client: Client, db: None) -> None:
    length = settings.BODY_MB * 1_000_000
    assert client.generic("POST", reverse("home"), "", CONTENT_LENGTH=str(length)).status_code != 413
