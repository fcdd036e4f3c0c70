"""Addresses of organisations: /organisations/... (those of one organisation start with its slug)."""

from __future__ import annotations

from django.urls import path

from ancrage_web.accounts import invitation_views, views

# "nouvelle" and "invitation" are words that no organisation takes (accounts.rules.RESERVED_SLUGS).
urlpatterns = [
    path("", views.list_organisations, name="organisations"),
    path("nouvelle/", views.create_organisation, name="organisation_create"),
    path("invitation/<str:token>/", invitation_views.show_invitation, name="invitation"),
    path("<slug:organisation>/", views.show_organisation, name="organisation"),
    path("<slug:organisation>/modifier/", views.change_organisation, name="organisation_change"),
    path("<slug:organisation>/quitter/", views.leave_organisation, name="organisation_leave"),
    path("<slug:organisation>/membres/<uuid:person>/role/", views.change_role, name="member_role"),
    path("<slug:organisation>/membres/<uuid:person>/retirer/", views.remove_member, name="member_remove"),
    path("<slug:organisation>/invitations/", views.invite_member, name="invitation_create"),
    path(
        "<slug:organisation>/invitations/<uuid:identifier>/renvoyer/",
        views.resend_invitation,
        name="invitation_resend",
    ),
    path(
        "<slug:organisation>/invitations/<uuid:identifier>/annuler/",
        views.revoke_invitation,
        name="invitation_revoke",
    ),
]
