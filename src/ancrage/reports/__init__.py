"""One report model, several outputs with the same figures: PDF, workbook, text document, map layers, JSON, study file.

Names are loaded when they are first used: reading a study file must not load what draws maps.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ancrage.reports.build import build_report
    from ancrage.reports.folder import write_all, write_report
    from ancrage.reports.shapes import Shapes, read_shapes
    from ancrage.reports.study_file import StudyFile, read_study_file

__all__ = [
    "Shapes",
    "StudyFile",
    "build_report",
    "read_shapes",
    "read_study_file",
    "write_all",
    "write_report",
]

_HOMES = {
    "Shapes": "shapes",
    "StudyFile": "study_file",
    "build_report": "build",
    "read_shapes": "shapes",
    "read_study_file": "study_file",
    "write_all": "folder",
    "write_report": "folder",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"ancrage.reports.{_HOMES[name]}"), name)
