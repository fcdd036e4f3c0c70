"""Addresses of sign-in and of one's own account: only the pages of allauth that the site shows."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as factors
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.socialaccount import views as social
from django.urls import path, re_path

from ancrage_web.accounts import account_views, oidc

urlpatterns = [
    path("", account_views.show_account, name="account"),
    path("donnees/", account_views.show_personal_data, name="personal_data"),
    path("donnees/export/", account_views.export_personal_data, name="personal_data_export"),
    path("donnees/effacer/", account_views.erase_account, name="account_erase"),
    path("connexion/", account.login, name="account_login"),
    path("deconnexion/", account.logout, name="account_logout"),
    path("inscription/", account.signup, name="account_signup"),
    path("inactif/", account.account_inactive, name="account_inactive"),
    path("confirmer/", account.reauthenticate, name="account_reauthenticate"),
    path("adresse/", account.email, name="account_email"),
    path("adresse/verification/", account.email_verification_sent, name="account_email_verification_sent"),
    re_path(r"^adresse/verification/(?P<key>[-:\w]+)/$", account.confirm_email, name="account_confirm_email"),
    path("mot-de-passe/", account.password_change, name="account_change_password"),
    path("mot-de-passe/creer/", account.password_set, name="account_set_password"),
    path("mot-de-passe/oublie/", account.password_reset, name="account_reset_password"),
    path("mot-de-passe/oublie/envoye/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^mot-de-passe/oublie/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("mot-de-passe/change/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("securite/", factors.index, name="mfa_index"),
    path("securite/code/", factors.authenticate, name="mfa_authenticate"),
    path("securite/confirmer/", factors.reauthenticate, name="mfa_reauthenticate"),
    path("securite/application/activer/", totp.activate_totp, name="mfa_activate_totp"),
    path("securite/application/desactiver/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("securite/secours/", recovery_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("securite/secours/creer/", recovery_codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("securite/secours/fichier/", recovery_codes.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("securite/cles/", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path("securite/cles/ajouter/", webauthn.add_webauthn, name="mfa_add_webauthn"),
    path("securite/cles/confirmer/", webauthn.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("securite/cles/connexion/", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path("securite/cles/<int:pk>/modifier/", webauthn.edit_webauthn, name="mfa_edit_webauthn"),
    path("securite/cles/<int:pk>/retirer/", webauthn.remove_webauthn, name="mfa_remove_webauthn"),
    path("fournisseurs/", social.connections, name="socialaccount_connections"),
    path("fournisseurs/annule/", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("fournisseurs/inscription/", social.signup, name="socialaccount_signup"),
    path("fournisseur/<slug:provider_id>/", oidc.ask_provider, name="openid_connect_login"),
    path("fournisseur/<slug:provider_id>/retour/", oidc.read_answer, name="openid_connect_callback"),
]
