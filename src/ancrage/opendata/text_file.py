"""Opening a delimited text file, zipped or not, without trusting it: size of lines, encoding, separator."""

from __future__ import annotations

import codecs
import csv
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np
import polars as pl

from ancrage.errors import InputError

# Called with what is being done, the bytes done and the bytes in all (0 when unknown).
Progress: TypeAlias = Callable[[str, int, int], None]

MAX_LINE = 1 << 20
_BLOCK = 1 << 20
# UTF-8 of Ã, Â, Å and of the replacement character: what text decoded twice is full of.
_SUSPECT_BYTES = (b"\xc3\x83", b"\xc3\x82", b"\xc3\x85", b"\xef\xbf\xbd")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


@dataclass(frozen=True)
class TextFile:
    """A delimited text file that is safe to hand to the reader.

    Attributes
    ----------
    path : the plain UTF-8 file to read (the file itself, or a copy made aside).
    name : the file as the user named it, with the member of the archive when there is one.
    columns : names of the header, as written.
    separator : ";", "," or tab.
    transcoded : True when it was in Windows-1252 and a UTF-8 copy was made.
    regular : True when it has as many separators as lines of the header's width would have; where False, quoted
        separators or a faulty line: only a reading line by line can tell.
    suspicious : True when names may be in a wrong encoding: a copy was made, or marks of a double encoding.
    """

    path: Path
    name: str
    columns: tuple[str, ...]
    separator: str
    transcoded: bool
    regular: bool
    suspicious: bool

    def scan(self, types: Mapping[str, type[pl.DataType]] | None = None) -> pl.LazyFrame:
        """Return the lazy table, every column as text but those of `types`, which then hold nothing else."""
        return pl.scan_csv(
            self.path,
            separator=self.separator,
            infer_schema=False,
            schema_overrides=types,
            encoding="utf8-lossy",
        )


def find_year(name: str) -> int | None:
    """Return the year a file name carries (the last one), or None."""
    years = _YEAR.findall(name)
    return int(years[-1]) if years else None


def open_text(path: Path, aside: Path, progress: Progress) -> TextFile:
    """Check a text file, or the main member of a zip archive, and say how to read it.

    The file is read once by blocks, whatever its lines. A copy is made in `aside` when it is zipped or not in
    UTF-8.

    Raises
    ------
    InputError
        If the file is empty, is not text, has a line over 1 MiB, or its archive is damaged or ambiguous.
    """
    name = path.name
    try:
        if zipfile.is_zipfile(path) or path.suffix.lower() == ".zip":
            plain, member = _extract(path, aside, progress)
            name = f"{path.name}/{member}"
        else:
            plain = path
        return _check_text(plain, name, aside, progress)
    except OSError as error:
        raise InputError(
            f"'{path}' cannot be read ({error.strerror or error}). Check the path and your rights on the file.",
            f"« {path} » est illisible ({error.strerror or error}). Vérifiez le chemin et vos droits sur le fichier.",
        ) from error


def _extract(path: Path, aside: Path, progress: Progress) -> tuple[Path, str]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [
                info
                for info in archive.infolist()
                if info.filename.lower().endswith((".csv", ".txt"))
                and not Path(info.filename).name.lower().startswith(("varmod", "meta_", "._"))
            ]
            if not members:
                raise InputError(
                    f"The archive '{path.name}' holds no .csv file. Give the file the producer publishes.",
                    f"L'archive « {path.name} » ne contient pas de fichier .csv. Donnez le fichier du producteur.",
                )
            # Producers ship a dictionary beside the data: the data is the largest file.
            main = max(members, key=lambda info: info.file_size)
            target = aside / "extracted.csv"
            with archive.open(main) as source, target.open("wb") as copy:
                _copy(source, copy, "unzip", main.file_size, progress)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(
            f"The archive '{path.name}' is damaged, truncated or encrypted ({error}). Download it again.",
            f"L'archive « {path.name} » est endommagée, tronquée ou chiffrée ({error}). Téléchargez-la à nouveau.",
        ) from error
    return target, main.filename


def _copy(source: IO[bytes], copy: IO[bytes], stage: str, size: int, progress: Progress) -> None:
    done = 0
    while block := source.read(_BLOCK):
        copy.write(block)
        done += len(block)
        progress(stage, done, size)


def _check_text(plain: Path, name: str, aside: Path, progress: Progress) -> TextFile:
    size = plain.stat().st_size
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, done, carried, head = True, 0, 0, b""
    separator, separators, lines, blank_end = ";", 0, 0, 0
    suspicious = False
    with plain.open("rb") as file:
        while block := file.read(_BLOCK):
            if not done:
                head = block
                _refuse_binary(head, name)
                separator = max(";,\t", key=head.split(b"\n", 1)[0].decode("latin-1").count)
            first = block.find(b"\n")
            # The line that started in earlier blocks ends at `first`, or goes on.
            carried += len(block) if first < 0 else first
            if carried > MAX_LINE:
                raise InputError(
                    f"'{name}' has a line of more than {MAX_LINE:,} bytes near byte {done:,}: this is not a "
                    "table. Check the file, or download it again.",
                    f"« {name} » a une ligne de plus de {MAX_LINE} octets vers l'octet {done} : ce n'est "
                    "pas un tableau. Vérifiez le fichier ou téléchargez-le à nouveau.",
                )
            if first >= 0:
                carried = len(block) - 1 - block.rfind(b"\n")
            done += len(block)
            # NumPy counts a frequent byte ten times faster than bytes.count.
            signs = np.frombuffer(block, dtype=np.uint8)
            separators += int(np.count_nonzero(signs == ord(separator)))
            lines += int(np.count_nonzero(signs == ord("\n")))
            if block[-1:].isspace():
                filled = block.rstrip()
                ended = block[len(filled) :].count(b"\n")
                blank_end = ended if filled else blank_end + ended
            else:
                blank_end = 0
            if not block.isascii() or decoder.getstate()[0]:
                suspicious = suspicious or any(mark in block for mark in _SUSPECT_BYTES)
                try:
                    if is_utf8:
                        decoder.decode(block, final=done >= size)
                except UnicodeDecodeError:
                    is_utf8 = False
            progress("check", done, size)
    if not head.strip():
        raise InputError(f"'{name}' is empty. Download it again.", f"« {name} » est vide. Téléchargez-le à nouveau.")
    if not is_utf8:
        plain = _transcode(plain, aside, size, progress)
    line = head.split(b"\n", 1)[0].decode("utf-8-sig" if is_utf8 else "cp1252", errors="replace")
    columns = next(csv.reader([line.strip("\r")], delimiter=separator))
    expected = (lines - blank_end + 1) * (len(columns) - 1)
    return TextFile(
        plain,
        name,
        tuple(columns),
        separator,
        transcoded=not is_utf8,
        regular=separators == expected,
        suspicious=suspicious or not is_utf8,
    )


def _refuse_binary(head: bytes, name: str) -> None:
    if b"\0" in head[:4096]:
        raise InputError(
            f"'{name}' is not a text file. Give the CSV, zip or Parquet file of the producer.",
            f"« {name} » n'est pas un fichier texte. Donnez le fichier CSV, zip ou Parquet du producteur.",
        )


def _transcode(plain: Path, aside: Path, size: int, progress: Progress) -> Path:
    """Copy a file that is not UTF-8 from Windows-1252, the usual other encoding of French files."""
    target = aside / "transcoded.csv"
    done = 0
    with plain.open("rb") as source, target.open("wb") as copy:
        while block := source.read(_BLOCK):
            copy.write(block.decode("cp1252", errors="replace").encode("utf-8"))
            done += len(block)
            progress("transcode", done, size)
    return target
