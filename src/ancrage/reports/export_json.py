"""The report as JSON, for programs: keys are stable and never translated, numbers are not rounded."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from ancrage.diagnosis.model import Diagnosis
from ancrage.language import DEFAULT_LANGUAGE, Language
from ancrage.reports.build import build_report
from ancrage.reports.model import Cell, Column, KeyFigure, Report, Table
from ancrage.reports.shapes import Shapes
from ancrage.study.results import StudyResult

FORMAT = "ancrage.report"
FORMAT_VERSION = 1


def write_json(report: Report, path: Path) -> None:
    """Write the report as JSON (UTF-8); see docs/guide/report.md for the keys."""
    content = json.dumps(build_report_json(report), ensure_ascii=False, indent=2, allow_nan=False)
    path.write_text(content + "\n", encoding="utf-8")


def build_json(
    result: StudyResult,
    diagnosis: Diagnosis | None,
    checksums: Mapping[str, str] | None = None,
    language: Language = DEFAULT_LANGUAGE,
    *,
    on: date | None = None,
) -> dict[str, Any]:
    """Return a study as plain values, without writing or drawing anything; see docs/guide/report.md for the keys."""
    return build_report_json(build_report(result, diagnosis, Shapes(), language, on=on, checksums=checksums))


def build_report_json(report: Report) -> dict[str, Any]:
    """Return a report as plain values."""
    study = report.study_file
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "language": report.language,
        "territory": report.territory,
        "fictional": report.fictional,
        "version": report.version,
        "date": None if report.on is None else report.on.isoformat(),
        "study": study.settings.model_dump(mode="json"),
        "produced": dict(study.produced),
        "inputs": dict(study.inputs),
        "facts": dict(report.facts),
        "figures": [_build_figure(figure) for figure in report.figures],
        "tables": {table.id: _build_table(table) for table in report.list_tables()},
    }


def _build_figure(figure: KeyFigure) -> dict[str, Any]:
    return {
        "id": figure.id,
        "label": figure.label,
        "value": _build_number(figure.value),
        "low": _build_number(figure.low),
        "high": _build_number(figure.high),
        "unit": figure.unit,
        "formula": figure.formula,
        "sources": list(figure.sources),
        "assumptions": list(figure.assumptions),
    }


def _build_table(table: Table) -> dict[str, Any]:
    return {
        "title": table.title,
        "note": table.note,
        "sources": table.sources,
        "columns": [{"key": c.key, "title": c.title, "kind": c.kind, "unit": c.unit} for c in table.columns],
        "rows": [
            {c.key: _build_cell(cell, c) for c, cell in zip(table.columns, row, strict=True)} for row in table.rows
        ],
    }


def _build_cell(cell: Cell, column: Column) -> Any:
    if isinstance(cell, tuple):
        return {"low": _build_number(cell[0]), "high": _build_number(cell[1])}
    if isinstance(cell, str) or column.kind == "text":
        return cell or None
    return _build_number(cell)


def _build_number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
