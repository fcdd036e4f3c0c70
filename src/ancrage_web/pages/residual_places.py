"""Third places of a computed study, taken as uses of the residual of a convention.

Studies and conventions do not know each other: what joins them stands here, above both (decision 0015).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django_scopes import scope

from ancrage.conventions.residual import UNIT_NAMES
from ancrage.errors import InputError
from ancrage.language import Language, Text, format_date
from ancrage_web.conventions.access import Access, convention_view
from ancrage_web.conventions.enums import ActionKind
from ancrage_web.conventions.forms_life_fields import read_decimal
from ancrage_web.conventions.queries.residual import list_basin_communes
from ancrage_web.conventions.services.residual import Sheet, add_candidates
from ancrage_web.design.words import get_site_language, say
from ancrage_web.studies.models import Result, Scenario
from ancrage_web.studies.results import check_freshness

# Unit of the value by objective of the study, and what its shown figure is multiplied by to get it.
_UNITS: dict[str, tuple[str, float]] = {
    "km": ("km", 1.0),
    "hours": ("h", 1.0),
    "co2": ("kg CO2", 1000.0),
    "value": ("EUR", 1.0),
}


@dataclass(frozen=True)
class Place:
    """A place that a study plans to open; value : what the network loses without it, a year; cost : [EUR/year]."""

    code: str
    name: str
    value: float
    cost: float
    inside: bool


@convention_view("edit")
def choose_places(request: HttpRequest, access: Access) -> HttpResponse:
    """Choose a result of the studies of one's own organisation, then its places and what each would cost."""
    scenario, result = _find_result(access, request.POST.get("resultat") or request.GET.get("resultat"))
    context: dict[str, Any] = {"access": access, "convention": access.convention, "error": ""}
    if scenario is None or result is None:
        context["choices"] = _list_choices(access)
        return render(request, "pages/residual_places.html", context)
    unit, places = _list_places(result, list_basin_communes(access.convention), get_site_language())
    typed = {place.code: request.POST.get(f"cout-{place.code}", f"{place.cost:.2f}") for place in places}
    chosen = set(request.POST.getlist("lieu"))
    if request.method == "POST":
        try:
            sheets = _build_sheets(scenario, result, unit, places, chosen, typed)
            add_candidates(access, sheets)
        except InputError as error:
            context["error"] = say(error.text)
        else:
            plural = "x" if len(sheets) > 1 else ""
            text = Text(f"Places added: {len(sheets)}.", f"{len(sheets)} lieu{plural} ajouté{plural and 's'}.")
            messages.success(request, say(text))
            return redirect("convention-residual", access.actor.organisation.slug, access.convention.pk)
    with scope(organisation=access.actor.organisation):
        freshness = check_freshness(result, scenario)
    context |= {
        "scenario": scenario,
        "result": result,
        "unit": say(UNIT_NAMES[unit]),
        "rows": [(place, typed[place.code], place.code in chosen) for place in places],
        "reasons": freshness.reasons,
        "old": timezone.now() - result.created_at > timedelta(days=365),
    }
    return render(request, "pages/residual_places.html", context, status=400 if context["error"] else 200)


def _list_choices(access: Access) -> list[Scenario]:
    # The studies are those of the organisation of the person, whoever owns the convention.
    with scope(organisation=access.actor.organisation):
        return list(
            Scenario.objects.filter(result__isnull=False, study__archived_at__isnull=True)
            .select_related("study", "result")
            .defer("result__pages", "result__map")
            .order_by("-result__created_at")[:50]
        )


def _find_result(access: Access, text: str | None) -> tuple[Scenario | None, Result | None]:
    if not text:
        return None, None
    try:
        key = UUID(text)
    except ValueError as error:
        raise Http404 from error
    with scope(organisation=access.actor.organisation):
        scenario = Scenario.objects.filter(result=key).select_related("study", "result").first()
    if scenario is None:
        raise Http404
    return scenario, scenario.result


def _list_places(result: Result, basins: set[str], language: Language) -> tuple[str, list[Place]]:
    """Return the unit of the study and its places, without the ones that exist already."""
    unit, factor = _UNITS[result.settings.get("objective", "co2")]
    tables = [block for section in result.pages[language]["sections"] for block in section["blocks"]]
    table = next((block for block in tables if block["type"] == "table" and block["id"] == "places"), None)
    if table is None:
        return unit, []
    keys = {column["key"]: number for number, column in enumerate(table["columns"])}
    lost = {row[keys["code"]]["text"]: row[keys["loss"]].get("value") for row in table["rows"]}
    places = [
        Place(
            place["code"],
            place["name"],
            max(0.0, factor * (lost.get(place["code"]) or 0.0)),
            max(0.0, place["cost"]),
            not basins or place["code"] in basins,
        )
        for place in result.map["places"]
        if place["kind"] != "existing"
    ]
    return unit, sorted(places, key=lambda place: (-place.value, place.name))


def _build_sheets(
    scenario: Scenario, result: Result, unit: str, places: list[Place], chosen: set[str], typed: dict[str, str]
) -> list[Sheet]:
    wanted = [place for place in places if place.code in chosen]
    if not wanted:
        raise InputError("No place is ticked: tick at least one.", "Aucun lieu n'est coché : cochez-en au moins un.")
    day: date = timezone.localdate(result.created_at)
    sheets = []
    for place in wanted:
        cost = read_decimal(typed[place.code])
        if cost is None or cost <= 0 or cost >= 10**12:
            raise InputError(
                f"{place.name}: '{typed[place.code]}' is not a cost. Type an amount above zero.",
                f"{place.name} : « {typed[place.code]} » n'est pas un coût. Écrivez un montant supérieur à zéro.",
            )
        ground = Text(
            f"Study {scenario.study.name}, {scenario.name}, computed on {format_date(day, 'en')}",
            f"Étude {scenario.study.name}, {scenario.name}, calculée le {format_date(day, 'fr')}",
        )
        name = say(Text(f"Third place of {place.name}", f"Tiers-lieu de {place.name}"))
        sheets.append(
            Sheet(
                kind=ActionKind.THIRD_PLACE,
                name=name[:160],
                cost=cost.quantize(Decimal("0.01")),
                value=place.value,
                unit=unit,
                ground=say(ground)[:300],
                commune=place.code,
                key=f"{result.pk}:{place.code}",
                computed_on=day,
            )
        )
    return sheets
