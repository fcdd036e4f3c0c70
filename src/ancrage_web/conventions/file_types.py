"""Which kinds of files are accepted as documents: the content decides, and the extension must agree with it."""

from __future__ import annotations

import codecs
import zipfile
from pathlib import PurePath
from typing import BinaryIO

from ancrage.errors import InputError

# By extension, what a browser is told of the file.
MEDIA_TYPES: dict[str, str] = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".txt": "text/plain; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
}
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", ".pdf"),
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
)
_OFFICE = {"word/document.xml": ".docx", "xl/workbook.xml": ".xlsx"}
_OPEN_DOCUMENT = {MEDIA_TYPES[extension].encode(): extension for extension in (".odt", ".ods")}
_TEXTS = (".txt", ".csv")
_SAME = {".jpeg": ".jpg"}
_CHUNK = 1 << 16
# Line ends, tabs and page breaks are the only control characters of a text.
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\x0c")


def check_type(file: BinaryIO, name: str) -> str:
    """Return the media type of a file, from its content and its extension in agreement.

    Parameters
    ----------
    file : open for reading, its place is moved; name : as the person's computer calls it.

    Raises
    ------
    InputError
        If the kind is not accepted, or the content is not what the extension says.
    """
    extension = PurePath(name).suffix.lower()
    if extension not in MEDIA_TYPES:
        raise InputError(
            f"'{name}' is of a kind that is not accepted ('{extension or 'no extension'}'). Send a PDF, a PNG or JPEG "
            "picture, a DOCX, XLSX, ODT or ODS file, or a text (TXT, CSV).",
            f"« {name} » est d'un type qui n'est pas accepté (« {extension or 'sans extension'} »). Envoyez un PDF, "
            "une image PNG ou JPEG, un fichier DOCX, XLSX, ODT ou ODS, ou un texte (TXT, CSV).",
        )
    found = _read_text(file, extension) if extension in _TEXTS else _read_kind(file)
    if found != _SAME.get(extension, extension):
        raise InputError(
            f"'{name}' does not hold what its extension says ('{extension}'): it is damaged, was renamed, or holds "
            "macros. Open it, save it again in this format, then send it.",
            f"« {name} » ne contient pas ce qu'annonce son extension (« {extension} ») : il est abîmé, a été renommé "
            "ou contient des macros. Ouvrez-le, réenregistrez-le dans ce format, puis envoyez-le.",
        )
    return MEDIA_TYPES[extension]


def _read_kind(file: BinaryIO) -> str:
    """Return the extension that the content has, or nothing when it is of no known kind."""
    file.seek(0)
    start = file.read(8)
    for signature, extension in _SIGNATURES:
        if start.startswith(signature):
            return extension
    return _read_archive(file) if start.startswith(b"PK\x03\x04") else ""


def _read_archive(file: BinaryIO) -> str:
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                return ""
            if "[Content_Types].xml" in names:
                return next((extension for inner, extension in _OFFICE.items() if inner in names), "")
            if "mimetype" in names and "content.xml" in names:
                with archive.open("mimetype") as inner:
                    return _OPEN_DOCUMENT.get(inner.read(100).strip(), "")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError):
        return ""
    return ""


def _read_text(file: BinaryIO, extension: str) -> str:
    """Return `extension` where the content is text in UTF-8, or nothing."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := file.read(_CHUNK):
            if not _CONTROLS.isdisjoint(chunk):
                return ""
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return ""
    return extension
