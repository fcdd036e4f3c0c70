"""The archive of an instance: files one after the other, then a manifest with their checksums."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

from ancrage.errors import InputError

FORMAT = 1
MANIFEST = "manifest.json"
FILES, DATABASE = "files", "database"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """What an archive holds.

    Attributes
    ----------
    made_at : ISO 8601, UTC; version : of Ancrage; engine : "sqlite" or "postgresql".
    migrations : those the database had, "app.name".
    checksums : SHA-256 by name in the archive; the manifest, written last, is not in it.
    """

    made_at: str
    version: str
    engine: str
    migrations: list[str]
    checksums: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT


class Writer(Protocol):
    """Adds files to an archive."""

    def add(self, name: str, source: IO[bytes], size: int) -> None:
        """Add `size` bytes of a file under a name."""


class _TarWriter:
    def __init__(self, file: IO[bytes]) -> None:
        self.archive = tarfile.open(fileobj=file, mode="w:gz", compresslevel=6)  # noqa: SIM115

    def add(self, name: str, source: IO[bytes], size: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        self.archive.addfile(info, source)


class _ZipWriter:
    def __init__(self, file: IO[bytes]) -> None:
        self.archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)

    def add(self, name: str, source: IO[bytes], size: int) -> None:
        with self.archive.open(name, "w", force_zip64=size > 1 << 30) as target:
            shutil.copyfileobj(source, target, _BLOCK)


class _Hashed(io.RawIOBase):
    """A file whose checksum is computed while it is read."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source, self.digest = source, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self.source.read(size)
        self.digest.update(block)
        return block


def check_name(path: Path) -> bool:
    """Say whether an archive of this name is a zip; refuse other endings.

    Raises
    ------
    InputError
        If the ending is neither .tar.gz nor .zip.
    """
    if path.name.endswith((".tar.gz", ".tgz")):
        return False
    if path.suffix == ".zip":
        return True
    raise InputError(
        f"'{path.name}' says no kind of archive: end its name in .tar.gz or .zip.",
        f"« {path.name} » ne dit aucune sorte d'archive : finissez son nom par .tar.gz ou .zip.",
    )


def write_archive(file: IO[bytes], entries: Iterator[tuple[str, Path]], manifest: Manifest, *, as_zip: bool) -> None:
    """Write files, then the manifest with their checksums."""
    writer: _ZipWriter | _TarWriter = _ZipWriter(file) if as_zip else _TarWriter(file)
    with writer.archive:
        for name, path in entries:
            with path.open("rb") as source:
                hashed = _Hashed(source)
                writer.add(name, hashed, path.stat().st_size)  # type: ignore[arg-type]
            manifest.checksums[name] = hashed.digest.hexdigest()
        content = json.dumps(asdict(manifest), indent=1, ensure_ascii=False).encode()
        writer.add(MANIFEST, io.BytesIO(content), len(content))


def unpack_archive(path: Path, folder: Path) -> Manifest:
    """Unpack an archive into an empty folder and check all of it.

    Raises
    ------
    InputError
        If it is not an archive of a site, or if one byte of it changed.
    """
    try:
        found = {name: _copy_file(source, folder, name) for name, source in _read_entries(path)}
        content = json.loads((folder / MANIFEST).read_bytes()) if MANIFEST in found else None
        manifest = _read_manifest(content)
    # RuntimeError: a zip with a password, or compressed in a way that this Python does not know.
    except (OSError, EOFError, ValueError, RuntimeError, tarfile.TarError, zipfile.BadZipFile, zlib.error) as error:
        raise _refuse(path, str(error)) from error
    del found[MANIFEST]
    if found != manifest.checksums:
        odd = sorted(name for name in {*found, *manifest.checksums} if found.get(name) != manifest.checksums.get(name))
        raise _refuse(path, odd[0])
    return manifest


def _refuse(path: Path, detail: str) -> InputError:
    return InputError(
        f"'{path}' is not a whole backup of a site ({detail}). Nothing was changed: use another backup.",
        f"« {path} » n'est pas une sauvegarde entière d'un site ({detail}). Rien n'a été changé : prenez-en une autre.",
    )


def _read_manifest(content: Any) -> Manifest:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(MANIFEST)
    try:
        return Manifest(**content)
    except TypeError as error:
        raise ValueError(MANIFEST) from error


@contextmanager
def _open_either(path: Path) -> Iterator[tarfile.TarFile | zipfile.ZipFile]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield archive
    else:
        with tarfile.open(path, "r:gz") as archive:
            yield archive


def _read_entries(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with _open_either(path) as archive:
        if isinstance(archive, zipfile.ZipFile):
            for entry in archive.infolist():
                with archive.open(entry) as source:
                    yield entry.filename, source
            return
        for member in archive:
            content = archive.extractfile(member) if member.isreg() else None
            if content is None:  # a link or a device has no place here
                raise ValueError(member.name)
            yield member.name, content


def _copy_file(source: IO[bytes], folder: Path, name: str) -> str:
    """Write one file of an archive and return its checksum; nothing is ever written outside of the folder."""
    parts = PurePosixPath(name).parts
    if name != MANIFEST and (len(parts) < 2 or parts[0] not in (FILES, DATABASE)):
        raise ValueError(name)
    if ".." in parts or name.startswith("/") or "\\" in name or ":" in name:
        raise ValueError(name)
    target = folder.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with target.open("xb") as file:
        while block := source.read(_BLOCK):
            digest.update(block)
            file.write(block)
    target.chmod(0o600)
    return digest.hexdigest()
