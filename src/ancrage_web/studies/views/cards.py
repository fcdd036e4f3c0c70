"""What lists show of studies and scenarios, read in a fixed number of queries and without the pages of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ancrage.language import Language, Text
from ancrage_web.studies import queries
from ancrage_web.studies.enums import OPEN, STATUS_NAMES, Status
from ancrage_web.studies.forms_scenario import OBJECTIVES, PRESETS
from ancrage_web.studies.models import Run, Scenario, Study
from ancrage_web.studies.views.area import name_epci

# Kilometres, desks and euros: what an elected member asks first. Where kilometres are the objective itself, they are
# its value, which is not written twice.
CARD_FIGURES = (("impact.commuter_km", "value"), ("desks",), ("cost",))


@dataclass(frozen=True)
class CardFigure:
    """A figure as the report wrote it, with its interval in words or nothing."""

    id: str
    label: str
    written: str
    unit: str
    interval: str


@dataclass(frozen=True)
class StudyCard:
    """A study of the list; `figures` are those of its last result, of the scenario `scenario_name`."""

    study: Study
    territory: str
    status: Status | None
    status_name: Text | None
    scenario_id: UUID | None = None
    scenario_name: str = ""
    result_id: UUID | None = None
    computed_at: datetime | None = None
    figures: tuple[CardFigure, ...] = ()


@dataclass(frozen=True)
class ScenarioRow:
    """A scenario of a study: what it asks, what its last run is, what it found.

    `stale` : the settings were saved after the run that gave the result.
    """

    scenario: Scenario
    objective: Text
    preset: Text
    budget: float | None
    places: int | None
    kept: int
    excluded: int
    changed: int
    floors: int
    status: Status | None
    status_name: Text | None
    run_id: UUID | None
    active: bool
    error: Mapping[str, str] | None
    result_id: UUID | None
    computed_at: datetime | None
    figures: tuple[CardFigure, ...]
    stale: bool


def choose_figures(summary: Mapping[str, Any] | None, language: Language) -> tuple[CardFigure, ...]:
    """Return the figures of a card out of the summary of a result."""
    by_id = {figure["id"]: figure for figure in (summary or {}).get(language, {}).get("figures", ())}
    found = []
    for names in CARD_FIGURES:
        figure = next((by_id[name] for name in names if name in by_id), None)
        if figure is not None:
            found.append(
                CardFigure(
                    figure["id"], figure["label"], figure["written"], figure["unit"], figure.get("interval") or ""
                )
            )
    return tuple(found)


def build_cards(studies: Sequence[Study], names: Mapping[str, str], language: Language) -> list[StudyCard]:
    """Return the cards of studies of one organisation, as `queries.list_studies` gives them; one query."""
    last: dict[Any, dict[str, Any]] = {}
    rows = (
        Scenario.objects.filter(study__in=[study.pk for study in studies], result__isnull=False)
        .order_by("result__created_at", "created_at")
        .values("id", "name", "study_id", "result_id", "result__created_at", "result__summary")
    )
    for row in rows:
        last[row["study_id"]] = dict(row)
    cards = []
    for study in studies:
        status = study.last_run_status  # type: ignore[attr-defined]
        found = last.get(study.pk)
        cards.append(
            StudyCard(
                study,
                name_epci(study.epci, names),
                None if not status else Status(status),
                None if not status else STATUS_NAMES[status],
                *(
                    ()
                    if found is None
                    else (
                        found["id"],
                        found["name"],
                        found["result_id"],
                        found["result__created_at"],
                        choose_figures(found["result__summary"], language),
                    )
                ),
            )
        )
    return cards


def build_scenario_rows(study: Study, language: Language) -> list[ScenarioRow]:
    """Return the scenarios of a study; three queries, whatever their number."""
    last: dict[UUID, Run] = {}
    asked: dict[tuple[UUID, UUID], int] = {}
    for run in Run.objects.filter(scenario__study=study).order_by("asked_at").defer("settings"):
        last[run.scenario_id] = run
        if run.result_id:
            asked[(run.scenario_id, run.result_id)] = run.scenario_version
    return [_build_row(scenario, last.get(scenario.pk), asked, language) for scenario in queries.list_scenarios(study)]


def _build_row(
    scenario: Scenario, run: Run | None, asked: Mapping[tuple[UUID, UUID], int], language: Language
) -> ScenarioRow:
    settings, result = scenario.settings, scenario.result
    return ScenarioRow(
        scenario=scenario,
        objective=OBJECTIVES[settings.get("objective", "co2")][0],
        preset=PRESETS[settings.get("preset", "central")][0],
        budget=settings.get("budget"),
        places=settings.get("places"),
        kept=len(settings.get("keep", ())),
        excluded=len(settings.get("exclude", ())),
        changed=len(settings.get("parameters", {})),
        floors=len(settings.get("floors", ())),
        status=None if run is None else Status(run.status),
        status_name=None if run is None else STATUS_NAMES[run.status],
        run_id=None if run is None else run.pk,
        active=run is not None and run.status in OPEN,
        error=None if run is None else run.error,
        result_id=None if result is None else result.pk,
        computed_at=None if result is None else result.created_at,
        figures=() if result is None else choose_figures(result.summary, language),
        stale=result is not None and asked.get((scenario.pk, result.pk), scenario.version) != scenario.version,
    )
