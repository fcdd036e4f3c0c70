"""One report model, several outputs with the same figures: PDF, workbook, map layers, JSON and study file."""

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
