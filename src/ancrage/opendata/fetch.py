"""Downloading official files: resumable, checksummed, complete or not there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import yaml

from ancrage.errors import InputError, MissingDataError
from ancrage.language import Text
from ancrage.opendata.manifest import compute_checksum
from ancrage.opendata.text_file import Progress

_BLOCK = 1 << 16
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)


@dataclass(frozen=True)
class Address:
    """An official file of the catalogue.

    Attributes
    ----------
    name : short name for the command line.
    title, producer, vintage, licence : as the producer states them.
    page : page where the producer presents it; url : the file.
    sha256 : expected checksum, or None when the producer gives none.
    verified_on : date on which the address was opened and gave the file; None when it never was.
    importable : True when `import_files` reads it as it is.
    """

    name: str
    title: Text
    producer: str
    vintage: str
    licence: str
    page: str
    url: str
    sha256: str | None
    verified_on: str | None
    importable: bool

    @property
    def file_name(self) -> str:
        """Name of the downloaded file: that of the address."""
        return Path(urlsplit(self.url).path).name


@dataclass(frozen=True)
class Fetched:
    """A complete download.

    Attributes
    ----------
    path : the file; size : its bytes; sha256 : its checksum.
    resumed_from : bytes that an earlier run had already brought.
    already_there : True when nothing had to be downloaded.
    """

    path: Path
    size: int
    sha256: str
    resumed_from: int
    already_there: bool


@cache
def read_catalogue() -> Mapping[str, Address]:
    """Return the addresses of the built-in catalogue (catalogue.yaml) by name."""
    text = resources.files("ancrage.opendata").joinpath("catalogue.yaml").read_text(encoding="utf-8")
    return {
        name: Address(
            name=name,
            title=Text(entry["title"]["en"], entry["title"]["fr"]),
            producer=entry["producer"],
            vintage=entry["vintage"],
            licence=entry["licence"],
            page=entry["page"],
            url=entry["url"],
            sha256=entry["sha256"],
            verified_on=str(entry["verified_on"]) if entry["verified_on"] else None,
            importable=entry["import"],
        )
        for name, entry in yaml.safe_load(text).items()
    }


def choose_address(name: str) -> Address:
    """Return the address called `name`.

    Raises
    ------
    InputError
        If the catalogue has none; the message lists its names.
    """
    catalogue = read_catalogue()
    if name not in catalogue:
        listed = ", ".join(catalogue)
        raise InputError(
            f"'{name}' is not in the catalogue of addresses. It has: {listed}.",
            f"« {name} » n'est pas au catalogue des adresses. Il contient : {listed}.",
        )
    return catalogue[name]


def fetch_file(address: Address, folder: Path, progress: Progress) -> Fetched:
    """Download a file into `folder`; an interrupted download goes on where it stopped.

    The bytes go to a `.part` file, renamed once complete and checked. A server without ranges, or whose file has
    changed since (ETag or Last-Modified), makes the download start again.

    Raises
    ------
    MissingDataError
        If the server cannot be reached, or answers that the file is not there.
    InputError
        If what was downloaded has not the expected checksum (nothing is kept), or the folder cannot be written.
    """
    target = folder / address.file_name
    if target.exists():
        checksum = compute_checksum(target)
        if address.sha256 in (None, checksum):
            return Fetched(target, target.stat().st_size, checksum, 0, already_there=True)
    part = folder / f"{address.file_name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        resumed = _download(address, part, progress)
    except httpx.HTTPStatusError as error:
        raise _build_status_error(address, error.response.status_code) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _build_offline_error(address, part, error) from error
    except OSError as error:
        raise InputError(
            f"'{part}' cannot be written ({error.strerror}). Choose another folder with --data.",
            f"Impossible d'écrire « {part} » ({error.strerror}). Choisissez un autre dossier avec --data.",
        ) from error
    checksum = compute_checksum(part)
    if address.sha256 is not None and checksum != address.sha256:
        part.unlink()
        raise InputError(
            f"The file of {address.url} is not the expected one (SHA-256 {checksum}, expected "
            f"{address.sha256}): it was thrown away. Try again; if it happens again the producer has "
            f"replaced it, see {address.page}.",
            f"Le fichier de {address.url} n'est pas celui attendu (SHA-256 {checksum}, attendu "
            f"{address.sha256}) : il a été jeté. Réessayez ; si cela se répète, le producteur l'a remplacé, "
            f"voyez {address.page}.",
        )
    part.replace(target)
    _tag_path(part).unlink(missing_ok=True)
    return Fetched(target, target.stat().st_size, checksum, resumed, already_there=False)


def _tag_path(part: Path) -> Path:
    return part.with_name(part.name + ".tag")


def _download(address: Address, part: Path, progress: Progress) -> int:
    """Bring `part` to its full length and return the bytes it already had."""
    have = part.stat().st_size if part.exists() else 0
    tag_path = _tag_path(part)
    tag = tag_path.read_text(encoding="utf-8") if have and tag_path.exists() else ""
    headers = {"Accept-Encoding": "identity"}
    if have and tag:
        # If-Range: the server sends the rest only if the file is still the one that was begun.
        headers |= {"Range": f"bytes={have}-", "If-Range": tag}
    else:
        have = 0
    with (
        httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as client,
        client.stream("GET", address.url, headers=headers) as response,
    ):
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            # Already whole, or the remains of something else: only a new start can tell.
            part.unlink()
            return _download(address, part, progress)
        response.raise_for_status()
        resumed = have if response.status_code == httpx.codes.PARTIAL_CONTENT else 0
        tag_path.write_text(response.headers.get("ETag") or response.headers.get("Last-Modified", ""), encoding="utf-8")
        length = response.headers.get("Content-Length")
        total = resumed + int(length) if length else 0
        done = resumed
        with part.open("ab" if resumed else "wb") as file:
            for block in response.iter_raw(_BLOCK):
                file.write(block)
                done += len(block)
                progress(address.name, done, total)
        if total and done != total:
            raise httpx.RemoteProtocolError(f"{done} bytes received of {total}")
    return resumed


def _build_status_error(address: Address, status: int) -> MissingDataError:
    unchecked = address.verified_on is None
    return MissingDataError(
        f"{address.url} answers {status}: the file is not "
        f"there{' (address never checked)' if unchecked else ''}. Download it by hand from {address.page}, "
        "then 'ancrage data import FILE'.",
        f"{address.url} répond {status} : le fichier n'y est "
        f"pas{' (adresse jamais vérifiée)' if unchecked else ''}. Téléchargez-le à la main depuis "
        f"{address.page}, puis « ancrage data import FICHIER ».",
    )


def _build_offline_error(address: Address, part: Path, error: Exception) -> MissingDataError:
    host = urlsplit(address.url).hostname or address.url
    kept = part.stat().st_size if part.exists() else 0
    return MissingDataError(
        f"{host} cannot be reached, or cut the download ({type(error).__name__}). {kept:,} bytes are kept: "
        "run the command again when you are online and it goes on from there. Without a network, import "
        "files you already have with 'ancrage data import FILE', or use 'ancrage demo'.",
        f"{host} est injoignable, ou a coupé le téléchargement ({type(error).__name__}). {kept} octets sont "
        "gardés : relancez la commande une fois en ligne, elle reprendra là. Sans réseau, importez des "
        "fichiers que vous avez déjà avec « ancrage data import FICHIER », ou utilisez « ancrage demo ».",
    )
