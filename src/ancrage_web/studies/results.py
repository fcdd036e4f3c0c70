"""Frozen results: their key, their files, whether data or code moved on, and when they may be removed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.http import Http404
from django_scopes import scopes_disabled

from ancrage import __version__
from ancrage.errors import InputError, MissingDataError
from ancrage.language import LANGUAGES, Language, Text
from ancrage_web.studies.models import Result, Scenario, Study

T = TypeVar("T")

# Folder of the results under MEDIA_ROOT, one folder by run.
FOLDER = "results"
# Travel times of the studies of the site: the estimate, which every store can give.
TRAVEL = "estimate"


@dataclass(frozen=True)
class FileKind:
    """One of the files of a result.

    Attributes
    ----------
    name : of the file in the folder of a language; ending : of the name given to the person who downloads it.
    """

    name: str
    label: Text
    media_type: str

    @property
    def ending(self) -> str:
        """Return the ending of the name, with its dot."""
        return Path(self.name).suffix


FILES: tuple[FileKind, ...] = (
    FileKind("report.pdf", Text("Report (PDF)", "Rapport (PDF)"), "application/pdf"),
    FileKind(
        "report.docx",
        Text("Editable report (DOCX)", "Rapport modifiable (DOCX)"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    FileKind(
        "report.xlsx",
        Text("Tables (XLSX)", "Tableaux (XLSX)"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    FileKind(
        "network.gpkg",
        Text("Map layers (GeoPackage)", "Couches de carte (GeoPackage)"),
        "application/geopackage+sqlite3",
    ),
    FileKind(
        "network.geojson", Text("Places and communes (GeoJSON)", "Lieux et communes (GeoJSON)"), "application/geo+json"
    ),
    FileKind("report.json", Text("All the figures (JSON)", "Tous les chiffres (JSON)"), "application/json"),
    FileKind("study.toml", Text("Study file (TOML)", "Fichier d'étude (TOML)"), "application/toml"),
)


@dataclass(frozen=True)
class ResultFile:
    """A file of a result as it lies on the disk; size in bytes."""

    kind: FileKind
    path: Path
    size: int


@dataclass(frozen=True)
class Freshness:
    """Whether a result would be the same if it were computed now.

    Attributes
    ----------
    reasons : what moved on, one sentence each; empty when current.
    """

    current: bool
    reasons: tuple[Text, ...]


def compute_key(
    asked: Mapping[str, Any], inputs: Mapping[str, str], travel: str = TRAVEL, version: str = __version__
) -> str:
    """Return the SHA-256 of everything that a result depends on.

    Parameters
    ----------
    asked : the whole `StudySettings` as JSON values; inputs : SHA-256 of each table of the store by name.
    """
    content = {"settings": dict(asked), "inputs": dict(inputs), "travel": travel, "version": version}
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def read_inputs() -> dict[str, str]:
    """Return the SHA-256 of every table of the store that studies read, by name.

    The diagnosis beside a plan reads most tables, and a table that was absent may count once it is there: all are
    taken, rather than guessing which matter.

    Raises
    ------
    MissingDataError
        If there is no store.
    InputError
        If its manifest cannot be read.
    """
    _, inputs = _read_store()
    if not inputs:
        raise MissingDataError(
            "The territory data of this site is missing, so nothing can be computed. Ask its manager to import it "
            "(ANCRAGE_DATA names the folder).",
            "Les données de territoire de ce site sont absentes : rien ne peut être calculé. Demandez à son "
            "gestionnaire de les importer (ANCRAGE_DATA désigne le dossier).",
        )
    return inputs


def check_freshness(result: Result, scenario: Scenario | None = None) -> Freshness:
    """Say whether the data or the code moved on since a result.

    Parameters
    ----------
    scenario : also compares the settings of this scenario with those of the result.
    """
    reasons: list[Text] = []
    if scenario is not None and is_changed(result, scenario):
        reasons.append(
            Text(
                "The settings of the scenario were changed since this result.",
                "Les réglages du scénario ont été modifiés depuis ce résultat.",
            )
        )
    titles, inputs = _read_store()
    moved = sorted(name for name in {*inputs, *result.inputs} if inputs.get(name) != result.inputs.get(name))
    if moved:
        listed = [titles.get(name, Text(name, name)) for name in moved]
        more = len(listed) - 3
        en = "; ".join(title.en for title in listed[:3]) + (f"; and {more} more" if more > 0 else "")
        fr = " ; ".join(title.fr for title in listed[:3]) + (f" ; et {more} autres" if more > 1 else "")
        fr += " ; et une autre" if more == 1 else ""
        reasons.append(
            Text(
                f"The data was changed since this result: {en}.",
                f"Les données ont changé depuis ce résultat : {fr}.",
            )
        )
    if result.version != __version__:
        reasons.append(
            Text(
                f"This result was computed by version {result.version} of Ancrage; the site now has {__version__}.",
                f"Ce résultat a été calculé par la version {result.version} d'Ancrage ; le site a maintenant la "
                f"{__version__}.",
            )
        )
    return Freshness(not reasons, tuple(reasons))


def is_changed(result: Result, scenario: Scenario) -> bool:
    """Say whether the settings of a scenario differ from those that a result was computed with."""
    asked: dict[str, Any] = {**scenario.settings, "epci": list(scenario.study.epci)}
    return asked != dict(result.settings)


def read_frozen(result: Result, read: Callable[[Result], T]) -> T:
    """Return what is read of the pages or the map of a result, which keep the form of the version that wrote them.

    Raises
    ------
    InputError
        If an older version wrote them in a form that this one does not read.
    """
    try:
        return read(result)
    except (LookupError, TypeError, ValueError, StopIteration) as error:
        if result.version == __version__:
            raise
        raise InputError(
            f"This result was written by version {result.version} of Ancrage, in a form that version {__version__} "
            "does not show any more. It is kept as it is: ask for the computation again to read one here.",
            f"Ce résultat a été écrit par la version {result.version} d'Ancrage, dans une forme que la version "
            f"{__version__} n'affiche plus. Il est conservé tel quel : relancez le calcul pour en lire un ici.",
        ) from error


def get_folder(result: Result) -> Path:
    """Return the folder of the files of a result."""
    return Path(settings.MEDIA_ROOT) / result.folder


def list_files(result: Result, language: Language) -> list[ResultFile]:
    """Return the files of a result in a language, those that are on the disk."""
    folder = get_folder(result) / language
    files = []
    for kind in FILES:
        path = folder / kind.name
        if path.is_file():
            files.append(ResultFile(kind, path, path.stat().st_size))
    return files


def find_file(result: Result, language: str, name: str) -> ResultFile:
    """Return a file of a result.

    Parameters
    ----------
    language : "fr" or "en"; name : of `FILES`; nothing else is looked for on the disk.

    Raises
    ------
    Http404
        If there is no such file.
    """
    for known in LANGUAGES:
        if known == language:
            for file in list_files(result, known):
                if file.kind.name == name:
                    return file
    raise Http404


def list_used(study: Study, scenario: Scenario | None = None) -> set[UUID]:
    """Return the results that a study, or one of its scenarios, had or has."""
    scenarios = Scenario.objects.filter(study=study)
    if scenario is not None:
        scenarios = scenarios.filter(pk=scenario.pk)
    return set(
        Result.objects.filter(Q(runs__scenario__in=scenarios) | Q(scenarios__in=scenarios)).values_list("pk", flat=True)
    )


def remove_unused(results: Iterable[UUID]) -> None:
    """Remove those of `results` that no scenario and no run shows any more; their files go after the commit."""
    unused = Result.objects.filter(pk__in=list(results), scenarios__isnull=True, runs__isnull=True)
    folders = list(unused.values_list("folder", flat=True))
    Result.objects.filter(pk__in=list(unused.values_list("pk", flat=True))).delete()
    transaction.on_commit(lambda: remove_folders(folders))


def remove_folders(folders: Iterable[str]) -> None:
    """Remove folders of results from the disk, except those that a result still shows."""
    wanted = set(folders)
    # The other reader of frozen files may be another organisation (after a hand-over): no scope fits.
    with scopes_disabled():
        wanted -= set(Result.objects.filter(folder__in=wanted).values_list("folder", flat=True))
    for folder in wanted:
        shutil.rmtree(Path(settings.MEDIA_ROOT) / folder, ignore_errors=True)


def _read_store() -> tuple[dict[str, Text], dict[str, str]]:
    """Return the titles and the checksums of the tables of the store."""
    from ancrage.opendata.manifest import read_manifest

    folder = Path(settings.DATA)
    manifest = read_manifest(folder)
    entries = {} if manifest is None else manifest.tables
    titles = {name: entry.source.title for name, entry in entries.items()}
    inputs: dict[str, str] = {}
    for path in sorted(folder.glob("*.parquet")):
        known = entries.get(path.stem)
        stat = path.stat()
        inputs[path.stem] = (
            known.source.checksum
            if known is not None and known.source.checksum
            else _compute_checksum(path, stat.st_mtime_ns, stat.st_size)
        )
    return titles, inputs


@lru_cache(maxsize=256)
def _compute_checksum(path: Path, _changed: int, _size: int) -> str:
    """Return the SHA-256 of a table that the manifest does not know, read again only when the file changes."""
    from ancrage.opendata.manifest import compute_checksum

    return compute_checksum(path)
