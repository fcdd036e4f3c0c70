"""From a study and a diagnosis to the one report that every output is written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from ancrage.diagnosis.model import Diagnosis
from ancrage.language import DEFAULT_LANGUAGE, Language
from ancrage.reports.context import Context
from ancrage.reports.layers import build_layers
from ancrage.reports.model import Report
from ancrage.reports.sections.budget import build_budget
from ancrage.reports.sections.diagnosis import build_diagnosis
from ancrage.reports.sections.impact import build_impact
from ancrage.reports.sections.method import build_assumptions, build_limits, build_sources
from ancrage.reports.sections.network import build_network
from ancrage.reports.sections.robustness import build_robustness
from ancrage.reports.sections.summary import build_small_map, build_summary, list_study_figures
from ancrage.reports.shapes import Shapes
from ancrage.reports.study_file import StudyFile
from ancrage.reports.writing import Pen
from ancrage.study.results import StudyResult


def build_report(
    result: StudyResult,
    diagnosis: Diagnosis | None,
    shapes: Shapes,
    language: Language = DEFAULT_LANGUAGE,
    *,
    on: date | None = None,
    checksums: Mapping[str, str] | None = None,
) -> Report:
    """Build the report of a study, in one language.

    Parameters
    ----------
    diagnosis : of the same territory; None leaves its section out.
    shapes : outlines of the communes of the study area and of the halo; maps use points for those without one.
    checksums : SHA-256 of the input tables by name, for the study file; by default those that the sources carry.
    on : date written on the report; None leaves it out, so that the same study always gives the same files.
    """
    context = Context(result, diagnosis, shapes, Pen(language))
    pen = context.pen
    sections = [build_summary(context)]
    if diagnosis is not None:
        sections.append(build_diagnosis(context, diagnosis))
    sections += [
        build_network(context),
        build_budget(context),
        build_impact(context),
        build_robustness(context),
        build_assumptions(context),
        build_limits(context),
        build_sources(context),
    ]
    cover = replace(build_small_map(context), fills=False)
    produced = {"ancrage": result.version, "travel": result.travel_version}
    if on is not None:
        produced["date"] = on.isoformat()
    inputs = {s.table: s.checksum for s in result.sources if s.checksum} if checksums is None else dict(checksums)
    return Report(
        language=language,
        territory=result.territory,
        title=pen.say("A network of third places", "Un réseau de tiers-lieux"),
        subtitle=pen.say("Where, how many desks, what it changes", "Où, combien de postes, ce que cela change"),
        fictional=result.fictional,
        version=result.version,
        on=on,
        cover=cover,
        sections=tuple(sections),
        figures=list_study_figures(context),
        facts=_list_facts(context),
        layers=build_layers(context),
        study_file=StudyFile(result.settings, produced, dict(sorted(inputs.items()))),
        cited=tuple(context.sources.values()),
        coefficients=result.coefficients,
    )


def _list_facts(context: Context) -> dict[str, Any]:
    result, pen = context.result, context.pen
    return {
        "epci": list(result.epci_codes),
        "communes": list(result.inside_codes),
        "objective": result.settings.objective,
        "objective_label": context.objective_label,
        "employed_residents": result.residents_workers,
        "eligible_residents": result.eligible_workers,
        "coverage": result.coverage,
        "flows_vintage": result.flows_vintage,
        "class_level": result.class_level,
        "mode_level": result.mode_level,
        "status": result.plan.status,
        "bound": result.plan.bound * context.objective_scale[0],
        "gap": result.plan.gap,
        "proof": pen.text(result.proof),
        "travel": pen.text(result.travel_label),
        "travel_version": result.travel_version,
        "warnings": [pen.text(warning) for warning in result.warnings],
        "not_modelled": [pen.text(text) for text in result.not_modelled],
    }
