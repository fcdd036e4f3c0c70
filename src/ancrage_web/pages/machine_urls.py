"""Addresses read by programs: state of the instance, robots, site map."""

from __future__ import annotations

from django.urls import path

from ancrage_web.pages import machine_views

urlpatterns = [
    path("sante", machine_views.check_health, name="health"),
    path("robots.txt", machine_views.show_robots, name="robots"),
    path("sitemap.xml", machine_views.show_sitemap_index, name="sitemap-index"),
    path("sitemap-<slug:part>-<int:page>.xml", machine_views.show_sitemap, name="sitemap"),
]
