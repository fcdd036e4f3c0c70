"""Addresses of the conventions of an organisation: /organisations/SLUG/conventions/..."""

from __future__ import annotations

from ancrage_web.conventions.urls import aid, committees, exchange, follow_up, ledger, life, pilot

urlpatterns = [
    *pilot.urlpatterns,
    *exchange.urlpatterns,
    *life.urlpatterns,
    *ledger.urlpatterns,
    *aid.urlpatterns,
    *follow_up.urlpatterns,
    *committees.urlpatterns,
]
