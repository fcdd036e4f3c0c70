"""Child processes that make files: the libraries that draw and write are heavy, the process of the site stays light."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ancrage.errors import AncrageError

RETRY_SECONDS = 10


class BusyError(AncrageError):
    """As many files as allowed are being made: ask again in a moment."""

    def __init__(self) -> None:
        super().__init__(
            f"Several files are being made at this moment. Ask again in {RETRY_SECONDS} seconds.",
            f"Plusieurs fichiers sont en cours de préparation. Redemandez celui-ci dans {RETRY_SECONDS} secondes.",
        )


class ChildFailedError(Exception):
    """The child process did not make what was asked of it."""


def run_child(module: str, target: Path, request: Mapping[str, Any], *, seconds: int) -> None:
    """Run a module of ours that reads a request on its standard input and writes the file or the folder `target`.

    What it writes appears at once, whole, or not at all.

    Raises
    ------
    ChildFailedError
        If the child fails, takes more than `seconds` or writes nothing.
    OSError
        If the disk refuses (full, read-only).
    """
    with tempfile.TemporaryDirectory(prefix=".making-", dir=target.parent) as folder:
        aside = Path(folder) / target.name
        try:
            ended = subprocess.run(  # noqa: S603 - our own module, on a path that we chose
                [sys.executable, "-m", module, str(aside)],
                input=json.dumps(request).encode(),
                stdout=subprocess.DEVNULL,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ChildFailedError from error
        if ended.returncode or not aside.exists():
            raise ChildFailedError
        aside.replace(target)


@contextmanager
def take_slot(folder: Path, slots: int) -> Iterator[None]:
    """Hold one of the slots of a folder; the end of a killed process gives it back.

    Raises
    ------
    BusyError
        If all are held.
    """
    for number in range(slots):
        with (folder / f".slot-{number}").open("a+b") as file:
            if _try_hold(file):
                yield
                return
    raise BusyError


def _try_hold(file: BinaryIO) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
