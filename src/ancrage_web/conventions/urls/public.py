"""Addresses without an organisation: the request form of a beneficiary, the calendar feed; a secret opens each."""

from __future__ import annotations

from ancrage_web.conventions.urls import public_calendar, public_requests

urlpatterns = [*public_requests.urlpatterns, *public_calendar.urlpatterns]
