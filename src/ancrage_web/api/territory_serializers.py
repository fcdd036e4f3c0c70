"""The shapes of territories, indicators and sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ancrage_web.api.fields import SaidField
from ancrage_web.api.wording import describe
from ancrage_web.territories.models import Commune, Epci

_KINDS = ("epci", "commune")
_STATUSES = ("published", "not_published", "secret")


def build_address(route: str, parts: Mapping[str, str]) -> str:
    """Return the full address of a page, in the language of the request."""
    return f"{settings.SITE_URL}{reverse(route, kwargs=dict(parts))}"


class SourceSerializer(serializers.Serializer[Any]):
    """Where a table comes from."""

    table = serializers.CharField(help_text=describe("Name that indicators cite.", "Nom que citent les indicateurs."))
    title = SaidField()
    producer = serializers.CharField(allow_blank=True)
    vintage = serializers.CharField(allow_blank=True, help_text=describe("Of the content.", "Du contenu."))
    licence = serializers.CharField(allow_blank=True)
    url = serializers.CharField(allow_blank=True, help_text=describe("Empty when unknown.", "Vide si inconnue."))


class TerritorySerializer(serializers.ModelSerializer[Epci]):
    """An EPCI in a list."""

    # Written out: the bounds of a column are not the same on every database.
    population = serializers.IntegerField(min_value=0)
    communes_count = serializers.IntegerField(min_value=0)
    typology = SaidField(help_text=describe("Words such as “dormitory”.", "Mots tels que « dortoir »."))
    page = serializers.SerializerMethodField(help_text=describe("Its portrait.", "Son portrait."))

    class Meta:
        model = Epci
        fields = (
            "code",
            "name",
            "nature",
            "departement",
            "region",
            "population",
            "communes_count",
            "has_flows",
            "typology",
            "page",
        )
        extra_kwargs: ClassVar[dict[str, dict[str, Any]]] = {
            "code": {"help_text": describe("SIREN of the EPCI.", "SIREN de l'EPCI.")},
            "nature": {"help_text": "CC, CA, CU, ME"},
            "has_flows": {
                "help_text": describe(
                    "Whether home-work flows start from it: without them, no study.",
                    "Si des flux domicile-travail en partent : sans eux, pas d'étude.",
                )
            },
        }

    @extend_schema_field({"type": "string", "format": "uri"})
    def get_page(self, epci: Epci) -> str:
        """Return the address of the portrait."""
        return build_address("epci", {"code": epci.code, "slug": epci.slug})


class GroupSerializer(serializers.Serializer[Any]):
    """The EPCI that an EPCI is compared with."""

    label = SaidField()  # type: ignore[assignment]
    size = serializers.IntegerField(allow_null=True)


class DestinationSerializer(serializers.Serializer[Any]):
    """A commune where residents work."""

    code = serializers.CharField(
        help_text=describe(
            "“other” groups communes under 200 workers each.", "« other » regroupe les communes de moins de 200 actifs."
        )
    )
    name = serializers.CharField(allow_null=True)
    workers = serializers.FloatField()
    share_pct = serializers.FloatField(allow_null=True)
    crow_km = serializers.FloatField(allow_null=True)
    inside = serializers.BooleanField(allow_null=True)


class TerritoryDetailSerializer(TerritorySerializer):
    """An EPCI with what its portrait says in words."""

    fictional = serializers.BooleanField(source="portrait.fictional")
    typology_reason = SaidField(source="portrait.typology_reason")
    group = GroupSerializer(source="portrait.group")
    facts = serializers.ListField(child=SaidField(), source="portrait.facts")
    warnings = serializers.ListField(child=SaidField(), source="portrait.warnings")
    destinations = DestinationSerializer(many=True, source="portrait.destinations")
    sources = SourceSerializer(many=True, source="portrait.sources")

    class Meta(TerritorySerializer.Meta):
        fields = (
            *TerritorySerializer.Meta.fields,
            "fictional",
            "typology_reason",
            "group",
            "facts",
            "warnings",
            "destinations",
            "sources",
        )  # type: ignore[assignment]


class DefinitionSerializer(serializers.Serializer[Any]):
    """What an indicator is."""

    id = serializers.CharField()
    family = serializers.CharField()
    label = SaidField()  # type: ignore[assignment]
    reading = SaidField(help_text=describe("How to read it.", "Comment le lire."))
    unit = serializers.CharField()
    decimals = serializers.IntegerField(help_text=describe("Digits shown.", "Décimales affichées."))
    favourable = serializers.ChoiceField(["high", "low", "none"])
    unpublished = SaidField(
        allow_null=True,
        help_text=describe("Why no open table gives it.", "Pourquoi aucune donnée ouverte ne le donne."),
    )


class IndicatorSerializer(DefinitionSerializer):
    """The value of an indicator for an EPCI, placed in its comparison group."""

    value = serializers.FloatField(allow_null=True)
    numerator = serializers.FloatField(allow_null=True)
    denominator = serializers.FloatField(allow_null=True)
    status = serializers.ChoiceField(_STATUSES)
    vintage = serializers.CharField(allow_blank=True)
    coverage = serializers.FloatField(
        allow_null=True, help_text=describe("Share explained, 0 to 1.", "Part expliquée, de 0 à 1.")
    )
    rank = serializers.IntegerField(
        allow_null=True, help_text=describe("1 is the highest value.", "1 est la plus haute valeur.")
    )
    percentile = serializers.FloatField(allow_null=True)
    group = SaidField(allow_null=True, help_text=describe("Comparison group.", "Groupe de comparaison."))
    group_size = serializers.IntegerField(allow_null=True)
    group_p10 = serializers.FloatField(allow_null=True)
    group_median = serializers.FloatField(allow_null=True)
    group_p90 = serializers.FloatField(allow_null=True)
    sources = serializers.ListField(
        child=serializers.CharField(), help_text=describe("Names of tables: see /sources/.", "Tables : voir /sources/.")
    )


class CommuneSerializer(serializers.ModelSerializer[Commune]):
    """A commune with its published indicators."""

    epci = serializers.CharField(source="epci_id", allow_null=True)
    population = serializers.IntegerField(min_value=0)
    values = serializers.DictField(
        child=serializers.FloatField(),
        help_text=describe("By indicator; absent when not published.", "Par indicateur ; absent si non publié."),
    )
    page = serializers.SerializerMethodField()

    class Meta:
        model = Commune
        fields = ("code", "name", "departement", "population", "lon", "lat", "epci", "values", "page")
        extra_kwargs: ClassVar[dict[str, dict[str, Any]]] = {
            "code": {"help_text": describe("INSEE code.", "Code INSEE.")}
        }

    @extend_schema_field({"type": "string", "format": "uri"})
    def get_page(self, commune: Commune) -> str:
        """Return the address of its page."""
        return build_address("commune", {"code": commune.code, "slug": commune.slug})


class FoundSerializer(serializers.Serializer[Any]):
    """A territory that a search found."""

    kind = serializers.ChoiceField(_KINDS)
    code = serializers.CharField()
    name = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    page = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string", "format": "uri"})
    def get_page(self, found: Any) -> str:
        """Return the address of its page."""
        return f"{settings.SITE_URL}{found.address}"


class SearchSerializer(serializers.Serializer[Any]):
    """What is searched."""

    q = serializers.CharField(
        min_length=1,
        max_length=100,
        help_text=describe(
            "Name or code; accents and typing errors are forgiven.",
            "Nom ou code ; accents et fautes de frappe sont pardonnés.",
        ),
    )
    limit = serializers.IntegerField(min_value=1, max_value=50, default=10)
