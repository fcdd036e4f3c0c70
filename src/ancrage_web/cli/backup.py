"""`ancrage site backup`: the database and the files in one archive, while the site runs."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from django.conf import settings
from django.db import connection

from ancrage import __version__
from ancrage.errors import InputError
from ancrage_web.cli import archives
from ancrage_web.cli.database_copies import list_migrations, write_copy
from ancrage_web.config.supervisor import LOCK, STATE

# Made again when they are missing, or of no use elsewhere.
LEFT_OUT = {LOCK, STATE, "demo-key", "portraits"}
_ASIDE = ".ancrage-backup-"
_DAY = 86_400


@dataclass(frozen=True)
class Written:
    """A backup that was written: number of files beside the database, size of the archive [bytes]."""

    files: int
    size: int


def list_kept() -> list[Path]:
    """Return the entries of the folder of the site that a backup holds and that a restore replaces."""
    if not settings.FILES.exists():
        return []
    database = Path(settings.DATABASES["default"]["NAME"]).name if connection.vendor == "sqlite" else None
    return [
        path
        for path in sorted(settings.FILES.iterdir())
        if path.name not in LEFT_OUT
        and path.suffix != ".aside"
        and not path.name.startswith(_ASIDE)
        and path != settings.STATIC_ROOT
        and not (database is not None and path.name.startswith(database))
    ]


def list_files() -> Iterator[tuple[str, Path]]:
    """Yield the files to keep, with their names in the archive; what is being written (.aside) is not there yet."""
    for entry in list_kept():
        for path in sorted(entry.rglob("*")) if entry.is_dir() else [entry]:
            inside = path.relative_to(settings.FILES)
            if path.is_file() and not path.is_symlink() and not any(part.endswith(".aside") for part in inside.parts):
                yield f"{archives.FILES}/{inside.as_posix()}", path


def write_backup(target: Path) -> Written:
    """Write the archive aside, then give it its name: a backup that is killed leaves no half archive.

    Raises
    ------
    InputError
        If the name says no kind of archive or is taken, or if its folder cannot be written.
    """
    as_zip = archives.check_name(target)
    target = target.absolute()
    if target.exists():
        raise InputError(
            f"'{target}' exists: a backup replaces nothing. Give another name.",
            f"« {target} » existe : une sauvegarde ne remplace rien. Donnez un autre nom.",
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(target.parent)
        with _clean_on_stop(), tempfile.TemporaryDirectory(prefix=_ASIDE, dir=target.parent) as folder:
            return _write_aside(Path(folder), target, as_zip=as_zip)
    except OSError as error:
        raise InputError(
            f"The backup cannot be written to '{target.parent}' ({error.strerror}). Check its rights and the space "
            "left.",
            f"La sauvegarde ne peut pas être écrite dans « {target.parent} » ({error.strerror}). Vérifiez les droits "
            "et la place restante.",
        ) from error


def _write_aside(folder: Path, target: Path, *, as_zip: bool) -> Written:
    copy = folder / archives.DATABASE
    copy.mkdir()
    # The database first: a result that it names already has its files, since they are written before the row.
    write_copy(copy)
    manifest = archives.Manifest(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        engine=connection.vendor,
        migrations=list_migrations(),
    )

    def list_entries() -> Iterator[tuple[str, Path]]:
        for path in sorted(copy.iterdir()):
            yield f"{archives.DATABASE}/{path.name}", path
        yield from list_files()

    aside = folder / "archive"
    with aside.open("xb") as file:
        aside.chmod(0o600)
        archives.write_archive(file, list_entries(), manifest, as_zip=as_zip)
    aside.rename(target)
    kept = sum(name.startswith(f"{archives.FILES}/") for name in manifest.checksums)
    return Written(kept, target.stat().st_size)


class _clean_on_stop:  # noqa: N801
    """Turn SIGTERM into an exit that runs the clean-up, as Ctrl-C does."""

    def __enter__(self) -> None:
        self.before = signal.signal(signal.SIGTERM, self.stop)

    def __exit__(self, *_error: object) -> None:
        signal.signal(signal.SIGTERM, self.before)

    @staticmethod
    def stop(_signal: int, _frame: FrameType | None) -> None:
        sys.exit(143)


def _remove_leftovers(folder: Path) -> None:
    """Remove what backups killed outright left behind, a day later at the earliest: another may be under way."""
    for path in folder.glob(f"{_ASIDE}*"):
        if path.is_dir() and time.time() - path.stat().st_mtime > _DAY:
            shutil.rmtree(path, ignore_errors=True)
