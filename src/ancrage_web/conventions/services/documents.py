"""Documents of a convention: checked, kept outside of the web root under a random name, never replaced."""

from __future__ import annotations

import errno
import hashlib
import secrets
import time
import unicodedata
import weakref
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, BinaryIO, cast

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django_scopes import scope

from ancrage.errors import InputError, MissingDataError
from ancrage_web.audit.services import record
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.enums import DOCUMENT_NAMES, DocumentKind
from ancrage_web.conventions.file_types import check_type
from ancrage_web.conventions.models import Convention, Document, Request
from ancrage_web.conventions.queries.documents import list_uses
from ancrage_web.conventions.services.locks import lock_kept, lock_open

if TYPE_CHECKING:
    from ancrage_web.accounts.models import User

# Folder of the documents under MEDIA_ROOT, one folder by convention.
FOLDER = "conventions"
NAME_LENGTH = 200
_CHUNK = 1 << 16
_ABANDONED = 86_400


def add_document(
    access: Access, upload: File[bytes], *, kind: str, name: str = "", request: Request | None = None
) -> Document:
    """Add a document to a convention (see `store_document`).

    Raises
    ------
    ForbiddenError
        If the actor may not edit the convention.
    InputError
        As `store_document`.
    """
    access.require_edit()
    with scope(organisation=access.organisation), transaction.atomic():
        # What the State answers to the final balance of a closed convention is still kept.
        lock_kept(access.convention)
        document = store_document(
            access.convention, upload, kind=kind, name=name, request=request, uploaded_by=access.user
        )
        record(
            access,
            "document.added",
            "document",
            document.pk,
            after={
                "kind": document.kind,
                "media_type": document.media_type,
                "size": document.size,
                "sha256": document.sha256,
                **({} if request is None else {"request": str(request.pk)}),
            },
        )
    return document


def store_document(
    convention: Convention,
    upload: File[bytes],
    *,
    kind: str,
    name: str = "",
    request: Request | None = None,
    uploaded_by: User | None = None,
    by_firm: bool = False,
) -> Document:
    """Check a file and keep it; the caller has checked the right to add it.

    The same bytes joined twice to the same convention, or to the same request of aid, are the same document: the
    first is returned. The file goes away with the transaction if that is rolled back.

    Parameters
    ----------
    kind : of `DocumentKind`; name : what it is called in lists, the name of the file by default.
    by_firm : joined by the firm itself through its secret link, which shows it to the firm again.

    Raises
    ------
    InputError
        If the file is empty, too large, or not of an accepted kind; if there is no room left on the disk.
    """
    if kind not in DocumentKind.values:
        raise InputError(
            f"'{kind}' is no kind of document: choose one of {', '.join(DocumentKind.values)}.",
            f"« {kind} » n'est pas un type de pièce : choisissez parmi "
            f"{', '.join(text.fr for text in DOCUMENT_NAMES.values())}.",
        )
    if request is not None and request.convention_id != convention.pk:
        raise InputError(
            f"The request of aid '{request}' belongs to another convention: choose one of this convention.",
            f"La demande d'aide « {request} » appartient à une autre convention : choisissez dans celle-ci.",
        )
    shown = _clean_name(upload.name or "")
    _check_size(upload, shown)
    media_type = check_type(cast(BinaryIO, upload), shown)
    remove_abandoned(convention)
    folder = Path(settings.MEDIA_ROOT) / FOLDER / str(convention.pk)
    path = folder / f"{secrets.token_hex(16)}{PurePath(shown).suffix.lower()}"
    size, digest = _write_file(upload, path, shown)
    kept = _Written(path)
    try:
        with scope(organisation=convention.organisation), transaction.atomic():
            # Of two who send the same file at once, the second finds what the first wrote.
            Convention.objects.select_for_update(of=("self",), no_key=True).get(pk=convention.pk)
            same = Document.objects.filter(
                convention=convention, request=request, by_firm=by_firm, sha256=digest
            ).first()
            if same is not None:
                kept.remove()
                return same
            document = Document.objects.create(
                convention=convention,
                request=request,
                kind=kind,
                name=_clean_name(name) if name.strip() else shown,
                media_type=media_type,
                size=size,
                sha256=digest,
                path=path.relative_to(settings.MEDIA_ROOT).as_posix(),
                uploaded_by=uploaded_by,
                by_firm=by_firm,
            )
            transaction.on_commit(kept.keep)
    except BaseException:
        kept.remove()
        raise
    return document


def open_document(document: Document) -> BinaryIO:
    """Open the file of a document for reading; the caller has checked the right and closes it.

    Raises
    ------
    MissingDataError
        If the file is not there.
    """
    try:
        return (Path(settings.MEDIA_ROOT) / document.path).open("rb")
    except OSError as error:
        raise MissingDataError(
            f"The file of '{document}' is not on the disk of the site ({error.strerror}): tell the person who runs it, "
            "who can take it from a backup.",
            f"Le fichier de « {document} » n'est pas sur le disque du site ({error.strerror}) : prévenez la personne "
            "qui l'exploite, qui peut le reprendre d'une sauvegarde.",
        ) from error


def delete_document(access: Access, document: Document) -> None:
    """Delete a document that nothing uses, with its file.

    Raises
    ------
    ForbiddenError
        If the actor may not edit the convention.
    InputError
        If something uses it.
    """
    access.require_edit()
    with scope(organisation=access.organisation), transaction.atomic():
        # The lock of everything that is written about a convention: nothing starts to use the document meanwhile.
        lock_open(access.convention)
        saved = Document.objects.filter(pk=document.pk, convention=access.convention).first()
        if saved is None:
            return
        uses = list_uses([saved])[saved.pk]
        if uses:
            raise InputError(
                f"'{saved}' justifies something ({', '.join(use.en for use in uses)}): it stays.",
                f"« {saved} » justifie quelque chose ({', '.join(use.fr for use in uses)}) : la pièce reste.",
            )
        before = {"kind": saved.kind, "size": saved.size, "sha256": saved.sha256}
        record(access, "document.deleted", "document", saved.pk, before=before)
        path = Path(settings.MEDIA_ROOT) / saved.path
        saved.delete()
        transaction.on_commit(lambda: path.unlink(missing_ok=True))


def remove_abandoned(convention: Convention) -> None:
    """Remove the files that no document names: a process killed between the file and its row left them, a day ago."""
    folder = Path(settings.MEDIA_ROOT) / FOLDER / str(convention.pk)
    if not folder.is_dir():
        return
    limit = time.time() - _ABANDONED
    old = [path for path in folder.iterdir() if path.is_file() and path.stat().st_mtime < limit]
    if old:
        with scope(organisation=convention.organisation):
            known = set(Document.objects.filter(convention=convention).values_list("path", flat=True))
        for path in old:
            if path.relative_to(settings.MEDIA_ROOT).as_posix() not in known:
                path.unlink(missing_ok=True)


class _Written:
    """A file that was written: it goes away unless it is kept.

    Django forgets what waits for the end of a transaction when that is rolled back: nothing holds this object any
    more, and the file goes away with it.
    """

    def __init__(self, path: Path) -> None:
        self._remove = weakref.finalize(self, path.unlink, missing_ok=True)

    def keep(self) -> None:
        """Leave the file where it is."""
        self._remove.detach()

    def remove(self) -> None:
        """Remove the file now."""
        self._remove()


def _check_size(upload: File[bytes], name: str) -> None:
    if not upload.size:
        raise InputError(
            f"'{name}' is empty: choose the file again.", f"« {name} » est vide : choisissez à nouveau le fichier."
        )
    most = settings.UPLOAD_MB
    if upload.size > most * 1_000_000:
        size = upload.size / 1_000_000
        raise InputError(
            f"'{name}' weighs {size:,.1f} MB, {most} MB at most: reduce it, or cut it in several files.",
            f"« {name} » pèse {size:.1f} Mo, {most} Mo au plus : réduisez-le, ou coupez-le en plusieurs "
            "fichiers.".replace(f"{size:.1f}", f"{size:.1f}".replace(".", ",")),
        )


def _clean_name(name: str) -> str:
    """Return a name for people: without folders nor control characters, at most `NAME_LENGTH` characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    cleaned = "".join(c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c)[0] != "C").strip()
    if len(cleaned) > NAME_LENGTH:
        extension = PurePath(cleaned).suffix[:10]
        cleaned = cleaned[: NAME_LENGTH - len(extension)] + extension
    return cleaned


def _write_file(upload: File[bytes], path: Path, name: str) -> tuple[int, str]:
    """Write the bytes aside, then give them their name; return their number and SHA-256."""
    aside = path.with_name(f"{path.name}.aside")
    size, digest = 0, hashlib.sha256()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("xb") as file:
            aside.chmod(0o600)
            for chunk in _list_chunks(upload):
                size += len(chunk)
                digest.update(chunk)
                file.write(chunk)
        aside.rename(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise InputError(
            f"'{name}' cannot be kept: {'the disk of the site is full' if full else error.strerror}. Nothing was "
            "written. Tell the person who runs the site, then send it again.",
            f"« {name} » ne peut pas être conservé : {'le disque du site est plein' if full else error.strerror}. Rien "
            "n'a été enregistré. Prévenez la personne qui exploite le site, puis renvoyez-le.",
        ) from error
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return size, digest.hexdigest()


def _list_chunks(upload: File[bytes]) -> Iterator[bytes]:
    upload.seek(0)
    yield from upload.chunks(_CHUNK)
