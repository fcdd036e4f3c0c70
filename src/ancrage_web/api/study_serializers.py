"""The shapes of studies, scenarios, runs, results and comments; what may be in them is decided by the services."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

from django.conf import settings as django_settings
from django.urls import reverse
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from ancrage.study.settings import StudySettings
from ancrage_web.api.fields import SaidField
from ancrage_web.api.wording import describe
from ancrage_web.studies.enums import STATUS_NAMES, Status
from ancrage_web.studies.models import Comment, Result, Run, Scenario, Study

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description=describe(
        "ETag of your last reading: the change is refused (412) if someone saved since.",
        "ETag de votre dernière lecture : la modification est refusée (412) si quelqu'un a enregistré depuis.",
    ),
)


@cache
def build_settings_schema() -> dict[str, Any]:
    """Return the JSON Schema of the settings of a scenario: a study file without its EPCI."""
    whole = StudySettings.model_json_schema()
    schema: dict[str, Any] = _inline(whole, whole.get("$defs", {}))
    schema["properties"].pop("epci", None)
    for name in ("required", "$defs", "title"):
        schema.pop(name, None)
    schema["description"] = ""
    return schema


def _inline(schema: Any, parts: dict[str, Any]) -> Any:
    """Return a schema with its references replaced by what they name, and without titles made from field names."""
    if isinstance(schema, list):
        return [_inline(item, parts) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inline(parts[schema["$ref"].rpartition("/")[2]], parts)
    return {
        key: _inline(value, parts)
        for key, value in schema.items()
        if not (key in ("title", "description") and isinstance(value, str))
    }


class SettingsField(serializers.JSONField):
    """The settings of a scenario, checked by the services."""


class SettingsFieldSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """The settings, as the library describes them."""

    target_class = "ancrage_web.api.study_serializers.SettingsField"

    def map_serializer_field(self, auto_schema: object, direction: str) -> dict[str, Any]:
        """Return their schema; frozen settings also hold the EPCI, and may be of an older version."""
        del auto_schema
        return build_settings_schema() if direction == "request" else {"type": "object", "additionalProperties": {}}


class StudySerializer(serializers.ModelSerializer[Study]):
    """A study."""

    epci = serializers.ListField(child=serializers.CharField(), help_text=describe("SIREN codes.", "Codes SIREN."))

    class Meta:
        model = Study
        fields = ("id", "name", "epci", "notes", "created_at", "updated_at", "archived_at")
        read_only_fields = ("created_at", "updated_at", "archived_at")
        extra_kwargs: ClassVar[dict[str, dict[str, Any]]] = {"name": {"validators": []}}


class StudyInputSerializer(serializers.Serializer[Any]):
    """What makes a study."""

    name = serializers.CharField()
    epci = serializers.ListField(child=serializers.CharField(), help_text=describe("SIREN codes.", "Codes SIREN."))
    notes = serializers.CharField(required=False, allow_blank=True, default="")


class StudyChangeSerializer(serializers.Serializer[Any]):
    """What may change in a study; what is left out stays."""

    name = serializers.CharField(required=False)
    notes = serializers.CharField(required=False, allow_blank=True)


class StudyQuerySerializer(serializers.Serializer[Any]):
    """Filters of the list of studies."""

    archived = serializers.ChoiceField(
        ["true", "false"],
        default="false",
        help_text=describe("The archived ones instead of the others.", "Les archivées au lieu des autres."),
    )
    text = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)
    epci = serializers.RegexField(r"^[0-9A-Z]{1,9}$", required=False, default="")


class ScenarioSerializer(serializers.ModelSerializer[Scenario]):
    """A scenario: its settings, its version, and its last result."""

    study = serializers.UUIDField(source="study_id")
    version = serializers.IntegerField(min_value=1)
    settings = SettingsField()
    result = serializers.UUIDField(
        source="result_id", allow_null=True, help_text=describe("Last result.", "Dernier résultat.")
    )

    class Meta:
        model = Scenario
        fields = ("id", "study", "name", "version", "settings", "result", "created_at", "updated_at")
        extra_kwargs: ClassVar[dict[str, dict[str, Any]]] = {"name": {"validators": []}}


class ScenarioInputSerializer(serializers.Serializer[Any]):
    """What makes a scenario, or replaces it."""

    name = serializers.CharField()
    settings = SettingsField()

    def validate_settings(self, value: Any) -> Any:
        """Refuse what is no object; the services check what is in it."""
        if not isinstance(value, dict):
            raise serializers.ValidationError(
                describe("An object is expected: fields and values.", "Un objet est attendu : champs et valeurs.")
            )
        return value


class RunSerializer(serializers.ModelSerializer[Run]):
    """A computation and where it stands."""

    study = serializers.UUIDField(source="scenario.study_id")
    scenario = serializers.UUIDField(source="scenario_id")
    scenario_version = serializers.IntegerField(min_value=1)
    status = serializers.ChoiceField(Status.values)
    status_name = serializers.SerializerMethodField()
    step = SaidField(allow_null=True, help_text=describe("What is being done.", "Ce qui est en cours."))
    error = SaidField(allow_null=True, help_text=describe("Why it failed.", "Pourquoi il a échoué."))
    result = serializers.UUIDField(source="result_id", allow_null=True)

    class Meta:
        model = Run
        fields = (
            "id",
            "study",
            "scenario",
            "scenario_version",
            "status",
            "status_name",
            "progress",
            "step",
            "error",
            "asked_at",
            "started_at",
            "ended_at",
            "cancel_asked_at",
            "result",
        )

    def get_status_name(self, run: Run) -> str:
        """Return the name of the status."""
        return str(SaidField().to_representation(STATUS_NAMES[run.status]))


class FigureSerializer(serializers.Serializer[Any]):
    """A key figure of a result."""

    id = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    written = serializers.CharField(help_text=describe("The value in words.", "La valeur écrite."))
    unit = serializers.CharField(allow_blank=True)
    interval = serializers.CharField(allow_blank=True)
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    note = serializers.CharField(allow_blank=True)
    formula = serializers.CharField(allow_blank=True)
    sources = serializers.ListField(child=serializers.CharField())
    assumptions = serializers.ListField(child=serializers.CharField())


class FreshnessSerializer(serializers.Serializer[Any]):
    """Whether a result would be the same if it were computed now."""

    current = serializers.BooleanField()
    reasons = serializers.ListField(child=SaidField())


class FileSerializer(serializers.Serializer[Any]):
    """A file of a result."""

    name = serializers.CharField(source="kind.name")
    label = SaidField(source="kind.label")  # type: ignore[assignment]
    media_type = serializers.CharField(source="kind.media_type")
    language = serializers.ChoiceField(["fr", "en"])
    size = serializers.IntegerField(help_text=describe("Bytes.", "Octets."))
    address = serializers.URLField()


class ResultSerializer(serializers.ModelSerializer[Result]):
    """A frozen result, in short."""

    version = serializers.CharField(help_text=describe("Of the code.", "Du code."))
    settings = SettingsField()
    inputs = serializers.DictField(
        child=serializers.CharField(), help_text=describe("SHA-256 by table.", "SHA-256 par table.")
    )

    class Meta:
        model = Result
        fields = ("id", "key", "version", "created_at", "settings", "inputs")


class ResultDetailSerializer(ResultSerializer):
    """A frozen result: its answer, its key figures, its files, and whether it is up to date."""

    territory = serializers.CharField()
    fictional = serializers.BooleanField()
    answer = serializers.CharField(help_text=describe("The sentence to remember.", "La phrase à retenir."))
    figures = FigureSerializer(many=True)
    freshness = FreshnessSerializer()
    files = FileSerializer(many=True)

    class Meta(ResultSerializer.Meta):
        fields = (
            *ResultSerializer.Meta.fields,
            "territory",
            "fictional",
            "answer",
            "figures",
            "freshness",
            "files",
        )  # type: ignore[assignment]


class PlaceSerializer(serializers.Serializer[Any]):
    """A place of the network."""

    code = serializers.CharField(help_text=describe("INSEE code of its commune.", "Code INSEE de sa commune."))
    name = serializers.CharField()
    lon = serializers.FloatField()
    lat = serializers.FloatField()
    kind = serializers.CharField(help_text=describe("New or existing.", "Nouveau ou existant."))
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    desks = serializers.FloatField()
    desks_low = serializers.FloatField(allow_null=True)
    desks_high = serializers.FloatField(allow_null=True)
    users = serializers.FloatField()
    cost = serializers.FloatField(help_text=describe("EUR per year.", "€ par an."))
    catchment = serializers.ListField(
        child=serializers.CharField(),
        help_text=describe("Communes whose people use it.", "Communes dont les habitants l'utilisent."),
    )


class ColumnSerializer(serializers.Serializer[Any]):
    """A column of a table."""

    key = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    unit = serializers.CharField(allow_blank=True)


class CellSerializer(serializers.Serializer[Any]):
    """A cell: as written, and its value when it is a number."""

    text = serializers.CharField(allow_blank=True)
    value = serializers.FloatField(allow_null=True, default=None)
    low = serializers.FloatField(allow_null=True, default=None)
    high = serializers.FloatField(allow_null=True, default=None)


class TableSerializer(serializers.Serializer[Any]):
    """A table of the report, with all its rows."""

    id = serializers.CharField()
    section = serializers.CharField()
    title = serializers.CharField()
    columns = ColumnSerializer(many=True)
    rows = serializers.ListField(child=CellSerializer(many=True))
    note = serializers.CharField(allow_blank=True)
    sources = serializers.CharField(allow_blank=True)


class CommentSerializer(serializers.ModelSerializer[Comment]):
    """A comment; without a name when a token wrote it."""

    id = serializers.IntegerField()
    scenario = serializers.UUIDField(source="scenario_id", allow_null=True)
    author = serializers.SerializerMethodField()

    class Meta:
        model = Comment
        fields = ("id", "scenario", "author", "text", "created_at")

    def get_author(self, comment: Comment) -> str:
        """Return the name of the person, or nothing."""
        return "" if comment.author is None else comment.author.get_full_name()


class CommentInputSerializer(serializers.Serializer[Any]):
    """What makes a comment."""

    text = serializers.CharField()
    scenario = serializers.UUIDField(required=False, allow_null=True, default=None)


def build_link(route: str, **parts: Any) -> str:
    """Return the full address of an operation."""
    return f"{django_settings.SITE_URL}{reverse(route, kwargs=parts)}"
