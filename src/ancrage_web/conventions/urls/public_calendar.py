"""Addresses of the calendar feed."""

from __future__ import annotations

from django.urls import URLPattern, path

from ancrage_web.conventions.views import calendar

urlpatterns: list[URLPattern] = [
    path("calendrier/<str:token>.ics", calendar.send_feed, name="calendar-feed"),
]
