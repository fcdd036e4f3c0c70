"""Addresses of the site: French at the root, English under /en/; what programs read stands outside of both."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("ancrage_web.api.urls")),
    path("", include("ancrage_web.pages.machine_urls")),
    *i18n_patterns(
        path("", include("ancrage_web.pages.urls")),
        path("compte/", include("ancrage_web.accounts.account_urls")),
        path("territoires/", include("ancrage_web.territories.urls")),
        path("partage/", include("ancrage_web.studies.share_urls")),
        path("aides/", include("ancrage_web.conventions.urls.public")),
        path("organisations/", include("ancrage_web.accounts.urls")),
        path("organisations/<slug:organisation>/etudes/", include("ancrage_web.studies.urls")),
        path("organisations/<slug:organisation>/conventions/", include("ancrage_web.conventions.urls")),
        path("organisations/<slug:organisation>/cofinancement/", include("ancrage_web.cofunding.urls")),
        path("organisations/<slug:organisation>/journal/", include("ancrage_web.accounts.trail_urls")),
        path("organisations/<slug:organisation>/jetons/", include("ancrage_web.api.token_urls")),
        prefix_default_language=False,
    ),
]

handler400 = "ancrage_web.pages.views.show_bad_request"
handler403 = "ancrage_web.pages.views.show_forbidden"
handler404 = "ancrage_web.pages.views.show_not_found"
handler500 = "ancrage_web.pages.views.show_server_error"
