"""Reading of projects, programmes and past grants; inside the scope of the organisation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar
from uuid import UUID

from django.apps import apps
from django.db.models import Count, DecimalField, Max, Min, Model, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.http import Http404

from ancrage.conventions import programmes as rules
from ancrage_web.cofunding.models import Expense, PastGrant, Programme, Project, Source
from ancrage_web.territories.models import Commune

T = TypeVar("T", bound=Model)
_MONEY: DecimalField[object, object] = DecimalField(max_digits=16, decimal_places=2)
# Past grants compared with one project: those of a large radius in a dense region stay under it.
MOST_COMPARED = 20_000
# Kilometres in a degree of latitude.
_DEGREE_KM = math.pi * rules.EARTH_KM / 180


def list_projects(*, archived: bool = False, text: str = "") -> QuerySet[Project]:
    """Return the projects of the organisation, the last changed first, with `cost`, `obtained` and `expected`.

    `obtained` counts what was obtained and own money; `expected` all that was not refused.
    """
    costs = Expense.objects.filter(project=OuterRef("pk")).order_by().values("project").annotate(total=Sum("amount"))
    zero = Value(0, output_field=_MONEY)

    def sum_sources(column: str, condition: Q) -> Coalesce:
        rows = Source.objects.filter(condition, project=OuterRef("pk")).order_by().values("project")
        return Coalesce(Subquery(rows.annotate(total=Sum(column)).values("total")[:1]), zero)

    granted = sum_sources("obtained", Q(answer="obtained"))
    projects = Project.objects.filter(archived_at__isnull=not archived).annotate(
        cost=Coalesce(Subquery(costs.values("total")[:1]), zero),
        obtained=granted + sum_sources("asked", Q(origin="own", answer__in=("planned", "asked"))),
        expected=granted + sum_sources("asked", Q(answer__in=("planned", "asked"))),
    )
    for word in text[:200].split()[:10]:
        projects = projects.filter(Q(name__icontains=word) | Q(description__icontains=word))
    return projects.order_by("-updated_at", "pk")


def get_project(key: UUID) -> Project:
    """Return a project of the organisation.

    Raises
    ------
    Http404
        If it is not one of the organisation.
    """
    return _get(Project.objects.all(), key)


def list_expenses(project: Project) -> list[Expense]:
    """Return the expenses of a project, by quarter."""
    return list(Expense.objects.filter(project=project).order_by("quarter", "pk"))


def list_sources(project: Project) -> list[Source]:
    """Return the sources of a project, in their order."""
    return list(Source.objects.filter(project=project).select_related("programme").order_by("position", "pk"))


def list_open_projects() -> QuerySet[Project]:
    """Return the projects to which a source can be added, by name."""
    return Project.objects.filter(archived_at__isnull=True).order_by("name", "pk")


def get_programme(key: UUID) -> Programme:
    """Return a programme of the organisation.

    Raises
    ------
    Http404
        If it is not one of the organisation.
    """
    return _get(Programme.objects.all(), key)


def list_programmes(
    on: date,
    *,
    text: str = "",
    nature: str = "",
    operator: str = "",
    stage: str = "",
    valid: bool = False,
    archived: bool = False,
) -> QuerySet[Programme]:
    """Return the programmes of the organisation, by name.

    Parameters
    ----------
    stage : those for it, those for all, and those that do not say; valid : without those that ended before `on`.
    """
    found = Programme.objects.filter(archived_at__isnull=not archived)
    for word in text[:200].split()[:10]:
        found = found.filter(Q(name__icontains=word) | Q(description__icontains=word) | Q(operator__icontains=word))
    if nature:
        found = found.filter(nature=nature)
    if operator:
        found = found.filter(operator=operator)
    if stage:
        # A JSON list of words: the text of one is found in it on both databases.
        found = found.filter(Q(stages__icontains=f'"{stage}"') | Q(stages__isnull=True) | Q(stages=[]))
    if valid:
        found = found.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=on))
    return found.order_by("name", "pk")


def list_operators() -> list[str]:
    """Return the operators of the catalogue, by name."""
    return list(
        Programme.objects.exclude(operator="").order_by("operator").values_list("operator", flat=True).distinct()
    )


def read_conditions(programme: Programme) -> rules.Conditions:
    """Return who a programme is for, as the rules read it."""

    def settle(values: Sequence[str] | None) -> tuple[str, ...] | None:
        return None if values is None else tuple(values)

    least = programme.employees_min
    return rules.Conditions(
        # Zero says that every size is welcome: it is no bound.
        employees_min=least or None,
        employees_max=programme.employees_max,
        sizes_said=least == 0,
        sectors=settle(programme.sectors),
        places=settle(programme.places),
        stages=settle(programme.stages),
        valid_until=programme.valid_until,
    )


def match_programmes(firm: rules.Firm, on: date, *, nature: str = "") -> list[tuple[Programme, rules.Match]]:
    """Return every programme in front of a firm, the most fitting first; none is left out."""
    rows = Programme.objects.filter(archived_at__isnull=True)
    if nature:
        rows = rows.filter(nature=nature)
    found = [(row, rules.match_programme(firm, read_conditions(row), on)) for row in rows]
    order = {"likely": 0, "possible": 1, "unlikely": 2}
    return sorted(found, key=lambda pair: (order[pair[1].verdict], -pair[1].score, pair[0].name, str(pair[0].pk)))


def find_commune(text: str) -> Commune | None:
    """Return the commune of a code, or the only one of a name."""
    text = text.strip()
    if not text:
        return None
    rows = Commune.objects.select_related("epci").defer("values", "epci__portrait")
    found = list(rows.filter(Q(code=text.upper()) | Q(name__iexact=text))[:2])
    return found[0] if len(found) == 1 else None


def list_firm_places(commune: Commune) -> tuple[str, ...]:
    """Return the codes of a commune, its EPCI, its departement and its region."""
    codes = [commune.code, commune.departement]
    if commune.epci is not None:
        codes += [commune.epci.code, f"R{commune.epci.region}"]
    return tuple(codes)


def list_past_grants(
    *, text: str = "", departement: str = "", scheme: str = "", category: str = "", year: int | None = None
) -> QuerySet[PastGrant]:
    """Return the past grants of the organisation, the last year first."""
    found = PastGrant.objects.all()
    for word in text[:200].split()[:10]:
        found = found.filter(description__icontains=word)
    for column, value in (("departement", departement), ("scheme", scheme), ("category", category), ("year", year)):
        if value:
            found = found.filter(**{column: value})
    return found.order_by("-year", "-amount", "pk")


@dataclass(frozen=True)
class Compared:
    """The past grants that look like a project, the most alike first; how many were read, and how many there were."""

    similar: tuple[rules.Similar[int], ...]
    read: int
    total: int


@dataclass(frozen=True)
class SourceOfGrants:
    """One imported set of past grants."""

    source: str
    licence: str
    count: int
    first: int
    last: int


def list_grant_sources() -> list[SourceOfGrants]:
    """Return the sets of past grants, with how many there are in each."""
    rows = (
        PastGrant.objects.order_by()
        .values("source", "licence")
        .annotate(count=Count("pk"), first=Min("year"), last=Max("year"))
        .order_by("source", "licence")
    )
    return [SourceOfGrants(**row) for row in rows]


def read_convention_name(key: UUID | None) -> str:
    """Return the name of a convention of the organisation, empty where there is none.

    Co-funding and conventions do not import each other: the registry of applications knows the table.
    """
    if key is None:
        return ""
    rows = apps.get_model("conventions", "Convention").objects.filter(pk=key)
    return str(rows.values_list("name", flat=True).first() or "")


def list_schemes() -> list[str]:
    """Return the schemes of the past grants."""
    return list(PastGrant.objects.order_by("scheme").values_list("scheme", flat=True).distinct())


def list_categories() -> list[str]:
    """Return the categories of the past grants."""
    rows = PastGrant.objects.exclude(category="").order_by("category").values_list("category", flat=True).distinct()
    return list(rows)


def find_similar(project: Project, *, radius: float | None, category: str = "", scheme: str = "") -> Compared:
    """Return the past grants that look like a project, the most alike first (`programmes.find_similar_grants`)."""
    commune = find_commune(project.commune)
    point = None if commune is None or commune.lon is None or commune.lat is None else (commune.lon, commune.lat)
    rows = PastGrant.objects.all()
    if scheme:
        rows = rows.filter(scheme=scheme)
    if category:
        rows = rows.filter(category=category)
    if radius is not None and point is not None:
        north = radius / _DEGREE_KM
        # The widest degree of longitude of the band is the smallest circle of latitude.
        east = north / max(math.cos(math.radians(min(abs(point[1]) + north, 89))), 0.01)
        rows = rows.filter(
            lat__range=(point[1] - north, point[1] + north), lon__range=(point[0] - east, point[0] + east)
        )
    total = rows.count()
    similar = rules.find_similar_grants(
        f"{project.name} {project.description}",
        _iterate_grants(rows.order_by("-year", "pk")[:MOST_COMPARED]),
        point=point,
        radius=radius if point is not None else None,
    )
    return Compared(similar, min(total, MOST_COMPARED), total)


def list_grants_by_key(keys: Sequence[int]) -> dict[int, PastGrant]:
    """Return some past grants by key."""
    return PastGrant.objects.in_bulk(keys)


def _iterate_grants(rows: QuerySet[PastGrant]) -> Iterator[rules.PastGrant[int]]:
    columns = ("pk", "description", "category", "amount", "cost", "lon", "lat")
    for key, description, category, amount, cost, lon, lat in rows.values_list(*columns):
        point = None if lon is None or lat is None else (lon, lat)
        yield rules.PastGrant(key, description, category, amount, cost, point)


def _get(rows: QuerySet[T], key: UUID) -> T:
    found = rows.filter(pk=key).first()
    if found is None:
        raise Http404
    return found
