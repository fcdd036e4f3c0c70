"""Addresses of the list, the summary, the calendar, partners and remarks."""

from __future__ import annotations

from django.urls import URLPattern, path

from ancrage_web.conventions.views import calendar, partners, pilot, remarks

_ONE = "<uuid:convention>/"

urlpatterns: list[URLPattern] = [
    path("", pilot.list_conventions, name="conventions"),
    path("liste.csv", pilot.send_conventions, name="conventions-csv"),
    path("calendrier/", calendar.show_all, name="conventions-calendar"),
    path("calendrier/lien/", calendar.change_link, name="conventions-calendar-link"),
    path(_ONE, pilot.show_convention, name="convention"),
    path(_ONE + "archiver/", pilot.archive_convention, name="convention-archive"),
    path(_ONE + "restaurer/", pilot.restore_convention, name="convention-restore"),
    path(_ONE + "supprimer/", pilot.delete_convention, name="convention-delete"),
    path(_ONE + "calendrier/", calendar.show_calendar, name="convention-calendar"),
    path(_ONE + "calendrier/rappels/", calendar.change_reminders, name="convention-reminders"),
    path(_ONE + "calendrier/echeances.ics", calendar.send_calendar, name="convention-calendar-file"),
    path(_ONE + "partenaires/", partners.show_partners, name="convention-partners"),
    path(_ONE + "partenaires/<int:partner>/fermer/", partners.close_to_partner, name="convention-partner-close"),
    path(_ONE + "remarques/", remarks.show_remarks, name="convention-remarks"),
    path(_ONE + "remarques/<int:remark>/supprimer/", remarks.delete_remark, name="convention-remark-delete"),
]
