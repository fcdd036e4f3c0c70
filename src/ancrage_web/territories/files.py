"""Files of a portrait: made by a child process, kept on disk, given again until the data or the code change."""

from __future__ import annotations

import logging
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings

from ancrage import __version__
from ancrage.errors import AncrageError
from ancrage.language import Language
from ancrage_web.design.children import RETRY_SECONDS, BusyError, ChildFailedError, run_child, take_slot
from ancrage_web.territories import queries
from ancrage_web.territories.models import Epci, Store

__all__ = [
    "MEDIA_TYPES",
    "RETRY_SECONDS",
    "SLOTS",
    "BusyError",
    "FileFailedError",
    "find_folder",
    "make_file",
    "remove_former_files",
]

logger = logging.getLogger("ancrage.portraits")

# What a child process makes, with its type; JSON is written by the page itself.
MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "gpkg": "application/geopackage+sqlite3",
    "png": "image/png",
}
# Each child takes a few hundred megabytes for a few seconds: no more than this many at once.
SLOTS = 2
_LONGEST_SECONDS = 120


class FileFailedError(AncrageError):
    """The child process did not make the file."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"The {kind.upper()} file could not be made. The page and the JSON file hold the same figures; tell the "
            "administrator of the instance, whose log says why.",
            f"Le fichier {kind.upper()} n'a pas pu être préparé. La page et le fichier JSON donnent les mêmes "
            "chiffres ; prévenez l'administrateur de l'instance, dont le journal dit pourquoi.",
        )


def find_folder(store: Store) -> Path:
    """Return where the files of a store are kept."""
    return Path(settings.FILES) / "portraits" / f"{store.checksum[:16]}-{__version__}"


def make_file(store: Store, epci: Epci, kind: str, language: Language) -> Path:
    """Return the path of a file of a portrait, making it first if it is not kept yet.

    Parameters
    ----------
    kind : a key of `MEDIA_TYPES`; "png" is the share card.

    Raises
    ------
    BusyError
        If `SLOTS` files are being made already.
    FileFailedError
        If the child process fails or takes too long, or if the disk refuses (full, read-only).
    """
    target = find_folder(store) / epci.code / f"{language}.{kind}"
    if target.exists():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with take_slot(Path(settings.FILES) / "portraits", SLOTS):
            # Someone may have made it while the slot was taken.
            if not target.exists():
                request = _build_request(store, epci, kind, language)
                run_child("ancrage_web.territories.file_worker", target, request, seconds=_LONGEST_SECONDS)
    except ChildFailedError as error:
        raise FileFailedError(kind) from error
    except OSError as error:
        logger.error("the %s file of a portrait cannot be written: %s", kind, error.strerror)
        raise FileFailedError(kind) from error
    return target


def _build_request(store: Store, epci: Epci, kind: str, language: Language) -> dict[str, Any]:
    return {
        "kind": kind,
        "language": language,
        "portrait": epci.portrait,
        "communes": queries.build_commune_rows(store, queries.list_communes(epci)),
        "map": queries.read_map(epci.code),
        "name": settings.INSTANCE_NAME,
    }


def remove_former_files(store: Store) -> None:
    """Remove the files of the stores and versions that are shown no more."""
    kept = find_folder(store)
    with suppress(FileNotFoundError):
        for entry in os.scandir(kept.parent):
            if entry.is_dir() and Path(entry.path) != kept:
                shutil.rmtree(entry.path, ignore_errors=True)
