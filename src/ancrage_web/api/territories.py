"""Operations on territories: open to all, from what the portraits store."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import Http404
from django.utils.text import slugify
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from ancrage_web.api.base import View
from ancrage_web.api.pagination import Pages
from ancrage_web.api.schema import document
from ancrage_web.api.territory_serializers import (
    CommuneSerializer,
    DefinitionSerializer,
    FoundSerializer,
    IndicatorSerializer,
    SearchSerializer,
    SourceSerializer,
    TerritoryDetailSerializer,
    TerritorySerializer,
)
from ancrage_web.api.wording import describe
from ancrage_web.territories import queries
from ancrage_web.territories.models import Commune, Epci, Store

_YES_NO = (("true", "true"), ("false", "false"))


class PublicView(View):
    """A view open to all."""

    cache_control = "public, max-age=300"


class TerritoryFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Filters of the list of EPCI."""

    region = django_filters.CharFilter(max_length=3, help_text=describe("Code of the region.", "Code de la région."))
    departement = django_filters.CharFilter(
        max_length=3, help_text=describe("Code of the departement of the seat.", "Code du département du siège.")
    )
    nature = django_filters.CharFilter(max_length=20, help_text="CC, CA, CU, ME")
    has_flows = django_filters.TypedChoiceFilter(
        choices=_YES_NO,
        coerce=lambda text: text == "true",
        help_text=describe("Whether a study can be made.", "Si une étude est possible."),
    )
    text = django_filters.CharFilter(
        method="filter_text",
        max_length=100,
        help_text=describe("Part of the name, accents or not.", "Partie du nom, avec ou sans accents."),
    )

    def filter_text(self, epci: QuerySet[Epci], name: str, value: str) -> QuerySet[Epci]:
        """Keep the EPCI whose name holds every word of the text, whatever its case and accents."""
        del name
        for word in slugify(value.replace("'", " ").replace("’", " ")).split("-"):
            epci = epci.filter(slug__contains=word)
        return epci


class TerritoryListView(PublicView, GenericAPIView[Epci]):
    """EPCI."""

    queryset = Epci.objects.defer("portrait")
    serializer_class = TerritorySerializer
    pagination_class = Pages
    filter_backends = (DjangoFilterBackend,)
    filterset_class = TerritoryFilter

    @document(
        "list_territories",
        "territories",
        ("List the EPCI", "Lister les EPCI"),
        answers={200: TerritorySerializer(many=True)},
        refuses=[400, 404],
        public=True,
    )
    def get(self, request: Request) -> Response:
        """List the EPCI."""
        del request
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class TerritoryView(PublicView):
    """One EPCI."""

    @document(
        "get_territory",
        "territories",
        ("Read an EPCI", "Lire un EPCI"),
        description=(
            (
                "What its portrait says: typology and its reason, comparison group, facts, warnings, destinations, "
                "sources."
            ),
            (
                "Ce que dit son portrait : typologie et sa raison, groupe de comparaison, faits, avertissements, "
                "destinations, sources."
            ),
        ),
        answers={200: TerritoryDetailSerializer},
        refuses=[404],
        public=True,
    )
    def get(self, request: Request, code: str) -> Response:
        """Read an EPCI."""
        del request
        return Response(TerritoryDetailSerializer(get_epci(code)).data)


class TerritoryIndicatorsView(PublicView):
    """The indicators of one EPCI."""

    @document(
        "list_territory_indicators",
        "territories",
        ("Read the indicators of an EPCI", "Lire les indicateurs d'un EPCI"),
        description=(
            "Each with value, unit, numerator and denominator, vintage, sources and position in its group.",
            "Chacun avec valeur, unité, numérateur et dénominateur, millésime, sources et position dans son groupe.",
        ),
        answers={200: IndicatorSerializer(many=True)},
        refuses=[404],
        public=True,
    )
    def get(self, request: Request, code: str) -> Response:
        """Read the indicators of an EPCI."""
        del request
        return Response(IndicatorSerializer(get_epci(code).portrait["indicators"], many=True).data)


class TerritoryCommunesView(PublicView):
    """The communes of one EPCI."""

    pagination_class = Pages

    @document(
        "list_territory_communes",
        "territories",
        ("List the communes of an EPCI", "Lister les communes d'un EPCI"),
        answers={200: CommuneSerializer(many=True)},
        refuses=[400, 404],
        public=True,
    )
    def get(self, request: Request, code: str) -> Response:
        """List the communes of an EPCI."""
        del request
        if not Epci.objects.filter(pk=code).exists():
            raise Http404
        return self.answer_page(Commune.objects.filter(epci=code), CommuneSerializer)


class CommuneView(PublicView):
    """One commune."""

    @document(
        "get_commune",
        "territories",
        ("Read a commune", "Lire une commune"),
        answers={200: CommuneSerializer},
        refuses=[404],
        public=True,
    )
    def get(self, request: Request, code: str) -> Response:
        """Read a commune."""
        del request
        commune = Commune.objects.filter(pk=code).first()
        if commune is None:
            raise Http404
        return Response(CommuneSerializer(commune).data)


class SearchView(PublicView):
    """Communes and EPCI by name."""

    @document(
        "search_territories",
        "territories",
        ("Search a commune or an EPCI", "Chercher une commune ou un EPCI"),
        answers={200: FoundSerializer(many=True)},
        refuses=[400],
        query=[SearchSerializer],
        public=True,
    )
    def get(self, request: Request) -> Response:
        """Search a commune or an EPCI."""
        asked = SearchSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = queries.search(asked.validated_data["q"], limit=asked.validated_data["limit"])
        return Response(FoundSerializer(found, many=True).data)


def get_epci(code: str) -> Epci:
    """Return an EPCI with its portrait.

    Raises
    ------
    Http404
        If there is none.
    """
    epci = Epci.objects.filter(pk=code).first()
    if epci is None:
        raise Http404
    return epci


class IndicatorListView(PublicView):
    """Definitions of the indicators."""

    @document(
        "list_indicators",
        "territories",
        ("List the indicators", "Lister les indicateurs"),
        answers={200: DefinitionSerializer(many=True)},
        public=True,
    )
    def get(self, request: Request) -> Response:
        """List the indicators."""
        del request
        return Response(DefinitionSerializer(read_catalogue("indicators"), many=True).data)


class SourceListView(PublicView):
    """Sources of the loaded tables."""

    @document(
        "list_sources",
        "territories",
        ("List the sources", "Lister les sources"),
        answers={200: SourceSerializer(many=True)},
        public=True,
    )
    def get(self, request: Request) -> Response:
        """List the sources."""
        del request
        return Response(SourceSerializer(read_catalogue("sources"), many=True).data)


def read_catalogue(name: str) -> list[Any]:
    """Return a part of what the portraits share; nothing while no store is loaded."""
    store = Store.objects.order_by("-pk").first()
    return [] if store is None else list(store.catalogue.get(name, ()))
