"""Addresses of the request form of a beneficiary."""

from __future__ import annotations

from django.urls import URLPattern, path

from ancrage_web.conventions.views import public_requests

_OWN = "demande/<str:token>/"

urlpatterns: list[URLPattern] = [
    path("appel/<str:token>/", public_requests.start_request, name="aid-call"),
    path(_OWN, public_requests.show_request, name="aid-request"),
    path(_OWN + "etape/<slug:part>/", public_requests.write_part, name="aid-request-part"),
    path(_OWN + "pieces/", public_requests.join_documents, name="aid-request-documents"),
    path(
        _OWN + "pieces/<uuid:document>/retirer/",
        public_requests.remove_document,
        name="aid-request-document-remove",
    ),
    path(_OWN + "relecture/", public_requests.review_request, name="aid-request-review"),
    path(_OWN + "retirer/", public_requests.withdraw_request, name="aid-request-withdraw"),
    path(_OWN + "effacer/", public_requests.erase_request, name="aid-request-erase"),
    path(_OWN + "donnees.json", public_requests.send_data, name="aid-request-data"),
]
