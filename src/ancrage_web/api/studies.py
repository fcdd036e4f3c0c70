"""Operations on studies, scenarios and comments of the organisation of the token."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from ancrage_web.api.base import OrganisationView
from ancrage_web.api.enums import Scope
from ancrage_web.api.pagination import Pages
from ancrage_web.api.problems import ChangedMeanwhileError, VersionNeededError
from ancrage_web.api.schema import document
from ancrage_web.api.study_serializers import (
    IF_MATCH,
    CommentInputSerializer,
    CommentSerializer,
    ScenarioInputSerializer,
    ScenarioSerializer,
    StudyChangeSerializer,
    StudyInputSerializer,
    StudyQuerySerializer,
    StudySerializer,
    build_link,
)
from ancrage_web.studies import queries, services
from ancrage_web.studies.models import Scenario, Study

_VERSION = re.compile(r'(?:W/)?"v(\d{1,9})[^"]*"')
_TIME = re.compile(r'(?:W/)?"([0-9T:.+-]+)"')
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class StudyListView(OrganisationView):
    """Studies."""

    pagination_class = Pages
    scopes: ClassVar = {"GET": Scope.STUDIES_READ, "POST": Scope.STUDIES_WRITE}

    @document(
        "list_studies",
        "studies",
        ("List the studies", "Lister les études"),
        answers={200: StudySerializer(many=True)},
        refuses=[400, 403, 404],
        query=[StudyQuerySerializer],
    )
    def get(self, request: Request) -> Response:
        """List the studies."""
        asked = StudyQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        chosen = asked.validated_data
        studies = queries.list_studies(archived=chosen["archived"] == "true", text=chosen["text"], epci=chosen["epci"])
        return self.answer_page(studies, StudySerializer)

    @document(
        "create_study",
        "studies",
        ("Create a study", "Créer une étude"),
        answers={201: StudySerializer},
        refuses=[400, 403, 413, 415],
        request=StudyInputSerializer,
    )
    def post(self, request: Request) -> Response:
        """Create a study."""
        asked = StudyInputSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        study = services.create_study(self.actor, **asked.validated_data)
        return answer_study(study, 201)


class StudyView(OrganisationView):
    """One study."""

    scopes: ClassVar = {"GET": Scope.STUDIES_READ, "PATCH": Scope.STUDIES_WRITE}

    @document(
        "get_study",
        "studies",
        ("Read a study", "Lire une étude"),
        answers={200: StudySerializer},
        refuses=[403, 404],
    )
    def get(self, request: Request, study: uuid.UUID) -> Response:
        """Read a study."""
        del request
        return answer_study(queries.get_study(study))

    @document(
        "change_study",
        "studies",
        ("Change the name or the notes of a study", "Modifier le nom ou les notes d'une étude"),
        answers={200: StudySerializer},
        refuses=[400, 403, 404, 412, 413, 415, 428],
        request=StudyChangeSerializer,
        query=[IF_MATCH],
    )
    def patch(self, request: Request, study: uuid.UUID) -> Response:
        """Change the name or the notes of a study."""
        found = queries.get_study(study)
        match = read_if_match(request)
        asked = StudyChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = {"name": found.name, "notes": found.notes, **asked.validated_data}
        seen = found.updated_at if match == "*" else read_time(match)
        try:
            saved = services.change_study(self.actor, found, updated_at=seen, **given)
        except services.ConflictError as conflict:
            raise build_conflict(conflict, compute_study_etag(conflict.saved), StudySerializer) from conflict
        return answer_study(saved)


class StudyArchiveView(OrganisationView):
    """Putting a study away."""

    scopes: ClassVar = {"POST": Scope.STUDIES_WRITE}

    @document(
        "archive_study",
        "studies",
        ("Archive a study", "Archiver une étude"),
        description=(
            "It leaves the list and its share links stop to open.",
            "Elle quitte la liste et ses liens de partage n'ouvrent plus.",
        ),
        answers={200: StudySerializer},
        refuses=[403, 404],
    )
    def post(self, request: Request, study: uuid.UUID) -> Response:
        """Archive a study."""
        del request
        return answer_study(services.archive_study(self.actor, queries.get_study(study)))


class StudyRestoreView(OrganisationView):
    """Taking a study back."""

    scopes: ClassVar = {"POST": Scope.STUDIES_WRITE}

    @document(
        "restore_study",
        "studies",
        ("Restore an archived study", "Restaurer une étude archivée"),
        answers={200: StudySerializer},
        refuses=[403, 404],
    )
    def post(self, request: Request, study: uuid.UUID) -> Response:
        """Restore a study."""
        del request
        return answer_study(services.restore_study(self.actor, queries.get_study(study)))


class ScenarioListView(OrganisationView):
    """Scenarios of a study."""

    pagination_class = Pages
    scopes: ClassVar = {"GET": Scope.STUDIES_READ, "POST": Scope.STUDIES_WRITE}

    @document(
        "list_scenarios",
        "studies",
        ("List the scenarios of a study", "Lister les scénarios d'une étude"),
        answers={200: ScenarioSerializer(many=True)},
        refuses=[400, 403, 404],
    )
    def get(self, request: Request, study: uuid.UUID) -> Response:
        """List the scenarios of a study."""
        del request
        return self.answer_page(queries.list_scenarios(queries.get_study(study)), ScenarioSerializer)

    @document(
        "create_scenario",
        "studies",
        ("Create a scenario", "Créer un scénario"),
        description=(
            "The settings are those of a study file, without its EPCI; what is left out takes the usual value.",
            "Les réglages sont ceux d'un fichier d'étude, sans ses EPCI ; ce qui manque prend la valeur habituelle.",
        ),
        answers={201: ScenarioSerializer},
        refuses=[400, 403, 404, 413, 415],
        request=ScenarioInputSerializer,
    )
    def post(self, request: Request, study: uuid.UUID) -> Response:
        """Create a scenario."""
        found = queries.get_study(study)
        asked = ScenarioInputSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return answer_scenario(services.create_scenario(self.actor, found, **asked.validated_data), 201)


class ScenarioView(OrganisationView):
    """One scenario."""

    scopes: ClassVar = {
        "GET": Scope.STUDIES_READ,
        "PUT": Scope.STUDIES_WRITE,
        "DELETE": Scope.STUDIES_WRITE,
    }

    @document(
        "get_scenario",
        "studies",
        ("Read a scenario", "Lire un scénario"),
        answers={200: ScenarioSerializer},
        refuses=[403, 404],
    )
    def get(self, request: Request, study: uuid.UUID, scenario: uuid.UUID) -> Response:
        """Read a scenario."""
        del request
        return answer_scenario(queries.get_scenario(study, scenario))

    @document(
        "save_scenario",
        "studies",
        ("Save a scenario", "Enregistrer un scénario"),
        description=(
            (
                "Name and settings are replaced whole. If someone saved since your reading, nothing is written and the "
                "problem (412) says what differs."
            ),
            (
                "Nom et réglages sont remplacés en entier. Si quelqu'un a enregistré depuis votre lecture, rien n'est "
                "écrit et le problème (412) dit ce qui diffère."
            ),
        ),
        answers={200: ScenarioSerializer},
        refuses=[400, 403, 404, 412, 413, 415, 428],
        request=ScenarioInputSerializer,
        query=[IF_MATCH],
    )
    def put(self, request: Request, study: uuid.UUID, scenario: uuid.UUID) -> Response:
        """Save a scenario."""
        found = queries.get_scenario(study, scenario)
        match = read_if_match(request)
        asked = ScenarioInputSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        version = found.version if match == "*" else read_version(match)
        try:
            saved = services.save_scenario(self.actor, found, version=version, **asked.validated_data)
        except services.ConflictError as conflict:
            raise build_conflict(conflict, compute_scenario_etag(conflict.saved), ScenarioSerializer) from conflict
        return answer_scenario(saved)

    @document(
        "delete_scenario",
        "studies",
        ("Delete a scenario", "Supprimer un scénario"),
        answers={204: None},
        refuses=[400, 403, 404],
    )
    def delete(self, request: Request, study: uuid.UUID, scenario: uuid.UUID) -> Response:
        """Delete a scenario."""
        del request
        services.delete_scenario(self.actor, queries.get_scenario(study, scenario))
        return Response(status=204)


class CommentListView(OrganisationView):
    """Comments of a study."""

    pagination_class = Pages
    scopes: ClassVar = {"GET": Scope.STUDIES_READ, "POST": Scope.STUDIES_WRITE}

    @document(
        "list_comments",
        "studies",
        ("List the comments of a study", "Lister les commentaires d'une étude"),
        answers={200: CommentSerializer(many=True)},
        refuses=[400, 403, 404],
    )
    def get(self, request: Request, study: uuid.UUID) -> Response:
        """List the comments of a study."""
        del request
        return self.answer_page(queries.list_comments(queries.get_study(study)), CommentSerializer)

    @document(
        "add_comment",
        "studies",
        ("Comment a study, or one of its scenarios", "Commenter une étude, ou l'un de ses scénarios"),
        answers={201: CommentSerializer},
        refuses=[400, 403, 404, 413, 415],
        request=CommentInputSerializer,
    )
    def post(self, request: Request, study: uuid.UUID) -> Response:
        """Comment a study."""
        found = queries.get_study(study)
        asked = CommentInputSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        named = asked.validated_data["scenario"]
        scenario = None if named is None else queries.get_scenario(found.pk, named)
        comment = services.add_comment(self.actor, found, text=asked.validated_data["text"], scenario=scenario)
        return Response(CommentSerializer(comment).data, status=201)


def answer_study(study: Study, status: int = 200) -> Response:
    """Return a study with its ETag."""
    headers = {"ETag": compute_study_etag(study)}
    if status == 201:
        headers["Location"] = build_link("api-study", study=study.pk)
    return Response(StudySerializer(study).data, status=status, headers=headers)


def answer_scenario(scenario: Scenario, status: int = 200) -> Response:
    """Return a scenario with its ETag."""
    headers = {"ETag": compute_scenario_etag(scenario)}
    if status == 201:
        headers["Location"] = build_link("api-scenario", study=scenario.study_id, scenario=scenario.pk)
    return Response(ScenarioSerializer(scenario).data, status=status, headers=headers)


def compute_study_etag(study: Study) -> str:
    """Return the ETag of a study: every change of what is shown moves its time."""
    return f'"{study.updated_at.astimezone(UTC).isoformat()}"'


def compute_scenario_etag(scenario: Scenario) -> str:
    """Return the ETag of a scenario: its version, which a save states, and its result, which a run may change."""
    return f'"v{scenario.version}.{scenario.result_id or 0}"'


def read_if_match(request: Request) -> str:
    """Return the version that a change starts from, as sent.

    Raises
    ------
    VersionNeededError
        If it is not sent.
    """
    match = request.headers.get("If-Match", "").strip()
    if not match:
        raise VersionNeededError
    return match


def read_version(match: str) -> int:
    """Return the version of a scenario in an ETag; 0, which no scenario has, for what is no such ETag."""
    found = _VERSION.fullmatch(match)
    return int(found[1]) if found else 0


def read_time(match: str) -> datetime:
    """Return the time of a study in an ETag; one of long ago for what is no such ETag."""
    found = _TIME.fullmatch(match)
    try:
        read = datetime.fromisoformat(found[1]) if found else _NEVER
    except ValueError:
        return _NEVER
    return read if read.tzinfo else _NEVER


def build_conflict(
    conflict: services.ConflictError, etag: str, shape: type[StudySerializer] | type[ScenarioSerializer]
) -> ChangedMeanwhileError:
    """Return the problem that tells both versions."""
    content: dict[str, Any] = {
        "saved": shape(conflict.saved).data,
        "changes": [
            {"field": change.field, "theirs": change.theirs, "yours": change.yours} for change in conflict.changes
        ],
    }
    return ChangedMeanwhileError(etag, content, conflict.text)
