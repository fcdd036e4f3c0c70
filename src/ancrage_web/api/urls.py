"""Addresses of the interface: /api/v1/."""

from __future__ import annotations

from django.urls import path, register_converter

from ancrage_web.api import reference, runs, studies, territories
from ancrage_web.api.base import UnknownView
from ancrage_web.api.converters import EpciConverter, FileConverter, InseeConverter, LanguageConverter

register_converter(EpciConverter, "api_epci")
register_converter(InseeConverter, "api_insee")
register_converter(FileConverter, "api_file")
register_converter(LanguageConverter, "api_language")

_SCENARIO = "studies/<uuid:study>/scenarios/<uuid:scenario>/"

urlpatterns = [
    path("", reference.show_reference, name="api-reference"),
    path("schema/", reference.show_schema, name="api-schema"),
    path("territories/", territories.TerritoryListView.as_view(), name="api-territories"),
    path("territories/<api_epci:code>/", territories.TerritoryView.as_view(), name="api-territory"),
    path(
        "territories/<api_epci:code>/indicators/",
        territories.TerritoryIndicatorsView.as_view(),
        name="api-territory-indicators",
    ),
    path(
        "territories/<api_epci:code>/communes/",
        territories.TerritoryCommunesView.as_view(),
        name="api-territory-communes",
    ),
    path("communes/<api_insee:code>/", territories.CommuneView.as_view(), name="api-commune"),
    path("search/", territories.SearchView.as_view(), name="api-search"),
    path("indicators/", territories.IndicatorListView.as_view(), name="api-indicators"),
    path("sources/", territories.SourceListView.as_view(), name="api-sources"),
    path("studies/", studies.StudyListView.as_view(), name="api-studies"),
    path("studies/<uuid:study>/", studies.StudyView.as_view(), name="api-study"),
    path("studies/<uuid:study>/archive/", studies.StudyArchiveView.as_view(), name="api-study-archive"),
    path("studies/<uuid:study>/restore/", studies.StudyRestoreView.as_view(), name="api-study-restore"),
    path("studies/<uuid:study>/scenarios/", studies.ScenarioListView.as_view(), name="api-scenarios"),
    path(_SCENARIO, studies.ScenarioView.as_view(), name="api-scenario"),
    path(f"{_SCENARIO}runs/", runs.RunListView.as_view(), name="api-runs"),
    path("studies/<uuid:study>/comments/", studies.CommentListView.as_view(), name="api-comments"),
    path("studies/<uuid:study>/results/", runs.ResultListView.as_view(), name="api-results"),
    path("runs/<uuid:run>/", runs.RunView.as_view(), name="api-run"),
    path("runs/<uuid:run>/cancel/", runs.RunCancelView.as_view(), name="api-run-cancel"),
    path("results/<uuid:result>/", runs.ResultView.as_view(), name="api-result"),
    path("results/<uuid:result>/places/", runs.PlaceListView.as_view(), name="api-places"),
    path("results/<uuid:result>/tables/", runs.TableListView.as_view(), name="api-tables"),
    path(
        "results/<uuid:result>/files/<api_language:language>/<api_file:name>",
        runs.ResultFileView.as_view(),
        name="api-result-file",
    ),
    path("<path:rest>", UnknownView.as_view(), name="api-unknown"),
]
