"""Home and error pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def show_home(request: HttpRequest) -> HttpResponse:
    """Show what the site does and where to start."""
    return render(request, "pages/home.html")


def show_bad_request(request: HttpRequest, _exception: Exception | None = None) -> HttpResponse:
    """Show that a request could not be understood."""
    return render(request, "400.html", status=400)


def show_forbidden(request: HttpRequest, _exception: Exception | None = None) -> HttpResponse:
    """Show that the role does not allow it."""
    return render(request, "403.html", status=403)


def show_not_found(request: HttpRequest, _exception: Exception | None = None) -> HttpResponse:
    """Show that the page does not exist, or is not for this person."""
    return render(request, "404.html", status=404)


def show_server_error(request: HttpRequest) -> HttpResponse:
    """Show that the fault is ours."""
    return render(request, "500.html", status=500)
