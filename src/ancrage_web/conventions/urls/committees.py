"""Addresses of committees, their files and their minutes."""

from __future__ import annotations

from django.urls import URLPattern, path

from ancrage_web.conventions.views import committees

_ALL = "<uuid:convention>/comites/"
_ONE = _ALL + "<uuid:committee>/"
_FILE = _ONE + "dossiers/<int:number>/"

urlpatterns: list[URLPattern] = [
    path(_ALL, committees.list_committees, name="convention-committees"),
    path(_ALL + "nouveau/", committees.plan_committee, name="convention-committee-new"),
    path(_ONE, committees.show_committee, name="convention-committee"),
    path(_ONE + "preparer/", committees.change_committee, name="convention-committee-change"),
    path(_ONE + "annuler/", committees.cancel_committee, name="convention-committee-cancel"),
    path(_ONE + "envoi/", committees.record_sending, name="convention-committee-sending"),
    path(_ONE + "figer/", committees.freeze_committee, name="convention-committee-freeze"),
    path(_ONE + "decisions/", committees.record_minutes, name="convention-committee-minutes"),
    path(_FILE + "etat.json", committees.send_progress, name="convention-committee-progress"),
    path(_FILE + "refaire/", committees.remake_files, name="convention-committee-remake"),
    path(_FILE + "<str:language>.<str:kind>", committees.send_file, name="convention-committee-file"),
]
