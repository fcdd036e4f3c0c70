"""Operations on computations, their frozen results and the files of these."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar, cast

from django.http import FileResponse, HttpResponseNotModified
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from ancrage.language import LANGUAGES
from ancrage_web.api.base import AnyFormat, OrganisationView, compute_etag, is_held
from ancrage_web.api.enums import Scope
from ancrage_web.api.pagination import Pages
from ancrage_web.api.schema import document
from ancrage_web.api.study_serializers import (
    PlaceSerializer,
    ResultDetailSerializer,
    ResultSerializer,
    RunSerializer,
    TableSerializer,
    build_link,
)
from ancrage_web.design.words import get_site_language
from ancrage_web.studies import queries, services
from ancrage_web.studies.models import Result
from ancrage_web.studies.results import FILES, find_file, list_files, read_frozen


class RunListView(OrganisationView):
    """Computations of a scenario."""

    pagination_class = Pages
    scopes: ClassVar = {"GET": Scope.STUDIES_READ, "POST": Scope.RUNS_WRITE}

    @document(
        "list_runs",
        "runs",
        ("List the computations of a scenario", "Lister les calculs d'un scénario"),
        answers={200: RunSerializer(many=True)},
        refuses=[400, 403, 404],
    )
    def get(self, request: Request, study: uuid.UUID, scenario: uuid.UUID) -> Response:
        """List the computations of a scenario."""
        del request
        runs = queries.list_runs(queries.get_scenario(study, scenario)).select_related("scenario")
        return self.answer_page(runs, RunSerializer)

    @document(
        "ask_run",
        "runs",
        ("Ask for a computation", "Demander un calcul"),
        description=(
            (
                "Answers at once; the Location header says where to follow it. A computation that already waits or "
                "goes on is given again; identical inputs are answered from the stored result."
            ),
            (
                "Répond aussitôt ; l'en-tête Location dit où le suivre. Un calcul déjà en attente ou en cours est "
                "redonné ; des données identiques reçoivent le résultat conservé."
            ),
        ),
        answers={202: RunSerializer},
        refuses=[400, 403, 404],
    )
    def post(self, request: Request, study: uuid.UUID, scenario: uuid.UUID) -> Response:
        """Ask for a computation."""
        del request
        run = services.ask_run(self.actor, queries.get_scenario(study, scenario))
        return Response(RunSerializer(run).data, status=202, headers={"Location": build_link("api-run", run=run.pk)})


class RunView(OrganisationView):
    """One computation."""

    scopes: ClassVar = {"GET": Scope.STUDIES_READ}

    @document(
        "get_run",
        "runs",
        ("Follow a computation", "Suivre un calcul"),
        answers={200: RunSerializer},
        refuses=[403, 404],
    )
    def get(self, request: Request, run: uuid.UUID) -> Response:
        """Follow a computation."""
        del request
        services.mark_interrupted()
        return Response(RunSerializer(queries.get_run(run)).data)


class RunCancelView(OrganisationView):
    """Stopping a computation."""

    scopes: ClassVar = {"POST": Scope.RUNS_WRITE}

    @document(
        "cancel_run",
        "runs",
        ("Cancel a computation", "Annuler un calcul"),
        description=(
            "One that is being computed stops within seconds; one that ended is given as it is.",
            "Un calcul en cours s'arrête en quelques secondes ; un calcul terminé est rendu tel quel.",
        ),
        answers={200: RunSerializer},
        refuses=[403, 404],
    )
    def post(self, request: Request, run: uuid.UUID) -> Response:
        """Cancel a computation."""
        del request
        return Response(RunSerializer(services.cancel_run(self.actor, queries.get_run(run))).data)


class ResultListView(OrganisationView):
    """Results of a study."""

    pagination_class = Pages
    scopes: ClassVar = {"GET": Scope.STUDIES_READ}

    @document(
        "list_results",
        "results",
        ("List the results of a study", "Lister les résultats d'une étude"),
        answers={200: ResultSerializer(many=True)},
        refuses=[400, 403, 404],
    )
    def get(self, request: Request, study: uuid.UUID) -> Response:
        """List the results of a study."""
        del request
        return self.answer_page(queries.list_results_of(queries.get_study(study)), ResultSerializer)


class ResultView(OrganisationView):
    """One result."""

    scopes: ClassVar = {"GET": Scope.STUDIES_READ}

    @document(
        "get_result",
        "results",
        ("Read a result", "Lire un résultat"),
        description=(
            (
                "The sentence to remember, the key figures with their intervals, the files, and whether data or code "
                "moved on since."
            ),
            (
                "La phrase à retenir, les chiffres clés avec leurs intervalles, les fichiers, et si données ou code "
                "ont changé depuis."
            ),
        ),
        answers={200: ResultDetailSerializer},
        refuses=[403, 404],
    )
    def get(self, request: Request, result: uuid.UUID) -> Response:
        """Read a result."""
        del request
        found = queries.get_result(result)

        def build(result: Result) -> Any:
            pages = result.pages[get_site_language()]
            content = {
                **{name: getattr(result, name) for name in ResultSerializer.Meta.fields},
                **{name: pages[name] for name in ("territory", "fictional", "answer", "figures")},
                "freshness": services.check_freshness(result),
                "files": list_result_files(result),
            }
            return ResultDetailSerializer(cast("Any", content)).data

        return Response(read_frozen(found, build))


class PlaceListView(OrganisationView):
    """Places of a result."""

    scopes: ClassVar = {"GET": Scope.STUDIES_READ}

    @document(
        "list_places",
        "results",
        ("List the places of the network", "Lister les lieux du réseau"),
        answers={200: PlaceSerializer(many=True)},
        refuses=[403, 404],
    )
    def get(self, request: Request, result: uuid.UUID) -> Response:
        """List the places of the network."""
        del request
        return Response(PlaceSerializer(queries.get_result(result).map["places"], many=True).data)


class TableListView(OrganisationView):
    """Tables of a result."""

    scopes: ClassVar = {"GET": Scope.STUDIES_READ}

    @document(
        "list_tables",
        "results",
        ("Read the tables of a result", "Lire les tableaux d'un résultat"),
        answers={200: TableSerializer(many=True)},
        refuses=[403, 404],
    )
    def get(self, request: Request, result: uuid.UUID) -> Response:
        """Read the tables of a result."""
        del request
        pages = queries.get_result(result).pages[get_site_language()]
        tables = [
            {**block, "section": section["id"]}
            for section in pages["sections"]
            for block in section["blocks"]
            if block["type"] == "table"
        ]
        return Response(TableSerializer(tables, many=True).data)


class ResultFileView(OrganisationView):
    """A file of a result."""

    content_negotiation_class = AnyFormat
    scopes: ClassVar = {"GET": Scope.STUDIES_READ}

    @document(
        "get_file",
        "results",
        ("Download a file of a result", "Télécharger un fichier d'un résultat"),
        answers={
            (200, kind.media_type): OpenApiTypes.OBJECT if "json" in kind.media_type else OpenApiTypes.BINARY
            for kind in FILES
        },
        refuses=[403, 404],
    )
    def get(
        self, request: Request, result: uuid.UUID, language: str, name: str
    ) -> FileResponse | HttpResponseNotModified:
        """Download a file of a result."""
        file = find_file(queries.get_result(result), language, name)
        # Frozen: an identifier is enough to know the bytes.
        headers = {"ETag": compute_etag(result, language, name)}
        if is_held(request, headers["ETag"]):
            return HttpResponseNotModified(headers=headers)
        return FileResponse(
            file.path.open("rb"), filename=file.kind.name, content_type=file.kind.media_type, headers=headers
        )


def list_result_files(result: Result) -> list[dict[str, Any]]:
    """Return the files of a result in both languages, with their addresses."""
    return [
        {
            "kind": file.kind,
            "size": file.size,
            "language": language,
            "address": build_link("api-result-file", result=result.pk, language=language, name=file.kind.name),
        }
        for language in LANGUAGES
        for file in list_files(result, language)
    ]
