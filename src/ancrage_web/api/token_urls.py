"""Addresses of the tokens of an organisation: /organisations/<slug>/jetons/."""

from __future__ import annotations

from django.urls import path

from ancrage_web.api import token_views

urlpatterns = [
    path("", token_views.list_tokens, name="tokens"),
    path("nouveau/", token_views.create_token, name="token-new"),
    path("<uuid:token_id>/revoquer/", token_views.revoke_token, name="token-revoke"),
]
