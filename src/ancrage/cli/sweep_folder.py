"""The folder of a sweep: who works in it, what was asked, one file per finished EPCI, and the results at the end."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from ancrage.errors import InputError
from ancrage.study.sweep import SweepRow, build_frame, list_rows

MANIFEST = "sweep.json"
LOCK = ".lock"
PARTS = "parts"
RESULTS = ("results.parquet", "results.csv", "ranking.pdf", "ranking.xlsx")
_FORMAT = 1
_OWN = frozenset({MANIFEST, LOCK, PARTS, *RESULTS})


@contextmanager
def open_sweep_folder(folder: Path, asked: Mapping[str, Any], *, restart: bool = False) -> Iterator[SweepFolder]:
    """Give the folder of a sweep to this process alone, new or as an earlier run of the same sweep left it.

    The lock is held by the system for this process, so that it vanishes with it, however it ends.

    Parameters
    ----------
    asked : what the results depend on (settings, EPCI, checksums of the data, version), kept as JSON in `sweep.json`.
    restart : forget what an earlier run left.

    Raises
    ------
    InputError
        If another process is at work there, if it holds another sweep or something else, or cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(
            f"'{folder}' is a file: the sweep needs a folder. Choose another one with --output.",
            f"« {folder} » est un fichier : le balayage demande un dossier. Choisissez-en un autre avec --output.",
        )
    # As it will be read back: tuples become lists.
    asked = json.loads(json.dumps(asked))
    found = SweepFolder(folder)
    with ExitStack() as held:
        try:
            _check_content(folder)
            (folder / PARTS).mkdir(parents=True, exist_ok=True)
            _take_lock(folder, held.enter_context((folder / LOCK).open("a+", encoding="utf-8")))
            if restart:
                _remove_results(folder)
            _check_asked(folder, asked)
            found.remove_abandoned()
        except OSError as error:
            raise _build_refusal(folder, error) from error
        found.write_manifest(asked)
        yield found


class SweepFolder:
    """The files of one sweep; every file is finished aside, then renamed: a reader never sees a part of one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read_rows(self) -> dict[str, SweepRow]:
        """Return the rows of the finished EPCI, by code; a file that cannot be read counts as not done."""
        rows: dict[str, SweepRow] = {}
        for path in sorted((self.path / PARTS).glob("[!.]*.parquet")):
            try:
                read = list_rows(pl.read_parquet(path))
            except (pl.exceptions.PolarsError, InputError, OSError):
                continue
            rows.update({row.code: row for row in read})
        return rows

    def write_row(self, row: SweepRow) -> None:
        """Keep the row of one EPCI.

        Raises
        ------
        InputError
            If it cannot be written (disk full, folder gone).
        """
        self._replace(f"{PARTS}/{row.code}.parquet", lambda path: build_frame([row]).write_parquet(path))

    def write_results(self, rows: Sequence[SweepRow]) -> tuple[Path, ...]:
        """Write every row in one Parquet file, and in a CSV where lists become words separated by spaces or " | ".

        Raises
        ------
        InputError
            If they cannot be written.
        """
        frame = build_frame(rows)
        flat = frame.with_columns(
            pl.col("communes").list.join(" "),
            pl.col(name for name, kind in frame.schema.items() if isinstance(kind, pl.List) and name != "communes")
            .list.join(" | "),
        )  # fmt: skip
        return (
            self._replace("results.parquet", lambda path: frame.write_parquet(path)),
            self._replace("results.csv", lambda path: flat.write_csv(path)),
        )

    def write_file(self, name: str, write: Any) -> Path:
        """Write one of the outputs with `write(path)`, then give it its name."""
        return self._replace(name, write)

    def write_manifest(self, content: Mapping[str, Any]) -> None:
        """Replace `sweep.json`."""
        text = json.dumps({"format": _FORMAT, **content}, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
        self._replace(MANIFEST, lambda path: path.write_text(text, encoding="utf-8"))

    def remove_abandoned(self) -> None:
        """Remove what a killed run left half-written."""
        for path in (*self.path.glob(".*.part"), *(self.path / PARTS).glob(".*.part")):
            path.unlink(missing_ok=True)

    def _replace(self, name: str, write: Any) -> Path:
        path = self.path / name
        aside = path.with_name(f".{path.name}.part")
        try:
            write(aside)
            with aside.open("rb") as file:
                os.fsync(file.fileno())
            aside.replace(path)
        except (OSError, pl.exceptions.PolarsError) as error:
            aside.unlink(missing_ok=True)
            raise _build_refusal(self.path, error) from error
        return path


def _check_content(folder: Path) -> None:
    held = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
    others = [name for name in held if name not in _OWN and not name.endswith(".part")]
    if others and MANIFEST not in held:
        raise InputError(
            f"The folder '{folder}' holds something else than a sweep ({', '.join(others[:3])}): choose an empty or a "
            "new folder with --output.",
            f"Le dossier « {folder} » contient autre chose qu'un balayage ({', '.join(others[:3])}) : choisissez un "
            "dossier vide ou nouveau avec --output.",
        )


def _take_lock(folder: Path, file: Any) -> None:
    try:
        if sys.platform == "win32":
            import msvcrt

            # Far beyond the text, which others must be able to read.
            file.seek(1 << 20)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = (folder / LOCK).read_text(encoding="utf-8", errors="replace").strip() or "?"
        raise InputError(
            f"Another sweep is at work in '{folder}' ({holder}): wait for its end, or choose another folder.",
            f"Un autre balayage travaille dans « {folder} » ({holder}) : attendez sa fin, ou choisissez un autre "
            "dossier.",
        ) from error
    file.seek(0)
    file.truncate()
    file.write(f"process {os.getpid()}, {socket.gethostname()}\n")
    file.flush()


def _remove_results(folder: Path) -> None:
    shutil.rmtree(folder / PARTS)
    (folder / PARTS).mkdir()
    for name in (MANIFEST, *RESULTS):
        (folder / name).unlink(missing_ok=True)


def _check_asked(folder: Path, asked: Mapping[str, Any]) -> None:
    path = folder / MANIFEST
    if not path.exists():
        return
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        changed = [] if held["format"] == _FORMAT else ["format"]
        changed += list(_list_changes(held, asked))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"'{path}' cannot be read ({error}): start again with --restart, or choose another folder.",
            f"« {path} » est illisible ({error}) : recommencez avec --restart, ou choisissez un autre dossier.",
        ) from error
    if changed:
        listed = "; ".join(changed[:6]) + ("; ..." if len(changed) > 6 else "")
        raise InputError(
            f"The folder '{folder}' holds another sweep: {listed}. Run it with the same settings and data to go on, "
            "choose another folder with --output, or forget its results with --restart.",
            f"Le dossier « {folder} » contient un autre balayage : {listed}. Relancez avec les mêmes réglages et "
            "données pour continuer, choisissez un autre dossier avec --output, ou oubliez ses résultats avec "
            "--restart.",
        )


def _list_changes(held: Mapping[str, Any], asked: Mapping[str, Any], above: str = "") -> Iterable[str]:
    """Yield "name: old -> new" for what differs; lists of EPCI by their numbers."""
    for name in sorted({*asked, *held} if above else set(asked)):
        old, new = held.get(name), asked.get(name)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _list_changes(old, new, f"{above}{name}.")
        elif isinstance(old, list) and isinstance(new, list):
            yield f"{above}{name}: {len(old)} -> {len(new)} ({len(set(old) ^ set(new))} differ)"
        else:
            shown = (str(value)[:12] for value in (old, new))
            yield f"{above}{name}: " + " -> ".join(shown)


def _build_refusal(folder: Path, error: OSError | pl.exceptions.PolarsError) -> InputError:
    reason = getattr(error, "strerror", None) or str(error)
    return InputError(
        f"Nothing more can be written in '{folder}' ({reason}). What is finished there is kept: free some space or "
        "allow writing, then run the same command again; or choose another folder with --output.",
        f"Plus rien ne peut être écrit dans « {folder} » ({reason}). Ce qui y est fini est gardé : libérez de la place "
        "ou permettez l'écriture, puis relancez la même commande ; ou choisissez un autre dossier avec --output.",
    )
