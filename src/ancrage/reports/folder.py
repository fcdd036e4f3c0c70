"""All the outputs of a report in one folder, replaced at once."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

from ancrage.diagnosis.model import Diagnosis
from ancrage.errors import InputError
from ancrage.language import DEFAULT_LANGUAGE, Language
from ancrage.reports.build import build_report
from ancrage.reports.docx import write_docx
from ancrage.reports.export_json import write_json
from ancrage.reports.geofiles import write_geojson, write_geopackage
from ancrage.reports.model import Report
from ancrage.reports.pdf import write_pdf
from ancrage.reports.pictures import render_pictures
from ancrage.reports.shapes import list_codes, read_shapes
from ancrage.reports.study_file import write_study_file
from ancrage.reports.workbook import write_xlsx
from ancrage.study.results import StudyResult
from ancrage.territory.tables import Tables

Pictures = Mapping[str, str]

WRITERS: Mapping[str, Callable[[Report, Path, Pictures], None]] = {
    "report.pdf": write_pdf,
    "report.xlsx": write_xlsx,
    "report.docx": write_docx,
    "report.json": lambda report, path, _: write_json(report, path),
    "network.gpkg": lambda report, path, _: write_geopackage(report, path),
    "network.geojson": lambda report, path, _: write_geojson(report, path),
    "study.toml": lambda report, path, _: write_study_file(report.study_file, path),
}


def write_all(
    folder: Path,
    result: StudyResult,
    diagnosis: Diagnosis | None,
    tables: Tables,
    *,
    language: Language = DEFAULT_LANGUAGE,
    date: date | None = None,
    checksums: Mapping[str, str] | None = None,
) -> tuple[Path, ...]:
    """Build the report of a study and write every output into `folder`.

    Parameters
    ----------
    tables : store of the study, where the outlines of the communes are read if it holds them.
    date : written on the report; None leaves it out.
    checksums : SHA-256 of the input tables by name, for the study file.

    Raises
    ------
    InputError
        As `write_report`, or if the outlines cannot be read.
    """
    _check_folder(Path(os.path.abspath(folder)))  # noqa: PTH100 - before the work, not after
    shapes = read_shapes(tables, list_codes(result))
    return write_report(build_report(result, diagnosis, shapes, language, on=date, checksums=checksums), folder)


def write_report(report: Report, folder: Path, pictures: Pictures | None = None) -> tuple[Path, ...]:
    """Write every output into `folder`, which then holds the whole new report, or still the whole previous one.

    Everything is written into a hidden folder beside it, which takes its place at the end.

    Parameters
    ----------
    pictures : SVG of each chart by identifier, when they are drawn already.

    Raises
    ------
    InputError
        If `folder` holds something else than a report (nothing is deleted that was not written here), or cannot be
        written, or the disk is full.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow a link the user chose
    _check_folder(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise _build_refusal(folder, error) from error
    try:
        drawn = render_pictures(report) if pictures is None else pictures
        for name, write in WRITERS.items():
            write(report, aside / name, drawn)
            with (aside / name).open("rb") as file:
                os.fsync(file.fileno())
        # The hidden folder is private to its owner; a report is read by others.
        aside.chmod(0o755)
        _replace(aside, folder)
    except OSError as error:
        raise _build_refusal(folder, error) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return tuple(folder / name for name in WRITERS)


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(
            f"'{folder}' is a file, not a folder: choose another name for the report.",
            f"« {folder} » est un fichier, pas un dossier : choisissez un autre nom pour le rapport.",
        )
    others = sorted(p.name for p in folder.iterdir() if p.name not in WRITERS) if folder.is_dir() else []
    if others:
        shown = ", ".join(others[:3]) + (", ..." if len(others) > 3 else "")
        raise InputError(
            f"The folder '{folder}' holds something else than a report ({shown}), which replacing it would delete. "
            "Choose an empty or a new folder.",
            f"Le dossier « {folder} » contient autre chose qu'un rapport ({shown}), que le remplacement effacerait. "
            "Choisissez un dossier vide ou nouveau.",
        )


def _build_refusal(folder: Path, error: OSError) -> InputError:
    return InputError(
        f"The report cannot be written in '{folder}' ({error.strerror or error}). The previous one, if any, is "
        "intact: free some space or choose another folder.",
        f"Le rapport ne peut pas être écrit dans « {folder} » ({error.strerror or error}). Le précédent, s'il existe, "
        "est intact : libérez de la place ou choisissez un autre dossier.",
    )


def _replace(aside: Path, folder: Path) -> None:
    if not folder.exists():
        aside.rename(folder)
    elif not _exchange(aside, folder):
        # No exchange in one step on this system: the old report waits beside, whole, for the time of two renames.
        old = aside.with_name(aside.name + "-old")
        folder.rename(old)
        try:
            aside.rename(folder)
        except OSError:
            old.rename(folder)
            raise
        shutil.rmtree(old, ignore_errors=True)


def _exchange(a: Path, b: Path) -> bool:
    """Swap two folders in one step where the system can (Linux renameat2, RENAME_EXCHANGE); return whether it did."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    at_fdcwd, exchange = -100, 2
    return rename is not None and rename(at_fdcwd, os.fsencode(a), at_fdcwd, os.fsencode(b), exchange) == 0
