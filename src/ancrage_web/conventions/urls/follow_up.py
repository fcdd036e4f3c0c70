"""Addresses of jobs, engineering, what is left, the map."""

from __future__ import annotations

from django.urls import URLPattern, path

from ancrage_web.conventions.views import engineering, jobs, map, residual  # noqa: A004

_ONE = "<uuid:convention>/"

urlpatterns: list[URLPattern] = [
    path(_ONE + "emplois/", jobs.show_jobs, name="convention-jobs"),
    path(_ONE + "emplois/emplois.csv", jobs.send_jobs, name="convention-jobs-csv"),
    path(_ONE + "emplois/ajouter/", jobs.create_jobs, name="convention-job-new"),
    path(_ONE + "emplois/presence/", jobs.check_jobs, name="convention-jobs-check"),
    path(_ONE + "emplois/programmer/", jobs.programme_jobs, name="convention-jobs-programme"),
    path(_ONE + "emplois/<uuid:job>/", jobs.show_job, name="convention-job"),
    path(_ONE + "emplois/<uuid:job>/retirer/", jobs.remove_job, name="convention-job-remove"),
    path(_ONE + "ingenierie/", engineering.show_engineering, name="convention-engineering"),
    path(_ONE + "ingenierie/ingenierie.csv", engineering.send_engineering, name="convention-engineering-csv"),
    path(_ONE + "ingenierie/ajouter/", engineering.create_work, name="convention-work-new"),
    path(_ONE + "ingenierie/<uuid:work>/", engineering.change_work, name="convention-work"),
    path(_ONE + "ingenierie/<uuid:work>/retirer/", engineering.remove_work, name="convention-work-remove"),
    path(_ONE + "reliquat/", residual.show_residual, name="convention-residual"),
    path(_ONE + "reliquat/ajouter/", residual.create_candidate, name="convention-candidate-new"),
    path(_ONE + "reliquat/<uuid:candidate>/", residual.change_candidate, name="convention-candidate"),
    path(_ONE + "reliquat/<uuid:candidate>/retirer/", residual.remove_candidate, name="convention-candidate-remove"),
    path(_ONE + "carte/", map.show_map, name="convention-map"),
    path(_ONE + "carte/donnees.json", map.send_map, name="convention-map-data"),
]
