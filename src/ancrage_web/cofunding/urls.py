"""Addresses of the co-funding plans of an organisation: /organisations/SLUG/cofinancement/..."""

from __future__ import annotations

from django.urls import URLPattern, path

from ancrage_web.cofunding.views import catalogue, imports, past_grants, projects

_PROGRAMME = "programmes/<uuid:programme>/"

urlpatterns: list[URLPattern] = [
    path("", projects.list_projects, name="projects"),
    path("nouveau/", projects.create_project, name="project-new"),
    path("<uuid:project>/", projects.show_project, name="project"),
    path("<uuid:project>/modifier/", projects.change_project, name="project-change"),
    path("<uuid:project>/dupliquer/", projects.duplicate_project, name="project-duplicate"),
    path("<uuid:project>/archiver/", projects.archive_project, name="project-archive"),
    path("<uuid:project>/supprimer/", projects.delete_project, name="project-delete"),
    path("<uuid:project>/projets-semblables/", past_grants.show_similar, name="project-similar"),
    path("<uuid:project>/plan-de-financement/", projects.show_plan, name="project-plan"),
    path("<uuid:project>/projet.<slug:extension>", projects.send_project, name="project-file"),
    path("programmes/", catalogue.list_programmes, name="programmes"),
    path("programmes/nouveau/", catalogue.create_programme, name="programme-new"),
    path("programmes/importer/", imports.import_programmes, name="programmes-import"),
    path("programmes/programmes.csv", imports.send_programmes, name="programmes-file"),
    path("programmes/pour-une-entreprise/", catalogue.match_programmes, name="programme-matching"),
    path(_PROGRAMME, catalogue.show_programme, name="programme"),
    path(_PROGRAMME + "modifier/", catalogue.change_programme, name="programme-change"),
    path(_PROGRAMME + "archiver/", catalogue.archive_programme, name="programme-archive"),
    path(_PROGRAMME + "ajouter/", catalogue.add_to_project, name="programme-add"),
    path("subventions/", past_grants.list_past_grants, name="past-grants"),
    path("subventions/importer/", imports.import_grants, name="past-grants-import"),
    path("subventions/modele.csv", imports.send_grants_template, name="past-grants-template"),
    path("subventions/supprimer/", past_grants.remove_grants, name="past-grants-remove"),
]
