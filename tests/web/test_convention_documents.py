"""Documents: what is accepted, where it is kept, what becomes of it when something fails."""

from __future__ import annotations

import errno
import io
import os
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django_scopes import scope

from ancrage.errors import InputError, MissingDataError
from ancrage_web.accounts.actors import ForbiddenError
from ancrage_web.audit.models import AuditLine
from ancrage_web.conventions.file_types import MEDIA_TYPES, check_type
from ancrage_web.conventions.models import Document
from ancrage_web.conventions.services import documents as service
from ancrage_web.conventions.services.documents import (
    add_document,
    delete_document,
    open_document,
    remove_abandoned,
    store_document,
)
from web.conftest import World
from web.convention_samples import PDF, Sample, build_convention, build_sample, open_to_partner


def build_archive(**entries: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/"), content)
    return held.getvalue()


ODT, ODS = (MEDIA_TYPES[extension] for extension in (".odt", ".ods"))
CONTENTS = {
    ".pdf": PDF,
    ".png": b"\x89PNG\r\n\x1a\n....",
    ".jpg": b"\xff\xd8\xff\xe0....",
    ".jpeg": b"\xff\xd8\xff\xe0....",
    ".docx": build_archive(**{"[Content_Types].xml": "", "word/document.xml": ""}),
    ".xlsx": build_archive(**{"[Content_Types].xml": "", "xl/workbook.xml": ""}),
    ".odt": build_archive(mimetype=ODT, **{"content.xml": ""}),
    ".ods": build_archive(mimetype=ODS, **{"content.xml": ""}),
    ".txt": "Reçu le 3 mars\r\n\tvoir pièce".encode(),
    ".csv": "\ufeffnom;montant\r\nDupré;1 000,00".encode(),
}


@pytest.fixture
def media(tmp_path: Path, settings: Any) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def sample(world: World, media: Path) -> Sample:
    return build_sample(world)


def upload(content: bytes = PDF + b"other", name: str = "bilan.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def list_files(sample: Sample) -> set[str]:
    return {path.name for path in (Path(settings.MEDIA_ROOT) / "conventions" / str(sample.convention.pk)).iterdir()}


@pytest.mark.parametrize("extension", CONTENTS)
def test_content_and_extension_in_agreement_are_accepted(extension: str) -> None:
    found = check_type(io.BytesIO(CONTENTS[extension]), f"Pièce.{extension[1:].upper()}")
    assert found == MEDIA_TYPES[extension]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", CONTENTS[".png"]),
        ("a.docx", CONTENTS[".xlsx"]),
        ("a.ods", CONTENTS[".odt"]),
        ("a.docx", build_archive(**{"[Content_Types].xml": "", "word/document.xml": "", "word/vbaProject.bin": ""})),
        ("a.docx", b"PK\x03\x04 no archive"),
        ("a.xlsx", build_archive(**{"virus.exe": ""})),
        ("a.txt", b"\xe9t\xe9"),
        ("a.txt", "coupé é".encode()[:-1]),
        ("a.csv", b"a;b\x00"),
        ("a.html", b"<script>"),
        ("a.svg", b"<svg/>"),
        ("a.exe", b"MZ"),
        ("a", PDF),
    ],
)
def test_other_content_or_extension_is_refused(name: str, content: bytes) -> None:
    with pytest.raises(InputError):
        check_type(io.BytesIO(content), name)


def test_document_is_kept_under_a_random_name_and_traced_without_its_own(sample: Sample) -> None:
    document = add_document(sample.access, upload(name="..\\C:\\Mes documents/Bilan\x00 n° 1.pdf"), kind="proof")
    assert document.name == "Bilan n° 1.pdf"
    assert (document.media_type, document.size) == ("application/pdf", len(PDF) + 5)
    path = Path(settings.MEDIA_ROOT) / document.path
    assert path.parent == Path(settings.MEDIA_ROOT) / "conventions" / str(sample.convention.pk)
    assert path.stat().st_mode & 0o077 == 0
    assert len(path.stem) == 32
    with open_document(document) as file:
        assert file.read() == PDF + b"other"
    with scope(organisation=sample.convention.organisation):
        line = AuditLine.objects.get(action="document.added")
    assert line.after["sha256"] == document.sha256
    assert "Bilan" not in str(line.after)


def test_same_bytes_are_the_same_document_within_a_convention_and_a_request(sample: Sample, world: World) -> None:
    first = add_document(sample.access, upload(), kind="proof")
    assert add_document(sample.access, upload(name="copie.pdf"), kind="other").pk == first.pk
    joined = add_document(sample.access, upload(), kind="proof", request=sample.request)
    assert joined.pk != first.pk
    elsewhere = store_document(build_convention(world, name="Autre"), upload(), kind="proof")
    assert elsewhere.pk != first.pk
    assert len(list_files(sample)) == 3


def test_empty_or_heavy_file_is_refused_and_leaves_nothing(sample: Sample, settings: Any) -> None:
    settings.UPLOAD_MB = 1
    before = list_files(sample)
    with pytest.raises(InputError, match="is empty"):
        add_document(sample.access, upload(b""), kind="proof")
    with pytest.raises(InputError, match=r"weighs 1\.1 MB, 1 MB at most") as refused:
        add_document(sample.access, upload(PDF + b" " * 1_100_000), kind="proof")
    assert "pèse 1,1 Mo" in refused.value.text.fr
    assert list_files(sample) == before


def test_readers_state_and_other_conventions_are_refused(sample: Sample, world: World) -> None:
    state = open_to_partner(world, sample.convention, "state")
    with pytest.raises(ForbiddenError):
        add_document(state, upload(), kind="proof")
    with pytest.raises(ForbiddenError):
        delete_document(state, sample.document)
    other = build_convention(world, name="Autre")
    with pytest.raises(InputError, match="another convention"):
        store_document(other, upload(), kind="proof", request=sample.request)
    with pytest.raises(InputError, match="no kind of document"):
        add_document(sample.access, upload(), kind="virus")


def test_file_goes_away_with_its_transaction(sample: Sample) -> None:
    before = list_files(sample)

    def write_and_fail() -> None:
        with transaction.atomic():
            add_document(sample.access, upload(), kind="proof")
            assert len(list_files(sample)) == len(before) + 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert list_files(sample) == before
    with scope(organisation=sample.convention.organisation):
        assert Document.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_file_of_a_committed_document_stays(sample: Sample) -> None:
    with transaction.atomic():
        document = add_document(sample.access, upload(), kind="proof")
    with open_document(document) as file:
        assert file.read() == PDF + b"other"
    delete_document(sample.access, document)
    with pytest.raises(MissingDataError, match="not on the disk"):
        open_document(document)


def test_full_disk_is_told_and_leaves_nothing(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    before = list_files(sample)

    def fail(_upload: Any) -> Any:
        yield PDF
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(service, "_list_chunks", fail)
    with pytest.raises(InputError, match="the disk of the site is full"):
        add_document(sample.access, upload(), kind="proof")
    assert list_files(sample) == before


def test_document_in_use_is_not_deleted(sample: Sample) -> None:
    joined = add_document(sample.access, upload(), kind="proof", request=sample.request)
    with pytest.raises(InputError) as refused:
        delete_document(sample.access, joined)
    assert "demande n° 2" in refused.value.text.fr


def test_files_left_by_a_killed_process_are_removed_after_a_day(sample: Sample) -> None:
    folder = Path(settings.MEDIA_ROOT) / "conventions" / str(sample.convention.pk)
    old, recent = folder / "old.pdf", folder / "recent.pdf.aside"
    kept = Path(settings.MEDIA_ROOT) / sample.document.path
    for path in (old, recent):
        path.write_bytes(PDF)
    for path in (old, kept):
        os.utime(path, (time.time() - 90_000,) * 2)
    remove_abandoned(sample.convention)
    assert list_files(sample) == {kept.name, recent.name}
