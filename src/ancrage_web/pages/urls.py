"""Addresses of the pages."""

from __future__ import annotations

from django.urls import path

from ancrage_web.pages import views

urlpatterns = [path("", views.show_home, name="home")]
