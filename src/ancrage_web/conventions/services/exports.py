"""Export of everything about one convention, noted in the trail."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import IO

from django.conf import settings

from ancrage.errors import InputError
from ancrage.language import Language
from ancrage_web.audit.services import record
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.export import write_archive


def export_convention(access: Access, language: Language, on: date) -> IO[bytes]:
    """Return the ZIP of a convention, open at its start; it has no name on the disk and ends with its reader.

    Everyone who takes part may take it away: it holds what their pages show. Only those who manage the convention
    get the e-mail addresses of beneficiaries.

    Raises
    ------
    InputError
        If the disk is full.
    """
    try:
        # Not in memory: documents may weigh hundreds of megabytes.
        stream = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
        try:
            files = write_archive(access, language, on, stream, Path(settings.MEDIA_ROOT))
        except BaseException:
            stream.close()
            raise
    except OSError as error:
        raise InputError(
            f"The export could not be written ({error.strerror}): tell whoever runs this site that its disk may be "
            "full.",
            f"L'export n'a pas pu être écrit ({error.strerror}) : signalez à l'exploitant du site que son disque est "
            "peut-être plein.",
        ) from error
    record(access, "convention.exported", "convention", access.convention.pk, after={"files": files})
    stream.seek(0)
    return stream
