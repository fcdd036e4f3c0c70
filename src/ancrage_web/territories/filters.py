"""Filters and orders of the list of EPCI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet

from ancrage.language import Text
from ancrage_web.design.words import say
from ancrage_web.territories import search
from ancrage_web.territories.models import Epci
from ancrage_web.territories.words import NATURE_NAMES


class EpciFilter(django_filters.FilterSet):  # type: ignore[misc]  # the package has no types
    """Name, region, departement, nature, and whether flows are known; an odd value filters nothing."""

    nom = django_filters.CharFilter(method="filter_name")
    region = django_filters.ChoiceFilter(field_name="region")
    departement = django_filters.ChoiceFilter(field_name="departement")
    nature = django_filters.ChoiceFilter(field_name="nature")
    flux = django_filters.ChoiceFilter(method="filter_flows")

    class Meta:
        model = Epci
        fields: tuple[str, ...] = ()

    def __init__(self, data: Any = None, *, catalogue: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        every = {"region": Text("All", "Toutes"), "nature": Text("All", "Toutes")}
        choices = {
            "region": [(code, name) for code, name in _sort(catalogue["regions"])],
            "departement": [(code, f"{code} · {name}") for code, name in sorted(catalogue["departements"].items())],
            "nature": [(code, say(name)) for code, name in NATURE_NAMES.items()],
            "flux": [("oui", say(Text("Known", "Connus"))), ("non", say(Text("Not known", "Non connus")))],
        }
        labels = {
            "nom": Text("Name", "Nom"),
            "region": Text("Region", "Région"),
            "departement": Text("Département of the seat", "Département du siège"),
            "nature": Text("Nature", "Nature"),
            "flux": Text("Home-work flows", "Flux domicile-travail"),
        }
        for name, field in self.form.fields.items():
            field.label = say(labels[name])
            field.required = False
            if isinstance(field, forms.ChoiceField):
                field.empty_label = say(every.get(name, Text("All", "Tous")))  # type: ignore[attr-defined]
                field.choices = choices[name]

    def filter_name(self, rows: QuerySet[Epci], _name: str, value: str) -> QuerySet[Epci]:
        """Keep the names that hold every word typed, accents and signs forgiven."""
        words = search.build_key(value).split()
        kept = [
            code
            for code, name in Epci.objects.order_by().values_list("code", "name")
            if all(word in search.build_key(name) for word in words)
        ]
        return rows.filter(code__in=kept)

    def filter_flows(self, rows: QuerySet[Epci], _name: str, value: str) -> QuerySet[Epci]:
        """Keep the EPCI from which flows start, or the others."""
        return rows.filter(has_flows=value == "oui")


def _sort(names: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted(names.items(), key=lambda item: search.build_key(item[1]))


@dataclass(frozen=True)
class Order:
    """An order of the list.

    Attributes
    ----------
    name : as the address names it, "column" or "-column"; fields : as the database does.
    """

    name: str
    fields: tuple[str, ...]

    @property
    def column(self) -> str:
        """The column alone."""
        return self.name.removeprefix("-")

    @property
    def descending(self) -> bool:
        """Whether the highest comes first."""
        return self.name.startswith("-")

    @property
    def reverse(self) -> str:
        """The name of the same order the other way round."""
        return self.column if self.descending else f"-{self.column}"


_COLUMNS = {"nom": "name", "population": "population", "communes": "communes_count", "departement": "departement"}


def choose_order(asked: str) -> Order:
    """Return the order named by "column" or "-column"; by name where it is none of the columns."""
    column = asked.removeprefix("-")
    if column not in _COLUMNS:
        return Order("nom", ("name", "code"))
    sign = "-" if asked.startswith("-") else ""
    return Order(f"{sign}{column}", (sign + _COLUMNS[column], "name", "code"))
