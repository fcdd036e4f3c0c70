"""Archives that no backup wrote are refused with a sentence, and nothing is written outside of the folder."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ancrage.errors import InputError
from ancrage_web.cli.archives import unpack_archive


def add_member(name: str, **fields: object) -> Callable[[Path], None]:
    """Return what writes a tar with one member."""

    def write(path: Path) -> None:
        with tarfile.open(path, "w:gz") as archive:
            member = tarfile.TarInfo(name)
            for field, value in fields.items():
                setattr(member, field, value)
            archive.addfile(member, io.BytesIO())

    return write


def write_locked_zip(path: Path) -> None:
    """Write a zip whose only file is marked as needing a password."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("files/note.txt", b"text")
    content = bytearray(path.read_bytes())
    # The flags stand 6 bytes after the start of the local header, 8 after that of the directory.
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(mark) + offset] |= 1
    path.write_bytes(bytes(content))


ARCHIVES = {
    "a link": add_member("files/link", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "a hard link": add_member("files/link", type=tarfile.LNKTYPE, linkname="../outside"),
    "a device": add_member("files/device", type=tarfile.CHRTYPE),
    "a way up": add_member("files/../../outside"),
    "an absolute name": add_member("/outside"),
    "a name of another system": add_member("files/C:\\outside"),
    "no name": add_member("."),
    "a folder as a file": add_member("files"),
    "a password": write_locked_zip,
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_odd_archive_is_refused_and_writes_nothing_outside(kind: str, tmp_path: Path) -> None:
    path, folder = tmp_path / "archive", tmp_path / "folder"
    folder.mkdir()
    ARCHIVES[kind](path)
    with pytest.raises(InputError, match="is not a whole backup of a site"):
        unpack_archive(path, folder)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["archive", "folder"]
