"""Addresses of beneficiaries and requests of aid, for those who manage them."""

from __future__ import annotations

from django.urls import URLPattern, path

from ancrage_web.conventions.views import beneficiaries, payments, public_requests, requests

_ALL = "<uuid:convention>/demandes/"
_ONE = _ALL + "<uuid:aid>/"
_FIRM = "beneficiaires/<uuid:beneficiary>/"

urlpatterns: list[URLPattern] = [
    path("beneficiaires/", beneficiaries.list_beneficiaries, name="beneficiaries"),
    path("beneficiaires/liste.csv", beneficiaries.send_beneficiaries, name="beneficiaries-file"),
    path("beneficiaires/nouveau/", beneficiaries.create_beneficiary, name="beneficiary-new"),
    path(_FIRM, beneficiaries.show_beneficiary, name="beneficiary"),
    path(_FIRM + "modifier/", beneficiaries.change_beneficiary, name="beneficiary-change"),
    path(_FIRM + "aides/<int:declared>/retirer/", beneficiaries.delete_declared_aid, name="beneficiary-aid-delete"),
    path(_ALL, requests.list_requests, name="convention-requests"),
    path(_ALL + "liste.csv", requests.send_requests, name="convention-requests-file"),
    path(_ALL + "formulaire/", public_requests.manage_call, name="convention-call"),
    path(_ONE + "lien/", public_requests.renew_link, name="convention-request-link"),
    path(_ALL + "nouvelle/", requests.create_request, name="convention-request-new"),
    path(_ONE, requests.show_request, name="convention-request"),
    path(_ONE + "modifier/", requests.change_request, name="convention-request-change"),
    path(_ONE + "remarques/", requests.remark_request, name="convention-request-remark"),
    path(_ONE + "etape/<slug:step>/", payments.change_status, name="convention-request-step"),
]
