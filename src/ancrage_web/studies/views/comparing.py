"""Two to four scenarios side by side, and the difference to download."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from ancrage import __version__
from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.design.words import get_site_language, say
from ancrage_web.studies import queries
from ancrage_web.studies.comparison import (
    FEWEST,
    MOST,
    Comparison,
    compare_results,
    write_difference,
    write_difference_csv,
)
from ancrage_web.studies.models import Result, Scenario
from ancrage_web.studies.results import read_frozen
from ancrage_web.studies.views import area
from ancrage_web.studies.views.result_pages import find_picture
from ancrage_web.studies.views.results import name_file

WRITERS = {
    "xlsx": (write_difference, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "csv": (write_difference_csv, "text/csv; charset=utf-8"),
}
_KINDS = {
    "existing": Text("existing", "existant"),
    "kept": Text("imposed", "imposé"),
    "chosen": Text("new", "nouveau"),
}


@organisation_view(Role.READER)
def compare_scenarios(request: HttpRequest, _actor: Actor, study: UUID) -> HttpResponse:
    """Show the scenarios that the address names side by side; without enough of them, offer to choose."""
    found = queries.get_study(study)
    computed = [scenario for scenario in queries.list_scenarios(found) if scenario.result_id is not None]
    asked = request.GET.getlist("scenario")
    chosen = [scenario for scenario in computed if str(scenario.pk) in asked]
    context: dict[str, Any] = {
        "study": found,
        "territory": area.name_epci(found.epci, area.list_names(found.epci)),
        "scenarios": [{"scenario": scenario, "chosen": scenario in chosen} for scenario in computed],
        "comparison": None,
        "fewest": FEWEST,
        "most": MOST,
    }
    if FEWEST <= len(chosen) <= MOST:
        context |= _build_comparison(chosen)
    elif asked:
        context["problem"] = Text(
            f"{len(chosen)} computed scenarios were chosen: tick from {FEWEST} to {MOST} of them.",
            f"{len(chosen)} scénario(s) calculé(s) choisi(s) : cochez-en de {FEWEST} à {MOST}.",
        )
    return render(request, "studies/compare.html", context, status=400 if "problem" in context else 200)


@organisation_view(Role.READER)
def send_difference(request: HttpRequest, _actor: Actor, study: UUID, extension: str) -> HttpResponse:
    """Send the comparison as a workbook or as a table of text."""
    found = queries.get_study(study)
    if extension not in WRITERS:
        raise Http404
    asked = request.GET.getlist("scenario")
    chosen = [s for s in queries.list_scenarios(found) if s.result_id is not None and str(s.pk) in asked]
    comparison, _ = _compare(chosen)
    write, media_type = WRITERS[extension]
    name = name_file(say(Text(f"{found.name} comparison", f"{found.name} comparaison")))
    return HttpResponse(
        write(comparison, get_site_language()),
        content_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}.{extension}"'},
    )


def _compare(chosen: list[Scenario]) -> tuple[Comparison, list[Result]]:
    if not FEWEST <= len(chosen) <= MOST:
        raise InputError(
            f"{len(chosen)} computed scenarios were chosen: choose from {FEWEST} to {MOST} of them.",
            f"{len(chosen)} scénario(s) calculé(s) choisi(s) : choisissez-en de {FEWEST} à {MOST}.",
        )
    results = [queries.get_result(scenario.result_id) for scenario in chosen if scenario.result_id]
    names = [scenario.name for scenario in chosen]
    # One of another version, if there is one, tells why they cannot be compared.
    other = next((result for result in results if result.version != __version__), results[0])
    return read_frozen(other, lambda _other: compare_results(results, names)), results


def _build_comparison(chosen: list[Scenario]) -> dict[str, Any]:
    comparison, results = _compare(chosen)
    names = comparison.names
    return {
        "comparison": comparison,
        "query": "&".join(f"scenario={scenario.pk}" for scenario in chosen),
        "columns": [{"scenario": s, "result": r} for s, r in zip(chosen, results, strict=True)],
        "pictures": [
            picture
            for scenario, result in zip(chosen, results, strict=True)
            if (picture := _build_picture(scenario, result)) is not None
        ],
        "settings": [
            {"label": row.label, "cells": [{"name": n, "text": v} for n, v in zip(names, row.values, strict=True)]}
            for row in comparison.settings
        ],
        "figures": [
            {
                "label": row.label,
                "unit": row.unit,
                "cells": [{"name": n, "figure": cell} for n, cell in zip(names, row.cells, strict=True)],
            }
            for row in comparison.figures
        ],
        "places": [
            {
                "name": row.name,
                "cells": [
                    {"name": n, "desks": desks, "kind": _KINDS.get(kind)}
                    for n, desks, kind in zip(names, row.desks, row.kinds, strict=True)
                ],
            }
            for row in comparison.places
        ],
        "shifts": [{"name": n, "shift": shift} for n, shift in zip(names[1:], comparison.shifts, strict=True)],
    }


def _build_picture(scenario: Scenario, result: Result) -> dict[str, str] | None:
    # Several drawings in one page would share their identifiers: each is a picture of its own.
    picture = find_picture(result.pages[get_site_language()])
    if picture is None:
        return None
    encoded = base64.b64encode(str(picture["svg"]).encode()).decode()
    return {"name": scenario.name, "alt": str(picture["alt"]), "address": f"data:image/svg+xml;base64,{encoded}"}
