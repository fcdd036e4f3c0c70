"""Map of a convention: its aid and its jobs by commune, its basins, the third places considered."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone

from ancrage.language import format_date, format_money
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.queries.map import build_convention_map, build_map_data
from ancrage_web.design.words import get_site_language


@convention_view("read")
def show_map(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the map and its table."""
    today = timezone.localdate()
    found = build_convention_map(access.convention, today)
    context = {
        "access": access,
        "convention": access.convention,
        "found": found,
        "today_said": format_date(today, get_site_language()),
        "unplaced_said": format_money(found.unplaced, get_site_language()),
    }
    return render(request, "conventions/map.html", context)


@convention_view("read")
def send_map(_request: HttpRequest, access: Access) -> JsonResponse:
    """Send what the map draws."""
    return JsonResponse(build_map_data(build_convention_map(access.convention, timezone.localdate())))
